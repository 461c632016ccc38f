#include "os/cpu.hpp"

#include <sched.h>
#include <unistd.h>

#include <thread>

namespace sqs::os {
namespace {

constexpr uint64_t kDefaultL2Bytes = uint64_t{1} << 20;
constexpr uint64_t kDefaultL3Bytes = uint64_t{8} << 20;

uint64_t bytes_or(int name, uint64_t fallback) {
  const long bytes = sysconf(name);
  return bytes > 0 ? static_cast<uint64_t>(bytes) : fallback;
}

}  // namespace

CacheSizes cache_sizes() {
#if defined(_SC_LEVEL2_CACHE_SIZE) && defined(_SC_LEVEL3_CACHE_SIZE)
  const uint64_t l2 = bytes_or(_SC_LEVEL2_CACHE_SIZE, kDefaultL2Bytes);
  const bool l2_known = sysconf(_SC_LEVEL2_CACHE_SIZE) > 0;
  return {l2, bytes_or(_SC_LEVEL3_CACHE_SIZE, l2_known ? l2 : kDefaultL3Bytes)};
#else
  return {kDefaultL2Bytes, kDefaultL3Bytes};
#endif
}

uint32_t cpu_count() {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
    const int count = CPU_COUNT(&allowed);
    if (count > 0) return static_cast<uint32_t>(count);
  }
  const unsigned count = std::thread::hardware_concurrency();
  return count > 0 ? count : 1;
}

}  // namespace sqs::os
