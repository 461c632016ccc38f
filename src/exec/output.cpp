#include "exec/output.hpp"

#include <algorithm>
#include <cstring>

#include "core/strided.hpp"
#include "plan/memory.hpp"

namespace sqs {

Status Output::deliver(Worker& worker, const Port& port, uint64_t row, uint64_t count) {
  const uint64_t end = row + count;
  while (row < end) {
    uint64_t piece = end - row;
    const bool inside = port.interior(row, 1);
    if (!port.interior(row, piece)) {
      const Path& path = port.path();
      if (inside) {
        piece = std::min(piece, path.interior_end - row);
      } else {
        if (row < path.interior_begin) piece = std::min(piece, path.interior_begin - row);
        piece = std::min(piece, staging_rows(port.seen_bytes()));
      }
    }
    SQS_TRY(pass(inside ? port.view(row, piece) : port.copy(row, piece, worker.staging)));
    row += piece;
  }
  return ok();
}

Status Output::deliver_known(const sqs_view& rows) {
  rows_ += static_cast<uint64_t>(rows.shape[0]);
  digest_.add(rows);
  return sink_->write(rows);
}

Status Output::pass(const sqs_view& rows) {
  rows_ += static_cast<uint64_t>(rows.shape[0]);
  digest_.add(rows);
  if (cache_ != nullptr) keep(rows);
  return direct_ ? ok() : sink_->write(rows);
}

// Fills cache blocks from rows that come in order; a block whose beginning was not seen is left out.
void Output::keep(const sqs_view& rows) {
  const uint64_t per_block = cache_->block_rows(row_bytes_);
  if (per_block == 0) return;
  uint64_t row = static_cast<uint64_t>(rows.first_row);
  sqs_view one = rows;
  one.shape[0] = 1;
  for (int64_t i = 0; i < rows.shape[0]; ++i, ++row) {
    if (row % per_block == 0) {
      block_ = cache_->claim();
      block_next_ = row;
    }
    if (block_ == nullptr || row != block_next_) continue;
    one.data = static_cast<std::byte*>(rows.data) + i * rows.strides[0];
    std::byte* to = block_ + (row % per_block) * row_bytes_;
    for_each_run(one, [&](const std::byte* from, size_t bytes) {
      std::memcpy(to, from, bytes);
      to += bytes;
    });
    ++block_next_;
    if (block_next_ % per_block != 0 && block_next_ != total_rows_) continue;
    cache_->publish(node_, row / per_block);
    block_ = nullptr;
  }
}

}  // namespace sqs
