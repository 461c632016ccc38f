// sqrt: tile by tile, depth first through all stages, so that a tile's rows are still in cache when the next stage reads
// them. Stages whose rows are needed again in a later sweep are evaluated again; buffers slide and never grow. A sweep that looks
// back goes segment by segment: first the replays, then the sweep itself.
#include <algorithm>
#include <cstring>

#include "exec/companion.hpp"
#include "exec/crew.hpp"
#include "exec/executor.hpp"
#include "exec/lane.hpp"
#include "exec/look_back.hpp"
#include "exec/machinery.hpp"
#include "exec/tape_reader.hpp"
#include "os/clock.hpp"
#include "os/memory.hpp"
#include "plan/turn.hpp"

namespace sqs {
namespace {

constexpr uint64_t kBatchNs = 10'000'000;  // a step of a run, and its progress, wait for a batch to end

class TiledExecutor final : public Executor {
 public:
  TiledExecutor(RunContext& context, Plan plan) : context_(context), plan_(std::move(plan)), machinery_(context, plan_) {
    for (const Sweep& sweep : plan_.sweeps) {
      std::vector<Lanes>& layers = sweeps_.emplace_back(sweep.replays.size() + 1);
      for (uint32_t d = 0; d < layers.size(); ++d) build(sweep.layer(d), d, layers[d]);
      for (uint32_t d = 0; d < layers.size(); ++d) connect(sweep.layer(d), layers[d]);
    }
    if (plan_.turn.kind != TurnPlan::Kind::None) look_back_.emplace(context_, plan_, machinery_);
    if (plan_.threads == 1) return;
    for (StageCounters& counters : *context_.counters) counters.share();
    if (plan_.turn.replays_ahead) {
      if (plan_.turn.rolls()) set_up_rolling();
      companion_.emplace([this] { return replay_step(); });
      context_.threads_missing = companion_->has_thread() ? 0 : 1;
      return;
    }
    for (uint32_t s = 0; s < sweeps_.size(); ++s) give_own_rows(plan_.sweeps[s], sweeps_[s][0]);
    batch_tiles_ = std::min(plan_.batch_tiles, 16 * plan_.threads);
    last_tile_parts_ = parts_of_a_tile();
    ends_.resize(plan_.batch_tiles + plan_.threads * (last_tile_parts_ - 1));
    crew_ = std::make_unique<Crew>(plan_.threads, static_cast<uint32_t>(ends_.size()), most_lanes(),
                                   [this](uint32_t worker) { touch_own_rows(worker); });
    context_.threads_missing = plan_.threads - crew_->threads();
    touch_own_rows(0);
  }

  Result<bool> advance(uint64_t deadline_ns) override {
    if (companion_.has_value()) companion_->resume();
    Result<bool> over = advance_to(deadline_ns);
    if (companion_.has_value()) companion_->pause();
    return over;
  }

  uint64_t done() const override { return done_; }
  uint64_t total() const override { return std::max<uint64_t>(1, plan_.tiles); }
  uint32_t sweep() const override { return sweep_; }
  const RowBuffer& buffer(NodeId id) const override { return machinery_.buffer(id); }
  const std::vector<StagePlan>& stages() const override { return plan_.stages; }

 private:
  using Lanes = std::vector<Lane>;

  // A layer on its way through the tiles of a leg.
  struct Course {
    const Layer* layer = nullptr;
    Lanes* lanes = nullptr;
    uint32_t worker = 0;
    int64_t tile = 0;
    uint64_t left = 0;  // tiles
    uint64_t now = 0;   // the last reading of the clock
  };

  Result<bool> advance_to(uint64_t deadline_ns) {
    for (;;) {
      if (sweep_ == sweeps_.size()) {
        SQS_TRY(machinery_.deliver_globals());
        return true;
      }
      if (!begun_) SQS_TRY(begin_sweep());
      if (replaying_ahead_ && !leg_.has_value()) {
        SQS_TRY_ASSIGN(const bool replayed, companion_->wait(deadline_ns));
        if (!replayed) return false;
        done_ += std::exchange(ahead_done_, 0);
        replaying_ahead_ = false;
      }
      if (!leg_.has_value()) {
        SQS_TRY_ASSIGN(leg_, next_leg());
        if (!leg_.has_value()) SQS_TRY(end_sweep());
        continue;
      }
      if (context_.cancelled->load(std::memory_order_relaxed)) return cancelled_error();
      if (course_.left > 0) SQS_TRY(crew_ != nullptr ? batch() : tile(course_));
      if (course_.left == 0) end_leg();
      if (course_.now >= deadline_ns || context_.rows_wait()) return false;
    }
  }

