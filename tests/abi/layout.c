/* Prints every constant and the layout of every struct of the public headers. Compared with layout.txt: a difference breaks
 * programs that were built before it. A struct whose fields leave a gap has a field that is missing here, which fails too. */
#include <stddef.h>
#include <stdio.h>

#include "sqrtspace/dsp.h"
#include "sqrtspace/sqrtspace.h"

static int gaps = 0;
static size_t expected_offset = 0;

static void constant(const char *name, long long value) { printf("%s %lld\n", name, value); }

static void field(const char *type, const char *name, size_t offset, size_t size) {
  printf("%s.%s %zu %zu\n", type, name, offset, size);
  if (offset != expected_offset) {
    fprintf(stderr, "gap before %s.%s: a field is missing, or padding is not declared\n", type, name);
    ++gaps;
  }
  expected_offset = offset + size;
}

static void end(const char *type, size_t size) {
  printf("%s %zu\n", type, size);
  if (size != expected_offset) {
    fprintf(stderr, "gap at the end of %s\n", type);
    ++gaps;
  }
  expected_offset = 0;
}

#define C(name) constant(#name, (long long)(name))
#define F(type, name) field(#type, #name, offsetof(type, name), sizeof(((type *)0)->name))
#define E(type) end(#type, sizeof(type))

static void constants(void) {
  C(SQS_ABI_VERSION);
  C(SQS_MAX_DIMS);
  C(SQS_MAX_VIEW_DIMS);
  C(SQS_MESSAGE_BYTES);
  C(SQS_END);
  C(SQS_NONE);
  C(SQS_ANY_TARGET);

  C(SQS_OK);
  C(SQS_PENDING);
  C(SQS_END_OF_STREAM);
  C(SQS_WOULD_BLOCK);
  C(SQS_E_INVALID);
  C(SQS_E_NULL);
  C(SQS_E_HANDLE);
  C(SQS_E_ABI);
  C(SQS_E_STATE);
  C(SQS_E_BUSY);
  C(SQS_E_REENTRANT);
  C(SQS_E_FORKED);
  C(SQS_E_NAME);
  C(SQS_E_GRAPH);
  C(SQS_E_OVERFLOW);
  C(SQS_E_RANGE);
  C(SQS_E_BUDGET);
  C(SQS_E_NO_MEMORY);
  C(SQS_E_STAGE);
  C(SQS_E_SOURCE);
  C(SQS_E_SINK);
  C(SQS_E_IO);
  C(SQS_E_FORMAT);
  C(SQS_E_NOT_ENDED);
  C(SQS_E_CANCELLED);
  C(SQS_E_CONTRACT);
  C(SQS_E_UNSUPPORTED);
  C(SQS_E_INTERNAL);

  C(SQS_U8);
  C(SQS_I8);
  C(SQS_U16);
  C(SQS_I16);
  C(SQS_U32);
  C(SQS_I32);
  C(SQS_U64);
  C(SQS_I64);
  C(SQS_F32);
  C(SQS_F64);
  C(SQS_C64);
  C(SQS_C128);

  C(SQS_MAP);
  C(SQS_SCAN);
  C(SQS_REDUCE);

  C(SQS_FORWARD);
  C(SQS_BACKWARD);

  C(SQS_CALLER_THREAD);
  C(SQS_ANY_THREAD);
  C(SQS_CONCURRENT);

  C(SQS_PURE);
  C(SQS_ONCE);

  C(SQS_VALID);
  C(SQS_ZERO);
  C(SQS_CLAMP);
  C(SQS_REFLECT);
  C(SQS_ODD);

  C(SQS_ROW_ORDER);
  C(SQS_ANY_ORDER);

  C(SQS_NO_SCHEDULE);
  C(SQS_STORE);
  C(SQS_SHRINK);
  C(SQS_SHRINK_DISK);
  C(SQS_MULTI);
  C(SQS_FIXED);
  C(SQS_CHAIN);
  C(SQS_SPILL);

  C(SQS_AUTO);
  C(SQS_CLASSIC);
  C(SQS_SQRT);

  C(SQS_LOG_DEBUG);
  C(SQS_LOG_INFO);
  C(SQS_LOG_WARNING);
  C(SQS_LOG_ERROR);
}

