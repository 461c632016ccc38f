// What a run is predicted to take, from the costs of rows and of memory. Plans as they are laid out at the moment.
#pragma once

#include <cstdint>

#include "plan/plan.hpp"

namespace sqs {

// Nanoseconds per row: probed, hinted, or a guess by bytes.
double cost_of(const Graph& graph, const Costs& costs, NodeId id);
// The same if it is probed or hinted, else 0.
double told_cost(const Node& node, const Costs& costs, NodeId id);
// What a row costs that is put into the row cache, and is read from there once: looked up twice, copied twice.
double cached_row_ns(const Node& node);
// Whether none of the stages that the plan evaluates is guessed at.
bool costs_known(const Plan& plan, const Costs& costs);

// What a tile of a sweep costs besides its rows.
double tile_overhead_ns(const Sweep& sweep);

// sqrt: rows of all stages and what tiles cost besides, but for what a second thread replays while the first one looks back.
double sqrt_ns(const Plan& plan);

// Rows that sqrt keeps for later sweeps have left the caches when these read them.
double reread_kept_ns(const Plan& plan);

// Bytes that classic reads when they have left the caches: once per reader of a long buffer.
uint64_t classic_reread_bytes(const Plan& plan);

}  // namespace sqs
