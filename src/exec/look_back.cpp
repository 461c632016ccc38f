#include "exec/look_back.hpp"

#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/size.hpp"
#include "os/clock.hpp"

namespace sqs {
namespace {

std::string rows_text(uint64_t first, uint64_t last) {
  return "rows [" + std::to_string(first) + ", " + std::to_string(last) + ")";
}

}  // namespace

LookBack::LookBack(RunContext& context, Plan& plan, Machinery& machinery)
    : context_(context), plan_(plan), machinery_(machinery), segments_(plan), save_starts_(plan),
      pool_(context.arena + plan.turn.pool_offset), staging_(context.arena + plan.turn.staging_offset),
      watches_(plan.graph->size()), recorded_(plan.sweeps.size()) {
  for (uint64_t i = 0; i < plan.turn.saved.size(); ++i) {
    const SavedState& saved = plan.turn.saved[i];
    Watch& watch = watches_[saved.node].emplace();
    watch.number = i;
    watch.offset = saved.offset;
    watch.bytes = saved.bytes;
  }
  legs_.resize(plan.sweeps.size());
  saves_.resize(plan.sweeps.size());
  for (uint32_t s = 0; s < plan.sweeps.size(); ++s) {
    const Sweep& sweep = plan.sweeps[s];
    if (!sweep.replays.empty()) legs_[s].emplace(plan, s);
    for (uint32_t u = 0; u < sweep.units.size(); ++u)
      if (sweep.units[u].saves) saves_[s].emplace_back(u, Saves(plan, sweep.backward));
    if (sweep.recorded) set_up_recording(s);
  }
}

void LookBack::set_up_recording(uint32_t sweep) {
  recorded_[sweep].resize(plan_.graph->size());
  if (plan_.turn.rolls()) set_up_rolling(sweep);
  if (plan_.turn.tiles() == 0) return;
  tail_ = recorded_tiles(plan_, sweep);
  if (plan_.turn.spills()) return set_up_spilling();
  segments_.set(sweep, tail_.first, tail_.last);
  for (const Unit& unit : segments_.replays(sweep)[0].units) {
    if (!unit.is_tape() || unit.kept) continue;
    Recorded& tape = recorded_[sweep][unit.node];
    tape.rows = unit.range;
    tape.row_bytes = plan_.graph->node(unit.node).row_bytes;
    if (rolling_.has_value()) tape.rolls = rolling_->tape_of(unit.node);
    else tape.data = pool_ + tape_offset(unit.node, static_cast<uint64_t>(tail_.last - tail_.first));
  }
  if (rolling_.has_value()) begin_rolling(sweep, true, 0);
}

// The sweep's own buffers come first in the pool.
void LookBack::set_up_rolling(uint32_t sweep) {
  rolling_.emplace(plan_.turn, pool_ + plan_.turn.tile_of_tapes_bytes().saturated());
  for (const Unit& unit : plan_.sweeps[sweep].replays[0].units) {
    const uint32_t rolls = unit.is_tape() && !unit.kept ? rolling_->tape_of(unit.node) : Lane::kNoTape;
    if (rolls == Lane::kNoTape) continue;
    RowBuffer& read = machinery_.read_tape(unit.buffer);
    read.data = pool_ + tape_offset(unit.node, 1);
    read.capacity = plan_.turn.tapes[rolls].rows_per_tile + plan_.turn.tapes[rolls].beside_rows;
  }
}

// With so many states left in the pool; false if it has too few slots.
bool LookBack::begin_rolling(uint32_t sweep, bool keep, uint64_t states) {
  for (const Unit& unit : segments_.replays(sweep)[0].units) {
    const uint32_t rolls = unit.is_tape() && !unit.kept ? rolling_->tape_of(unit.node) : Lane::kNoTape;
    if (rolls != Lane::kNoTape) rolling_->set_rows(rolls, keep ? unit.range : Range{});
  }
  return rolling_->begin(slots_beside(states));
}

// For which there is room if so many states are in the pool.
uint64_t LookBack::slots_beside(uint64_t states) const {
  const TurnPlan& turn = plan_.turn;
  if (turn.tile_bytes == 0) return 0;
  const uint64_t bytes = turn.area_bytes() - turn.extra_bytes - turn.tile_of_tapes_bytes().saturated() - states * turn.state_bytes;
  return bytes / turn.tile_bytes;
}

// All segments lie where the last rows will stay, which are as many or more.
void LookBack::set_up_spilling() {
  const TurnPlan& turn = plan_.turn;
  const uint64_t tiles = turn.schedule->tail_tiles();
  for (const Unit& unit : plan_.sweeps[turn.sweep].replays[0].units) {
    if (!unit.is_tape() || unit.kept) continue;
    for (size_t f = 0; f < turn.disk.size(); ++f) {
      const auto tape = std::find_if(turn.tapes.begin(), turn.tapes.end(), [&](const Tape& t) { return t.node == unit.node; });
      if (turn.disk[f].node != unit.node || tape == turn.tapes.end()) continue;
      std::byte* data = pool_ + tape_offset(unit.node, tiles);
      const uint64_t capacity = tape->rows_per_tile * tiles + tape->beside_rows;
      recorded_[turn.sweep][unit.node] = {{}, data, tape->row_bytes, Lane::kNoTape, &unit, &(*context_.spill)[f], capacity, 0};
      machinery_.buffer(unit.buffer).data = data;
      machinery_.buffer(unit.buffer).capacity = capacity;
    }
  }
}

// Tapes lie one after the other, as long as the segment asks; in a chain all segments take what the longest does. Of a node that
// has none: where they end.
uint64_t LookBack::tape_offset(NodeId node, uint64_t tiles) const {
  const TurnPlan& turn = plan_.turn;
  Size offset;
  for (const Tape& tape : turn.tapes) {
    if (tape.node == node) break;
    offset += aligned(tape.bytes(turn.kind == TurnPlan::Kind::Chain ? turn.spacing : tiles));
  }
  return offset.saturated();
}

std::byte* LookBack::record_at(uint64_t record) const {
  std::byte* end = pool_ + plan_.turn.area_bytes() - plan_.turn.extra_bytes;
  if (record == Leg::kStart) return end;
  return record == Leg::kPassing ? end + plan_.turn.state_bytes : end - (record + 1) * plan_.turn.state_bytes;
}

Result<std::optional<Leg>> LookBack::next(uint32_t sweep) {
  std::optional<Leg> leg = legs_[sweep]->next();
  if (!leg.has_value() || leg->what != Leg::What::Replay) return leg;
  if (plan_.turn.spills()) {
    for (const Recorded& tape : recorded_[sweep])  // as its last rows lie
      if (tape.tape != nullptr) machinery_.buffer(tape.tape->buffer).first = tape.rows.first;
    return leg;
  }
  if (leg->begins) {
    if (leg->keep) segments_.set(sweep, leg->first, leg->last);
    else segments_.set_advance(sweep, leg->first, leg->last);
    std::vector<Layer>& replays = plan_.sweeps[sweep].replays;
    for (size_t d = 0; d < replays.size(); ++d) {
      const Layer& from = segments_.replays(sweep)[d];
      replays[d].first_tile = from.first_tile;
      replays[d].tile_end = from.tile_end;
      for (size_t u = 0; u < from.units.size(); ++u) replays[d].units[u].range = from.units[u].range;
    }
    if (rolling_.has_value()) SQS_TRY(roll_tapes(sweep, *leg));
    else seat_tapes(sweep, *leg);
  }
  if (!leg->recorded) watch_for(plan_.sweeps[sweep].replays[leg->depth - 1], *leg);
  return leg;
}

// What was recorded has its slots already.
Status LookBack::roll_tapes(uint32_t sweep, const Leg& leg) {
  if (leg.recorded || begin_rolling(sweep, leg.keep, leg.states)) return ok();
  return Error{SQS_E_INTERNAL, "a segment's rows do not fit the planned pool; this is a defect of the library"};
}

void LookBack::seat_tapes(uint32_t sweep, const Leg& leg) {
  const uint64_t tiles = leg.keep ? static_cast<uint64_t>(leg.last - leg.first) : 1;
  std::byte* tapes = pool_ + copy_ * tape_offset(plan_.graph->size(), tiles);
  for (const Layer& layer : plan_.sweeps[sweep].replays)
    for (const Unit& unit : layer.units) {
      if (!unit.is_tape() || unit.kept) continue;
      RowBuffer& buffer = machinery_.buffer(unit.buffer);
      const auto tape = std::find_if(plan_.turn.tapes.begin(), plan_.turn.tapes.end(),
                                     [&](const Tape& t) { return t.node == unit.node; });
      if (tape == plan_.turn.tapes.end()) continue;  // none of its rows are ever read
      buffer.data = tapes + tape_offset(unit.node, tiles);
      buffer.capacity = tape->rows_per_tile * tiles + tape->beside_rows;
      if (leg.keep) buffer.first = unit.range.first;
      else if (unit.backward) buffer.start_below(unit.range.last);
      else buffer.start_at(unit.range.first);
    }
}

void LookBack::turn_tapes(uint32_t sweep) {
  if (rolling_.has_value()) return rolling_->turn();
  for (const Layer& layer : plan_.sweeps[sweep].replays)
    for (const Unit& unit : layer.units)
      if (unit.is_tape() && !unit.kept) machinery_.read_tape(unit.buffer) = machinery_.buffer(unit.buffer);
  copy_ = 1 - copy_;
}

// Also where it has no rows to make in this leg: the next one may go on from here. At the very start a scan has no state yet.
Status LookBack::restore(const Leg& leg, Lane& lane) {
  const NodeId node = lane.unit->node;
  Watch& watch = *watches_[node];
  const bool reversal = plan_.turn.kind == TurnPlan::Kind::Reversal;
  if (reversal && leg.record != Leg::kPassing) watch.check = std::exchange(watch.restored, {});
  const uint64_t row = segments_.start(node, lane.backward() ? leg.last : leg.first);
  if (leg.record != Leg::kPassing) watch.replayed_from = row == Segments::kNoRow ? lane.start() : row;
  if (row == Segments::kNoRow || row == (lane.backward() ? lane.unit->domain.count : 0)) {
    lane.runner->drop_state();
    return ok();
  }
  if (leg.on_disk) SQS_TRY(from_disk(lane, row, leg.record, staging_));
  const std::byte* from = leg.on_disk ? staging_ : record_at(leg.record) + watch.offset;
  Header header;
  std::memcpy(&header, from, sizeof header);
  SQS_TRY(lane.runner->restore(from + sizeof header, header.used));
  if (leg.record < Leg::kPassing) {
    watch.restored = {row, header.hash};
    ++context_.checkpoints_loaded;
  }
  if (!leg.keep && row == watch.save_row) return save(lane, Leg::kPassing, false);  // it need not move at all
  return ok();
}

// A replay that keeps no rows leaves the states where it is going. A chain's checkpoints stay, so the state at the far end of each
// segment is known.
void LookBack::watch_for(const Layer& layer, const Leg& leg) {
  const bool chain = plan_.turn.kind == TurnPlan::Kind::Chain;
  const uint64_t number = chain ? static_cast<uint64_t>(leg.first - plan_.turn.first_tile) / plan_.turn.spacing : 0;
  const bool last = layer.backward ? number == 0 : number + 1 == plan_.turn.segments();
  for (const Unit& unit : layer.units) {
    if (unit.kept || !watches_[unit.node].has_value()) continue;
    Watch& watch = *watches_[unit.node];
    watch.save_row = Segments::kNoRow;
    if (chain) watch.check = {};
    if (leg.keep && (!chain || last || unit.range.count() == 0)) continue;
    const uint64_t row = segments_.start(unit.node, layer.backward ? leg.first : leg.last);
    if (row == Segments::kNoRow || row == (unit.backward ? unit.domain.count : 0)) continue;
    if (!leg.keep) {
      watch.next_save = {false, Leg::kPassing, 0};
      watch.save_row = row;
      continue;
    }
    Header header;
    std::memcpy(&header, record_at(layer.backward ? number - 1 : number) + watch.offset, sizeof header);
    watch.check = {row, header.hash};
  }
}

void LookBack::begin_sweep(uint32_t sweep, std::vector<Lane>& lanes) {
  copy_ = 0;
  recording_for_ = sweep + 1;
  while (recording_for_ < recorded_.size() && recorded_[recording_for_].empty()) ++recording_for_;
  for (auto& watch : watches_)
    if (watch.has_value()) {
      watch->saves = nullptr;
      watch->save_row = Segments::kNoRow;
      watch->check = {};
      watch->tail_row = Segments::kNoRow;
      watch->restored = sweep == plan_.turn.sweep ? watch->tail : Known{};
    }
  for (auto& [unit, saves] : saves_[sweep]) {
    const NodeId node = lanes[unit].unit->node;
    Watch& watch = *watches_[node];
    watch.saves = &saves;
    next_save(lanes[unit], watch);
    if (plan_.turn.kind != TurnPlan::Kind::Reversal || plan_.turn.tiles() == 0 || plan_.turn.spills()) continue;
    watch.tail_row = segments_.start(node, plan_.turn.from_last ? tail_.last : tail_.first);
  }
}

// Where no row beyond a boundary is needed no state is either; at the very start there is none to save.
void LookBack::next_save(const Lane& lane, Watch& watch) {
  const uint64_t start = lane.backward() ? lane.unit->domain.count : 0;
  for (;;) {
    watch.save_row = Segments::kNoRow;
    watch.next_save = watch.saves != nullptr ? watch.saves->next() : std::nullopt;
    if (!watch.next_save.has_value()) return;
    const uint64_t row = save_starts_.start(lane.unit->node, watch.next_save->boundary);
    if (row == Segments::kNoRow || row == start) continue;
    watch.save_row = row;
    return;
  }
}

uint64_t LookBack::stop(const Lane& lane, uint64_t to) const {
  if (!watches_[lane.unit->node].has_value()) return to;
  const Watch& watch = *watches_[lane.unit->node];
  for (const uint64_t row : {watch.save_row, watch.check.row, watch.tail_row}) {
    if (row == Segments::kNoRow) continue;
    if (lane.backward() ? row < lane.at && row > to : row > lane.at && row < to) to = row;
  }
  return to;
}

Status LookBack::reached(Lane& lane) {
  if (!watches_[lane.unit->node].has_value()) return ok();
  Watch& watch = *watches_[lane.unit->node];
  if (lane.at == watch.check.row) {
    SQS_TRY_ASSIGN(const uint64_t used, lane.runner->save(staging_));
    const Known known = std::exchange(watch.check, {});
    if (XXH3_64bits(staging_, used) != known.hash) return not_pure(lane, watch);
  }
  if (lane.at == watch.tail_row) {
    SQS_TRY_ASSIGN(const uint64_t used, lane.runner->save(staging_));
    watch.tail = {lane.at, XXH3_64bits(staging_, used)};
  }
  while (lane.at == watch.save_row) {
    SQS_TRY(save(lane, watch.next_save->record, watch.next_save->on_disk));
    next_save(lane, watch);
  }
  return ok();
}

Error LookBack::not_pure(const Lane& lane, const Watch& watch) const {
  const std::string& name = lane.runner->node().name();
  const uint64_t first = std::min(watch.replayed_from, lane.at);
  return Error{SQS_E_CONTRACT, "stage '" + name + "' is not pure: " + rows_text(first, std::max(watch.replayed_from, lane.at)) +
                                   " were evaluated again, and then its state is another than before; a row may depend on nothing "
                                   "but its declared inputs and its state, and equal states must be equal bytes, or declare the "
                                   "stage SQS_ONCE; or a reader gave other bytes for the same frames",
               name, first};
}

Status LookBack::save(const Lane& lane, uint64_t record, bool on_disk) {
  Watch& watch = *watches_[lane.unit->node];
  std::byte* to = on_disk ? staging_ : record_at(record) + watch.offset;
  Header header;
  SQS_TRY_ASSIGN(header.used, lane.runner->save(to + sizeof header));
  header.hash = XXH3_64bits(to + sizeof header, header.used);
  std::memcpy(to, &header, sizeof header);
  if (record < Leg::kPassing) ++context_.checkpoints_saved;
  if (record == Leg::kPassing) watch.passing_row = lane.at;
  return on_disk ? to_disk(lane.unit->node, lane.at, record, to) : ok();
}

// A block holds as much as its largest state would take, since nobody remembers how much this one does.
Status LookBack::to_disk(NodeId node, uint64_t row, uint64_t record, std::byte* state) {
  const Watch& watch = *watches_[node];
  Header header;
  std::memcpy(&header, state, sizeof header);
  std::memset(state + sizeof header + header.used, 0, watch.bytes - sizeof header - header.used);
  Status written = (*context_.spill)[0].write(record * plan_.turn.saved.size() + watch.number, record, state, watch.bytes);
  return written.ok() ? ok() : Status(disk_failed(node, row, "its state at row " + std::to_string(row) + " can't be put on disk",
                                                  std::move(written).error()));
}

Status LookBack::from_disk(const Lane& lane, uint64_t row, uint64_t record, std::byte* state) {
  const NodeId node = lane.unit->node;
  const Watch& watch = *watches_[node];
  Status read = (*context_.spill)[0].read(record * plan_.turn.saved.size() + watch.number, record, state, watch.bytes);
  if (read.ok()) return ok();
  const Range& rows = lane.unit->range;
  return disk_failed(node, row, "its state at row " + std::to_string(row) + ", from which " + rows_text(rows.first, rows.last) +
                                    " are evaluated again, can't be had back from disk", std::move(read).error());
}

bool LookBack::can_save(const Leg& leg) const {
  return leg.on_disk || !rolling_.has_value() || rolling_->lie_within(slots_beside(leg.record + 1));
}

Status LookBack::save_passing(const Leg& leg) {
  std::byte* passing = record_at(Leg::kPassing);
  context_.checkpoints_saved += plan_.turn.saved.size();
  if (!leg.on_disk) {
    std::memcpy(record_at(leg.record), passing, plan_.turn.state_bytes);
    return ok();
  }
  for (const SavedState& saved : plan_.turn.saved)
    SQS_TRY(to_disk(saved.node, watches_[saved.node]->passing_row, leg.record, passing + saved.offset));
  return ok();
}

Status LookBack::record(const Lane& lane, uint64_t first, uint64_t last) {
  Recorded& to = recorded_[recording_for_][lane.unit->node];
  for (;;) {
    const Range made = {std::max(first, to.rows.first), std::min(last, to.rows.last)};
    if (made.count() > 0) {
      const std::byte* from = lane.buffer->row(made.first);
      if (to.rolls != Lane::kNoTape) rolling_->put(to.rolls, made, from);
      else std::memcpy(to.data + (made.first - to.rows.first) * to.row_bytes, from, made.count() * to.row_bytes);
    }
    if (to.tape == nullptr || to.begun > plan_.turn.schedule->disk_segments()) return ok();
    if (to.rows.count() > 0) {
      if (lane.backward() ? first > to.rows.first : last < to.rows.last) return ok();
      SQS_TRY(spill(to));
    }
    SQS_TRY_ASSIGN(to.rows, next_to_record(to));
  }
}

Result<Range> LookBack::next_to_record(Recorded& tape) const {
  const Schedule& schedule = *plan_.turn.schedule;
  const uint64_t segment = tape.begun++;
  const bool stays = segment == schedule.disk_segments();
  const Schedule::Span span = stays ? Schedule::Span{} : schedule.disk_segment(segment);
  SQS_TRY_ASSIGN(const TapeRows rows, rows_on_tape(tape, stays ? tail_ : grid_tiles(plan_.turn, span.first, span.last)));
  return stays ? rows.seat : rows.disk;
}

Result<TapeRows> LookBack::rows_on_tape(const Recorded& tape, TileSpan tiles) const {
  const TapeRows rows = tape_rows(plan_, *tape.tape, tiles.first, tiles.last);
  if (rows.seat.count() <= tape.capacity) return rows;
  const std::string& name = plan_.graph->node(tape.tape->node).name();
  return Error{SQS_E_INTERNAL, "the rows of stage '" + name + "' that are needed together do not fit the planned tape of " +
                                   std::to_string(tape.capacity) + " rows; this is a defect of the library", name};
}

Status LookBack::spill(const Recorded& tape) {
  const uint64_t start = os::monotonic_ns();
  Status written = tape.file->write(tape.begun - 1, tape.rows.first, tape.data, tape.rows.count() * tape.row_bytes);
  disk_ns_ += os::monotonic_ns() - start;
  return written.ok() ? ok() : rows_failed(tape, tape.rows, "can't be put on disk", std::move(written).error());
}

// What was on the tape and is still read lies at that end of it where the segment before was.
Status LookBack::read(const Leg& leg) {
  for (const Recorded& tape : recorded_[plan_.turn.sweep]) {
    if (tape.tape == nullptr) continue;
    SQS_TRY_ASSIGN(const TapeRows rows, rows_on_tape(tape, {leg.first, leg.last}));
    if (rows.seat.count() == 0) continue;
    const auto place = [&](uint64_t row) { return tape.data + (row - rows.seat.first) * tape.row_bytes; };
    RowBuffer& buffer = machinery_.buffer(tape.tape->buffer);
    const Range there = plan_.turn.from_last ? Range{rows.seat.first, rows.disk.first} : Range{rows.disk.last, rows.seat.last};
    if (there.count() > 0) std::memmove(place(there.first), buffer.row(there.first), there.count() * tape.row_bytes);
    buffer.first = rows.seat.first;
    if (rows.disk.count() == 0) continue;
    Status read = tape.file->read(leg.record, rows.disk.first, place(rows.disk.first), rows.disk.count() * tape.row_bytes);
    if (!read.ok()) return rows_failed(tape, rows.disk, "can't be had back from disk", std::move(read).error());
  }
  return ok();
}

Error LookBack::rows_failed(const Recorded& tape, Range rows, const std::string& what, Error cause) {
  return disk_failed(tape.tape->node, rows.first, rows_text(rows.first, rows.last) + " " + what, std::move(cause));
}

// Also tells the run that it is the disk for which the executor has failed.
Error LookBack::disk_failed(NodeId node, uint64_t row, const std::string& what, Error cause) {
  context_.disk_failed = true;
  cause.stage = plan_.graph->node(node).name();
  cause.row = row;
  cause.message = "stage '" + cause.stage + "': " + what + ": " + cause.message;
  return cause;
}

}  // namespace sqs
