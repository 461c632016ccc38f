#include "plan/inner_replays.hpp"

#include <algorithm>
#include <cassert>

namespace sqs {
namespace {

// A part of the schedule: tiles from a start at a column of the table.
struct Part {
  uint64_t first = 0;
  uint64_t tiles = 0;
  Wide column = 0;
  uint64_t last() const { return first + tiles; }
};

class Counter {
 public:
  Counter(const Schedule& schedule, Schedule::Span middle, const ShowReplay& show)
      : table_(*schedule.table()), middle_(middle), show_(show) {}

  InnerReplays count(uint64_t tiles) {
    go_through({0, tiles, Wide(table_.free_start())}, false);
    return counted_;
  }

 private:
  // replayed: else it is the first sweep that goes over the part and keeps its last outputs. Goes down one level with each part
  // that is left behind.
  void go_through(Part part, bool replayed) {
    for (;;) {
      if (replayed && part.first >= middle_.first && part.last() <= middle_.last) return add(part);
      const CapacityTable::Split split = table_.split(part.tiles, part.column);
      if (split.advance == 0) {
        if (replayed) show_(part.first, part.last(), true);
        return;
      }
      const Wide below = split.full ? lowest_in_middle(part, split.level) : part.column;
      if (below < part.column) {
        part = add_full_splits(part, split.level, below, replayed);
        continue;
      }
      if (replayed) show_(part.first, part.first + split.advance, false);
      go_through({part.first, split.advance, part.column}, true);
      part = {part.first + split.advance, part.tiles - split.advance, part.column - 1};
    }
  }

  // The lowest column above which splits leave full parts behind that lie in the middle; the part's own if there is none.
  Wide lowest_in_middle(const Part& part, uint32_t level) const {
    if (part.first < middle_.first || part.first >= middle_.last) return part.column;
    const Wide all = table_.tiles(level, part.column);
    Wide low = table_.last_full_split(level, part.column, all - Wide(part.tiles)) - 1, high = part.column;
    while (low < high) {
      const Wide column = (low + high) / 2;
      if (Wide(part.first) + all - table_.tiles(level, column) <= Wide(middle_.last))
        high = column;
      else
        low = column + 1;
    }
    return low;
  }

  // What is left of the part.
  Part add_full_splits(const Part& part, uint32_t level, Wide below, bool replayed) {
    const Wide over = table_.tiles(level, part.column) - table_.tiles(level, below);
    CapacityTable::Work work = table_.work_of_full_splits(level, part.column, below);
    const Wide parts = part.column - below;
    if (!replayed) work.evaluations -= over;
    const auto tiles = static_cast<uint64_t>(over);
    add(work, work.kept_runs - (replayed ? 0 : parts), {part.first, part.first + tiles});
    return {part.first + tiles, part.tiles - tiles, below};
  }

  void add(const Part& part) {
    const CapacityTable::Work work = table_.work(part.tiles, part.column);
    add(work, work.kept_runs - 1, {part.first, part.last()});
  }

  void add(const CapacityTable::Work& work, Wide advances, Schedule::Span span) {
    const uint64_t tiles = span.last - span.first;
    const bool none = counted_.kept == 0;
    counted_.kept += static_cast<uint64_t>(work.kept_runs);
    counted_.kept_tiles += tiles;
    counted_.advances += static_cast<uint64_t>(advances);
    counted_.advanced_tiles += static_cast<uint64_t>(work.evaluations - Wide(tiles));
    counted_.kept_span.first = none ? span.first : std::min(counted_.kept_span.first, span.first);
    counted_.kept_span.last = none ? span.last : std::max(counted_.kept_span.last, span.last);
  }

  const CapacityTable& table_;
  Schedule::Span middle_;
  const ShowReplay& show_;
  InnerReplays counted_;
};

}  // namespace

InnerReplays inner_replays(const Schedule& schedule, Schedule::Span middle, const ShowReplay& show) {
  assert(schedule.kind() == ScheduleKind::Multi);
  return Counter(schedule, middle, show).count(schedule.chain().tiles);
}

}  // namespace sqs
