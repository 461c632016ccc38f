// What a run tells when it is over, or asked meanwhile: statistics, report, digests, result arrays.
#include <algorithm>

#include "exec/dense_view.hpp"
#include "exec/run_state.hpp"
#include "os/clock.hpp"
#include "plan/ranges.hpp"

namespace sqs {

void Run::State::count() {
  const os::MemoryUse use = os::memory_use();
  const os::PageFaults faults_now = os::page_faults();
  const os::IoCounters io_now = os::io_counters();
  stats.struct_size = sizeof stats;
  stats.mode = plan->mode;
  stats.sweeps = plan->info.sweeps;
  stats.tiles = plan->tiles;
  stats.budget_bytes = plan->budget_bytes;
  stats.predicted_bytes = std::max(given_up.predicted_bytes, plan->predicted_bytes);
  stats.reserved_bytes = std::max(given_up.reserved_bytes, shared->ledger->held());
  stats.measured_bytes = std::max(given_up.measured_bytes, plan->input.retained_bytes + shared->ledger->work_peak());
  stats.untracked_bytes = plan->untracked_bytes;
  stats.checkpoints_saved = given_up.checkpoints_saved + context.checkpoints_saved;
  stats.checkpoints_loaded = given_up.checkpoints_loaded + context.checkpoints_loaded;
  stats.checkpoint_bytes = plan->checkpoint_bytes;
  stats.cache_hits = context.cache_hits;
  stats.cache_misses = context.cache_misses;
  stats.seconds = static_cast<double>(os::monotonic_ns() - began_ns) * 1e-9;
  stats.rss_bytes = use.rss_bytes;
  stats.rss_peak_bytes = use.rss_peak_bytes;
  stats.minor_faults = faults_now.minor - faults.minor;
  stats.major_faults = faults_now.major - faults.major;
  stats.io_read_bytes = io_now.read_bytes - io.read_bytes;
  stats.io_write_bytes = io_now.written_bytes - io.written_bytes;
  stats.source_frames = given_up.of(kFramesNode).rows + counters[kFramesNode].rows();
  stats.source_bytes = stats.source_frames * plan->graph->node(kFramesNode).row_bytes;
  stats.sink_bytes = given_up.sink_bytes;
  for (size_t t = 0; t < outputs.size(); ++t) stats.sink_bytes += outputs[t]->rows() * plan->targets[t].row_bytes;
  stats.disk_written_bytes = given_up.disk_written_bytes;
  stats.disk_read_bytes = given_up.disk_read_bytes;
  for (const SpillFile& file : spill) {
    stats.disk_written_bytes += file.bytes_written();
    stats.disk_read_bytes += file.bytes_read();
  }
  count_stages();
}

// evaluated = asked for, once + replayed + swept again + access + cache loss + given up. What only replays make is theirs from
// the second time on.
void Run::State::count_causes() {
  const std::vector<StagePlan>& stages = executor->stages();
  stats.rows_replayed = stats.rows_halo = stats.rows_swept_again = stats.rows_access = stats.rows_cache_lost = 0;
  for (NodeId id = kFramesNode + 1; id < stages.size(); ++id) {
    const uint64_t again = stages[id].rows_predicted - stages[id].rows_distinct;
    const uint64_t replayed = std::min(again, stages[id].rows_replayed);
    stats.rows_replayed += replayed;
    stats.rows_halo += std::min(replayed, stages[id].rows_halo);
    stats.rows_swept_again += again - replayed;
  }
  const bool part = std::any_of(plan->targets.begin(), plan->targets.end(),
                                [&](const TargetPlan& t) { return t.rows.count() < plan->rows[t.node].out.count; });
  if (!part) return;
  const uint64_t asked = rows_asked_for(*plan, context.wanted);
  uint64_t distinct = distinct_rows(stages, plan->mode);  // less what was copied from the cache on the way, evaluated once
  for (const StageCounters& counter : counters) distinct -= counter.from_cache();
  stats.rows_access = distinct - std::min(distinct, asked);
  if (never_cached.count() < context.wanted.count())
    stats.rows_cache_lost = std::min(distinct, asked - rows_asked_for(*plan, never_cached));
}

// predicted = evaluated - given up + from cache + skipped, for each stage and in sum. The frames are listed but not summed.
void Run::State::count_stages() {
  stage_stats.clear();
  stats.callbacks = stats.rows_predicted = stats.rows_evaluated = stats.rows_from_cache = stats.rows_skipped = 0;
  stats.rows_given_up = 0;
  for (NodeId id = 0; id < plan->graph->size(); ++id) {
    if (plan->stages[id].sweeps == 0) continue;
    const Node& node = plan->graph->node(id);
    sqs_stage_stats s{};
    s.struct_size = sizeof s;
    s.kind = node.decl.kind == Kind::Frames ? 0 : static_cast<int32_t>(node.decl.kind);
    s.name = node.name().c_str();
    s.rows_predicted = plan->stages[id].rows_predicted;
    const GivenUp::Work before = given_up.of(id);
    s.rows_given_up = before.rows;
    s.rows_evaluated = before.rows + counters[id].rows();
    const uint64_t copied = counters[id].from_cache();
    s.rows_from_cache = copied + plan->stages[id].rows_predicted - after_cache[id].rows_predicted;
    s.rows_skipped = after_cache[id].rows_predicted - executor->stages()[id].rows_predicted;
    s.calls = before.calls + counters[id].calls();
    s.buffer_bytes = plan->buffers[id].bytes;
    s.seconds = static_cast<double>(before.ns + counters[id].ns()) * 1e-9;
    const uint64_t distinct = executor->stages()[id].rows_distinct - copied;
    s.recompute_ratio = distinct == 0 ? 1.0 : static_cast<double>(s.rows_evaluated) / static_cast<double>(distinct);
    stage_stats.push_back(s);
    if (id == kFramesNode) continue;
    stats.callbacks += s.calls;
    stats.rows_predicted += s.rows_predicted;
    stats.rows_evaluated += s.rows_evaluated;
    stats.rows_from_cache += s.rows_from_cache;
    stats.rows_skipped += s.rows_skipped;
    stats.rows_given_up += s.rows_given_up;
  }
  stats.stage_count = static_cast<uint32_t>(stage_stats.size());
}

void Run::State::write_report() {
  std::vector<TargetReport> targets;
  for (size_t t = 0; t < outputs.size(); ++t) {
    TargetReport told{wanted[t].name, outputs[t]->rows(), outputs[t]->rows() * plan->targets[t].row_bytes, {}};
    told.has_digest = outputs[t]->has_digest();
    if (told.has_digest) outputs[t]->digest().value(told.digest);
    targets.push_back(std::move(told));
  }
  report = std::make_shared<const Report>(plan, planned_for, stats, stage_stats, std::move(targets), disk_failure);
}

Result<sqs_stats> Run::stats() const {
  if (state_->phase == State::Phase::Building) return Error{SQS_E_STATE, "the run has not begun: there are no statistics yet"};
  if (state_->phase == State::Phase::Failed) return Error{SQS_E_STATE, "the run has failed: there are no statistics"};
  const std::lock_guard lock(state_->counting);
  if (state_->phase == State::Phase::Running) state_->count();
  return state_->stats;
}

Result<sqs_stage_stats> Run::stage_stats(uint32_t stage) const {
  SQS_TRY(stats());
  const std::lock_guard lock(state_->counting);
  if (stage >= state_->stage_stats.size())
    return Error{SQS_E_RANGE, "stage " + std::to_string(stage) + " was asked for, but the run has " +
                              std::to_string(state_->stage_stats.size()) + " stages"};
  return state_->stage_stats[stage];
}

Status Run::digest(uint32_t index, uint8_t out[16]) const {
  if (state_->phase != State::Phase::Done) return Error{SQS_E_STATE, "the digest is there when the run has succeeded"};
  if (index >= state_->outputs.size())
    return Error{SQS_E_RANGE, "target " + std::to_string(index) + " was asked for, but the run has " +
                              std::to_string(state_->outputs.size())};
  if (!state_->outputs[index]->has_digest())
    return Error{SQS_E_STATE, "target '" + state_->wanted[index].name + "' has no digest: its rows were handed out from the last to "
                              "the first; ask for them in row order", state_->wanted[index].name};
  state_->outputs[index]->digest().value(out);
  return ok();
}

const char* Run::report_text() const { return state_->report != nullptr ? state_->report->text().c_str() : ""; }
const char* Run::report_json() const { return state_->report != nullptr ? state_->report->json().c_str() : ""; }

Result<std::shared_ptr<ResultArray>> Run::take_result(uint32_t index) {
  State& s = *state_;
  if (s.phase != State::Phase::Done) return Error{SQS_E_STATE, "results can be taken when the run has succeeded"};
  if (index >= s.wanted.size())
    return Error{SQS_E_RANGE, "target " + std::to_string(index) + " was asked for, but the run has " + std::to_string(s.wanted.size())};
  if (s.wanted[index].kind != SinkKind::Array)
    return Error{SQS_E_STATE, "target '" + s.wanted[index].name + "' has no array: it went into another sink", s.wanted[index].name};
  if (s.taken[index]) return Error{SQS_E_STATE, "the result of target '" + s.wanted[index].name + "' has been taken already", s.wanted[index].name};
  const TargetPlan& target = s.plan->targets[index];
  const Node& node = s.plan->graph->node(target.node);
  auto result = std::make_shared<ResultArray>();
  result->held = s.shared->result_bytes;
  result->held->fetch_add(s.arrays[index].bytes(), std::memory_order_relaxed);
  result->memory = std::move(s.arrays[index]);
  s.taken[index] = true;
  result->view = dense_view(node, target.rows.first, target.rows.count(), result->memory.data());
  const Rows& rows = s.plan->rows[target.node].out;
  result->origin = rows.origin + static_cast<int64_t>(target.rows.first * rows.step);
  result->step = rows.step;
  result->sample_rate = s.shared->sample_rate;
  s.outputs[index]->digest().value(result->digest);
  result->stats = s.stats;
  result->report = s.report;
  return result;
}

}  // namespace sqs
