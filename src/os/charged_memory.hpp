// Memory from the system that is charged to a ledger for as long as it is held. One owner.
#pragma once

#include <memory>
#include <utility>

#include "core/ledger.hpp"
#include "core/result.hpp"
#include "os/memory.hpp"

namespace sqs {

class ChargedMemory {
 public:
  // `beside` is charged as well, for what its owner holds elsewhere.
  static Result<ChargedMemory> take(std::shared_ptr<Ledger> ledger, uint64_t bytes, os::Mapping::Use use = os::Mapping::Use::All,
                                    Ledger::Account account = Ledger::Account::Work, uint64_t beside = 0) {
    ChargedMemory memory;
    if (bytes > 0) {
      SQS_TRY_ASSIGN(memory.mapping_, os::Mapping::reserve(bytes, use));
    }
    memory.ledger_ = std::move(ledger);
    memory.bytes_ = bytes + beside;
    memory.account_ = account;
    memory.ledger_->charge(memory.bytes_, account);
    return memory;
  }

  ChargedMemory() = default;
  ChargedMemory(ChargedMemory&& other) noexcept { swap(other); }
  ChargedMemory& operator=(ChargedMemory&& other) noexcept {
    ChargedMemory moved(std::move(other));
    swap(moved);
    return *this;
  }
  ~ChargedMemory() {
    if (ledger_) ledger_->release(bytes_, account_);
  }

  std::byte* data() const { return mapping_.data(); }
  uint64_t bytes() const { return bytes_; }  // that are charged
  void give_back_pages() { mapping_.release(0, mapping_.bytes()); }

 private:
  void swap(ChargedMemory& other) {
    std::swap(mapping_, other.mapping_);
    std::swap(ledger_, other.ledger_);
    std::swap(bytes_, other.bytes_);
    std::swap(account_, other.account_);
  }

  os::Mapping mapping_;
  std::shared_ptr<Ledger> ledger_;
  uint64_t bytes_ = 0;
  Ledger::Account account_ = Ledger::Account::Work;
};

}  // namespace sqs
