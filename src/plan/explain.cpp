#include "plan/explain.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "core/words.hpp"
#include "plan/chains.hpp"
#include "plan/lints.hpp"
#include "plan/memory.hpp"
#include "plan/plan_info.hpp"
#include "plan/turn.hpp"

namespace sqs {
namespace {

const char* kind_name(Kind kind) {
  switch (kind) {
    case Kind::Frames: return "frames";
    case Kind::Windows: return "windows";
    case Kind::Map: return "map";
    case Kind::Scan: return "scan";
    case Kind::Reduce: return "reduce";
  }
  return "?";
}

// Whose rows the cache takes.
std::string cached_in_words(const Plan& plan) {
  std::string names;
  if (plan.targets.size() == 1) names = "'" + plan.graph->node(plan.targets[0].node).name() + "'";
  for (const NodeId id : plan.cached_stages) names += (names.empty() ? "'" : ", '") + plan.graph->node(id).name() + "'";
  return " for rows of " + names;
}

constexpr size_t kScheduleColumn = 4;  // of the frontier: the one that is text

const char* schedule_name(int32_t schedule) {
  constexpr const char* kNames[] = {"none", "store", "shrink", "shrink with disk", "multi", "fixed", "chain", "spill"};
  return schedule >= 0 && schedule <= SQS_SPILL ? kNames[schedule] : "?";
}

// How a run looks back.
std::string turn_in_words(const Plan& plan) {
  const TurnPlan& turn = plan.turn;
  std::string text = std::string(schedule_name(plan.info.schedule)) + ": " + count_in_words(turn.tiles()) + " tiles, " +
                     bytes_in_words(turn.tile_bytes) + " of rows each, checkpoints of " + bytes_in_words(turn.state_bytes) + "; ";
  if (turn.kind == TurnPlan::Kind::Chain) {
    text += "segments of " + count_in_words(turn.spacing) + " tiles";
    if (turn.replays_ahead) text += ", replayed by a second thread";
  } else if (turn.spills()) {
    const uint64_t kept = turn.schedule->tail_tiles();
    text += "each is evaluated once; the rows of " + count_in_words(turn.tiles() - kept) + " go to disk (" +
            bytes_in_words(disk_bytes(turn)) + "), " + count_in_words(turn.schedule->disk_segment_tiles()) +
            " at a time, and come back, those of the last " + count_in_words(kept) + " stay in memory";
  } else if (turn.schedule.has_value()) {
    text += count_in_words(turn.schedule->evaluations()) + " evaluations of tiles, at most " +
            std::to_string(turn.schedule->most_evaluations_of_a_tile()) + " of each, " +
            count_in_words(turn.schedule->states_in_memory()) + " checkpoints in memory";
    if (turn.replays_ahead) text += ", replayed by a second thread";
    if (turn.schedule->disk_states() > 0)
      text += ", " + count_in_words(turn.schedule->disk_states()) + " on disk (" + bytes_in_words(disk_bytes(turn)) + ")";
  }
  return text;
}

// What other budgets make of it: disk where there is one to use, seconds where a probe has measured what they follow from.
std::string frontier_text(const Plan& plan) {
  if (plan.frontier.empty()) return "";
  const bool disk = !plan.settings.spill_dir.empty(), seconds = plan.costs.rows_probed;
  std::vector<std::vector<std::string>> table = {{"budget", "in bytes", "rows evaluated", "recompute", "schedule"}};
  if (disk) table[0].push_back("disk");
  if (seconds) table[0].push_back("time");
  for (const FrontierPoint& point : plan.frontier) {
    table.push_back({bytes_in_words(point.budget_bytes), std::to_string(point.budget_bytes), count_in_words(point.rows_predicted),
                     fixed(point.ratio(), 2) + "x", schedule_name(point.schedule)});
    if (disk) table.back().push_back(point.disk_bytes == 0 ? "-" : bytes_in_words(point.disk_bytes));
    if (seconds) table.back().push_back(seconds_in_words(point.seconds));
  }
  std::vector<size_t> widths(table[0].size(), 0);
  for (const auto& row : table)
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  std::string out = "\nfrontier: what other budgets make of it\n";
  for (const auto& row : table) {
    std::string line;
    for (size_t c = 0; c < row.size(); ++c)
      line += "  " + (c == kScheduleColumn ? padded(row[c], c + 1 < row.size() ? widths[c] : 0) : padded_left(row[c], widths[c]));
    out += line + "\n";
  }
  return out;
}

// Why it has fewer threads than it was to have.
std::string threads_in_words(const Plan& plan) {
  if (plan.threads >= plan.settings.threads) return std::to_string(plan.threads);
  const std::string of = std::to_string(plan.threads) + " of " + std::to_string(plan.settings.threads) + " asked for: ";
  if (plan.mode == SQS_CLASSIC) return of + "classic runs on one";
  if (!plan.looks_back()) return of + "the budget holds no more";
  if (plan.turn.replays_ahead) return of + "one to look back, and one to replay";
  if (plan.turn.replayed_tiles == 0) return of + "nothing is replayed that another could do";
  if (!can_replay_ahead(plan)) return of + "stages or the source do not allow another to replay";
  return of + "with the memory for another to replay it would be no faster";
}

std::string explain_text(const Plan& plan) {
  std::string out;
  const auto line = [&](const std::string& name, const std::string& value) { out += padded(name, 14) + value + "\n"; };
  const auto counted = [](uint64_t n, const std::string& noun) { return count_in_words(n) + " " + noun + (n == 1 ? "" : "s"); };
  line("mode", mode_name(plan.mode) + " (asked: " + mode_name(plan.settings.mode) + "): " + plan.why);
  line("rows", counted(plan.targets[0].rows.count(), "row") + " of '" + plan.graph->node(plan.targets[0].node).name() + "' from " +
                   counted(plan.input.frames, "frame") + (plan.input.ended ? "" : " so far"));
  line("sweeps", count_in_words(sweeps_run(plan)) + ", tiles of " + counted(plan.tile_frames, "frame") + ", " +
                     counted(plan.tiles, "tile"));
  line("threads", threads_in_words(plan));
  line("budget", bytes_in_words(plan.budget_bytes));
  line("predicted", bytes_in_words(plan.predicted_bytes) + " at most (" + std::to_string(plan.predicted_bytes) + " bytes)");
  for (size_t m = 0; m < kMemoryClasses; ++m)
    if (plan.bytes[m] > 0) line("", padded(memory_name(static_cast<Memory>(m)), 12) + bytes_in_words(plan.bytes[m]));
  if (plan.untracked_bytes > 0)
    line("untracked", bytes_in_words(plan.untracked_bytes) + " of stages and threads, outside the budget");
  line("least budget", exact_bytes(plan.least_budget_bytes) + ", in sqrt mode");
  if (plan.predicted_seconds > 0)
    line("time", "about " + seconds_in_words(plan.predicted_seconds) + "; " + (plan.mode == SQS_CLASSIC ? "sqrt" : "classic") +
                     " about " + seconds_in_words(plan.other_mode_seconds) + " (by cost hints or probe)");
  else
    line("time", "unknown: a probe measures it");
  if (plan.mode == SQS_CLASSIC) {
    if (plan.settings.checkpoint_every > 0 || plan.settings.lru_bytes > 0)
      line("note", "checkpoint_every and lru_bytes have no effect in classic mode");
  } else {
    if (plan.checkpoint_tiles > 0) {
      std::string note = "every " + counted(plan.info.checkpoint_every, "window") + " (" + counted(plan.checkpoint_tiles, "tile") + ")";
      if (plan.settings.checkpoint_every > 0 && plan.settings.checkpoint_every < plan.info.dependency_span)
        note += ": checkpoint_every was raised to the dependency span of " + std::to_string(plan.info.dependency_span);
      line("checkpoints", note + "; for random access");
    }
    if (plan.cache_bytes > 0) line("cache", bytes_in_words(plan.cache_bytes) + cached_in_words(plan));
    if (plan.turn.kind != TurnPlan::Kind::None) line("looking back", turn_in_words(plan));
    if (plan.turn.kind == TurnPlan::Kind::Reversal && !plan.settings.spill_dir.empty())
      line("disk", plan.disk_room_bytes == 0 ? "none is used: no byte is free there"
                                             : fixed(plan.costs.disk_ns_per_byte, 2) + " ns to write a byte and read it back (" +
                                                   (plan.costs.disk_probed ? "probed" : "assumed: a probe measures it") + ")");
  }
  for (const std::string& lint : plan.lints) line("advice", lint);
  out += "\n" + padded("stage", 20) + padded("kind", 9) + padded_left("rows evaluated", 18) + padded_left("sweeps", 8) +
         padded_left("buffer", 12) + "\n";
  for (NodeId id = 0; id < plan.graph->size(); ++id) {
    const StagePlan& stage = plan.stages[id];
    if (stage.sweeps == 0) continue;
    const Node& node = plan.graph->node(id);
    const BufferPlan& buffer = plan.buffers[id];
    const std::string where = buffer.where == BufferPlan::Where::Result ? "in target"
                              : buffer.where == BufferPlan::Where::Source ? "in place" : bytes_in_words(buffer.bytes);
    out += padded(node.name(), 20) + padded(kind_name(node.decl.kind), 9) + padded_left(count_in_words(stage.rows_predicted), 18) +
           padded_left(std::to_string(stage.sweeps), 8) + padded_left(where, 12) + (plan.retains(id) ? ", kept" : "") + "\n";
  }
  return out + frontier_text(plan);
}

std::string explain_json(const Plan& plan) {
  Json j;
  j.open('{');
  j.key("mode").text(mode_name(plan.mode)).key("asked").text(mode_name(plan.settings.mode)).key("why").text(plan.why);
  j.key("sweeps").number(sweeps_run(plan)).key("tile_frames").number(plan.tile_frames).key("tiles").number(plan.tiles);
  j.key("threads").number(uint64_t{plan.threads}).key("frames").number(plan.input.frames).key("ended").boolean(plan.input.ended);
  j.key("budget_bytes").number(plan.budget_bytes).key("predicted_bytes").number(plan.predicted_bytes);
  j.key("least_budget_bytes").number(plan.least_budget_bytes).key("untracked_bytes").number(plan.untracked_bytes);
  j.key("bytes").open('{');
  for (size_t m = 0; m < kMemoryClasses; ++m) j.key(memory_name(static_cast<Memory>(m))).number(plan.bytes[m]);
  j.close('}');
  j.key("dependency_span").number(plan.info.dependency_span).key("checkpoint_every").number(plan.info.checkpoint_every);
  j.key("predicted_seconds").number(plan.predicted_seconds).key("other_mode_seconds").number(plan.other_mode_seconds);
  j.key("other_mode_bytes").number(plan.other_mode_bytes).key("rows_predicted").number(plan.rows_predicted);
  j.key("schedule").text(schedule_name(plan.info.schedule)).key("disk_bytes").number(plan.info.disk_bytes);
  j.key("disk_ns_per_byte").number(plan.costs.disk_ns_per_byte);
  j.key("turn_tiles").number(plan.info.turn_tiles).key("turn_state_bytes").number(plan.info.turn_state_bytes);
  j.key("turn_tile_bytes").number(plan.info.turn_tile_bytes).key("turn_pool_bytes").number(plan.info.turn_pool_bytes);
  j.key("rows_again").number(plan.info.rows_again).key("rows_halo").number(plan.info.rows_halo);
  j.key("frontier").open('[');
  for (const FrontierPoint& point : plan.frontier) {
    j.open('{').key("budget_bytes").number(point.budget_bytes).key("predicted_bytes").number(point.predicted_bytes);
    j.key("rows_predicted").number(point.rows_predicted).key("ratio").number(point.ratio());
    j.key("seconds").number(point.seconds).key("disk_bytes").number(point.disk_bytes);
    j.key("schedule").text(schedule_name(point.schedule)).close('}');
  }
  j.close(']').key("lints").open('[');
  for (const std::string& lint : plan.lints) j.text(lint);
  j.close(']');
  j.key("targets").open('[');
  for (const TargetPlan& t : plan.targets) {
    j.open('{').key("name").text(plan.graph->node(t.node).name()).key("first").number(t.rows.first);
    j.key("last").number(t.rows.last).key("row_bytes").number(t.row_bytes).close('}');
  }
  j.close(']').key("stages").open('[');
  for (NodeId id = 0; id < plan.graph->size(); ++id) {
    const StagePlan& stage = plan.stages[id];
    if (stage.sweeps == 0) continue;
    const Node& node = plan.graph->node(id);
    j.open('{').key("name").text(node.name()).key("kind").text(kind_name(node.decl.kind));
    j.key("rows_predicted").number(stage.rows_predicted).key("rows_distinct").number(stage.rows_distinct);
    j.key("sweeps").number(uint64_t{stage.sweeps}).key("buffer_bytes").number(plan.buffers[id].bytes);
    j.key("kept").boolean(plan.retains(id)).close('}');
  }
  j.close(']').close('}');
  return j.str();
}

}  // namespace

const char* memory_name(Memory memory) {
  constexpr const char* kNames[] = {"source", "rows", "tapes", "checkpoints", "cache", "scratch", "output", "other"};
  return kNames[static_cast<size_t>(memory)];
}

void explain(Plan& plan) {
  plan.lints = find_lints(plan);
  plan.text = explain_text(plan);
  plan.json = explain_json(plan);
}

}  // namespace sqs
