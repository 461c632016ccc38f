#include "store/spilled_rows.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/size.hpp"

namespace sqs {
namespace {

Result<SpillFile::Shape> blocks_of(const SpilledRows::Shape& shape) {
  if (shape.rows_per_block == 0) return Error{SQS_E_INTERNAL, "spilled rows in blocks of no row"};
  // A block longer than all rows would only be padding.
  const uint64_t rows = std::min(shape.rows_per_block, shape.rows);
  SQS_TRY_ASSIGN(const uint64_t bytes, (Size(rows) * shape.row_bytes).take("a block of spilled rows"));
  const uint64_t blocks = shape.rows / shape.rows_per_block + (shape.rows % shape.rows_per_block > 0 ? 1 : 0);
  return SpillFile::Shape{.block_bytes = bytes, .blocks = blocks};
}

std::string stretch_text(uint64_t first, uint64_t end) {
  return "rows [" + std::to_string(first) + ", " + std::to_string(end) + ")";
}

}  // namespace

Result<uint64_t> SpilledRows::memory_bytes(const Shape& shape) {
  SQS_TRY_ASSIGN(const SpillFile::Shape blocks, blocks_of(shape));
  return blocks.block_bytes;
}

Result<uint64_t> SpilledRows::file_bytes(const Shape& shape) {
  SQS_TRY_ASSIGN(const SpillFile::Shape blocks, blocks_of(shape));
  return SpillFile::file_bytes(blocks);
}

Result<SpilledRows> SpilledRows::open(const std::string& directory, const Shape& shape, std::shared_ptr<Ledger> ledger) {
  SQS_TRY_ASSIGN(const SpillFile::Shape blocks, blocks_of(shape));
  SQS_TRY_ASSIGN(SpillFile file, SpillFile::open(directory, blocks));
  SQS_TRY_ASSIGN(ChargedMemory held, ChargedMemory::take(std::move(ledger), blocks.block_bytes));
  return SpilledRows(std::move(file), std::move(held), shape);
}

uint64_t SpilledRows::end_row(uint64_t block) const {
  const uint64_t first = first_row(block);
  return shape_.rows - first < shape_.rows_per_block ? shape_.rows : first + shape_.rows_per_block;
}

Status SpilledRows::write_in_block(uint64_t block, uint64_t first, uint64_t end, const std::byte* rows, bool completes) {
  const uint64_t row = first_row(block);
  if (end - first == end_row(block) - row) return file_.write(block, row, rows, bytes_of(end - first));
  std::memcpy(memory_.data() + bytes_of(first - row), rows, bytes_of(end - first));
  if (!completes) return ok();
  return file_.write(block, row, memory_.data(), bytes_of(end_row(block) - row));
}

Status SpilledRows::write(uint64_t first, uint64_t end, const std::byte* rows) {
  const bool none = first_written_ == end_written_;
  const bool upwards = none ? first == 0 : first == end_written_ && first_written_ == 0;
  const bool downwards = none ? end == shape_.rows : end == first_written_ && end_written_ == shape_.rows;
  if (first > end || end > shape_.rows || !(upwards || downwards))
    return Error{SQS_E_INTERNAL, "spilled " + stretch_text(first, end) + " don't go on from " +
                                     stretch_text(first_written_, end_written_) + " of " + std::to_string(shape_.rows)};
  if (first == end) return ok();
  const uint64_t per_block = shape_.rows_per_block;
  if (upwards) {
    for (uint64_t from = first; from < end;) {
      const uint64_t block = from / per_block;
      const uint64_t to = std::min(end, end_row(block));
      SQS_TRY(write_in_block(block, from, to, rows + bytes_of(from - first), to == end_row(block)));
      from = to;
    }
  } else {
    for (uint64_t to = end; to > first;) {
      const uint64_t block = (to - 1) / per_block;
      const uint64_t from = std::max(first, first_row(block));
      SQS_TRY(write_in_block(block, from, to, rows + bytes_of(from - first), from == first_row(block)));
      to = from;
    }
  }
  first_written_ = none ? first : std::min(first_written_, first);
  end_written_ = none ? end : std::max(end_written_, end);
  return ok();
}

Status SpilledRows::read_in_block(uint64_t block, uint64_t first, uint64_t end, std::byte* rows) {
  const uint64_t row = first_row(block);
  const uint64_t bytes = bytes_of(end_row(block) - row);
  if (held_ != block) {
    if (end - first == end_row(block) - row) return file_.read(block, row, rows, bytes);
    held_ = UINT64_MAX;
    SQS_TRY(file_.read(block, row, memory_.data(), bytes));
    held_ = block;
  }
  std::memcpy(rows, memory_.data() + bytes_of(first - row), bytes_of(end - first));
  return ok();
}

Status SpilledRows::read(uint64_t first, uint64_t end, std::byte* rows) {
  if (first > end || end > shape_.rows || !is_complete())
    return Error{SQS_E_INTERNAL, "spilled " + stretch_text(first, end) + " were asked for when " +
                                     stretch_text(first_written_, end_written_) + " of " + std::to_string(shape_.rows) +
                                     " were written"};
  for (uint64_t from = first; from < end;) {
    const uint64_t block = from / shape_.rows_per_block;
    const uint64_t to = std::min(end, end_row(block));
    SQS_TRY(read_in_block(block, from, to, rows + bytes_of(from - first)));
    from = to;
  }
  return ok();
}

}  // namespace sqs
