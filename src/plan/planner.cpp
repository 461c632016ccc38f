#include "plan/planner.hpp"

#include <algorithm>

#include "core/wide.hpp"
#include "core/words.hpp"
#include "plan/chains.hpp"
#include "plan/memory.hpp"
#include "plan/plan_info.hpp"
#include "plan/ranges.hpp"
#include "plan/retention.hpp"
#include "plan/run_time.hpp"
#include "plan/sweeps.hpp"
#include "plan/tile_span.hpp"
#include "plan/turn.hpp"

namespace sqs {
namespace {

constexpr uint32_t kLongBatchTiles = 32;  // per thread
constexpr uint64_t kCheckpointBytes = uint64_t{4} << 20;
constexpr uint64_t kCheckpointSlots = 256;
constexpr uint64_t kThreadBytes = 16 * 1024;           // what a thread touches of its stack, and keeps besides
constexpr uint64_t kPageBytes = 4096;                 // an array takes whole ones
constexpr double kAlike = 1.04;                       // predictions do not tell times closer than this apart: the smaller mode is taken
constexpr uint64_t kLeastCacheBytes = 16 * 1024;  // less is not worth looking things up in

std::string in_bytes(uint64_t bytes) { return bytes == UINT64_MAX ? "more than 2^64 bytes" : exact_bytes(bytes); }

class Planner {
 public:
  explicit Planner(const Request& request) : request_(request), graph_(*request.graph) {}

  Result<std::shared_ptr<const Plan>> make() {
    SQS_TRY(start());
    SQS_TRY(set_targets());
    SQS_TRY(refuse_unended());
    set_outputs();
    without_sweeps_ = plan_;
    lay_out({});
    SQS_TRY(choose());
    finish();
    return std::shared_ptr<const Plan>(std::make_shared<Plan>(std::move(plan_)));
  }

 private:
  Status start() {
    plan_.graph = request_.graph;
    plan_.settings = request_.settings;
    plan_.input = request_.input;
    plan_.costs = request_.costs;
    plan_.costs.ns_per_row.resize(graph_.size());
    for (NodeId id = 0; id < graph_.size(); ++id) plan_.costs.ns_per_row[id] = cost_of(graph_, request_.costs, id);
    plan_.budget_bytes = request_.budget_bytes;
    plan_.disk_room_bytes = request_.disk_bytes;
    std::vector<NodeId> targets;
    for (const TargetRequest& t : request_.targets) targets.push_back(t.node);
    wanted_ = graph_.ancestors(targets);
    SQS_TRY_ASSIGN(plan_.rows, graph_.rows(request_.input.frames, request_.input.ended, wanted_));
    plan_.stages.resize(graph_.size());
    return ok();
  }

  Status set_targets() {
    for (const TargetRequest& t : request_.targets) {
      TargetPlan target;
      target.node = t.node;
      target.sink = t.sink;
      target.any_order = t.any_order;
      target.direct = t.direct && (t.sink == SinkKind::Array || t.sink == SinkKind::Buffer);
      target.row_bytes = graph_.node(t.node).row_bytes;
      plan_.targets.push_back(target);
    }
    const NodeId first = plan_.targets[0].node;
    const Rows rows = plan_.rows[first].out;
    const std::string& name = graph_.node(first).name();
    const uint64_t t1 = request_.t1 == SQS_END ? rows.count : request_.t1;
    if (request_.t0 > t1 || t1 > rows.count)
      return Error{SQS_E_RANGE, "rows [" + std::to_string(request_.t0) + ", " + std::to_string(t1) + ") of stage '" + name +
                                "' were asked for, but it has " + std::to_string(rows.count) + " rows", name};
    const bool all = request_.t0 == 0 && t1 == rows.count;
    for (TargetPlan& target : plan_.targets) {
      const Rows& r = plan_.rows[target.node].out;
      target.rows = all || rows.global() || r.global() ? Range{0, r.count} : covered(rows, request_.t0, t1, r);
    }
    plan_.targets[0].rows = {request_.t0, t1};
    return ok();
  }

  // Rows of another target that start in the frames that rows [t0, t1) of the first cover.
  static Range covered(const Rows& rows, uint64_t t0, uint64_t t1, const Rows& other) {
    const auto at = [&](uint64_t t) {
      const Wide frame = static_cast<Wide>(t) * static_cast<Wide>(rows.step) + rows.origin;
      const Wide row = ceil_div(frame - other.origin, static_cast<Wide>(other.step));
      return static_cast<uint64_t>(std::clamp<Wide>(row, 0, static_cast<Wide>(other.count)));
    };
    const uint64_t first = t0 == 0 ? 0 : at(t0);
    const uint64_t last = t1 == rows.count ? other.count : at(t1);
    return {first, std::max(first, last)};
  }

