// Where to save states during a first sweep whose length is not known yet. Up to N2(B) tiles states are placed as Shrink
// does, which for S <= T costs at most one evaluation more than if the length had been known. Beyond, the oldest states go
// to disk; without a disk, or when it is full, every other state is dropped again and again, as the gaps between them
// double, and the reversal needs inner checkpoints: up to 4 * N2(B) tiles at most 1.33 times the evaluations that Multi
// would need. O(1) memory: positions are formulas. A value; not thread-safe.
#pragma once

#include <cstdint>
#include <optional>

#include "plan/capacity.hpp"

namespace sqs {

class OnlinePlacement {
 public:
  OnlinePlacement(uint64_t pool_bytes, uint64_t state_bytes, uint64_t tile_bytes, uint64_t disk_limit = 0);

  // What to do before a tile is evaluated, in the order of the members.
  struct Step {
    uint32_t halvings = 0;  // so many times: of the states in memory drop the first, third, fifth, ... oldest
    bool spill = false;     // move the oldest state in memory to disk, behind those already there
    bool save = false;      // save the state before this tile as the newest: in memory, or
    bool to_disk = false;   // directly on disk, where memory has no room for a state
  };
  // To be called for tiles 0, 1, 2, ... in turn. Then release oldest kept outputs until fewer than tail() are left, save,
  // and evaluate the tile, whose output becomes the newest kept one.
  Step before_tile(uint64_t tile);

  // The most newest outputs that may be kept now, the working one included.
  uint64_t tail() const;
  // How many are, after the last tile asked about has been evaluated.
  uint64_t kept() const { return kept_; }

  uint64_t disk_states() const { return disk_; }
  uint64_t states_in_memory() const { return memory_; }
  // The most that can be in memory at once; UINT64_MAX if they take no bytes.
  uint64_t most_states_in_memory() const { return most_; }
  // States on both tiers, oldest first: the tile before which the state was saved. O(log).
  uint64_t position(uint64_t state) const;
  // True once memory and disk have been full: segments may then not fit the pool, and are reversed with inner checkpoints.
  bool overflowed() const { return overflowed_; }

  uint64_t pool_bytes() const { return pool_; }
  uint64_t state_bytes() const { return state_; }
  uint64_t tile_bytes() const { return tile_; }

 private:
  Capacity capacity() const { return {pool_, state_, tile_}; }
  Wide placed(Wide state) const;
  Wide memory_position(Wide index) const;
  Wide next_position() const;

  uint64_t pool_, state_, tile_, disk_limit_;
  uint64_t most_ = 0;      // states that the pool holds
  uint64_t half_ = 0;      // the most in memory once states have been dropped: they leave room for inner checkpoints
  uint64_t resident_ = 0;  // from so many in memory on the oldest go to disk, while it has room
  uint64_t disk_ = 0, memory_ = 0;
  uint32_t halvings_ = 0;
  bool overflowed_ = false;
  uint64_t kept_ = 0;
  Wide next_ = 0;          // the tile before which the next state is due
};

}  // namespace sqs
