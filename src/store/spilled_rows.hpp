// The rows of one stage on disk: written once, by adjacent stretches from the first row up or from the last row down, as a
// forward or a backward sweep makes them, and then read in any stretches. Rows are grouped into the blocks of a SpillFile;
// stretches need not fit the blocks, for which one block is held in memory:
//
//   rows       |--------- block 0 ---------|--------- block 1 ---------|--- block 2 ---|
//   stretches  |-------|---------|---------------------------------------------|-------|
//              `--- held, then written ----'`-- as it is, unheld --'`----- held -------'
//
// The block held by reads is the last one that was read in part, so that reading on or back reads every block once.
// Memory is taken once and charged to the ledger. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "os/charged_memory.hpp"
#include "store/spill_file.hpp"

namespace sqs {

class SpilledRows {
 public:
  struct Shape {
    uint64_t rows = 0;
    uint64_t row_bytes = 0;
    uint64_t rows_per_block = 1;  // at least 1
  };
  // What they take in memory and on disk.
  static Result<uint64_t> memory_bytes(const Shape& shape);
  static Result<uint64_t> file_bytes(const Shape& shape);

  // The errors of SpillFile::open; SQS_E_NO_MEMORY.
  static Result<SpilledRows> open(const std::string& directory, const Shape& shape, std::shared_ptr<Ledger> ledger);

  // Rows [first, end), dense: the first stretch begins at row 0 or ends at the last row, each other one goes on from there.
  // After a failure the same stretch may be written again.
  Status write(uint64_t first, uint64_t end, const std::byte* rows);
  // Rows [first, end) in dense form, once all rows are written. After a failure what `rows` points at is undefined.
  Status read(uint64_t first, uint64_t end, std::byte* rows);

  bool is_complete() const { return first_written_ == 0 && end_written_ == shape_.rows; }
  const SpillFile& file() const { return file_; }

 private:
  SpilledRows(SpillFile file, ChargedMemory held, const Shape& shape)
      : file_(std::move(file)), memory_(std::move(held)), shape_(shape) {}

  uint64_t first_row(uint64_t block) const { return block * shape_.rows_per_block; }
  uint64_t end_row(uint64_t block) const;
  uint64_t bytes_of(uint64_t rows) const { return rows * shape_.row_bytes; }
  // Rows [first, end) lie in one block.
  Status write_in_block(uint64_t block, uint64_t first, uint64_t end, const std::byte* rows, bool completes);
  Status read_in_block(uint64_t block, uint64_t first, uint64_t end, std::byte* rows);

  SpillFile file_;
  ChargedMemory memory_;  // one block
  Shape shape_;
  uint64_t first_written_ = 0;  // rows [first_written_, end_written_) are on disk or held
  uint64_t end_written_ = 0;
  uint64_t held_ = UINT64_MAX;  // the block that memory_ has as a whole, for reads
};

}  // namespace sqs
