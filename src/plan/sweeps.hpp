// Which sweeps a run needs, in which direction, which stages work in each, and which scans are replayed in them. Pure
// arithmetic, tested without running anything.
#pragma once

#include <vector>

#include "plan/plan.hpp"

namespace sqs {

// Fills targets, stages, paths, sweeps and global_paths of a plan whose graph, rows and targets' nodes are set: the fewest
// sweeps, each with all stages that its sinks and reduces need. `known` tells which whole-stream rows are there.
void lay_out_sweeps(Plan& plan, const std::vector<bool>& known);

}  // namespace sqs
