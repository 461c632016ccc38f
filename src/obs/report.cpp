#include "obs/report.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/words.hpp"
#include "plan/frontier.hpp"

namespace sqs {

std::string hex(const uint8_t digest[16]) {
  constexpr const char* kHex = "0123456789abcdef";
  std::string text;
  for (int i = 0; i < 16; ++i) {
    text += kHex[digest[i] >> 4];
    text += kHex[digest[i] & 15];
  }
  return text;
}

namespace {

// What was evaluated beside the rows that were asked for, once each, and why.
std::string causes_in_words(const sqs_stats& stats) {
  std::string text;
  const auto add = [&](uint64_t rows, const std::string& cause) {
    if (rows > 0) text += (text.empty() ? "" : ", ") + count_in_words(rows) + cause;
  };
  add(stats.rows_replayed, " by replays (" + count_in_words(stats.rows_halo) + " of them halos)");
  add(stats.rows_swept_again, " in later sweeps");
  add(stats.rows_access, " to get to the range");
  add(stats.rows_cache_lost, " that the cache has lost");
  add(stats.rows_given_up, " before the disk failed");
  return text;
}

struct Saving {
  uint64_t budget_bytes = 0;
  uint64_t percent = 0;  // of the rows of replays and later sweeps
};

// What larger budgets would spare: the first that is worth naming, and the last.
std::vector<Saving> savings_of(const Plan& plan, const sqs_stats& stats, const std::vector<FrontierPoint>& frontier) {
  const uint64_t again = stats.rows_replayed + stats.rows_swept_again;
  std::vector<Saving> savings;
  if (again == 0) return savings;
  for (const FrontierPoint& point : frontier) {
    if (plan.settings.memory_budget != 0 && point.budget_bytes <= stats.budget_bytes) continue;
    if (point.rows_predicted >= plan.rows_predicted) continue;
    const bool last = &point == &frontier.back();
    const uint64_t percent = std::min<uint64_t>(100, (plan.rows_predicted - point.rows_predicted) * 100 / again);
    if (last || (percent >= 25 && savings.empty())) savings.push_back({point.budget_bytes, percent});
  }
  return savings;
}

std::string savings_in_words(const std::vector<Saving>& savings) {
  std::string text;
  for (const Saving& saving : savings)
    text += (text.empty() ? "" : ", ") + bytes_in_words(saving.budget_bytes) + " would spare " + std::to_string(saving.percent) + " %";
  return text;
}

std::string write_text(const Plan& plan, const sqs_stats& stats, const std::vector<sqs_stage_stats>& stages,
                       const std::vector<TargetReport>& targets, const std::vector<FrontierPoint>& frontier,
                       const DiskFailure& disk_failure) {
  std::string out;
  const auto line = [&](const std::string& name, const std::string& value) { out += padded(name, 14) + value + "\n"; };
  line("mode", mode_name(stats.mode) + ": " + plan.why);
  for (const TargetReport& t : targets)
    line("target", "'" + t.name + "': " + count_in_words(t.rows) + " rows, " + bytes_in_words(t.bytes) + ", " + (t.has_digest ? "digest " + hex(t.digest) : std::string("no digest: rows came from the last to the first")));
  line("memory", "budget " + bytes_in_words(stats.budget_bytes) + ", predicted " + bytes_in_words(stats.predicted_bytes) +
                     ", reserved " + bytes_in_words(stats.reserved_bytes) + ", measured " + bytes_in_words(stats.measured_bytes) +
                     ", untracked " + bytes_in_words(stats.untracked_bytes));
  line("process", "RSS " + bytes_in_words(stats.rss_bytes) + ", peak " + bytes_in_words(stats.rss_peak_bytes) + "; page faults " +
                      count_in_words(stats.minor_faults) + " minor, " + count_in_words(stats.major_faults) + " major; I/O " +
                      bytes_in_words(stats.io_read_bytes) + " read, " + bytes_in_words(stats.io_write_bytes) + " written");
  line("source", count_in_words(stats.source_frames) + " frames, " + bytes_in_words(stats.source_bytes));
  line("rows", "predicted " + count_in_words(stats.rows_predicted) + " = evaluated " + count_in_words(stats.rows_evaluated) +
                   " + from cache " + count_in_words(stats.rows_from_cache) + " + skipped by checkpoints " +
                   count_in_words(stats.rows_skipped) +
                   (stats.rows_given_up > 0 ? " - given up " + count_in_words(stats.rows_given_up) : "") + "; " +
                   count_in_words(stats.callbacks) + " callbacks");
  line("cache", count_in_words(stats.cache_hits) + " hits, " + count_in_words(stats.cache_misses) + " misses; checkpoints " +
                    count_in_words(stats.checkpoints_saved) + " saved, " + count_in_words(stats.checkpoints_loaded) + " loaded" +
                    (stats.checkpoint_bytes > 0 ? ", " + bytes_in_words(stats.checkpoint_bytes) : ""));
  if (const std::string causes = causes_in_words(stats); !causes.empty()) line("recompute", causes);
  if (const std::string savings = savings_in_words(savings_of(plan, stats, frontier)); !savings.empty())
    line("", savings + " of replays and later sweeps");
  if (stats.disk_written_bytes > 0) {
    const std::string what = !disk_failure.cause.empty() ? "" : plan.turn.spills() ? " of rows" : " of states";
    line("disk", bytes_in_words(stats.disk_written_bytes) + what + " written, " + bytes_in_words(stats.disk_read_bytes) +
                     " read");
  }
  if (!disk_failure.cause.empty())
    line("disk failed", std::string(disk_failure.again ? "the run started again without it: " : "the run did without it: ") +
                            disk_failure.cause);
  line("time", seconds_in_words(stats.seconds) + " in " + count_in_words(stats.sweeps) + (stats.sweeps == 1 ? " sweep, " : " sweeps, ") +
                   count_in_words(stats.tiles) + " tiles");
  constexpr std::array<size_t, 5> kWidths = {16, 11, 12, 12, 12};
  const auto row = [&](const std::string& name, const std::array<std::string, 5>& cells) {
    out += padded(name, 20);
    for (size_t c = 0; c < cells.size(); ++c) out += padded_left(cells[c], kWidths[c]);
    out += "\n";
  };
  out += "\n";
  row("stage", {"evaluated", "recompute", "calls", "buffer", "time"});
  for (const sqs_stage_stats& s : stages)
    row(s.name, {count_in_words(s.rows_evaluated), fixed(s.recompute_ratio, 2) + "x", count_in_words(s.calls),
                 bytes_in_words(s.buffer_bytes), seconds_in_words(s.seconds)});
  return out;
}

std::string write_json(const Plan& plan, const sqs_stats& stats, const std::vector<sqs_stage_stats>& stages,
                       const std::vector<TargetReport>& targets, const std::vector<FrontierPoint>& frontier,
                       const DiskFailure& disk_failure) {
  Json j;
  j.open('{').key("mode").text(mode_name(stats.mode)).key("why").text(plan.why);
  j.key("seconds").number(stats.seconds).key("sweeps").number(uint64_t{stats.sweeps}).key("tiles").number(stats.tiles);
  j.key("tile_frames").number(plan.tile_frames).key("threads").number(uint64_t{plan.threads});
  j.key("memory").open('{').key("budget").number(stats.budget_bytes).key("predicted").number(stats.predicted_bytes);
  j.key("reserved").number(stats.reserved_bytes).key("measured").number(stats.measured_bytes);
  j.key("untracked").number(stats.untracked_bytes).key("rss").number(stats.rss_bytes).key("rss_peak").number(stats.rss_peak_bytes).close('}');
  j.key("page_faults").open('{').key("minor").number(stats.minor_faults).key("major").number(stats.major_faults).close('}');
  j.key("io").open('{').key("read_bytes").number(stats.io_read_bytes).key("write_bytes").number(stats.io_write_bytes).close('}');
  j.key("source").open('{').key("frames").number(stats.source_frames).key("bytes").number(stats.source_bytes).close('}');
  j.key("rows").open('{').key("predicted").number(stats.rows_predicted).key("evaluated").number(stats.rows_evaluated);
  j.key("from_cache").number(stats.rows_from_cache).key("skipped").number(stats.rows_skipped).close('}');
  j.key("recompute").open('{').key("replays").number(stats.rows_replayed).key("halos").number(stats.rows_halo);
  j.key("later_sweeps").number(stats.rows_swept_again).key("access").number(stats.rows_access);
  j.key("cache_loss").number(stats.rows_cache_lost).key("given_up").number(stats.rows_given_up).key("savings").open('[');
  for (const Saving& saving : savings_of(plan, stats, frontier))
    j.open('{').key("budget").number(saving.budget_bytes).key("percent").number(saving.percent).close('}');
  j.close(']').close('}');
  j.key("callbacks").number(stats.callbacks).key("sink_bytes").number(stats.sink_bytes);
  j.key("cache").open('{').key("hits").number(stats.cache_hits).key("misses").number(stats.cache_misses).close('}');
  j.key("checkpoints").open('{').key("saved").number(stats.checkpoints_saved).key("loaded").number(stats.checkpoints_loaded);
  j.key("bytes").number(stats.checkpoint_bytes).close('}');
  j.key("disk").open('{').key("written").number(stats.disk_written_bytes).key("read").number(stats.disk_read_bytes);
  j.key("failure").text(disk_failure.cause).key("started_again").boolean(disk_failure.again).close('}');
  j.key("targets").open('[');
  for (const TargetReport& t : targets) {
    j.open('{').key("name").text(t.name).key("rows").number(t.rows).key("bytes").number(t.bytes);
    j.key("digest").text(t.has_digest ? hex(t.digest) : "").close('}');
  }
  j.close(']').key("stages").open('[');
  for (const sqs_stage_stats& s : stages) {
    j.open('{').key("name").text(s.name).key("rows_predicted").number(s.rows_predicted);
    j.key("rows_evaluated").number(s.rows_evaluated).key("rows_from_cache").number(s.rows_from_cache);
    j.key("rows_skipped").number(s.rows_skipped).key("calls").number(s.calls).key("buffer_bytes").number(s.buffer_bytes);
    j.key("seconds").number(s.seconds).key("recompute_ratio").number(s.recompute_ratio).close('}');
  }
  j.close(']').close('}');
  return j.str();
}

}  // namespace

Report::Report(std::shared_ptr<const Plan> plan, Request request, const sqs_stats& stats, std::vector<sqs_stage_stats> stages,
               std::vector<TargetReport> targets, DiskFailure disk_failure)
    : plan_(std::move(plan)), request_(std::move(request)), stats_(stats), stages_(std::move(stages)),
      targets_(std::move(targets)), disk_failure_(std::move(disk_failure)) {}

const std::string& Report::text() const {
  std::call_once(written_, [&] { text_ = write_text(*plan_, stats_, stages_, targets_, frontier(), disk_failure_); });
  return text_;
}

const std::string& Report::json() const {
  std::call_once(written_json_, [&] { json_ = write_json(*plan_, stats_, stages_, targets_, frontier(), disk_failure_); });
  return json_;
}

// As many plans as it has points: only where there is something to spare.
const std::vector<FrontierPoint>& Report::frontier() const {
  std::call_once(frontier_found_, [&] {
    if (plan_->info.rows_again > 0) frontier_ = frontier_of(request_, *plan_);
  });
  return frontier_;
}

}  // namespace sqs
