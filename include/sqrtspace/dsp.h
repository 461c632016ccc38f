/* sqrtspace/dsp.h - ready-made stages and file sources, in a library of their own (libsqrtspace-dsp, pkg-config
 * sqrtspace-dsp) that uses the public interface of sqrtspace.h and nothing else. SPDX-License-Identifier: MIT
 *
 * It links FFTW3, which is GPL: a program shipped with this library falls under the GPL. libsqrtspace itself does not.
 */
#ifndef SQRTSPACE_DSP_H
#define SQRTSPACE_DSP_H

#include "sqrtspace/sqrtspace.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Adds a stage of a named type ("rfft", "sosfilt", ...; sqs_dsp_type_get lists them). accesses: as in
 * sqs_pipeline_add_stage, as many as the type reads: some take further ones, as "kalman" does for a measurement model that
 * changes from row to row. params: "key=value" pairs separated by spaces, lists by commas ("p=0.5,0.95"); NULL: all
 * defaults. The context axis and a row's own axes are taken together, so a type that works on windows takes "input" as well
 * as any stage read through before/after. SQS_E_NAME: unknown type; SQS_E_INVALID: unknown parameter or value out of range
 * (the message names it and the range); SQS_E_GRAPH: input shape or dtype the type cannot work on.
 * Types that look back and forth ("sosfiltfilt", "kalman_smooth", "viterbi", ...) add stages that the named one reads, as
 * "NAME.forward"; their docs say which. A refusal adds none of them. If the engine refuses a later one after all, for want of
 * memory, the message says which stages stay. */
SQS_API int32_t sqs_dsp_add(sqs_pipeline *p, const char *type, const char *name, const sqs_access *accesses,
                            uint32_t access_count, const char *params, sqs_error **err);
/* The same on one plain input, read row by row. */
SQS_API int32_t sqs_dsp_add_on(sqs_pipeline *p, const char *type, const char *name, const char *input, const char *params,
                               sqs_error **err);

/* ---------------------------------------------------------------- what there is */

typedef struct sqs_dsp_type {
  uint32_t struct_size;
  int32_t kind;                /* sqs_kind_code */
  const char *name;            /* all strings static */
  const char *doc;             /* one paragraph: what it computes, shapes, the function it agrees with */
  uint32_t param_count;
  uint32_t input_count;          /* inputs it reads at least */
  uint32_t optional_input_count; /* and how many it can be given besides; its doc says what they hold */
  uint32_t reserved;
} sqs_dsp_type;
typedef struct sqs_dsp_param {
  uint32_t struct_size;
  int32_t required;            /* 1 or 0 */
  const char *name;
  const char *type;            /* "int", "float", "float list", "choice" */
  const char *unit;            /* "Hz", "rows", "" */
  const char *default_value;   /* as text; "" if required */
  const char *range;           /* as text: "1..2^20", "hann|hamming|boxcar" */
  const char *doc;
} sqs_dsp_param;
SQS_API uint32_t sqs_dsp_type_count(void);
/* Fill struct_size first. SQS_E_RANGE past the end. */
SQS_API int32_t sqs_dsp_type_get(uint32_t index, sqs_dsp_type *out);
SQS_API int32_t sqs_dsp_param_get(uint32_t type_index, uint32_t param_index, sqs_dsp_param *out);

/* ---------------------------------------------------------------- files as input */

typedef struct sqs_file_info {
  uint32_t struct_size;
  int32_t dtype;
  uint64_t channels;
  uint64_t frame_count;
  double sample_rate;          /* 0: the file does not say */
  char container[16];          /* "wav", "flac", "rf64", "npy", "raw" */
} sqs_file_info;

/* Looks at a file. options: "key=value" pairs as above; of all files `rate` (Hz); of audio files `dtype` (f32 default, i16,
 * i32, f64); of raw files (any other suffix than .wav .flac .rf64 .w64 .npy, or `container=raw`) `dtype` (required), `channels`
 * (1), `skip` (bytes before the first frame, 0). A .npy file is one array, 1-D (frames) or 2-D (frames, channels), C order.
 * SQS_E_IO: can't be opened or read; SQS_E_FORMAT: header wrong, truncated or lying about its length (the message has the
 * byte offset). */
SQS_API int32_t sqs_dsp_file_info(const char *path, const char *options, sqs_file_info *out, sqs_error **err);
/* Makes the file the pipeline's input; dtype and channels must equal the pipeline's format. The file stays open until the
 * input is replaced or the pipeline is gone. */
SQS_API int32_t sqs_dsp_set_file(sqs_pipeline *p, const char *path, const char *options, sqs_error **err);

#ifdef __cplusplus
}
#endif
#endif
