#include "plan/frontier.hpp"

#include <algorithm>

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
  const bool spaced = request.settings.mode != SQS_CLASSIC && request.settings.checkpoint_every != 0;
  at.settings.mode = SQS_SQRT;
  if (!spaced) at.settings.checkpoint_every = 0;  // without effect in classic mode
  at.settings.memory_budget = plan.least_budget_bytes;  // one that was asked for
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
    if (spaced && there.turn.kind == TurnPlan::Kind::Chain) break;  // segments stay as long, whatever there is
    const uint64_t more = points.size() < 4 ? budget / 8 + 1 : budget / 2 + budget / 4;  // densest where it is steepest
    if (budget > UINT64_MAX / 4) break;
    budget += more;
  }
  return points;
}

}  // namespace sqs
