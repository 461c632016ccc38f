#include "plan/frontier.hpp"

#include <algorithm>

#include "core/words.hpp"
#include "plan/planner.hpp"
#include "plan/turn.hpp"

namespace sqs {
namespace {

constexpr size_t kMostPoints = 24;

FrontierPoint point_of(const Plan& plan) {
  FrontierPoint point;
  point.schedule = schedule_code(plan);
  point.budget_bytes = plan.budget_bytes;
  point.predicted_bytes = plan.predicted_bytes;
  point.disk_bytes = disk_bytes(plan.turn);
  point.rows_predicted = plan.rows_predicted;
  for (NodeId id = kFramesNode + 1; id < plan.stages.size(); ++id) point.rows_distinct += plan.stages[id].rows_distinct;
  point.seconds = plan.predicted_seconds;
  return point;
}

// In the smallest memory: by replays, or in later sweeps.
bool makes_rows_again(const Plan& plan) {
  std::vector<bool> made(plan.graph->size(), false);
  for (const Sweep& sweep : plan.sweeps) {
    if (!sweep.replays.empty()) return true;
    for (const Unit& unit : sweep.units) {
      if (unit.is_sink() || unit.range.count() == 0 || plan.graph->node(unit.node).decl.once) continue;
      if (unit.kept || made[unit.node]) return true;
      made[unit.node] = unit.node != kFramesNode || !plan.input.in_memory;
    }
  }
  return false;
}

uint64_t rows_replayed(const Plan& plan) {
  uint64_t rows = 0;
  for (const StagePlan& stage : plan.stages) rows += stage.rows_replayed;
  return rows;
}

}  // namespace

std::vector<FrontierPoint> frontier_of(const Request& request, const Plan& plan) {
  std::vector<FrontierPoint> points;
  if (!makes_rows_again(plan)) return points;
  Request at = request;
  at.settings.mode = SQS_SQRT;
  at.settings.memory_budget = plan.least_budget_bytes;  // one that was asked for
  at.explained = false;
  at.settings.lru_bytes = SQS_NONE;
  at.held = {};
  at.held.result_bytes = request.held.result_bytes;
  at.least_budget_bytes = plan.least_budget_bytes;
  uint64_t budget = plan.least_budget_bytes;
  for (size_t tried = 0; tried < kMostPoints; ++tried) {
    at.budget_bytes = budget;
    const Result<std::shared_ptr<const Plan>> made = make_plan(at);
    if (!made.ok()) break;
    const Plan& there = **made;
    const FrontierPoint point = point_of(there);
    if (there.turn.kind == TurnPlan::Kind::None) {  // whole stages come to be kept, one after the other
      if (points.empty() || point.rows_predicted < points.back().rows_predicted) points.push_back(point);
      if (there.next_budget_bytes == 0) break;
      budget = there.next_budget_bytes;
      continue;
    }
    points.push_back(point);
    if (rows_replayed(there) == 0 && !there.turn.spills()) break;
    const uint64_t more = points.size() < 4 ? budget / 8 + 1 : budget / 2 + budget / 4;  // densest where it is steepest
    if (budget > UINT64_MAX / 4) break;
    budget += more;
  }
  return points;
}

std::vector<std::string> find_lints(const Plan& plan) {
  std::vector<std::string> lints;
  if (plan.mode == SQS_CLASSIC) return lints;
  std::vector<bool> told(plan.graph->size(), false);
  for (const Sweep& sweep : plan.sweeps)
    for (uint32_t d = 0; d <= sweep.replays.size(); ++d)
      for (const Unit& unit : sweep.layer(d).units) {
        if (unit.is_sink() || unit.kept || told[unit.node]) continue;
        const std::string& name = plan.graph->node(unit.node).name();
        for (const uint32_t p : unit.paths) {
          const Path& path = plan.paths[p];
          const uint64_t step = plan.rows[path.real].out.step;
          const auto halo = static_cast<uint64_t>(path.high - path.low) * step;
          if (path.global || halo < plan.tile_frames || halo < 2 * unit.domain.step) continue;
          told[unit.node] = true;
          lints.push_back("stage '" + name + "' reads " + count_in_words(halo) + " frames beside each row of '" +
                          plan.graph->node(path.real).name() + "', and a tile has " + count_in_words(plan.tile_frames) +
                          ": what is kept for that is larger than the tile; a summary per hop and a combine over the summaries, or a scan, would keep less");
          break;
        }
        if (unit.readers.size() > 1 && unit.z > static_cast<int64_t>(plan.tile_frames)) {
          told[unit.node] = true;
          lints.push_back("stage '" + name + "' runs " + count_in_words(static_cast<uint64_t>(unit.z)) +
                          " frames ahead for one of its readers while another waits: its rows are held for more than a tile");
        }
      }
  const TurnPlan& turn = plan.turn;
  if (turn.kind != TurnPlan::Kind::None && turn.state_bytes > turn.tile_bytes && turn.tile_bytes > 0)
    lints.push_back("a checkpoint takes " + bytes_in_words(turn.state_bytes) + ", more than the rows of a tile (" +
                    bytes_in_words(turn.tile_bytes) + ") that it spares: smaller states, or larger tiles, would make looking back cheaper");
  return lints;
}

}  // namespace sqs
