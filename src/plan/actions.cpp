#include "plan/actions.hpp"

#include <algorithm>
#include <cassert>

namespace sqs {
namespace {

// A part that needs q evaluations per tile leaves at most q frames in the stack. One that is full leaves a run behind, from
// its column down to column 0, whose parts are full of level q - 1: q - 1 frames by induction. Another leaves a run of
// level q, then one part of a lower level and a run below it: either the run and what the one part leaves once it has been
// taken from the stack, or both and what the parts of the lower run leave, 2 + (q - 2). Placements may need a level more
// than a table has.
size_t most_frames(const CapacityTable& table) { return table.levels() + 1; }

// A table for what an online sweep could not serve with two evaluations; more levels than this gain nothing.
std::shared_ptr<const CapacityTable> table_for(const OnlinePlacement& placement, uint64_t tiles) {
  constexpr uint32_t kLevels = 32;
  if (!placement.overflowed()) return nullptr;
  return std::make_shared<const CapacityTable>(tiles, placement.pool_bytes(), placement.state_bytes(),
                                               placement.tile_bytes(), kLevels);
}

}  // namespace

Actions::Actions(const Schedule& schedule) : source_(schedule), table_(schedule.table()) {
  const uint64_t tiles = schedule.chain().tiles;
  checkpoints_ = schedule.checkpoints();
  disk_states_ = schedule.disk_states();
  segments_ = schedule.disk_segments();
  end_ = tiles - schedule.tail_tiles();
  if (table_ == nullptr) return;
  backward_ = true;
  end_ = 0;
  stack_.resize(most_frames(*table_));
  begin_part(0, tiles, table_->free_start(), true);
}

Actions::Actions(const OnlinePlacement& placement, uint64_t tiles)
    : source_(placement), table_(table_for(placement, tiles)) {
  disk_states_ = placement.disk_states();
  checkpoints_ = taken_ = disk_states_ + placement.states_in_memory();
  end_ = tiles - placement.kept();
  backward_ = true;
  if (table_ != nullptr) stack_.resize(most_frames(*table_));
  if (end_ != tiles) push({Action::What::Reverse, end_, tiles, false, false, 0});
}

Action Actions::next() {
  if (read_ == queued_) {
    read_ = queued_ = 0;
    step();
  }
  return read_ < queued_ ? queue_[read_++] : Action{};
}

void Actions::step() {
  if (!backward_)
    sweep_forward();
  else if (running_)
    reverse_part();
  else if (depth_ != 0)
    resume();
  else
    next_segment();
}

void Actions::sweep_forward() {
  if (taken_ < checkpoints_) {
    const uint64_t here = position(taken_);
    push({Action::What::Advance, tile_, here, false, false, 0});
    push_checkpoint(Action::What::Save, taken_++);
    tile_ = here;
    return;
  }
  const Schedule& schedule = std::get<Schedule>(source_);
  if (segments_ != 0) {
    const uint64_t segment = schedule.disk_segments() - segments_--;
    tile_ = schedule.disk_segment(segment).last;
    push({Action::What::Advance, schedule.disk_segment(segment).first, tile_, true, false, 0});
    push_segment(Action::What::Write, segment);
    return;
  }
  const uint64_t tiles = schedule.chain().tiles;
  backward_ = true;
  segments_ = schedule.disk_segments();
  if (tile_ < end_) push({Action::What::Advance, tile_, end_, false, false, 0});
  keep_and_reverse(end_, tiles);
}

// The newest segment that is left: from its checkpoint, or from the start, to where all is reversed.
void Actions::next_segment() {
  if (segments_ != 0) {
    push_segment(Action::What::Read, --segments_);
    push_segment(Action::What::Reverse, segments_);
    end_ = queue_[queued_ - 1].first;
    return;
  }
  if (end_ == 0 && taken_ == 0) return;
  const bool saved = taken_ != 0;
  if (saved) --taken_;
  const uint64_t first = saved ? position(taken_) : 0;
  if (first >= end_) {  // within the tail: an online sweep didn't know
    push_checkpoint(Action::What::Drop, taken_);
    return;
  }
  if (saved)
    push_checkpoint(Action::What::Load, taken_);
  else
    push({Action::What::Load, 0, 0, false, false, 0});
  if (table_ == nullptr) {
    if (saved) push_checkpoint(Action::What::Drop, taken_);
    keep_and_reverse(first, end_);
  } else {
    start_on_disk_ = saved && taken_ < disk_states_;
    const bool in_memory = saved && !start_on_disk_;
    begin_part(first, end_ - first, in_memory ? table_->most_states() - (taken_ - disk_states_) : table_->free_start(), false);
  }
  end_ = first;
}

void Actions::begin_part(uint64_t first, uint64_t tiles, uint64_t column, bool fresh) {
  part_ = {first, tiles, column, 0, 0};
  fresh_ = fresh;
  running_ = tiles != 0;
}

void Actions::reverse_part() {
  const CapacityTable::Split split = table_->split(part_.tiles, Wide(part_.column));
  const bool costs_nothing = part_.column == table_->free_start() && !start_on_disk_;
  if (split.advance == 0) {
    if (!fresh_ && !costs_nothing) push_start(Action::What::Drop, part_.first, part_.column);
    keep_and_reverse(part_.first, part_.first + part_.tiles);
    running_ = false;
    return;
  }
  if (fresh_ && !costs_nothing) push_start(Action::What::Save, part_.first, part_.column);
  push({Action::What::Advance, part_.first, part_.first + split.advance, false, false, 0});
  leave_behind(split);
  begin_part(part_.first + split.advance, part_.tiles - split.advance, part_.column - 1, true);
}

void Actions::leave_behind(const CapacityTable::Split& split) {
  if (split.full && fresh_ && depth_ != 0) {
    Frame& top = stack_[depth_ - 1];
    if (top.level == split.level && top.low == part_.column + 1) {
      top.low = part_.column;
      return;
    }
  }
  assert(depth_ < stack_.size());
  Frame& frame = stack_[depth_++];
  if (split.full)
    frame = {part_.first, 0, part_.column, part_.column, split.level};
  else
    frame = {part_.first, split.advance, part_.column, 0, 0};
}

// Takes the part that was left behind last: the lowest of a run, which lies farthest to the right.
void Actions::resume() {
  Frame& top = stack_[depth_ - 1];
  uint64_t first = top.first, tiles = top.tiles, column = top.column;
  if (top.level != 0) {
    column = top.low;
    const Wide before = table_->tiles(top.level, Wide(top.column)) - table_->tiles(top.level, Wide(column));
    first += static_cast<uint64_t>(before);
    tiles = static_cast<uint64_t>(table_->tiles(top.level - 1, Wide(column)));
  }
  if (top.level == 0 || column == top.column)
    --depth_;
  else
    ++top.low;
  push_start(Action::What::Load, first, column);
  begin_part(first, tiles, column, false);
}

void Actions::keep_and_reverse(uint64_t first, uint64_t last) {
  if (first == last) return;
  push({Action::What::Advance, first, last, true, false, 0});
  push({Action::What::Reverse, first, last, false, false, 0});
}

void Actions::push_segment(Action::What what, uint64_t segment) {
  const Schedule::Span tiles = std::get<Schedule>(source_).disk_segment(segment);
  push({what, tiles.first, tiles.last, false, what != Action::What::Reverse, what != Action::What::Reverse ? segment : 0});
}

void Actions::push_checkpoint(Action::What what, uint64_t checkpoint) {
  const bool on_disk = checkpoint < disk_states_;
  push({what, position(checkpoint), 0, false, on_disk, on_disk ? checkpoint : checkpoint - disk_states_});
}

// Each column below the free start has one state more before it than the next one.
void Actions::push_start(Action::What what, uint64_t first, uint64_t column) {
  if (column != table_->free_start())
    push({what, first, 0, false, false, table_->most_states() - column});
  else
    push({what, first, 0, false, start_on_disk_, start_on_disk_ ? taken_ : 0});
}

void Actions::push(const Action& action) {
  assert(queued_ < queue_.size());
  queue_[queued_++] = action;
}

uint64_t Actions::position(uint64_t checkpoint) const {
  return std::visit([&](const auto& source) { return source.position(checkpoint); }, source_);
}

}  // namespace sqs
