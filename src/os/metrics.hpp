// What the system says of this process. Nothing here allocates, because it is read inside runs; what can't be read is 0.
// Thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sqs::os {

struct MemoryUse {
  uint64_t rss_bytes = 0;       // VmRSS
  uint64_t rss_peak_bytes = 0;  // VmHWM; never ru_maxrss, which a child inherits from whoever started it
  uint64_t rss_anon_bytes = 0;  // RssAnon: without files and shared memory
};
MemoryUse memory_use();

struct PageFaults {
  uint64_t minor = 0;
  uint64_t major = 0;
};
PageFaults page_faults();

// Bytes through read and write calls of any kind, pages already in memory and pipes included.
struct IoCounters {
  uint64_t read_bytes = 0;     // rchar
  uint64_t written_bytes = 0;  // wchar
};
IoCounters io_counters();

// The number after "<key>:" at the start of a line, as /proc writes it: "VmRSS:\t    1234 kB".
std::optional<uint64_t> number_of(std::string_view text, std::string_view key);

}  // namespace sqs::os
