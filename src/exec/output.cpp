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
  if (!from_last_) digest_.add(rows);
  return sink_->write(rows);
}

Status Output::pass(const sqs_view& rows) {
  rows_ += static_cast<uint64_t>(rows.shape[0]);
  if (!from_last_) digest_.add(rows);
  if (cache_ != nullptr) keep(rows);
  return direct_ ? ok() : sink_->write(rows);
}

Status Output::finish() {
  if (from_last_) {
    SQS_TRY_ASSIGN(has_digest_, sink_->read_back([this](const std::byte* bytes, size_t count) { digest_.add(bytes, count); }));
  }
  return sink_->finish();
}

void Output::keep(const sqs_view& rows) {
  const uint64_t per_tile = cache_->tile_rows(row_bytes_);
  if (per_tile == 0) return;
  const auto first = static_cast<uint64_t>(rows.first_row);
  const uint64_t end = first + static_cast<uint64_t>(rows.shape[0]);
  for (uint64_t row = first; row < end;) {
    const uint64_t next = std::min(end, (row / per_tile + 1) * per_tile);
    std::byte* to = cache_->put(node_, row, next, row_bytes_);
    if (to == nullptr) return;
    record_->add(node_, row, next);
    sqs_view part = rows;
    part.shape[0] = static_cast<int64_t>(next - row);
    part.data = static_cast<std::byte*>(rows.data) + static_cast<int64_t>(row - first) * rows.strides[0];
    for_each_run(part, [&](const std::byte* from, size_t bytes) {
      std::memcpy(to, from, bytes);
      to += bytes;
    });
    row = next;
  }
}

}  // namespace sqs
