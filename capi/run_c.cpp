// sqs_run: one execution, from its sinks to its end. What it tells afterwards is in report_c.cpp.
#include "arguments.hpp"
#include "guard.hpp"
#include "objects.hpp"
#include "structs.hpp"

using namespace sqs;
using namespace sqs::capi;

namespace {

// Whether pieces may come in any order.
Result<bool> any_order(int32_t order) {
  if (order == SQS_ROW_ORDER || order == SQS_ANY_ORDER) return order == SQS_ANY_ORDER;
  return Error{.code = SQS_E_INVALID, .message = "order is " + std::to_string(order) + "; use SQS_ROW_ORDER or SQS_ANY_ORDER"};
}

int32_t status_of(Run::Stepped stepped) {
  switch (stepped) {
    case Run::Stepped::Done: return SQS_OK;
    case Run::Stepped::Pending: return SQS_PENDING;
    case Run::Stepped::RowsWait: return SQS_WOULD_BLOCK;
  }
  return SQS_E_INTERNAL;
}

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
    SQS_TRY_ASSIGN(const bool any, any_order(order));
    if (fn == nullptr) return Error{.code = SQS_E_NULL, .message = "fn is NULL"};
    return give(held->engine().add_callback(name, any, fn, std::move(owner)), index);
  });
}

int32_t sqs_run_add_pull(sqs_run* run, const char* target, int32_t order, uint32_t* index, sqs_error** err) {
  return guarded(err, [&]() -> Status {
    SQS_TRY_ASSIGN(auto held, enter(run));
    SQS_TRY_ASSIGN(const std::string name, stage_name(target, "target"));
    SQS_TRY_ASSIGN(const bool any, any_order(order));
    return give(held->engine().add_pull(name, any), index);
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
    SQS_TRY_ASSIGN(const Run::Stepped stepped, held->engine().step(max_ns));
    return status_of(stepped);
  });
}

int32_t sqs_run_pull(sqs_run* run, uint32_t index, sqs_view* rows, uint32_t* whose, sqs_error** err) {
  return guarded(err, [&]() -> Result<int32_t> {
    SQS_TRY_ASSIGN(auto held, enter(run));
    SQS_TRY_ASSIGN(const auto filled, OutStruct<sqs_view>::of(rows));
    SQS_TRY_ASSIGN(const Pulled pulled, held->engine().pull(index));
    filled.fill(pulled.rows);
    if (whose != nullptr) *whose = pulled.target;
    switch (pulled.what) {
      case Pulled::What::Rows: return int32_t{SQS_OK};
      case Pulled::What::End: return int32_t{SQS_END_OF_STREAM};
      case Pulled::What::WouldBlock: return int32_t{SQS_WOULD_BLOCK};
    }
    return int32_t{SQS_E_INTERNAL};
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
