// Which sweeps a run needs, which stages work in each, over which rows, and how far ahead of the tile each must run. Pure
// arithmetic, tested without running anything.
#pragma once

#include <functional>

#include "core/result.hpp"
#include "plan/plan.hpp"

namespace sqs {

// Fills targets, stages, paths, sweeps and global_paths of a plan whose graph, rows and targets' nodes are set: the fewest
// forward sweeps, each with all stages that its sinks and reduces need. `known` tells which whole-stream rows are there.
void lay_out_sweeps(Plan& plan, const std::vector<bool>& known);

// The first row from which a scan can start so as to have row `row`: 0, or where a checkpoint is.
using ScanStart = std::function<uint64_t(NodeId scan, uint64_t row)>;

// Sets the row ranges of all units, last sweep first, from what the targets ask for.
void set_ranges(Plan& plan, const ScanStart& scan_start);

// Sets how far units run ahead, and which tiles each sweep has, for a tile span.
void set_leads(Plan& plan, uint64_t tile_frames);

// Rows of `unit` that must be in memory at once when tiles are taken `batch` at a time.
uint64_t row_capacity(const Plan& plan, const Sweep& sweep, const Unit& unit, uint64_t tile_frames, uint64_t batch);

// Rows each stage evaluates, from the ranges.
void count_rows(Plan& plan);

}  // namespace sqs
