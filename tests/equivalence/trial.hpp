// Everything that is tried on one random graph: classic against the naive evaluator, then sqrt and auto under random tile
// sizes, budgets, caches, checkpoints, threads, sources, sinks, ranges and push pieces against the same bytes.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>

#include "graph_spec.hpp"
#include "random_graph.hpp"
#include "rng.hpp"

namespace eq {

// A disk that some runs meet with a fault in it, armed before each of them.
struct DiskFaults {
  std::function<void(Rng&)> arm;
  std::function<bool()> disarm;           // whether the fault was met
  std::function<std::string()> describe;  // what was armed last
};

struct TrialOptions {
  GraphLimits limits;
  uint32_t threads_min = 1;
  uint32_t threads_max = 4;
  uint32_t sessions = 4;  // pipelines per graph, besides the classic one, the live one and the one at its least budget
  std::string spill_dir;  // where some of the pipelines may spill; empty: nowhere
  bool in_little = false; // more of them run in sqrt mode, small tiles and little memory, and on any thread
  bool rows_once = false; // all of them do, in sqrt mode and little memory, and no row may be evaluated again by a replay
  bool by_two = false;    // all of them do, on two threads, with memory for a second one to replay where there is such a budget
  DiskFaults faults;      // if set, all of them have a disk to spill to, and it fails
  const char* graphs_variable = "SQS_GRAPHS";  // of the environment: how many graphs try_graphs tries
};

struct TrialResult {
  int32_t refused = 0;   // the status with which the engine refused the graph
  std::string refusal;   // and its sentence
  std::string failure;   // empty if all held; else what was run, what differs, and the graph
  uint64_t runs = 0;
  uint64_t spilled_rows = 0;    // runs that put rows on disk,
  uint64_t spilled_states = 0;  // or states
  uint64_t faults = 0;          // runs whose disk failed,
  uint64_t started_again = 0;   // those of them that succeeded all the same,
  uint64_t after_reads = 0;     // and those of these that had got something back from it
  uint64_t retained = 0;        // sessions whose first request keeps rows for a later sweep
  uint64_t from_cache = 0;      // runs that took rows from the cache
  std::array<uint64_t, 8> schedules{};       // by sqs_schedule_code: some of the runs
  std::array<uint64_t, 8> replayed_ahead{};  // those of them where a second thread replays

  void add(const TrialResult& other);  // counts, not words
};

TrialResult try_graph(uint64_t seed, const TrialOptions& options);

// Random graphs are dealt out to this many tests, which can run side by side.
inline constexpr uint64_t kShares = 8;

// Tries one share of `count` graphs from `seed` on, which the environment may change (SQS_SEED, SQS_GRAPHS or its like); fails
// the current test with a reproduction of each graph that does not hold, up to three, and if the engine refuses a quarter or
// more of the graphs. Returns what was done in sum.
TrialResult try_graphs(uint64_t seed, uint64_t count, const TrialOptions& options, uint64_t share);

}  // namespace eq