  void build(const Layer& layer, uint32_t depth, Lanes& lanes) {
    lanes.resize(layer.units.size());
    for (size_t u = 0; u < lanes.size(); ++u) {
      const Unit& unit = layer.units[u];
      Lane& lane = lanes[u];
      lane.unit = &unit;
      if (unit.is_sink()) {
        lane.sink_port.push_back(machinery_.port(unit, depth, 0));
        lane.free_sink = (*context_.outputs)[unit.target]->direct();
        continue;
      }
      const StageDecl& decl = plan_.graph->node(unit.node).decl;
      if (decl.kind != Kind::Reduce) lane.buffer = &machinery_.buffer(unit.buffer);
      if (unit.node == kFramesNode || unit.kept) continue;
      lane.runner = machinery_.add_runner(unit, depth);
      lane.cached = is_cached(unit.node);
    }
  }

  bool is_cached(NodeId id) const {
    const std::vector<NodeId>& stages = plan_.cached_stages;
    return std::find(stages.begin(), stages.end(), id) != stages.end() && context_.cache != nullptr &&
           context_.cache->tile_rows(plan_.graph->node(id).row_bytes) > 0;
  }

  // Who waits for whose rows within a layer.
  static void connect(const Layer& layer, Lanes& lanes) {
    for (size_t u = 0; u < lanes.size(); ++u)
      for (const Reader& reader : layer.units[u].readers) {
        Lane& r = lanes[reader.unit];
        r.inputs.push_back({static_cast<uint32_t>(u), &lanes[u].attach(r, reader)});
      }
  }

  void set_up_rolling() {
    std::vector<Lanes>& layers = sweeps_[plan_.turn.sweep];
    RollingTapes& tapes = *look_back_->rolling_tapes();
    tape_reader_.emplace(plan_, machinery_, tapes, layers[0]);
    for (Lane& lane : layers[1])
      if (lane.unit->is_tape() && !lane.unit->kept) lane.tape = tapes.tape_of(lane.unit->node);
  }

  void turn_tapes() {
    look_back_->turn_tapes(sweep_);
    if (tape_reader_.has_value()) tape_reader_->begin();
  }

  // Gives each thread its own rows, and runners over them.
  void give_own_rows(const Sweep& sweep, Lanes& lanes) {
    for (Lane& lane : lanes) {
      const Unit& unit = *lane.unit;
      if (unit.order != Order::Free) continue;
      for (uint32_t w = 0; w < plan_.threads; ++w) {
        if (plan_.has_own_rows(unit)) lane.own_rows.push_back(&machinery_.buffer(unit, w));
        if (lane.runner != nullptr) lane.runners.push_back(machinery_.add_runner(sweep, unit, w));
      }
    }
  }

  void touch_own_rows(uint32_t worker) const {
    for (const BufferPlan& buffer : plan_.buffers)
      if (buffer.own_bytes > 0) os::touch(context_.arena + buffer.offset + worker * buffer.own_bytes, buffer.own_bytes);
  }

  size_t most_lanes() const {
    size_t most = 0;
    for (const std::vector<Lanes>& layers : sweeps_) most = std::max(most, layers[0].size());
    return most;
  }

  // Into how many parts a tile can be cut without its rows falling elsewhere than whole tiles allow for.
  uint32_t parts_of_a_tile() const {
    const auto fits = [&](uint64_t parts) {
      if (plan_.tile_frames % parts != 0) return false;
      for (const Sweep& sweep : plan_.sweeps)
        for (const Unit& unit : sweep.units) {
          const uint64_t step = std::max<uint64_t>(1, unit.domain.step);
          if (plan_.tile_frames % step == 0 && plan_.tile_frames / parts % step != 0) return false;
        }
      return true;
    };
    for (const uint32_t parts : {4u, 3u, 2u})
      if (fits(parts)) return parts;
    return 1;
  }

