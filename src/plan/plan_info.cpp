#include "plan/plan_info.hpp"

#include <algorithm>

#include "plan/turn.hpp"

namespace sqs {

uint64_t sweeps_run(const Plan& plan) {
  if (plan.mode == SQS_CLASSIC) return 1;
  uint64_t count = 0;
  for (const Sweep& sweep : plan.sweeps) count += sweep.tile_end > sweep.first_tile ? 1 : 0;
  return count;
}

uint64_t dependency_span(const Graph& graph) {
  const Format& f = graph.format();
  return f.window / f.hop + (f.window % f.hop != 0 ? 1 : 0);
}

void fill_info(Plan& plan) {
  sqs_plan_info& i = plan.info;
  i.struct_size = sizeof i;
  i.mode = plan.mode;
  i.sweeps = static_cast<uint32_t>(sweeps_run(plan));
  for (const StagePlan& stage : plan.stages) i.stage_count += stage.sweeps > 0 ? 1 : 0;
  i.tile_frames = plan.tile_frames;
  i.tiles = plan.tiles;
  i.budget_bytes = plan.budget_bytes;
  i.predicted_bytes = plan.predicted_bytes;
  i.least_budget_bytes = plan.least_budget_bytes;
  const auto of = [&](Memory m) { return plan.bytes[static_cast<size_t>(m)]; };
  i.source_bytes = of(Memory::Source);
  i.rows_bytes = of(Memory::Rows);
  i.checkpoint_bytes = of(Memory::Checkpoints);
  i.cache_bytes = of(Memory::Cache);
  i.scratch_bytes = of(Memory::Scratch);
  i.output_bytes = of(Memory::Output);
  i.other_bytes = of(Memory::Other);
  i.untracked_bytes = plan.untracked_bytes;
  i.dependency_span = dependency_span(*plan.graph);
  i.checkpoint_every = plan.checkpoint_tiles == 0 ? 0 : std::max<uint64_t>(1, plan.checkpoint_tiles * plan.tile_frames / plan.graph->format().hop);
  i.predicted_seconds = plan.predicted_seconds;
  const TurnPlan& turn = plan.turn;
  i.schedule = schedule_code(plan);
  i.tape_bytes = of(Memory::Tapes);
  i.disk_bytes = disk_bytes(turn);
  i.rows_predicted = plan.rows_predicted;
  for (NodeId id = kFramesNode + 1; id < plan.graph->size(); ++id) {
    i.rows_again += plan.stages[id].rows_predicted - plan.stages[id].rows_distinct;
    i.rows_halo += plan.stages[id].rows_halo;
  }
  i.turn_tiles = turn.tiles();
  i.turn_state_bytes = turn.state_bytes;
  i.turn_tile_bytes = turn.tile_bytes;
  i.turn_pool_bytes = turn.pool_bytes;
}

}  // namespace sqs