  Status refuse_unended() const {
    for (NodeId id = 0; id < graph_.size(); ++id) {
      const Node& node = graph_.node(id);
      const bool needs_end = node.decl.kind == Kind::Reduce || (node.decl.backward && !node.global());
      if (!wanted_[id] || !needs_end || !plan_.rows[id].domain.open) continue;
      return Error{SQS_E_NOT_ENDED, "stage '" + node.name() + "' needs the end of its input, but the input has not been "
                                    "ended: call sqs_pipeline_end_input() after the last push", node.name()};
    }
    return ok();
  }

  void set_outputs() {
    Size bytes;
    for (TargetPlan& t : plan_.targets) {
      if (t.sink != SinkKind::Array) continue;
      const uint64_t rows = (Size(t.rows.count()) * t.row_bytes).saturated();
      t.output_bytes = (Size(rows / kPageBytes + (rows % kPageBytes != 0 ? 1 : 0)) * kPageBytes).saturated();
      bytes += Size(t.output_bytes) + kBesideResult;
    }
    output_bytes_ = bytes + request_.held.result_bytes;

    plan_.bytes[static_cast<size_t>(Memory::Output)] = output_bytes_.saturated();
  }

  // What a run holds besides its arena, whatever the mode.
  Size outside() const { return output_bytes_ + request_.input.retained_bytes + request_.held.known_bytes; }

  // The sweeps of a run that keeps certain rows, from the beginning.
  void lay_out(const std::vector<bool>& retained) {
    plan_ = without_sweeps_;
    plan_.retained = retained;
    lay_out_sweeps(plan_, request_.held.global_known);
    set_chains(plan_);
    set_ranges(plan_, [](NodeId, uint64_t) { return uint64_t{0}; });
    count_rows(plan_);
  }

  // ---- the two ways

  Size tiled_bytes(const Shape& shape) { return lay_out_tiled(plan_, shape) + outside(); }
  Size whole_bytes() {
    set_leads(plan_, tile_frames_auto_);
    plan_.threads = 1;
    plan_.batch_tiles = 1;
    return lay_out_whole(plan_) + outside();
  }

  Status choose() {
    tile_frames_auto_ = preferred_tile(plan_);
    find_least();
    without_sweeps_.least_budget_bytes = plan_.least_budget_bytes;
    const Size classic = whole_bytes();
    classic_bytes_ = classic.saturated();
    classic_reread_bytes_ = classic_reread_bytes(plan_);
    // Whole-stream rows of an earlier run spare sqrt a sweep; classic computes everything.
    const auto& known = request_.held.global_known;
    const bool spared = std::any_of(known.begin(), known.end(), [](bool k) { return k; });
    plan_.uses_known = without_sweeps_.uses_known = spared;
    const bool classic_fits = !spared && !classic.overflowed() && classic_bytes_ <= plan_.budget_bytes;
    const bool sqrt_fits = find_shape();
    if (sqrt_fits) keep_rows();
    estimate_seconds(sqrt_fits);
    const int32_t asked = request_.settings.mode;
    if (asked == SQS_CLASSIC && !classic_fits) return over_budget("classic needs " + in_bytes(classic_bytes_));
    if (asked == SQS_SQRT && !sqrt_fits) return over_budget("");
    if (!classic_fits && !sqrt_fits) return over_budget("");
    if (asked == SQS_CLASSIC || (asked == SQS_AUTO && !sqrt_fits)) return use_classic(asked == SQS_CLASSIC ? "asked for" : "sqrt does not fit the budget, classic does");
    if (asked == SQS_SQRT) return use_sqrt("asked for");
    if (spared) return use_sqrt("whole-stream rows of an earlier run are there, which spares a sweep");
    if (!classic_fits)
      return use_sqrt("classic needs " + in_bytes(classic_bytes_) + ", more than the budget");
    const bool alike = classic_seconds_ <= sqrt_seconds_ * kAlike && sqrt_seconds_ <= classic_seconds_ * kAlike;
    if (alike && sqrt_bytes_.saturated() < classic_bytes_)
      return use_sqrt("it takes less memory and about the same time");
    if (alike || classic_seconds_ < sqrt_seconds_)
      return use_classic("it fits the budget and saving memory would not make the run faster");
    return use_sqrt("it is faster: classic would write " + in_bytes(classic_bytes_) + " of fresh memory");
  }

