// What an sqs_run tells of itself: counters, digests and reports.
#include "arguments.hpp"
#include "guard.hpp"
#include "objects.hpp"
#include "structs.hpp"

using namespace sqs;
using namespace sqs::capi;

namespace {

const char* report_of(const sqs_run* handle, const char* (Run::*report)() const) {
  return guarded_value("", [&]() -> const char* {
    const auto run = enter(handle);
    return run.ok() ? ((*run)->engine().*report)() : "";
  });
}

}  // namespace

int32_t sqs_run_stats(const sqs_run* run, sqs_stats* out, sqs_error** err) {
  return guarded(err, [&]() -> Status {
    SQS_TRY_ASSIGN(const auto held, enter(run));
    SQS_TRY_ASSIGN(const auto filled, OutStruct<sqs_stats>::of(out));
    SQS_TRY_ASSIGN(const sqs_stats stats, held->engine().stats());
    filled.fill(stats);
    return ok();
  });
}

int32_t sqs_run_stage_stats(const sqs_run* run, uint32_t stage, sqs_stage_stats* out, sqs_error** err) {
  return guarded(err, [&]() -> Status {
    SQS_TRY_ASSIGN(const auto held, enter(run));
    SQS_TRY_ASSIGN(const auto filled, OutStruct<sqs_stage_stats>::of(out));
    SQS_TRY_ASSIGN(const sqs_stage_stats stats, held->engine().stage_stats(stage));
    filled.fill(stats);
    return ok();
  });
}

int32_t sqs_run_digest(const sqs_run* run, uint32_t index, uint8_t out[16], sqs_error** err) {
  return guarded(err, [&]() -> Status {
    SQS_TRY_ASSIGN(const auto held, enter(run));
    SQS_TRY(require(out, "out"));
    return held->engine().digest(index, out);
  });
}

const char* sqs_run_report_text(const sqs_run* run) { return report_of(run, &Run::report_text); }

const char* sqs_run_report_json(const sqs_run* run) { return report_of(run, &Run::report_json); }
