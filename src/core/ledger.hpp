// What a pipeline holds of its budget. Every buffer is charged here before it is made, and results keep the ledger alive.
// Thread-safe: results may be destroyed, and frames pushed, on any thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace sqs {

class Ledger {
 public:
  void charge(uint64_t bytes) {
    const uint64_t now = held_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    uint64_t peak = peak_.load(std::memory_order_relaxed);
    while (now > peak && !peak_.compare_exchange_weak(peak, now, std::memory_order_relaxed)) {
    }
  }
  void release(uint64_t bytes) { held_.fetch_sub(bytes, std::memory_order_relaxed); }

  uint64_t held() const { return held_.load(std::memory_order_relaxed); }
  uint64_t peak() const { return peak_.load(std::memory_order_relaxed); }
  // The peak from now on.
  void restart_peak() { peak_.store(held(), std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> held_{0};
  std::atomic<uint64_t> peak_{0};
};

}  // namespace sqs
