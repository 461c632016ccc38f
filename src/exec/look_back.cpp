#include "exec/look_back.hpp"

#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/size.hpp"

namespace sqs {

LookBack::LookBack(RunContext& context, Plan& plan, Machinery& machinery)
    : context_(context), plan_(plan), machinery_(machinery), segments_(plan), pool_(context.arena + plan.turn.pool_offset),
      staging_(context.arena + plan.turn.staging_offset), watches_(plan.graph->size()), recorded_(plan.graph->size()) {
  for (const SavedState& saved : plan.turn.saved) watches_[saved.node].emplace().offset = saved.offset;
  legs_.resize(plan.sweeps.size());
  saves_.resize(plan.sweeps.size());
  for (uint32_t s = 0; s < plan.sweeps.size(); ++s) {
    const Sweep& sweep = plan.sweeps[s];
    if (!sweep.replays.empty()) legs_[s].emplace(plan, s);
    for (uint32_t u = 0; u < sweep.units.size(); ++u)
      if (sweep.units[u].saves) saves_[s].emplace_back(u, Saves(plan, sweep.backward));
    if (!sweep.recorded || plan.turn.tiles() == 0) continue;
    const TileSpan tiles = recorded_tiles(plan, s);
    segments_.set(s, tiles.first, tiles.last);
    for (const Unit& unit : segments_.replays(s)[0].units) {
      if (!unit.is_tape() || unit.kept) continue;
      std::byte* data = pool_ + tape_offset(unit.node, static_cast<uint64_t>(tiles.last - tiles.first));
      recorded_[unit.node] = {unit.range, data, plan.graph->node(unit.node).row_bytes};
    }
  }
}

// Tapes lie one after the other, as long as the segment asks; in a chain all segments take what the longest does.
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
  return pool_ + plan_.turn.area_bytes() - (record + 1) * plan_.turn.state_bytes;
}

std::optional<Leg> LookBack::next(uint32_t sweep) {
  std::optional<Leg> leg = legs_[sweep]->next();
  if (!leg.has_value() || leg->what != Leg::What::Replay) return leg;
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
    seat_tapes(sweep, *leg);
  }
  if (!leg->recorded) expect(plan_.sweeps[sweep].replays[leg->depth - 1], *leg);
  return leg;
}

void LookBack::seat_tapes(uint32_t sweep, const Leg& leg) {
  const uint64_t tiles = leg.keep ? static_cast<uint64_t>(leg.last - leg.first) : 1;
  for (const Layer& layer : plan_.sweeps[sweep].replays)
    for (const Unit& unit : layer.units) {
      if (!unit.is_tape() || unit.kept) continue;
      RowBuffer& buffer = machinery_.buffer(unit.buffer);
      const auto tape = std::find_if(plan_.turn.tapes.begin(), plan_.turn.tapes.end(),
                                     [&](const Tape& t) { return t.node == unit.node; });
      if (tape == plan_.turn.tapes.end()) continue;  // none of its rows are ever read
      buffer.data = pool_ + tape_offset(unit.node, tiles);
      buffer.capacity = tape->rows_per_tile * tiles + tape->beside_rows;
      if (leg.keep) buffer.first = unit.range.first;
      else if (unit.backward) buffer.start_below(unit.range.last);
      else buffer.start_at(unit.range.first);
    }
}

// At the very start a scan has no state yet.
bool LookBack::fresh(const Lane& lane) const {
  return lane.start() == (lane.backward() ? lane.unit->domain.count : 0);
}

Status LookBack::restore(const Leg& leg, Lane& lane) {
  if (!leg.restore || lane.unit->range.count() == 0) return ok();
  Watch& watch = *watches_[lane.unit->node];
  if (plan_.turn.kind == TurnPlan::Kind::Reversal) watch.check = std::exchange(watch.restored, {});
  if (leg.record == Leg::kStart || fresh(lane)) {
    lane.runner->drop_state();
    return ok();
  }
  const std::byte* from = record_at(leg.record) + watch.offset;
  Header header;
  std::memcpy(&header, from, sizeof header);
  watch.restored = {lane.start(), header.hash};
  ++context_.checkpoints_loaded;
  return lane.runner->restore(from + sizeof header, header.used);
}

