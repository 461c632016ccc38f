// sqs_plan: what a run will do.
#include "arguments.hpp"
#include "guard.hpp"
#include "objects.hpp"
#include "structs.hpp"

using namespace sqs;
using namespace sqs::capi;

namespace {

const char* text_of(const sqs_plan* handle, const char* (ToldPlan::*text)() const) {
  return guarded_value("", [&]() -> const char* {
    const auto plan = enter(handle);
    return plan.ok() ? ((*plan)->plan.get()->*text)() : "";
  });
}

}  // namespace

int32_t sqs_pipeline_plan(const sqs_pipeline* p, const char* const* targets, uint32_t target_count, uint64_t t0, uint64_t t1,
                          int32_t streamed, sqs_plan** out, sqs_error** err) {
  if (out != nullptr) *out = nullptr;
  return guarded(err, [&]() -> Status {
    SQS_TRY_ASSIGN(auto pipeline, enter(p));
    SQS_TRY(require(out, "out"));
    SQS_TRY_ASSIGN(const std::vector<std::string> names, stage_names(targets, target_count, "targets"));
    if (streamed < 0 || streamed > 2)
      return Error{.code = SQS_E_INVALID, .message = "streamed is " + std::to_string(streamed) + "; use 0 (arrays), 1 (sinks in row order) or 2 (sinks in any order)"};
    return create(out, [&](PlanObject& plan) -> Status {
      SQS_TRY_ASSIGN(plan.plan, pipeline->engine().plan(names, t0, t1, streamed != 0, streamed != 1));
      return ok();
    });
  });
}

void sqs_plan_destroy(sqs_plan* plan) { destroy(plan); }

const char* sqs_plan_text(const sqs_plan* plan) { return text_of(plan, &ToldPlan::text); }

const char* sqs_plan_json(const sqs_plan* plan) { return text_of(plan, &ToldPlan::json); }

int32_t sqs_plan_info_get(const sqs_plan* plan, sqs_plan_info* out, sqs_error** err) {
  return guarded(err, [&]() -> Status {
    SQS_TRY_ASSIGN(const auto held, enter(plan));
    SQS_TRY_ASSIGN(const auto filled, OutStruct<sqs_plan_info>::of(out));
    filled.fill(held->plan->info());
    return ok();
  });
}

int32_t sqs_plan_frontier(const sqs_plan* plan, uint32_t index, sqs_frontier_point* out, sqs_error** err) {
  return guarded(err, [&]() -> Status {
    SQS_TRY_ASSIGN(const auto held, enter(plan));
    SQS_TRY_ASSIGN(const auto filled, OutStruct<sqs_frontier_point>::of(out));
    SQS_TRY_ASSIGN(const sqs_frontier_point point, held->plan->frontier(index));
    filled.fill(point);
    return ok();
  });
}

const char* sqs_plan_lint(const sqs_plan* plan, uint32_t index) {
  return guarded_value("", [&]() -> const char* {
    const auto held = enter(plan);
    return held.ok() ? (*held)->plan->lint(index) : "";
  });
}
