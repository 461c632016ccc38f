// Seeded random graphs: every kind, direction, access rule, dtype, state form and threading mode, all aligned. The same seed
// gives the same graph on every machine.
#pragma once

#include <cstdint>

#include "graph_spec.hpp"

namespace eq {

// How large a graph may become.
struct GraphLimits {
  uint64_t frames = 300;
  uint64_t long_streams = 10;     // now and then a stream is this many times as long
  uint64_t stages = 10;           // besides a chain of scans
  uint64_t context_bytes = 2048;  // of one row's view of one input
  unsigned looking_back = 0;      // percent of the graphs in which scans and reduces run in both directions
  uint64_t turns = 5;             // most scans of a chain, each against the one before
};

GraphSpec random_graph(uint64_t seed, const GraphLimits& limits = {});

}  // namespace eq