  Lanes& lanes() { return sweeps_[sweep_][0]; }

  Status begin_sweep() {
    leg_.reset();
    for (const NodeId id : plan_.sweeps[sweep_].globals) SQS_TRY(machinery_.run_global(id));
    for (Lane& lane : lanes()) {
      begin(lane);
      const bool scan = lane.runner != nullptr && lane.runner->node().decl.kind == Kind::Scan;
      if (scan && !lane.backward() && lane.at > 0 && lane.unit->range.count() > 0) SQS_TRY(restore(lane));
    }
    if (look_back_.has_value()) look_back_->begin_sweep(sweep_, lanes());
    legs_given_ = 0;
    course_.now = os::monotonic_ns();
    begun_ = true;
    return ok();
  }

  void begin(Lane& lane) {
    lane.at = lane.start();
    if (lane.unit->kept) lane.at = lane.backward() ? lane.unit->range.first : lane.unit->range.last;
    if (lane.unit->kept || lane.buffer == nullptr) return;
    const BufferPlan& planned = plan_.buffers[lane.unit->buffer];
    if (planned.where == BufferPlan::Where::Tape) return;  // has its place already
    if (lane.backward()) lane.buffer->start_below(lane.at);
    else lane.buffer->start_at(lane.at);
    if (in_place(lane)) lane.buffer->first = 0;
    settle_in_result(planned, *lane.buffer);
  }

  // A result's memory begins with the first row that was asked for, however much of it comes from the cache and from whichever
  // checkpoint a scan starts.
  void settle_in_result(const BufferPlan& planned, RowBuffer& buffer) const {
    if (planned.where != BufferPlan::Where::Result) return;
    const uint64_t cached = planned.target == 0 ? context_.cached_rows : 0;
    buffer.first = plan_.targets[planned.target].rows.first - cached;
  }

  Status restore(Lane& lane) {
    const CheckpointStore::Saved* saved = context_.checkpoints->nearest(lane.unit->node, lane.at);
    ++context_.checkpoints_loaded;
    return lane.runner->restore(saved->bytes, saved->used);
  }

  // The next piece of work of the sweep, set up; nothing when it is over.
  Result<std::optional<Leg>> next_leg() {
    const Sweep& sweep = plan_.sweeps[sweep_];
    if (sweep.replays.empty()) {
      std::optional<Leg> leg;
      if (legs_given_++ > 0) return leg;
      leg.emplace().first = sweep.first_tile;
      leg->last = sweep.tile_end;
      set_out(*leg, course_);
      return leg;
    }
    for (;;) {
      SQS_TRY_ASSIGN(const std::optional<Leg> leg, look_back_->next(sweep_));
      if (!leg.has_value()) return leg;
      if (leg->what == Leg::What::Save) {
        SQS_TRY(look_back_->save_passing(*leg));
        continue;
      }
      if (leg->what == Leg::What::Read) {
        SQS_TRY(look_back_->read(*leg));
        course_.now = os::monotonic_ns();
        continue;
      }
      const bool replay = leg->what == Leg::What::Replay;
      if (replay && leg->recorded) continue;
      if (replay) SQS_TRY(begin_replay(*leg));
      set_out(*leg, course_);
      if (!replay && companion_.has_value()) {
        turn_tapes();
        SQS_TRY(replay_ahead());
      }
      return leg;
    }
  }

  void set_out(const Leg& leg, Course& course) {
    const Layer& layer = plan_.sweeps[sweep_].layer(leg.depth);
    const int64_t first = leg.depth == 0 ? leg.first : layer.first_tile;
    const int64_t last = leg.depth == 0 ? leg.last : layer.tile_end;
    course.layer = &layer;
    course.lanes = &sweeps_[sweep_][leg.depth];
    course.left = static_cast<uint64_t>(last - first);
    course.tile = layer.backward ? last - 1 : first;
  }

