// A schedule as a stream of actions: what an executor does, one step at a time. A generator of constant size, for it is
// arithmetic on the schedule: next() allocates nothing, and neither does copying into an object that was made for the same
// schedule. Not thread-safe; copies are independent.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#include "plan/online_placement.hpp"
#include "plan/schedule.hpp"

namespace sqs {

struct Action {
  enum class What {
    Advance,  // evaluate tiles [first, last) forward; keep: their outputs stay until reversed, the last one as the working one
    Save,     // save the state before tile `first`, which is the current one
    Load,     // make the saved state before tile `first` the current one; first = 0: the start state
    Drop,     // release the saved state before tile `first`
    Write,    // put the kept outputs of tiles [first, last) on disk, as segment `state`; they are kept no longer
    Read,     // get them back, last to first as they were written
    Reverse,  // hand over the kept outputs of tiles [first, last), last to first; they are released one by one
    End,
  };
  What what = What::End;
  uint64_t first = 0;
  uint64_t last = 0;
  bool keep = false;
  // Save, Load, Drop: where the state is, and its index there, counted from 0. States are a stack on either tier: a save
  // pushes, a drop pops; in memory and on disk, index i holds the i-th of those that are alive. Segments of outputs are a
  // stack on disk by themselves.
  bool to_disk = false;
  uint64_t state = 0;
};

// The actions of a schedule. The first sweep is everything up to the first Reverse. An Advance that keeps is directly
// followed by its Reverse, or its Write, so no output is held while another Advance runs, nor while a state is saved or loaded.
class Actions {
 public:
  explicit Actions(const Schedule& schedule);

  // What remains to be done after a first sweep of `tiles` tiles placed by `placement`: it begins with the Reverse of the
  // tiles that are still kept.
  Actions(const OnlinePlacement& placement, uint64_t tiles);

  // The next action; End for ever after the last.
  Action next();

 private:
  // Parts left behind, to be reversed from their saved starts once all after them has been. A frame with level 0 is one
  // part of `tiles` tiles from `first` at `column`. Otherwise it is a run of full parts, one for each column from `column`
  // down to `low`, whose first starts at `first`: part c has tiles(level - 1, c) tiles.
  struct Frame {
    uint64_t first = 0;
    uint64_t tiles = 0;
    uint64_t column = 0;
    uint64_t low = 0;
    uint32_t level = 0;
  };

  void step();
  void sweep_forward();
  void next_segment();
  void reverse_part();
  void resume();
  void leave_behind(const CapacityTable::Split& split);
  void begin_part(uint64_t first, uint64_t tiles, uint64_t column, bool fresh);
  void keep_and_reverse(uint64_t first, uint64_t last);
  void push_segment(Action::What what, uint64_t segment);
  void push_checkpoint(Action::What what, uint64_t checkpoint);
  void push_start(Action::What what, uint64_t first, uint64_t column);
  void push(const Action& action);
  uint64_t position(uint64_t checkpoint) const;

  std::variant<Schedule, OnlinePlacement> source_;
  std::shared_ptr<const CapacityTable> table_;  // of Multi, or of an online sweep that overflowed

  uint64_t checkpoints_ = 0;  // of the first sweep, on disk and in memory; not of Multi
  uint64_t segments_ = 0;     // of outputs on disk; in the first sweep those that are still to come, then what is left
  uint64_t disk_states_ = 0;  // the oldest of them
  uint64_t taken_ = 0;        // of them, in the first sweep; then what is left
  uint64_t tile_ = 0;         // where the first sweep stands
  uint64_t end_ = 0;          // tiles that are still to be reversed, but for the part under way and those in the stack
  bool backward_ = false;     // the first sweep is over, or is that of Multi

  // The part under way: its state is the current one, and not saved yet if it is fresh.
  bool running_ = false, fresh_ = false;
  Frame part_;
  bool start_on_disk_ = false;  // the start at column M + 1: the disk's newest state instead of the start of all
  std::vector<Frame> stack_;    // of full size from the first, so that a copy needs no more room
  size_t depth_ = 0;            // frames in use

  std::array<Action, 4> queue_;
  uint32_t queued_ = 0, read_ = 0;
};

}  // namespace sqs
