#include "plan/segments.hpp"

#include <algorithm>

#include "plan/ranges.hpp"

namespace sqs {
namespace {

// Rows of a unit of the sweep itself in tiles [first, last).
Range rows_between(const Unit& unit, int64_t first, int64_t last, uint64_t tile_frames) {
  const auto span = static_cast<int64_t>(tile_frames);
  return {unit.row_at(first * span), unit.row_at(last * span)};
}

// Rows of a tape that the sweep above it reads in tiles [first, last).
Range rows_read(const Plan& plan, const Unit& tape, int64_t first, int64_t last) {
  Range range;
  for (const Reader& reader : tape.outside)
    widen(range, touched(plan.paths[reader.path],
                         rows_between(plan.sweeps[plan.turn.sweep].units[reader.unit], first, last, plan.tile_frames),
                         plan.rows[tape.node].out.count));
  return range;
}

}  // namespace

// Between tiles the rows above and those below need not part at one row: readers reach as far as they like, and some have no
// rows in these tiles but in others. So ends are those of all tiles to either side, which never go back.
TapeRows tape_rows(const Plan& plan, const Unit& tape, int64_t first, int64_t last) {
  const TurnPlan& turn = plan.turn;
  const auto from = [&](int64_t tile) {
    const Range rows = rows_read(plan, tape, tile, turn.tile_end);
    return rows.count() > 0 ? rows.first : Segments::kNoRow;
  };
  const auto to = [&](int64_t tile) { return rows_read(plan, tape, turn.first_tile, tile).last; };
  const Range seat = {from(first), to(last)};
  if (seat.count() == 0) return {};
  Range disk = seat;
  if (turn.from_last) disk.first = std::clamp(to(first), seat.first, seat.last);
  else disk.last = std::clamp(from(last), seat.first, seat.last);
  return {seat, disk};
}

Segments::Segments(const Plan& plan) : plan_(plan), scans_(plan.graph->size(), false) {
  for (auto& starts : starts_) starts.assign(plan.graph->size(), kNoRow);
  far_.assign(plan.graph->size(), kNoRow);
  for (const SavedState& saved : plan.turn.saved) scans_[saved.node] = true;
}

void Segments::set(uint32_t sweep, int64_t first, int64_t last) {
  find_starts(first, false);
  find_starts(last, true);
  pull(plan_.sweeps[sweep], first, last);
  find_all_tiles(plan_.sweeps[sweep]);
}

void Segments::set_advance(uint32_t sweep, int64_t first, int64_t last) {
  Layer& layer = plan_.sweeps[sweep].replays[0];
  const std::vector<uint64_t>& starts = starts_[layer.backward ? 1 : 0];
  find_starts(layer.backward ? first : last, layer.backward);
  far_ = starts;
  find_starts(layer.backward ? last : first, layer.backward);
  // A scan goes at least to where it stands at the far boundary, and further if another that goes there reads ahead of it.
  for (size_t u = layer.units.size(); u-- > 0;) {
    Unit& unit = layer.units[u];
    if (unit.kept) continue;
    unit.range = {};
    for (const Reader& reader : unit.readers)
      widen(unit.range, touched(plan_.paths[reader.path], layer.units[reader.unit].range, plan_.rows[unit.node].out.count));
    if (!scans_[unit.node]) continue;
    const uint64_t from = starts[unit.node];
    const uint64_t to = far_[unit.node];
    if (from != kNoRow && to != kNoRow) widen(unit.range, unit.backward ? Range{to, from} : Range{from, to});
    extend(unit);
  }
  find_all_tiles(plan_.sweeps[sweep]);
}

uint64_t Segments::start(NodeId scan, int64_t boundary) {
  const bool backward = plan_.graph->node(scan).decl.backward;
  find_starts(boundary, backward);
  return starts_[backward ? 1 : 0][scan];
}

// A state serves every sweep that starts from it, and the scans upstream of a scan must lead up to where that one stands: so
// this goes on until no start moves.
void Segments::find_starts(int64_t boundary, bool backward) {
  const size_t way = backward ? 1 : 0;
  if (known_[way] && boundary_[way] == boundary) return;
  std::vector<uint64_t>& starts = starts_[way];
  std::fill(starts.begin(), starts.end(), kNoRow);
  known_[way] = true;
  boundary_[way] = boundary;
  for (bool moved = true; moved;) {
    moved = false;
    for (Sweep& sweep : plan_.sweeps) {
      if (sweep.replays.empty()) continue;
      if (backward) pull(sweep, plan_.turn.first_tile, boundary);
      else pull(sweep, boundary, plan_.turn.tile_end);
      for (Layer& layer : sweep.replays)
        for (const Unit& unit : layer.units) {
          if (unit.kept || !scans_[unit.node] || unit.backward != backward || unit.range.count() == 0) continue;
          uint64_t& start = starts[unit.node];
          const uint64_t needed = backward ? unit.range.last : unit.range.first;
          if (start != kNoRow && (backward ? needed <= start : needed >= start)) continue;
          start = needed;
          moved = true;
        }
    }
  }
}

void Segments::pull(Sweep& sweep, int64_t first, int64_t last) {
  for (uint32_t d = 1; d <= sweep.replays.size(); ++d) {
    Layer& layer = sweep.layer(d);
    for (size_t u = layer.units.size(); u-- > 0;) {
      Unit& unit = layer.units[u];
      if (unit.kept) continue;
      unit.range = read(sweep, unit, d, first, last);
      extend(unit);
    }
  }
}

Range Segments::read(const Sweep& sweep, const Unit& unit, uint32_t depth, int64_t first, int64_t last) const {
  const uint64_t rows = plan_.rows[unit.node].out.count;
  Range range;
  for (const Reader& reader : unit.readers)
    widen(range, touched(plan_.paths[reader.path], sweep.layer(depth).units[reader.unit].range, rows));
  for (const Reader& reader : unit.outside) {
    const Unit& r = sweep.layer(reader.depth).units[reader.unit];
    widen(range, touched(plan_.paths[reader.path], reader.depth == 0 ? rows_between(r, first, last, plan_.tile_frames) : r.range, rows));
  }
  return range;
}

void Segments::extend(Unit& unit) const {
  if (!scans_[unit.node] || unit.range.count() == 0) return;
  const uint64_t start = starts_[unit.backward ? 1 : 0][unit.node];
  if (start == kNoRow) return;
  if (unit.backward) unit.range.last = std::max(unit.range.last, start);
  else unit.range.first = std::min(unit.range.first, start);
}

void Segments::find_all_tiles(Sweep& sweep) {
  for (Layer& layer : sweep.replays) find_tiles(layer, plan_.tile_frames);
}

}  // namespace sqs
