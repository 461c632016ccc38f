// Monotonic time. Thread-safe, never allocates.
#pragma once

#include <cstdint>
#include <ctime>

namespace sqs::os {

// Nanoseconds since an arbitrary point in the past; never goes back.
inline uint64_t monotonic_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace sqs::os
