// sqs_pipeline: its life, its settings, and evaluating one target in one call. Its graph is in graph_c.cpp, its input in
// input_c.cpp.
#include "arguments.hpp"
#include "guard.hpp"
#include "objects.hpp"
#include "structs.hpp"

using namespace sqs;
using namespace sqs::capi;

namespace {

Result<Format> to_format(const sqs_format* from) {
  SQS_TRY_ASSIGN(const sqs_format format, read_struct(from));
  SQS_TRY(is_dtype(format.dtype, "sqs_format.dtype"));
  SQS_TRY(is_positive_or_zero(format.sample_rate, "sqs_format.sample_rate"));
  SQS_TRY(is_flag(format.pad_end, "sqs_format.pad_end"));
  SQS_TRY(is_zero(format.reserved, "sqs_format.reserved"));
  return Format{.dtype = format.dtype,
                .channels = format.channels == 0 ? 1 : format.channels,
                .window = format.window,
                .hop = format.hop,
                .sample_rate = format.sample_rate,
                .pad_end = format.pad_end == 1};
}

Result<Settings> to_settings(const sqs_settings* from) {
  SQS_TRY_ASSIGN(const sqs_settings settings, read_struct(from));
  SQS_TRY(in_enum(settings.mode, SQS_AUTO, SQS_SQRT, "sqs_settings.mode", "sqs_mode_code"));
  SQS_TRY(is_zero(settings.flags, "sqs_settings.flags"));
  SQS_TRY(is_zero(settings.reserved, "sqs_settings.reserved"));
  return Settings{.mode = settings.mode,
                  .memory_budget = settings.memory_budget,
                  .checkpoint_every = settings.checkpoint_every,
                  .lru_bytes = settings.lru_bytes,
                  .threads = settings.threads == 0 ? 1 : settings.threads,
                  .tile_frames = settings.tile_frames,
                  .spill_dir = settings.spill_dir == nullptr ? "" : settings.spill_dir,
                  .disk_bytes = settings.disk_bytes,
                  .max_ratio = settings.max_ratio};
}

sqs_settings from_settings(const Settings& settings) {
  sqs_settings to = {};
  to.mode = settings.mode;
  to.memory_budget = settings.memory_budget;
  to.checkpoint_every = settings.checkpoint_every;
  to.lru_bytes = settings.lru_bytes;
  to.threads = settings.threads;
  to.tile_frames = settings.tile_frames;
  to.spill_dir = settings.spill_dir.empty() ? nullptr : settings.spill_dir.c_str();
  to.disk_bytes = settings.disk_bytes;
  to.max_ratio = settings.max_ratio;
  return to;
}

}  // namespace

// ---------------------------------------------------------------- life

int32_t sqs_format_init(sqs_format* format, uint64_t size) { return init_struct(format, size); }

int32_t sqs_pipeline_create(const sqs_format* format, sqs_pipeline** out, sqs_error** err) {
  if (out != nullptr) *out = nullptr;
  return guarded(err, [&]() -> Status {
    SQS_TRY(require(out, "out"));
    SQS_TRY_ASSIGN(const Format taken, to_format(format));
    return create(out, [&](PipelineObject& pipeline) -> Status {
      SQS_TRY_ASSIGN(std::shared_ptr<Pipeline> engine, Pipeline::create(taken));
      pipeline.hold(std::move(engine));
      return ok();
    });
  });
}

void sqs_pipeline_destroy(sqs_pipeline* p) { destroy(p); }

// ---------------------------------------------------------------- settings

int32_t sqs_settings_init(sqs_settings* settings, uint64_t size) { return init_struct(settings, size); }

int32_t sqs_pipeline_configure(sqs_pipeline* p, const sqs_settings* settings, sqs_error** err) {
  return guarded(err, [&]() -> Status {
    SQS_TRY_ASSIGN(auto pipeline, enter(p));
    SQS_TRY_ASSIGN(const Settings taken, to_settings(settings));
    return pipeline->engine().configure(taken);
  });
}

int32_t sqs_pipeline_settings(const sqs_pipeline* p, sqs_settings* out, sqs_error** err) {
  return guarded(err, [&]() -> Status {
    SQS_TRY_ASSIGN(auto pipeline, enter(p));
    SQS_TRY_ASSIGN(const auto filled, OutStruct<sqs_settings>::of(out));
    filled.fill(from_settings(pipeline->engine().settings()));
    return ok();
  });
}

int32_t sqs_pipeline_set_log(sqs_pipeline* p, sqs_log_fn fn, void* user, sqs_destroy_fn destroy, sqs_error** err) {
  return guarded(err, [&]() -> Status {
    User owner = own(user, destroy);
    SQS_TRY_ASSIGN(auto pipeline, enter(p));
    pipeline->engine().set_log({.fn = fn, .user = std::move(owner)});
    return ok();
  });
}

int32_t sqs_pipeline_trim(sqs_pipeline* p, sqs_error** err) {
  return guarded(err, [&]() -> Status {
    SQS_TRY_ASSIGN(auto pipeline, enter(p));
    return pipeline->engine().trim();
  });
}

// ---------------------------------------------------------------- evaluate

int32_t sqs_pipeline_evaluate(sqs_pipeline* p, const char* target, uint64_t t0, uint64_t t1, sqs_result** out,
                              sqs_error** err) {
  if (out != nullptr) *out = nullptr;
  return guarded(err, [&]() -> Status {
    SQS_TRY_ASSIGN(auto pipeline, enter(p));
    SQS_TRY(require(out, "out"));
    SQS_TRY_ASSIGN(const std::string name, stage_name(target, "target"));
    return create(out, [&](ResultObject& result) -> Status {
      SQS_TRY_ASSIGN(result.array, pipeline->engine().evaluate(name, t0, t1));
      return ok();
    });
  });
}

int32_t sqs_pipeline_cancel(const sqs_pipeline* p) { return cancel(p); }

int32_t sqs_pipeline_probe(sqs_pipeline* p, const char* const* targets, uint32_t target_count, sqs_error** err) {
  return guarded(err, [&]() -> Status {
    SQS_TRY_ASSIGN(auto pipeline, enter(p));
    SQS_TRY_ASSIGN(const std::vector<std::string> names, stage_names(targets, target_count, "targets"));
    return pipeline->engine().probe(names);
  });
}

int32_t sqs_pipeline_verify(sqs_pipeline* p, const char* target, uint64_t t0, uint64_t t1, sqs_error** err) {
  return guarded(err, [&]() -> Status {
    SQS_TRY_ASSIGN(auto pipeline, enter(p));
    SQS_TRY_ASSIGN(const std::string name, stage_name(target, "target"));
    return pipeline->engine().verify(name, t0, t1);
  });
}
