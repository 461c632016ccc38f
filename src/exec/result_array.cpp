#include "exec/state.hpp"

namespace sqs {

ResultArray::~ResultArray() {
  if (held != nullptr) held->fetch_sub(memory.bytes(), std::memory_order_relaxed);
}

const char* plan_text(const Plan& plan) { return plan.text.c_str(); }
const char* plan_json(const Plan& plan) { return plan.json.c_str(); }
const sqs_plan_info& plan_info(const Plan& plan) { return plan.info; }
const char* plan_lint(const Plan& plan, uint32_t index) { return index < plan.lints.size() ? plan.lints[index].c_str() : ""; }

Result<sqs_frontier_point> plan_frontier(const Plan& plan, uint32_t index) {
  if (index >= plan.frontier.size())
    return Error{SQS_E_RANGE, "point " + std::to_string(index) + " of the frontier was asked for, but it has " +
                              std::to_string(plan.frontier.size())};
  const FrontierPoint& from = plan.frontier[index];
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

sqs_view result_view(const ResultArray& result) { return result.view; }

double result_row_time(const ResultArray& result, uint64_t row) {
  const double frame = static_cast<double>(result.origin) + static_cast<double>(row) * static_cast<double>(result.step);
  return result.sample_rate > 0 ? frame / result.sample_rate : frame;
}

void result_digest(const ResultArray& result, uint8_t out[16]) { std::copy(std::begin(result.digest), std::end(result.digest), out); }
const sqs_stats& result_stats(const ResultArray& result) { return result.stats; }
const char* result_report_text(const ResultArray& result) { return result.report->text().c_str(); }
const char* result_report_json(const ResultArray& result) { return result.report->json().c_str(); }
uint64_t result_rows(const ResultArray& result) { return static_cast<uint64_t>(result.view.shape[0]); }

}  // namespace sqs