  Error over_budget(const std::string& why) {
    const std::string what = why.empty() ? "the least this pipeline works in is " : why + "; the least sqrt works in is ";
    const bool arrays = std::any_of(plan_.targets.begin(), plan_.targets.end(),
                                    [](const TargetPlan& target) { return target.sink == SinkKind::Array; });
    return Error{SQS_E_BUDGET, "the memory budget of " + in_bytes(plan_.budget_bytes) + " is too small: " + what +
                               in_bytes(plan_.least_budget_bytes) + held_note() + fewer_evaluations_note() + "; raise memory_budget" +
                               (arrays ? ", or stream the targets instead of asking for arrays" : "")};
  }

  std::string held_note() const {
    std::string note;
    if (request_.input.retained_bytes > 0)
      note += ", " + in_bytes(request_.input.retained_bytes) + " of which hold pushed frames";
    if (request_.held.result_bytes > 0)
      note += ", " + in_bytes(request_.held.result_bytes) + " of which are results not yet destroyed";
    return note;
  }

  // In the least budget a tile may be evaluated many times.
  std::string fewer_evaluations_note() {
    if (plan_.turn.kind != TurnPlan::Kind::Reversal) return "";
    std::string note;
    const uint32_t asked = plan_.settings.max_ratio;
    uint64_t former = plan_.least_budget_bytes;
    for (const uint32_t times : {3u, 2u}) {
      plan_.settings.max_ratio = times;
      const uint64_t least = least_budget();
      if (least > former && least != UINT64_MAX && (asked == 0 || times < asked))
        note += (note.empty() ? " (with every tile evaluated at most " : ", ") + std::to_string(times) + " times " + in_bytes(least);
      former = std::max(former, least);
    }
    plan_.settings.max_ratio = asked;
    return note + (note.empty() ? "" : ")");
  }

  // ---- tile span and threads

  void find_least() {
    plan_.least_budget_bytes = request_.least_budget_bytes != 0 ? request_.least_budget_bytes : least_budget();
  }

  uint64_t least_budget() {
    uint64_t least = UINT64_MAX;
    for (const uint64_t frames : tile_spans(plan_, tile_frames_auto_)) {
      const Size bytes = tiled_bytes({frames, 1, 1, false});
      if (bytes.saturated() >= least) continue;
      const std::optional<uint64_t> pool = least_turn_pool(plan_, request_.disk_bytes, least - bytes.saturated());
      if (pool.has_value()) least = bytes.saturated() + *pool;
    }
    return least;
  }

  // Smaller tiles leave more of the budget to what is kept for looking back, but cost more calls: the span that takes least time.
  // A second thread needs a few tiles more.
  bool find_shape_looking_back() {
    double least_ns = 0;
    bool found = false;
    const auto attempt = [&](const Shape& shape) {
      const Size bytes = tiled_bytes(shape);
      if (bytes.overflowed() || bytes.saturated() > plan_.budget_bytes) return false;
      const uint64_t pool_bytes = plan_.budget_bytes - bytes.saturated();
      count_rows(plan_);
      const double least_replays_ns = request_.disk_bytes == 0 ? least_replay_ns(plan_, pool_bytes) : 0;
      if (found && sqrt_ns(plan_) + least_replays_ns >= least_ns) return false;  // whatever the schedule
      if (!schedule_turn(plan_, pool_bytes, request_.disk_bytes)) return false;
      estimate_replays(plan_);
      const double ns = sqrt_ns(plan_);
      if (found && ns >= least_ns) return true;
      found = true;
      least_ns = ns;
      shape_ = shape;
      pool_bytes_ = plan_.turn.pool_bytes;
      return true;
    };
    for (const uint64_t frames : tile_spans(plan_, tile_frames_auto_)) {
      const double turning_frames = static_cast<double>(plan_.turn.tiles()) * static_cast<double>(plan_.tile_frames);
      const double overhead_ns = tile_overhead_ns(plan_.sweeps[plan_.turn.sweep]) * turning_frames / static_cast<double>(frames);
      if (found && overhead_ns > least_ns) break;  // nor are smaller ones faster
      if (attempt({frames, 1, 1, false}) && plan_.turn.replayed_tiles == 0 && plan_.turn.disk.empty()) break;
      if (request_.settings.threads > 1 && can_replay_ahead(plan_)) attempt({frames, 2, 1, false, true});
    }
    if (!found) return false;
    Shape roomy = shape_;
    roomy.roomy = true;
    const Size bytes = tiled_bytes(roomy) + pool_bytes_;
    if (!bytes.overflowed() && bytes.saturated() <= plan_.budget_bytes) shape_ = roomy;
    return true;
  }

