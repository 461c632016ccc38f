// What a pipeline holds of its budget. Every buffer is charged here before it is made, and results keep the ledger alive.
// Thread-safe: results may be destroyed, and frames pushed, on any thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace sqs {

class Ledger {
 public:
  // Frames that were pushed have an account of their own: another thread may push while a run is at work.
  enum class Account { Work, Frames };

  void charge(uint64_t bytes, Account account = Account::Work) {
    if (account == Account::Frames) {
      frames_.fetch_add(bytes, std::memory_order_relaxed);
      return;
    }
    const uint64_t now = work_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    uint64_t peak = work_peak_.load(std::memory_order_relaxed);
    while (now > peak && !work_peak_.compare_exchange_weak(peak, now, std::memory_order_relaxed)) {
    }
  }
  void release(uint64_t bytes, Account account = Account::Work) {
    (account == Account::Frames ? frames_ : work_).fetch_sub(bytes, std::memory_order_relaxed);
  }

  uint64_t held() const { return work_.load(std::memory_order_relaxed) + frames_.load(std::memory_order_relaxed); }
  uint64_t work_peak() const { return work_peak_.load(std::memory_order_relaxed); }
  // The peak from now on.
  void restart_peak() { work_peak_.store(work_.load(std::memory_order_relaxed), std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> work_{0};
  std::atomic<uint64_t> work_peak_{0};
  std::atomic<uint64_t> frames_{0};
};

}  // namespace sqs
