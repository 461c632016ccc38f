#include "exec/tape_reader.hpp"

#include <algorithm>

#include "plan/ranges.hpp"

namespace sqs {

TapeReader::TapeReader(const Plan& plan, Machinery& machinery, RollingTapes& tapes, std::vector<Lane>& lanes)
    : plan_(plan), tapes_(tapes) {
  const Sweep& sweep = plan.sweeps[plan.turn.sweep];
  for (const Unit& unit : sweep.replays[0].units) {
    const uint32_t tape = unit.is_tape() && !unit.kept ? tapes.tape_of(unit.node) : Lane::kNoTape;
    if (tape == Lane::kNoTape) continue;
    Unit& shown = units_.emplace_back();
    shown.node = unit.node;
    shown.backward = sweep.backward;
    Lane& lane = lanes_.emplace_back();
    lane.unit = &shown;
    lane.tape = tape;
    lane.buffer = &machinery.read_tape(unit.buffer);
    for (const Reader& reader : unit.outside) lane.attach(lanes[reader.unit], reader);
  }
}

void TapeReader::begin() {
  for (size_t i = 0; i < lanes_.size(); ++i) {
    Lane& lane = lanes_[i];
    units_[i].range = tapes_.rows(lane.tape);
    lane.at = lane.start();
    if (lane.backward()) lane.buffer->start_below(lane.at);
    else lane.buffer->start_at(lane.at);
  }
}

Status TapeReader::read(int64_t tile) {
  for (Lane& lane : lanes_) {
    const uint64_t to = read_as_far_as(lane, tile);
    if (to == lane.at) continue;
    pass_over(lane, to);
    if (!lane.make_room(to)) return lane.plan_broken(plan_.graph->node(lane.unit->node).name());
    const Range rows = lane.backward() ? Range{to, lane.at} : Range{lane.at, to};
    tapes_.take(lane.tape, rows, lane.buffer->row(rows.first));
    lane.at = to;
  }
  return ok();
}

// Rows on the way to `to` that nobody needs any more, as between those that a stride reads.
void TapeReader::pass_over(Lane& lane, uint64_t to) {
  const uint64_t needed = lane.needed_from(to);
  if (lane.backward() ? needed >= lane.at : needed <= lane.at) return;
  lane.at = needed;
  if (lane.backward()) lane.buffer->start_below(needed);
  else lane.buffer->start_at(needed);
}

uint64_t TapeReader::read_as_far_as(const Lane& lane, int64_t tile) const {
  const Range& all = lane.unit->range;
  uint64_t to = lane.at;
  for (const Lane::ReaderPort& reader : lane.readers) {
    const Lane& r = *reader.lane;
    const uint64_t end = r.unit->row_after(tile, plan_.tile_frames);
    const Range read = touched(reader.port->path(), r.backward() ? Range{end, r.at} : Range{r.at, end},
                               plan_.rows[lane.unit->node].out.count);
    if (read.count() == 0) continue;
    if (lane.backward()) to = std::min(to, std::max(read.first, all.first));
    else to = std::max(to, std::min(read.last, all.last));
  }
  return to;
}

}  // namespace sqs
