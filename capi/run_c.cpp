// sqs_run: one execution, from its sinks to its end. What it tells afterwards is in report_c.cpp.
#include "arguments.hpp"
#include "guard.hpp"
#include "objects.hpp"

using namespace sqs;
using namespace sqs::capi;

namespace {

Status give(Result<uint32_t> number, uint32_t* index) {
  SQS_TRY_ASSIGN(const uint32_t taken, std::move(number));
  if (index != nullptr) *index = taken;
  return ok();
}

}  // namespace

int32_t sqs_run_create(sqs_pipeline* p, sqs_run** out, sqs_error** err) {
  if (out != nullptr) *out = nullptr;
  return guarded(err, [&]() -> Status {
    SQS_TRY_ASSIGN(auto pipeline, enter(p));
    SQS_TRY(require(out, "out"));
    return create(out, [&](RunObject& run) -> Status {
      SQS_TRY_ASSIGN(std::unique_ptr<Run> engine, pipeline->engine().open_run());
      run.hold(std::move(engine));
      return ok();
    });
  });
}

void sqs_run_destroy(sqs_run* run) { destroy(run); }

// ---------------------------------------------------------------- sinks and range

int32_t sqs_run_add_array(sqs_run* run, const char* target, uint32_t* index, sqs_error** err) {
  return guarded(err, [&]() -> Status {
    SQS_TRY_ASSIGN(auto held, enter(run));
    SQS_TRY_ASSIGN(const std::string name, stage_name(target, "target"));
    return give(held->engine().add_array(name), index);
  });
}

int32_t sqs_run_add_buffer(sqs_run* run, const char* target, void* data, uint64_t bytes, uint32_t* index, sqs_error** err) {
  return guarded(err, [&]() -> Status {
    SQS_TRY_ASSIGN(auto held, enter(run));
    SQS_TRY_ASSIGN(const std::string name, stage_name(target, "target"));
    SQS_TRY(require_if_any(data, bytes, "data"));
    return give(held->engine().add_buffer(name, data, bytes), index);
  });
}

int32_t sqs_run_add_callback(sqs_run* run, const char* target, sqs_rows_fn fn, void* user, sqs_destroy_fn destroy,
                             uint32_t* index, sqs_error** err) {
  return sqs_run_add_callback_in(run, target, SQS_ROW_ORDER, fn, user, destroy, index, err);
}

int32_t sqs_run_add_callback_in(sqs_run* run, const char* target, int32_t order, sqs_rows_fn fn, void* user,
                                sqs_destroy_fn destroy, uint32_t* index, sqs_error** err) {
  return guarded(err, [&]() -> Status {
    User owner = own(user, destroy);
    SQS_TRY_ASSIGN(auto held, enter(run));
    SQS_TRY_ASSIGN(const std::string name, stage_name(target, "target"));
    if (order != SQS_ROW_ORDER && order != SQS_ANY_ORDER)
      return Error{.code = SQS_E_INVALID, .message = "order is " + std::to_string(order) + "; use SQS_ROW_ORDER or SQS_ANY_ORDER"};
    if (fn == nullptr) return Error{.code = SQS_E_NULL, .message = "fn is NULL"};
    return give(held->engine().add_callback(name, order == SQS_ANY_ORDER, fn, std::move(owner)), index);
  });
}

int32_t sqs_run_add_npy(sqs_run* run, const char* target, const char* path, uint32_t* index, sqs_error** err) {
  return guarded(err, [&]() -> Status {
    SQS_TRY_ASSIGN(auto held, enter(run));
    SQS_TRY_ASSIGN(const std::string name, stage_name(target, "target"));
    SQS_TRY(require(path, "path"));
    return give(held->engine().add_npy(name, path), index);
  });
}

int32_t sqs_run_set_range(sqs_run* run, uint64_t t0, uint64_t t1, sqs_error** err) {
  return guarded(err, [&]() -> Status {
    SQS_TRY_ASSIGN(auto held, enter(run));
    return held->engine().set_range(t0, t1);
  });
}

int32_t sqs_run_set_progress(sqs_run* run, sqs_progress_fn fn, void* user, sqs_destroy_fn destroy, sqs_error** err) {
  return guarded(err, [&]() -> Status {
    User owner = own(user, destroy);
    SQS_TRY_ASSIGN(auto held, enter(run));
    return held->engine().set_progress(fn, std::move(owner));
  });
}

// ---------------------------------------------------------------- running

int32_t sqs_run_plan(sqs_run* run, sqs_plan** out, sqs_error** err) {
  if (out != nullptr) *out = nullptr;
  return guarded(err, [&]() -> Status {
    SQS_TRY_ASSIGN(auto held, enter(run));
    SQS_TRY(require(out, "out"));
    return create(out, [&](PlanObject& plan) -> Status {
      SQS_TRY_ASSIGN(plan.plan, held->engine().plan());
      return ok();
    });
  });
}

int32_t sqs_run_execute(sqs_run* run, sqs_error** err) {
  return guarded(err, [&]() -> Status {
    SQS_TRY_ASSIGN(auto held, enter(run));
    return held->engine().execute();
  });
}

int32_t sqs_run_step(sqs_run* run, uint64_t max_ns, sqs_error** err) {
  return guarded(err, [&]() -> Result<int32_t> {
    SQS_TRY_ASSIGN(auto held, enter(run));
    SQS_TRY_ASSIGN(const bool done, held->engine().step(max_ns));
    return int32_t{done ? SQS_OK : SQS_PENDING};
  });
}

int32_t sqs_run_cancel(const sqs_run* run) { return cancel(run); }

int32_t sqs_run_take_result(sqs_run* run, uint32_t index, sqs_result** out, sqs_error** err) {
  if (out != nullptr) *out = nullptr;
  return guarded(err, [&]() -> Status {
    SQS_TRY_ASSIGN(auto held, enter(run));
    SQS_TRY(require(out, "out"));
    return create(out, [&](ResultObject& result) -> Status {
      SQS_TRY_ASSIGN(result.array, held->engine().take_result(index));
      return ok();
    });
  });
}
