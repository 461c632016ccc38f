#include "session.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "interrupt.hpp"
#include "messages.hpp"
#include "progress.hpp"

namespace sqs::cli {
namespace {

sqs_format make_format(const Workload& workload, const InputFormat& input, const Options& options) {
  sqs_format format;
  sqs_format_init(&format, sizeof format);
  format.dtype = input.dtype;
  format.channels = input.channels;
  format.window = options.window.value_or(workload.default_window(input));
  format.hop = options.hop.value_or(workload.default_hop(input));
  format.sample_rate = input.sample_rate;
  return format;
}

RunHandle create_run(const Session& session) {
  sqs_run* run = nullptr;
  Call call;
  call.done(sqs_run_create(session.pipeline(), &run, call.error()));
  return RunHandle(run);
}

void execute(const Session& session, sqs_run* run, bool show_progress) {
  const RowRange rows = session.rows();
  Call range;
  range.done(sqs_run_set_range(run, rows.begin, rows.end, range.error()));
  ProgressLine line(session.workload().name(), show_progress);
  line.watch(run);
  const CancelOnInterrupt cancel(run);
  throw_if_interrupted();
  Call call;
  call.done(sqs_run_execute(run, call.error()));
}

std::string digest_of(const sqs_run* run, uint32_t index) {
  uint8_t bytes[16];
  Call call;
  call.done(sqs_run_digest(run, index, bytes, call.error()));
  std::string text;
  for (const uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

TargetOutcome target_outcome(const Session& session, const sqs_run* run, uint32_t index, const std::string& name,
                             uint64_t rows) {
  const sqs_stage_info info = describe(session.pipeline(), name);
  TargetOutcome outcome{name, sqs_dtype_name(info.dtype), {rows}, digest_of(run, index)};
  for (int32_t d = 0; d < info.ndim; ++d) outcome.shape.push_back(static_cast<uint64_t>(info.shape[d]));
  return outcome;
}

Outcome outcome_of(const sqs_run* run) {
  Outcome outcome;
  outcome.stats.struct_size = sizeof outcome.stats;
  Call call;
  call.done(sqs_run_stats(run, &outcome.stats, call.error()));
  outcome.report_text = sqs_run_report_text(run);
  outcome.report = nlohmann::json::parse(sqs_run_report_json(run));
  return outcome;
}

// Hands the rows of one target to the summary and counts them.
struct RowCounter {
  Summary* summary;
  size_t target;
  uint64_t rows = 0;

  static int32_t on_rows(void* user, const sqs_view* view, char*) {
    auto* self = static_cast<RowCounter*>(user);
    self->summary->rows(self->target, *view);
    self->rows += static_cast<uint64_t>(view->shape[0]);
    return 1;
  }
};

}  // namespace

Session::Session(const Options& options)
    : options_(options),
      workload_(find_workload(options.workload)),
      input_(options.input.empty() ? workload_.default_input(options) : open_file(options, workload_.dtype())),
      pipeline_(create_pipeline(make_format(workload_, input_.format, options))),
      targets_(workload_.targets(options)),
      rows_(options.rows.value_or(RowRange{0, SQS_END})) {
  forward_log(pipeline_.get());
  workload_.build(pipeline_.get(), input_.format, options);
  input_.attach(pipeline_.get());
  configure();
}

void Session::configure() const {
  sqs_settings settings;
  sqs_settings_init(&settings, sizeof settings);
  settings.mode = options_.mode;
  settings.memory_budget = options_.budget;
  settings.lru_bytes = options_.lru;
  settings.checkpoint_every = options_.checkpoint_every;
  settings.tile_frames = options_.tile_frames;
  settings.threads = options_.threads;
  Call call;
  call.done(sqs_pipeline_configure(pipeline_.get(), &settings, call.error()));
}

RowClock Session::clock(const std::string& target) const {
  const sqs_stage_info info = describe(pipeline_.get(), target);
  return {info.origin, info.step, input_.format.sample_rate};
}

std::unique_ptr<Summary> Session::summary() const {
  return workload_.summary(input_.format, options_, clock(targets_.front()));
}

void Session::probe_if_asked() const {
  if (!options_.probe) return;
  const auto names = c_strings(targets_);
  const CancelOnInterrupt cancel(pipeline_.get());
  throw_if_interrupted();
  Call call;
  call.done(sqs_pipeline_probe(pipeline_.get(), names.data(), static_cast<uint32_t>(names.size()), call.error()));
}

Outcome run_past(const Session& session, Summary& summary, bool show_progress) {
  session.probe_if_asked();
  const RunHandle run = create_run(session);
  std::vector<RowCounter> counters;
  for (size_t i = 0; i < session.targets().size(); ++i) counters.push_back({&summary, i});
  std::vector<uint32_t> indexes(counters.size());
  for (size_t i = 0; i < counters.size(); ++i) {
    Call call;
    call.done(sqs_run_add_callback(run.get(), session.targets()[i].c_str(), RowCounter::on_rows, &counters[i], nullptr,
                                   &indexes[i], call.error()));
  }
  execute(session, run.get(), show_progress);
  Outcome outcome = outcome_of(run.get());
  for (size_t i = 0; i < counters.size(); ++i)
    outcome.targets.push_back(
        target_outcome(session, run.get(), indexes[i], session.targets()[i], counters[i].rows));
  return outcome;
}

Outcome run_to_file(const Session& session, const std::string& target, const std::string& path, bool show_progress) {
  session.probe_if_asked();
  const RunHandle run = create_run(session);
  uint32_t index = 0;
  Call call;
  call.done(sqs_run_add_npy(run.get(), target.c_str(), path.c_str(), &index, call.error()));
  execute(session, run.get(), show_progress);
  Outcome outcome = outcome_of(run.get());
  const uint64_t last = std::min(session.rows().end, describe(session.pipeline(), target).rows);
  outcome.targets.push_back(target_outcome(session, run.get(), index, target, last - session.rows().begin));
  return outcome;
}

nlohmann::json to_json(const Input& input) {
  return {{"description", input.description},
          {"dtype", sqs_dtype_name(input.format.dtype)},
          {"channels", input.format.channels},
          {"frames", input.format.frames},
          {"sample_rate", input.format.sample_rate}};
}

nlohmann::json to_json(const sqs_stats& stats) {
  return {{"mode", mode_name(stats.mode)},
          {"sweeps", stats.sweeps},
          {"tiles", stats.tiles},
          {"budget_bytes", stats.budget_bytes},
          {"predicted_bytes", stats.predicted_bytes},
          {"reserved_bytes", stats.reserved_bytes},
          {"measured_bytes", stats.measured_bytes},
          {"untracked_bytes", stats.untracked_bytes},
          {"rows_predicted", stats.rows_predicted},
          {"rows_evaluated", stats.rows_evaluated},
          {"rows_from_cache", stats.rows_from_cache},
          {"rows_skipped", stats.rows_skipped},
          {"seconds", stats.seconds},
          {"rss_bytes", stats.rss_bytes},
          {"rss_peak_bytes", stats.rss_peak_bytes},
          {"minor_faults", stats.minor_faults},
          {"major_faults", stats.major_faults}};
}

nlohmann::json to_json(const TargetOutcome& target) {
  return {{"name", target.name}, {"dtype", target.dtype}, {"shape", target.shape}, {"digest", target.digest}};
}

std::string describe_input(const Input& input) {
  const InputFormat& format = input.format;
  std::string text = fmt::format("{}: {} frames of {}", input.description, format_count(format.frames),
                                 sqs_dtype_name(format.dtype));
  if (format.channels != 1) text += fmt::format(" x {} channels", format.channels);
  if (format.sample_rate > 0)
    text += fmt::format(" at {:g} Hz ({})", format.sample_rate,
                        format_seconds(static_cast<double>(format.frames) / format.sample_rate));
  return text;
}

std::string describe_target(const TargetOutcome& target) {
  std::string shape;
  for (const uint64_t size : target.shape) shape += (shape.empty() ? "" : ", ") + std::to_string(size);
  if (target.shape.size() == 1) shape += ",";
  return fmt::format("{}: {}, shape ({}), digest {}", target.name, target.dtype, shape, target.digest);
}

}  // namespace sqs::cli
