// What tile sizes and worker counts are chosen by: caches and processors. Read once per call, thread-safe.
#pragma once

#include <cstdint>

namespace sqs::os {

struct CacheSizes {
  uint64_t l2_bytes;  // of one core
  uint64_t l3_bytes;  // shared; equals l2_bytes where there is no third level
};

// Never zero: 1 MiB and 8 MiB stand in for what the system does not tell.
CacheSizes cache_sizes();

// Processors this process may run on, at least 1.
uint32_t cpu_count();

}  // namespace sqs::os
