/* The life of a pipeline from plain C99: format, pipeline, stages of every kind, pushed frames, plan, run, result. Exits with 1
 * and the line that failed. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sqrtspace/sqrtspace.h"

#define CHECK(condition)                                             \
  do {                                                               \
    if (!(condition)) {                                              \
      fprintf(stderr, "line %d: %s\n", __LINE__, #condition);        \
      exit(1);                                                       \
    }                                                                \
  } while (0)

static sqs_error *error = NULL;

static void check_status(int32_t status, int line) {
  if (status == SQS_OK && error == NULL) return;
  fprintf(stderr, "line %d: %s: %s\n", line, sqs_status_name(status), sqs_error_message(error));
  exit(1);
}
#define OK(call) check_status((call), __LINE__)

/* map: the largest sample of a window, by the strides of the view */
static int64_t loudest(void *user, sqs_call *call) {
  const sqs_view *in = &call->inputs[0];
  uint64_t t;
  int64_t i;
  (void)user;
  for (t = 0; t < call->rows; ++t) {
    const char *row = (const char *)in->data + (int64_t)t * in->strides[0];
    float most = 0;
    for (i = 0; i < in->shape[1]; ++i) {
      float sample;
      memcpy(&sample, row + i * in->strides[1], sizeof sample);
      if (sample > most) most = sample;
    }
    memcpy((char *)call->output.data + (int64_t)t * call->output.strides[0], &most, sizeof most);
  }
  return (int64_t)call->rows;
}

/* scan: the running sum of rows, kept in the state */
static int64_t running_sum(void *user, sqs_call *call) {
  const sqs_view *in = &call->inputs[0];
  double *sum = (double *)call->state;
  uint64_t t;
  (void)user;
  for (t = 0; t < call->rows; ++t) {
    float value;
    memcpy(&value, (const char *)in->data + (int64_t)t * in->strides[0], sizeof value);
    *sum += (double)value;
    memcpy((char *)call->output.data + (int64_t)t * call->output.strides[0], sum, sizeof *sum);
  }
  return (int64_t)call->rows;
}

/* reduce: the sum of all rows */
static int64_t add_all(void *user, sqs_call *call) {
  const sqs_view *in = &call->inputs[0];
  double *sum = (double *)call->state;
  uint64_t t;
  (void)user;
  for (t = 0; t < call->rows; ++t) {
    float value;
    memcpy(&value, (const char *)in->data + (int64_t)t * in->strides[0], sizeof value);
    *sum += (double)value;
  }
  return (int64_t)call->rows;
}
static int32_t write_sum(void *user, sqs_call *call) {
  (void)user;
  memcpy(call->output.data, call->state, sizeof(double));
  return 1;
}

static int destroyed = 0;
static void count_destroyed(void *user) {
  (void)user;
  ++destroyed;
}

static uint64_t rows_seen = 0;
static int32_t see_rows(void *user, const sqs_view *rows, char *message) {
  (void)user;
  (void)message;
  if (rows->first_row != (int64_t)rows_seen) return 0;
  rows_seen += (uint64_t)rows->shape[0];
  return 1;
}

static double value_at(const sqs_view *view, int64_t row) {
  double value;
  memcpy(&value, (const char *)view->data + row * view->strides[0], sizeof value);
  return value;
}

enum { kFrames = 1000, kWindow = 16, kHop = 4, kRows = 1 + (kFrames - kWindow) / kHop };

static void add_stages(sqs_pipeline *pipeline) {
  const char *windows = "input";
  const char *loud = "loud";
  sqs_stage stage;

  OK(sqs_stage_init(&stage, sizeof stage));
  stage.kind = SQS_MAP;
  stage.dtype = SQS_F32;
  stage.process = loudest;
  OK(sqs_pipeline_add_stage_on(pipeline, "loud", &stage, &windows, 1, NULL, count_destroyed, &error));

  OK(sqs_stage_init(&stage, sizeof stage));
  stage.kind = SQS_SCAN;
  stage.dtype = SQS_F64;
  stage.state_bytes = sizeof(double);
  stage.process = running_sum;
  OK(sqs_pipeline_add_stage_on(pipeline, "so far", &stage, &loud, 1, NULL, NULL, &error));

  OK(sqs_stage_init(&stage, sizeof stage));
  stage.kind = SQS_REDUCE;
  stage.dtype = SQS_F64;
  stage.state_bytes = sizeof(double);
  stage.process = add_all;
  stage.finish = write_sum;
  OK(sqs_pipeline_add_stage_on(pipeline, "total", &stage, &loud, 1, NULL, NULL, &error));
}

