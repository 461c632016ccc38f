// Which rows each unit works through, how far ahead of the tile it must run, and how many of its rows must be in memory at
// once. Pure arithmetic over a plan whose sweeps are laid out.
#pragma once

#include <functional>

#include "plan/plan.hpp"

namespace sqs {

// The first row from which a forward scan can start so as to have row `row`: 0, or where a checkpoint is.
using ScanStart = std::function<uint64_t(NodeId scan, uint64_t row)>;

// Sets the row ranges of all units, last sweep first, from what the targets ask for; those of replays as if all tiles were one
// segment.
void set_ranges(Plan& plan, const ScanStart& scan_start);

// Rows of all stages that `rows` of the first target, and the other targets, ask for: what would be evaluated if a scan could
// begin with any row and every row were kept for as long as someone reads it.
uint64_t rows_asked_for(const Plan& plan, Range rows);

// Sets how far units run ahead, and which tiles each sweep has, for a tile span.
void set_leads(Plan& plan, uint64_t tile_frames);

// Sets which tiles the ranges of a layer's units lie in.
void find_tiles(Layer& layer, uint64_t tile_frames);

// Rows of `unit` that must be in memory at once when tiles are taken `batch` at a time.
uint64_t row_capacity(const Plan& plan, const Layer& layer, const Unit& unit, uint64_t tile_frames, uint64_t batch);

// Rows each stage evaluates in the sweeps themselves, from the ranges; replays come on top.
void count_rows(Plan& plan);

// Rows of all stages, each counted once, however often it is evaluated.
uint64_t distinct_rows(const std::vector<StagePlan>& stages, int32_t mode);

void widen(Range& range, Range by);

// Rows of the real stage behind `path`, which has n rows, that reader rows `range` touch.
Range touched(const Path& path, Range range, uint64_t n);

// Frames by which row positions may overshoot a multiple of the tile span: exact where the step divides it.
struct Slack {
  int64_t low = 0;
  int64_t high = 0;
};
Slack slack_of(const Unit& unit, uint64_t tile_frames);

}  // namespace sqs
