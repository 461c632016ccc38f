// A small LRU of finished rows, in blocks of fixed size, keyed by stage and block: for repeated and overlapping requests.
// Memory is taken once, blocks are found by looking through all keys (a block holds 64 KiB and more, a key 16 bytes).
// Not thread-safe.
#pragma once

#include <cstdint>
#include <vector>

#include "core/charged.hpp"
#include "graph/graph.hpp"

namespace sqs {

class RowCache {
 public:
  // Blocks of at least kBlockBytes and one row of row_bytes.
  static Result<RowCache> make(std::shared_ptr<Ledger> ledger, uint64_t bytes, uint64_t row_bytes);

  // Rows of one block of a stage; 0 if its rows are larger than a block.
  uint64_t block_rows(uint64_t row_bytes) const { return block_bytes_ / row_bytes; }
  // The rows of a block, dense, or NULL. Makes it the newest.
  const std::byte* find(NodeId stage, uint64_t block);
  // The oldest block's memory, to be filled and then published under the key.
  std::byte* claim();
  void publish(NodeId stage, uint64_t block);

  uint64_t bytes() const { return memory_.bytes(); }

 private:
  struct Slot {
    NodeId stage = 0;
    bool used = false;
    uint64_t block = 0;
    uint64_t stamp = 0;
  };
  std::byte* data(size_t slot) const { return memory_.data() + slot * block_bytes_; }

  ChargedMemory memory_;
  uint64_t block_bytes_ = 0;
  std::vector<Slot> slots_;
  size_t claimed_ = 0;
  uint64_t clock_ = 0;
};

}  // namespace sqs
