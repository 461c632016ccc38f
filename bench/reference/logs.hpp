// p50 and p95 of every window and whether p95 is too high, by hand: window 32768, hop 4096, nearest rank. The sorted blocks that
// windows share are kept in a ring, by the stage library's sort and selection; quantiles and flags go tile by tile.
#pragma once

#include <memory>

#include "contender.hpp"
#include "stream.hpp"

namespace sqs::bench {

inline constexpr uint64_t kLogsWindow = 32768;
inline constexpr uint64_t kLogsHop = 4096;
inline constexpr double kLogsLimit = 100;

// The stream must outlive it.
std::unique_ptr<Contender> tiled_logs(const Stream& stream);

}  // namespace sqs::bench
