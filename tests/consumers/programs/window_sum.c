/* The engine from C99: sums of overlapping windows, in both modes, against the sums done by hand. */
#include <sqrtspace/sqrtspace.h>

#include <stdio.h>

enum { FRAMES = 1000, WINDOW = 16, HOP = 5, WINDOWS = 1 + (FRAMES - WINDOW) / HOP };

static int64_t sum_windows(void *user, sqs_call *call) {
  const sqs_view *in = &call->inputs[0];
  float *out = (float *)call->output.data;
  uint64_t t;
  (void)user;
  for (t = 0; t < call->rows; ++t) {
    const char *row = (const char *)in->data + (int64_t)t * in->strides[0];
    float sum = 0;
    int64_t i;
    for (i = 0; i < in->shape[1]; ++i) sum += *(const float *)(const void *)(row + i * in->strides[1]);
    out[t] = sum;
  }
  return (int64_t)call->rows;
}

static int check(const sqs_result *result) {
  sqs_view view;
  int t;
  view.struct_size = sizeof view;
  if (sqs_result_view(result, &view, NULL) != SQS_OK || view.shape[0] != WINDOWS) return 0;
  for (t = 0; t < WINDOWS; ++t) {
    /* frames t*HOP .. t*HOP + WINDOW - 1, each its own number: exact in a float */
    const float expected = (float)(WINDOW * t * HOP + WINDOW * (WINDOW - 1) / 2);
    if (*(const float *)(const void *)((const char *)view.data + t * view.strides[0]) != expected) return 0;
  }
  return 1;
}

int main(void) {
  static float frames[FRAMES];
  const int32_t modes[] = {SQS_CLASSIC, SQS_SQRT};
  const char *input = "input";
  sqs_format format;
  sqs_stage stage;
  sqs_settings settings;
  sqs_pipeline *pipeline = NULL;
  sqs_error *error = NULL;
  int i, right = 1;

  for (i = 0; i < FRAMES; ++i) frames[i] = (float)i;
  sqs_format_init(&format, sizeof format);
  format.dtype = SQS_F32;
  format.window = WINDOW;
  format.hop = HOP;
  sqs_stage_init(&stage, sizeof stage);
  stage.kind = SQS_MAP;
  stage.dtype = SQS_F32;
  stage.process = sum_windows;
  sqs_settings_init(&settings, sizeof settings);
  if (sqs_pipeline_create(&format, &pipeline, &error) ||
      sqs_pipeline_add_stage_on(pipeline, "sum", &stage, &input, 1, NULL, NULL, &error) ||
      sqs_pipeline_push_samples(pipeline, frames, 1, &error) ||
      sqs_pipeline_push_samples(pipeline, frames + 1, FRAMES - 1, &error) || sqs_pipeline_end_input(pipeline, &error))
    right = 0;
  for (i = 0; i < 2 && right; ++i) {
    sqs_result *result = NULL;
    settings.mode = modes[i];
    right = sqs_pipeline_configure(pipeline, &settings, &error) == SQS_OK &&
            sqs_pipeline_evaluate(pipeline, "sum", 0, SQS_END, &result, &error) == SQS_OK && check(result);
    sqs_result_destroy(result);
  }
  printf("sqrtspace %s: %d windows, %s %s\n", sqs_version(), (int)WINDOWS, right ? "right" : "WRONG",
         sqs_error_message(error));
  sqs_error_destroy(error);
  sqs_pipeline_destroy(pipeline);
  return right ? 0 : 1;
}