  // Rows that several sweeps read, as far as the budget allows. Where nothing looks back that must be one that was asked for: what
  // sqrt takes otherwise does not grow with the stream.
  void keep_rows() {
    const bool back = plan_.looks_back();
    if (!back && request_.settings.memory_budget == 0) return;
    const std::vector<NodeId> candidates = worth_keeping(plan_);
    if (candidates.empty()) return;
    const Shape shape = shape_;
    const auto outlay = [&](const std::vector<bool>& retained) {
      lay_out(retained);
      Outlay made;
      made.run_bytes = tiled_bytes(shape).saturated();
      for (NodeId id = 0; id < graph_.size(); ++id)
        if (retained[id]) made.kept_bytes += plan_.buffers[id].bytes;
      if (back && (made.run_bytes > plan_.budget_bytes || !schedule_turn(plan_, plan_.budget_bytes - made.run_bytes, request_.disk_bytes)))
        return Outlay{0, made.kept_bytes, UINT64_MAX};
      if (back) {
        count_rows(plan_);
        estimate_replays(plan_);
        made.run_bytes += plan_.turn.pool_bytes;
      }
      made.ns = sqrt_ns(plan_) + reread_kept_ns(plan_) + static_cast<double>(made.kept_bytes) * request_.costs.fresh_ns_per_byte(made.run_bytes);
      return made;
    };
    const Retention chosen = choose_retained(graph_.size(), candidates, plan_.budget_bytes, outlay);
    without_sweeps_.next_budget_bytes = back ? 0 : chosen.next_budget_bytes;
    lay_out(chosen.retained);
    if (back && !chosen.retained.empty() && !find_shape_looking_back()) lay_out({});  // in the shape found before
  }

  // Lays the chosen shape out again; what it takes.
  Size settle_shape() {
    const Size total = tiled_bytes(shape_);
    (void)schedule_turn(plan_, pool_bytes_, request_.disk_bytes);
    count_rows(plan_);
    count_replays(plan_);
    plan_.bytes[static_cast<size_t>(Memory::Tapes)] += plan_.turn.pool_bytes;
    return total + plan_.turn.pool_bytes;
  }

  // The largest span, then the most threads, then the roomiest buffers that fit.
  bool find_shape() {
    if (plan_.looks_back()) return find_shape_looking_back();
    const uint32_t most = request_.settings.threads;
    const auto fits = [&](const Shape& shape) {
      const Size bytes = tiled_bytes(shape);
      if (bytes.overflowed() || bytes.saturated() > plan_.budget_bytes) return false;
      shape_ = shape;
      return true;
    };
    for (const uint64_t frames : tile_spans(plan_, tile_frames_auto_))
      for (uint32_t threads = most; threads >= 1; threads /= 2) {
        if (threads == 1) {
          if (!fits({frames, 1, 1, false})) break;
          fits({frames, 1, 1, true});
          return true;
        }
        // Threads wait for each other at the end of a batch. Where all rows belong to one of them, a long batch takes no more
        // memory; else short tiles, of which the last can be cut up, make that wait small.
        const uint32_t long_batch = kLongBatchTiles * threads;
        if (fits({frames, threads, long_batch, false}) && !shares_rows(plan_)) return true;
        uint64_t shorter = frames;
        if (request_.settings.tile_frames == 0) {
          const uint64_t unit = unit_frames(plan_);
          const uint64_t units = std::max<uint64_t>(1, frames / 4 / unit);
          shorter = (units >= 4 ? units / 4 * 4 : units) * unit;
        }
        for (const uint32_t per_thread : {8u, 4u, 2u, 1u}) {
          if (!fits({shorter, threads, threads * per_thread, false})) continue;
          fits({shorter, threads, threads * per_thread, true});
          return true;
        }
      }
    return false;
  }

  // ---- time

