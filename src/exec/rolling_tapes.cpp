#include "exec/rolling_tapes.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "exec/lane.hpp"

namespace sqs {

RollingTapes::RollingTapes(const TurnPlan& turn, std::byte* slots) : turn_(turn), slots_(slots), left_(turn.tapes.size()) {
  uint64_t offset = 0;
  for (const Tape& tape : turn.tapes) {
    offsets_.push_back(offset);
    offset += tape.rows_per_tile * tape.row_bytes;
  }
  going_.rows.resize(turn.tapes.size());
  coming_.rows.resize(turn.tapes.size());
}

uint32_t RollingTapes::tape_of(NodeId node) const {
  const auto tape = std::find_if(turn_.tapes.begin(), turn_.tapes.end(), [&](const Tape& t) { return t.node == node; });
  return tape == turn_.tapes.end() ? Lane::kNoTape : static_cast<uint32_t>(tape - turn_.tapes.begin());
}

bool RollingTapes::begin(uint64_t slots) {
  coming_.slots = 0;
  for (size_t t = 0; t < tapes(); ++t) {
    const uint64_t per_slot = turn_.tapes[t].rows_per_tile;
    coming_.slots = std::max(coming_.slots, (coming_.rows[t].count() + per_slot - 1) / per_slot);
  }
  coming_.turned = going_.slots > 0 && !going_.turned;
  coming_.end = std::min(slots, std::max(coming_.slots, going_.top()));
  return coming_.slots <= slots;
}

bool RollingTapes::lie_within(uint64_t slots) const {
  for (size_t t = 0; t < tapes(); ++t) {
    const uint64_t needed = needed_slots(static_cast<uint32_t>(t));
    if (needed > 0 && (going_.turned ? going_.top() : needed) > slots) return false;
  }
  return true;
}

void RollingTapes::turn() {
  std::swap(going_, coming_);
  for (size_t t = 0; t < tapes(); ++t) left_[t].store(going_.rows[t].count(), std::memory_order_relaxed);
}

uint64_t RollingTapes::needed_slots(uint32_t tape) const {
  const uint64_t per_slot = turn_.tapes[tape].rows_per_tile;
  return (left_[tape].load(std::memory_order_acquire) + per_slot - 1) / per_slot;
}

bool RollingTapes::has_room(uint32_t tape, Range rows) const {
  if (rows.count() == 0) return true;
  const uint64_t per_slot = turn_.tapes[tape].rows_per_tile, needed = needed_slots(tape);
  const Range& all = coming_.rows[tape];
  const uint64_t one_end = order_of(all, rows.first) / per_slot, other_end = order_of(all, rows.last - 1) / per_slot;
  for (uint64_t number = std::min(one_end, other_end); number <= std::max(one_end, other_end); ++number)
    if (going_.number(coming_.slot(number)) < needed) return false;
  return true;
}

void RollingTapes::put(uint32_t tape, Range rows, const std::byte* from) {
  const Range& all = coming_.rows[tape];
  const Range inside = {std::max(rows.first, all.first), std::min(rows.last, all.last)};
  const uint64_t row_bytes = turn_.tapes[tape].row_bytes;
  for_each_piece(coming_, tape, inside, [&](uint64_t first, uint64_t count, std::byte* place) {
    std::memcpy(place, from + (first - rows.first) * row_bytes, count * row_bytes);
  });
}

void RollingTapes::take(uint32_t tape, Range rows, std::byte* to) {
  const uint64_t row_bytes = turn_.tapes[tape].row_bytes;
  for_each_piece(going_, tape, rows, [&](uint64_t first, uint64_t count, const std::byte* place) {
    std::memcpy(to + (first - rows.first) * row_bytes, place, count * row_bytes);
  });
  const Range& all = going_.rows[tape];
  left_[tape].store(turn_.from_last ? all.last - rows.last : rows.first - all.first, std::memory_order_release);
}

void RollingTapes::give_up() {
  for (std::atomic<uint64_t>& left : left_) left.store(0, std::memory_order_release);
}

template <class Visit>
void RollingTapes::for_each_piece(const Segment& segment, uint32_t tape, Range rows, Visit&& visit) const {
  const Tape& planned = turn_.tapes[tape];
  const uint64_t per_slot = planned.rows_per_tile;
  for (uint64_t row = rows.first; row < rows.last;) {
    const uint64_t order = order_of(segment.rows[tape], row);
    const uint64_t made = order % per_slot;  // rows of its slot before it
    const uint64_t above = turn_.from_last ? made : per_slot - 1 - made;
    const uint64_t count = std::min(rows.last - row, above + 1);
    std::byte* slot = slots_ + segment.slot(order / per_slot) * turn_.tile_bytes + offsets_[tape];
    visit(row, count, slot + (per_slot - 1 - above) * planned.row_bytes);
    row += count;
  }
}

}  // namespace sqs
