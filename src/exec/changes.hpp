// Lets threads that share a mutex wait for each other's changes: a thread first looks for about as long as waking it would take,
// without the lock, and then sleeps. All but the looking happens under the owner's mutex.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>

namespace sqs {

// How often to look before sleeping.
inline constexpr int kLooks = 1000;

inline void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

class Changes {
 public:
  // Something has changed.
  void note() {
    epoch_.fetch_add(1, std::memory_order_release);
    if (sleepers_ > 0) changed_.notify_all();
  }

  // Until something has changed since the call; or, if there is an end to it, until then: false. By the system clock, since older
  // ThreadSanitizers know no wait by another one.
  bool wait(std::unique_lock<std::mutex>& lock, std::optional<std::chrono::system_clock::time_point> end = std::nullopt) {
    const uint64_t seen = epoch_.load(std::memory_order_relaxed);
    lock.unlock();
    for (int look = 0; look < kLooks && epoch_.load(std::memory_order_acquire) == seen; ++look) relax();
    lock.lock();
    const auto changed = [&] { return epoch_.load(std::memory_order_relaxed) != seen; };
    ++sleepers_;
    bool in_time = true;
    if (end.has_value()) in_time = changed_.wait_until(lock, *end, changed);
    else changed_.wait(lock, changed);
    --sleepers_;
    return in_time;
  }

 private:
  std::atomic<uint64_t> epoch_{0};
  uint32_t sleepers_ = 0;
  std::condition_variable changed_;
};

}  // namespace sqs
