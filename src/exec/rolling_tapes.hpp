// The rows of two segments at a time: the sweep takes those of one, from the last to the first as they were made, while a second
// thread puts those of the next where others have been taken. Both together need no more memory than the longer of them.
//
// A slot has room for a tile's rows of each tape. The first of them to be made lie in slot 0, and so on; in every second segment
// the order of the slots is turned, so that the first rows to come find the slot that is free first:
//
//   taken by the sweep     | first rows |   ...    | <- taken next |   taken    |   taken    |
//   put meanwhile                                                  | next rows  | first rows |
//
// turn() is called by the sweep's thread while the other rests, take() and give_up() while it works; all else by the one that
// replays. Allocates when made and never after.
#pragma once

#include <atomic>
#include <cstddef>
#include <vector>

#include "plan/plan.hpp"

namespace sqs {

class RollingTapes {
 public:
  // Over slots of turn.tile_bytes from `slots` on. `turn` is the caller's.
  RollingTapes(const TurnPlan& turn, std::byte* slots);

  // Tapes are counted as in the plan.
  size_t tapes() const { return turn_.tapes.size(); }
  // Lane::kNoTape: none of its rows are ever read.
  uint32_t tape_of(NodeId node) const;

  // The segment that is put next has these rows of a tape.
  void set_rows(uint32_t tape, Range rows) { coming_.rows[tape] = rows; }
  // They are set for all tapes; there are so many slots, or there will be as soon as those beyond have been taken. False if that
  // is too few.
  bool begin(uint64_t slots);
  // Whether all that is still to be taken lies in the first `slots` of them.
  bool lie_within(uint64_t slots) const;
  // All rows have been put, and will be taken.
  void turn();
  // The rows of a tape that are taken.
  Range rows(uint32_t tape) const { return going_.rows[tape]; }

  // Whether rows of the segment that is put find their slots free.
  bool has_room(uint32_t tape, Range rows) const;
  // Rows beside that segment are left out.
  void put(uint32_t tape, Range rows, const std::byte* from);
  // The slots of these rows, and of those made later, are free from now on.
  void take(uint32_t tape, Range rows, std::byte* to);
  // Nor will the others be taken.
  void give_up();

 private:
  struct Segment {
    std::vector<Range> rows;  // by tape
    uint64_t slots = 0;       // it takes: in the order of the rows from slot 0 on,
    bool turned = false;      // or from slot `end` - 1 downwards
    uint64_t end = 0;
    uint64_t top() const { return turned ? end : slots; }  // one more than the highest slot it takes
    uint64_t slot(uint64_t number) const { return turned ? end - 1 - number : number; }
    // The inverse; for slots it does not take any number that is not below `slots`.
    uint64_t number(uint64_t slot) const { return turned ? end - 1 - slot : slot; }
  };
  // visit(first, count, place): rows that lie together, all of one slot's.
  template <class Visit>
  void for_each_piece(const Segment& segment, uint32_t tape, Range rows, Visit&& visit) const;
  // From its first one on: those that hold rows of the segment that goes.
  uint64_t needed_slots(uint32_t tape) const;
  // Which row of a tape it is in the order in which they are made.
  uint64_t order_of(Range all, uint64_t row) const { return turn_.from_last ? all.last - 1 - row : row - all.first; }

  const TurnPlan& turn_;
  std::byte* slots_;
  std::vector<uint64_t> offsets_;            // by tape: in a slot
  Segment going_, coming_;
  std::vector<std::atomic<uint64_t>> left_;  // by tape: rows of the segment that goes, as long as they are needed where they lie
};

}  // namespace sqs
