#include "exec/output.hpp"

#include <algorithm>
#include <cstring>

#include "core/strided.hpp"
#include "plan/memory.hpp"

namespace sqs {
namespace {

// Rows [row, end) of a view.
sqs_view part_of(const sqs_view& rows, uint64_t row, uint64_t end) {
  sqs_view part = rows;
  const auto skipped = static_cast<int64_t>(row) - rows.first_row;
  part.data = static_cast<std::byte*>(rows.data) + skipped * rows.strides[0];
  part.first_row = static_cast<int64_t>(row);
  part.shape[0] = static_cast<int64_t>(end - row);
  const uint64_t left_out = static_cast<uint64_t>(rows.shape[0] - part.shape[0]);
  if (rows.base_row_bytes > 0) part.base_rows -= left_out * (static_cast<uint64_t>(rows.strides[0]) / rows.base_row_bytes);
  return part;
}

}  // namespace

Status Output::deliver(Worker& worker, const Port& port, uint64_t row, uint64_t count) {
  const Range all = {row, row + count};
  const uint64_t end = all.last;
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
  return note(all);
}

Status Output::deliver_known(const sqs_view& rows) {
  SQS_TRY(pass_new(rows, false));
  const auto first = static_cast<uint64_t>(rows.first_row);
  return note({first, first + static_cast<uint64_t>(rows.shape[0])});
}

Status Output::pass(const sqs_view& rows) {
  if (cache_ != nullptr) keep(rows);
  return pass_new(rows, direct_);
}

// All that did not come before the run started again. there: the sink has them in its memory.
Status Output::pass_new(const sqs_view& rows, bool there) {
  if (before_[0].count() == 0) return hand_over(rows, there);
  const auto first = static_cast<uint64_t>(rows.first_row);
  const uint64_t end = first + static_cast<uint64_t>(rows.shape[0]);
  for (uint64_t row = first; row < end;) {
    uint64_t next = row;  // past the rows that came before
    uint64_t to = end;
    for (const Range& came : before_) {
      if (came.first <= row && row < came.last) next = came.last;
      if (came.first > row && came.count() > 0) to = std::min(to, came.first);
    }
    if (next > row) {
      row = next;
      continue;
    }
    SQS_TRY(hand_over(part_of(rows, row, to), there));
    row = to;
  }
  return ok();
}

Status Output::hand_over(const sqs_view& rows, bool there) {
  rows_ += static_cast<uint64_t>(rows.shape[0]);
  if (!from_last_) digest_.add(rows);
  return there ? ok() : sink_->write(rows);
}

Status Output::note(Range rows) {
  for (Range& stretch : got_) {
    if (stretch.count() == 0) stretch = rows;
    else if (rows.first == stretch.last) stretch.last = rows.last;
    else if (rows.last == stretch.first) stretch.first = rows.first;
    else continue;
    return ok();
  }
  return Error{SQS_E_INTERNAL, "rows of a target came from more than two places; this is a defect of the library"};
}

void Output::start_again() {
  before_ = got_;
  if (rows_ == 0) from_last_ = false;
  direct_ = false;
  cache_ = nullptr;
  record_ = nullptr;
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
    for_each_run(part_of(rows, row, next), [&](const std::byte* from, size_t bytes) {
      std::memcpy(to, from, bytes);
      to += bytes;
    });
    row = next;
  }
}

}  // namespace sqs
