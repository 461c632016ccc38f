// States of scans at known rows, for random access: a scan starts from the nearest one at or before the row it needs. Each
// scan has its own slots; when they are full every second one is dropped and the distance between new ones doubles. Memory
// is taken once. Not thread-safe.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/graph.hpp"
#include "os/charged_memory.hpp"

namespace sqs {

class CheckpointStore {
 public:
  struct Saved {
    uint64_t row = 0;
    std::byte* bytes = nullptr;
    uint64_t used = 0;
  };

  // Slots for every pure scan of the graph, as many as `bytes` hold.
  static Result<CheckpointStore> make(const Graph& graph, std::shared_ptr<Ledger> ledger, uint64_t bytes);

  // The last state at or before `row`, or NULL.
  const Saved* nearest(NodeId scan, uint64_t row) const;
  // Where to save the state of `scan` before row `row`, or NULL if it is there already or not wanted at tile `tile`.
  Saved* slot_for(NodeId scan, uint64_t row, int64_t tile, uint64_t tiles_between);
  // Forgets a slot whose state could not be saved.
  void forget(NodeId scan, Saved* slot);

  uint64_t bytes() const { return memory_.bytes(); }

 private:
  struct Scan {
    std::vector<Saved> slots;  // the first `held` are in use, by ascending row
    size_t held = 0;
    uint64_t spread = 1;       // tiles between checkpoints are this many times what was asked
  };
  static void thin(Scan& scan);

  ChargedMemory memory_;
  std::vector<Scan> scans_;  // by node
};

}  // namespace sqs