  // Both orders pay for their stages and for the first touch of their arena; sqrt evaluates some rows again instead of keeping
  // them, and classic gets from memory what it kept.
  void estimate_seconds(bool sqrt_fits) {
    double once = 0;
    if (sqrt_fits) sqrt_bytes_ = settle_shape();
    const double again = sqrt_ns(plan_);
    for (NodeId id = 0; id < graph_.size(); ++id)
      once += cost_of(graph_, request_.costs, id) * static_cast<double>(plan_.stages[id].rows_spanned);
    const double reread = request_.costs.reread_ns_per_byte * static_cast<double>(classic_reread_bytes_);
    sqrt_seconds_ = (again + fresh_ns(sqrt_bytes_.saturated()) + reread_kept_ns(plan_)) * 1e-9;
    classic_seconds_ = (once + fresh_ns(classic_bytes_) + reread) * 1e-9;
  }

  // Guesses serve to compare plans, but are not told.
  void tell_seconds(double chosen, double other) {
    if (!costs_known(plan_, request_.costs)) return;
    plan_.predicted_seconds = chosen;
    plan_.other_mode_seconds = other;
  }

  // The first touch of all that a mode takes but what is there before the run.
  double fresh_ns(uint64_t bytes) const {
    const uint64_t held = outside().saturated();
    return request_.costs.fresh_ns(bytes > held ? bytes - held : 0);
  }

  // ---- settling

  Status use_classic(const std::string& why) {
    if (!plan_.retained.empty()) lay_out({});
    plan_.mode = SQS_CLASSIC;
    plan_.why = why;
    const Size total = whole_bytes();
    plan_.arena_bytes = total.saturated() - outside().saturated();
    for (StagePlan& stage : plan_.stages) {  // every row once, whatever the sweeps
      stage.rows_predicted = stage.rows_distinct = stage.rows_spanned;
      stage.rows_replayed = stage.rows_halo = 0;
      stage.sweeps = std::min(stage.sweeps, 1u);
    }
    plan_.turn = {};
    plan_.drop_held_checkpoints = request_.held.checkpoint_bytes > 0;
    plan_.drop_held_cache = request_.held.cache_bytes > 0;
    plan_.predicted_bytes = total.saturated();
    tell_seconds(classic_seconds_, sqrt_seconds_);
    plan_.other_mode_bytes = sqrt_bytes_.saturated() > 0 ? sqrt_bytes_.saturated() : plan_.least_budget_bytes;
    return ok();
  }

  Status use_sqrt(const std::string& why) {
    plan_.mode = SQS_SQRT;
    plan_.why = why;
    const Size total = sqrt_bytes_;
    plan_.arena_bytes = total.saturated() - outside().saturated();
    plan_.predicted_bytes = total.saturated();
    add_checkpoints();
    add_cache();
    tell_seconds(sqrt_seconds_, classic_seconds_);
    plan_.other_mode_bytes = classic_bytes_;
    return ok();
  }

  uint64_t room() const { return plan_.budget_bytes - plan_.predicted_bytes; }

  void charge(Memory kind, uint64_t bytes) {
    plan_.bytes[static_cast<size_t>(kind)] = bytes;
    plan_.predicted_bytes += bytes;
  }

  // Access checkpoints: a share of the budget that depends on the states alone, taken only if there is room.
  void add_checkpoints() {
    uint64_t record = 0;
    for (NodeId id = 0; id < graph_.size(); ++id) {
      const StageDecl& decl = graph_.node(id).decl;
      if (decl.kind != Kind::Scan || decl.once || graph_.node(id).global()) continue;
      record += 8 + (decl.save != nullptr ? decl.saved_bytes + 8 : decl.state_bytes);
    }
    const uint64_t held = request_.held.checkpoint_bytes;
    uint64_t bytes = record == 0 ? 0 : aligned(std::min(kCheckpointSlots * record, std::max(kCheckpointBytes, 2 * record))).saturated();
    if (held > 0) bytes = held;
    if (bytes == 0) return;
    if (plan_.looks_back() || bytes > room() || (held == 0 && bytes > plan_.budget_bytes / 8)) {
      plan_.drop_held_checkpoints = held > 0;
      return;
    }
    plan_.checkpoint_bytes = bytes;
    charge(Memory::Checkpoints, bytes);
    const uint64_t every = request_.settings.checkpoint_every;
    if (every == 0) {
      plan_.checkpoint_tiles = 16;
      return;
    }
    const uint64_t windows = std::max(every, dependency_span(graph_));
    const Wide frames = static_cast<Wide>(windows) * static_cast<Wide>(graph_.format().hop);
    plan_.checkpoint_tiles = static_cast<uint64_t>(
        std::clamp<Wide>(ceil_div(frames, static_cast<Wide>(plan_.tile_frames)), 1, Wide{1} << 40));
  }