  // While the sweep goes over one segment, a second thread replays the next.
  Status replay_ahead() {
    SQS_TRY(next_ahead());
    replaying_ahead_ = ahead_.has_value();
    if (replaying_ahead_) companion_->begin();
    return ok();
  }

  Status next_ahead() {
    SQS_TRY_ASSIGN(ahead_, look_back_->next(sweep_));
    if (!ahead_.has_value() || ahead_->what != Leg::What::Replay) return ok();
    SQS_TRY(begin_replay(*ahead_));
    set_out(*ahead_, ahead_course_);
    ahead_course_.worker = 1;
    ahead_course_.now = os::monotonic_ns();
    return ok();
  }

  // All legs that lead to the next segment.
  Result<Companion::Done> replay_step() {
    if (context_.cancelled->load(std::memory_order_relaxed)) return cancelled_error();
    if (ahead_->what == Leg::What::Save) {
      if (!look_back_->can_save(*ahead_)) return Companion::Done::Nothing;
      SQS_TRY(look_back_->save_passing(*ahead_));
    } else {
      if (ahead_course_.left > 0) {
        if (!has_room(ahead_course_)) return Companion::Done::Nothing;
        SQS_TRY(tile(ahead_course_));
      }
      if (ahead_course_.left > 0) return Companion::Done::Step;
      ahead_done_ += static_cast<uint64_t>(ahead_->last - ahead_->first);
      if (ahead_->keep && ahead_->depth == 1) return Companion::Done::Piece;
    }
    SQS_TRY(next_ahead());
    return Companion::Done::Step;
  }

  // Whether the sweep has taken the rows that lie where those of the next tile go.
  bool has_room(const Course& course) {
    if (!ahead_->keep) return true;
    return std::all_of(course.lanes->begin(), course.lanes->end(), [&](const Lane& lane) {
      if (lane.tape == Lane::kNoTape) return true;
      const uint64_t to = lane.unit->row_after(course.tile, plan_.tile_frames);
      return look_back_->rolling_tapes()->has_room(lane.tape, lane.backward() ? Range{to, lane.at} : Range{lane.at, to});
    });
  }

  Status begin_replay(const Leg& leg) {
    for (Lane& lane : sweeps_[sweep_][leg.depth]) {
      begin(lane);
      const bool scan = lane.runner != nullptr && lane.runner->node().decl.kind == Kind::Scan;
      if (scan && !lane.unit->kept) SQS_TRY(look_back_->restore(leg, lane));
      const bool seated = leg.keep && lane.unit->is_tape() && lane.tape == Lane::kNoTape;
      if (seated && lane.unit->range.count() > lane.buffer->capacity) return plan_broken(lane);
    }
    return ok();
  }

  void end_leg() {
    if (leg_->what == Leg::What::Replay) done_ += static_cast<uint64_t>(leg_->last - leg_->first);
    else if (tape_reader_.has_value()) give_up_tapes();
    leg_.reset();
  }

  // What the sweep has not read of them it does not need.
  void give_up_tapes() {
    look_back_->rolling_tapes()->give_up();
    companion_->nudge();
  }

  Status end_sweep() {
    for (Lanes& layer : sweeps_[sweep_])
      for (Lane& lane : layer) {
        if (lane.runner == nullptr) continue;
        if (lane.runner->node().decl.kind == Kind::Reduce) SQS_TRY(machinery_.finish_reduce(*lane.runner));
        lane.runner->drop_state();
      }
    ++sweep_;
    begun_ = false;
    return ok();
  }

  // ---- one tile on one thread

  Status tile(Course& course) {
    if (tape_reader_.has_value() && course.layer == &plan_.sweeps[plan_.turn.sweep]) {
      SQS_TRY(tape_reader_->read(course.tile));
      companion_->nudge();
    }
    for (Lane& lane : *course.lanes) {
      if (lane.unit->kept) continue;
      const uint64_t to = lane.unit->row_after(course.tile, plan_.tile_frames);
      if (lane.backward() ? to >= lane.at : to <= lane.at) continue;
      SQS_TRY(advance_lane(lane, to, machinery_.worker(course.worker)));
      if (!lane.free_sink) count_time(lane, course);
    }
    if (course.lanes == &lanes()) {
      SQS_TRY(save_checkpoints(course.tile, course.tile + 1));
      ++done_;
    }
    course.tile += course.layer->backward ? -1 : 1;
    --course.left;
    return ok();
  }

