#include "exec/told_plan.hpp"

#include <string>
#include <utility>

#include "plan/explain.hpp"
#include "plan/frontier.hpp"
#include "plan/plan.hpp"

namespace sqs {

ToldPlan::ToldPlan(std::shared_ptr<const Plan> plan, Request request)
    : plan_(std::move(plan)), request_(std::move(request)) {}

const Plan& ToldPlan::told() const {
  std::call_once(once_, [this] {
    auto plan = std::make_shared<Plan>(*plan_);
    plan->frontier = frontier_of(request_, *plan_);
    plan->info.frontier_count = static_cast<uint32_t>(plan->frontier.size());
    explain(*plan);
    told_ = std::move(plan);
  });
  return *told_;
}

const char* ToldPlan::text() const { return told().text.c_str(); }
const char* ToldPlan::json() const { return told().json.c_str(); }
const char* ToldPlan::lint(uint32_t index) const { return index < told().lints.size() ? told().lints[index].c_str() : ""; }

const sqs_plan_info& ToldPlan::info() const { return told().info; }  // with the frontier's length

Result<sqs_frontier_point> ToldPlan::frontier(uint32_t index) const {
  const std::vector<FrontierPoint>& points = told().frontier;
  if (index >= points.size())
    return Error{SQS_E_RANGE, "point " + std::to_string(index) + " of the frontier was asked for, but it has " +
                                  std::to_string(points.size())};
  const FrontierPoint& from = points[index];
  sqs_frontier_point point{};
  point.struct_size = sizeof point;
  point.schedule = from.schedule;
  point.budget_bytes = from.budget_bytes;
  point.predicted_bytes = from.predicted_bytes;
  point.disk_bytes = from.disk_bytes;
  point.rows_predicted = from.rows_predicted;
  point.ratio = from.ratio();
  point.predicted_seconds = from.seconds;
  return point;
}

}  // namespace sqs