  // A cache serves repeated and overlapping ranges; a whole pass would only flood it.
  void add_cache() {
    const uint64_t held = request_.held.cache_bytes;
    const uint64_t asked = request_.settings.lru_bytes;
    if (asked == SQS_NONE) return;
    const std::vector<NodeId> dear = dear_stages();
    if (held > 0) {
      plan_.drop_held_cache = held > room();
      if (!plan_.drop_held_cache) take_cache(held, dear);
      return;
    }
    const bool part = std::any_of(plan_.targets.begin(), plan_.targets.end(),
                                  [&](const TargetPlan& t) { return t.rows.count() < plan_.rows[t.node].out.count; });
    if (!part || (plan_.targets.size() > 1 && dear.empty())) return;
    const uint64_t wish = asked != 0 ? asked : std::min(uint64_t{64} << 20, plan_.budget_bytes / 8);
    const uint64_t bytes = std::min(wish, room());
    if (bytes >= kLeastCacheBytes) take_cache(bytes, dear);
  }

  void take_cache(uint64_t bytes, const std::vector<NodeId>& dear) {
    plan_.cache_bytes = bytes;
    plan_.cached_stages = dear;
    charge(Memory::Cache, bytes);
  }

  // Maps whose rows are dearer to evaluate, by a hint or a probe, than to copy into the cache and back. Where the plan evaluates
  // rows twice it has reckoned with that. What a run of one target delivers goes there in any case.
  std::vector<NodeId> dear_stages() const {
    std::vector<NodeId> dear;
    if (plan_.looks_back() || plan_.threads > 1) return dear;
    for (NodeId id = kFramesNode + 1; id < graph_.size(); ++id) {
      const Node& node = graph_.node(id);
      const bool target = plan_.targets.size() == 1 && plan_.targets[0].node == id;
      if (target || node.is_virtual() || node.global() || node.decl.kind != Kind::Map || node.decl.once) continue;
      if (plan_.stages[id].sweeps == 1 && told_cost(node, request_.costs, id) > cached_row_ns(node)) dear.push_back(id);
    }
    return dear;
  }

  void finish() {
    plan_.bytes[static_cast<size_t>(Memory::Other)] += request_.held.known_bytes;
    plan_.bytes[static_cast<size_t>(Memory::Source)] += request_.input.retained_bytes;
    plan_.untracked_bytes = plan_.mode == SQS_SQRT ? (plan_.threads - 1) * kThreadBytes : 0;
    plan_.rows_predicted = 0;
    for (NodeId id = kFramesNode + 1; id < graph_.size(); ++id) plan_.rows_predicted += plan_.stages[id].rows_predicted;
    for (NodeId id = 0; id < graph_.size(); ++id)
      if (plan_.stages[id].needed) plan_.untracked_bytes += graph_.node(id).decl.fixed_bytes;
    if (plan_.mode == SQS_CLASSIC) plan_.cache_bytes = plan_.checkpoint_bytes = 0;
    fill_info(plan_);
  }

  const Request& request_;
  const Graph& graph_;
  Plan plan_;
  Plan without_sweeps_;
  std::vector<bool> wanted_;
  Size output_bytes_;
  uint64_t tile_frames_auto_ = 1;
  uint64_t classic_bytes_ = 0;
  uint64_t classic_reread_bytes_ = 0;
  double classic_seconds_ = 0;
  double sqrt_seconds_ = 0;
  Shape shape_;
  Size sqrt_bytes_;          // of that
  uint64_t pool_bytes_ = 0;  // for looking back
};

}  // namespace

// What works must not depend on what ran before: the plan without known rows decides whether the budget will do, and the one
// with them is taken if they fit as well.
Result<std::shared_ptr<const Plan>> make_plan(const Request& request) {
  const auto& known = request.held.global_known;
  if (std::none_of(known.begin(), known.end(), [](bool k) { return k; })) return Planner(request).make();
  Request fresh = request;
  fresh.held.global_known.clear();
  fresh.held.known_bytes = 0;
  Result<std::shared_ptr<const Plan>> without = Planner(fresh).make();
  if (!without.ok()) return without;
  Request spared = request;
  spared.least_budget_bytes = (*without)->least_budget_bytes;
  Result<std::shared_ptr<const Plan>> with = Planner(spared).make();
  return with.ok() ? std::move(with) : std::move(without);
}

}  // namespace sqs