  // One clock reading ends one stage's time and begins the next one's.
  void count_time(const Lane& lane, Course& course) {
    const uint64_t now = os::monotonic_ns();
    if (plan_.turn.spills()) course.now += look_back_->take_disk_ns();
    if (!lane.unit->is_sink()) (*context_.counters)[lane.unit->node].add_ns(now - course.now);
    course.now = now;
  }

  Status advance_lane(Lane& lane, uint64_t to, Worker& worker) {
    if (lane.runner == nullptr && lane.buffer != nullptr) to = read_to(lane, to);
    if (!in_place(lane) && !lane.make_room(to)) return plan_broken(lane);
    if (!look_back_.has_value()) return work_to(lane, to, worker);
    while (lane.at != to) {
      SQS_TRY(work_to(lane, lane.runner != nullptr ? look_back_->stop(lane, to) : to, worker));
      if (lane.runner != nullptr) SQS_TRY(look_back_->reached(lane));
    }
    return ok();
  }

  Status work_to(Lane& lane, uint64_t to, Worker& worker) {
    const Range rows = lane.backward() ? Range{to, lane.at} : Range{lane.at, to};
    SQS_TRY(work(lane, rows.first, rows.last, worker));
    lane.at = to;
    if (lane.tape != Lane::kNoTape) look_back_->rolling_tapes()->put(lane.tape, rows, lane.buffer->row(rows.first));
    return lane.unit->records ? look_back_->record(lane, rows.first, rows.last) : ok();
  }

  // The source's own array stands for the frames' buffer.
  bool in_place(const Lane& lane) const {
    return lane.unit->node == kFramesNode && !lane.unit->is_sink() &&
           plan_.buffers[lane.unit->buffer].where == BufferPlan::Where::Source;
  }

  // Frames are read in pieces that do not depend on the tile.
  uint64_t read_to(const Lane& lane, uint64_t to) const {
    const Range& range = lane.unit->range;
    if (!lane.backward()) return std::min(range.last, std::max(to, lane.at + plan_.read_ahead_rows));
    return std::max(range.first, std::min(to, lane.at - std::min(lane.at, plan_.read_ahead_rows)));
  }

  // Rows [from, to) of a lane that has room for them.
  Status work(Lane& lane, uint64_t from, uint64_t to, Worker& worker) {
    if (lane.runner != nullptr) {
      if (lane.runner->has_state() && !lane.runner->state_alive())
        SQS_TRY(lane.runner->init(worker, lane.backward() ? to - 1 : from));
      if (lane.cached) return copy_or_process(lane, from, to, worker);
      return lane.runner->process(worker, from, to - from);
    }
    if (lane.unit->is_sink())
      return (*context_.outputs)[lane.unit->target]->deliver(worker, lane.sink_port[0], from, to - from);
    if (!in_place(lane)) SQS_TRY(context_.source->read(from, to - from, lane.buffer->row(from)));
    (*context_.counters)[kFramesNode].add(to - from, 1);
    return ok();
  }

  // Rows of a stage that are copied from the cache where it has them, and else evaluated and copied there.
  Status copy_or_process(Lane& lane, uint64_t from, uint64_t to, Worker& worker) {
    const NodeId id = lane.unit->node;
    const uint64_t row_bytes = plan_.graph->node(id).row_bytes, per_tile = context_.cache->tile_rows(row_bytes);
    while (from < to) {
      const RowCache::Stretch known = context_.cache->find(id, from, row_bytes);
      ++(known.rows != nullptr ? context_.cache_hits : context_.cache_misses);
      const uint64_t next = std::min(to, known.rows != nullptr ? known.end : (from / per_tile + 1) * per_tile);
      const uint64_t bytes = (next - from) * row_bytes;
      if (known.rows != nullptr) {
        std::memcpy(lane.buffer->row(from), known.rows + (from - known.first) * row_bytes, bytes);
        (*context_.counters)[id].add_from_cache(next - from);
      } else {
        SQS_TRY(lane.runner->process(worker, from, next - from));
        std::byte* room = context_.cache->put(id, from, next, row_bytes, true);  // what is delivered goes before
        if (room != nullptr) std::memcpy(room, lane.buffer->row(from), bytes);
      }
      from = next;
    }
    return ok();
  }

