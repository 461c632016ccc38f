// sqs_result: an array of rows, and what the run that made it told.
#include "arguments.hpp"
#include "guard.hpp"
#include "objects.hpp"
#include "structs.hpp"

using namespace sqs;
using namespace sqs::capi;

namespace {

const char* report_of(const sqs_result* handle, const char* (*report)(const ResultArray&)) {
  return guarded_value("", [&]() -> const char* {
    const auto result = enter(handle);
    return result.ok() ? report(*(*result)->array) : "";
  });
}

}  // namespace

int32_t sqs_result_view(const sqs_result* r, sqs_view* out, sqs_error** err) {
  return guarded(err, [&]() -> Status {
    SQS_TRY_ASSIGN(const auto result, enter(r));
    SQS_TRY_ASSIGN(const auto filled, OutStruct<sqs_view>::of(out));
    filled.fill(result_view(*result->array));
    return ok();
  });
}

int32_t sqs_result_row_time(const sqs_result* r, uint64_t row, double* out, sqs_error** err) {
  return guarded(err, [&]() -> Status {
    SQS_TRY_ASSIGN(const auto result, enter(r));
    SQS_TRY(require(out, "out"));
    const uint64_t rows = result_rows(*result->array);
    if (row >= rows)
      return Error{.code = SQS_E_RANGE,
                   .message = "row " + std::to_string(row) + " of a result that has " + std::to_string(rows) + " rows",
                   .row = row};
    *out = result_row_time(*result->array, row);
    return ok();
  });
}

int32_t sqs_result_digest(const sqs_result* r, uint8_t out[16], sqs_error** err) {
  return guarded(err, [&]() -> Status {
    SQS_TRY_ASSIGN(const auto result, enter(r));
    SQS_TRY(require(out, "out"));
    result_digest(*result->array, out);
    return ok();
  });
}

int32_t sqs_result_stats(const sqs_result* r, sqs_stats* out, sqs_error** err) {
  return guarded(err, [&]() -> Status {
    SQS_TRY_ASSIGN(const auto result, enter(r));
    SQS_TRY_ASSIGN(const auto filled, OutStruct<sqs_stats>::of(out));
    filled.fill(result_stats(*result->array));
    return ok();
  });
}

const char* sqs_result_report_text(const sqs_result* r) { return report_of(r, result_report_text); }

const char* sqs_result_report_json(const sqs_result* r) { return report_of(r, result_report_json); }

void sqs_result_destroy(sqs_result* r) { destroy(r); }