static void structs(void) {
  F(sqs_view, struct_size);
  F(sqs_view, dtype);
  F(sqs_view, ndim);
  F(sqs_view, reserved);
  F(sqs_view, data);
  F(sqs_view, first_row);
  F(sqs_view, shape);
  F(sqs_view, strides);
  F(sqs_view, base_rows);
  F(sqs_view, base_row_bytes);
  E(sqs_view);

  F(sqs_call, struct_size);
  F(sqs_call, input_count);
  F(sqs_call, inputs);
  F(sqs_call, output);
  F(sqs_call, first_row);
  F(sqs_call, rows);
  F(sqs_call, state);
  F(sqs_call, scratch);
  F(sqs_call, sample_rate);
  F(sqs_call, first_frame);
  F(sqs_call, frames_per_row);
  F(sqs_call, message);
  E(sqs_call);

  F(sqs_access, struct_size);
  F(sqs_access, edge);
  F(sqs_access, stage);
  F(sqs_access, before);
  F(sqs_access, after);
  F(sqs_access, stride);
  F(sqs_access, offset);
  F(sqs_access, has_offset);
  F(sqs_access, reserved);
  E(sqs_access);

  F(sqs_stage, struct_size);
  F(sqs_stage, kind);
  F(sqs_stage, direction);
  F(sqs_stage, threading);
  F(sqs_stage, purity);
  F(sqs_stage, dtype);
  F(sqs_stage, ndim);
  F(sqs_stage, extend_edge);
  F(sqs_stage, shape);
  F(sqs_stage, state_bytes);
  F(sqs_stage, saved_bytes);
  F(sqs_stage, scratch_bytes);
  F(sqs_stage, fixed_bytes);
  F(sqs_stage, lead);
  F(sqs_stage, tail);
  F(sqs_stage, crop);
  F(sqs_stage, version);
  F(sqs_stage, cost_ns_per_row);
  F(sqs_stage, process);
  F(sqs_stage, init);
  F(sqs_stage, finish);
  F(sqs_stage, fini);
  F(sqs_stage, save);
  F(sqs_stage, restore);
  E(sqs_stage);

  F(sqs_format, struct_size);
  F(sqs_format, dtype);
  F(sqs_format, channels);
  F(sqs_format, window);
  F(sqs_format, hop);
  F(sqs_format, sample_rate);
  F(sqs_format, pad_end);
  F(sqs_format, reserved);
  E(sqs_format);

  F(sqs_stage_info, struct_size);
  F(sqs_stage_info, kind);
  F(sqs_stage_info, dtype);
  F(sqs_stage_info, ndim);
  F(sqs_stage_info, shape);
  F(sqs_stage_info, row_bytes);
  F(sqs_stage_info, rows);
  F(sqs_stage_info, origin);
  F(sqs_stage_info, step);
  E(sqs_stage_info);

  F(sqs_reader, struct_size);
  F(sqs_reader, dtype);
  F(sqs_reader, channels);
  F(sqs_reader, frame_count);
  F(sqs_reader, sample_rate);
  F(sqs_reader, read);
  F(sqs_reader, threading);
  F(sqs_reader, reserved);
  E(sqs_reader);

  F(sqs_settings, struct_size);
  F(sqs_settings, mode);
  F(sqs_settings, memory_budget);
  F(sqs_settings, checkpoint_every);
  F(sqs_settings, lru_bytes);
  F(sqs_settings, threads);
  F(sqs_settings, flags);
  F(sqs_settings, tile_frames);
  F(sqs_settings, spill_dir);
  F(sqs_settings, disk_bytes);
  F(sqs_settings, max_ratio);
  F(sqs_settings, reserved);
  E(sqs_settings);

  F(sqs_plan_info, struct_size);
  F(sqs_plan_info, mode);
  F(sqs_plan_info, sweeps);
  F(sqs_plan_info, stage_count);
  F(sqs_plan_info, tile_frames);
  F(sqs_plan_info, tiles);
  F(sqs_plan_info, budget_bytes);
  F(sqs_plan_info, predicted_bytes);
  F(sqs_plan_info, least_budget_bytes);
  F(sqs_plan_info, source_bytes);
  F(sqs_plan_info, rows_bytes);
  F(sqs_plan_info, checkpoint_bytes);
  F(sqs_plan_info, cache_bytes);
  F(sqs_plan_info, scratch_bytes);
  F(sqs_plan_info, output_bytes);
  F(sqs_plan_info, other_bytes);
  F(sqs_plan_info, untracked_bytes);
  F(sqs_plan_info, dependency_span);
  F(sqs_plan_info, checkpoint_every);
  F(sqs_plan_info, predicted_seconds);
  F(sqs_plan_info, schedule);
  F(sqs_plan_info, frontier_count);
  F(sqs_plan_info, tape_bytes);
  F(sqs_plan_info, disk_bytes);
  F(sqs_plan_info, rows_predicted);
  F(sqs_plan_info, rows_again);
  F(sqs_plan_info, rows_halo);
  F(sqs_plan_info, turn_tiles);
  F(sqs_plan_info, turn_state_bytes);
  F(sqs_plan_info, turn_tile_bytes);
  F(sqs_plan_info, turn_pool_bytes);
  E(sqs_plan_info);

  F(sqs_frontier_point, struct_size);
  F(sqs_frontier_point, schedule);
  F(sqs_frontier_point, budget_bytes);
  F(sqs_frontier_point, predicted_bytes);
  F(sqs_frontier_point, disk_bytes);
  F(sqs_frontier_point, rows_predicted);
  F(sqs_frontier_point, ratio);
  F(sqs_frontier_point, predicted_seconds);
  E(sqs_frontier_point);

  F(sqs_progress, struct_size);
  F(sqs_progress, sweep);
  F(sqs_progress, sweeps);
  F(sqs_progress, reserved);
  F(sqs_progress, fraction);
  F(sqs_progress, seconds);
  F(sqs_progress, eta_seconds);
  F(sqs_progress, rows_done);
  F(sqs_progress, rows_total);
  E(sqs_progress);

  F(sqs_stats, struct_size);
  F(sqs_stats, mode);
  F(sqs_stats, sweeps);
  F(sqs_stats, stage_count);
  F(sqs_stats, tiles);
  F(sqs_stats, budget_bytes);
  F(sqs_stats, predicted_bytes);
  F(sqs_stats, reserved_bytes);
  F(sqs_stats, measured_bytes);
  F(sqs_stats, untracked_bytes);
  F(sqs_stats, rows_predicted);
  F(sqs_stats, rows_evaluated);
  F(sqs_stats, rows_from_cache);
  F(sqs_stats, rows_skipped);
  F(sqs_stats, cache_hits);
  F(sqs_stats, cache_misses);
  F(sqs_stats, checkpoints_saved);
  F(sqs_stats, checkpoints_loaded);
  F(sqs_stats, checkpoint_bytes);
  F(sqs_stats, source_frames);
  F(sqs_stats, source_bytes);
  F(sqs_stats, sink_bytes);
  F(sqs_stats, callbacks);
  F(sqs_stats, seconds);
  F(sqs_stats, rss_bytes);
  F(sqs_stats, rss_peak_bytes);
  F(sqs_stats, minor_faults);
  F(sqs_stats, major_faults);
  F(sqs_stats, io_read_bytes);
  F(sqs_stats, io_write_bytes);
  F(sqs_stats, disk_written_bytes);
  F(sqs_stats, disk_read_bytes);
  F(sqs_stats, rows_replayed);
  F(sqs_stats, rows_halo);
  F(sqs_stats, rows_swept_again);
  F(sqs_stats, rows_access);
  F(sqs_stats, rows_cache_lost);
  F(sqs_stats, rows_given_up);
  E(sqs_stats);

  F(sqs_stage_stats, struct_size);
  F(sqs_stage_stats, kind);
  F(sqs_stage_stats, name);
  F(sqs_stage_stats, rows_predicted);
  F(sqs_stage_stats, rows_evaluated);
  F(sqs_stage_stats, rows_from_cache);
  F(sqs_stage_stats, rows_skipped);
  F(sqs_stage_stats, calls);
  F(sqs_stage_stats, buffer_bytes);
  F(sqs_stage_stats, seconds);
  F(sqs_stage_stats, recompute_ratio);
  F(sqs_stage_stats, rows_given_up);
  E(sqs_stage_stats);

  F(sqs_dsp_type, struct_size);
  F(sqs_dsp_type, kind);
  F(sqs_dsp_type, name);
  F(sqs_dsp_type, doc);
  F(sqs_dsp_type, param_count);
  F(sqs_dsp_type, input_count);
  F(sqs_dsp_type, optional_input_count);
  F(sqs_dsp_type, reserved);
  E(sqs_dsp_type);

  F(sqs_dsp_param, struct_size);
  F(sqs_dsp_param, required);
  F(sqs_dsp_param, name);
  F(sqs_dsp_param, type);
  F(sqs_dsp_param, unit);
  F(sqs_dsp_param, default_value);
  F(sqs_dsp_param, range);
  F(sqs_dsp_param, doc);
  E(sqs_dsp_param);

  F(sqs_file_info, struct_size);
  F(sqs_file_info, dtype);
  F(sqs_file_info, channels);
  F(sqs_file_info, frame_count);
  F(sqs_file_info, sample_rate);
  F(sqs_file_info, container);
  E(sqs_file_info);
}

int main(void) {
  constants();
  structs();
  return gaps == 0 ? 0 : 1;
}
