// Frames pushed in pieces and kept, in slabs that never move. push() and end() may run while another thread reads: the frames
// there when a reader asked for frame_count() stay where they are.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "os/charged_memory.hpp"
#include "source/source.hpp"

namespace sqs {

class PushSource final : public Source {
 public:
  PushSource(std::shared_ptr<Ledger> ledger, uint64_t frame_bytes) : ledger_(std::move(ledger)), frame_bytes_(frame_bytes) {}

  // Takes all frames or none: SQS_E_BUDGET if they don't fit `budget_bytes` beside what the ledger holds, SQS_E_STATE after end().
  Status push(const void* frames, uint64_t count, uint64_t budget_bytes);
  Status end();

  uint64_t frame_count() const override { return count_.load(std::memory_order_acquire); }
  bool ended() const override { return ended_.load(std::memory_order_acquire); }
  Status read(uint64_t first, uint64_t count, std::byte* dst) override;
  uint64_t retained_bytes() const override;

 private:
  struct Slab {
    ChargedMemory memory;
    uint64_t first = 0;
    uint64_t capacity = 0;  // frames
  };
  Status add_slab(uint64_t frames, uint64_t budget_bytes);
  uint64_t room() const;

  std::shared_ptr<Ledger> ledger_;
  uint64_t frame_bytes_;
  mutable std::mutex mutex_;  // guards slabs_; never held while user code runs
  std::vector<Slab> slabs_;
  uint64_t held_bytes_ = 0;     // of all
  std::atomic<uint64_t> count_{0};
  std::atomic<bool> ended_{false};
};

}  // namespace sqs