int main(void) {
  sqs_format format;
  sqs_settings settings;
  sqs_pipeline *pipeline = NULL;
  sqs_plan *plan = NULL;
  sqs_plan_info plan_info;
  sqs_run *run = NULL;
  sqs_result *result = NULL;
  sqs_stage_info info;
  sqs_view view;
  sqs_stats stats;
  float frames[kFrames];
  double total = 0, seconds = 0;
  int64_t rows_pulled = 0;
  uint32_t index = 99, total_index = 99;
  uint8_t digest[16], again[16];
  const char *target = "so far";
  int i, status;

  CHECK(sqs_abi_version() == SQS_ABI_VERSION);
  CHECK(strcmp(sqs_status_name(SQS_E_BUDGET), "SQS_E_BUDGET") == 0);

  OK(sqs_format_init(&format, sizeof format));
  format.dtype = SQS_F32;
  format.channels = 1;
  format.window = kWindow;
  format.hop = kHop;
  format.sample_rate = 100;
  OK(sqs_pipeline_create(&format, &pipeline, &error));
  add_stages(pipeline);

  OK(sqs_settings_init(&settings, sizeof settings));
  settings.mode = SQS_SQRT;
  settings.memory_budget = 16 << 20;
  OK(sqs_pipeline_configure(pipeline, &settings, &error));

  /* frames 0, 1, 2, ...: window t ends in 4t + 15, which is its largest */
  for (i = 0; i < kFrames; ++i) frames[i] = (float)i;
  OK(sqs_pipeline_push_samples(pipeline, frames, 10, &error));
  OK(sqs_pipeline_push_samples(pipeline, frames + 10, kFrames - 10, &error));
  OK(sqs_pipeline_end_input(pipeline, &error));
  for (i = 0; i < kRows; ++i) total += kHop * i + kWindow - 1;

  info.struct_size = sizeof info;
  OK(sqs_pipeline_describe(pipeline, "so far", &info, &error));
  CHECK(info.rows == kRows && info.kind == SQS_SCAN && info.dtype == SQS_F64 && info.ndim == 0 && info.step == kHop);

  OK(sqs_pipeline_plan(pipeline, &target, 1, 0, SQS_END, 0, &plan, &error));
  plan_info.struct_size = sizeof plan_info;
  OK(sqs_plan_info_get(plan, &plan_info, &error));
  CHECK(plan_info.mode == SQS_SQRT && plan_info.budget_bytes == 16 << 20 && plan_info.dependency_span == kWindow / kHop);
  CHECK(strlen(sqs_plan_text(plan)) > 0 && sqs_plan_json(plan)[0] == '{');
  sqs_plan_destroy(plan);

  /* one call */
  OK(sqs_pipeline_evaluate(pipeline, "so far", 0, SQS_END, &result, &error));
  view.struct_size = sizeof view;
  OK(sqs_result_view(result, &view, &error));
  CHECK(view.dtype == SQS_F64 && view.ndim == 1 && view.shape[0] == kRows);
  CHECK(value_at(&view, 0) == kWindow - 1 && value_at(&view, kRows - 1) == total);
  OK(sqs_result_row_time(result, 25, &seconds, &error));
  CHECK(fabs(seconds - 1.0) < 1e-12);
  OK(sqs_result_digest(result, digest, &error));

  /* a run with two targets, step by step */
  OK(sqs_run_create(pipeline, &run, &error));
  OK(sqs_run_add_callback(run, "so far", see_rows, NULL, count_destroyed, &index, &error));
  OK(sqs_run_add_array(run, "total", &total_index, &error));
  CHECK(index == 0 && total_index == 1);
  do {
    status = sqs_run_step(run, 1, &error);
  } while (status == SQS_PENDING);
  OK(status);
  CHECK(rows_seen == kRows);
  OK(sqs_run_digest(run, 0, again, &error));
  CHECK(memcmp(digest, again, sizeof digest) == 0);
  stats.struct_size = sizeof stats;
  OK(sqs_run_stats(run, &stats, &error));
  CHECK(stats.measured_bytes <= stats.reserved_bytes && stats.reserved_bytes <= stats.budget_bytes);
  CHECK(strlen(sqs_run_report_text(run)) > 0);
  sqs_result_destroy(result);
  OK(sqs_run_take_result(run, 1, &result, &error));
  OK(sqs_result_view(result, &view, &error));
  CHECK(view.shape[0] == 1 && value_at(&view, 0) == total);

  /* the same rows, pulled */
  CHECK(destroyed == 0);
  sqs_run_destroy(run);
  OK(sqs_run_create(pipeline, &run, &error));
  OK(sqs_run_add_pull(run, "so far", SQS_ROW_ORDER, &index, &error));
  while ((status = sqs_run_pull(run, index, &view, NULL, &error)) == SQS_OK) {
    CHECK(view.first_row == rows_pulled);
    rows_pulled += view.shape[0];
  }
  CHECK(status == SQS_END_OF_STREAM && rows_pulled == kRows);
  OK(sqs_run_digest(run, index, again, &error));
  CHECK(memcmp(digest, again, sizeof digest) == 0);

  /* any order */
  sqs_pipeline_destroy(pipeline);
  CHECK(destroyed == 1);
  sqs_run_destroy(run);
  sqs_result_destroy(result);
  CHECK(destroyed == 2);

  /* errors */
  status = sqs_run_execute(run, &error);
  CHECK(status == SQS_E_HANDLE && sqs_error_code(error) == SQS_E_HANDLE && strlen(sqs_error_message(error)) > 0);
  CHECK(sqs_error_row(error) == SQS_NONE && strcmp(sqs_error_stage(error), "") == 0);
  sqs_error_destroy(error);
  puts("every step as expected");
  return 0;
}
