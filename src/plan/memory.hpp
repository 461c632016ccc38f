// How many bytes each buffer of a run takes, and where in the arena it lies. Pure arithmetic over a plan whose sweeps and
// ranges are set.
#pragma once

#include "core/size.hpp"
#include "plan/plan.hpp"

namespace sqs {

// A way to run in sqrt mode: what may be chosen to fit the budget.
struct Shape {
  uint64_t tile_frames = 1;
  uint32_t threads = 1;
  uint32_t batch_tiles = 1;
  bool roomy = false;          // room to slide buffers less often and to read the source in large pieces
  bool replays_ahead = false; // looking back: the second thread replays the next segment meanwhile
};

inline constexpr uint64_t kReadBytes = 64 * 1024;

// Fills buffers, states, scratch and offsets; the returned size is that of the arena.
Size lay_out_tiled(Plan& plan, const Shape& shape);

// The same for classic: whole stages, each held from its evaluation to its last reader.
Size lay_out_whole(Plan& plan);

// Order in which classic evaluates: stage units of all sweeps, each once.
std::vector<NodeId> classic_order(const Plan& plan);

// Rows that an edge rule copies at once.
uint64_t staging_rows(uint64_t bytes_per_row);

// Bytes of one row as a reader sees it through `path`, context included.
uint64_t seen_bytes(const Graph& graph, const Path& path);

}  // namespace sqs
