/* The stage library from C99: the bin of the loudest frequency of a tone. */
#include <sqrtspace/dsp.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FRAMES = 8192, WINDOW = 1024, HOP = 512, WINDOWS = 1 + (FRAMES - WINDOW) / HOP, BIN = 100 };

int main(void) {
  static float frames[FRAMES];
  const double pi = 3.14159265358979323846;
  sqs_format format;
  sqs_pipeline *pipeline = NULL;
  sqs_result *result = NULL;
  sqs_error *error = NULL;
  sqs_view view;
  int i, right = 1;

  for (i = 0; i < FRAMES; ++i) frames[i] = (float)sin(2 * pi * BIN * i / WINDOW);
  sqs_format_init(&format, sizeof format);
  format.dtype = SQS_F32;
  format.window = WINDOW;
  format.hop = HOP;
  memset(&view, 0, sizeof view);
  view.struct_size = sizeof view;
  if (sqs_pipeline_create(&format, &pipeline, &error) ||
      sqs_dsp_add_on(pipeline, "rfft", "spectrum", "input", "output=magnitude", &error) ||
      sqs_dsp_add_on(pipeline, "argmax", "peak", "spectrum", NULL, &error) ||
      sqs_pipeline_set_memory(pipeline, frames, FRAMES, NULL, NULL, &error) ||
      sqs_pipeline_evaluate(pipeline, "peak", 0, SQS_END, &result, &error) || sqs_result_view(result, &view, &error))
    right = 0;
  right = right && view.dtype == SQS_I32 && view.shape[0] == WINDOWS;
  for (i = 0; i < WINDOWS && right; ++i) {
    int32_t bin = 0;
    memcpy(&bin, (const char *)view.data + i * view.strides[0], sizeof bin);
    right = bin == BIN;
  }
  printf("tone in bin %d of %d windows: %s %s\n", (int)BIN, (int)WINDOWS, right ? "right" : "WRONG",
         sqs_error_message(error));
  sqs_result_destroy(result);
  sqs_error_destroy(error);
  sqs_pipeline_destroy(pipeline);
  return right ? 0 : 1;
}
