#include "exec/output.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/strided.hpp"
#include "plan/memory.hpp"

namespace sqs {
namespace {

Range range_of(const sqs_view& rows) {
  const auto first = static_cast<uint64_t>(rows.first_row);
  return {first, first + static_cast<uint64_t>(rows.shape[0])};
}

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
  if (pulled_) return wait(worker, port, all);
  while (row < all.last) {
    const sqs_view piece = next_piece(worker, port, row, all.last - row);
    SQS_TRY(pass(piece));
    row += static_cast<uint64_t>(piece.shape[0]);
  }
  return note(all);
}

// As many of the rows as can be shown at once: what lies inside is one view, what reaches past an end is copied in pieces.
sqs_view Output::next_piece(Worker& worker, const Port& port, uint64_t row, uint64_t count) {
  if (port.interior(row, count)) return port.view(row, count);
  const Path& path = port.path();
  if (port.interior(row, 1)) return port.view(row, std::min(count, path.interior_end - row));
  if (row < path.interior_begin) count = std::min(count, path.interior_begin - row);
  return port.copy(row, std::min(count, staging_rows(port.seen_bytes())), worker.staging);
}

// Of a batch of tiles one piece after the other comes to wait.
Status Output::wait(Worker& worker, const Port& port, Range rows) {
  if (!waiting_.has_value()) {
    waiting_ = Waiting{&port, &worker, rows, rows.first, {}};
    return pass_over();
  }
  if (waiting_->port != &port || waiting_->all.last != rows.first)
    return Error{SQS_E_INTERNAL, "rows from " + std::to_string(rows.first) + " on do not follow those that wait to be pulled; this "
                                 "is a defect of the library"};
  waiting_->all.last = rows.last;
  return ok();
}

// Goes on to the next row that waits and did not come before the run started again. Nothing waits any more if there is none.
Status Output::pass_over() {
  waiting_->row = next_new({waiting_->row, waiting_->all.last}).first;
  if (waiting_->row < waiting_->all.last) return ok();
  const Range all = waiting_->all;
  waiting_.reset();
  return note(all);
}

Result<sqs_view> Output::lend(uint64_t most_rows) {
  Waiting& waiting = *waiting_;
  const uint64_t count = std::min(most_rows, next_new({waiting.row, waiting.all.last}).count());
  const bool known = waiting.port == nullptr;
  const sqs_view piece = known ? part_of(waiting.known, waiting.row, waiting.row + count)
                               : next_piece(*waiting.worker, *waiting.port, waiting.row, count);
  waiting.row += static_cast<uint64_t>(piece.shape[0]);
  if (!known && cache_ != nullptr) keep(piece);
  SQS_TRY(hand_over(piece, true));
  SQS_TRY(pass_over());
  return piece;
}

Status Output::deliver_known(const sqs_view& rows) {
  const Range all = range_of(rows);
  if (pulled_) {
    waiting_ = Waiting{nullptr, nullptr, all, all.first, rows};
    return pass_over();
  }
  SQS_TRY(pass_new(rows, false));
  return note(all);
}

Status Output::pass(const sqs_view& rows) {
  if (cache_ != nullptr) keep(rows);
  return pass_new(rows, direct_);
}

// All that did not come before the run started again. there: the sink has them in its memory.
Status Output::pass_new(const sqs_view& rows, bool there) {
  if (before_[0].count() == 0) return hand_over(rows, there);
  const Range all = range_of(rows);
  for (Range next = next_new(all); next.count() > 0; next = next_new({next.last, all.last}))
    SQS_TRY(hand_over(part_of(rows, next.first, next.last), there));
  return ok();
}

// The first of some rows that did not come before the run started again, with those behind it; none at the end of these rows.
Range Output::next_new(Range rows) const {
  for (bool moved = true; moved && rows.count() > 0;) {
    moved = false;
    for (const Range& came : before_) {
      if (rows.first < came.first || rows.first >= came.last) continue;
      rows.first = std::min(came.last, rows.last);
      moved = true;
    }
  }
  for (const Range& came : before_)
    if (came.count() > 0 && came.first > rows.first) rows.last = std::min(rows.last, came.first);
  return rows;
}

// there: the sink has them already, or there is none.
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
  before_ = std::exchange(got_, {});
  waiting_.reset();
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
