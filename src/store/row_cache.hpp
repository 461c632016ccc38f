// A small LRU of finished rows, keyed by stage and tile: for repeated and overlapping requests. A tile here is a fixed number
// of rows of a stage, of which a slot holds one stretch. Slots are grouped eight by eight and a key can lie in one group, so
// looking one up is eight comparisons. Memory is taken once, keys included. Not thread-safe.
//
//   memory | slot keys | slot 0 rows | slot 1 rows | ...
#pragma once

#include <cstdint>

#include "graph/graph.hpp"
#include "os/charged_memory.hpp"

namespace sqs {

class RowCache {
 public:
  // slot_bytes: of a tile's rows.
  static Result<RowCache> make(std::shared_ptr<Ledger> ledger, uint64_t bytes, uint64_t slot_bytes);

  uint64_t tile_rows(uint64_t row_bytes) const { return slot_bytes_ / row_bytes; }  // 0: a row is larger than a slot

  // Rows [first, end) of one stage, dense; empty if row `row` is not there.
  struct Stretch {
    const std::byte* rows = nullptr;
    uint64_t first = 0;
    uint64_t end = 0;
  };
  // The stretch that holds row `row`.
  Stretch find(NodeId stage, uint64_t row, uint64_t row_bytes);
  // Where to put rows [first, end) of one tile, which are taken as written; NULL if there is no room. Those that yield are not
  // pinned.
  std::byte* put(NodeId stage, uint64_t first, uint64_t end, uint64_t row_bytes, bool yield = false);

  // What is found or put from now on stays until unpin().
  void pin() { pinned_after_ = clock_; }
  void unpin() { pinned_after_ = UINT64_MAX; }

  uint64_t bytes() const { return memory_.bytes(); }

  // Whether a cache of `bytes` has room for some groups of slots of this size.
  static bool suits(uint64_t bytes, uint64_t slot_bytes);

 private:
  struct Slot {
    uint64_t tile = 0;
    uint64_t first = 0;  // rows of the tile that are there
    uint64_t end = 0;
    uint64_t stamp = 0;  // 0: empty
    NodeId stage = 0;
  };
  Slot* slot_of(NodeId stage, uint64_t tile);
  Slot* group_of(NodeId stage, uint64_t tile) const;
  std::byte* data(const Slot* slot) const {
    return memory_.data() + keys_bytes_ + static_cast<uint64_t>(slot - slots_) * slot_bytes_;
  }

  ChargedMemory memory_;
  Slot* slots_ = nullptr;
  uint64_t groups_ = 0;
  uint64_t slot_bytes_ = 1;
  uint64_t keys_bytes_ = 0;
  uint64_t clock_ = 1;  // 0 is an empty slot's
  uint64_t pinned_after_ = UINT64_MAX;
};

}  // namespace sqs
