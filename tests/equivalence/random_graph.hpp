// Seeded random graphs: every kind, access rule, dtype, state form and threading mode, all aligned. The same seed gives the
// same graph on every machine.
#pragma once

#include <cstdint>

#include "graph_spec.hpp"

namespace eq {

// How large a graph may become.
struct GraphLimits {
  uint64_t frames = 300;       // now and then ten times as many
  uint64_t stages = 10;
  uint64_t context_bytes = 2048;  // of one row's view of one input
};

GraphSpec random_graph(uint64_t seed, const GraphLimits& limits = {});

}  // namespace eq