// A chain's checkpoints stay, so the state at the far end of each segment is known.
void LookBack::expect(const Layer& layer, const Leg& leg) {
  if (plan_.turn.kind != TurnPlan::Kind::Chain) return;
  const auto number = static_cast<uint64_t>((leg.first - plan_.turn.first_tile)) / plan_.turn.spacing;
  const bool last = layer.backward ? number == 0 : number + 1 == plan_.turn.segments();
  for (const Unit& unit : layer.units) {
    if (unit.kept || !watches_[unit.node].has_value() || unit.range.count() == 0) continue;
    Watch& watch = *watches_[unit.node];
    watch.check = {};
    if (last) continue;
    const uint64_t row = segments_.start(unit.node, layer.backward ? leg.first : leg.last);
    if (row == Segments::kNoRow || row == (unit.backward ? unit.domain.count : 0)) continue;
    Header header;
    std::memcpy(&header, record_at(layer.backward ? number - 1 : number) + watch.offset, sizeof header);
    watch.check = {row, header.hash};
  }
}

void LookBack::begin_sweep(uint32_t sweep, std::vector<Lane>& lanes) {
  for (auto& watch : watches_)
    if (watch.has_value()) {
      watch->saves.reset();
      watch->save_row = Segments::kNoRow;
      watch->check = watch->restored = {};
    }
  for (auto& [unit, saves] : saves_[sweep]) {
    Watch& watch = *watches_[lanes[unit].unit->node];
    watch.saves.swap(saves);
    next_save(lanes[unit], watch);
  }
}

// Where no row beyond a boundary is needed no state is either; at the very start there is none to save.
void LookBack::next_save(const Lane& lane, Watch& watch) {
  const uint64_t start = lane.backward() ? lane.unit->domain.count : 0;
  for (;;) {
    watch.save_row = Segments::kNoRow;
    watch.next_save = watch.saves.has_value() ? watch.saves->next() : std::nullopt;
    if (!watch.next_save.has_value()) return;
    const uint64_t row = segments_.start(lane.unit->node, watch.next_save->boundary);
    if (row == Segments::kNoRow || row == start) continue;
    watch.save_row = row;
    return;
  }
}

uint64_t LookBack::stop(const Lane& lane, uint64_t to) const {
  if (!watches_[lane.unit->node].has_value()) return to;
  const Watch& watch = *watches_[lane.unit->node];
  for (const uint64_t row : {watch.save_row, watch.check.row}) {
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
    if (XXH3_64bits(staging_, used) != known.hash) {
      const std::string& name = lane.runner->node().name();
      return Error{SQS_E_CONTRACT, "stage '" + name + "' is not pure: evaluated again, its state at row " + std::to_string(lane.at) +
                                       " is another than before; a row may depend on nothing but its declared inputs and its "
                                       "state, and equal states must be equal bytes, or declare the stage SQS_ONCE",
                   name, lane.at};
    }
  }
  while (lane.at == watch.save_row) {
    SQS_TRY(save(lane, watch.next_save->record));
    next_save(lane, watch);
  }
  return ok();
}

Status LookBack::save(const Lane& lane, uint64_t record) {
  std::byte* to = record_at(record) + watches_[lane.unit->node]->offset;
  Header header;
  SQS_TRY_ASSIGN(header.used, lane.runner->save(to + sizeof header));
  header.hash = XXH3_64bits(to + sizeof header, header.used);
  std::memcpy(to, &header, sizeof header);
  ++context_.checkpoints_saved;
  return ok();
}

Status LookBack::save_all(const Leg& leg, std::vector<Lane>& lanes) {
  for (Lane& lane : lanes) {
    const bool scan = lane.runner != nullptr && watches_[lane.unit->node].has_value();
    if (scan && lane.runner->state_alive()) SQS_TRY(save(lane, leg.record));
  }
  return ok();
}

void LookBack::record(const Lane& lane, uint64_t first, uint64_t last) {
  const Recorded& to = recorded_[lane.unit->node];
  first = std::max(first, to.rows.first);
  last = std::min(last, to.rows.last);
  if (first >= last) return;
  std::memcpy(to.data + (first - to.rows.first) * to.row_bytes, lane.buffer->row(first), (last - first) * to.row_bytes);
}

}  // namespace sqs