  Error plan_broken(const Lane& lane) const {
    return lane.plan_broken(plan_.graph->node(lane.unit->node).name());
  }

  // Leaves the states of scans where a tile that is due has ended.
  Status save_checkpoints(int64_t first, int64_t last) {
    if (context_.checkpoints == nullptr || plan_.checkpoint_tiles == 0) return ok();
    for (Lane& lane : lanes()) {
      const bool scan = lane.runner != nullptr && lane.runner->node().decl.kind == Kind::Scan;
      if (!scan || lane.runner->node().decl.once || !lane.runner->state_alive() || lane.at == 0) continue;
      CheckpointStore::Saved* slot = nullptr;
      for (int64_t t = first; t < last && slot == nullptr; ++t)
        slot = context_.checkpoints->slot_for(lane.unit->node, lane.at, t, plan_.checkpoint_tiles);
      if (slot == nullptr) continue;
      Result<uint64_t> used = lane.runner->save(slot->bytes);
      if (!used.ok()) {
        context_.checkpoints->forget(lane.unit->node, slot);
        return std::move(used).error();
      }
      slot->used = *used;
      ++context_.checkpoints_saved;
    }
    return ok();
  }

  // ---- several tiles on several threads

  Status batch() {
    Lanes& lanes = this->lanes();
    const std::vector<UnitChain>& chains = plan_.sweeps[sweep_].chains;
    const int64_t last = std::min(course_.tile + static_cast<int64_t>(batch_tiles_), plan_.sweeps[sweep_].tile_end);
    const uint64_t begun = os::monotonic_ns();
    const uint32_t parts = cut_into_parts(last);
    crew_->begin(chains.size(), lanes.size(), parts);
    for (size_t l = 0; l < lanes.size(); ++l) {
      Lane& lane = lanes[l];
      uint64_t end = lane.at;
      for (uint32_t p = 0; p < parts; ++p) {
        const uint64_t from = end;
        if (!lane.unit->kept) end = std::max(end, lane.unit->row_at(ends_[p]));
        crew_->set_rows(l, p, {from, end});
      }
      const bool slides = end > lane.at && !lane.has_own_rows() && !in_place(lane);
      if (slides && !lane.make_room(end)) return plan_broken(lane);
    }
    for (size_t l = 0; l < lanes.size(); ++l)
      if (lanes[l].has_own_rows() && lanes[l].runner == nullptr) set_own_frames(l, parts);
    SQS_TRY(crew_->run(lanes, chains, [this](uint32_t worker, Lane& lane, Range rows) {
      if (context_.cancelled->load(std::memory_order_relaxed)) return Status(cancelled_error());
      const uint64_t start = os::monotonic_ns();
      Status done = work_on_part(lane, rows, worker);
      if (!lane.unit->is_sink())
        (*context_.counters)[lane.unit->node].add_ns(os::monotonic_ns() - start);
      return done;
    }));
    for (size_t l = 0; l < lanes.size(); ++l) lanes[l].at = crew_->rows(l, parts - 1).last;
    SQS_TRY(save_checkpoints(course_.tile, last));
    done_ += static_cast<uint64_t>(last - course_.tile);
    course_.left -= static_cast<uint64_t>(last - course_.tile);
    course_.tile = last;
    course_.now = os::monotonic_ns();
    fit_batch(course_.now - begun);
    return ok();
  }

  // How long a tile takes is known only when some are done.
  void fit_batch(uint64_t took_ns) {
    if (took_ns < kBatchNs / 4) batch_tiles_ = std::min(plan_.batch_tiles, 4 * batch_tiles_);
    if (took_ns > kBatchNs) batch_tiles_ = std::max(std::min(plan_.threads, plan_.batch_tiles), batch_tiles_ / 2);
  }

