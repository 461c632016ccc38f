#include "session.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <algorithm>

#include "interrupt.hpp"
#include "messages.hpp"
#include "progress.hpp"

namespace sqs::cli {
namespace {

namespace sq = sqrtspace;

sq::Format make_format(const Workload& workload, const InputFormat& input, const Options& options) {
  sq::Format format;
  format.dtype = input.dtype;
  format.channels = input.channels;
  format.window = options.window.value_or(workload.default_window(input));
  format.hop = options.hop.value_or(workload.default_hop(input));
  format.sample_rate = input.sample_rate;
  return format;
}

std::string to_hex(const sq::Digest& digest) {
  std::string text;
  for (const uint8_t byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

Outcome outcome_of(const sq::Run& run) {
  Outcome outcome;
  outcome.stats = run.stats();
  outcome.report_text = run.report_text();
  outcome.report = nlohmann::json::parse(run.report_json());
  return outcome;
}

}  // namespace

Session::Session(const Options& options)
    : options_(options),
      workload_(find_workload(options.workload)),
      input_(options.input.empty() ? workload_.default_input(options) : open_file(options, workload_.dtype())),
      pipeline_(make_format(workload_, input_.format, options)),
      targets_(workload_.targets(options)),
      rows_(options.rows.value_or(RowRange{0, sq::to_end})) {
  forward_log(pipeline_);
  workload_.build(pipeline_, input_.format, options);
  input_.attach(pipeline_);
  configure();
}

void Session::configure() {
  sq::Settings settings;
  settings.mode = options_.mode;
  settings.memory_budget = options_.budget;
  settings.lru_bytes = options_.lru;
  settings.checkpoint_every = options_.checkpoint_every;
  settings.tile_frames = options_.tile_frames;
  settings.spill_dir = options_.spill_dir;
  settings.disk_bytes = options_.disk;
  settings.max_ratio = options_.max_ratio;
  settings.threads = options_.threads;
  pipeline_.configure(settings);
}

std::unique_ptr<Summary> Session::summary() const {
  const sq::StageInfo info = pipeline_.describe(targets_.front());
  return workload_.summary(input_.format, options_, {info.origin, info.step, input_.format.sample_rate});
}

void Session::probe_if_asked() {
  if (!options_.probe) return;
  const CancelOnInterrupt cancel(pipeline_.get());
  throw_if_interrupted();
  pipeline_.probe(targets_);
}

const std::string& Session::file_target() const {
  if (options_.target.empty()) return targets_.front();
  const auto found = std::find(targets_.begin(), targets_.end(), options_.target);
  if (found != targets_.end()) return *found;
  throw Failure(Exit::kUsage, fmt::format("{} has no result '{}', but {}", workload_.name(), options_.target,
                                          fmt::join(targets_, ", ")));
}

sq::Plan Session::plan() {
  probe_if_asked();
  sq::Run run = pipeline_.open_run();
  if (to_file()) {
    run.add_npy(file_target(), options_.output);
  } else {
    for (const std::string& target : targets_) run.add_callback(target, [](const sq::View&) {});
  }
  run.set_range(rows_.begin, rows_.end);
  return run.plan();
}

void Session::execute(sq::Run& run) {
  run.set_range(rows_.begin, rows_.end);
  ProgressLine line(workload_.name(), !options_.quiet && !options_.json);
  line.watch(run);
  const CancelOnInterrupt cancel(run.get());
  throw_if_interrupted();
  run.execute();
}

TargetOutcome Session::target_outcome(const sq::Run& run, uint32_t index, const std::string& name, uint64_t rows) const {
  const sq::StageInfo info = pipeline_.describe(name);
  TargetOutcome outcome{name, sq::name(info.dtype), {rows}, to_hex(run.digest(index))};
  for (const int64_t size : info.shape) outcome.shape.push_back(static_cast<uint64_t>(size));
  return outcome;
}

Outcome Session::run_past(Summary& summary) {
  probe_if_asked();
  sq::Run run = pipeline_.open_run();
  std::vector<uint64_t> rows(targets_.size(), 0);
  std::vector<uint32_t> indexes;
  for (size_t i = 0; i < targets_.size(); ++i) {
    indexes.push_back(run.add_callback(targets_[i], [&summary, &rows, i](const sq::View& view) {
      summary.rows(i, view);
      rows[i] += static_cast<uint64_t>(view.rows());
    }));
  }
  execute(run);
  Outcome outcome = outcome_of(run);
  for (size_t i = 0; i < targets_.size(); ++i)
    outcome.targets.push_back(target_outcome(run, indexes[i], targets_[i], rows[i]));
  return outcome;
}

Outcome Session::run_to_file() {
  const std::string& target = file_target();
  probe_if_asked();
  sq::Run run = pipeline_.open_run();
  const uint32_t index = run.add_npy(target, options_.output);
  execute(run);
  Outcome outcome = outcome_of(run);
  const uint64_t last = std::min(rows_.end, pipeline_.describe(target).rows);
  outcome.targets.push_back(target_outcome(run, index, target, last - rows_.begin));
  return outcome;
}

nlohmann::json to_json(const Input& input) {
  return {{"description", input.description},
          {"dtype", sq::name(input.format.dtype)},
          {"channels", input.format.channels},
          {"frames", input.format.frames},
          {"sample_rate", input.format.sample_rate}};
}

nlohmann::json to_json(const sqs_stats& stats) {
  return {{"mode", mode_name(static_cast<sq::Mode>(stats.mode))},
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
          {"rows_replayed", stats.rows_replayed},
          {"rows_halo", stats.rows_halo},
          {"rows_swept_again", stats.rows_swept_again},
          {"rows_access", stats.rows_access},
          {"rows_cache_lost", stats.rows_cache_lost},
          {"rows_given_up", stats.rows_given_up},
          {"disk_written_bytes", stats.disk_written_bytes},
          {"disk_read_bytes", stats.disk_read_bytes},
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
  std::string text = fmt::format("{}, {} frames of {}", input.description, format_count(format.frames),
                                 sq::name(format.dtype));
  if (format.channels != 1) text += fmt::format(" x {} channels", format.channels);
  if (format.sample_rate > 0)
    text += fmt::format(" at {:.10g} Hz ({})", format.sample_rate,
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