  // Rows of one part of a batch, on any thread.
  Status work_on_part(Lane& lane, Range rows, uint32_t worker) {
    if (lane.has_own_rows()) {
      RowBuffer& buffer = *lane.own_rows[worker];
      buffer.start_at(rows.first);
      if (rows.count() > buffer.capacity) return plan_broken(lane);
      if (lane.runner == nullptr) return context_.source->read(rows.first, rows.count(), buffer.data);
    }
    if (lane.runners.empty()) return work(lane, rows.first, rows.last, machinery_.worker(worker));
    return lane.runners[worker]->process(machinery_.worker(worker), rows.first, rows.count());
  }

  // A thread's own frames are copied with those of the parts before that readers need, but count once.
  void set_own_frames(size_t l, uint32_t parts) {
    const Lane& lane = lanes()[l];
    (*context_.counters)[kFramesNode].add(crew_->rows(l, parts - 1).last - lane.at, parts);
    for (uint32_t p = 0; p < parts; ++p) {
      Range rows = crew_->rows(l, p);
      for (const Lane::ReaderPort& reader : lane.readers) {
        const Range read = crew_->rows(static_cast<size_t>(reader.lane - lanes().data()), p);
        if (read.count() == 0) continue;
        rows.first = std::min(rows.first, std::max(lane.unit->range.first, reader.port->keep_from(read.first)));
      }
      crew_->set_rows(l, p, rows);
    }
  }

  // The batch as frames where parts of it end: whole tiles, but for the last of each thread, which are cut up so that no thread
  // waits long for another. How many parts.
  uint32_t cut_into_parts(int64_t last) {
    const auto span = static_cast<int64_t>(plan_.tile_frames);
    uint32_t parts = 0;
    for (int64_t t = course_.tile; t < last; ++t) {
      const int64_t cuts = last - t <= static_cast<int64_t>(plan_.threads) ? last_tile_parts_ : 1;
      for (int64_t c = 1; c <= cuts; ++c) ends_[parts++] = t * span + c * span / cuts;
    }
    return parts;
  }

  RunContext& context_;
  Plan plan_;  // a copy: ranges begin at checkpoints, and those of replays change from segment to segment
  Machinery machinery_;
  std::vector<std::vector<Lanes>> sweeps_;  // by sweep and depth
  std::optional<LookBack> look_back_;
  std::optional<TapeReader> tape_reader_;   // where a second thread replays
  std::vector<int64_t> ends_;               // of a batch's parts
  uint32_t batch_tiles_ = 1;                // at once: as many as the plan has room for, unless they take long
  uint32_t last_tile_parts_ = 1;
  std::unique_ptr<Crew> crew_;
  uint32_t sweep_ = 0;
  bool begun_ = false;
  uint32_t legs_given_ = 0;   // of a sweep that does not look back: it has one
  std::optional<Leg> leg_;    // at hand
  Course course_;
  bool replaying_ahead_ = false;  // a second thread does, or has done with it; then the rest is its own
  std::optional<Leg> ahead_;      // at hand there
  Course ahead_course_;
  uint64_t ahead_done_ = 0;       // tiles of the segment to come
  uint64_t done_ = 0;
  std::optional<Companion> companion_;  // stops before the rest goes
};

// What the cache has is left out, and scans start from the nearest checkpoint.
Result<Plan> fitted(const RunContext& context) {
  Plan plan = *context.plan;
  plan.targets[0].rows = context.wanted;
  SQS_TRY(refit(plan, [&](NodeId scan, uint64_t row) {
    const CheckpointStore::Saved* saved = context.checkpoints != nullptr ? context.checkpoints->nearest(scan, row) : nullptr;
    return saved != nullptr ? saved->row : uint64_t{0};
  }));
  return plan;
}

}  // namespace

Result<std::unique_ptr<Executor>> make_tiled_executor(RunContext& context) {
  SQS_TRY_ASSIGN(Plan plan, fitted(context));
  return std::unique_ptr<Executor>(std::make_unique<TiledExecutor>(context, std::move(plan)));
}

}  // namespace sqs
