#include "exec/output.hpp"

#include <algorithm>
#include <cstring>

#include "core/strided.hpp"
#include "plan/memory.hpp"

namespace sqs {
namespace {

// Takes up to `most` rows off the front of dense ones.
sqs_view take_front(sqs_view& rows, uint64_t most) {
  sqs_view front = rows;
  front.shape[0] = std::min(rows.shape[0], static_cast<int64_t>(std::min<uint64_t>(most, INT64_MAX)));
  front.base_rows = static_cast<uint64_t>(front.shape[0]);
  rows.data = static_cast<std::byte*>(rows.data) + front.shape[0] * rows.strides[0];
  rows.first_row += front.shape[0];
  rows.shape[0] -= front.shape[0];
  rows.base_rows -= front.base_rows;
  return front;
}

}  // namespace

Status Output::deliver(Worker& worker, const Port& port, uint64_t row, uint64_t count) {
  if (pulled_) return wait(worker, port, row, count);
  const uint64_t end = row + count;
  while (row < end) {
    const sqs_view piece = next_piece(worker, port, row, end - row);
    SQS_TRY(pass(piece));
    row += static_cast<uint64_t>(piece.shape[0]);
  }
  return ok();
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
Status Output::wait(Worker& worker, const Port& port, uint64_t row, uint64_t count) {
  if (!waiting_.has_value()) {
    waiting_ = Waiting{&port, &worker, row, row + count, {}};
    return ok();
  }
  if (waiting_->port != &port || waiting_->end != row)
    return Error{SQS_E_INTERNAL, "rows from " + std::to_string(row) + " on do not follow those that wait to be pulled; this is a "
                                 "defect of the library"};
  waiting_->end += count;
  return ok();
}

Result<sqs_view> Output::lend(uint64_t most_rows) {
  Waiting& waiting = *waiting_;
  if (waiting.port == nullptr) {
    const sqs_view piece = take_front(waiting.known, most_rows);
    if (waiting.known.shape[0] == 0) waiting_.reset();
    note(piece);
    return piece;
  }
  const sqs_view piece = next_piece(*waiting.worker, *waiting.port, waiting.row, std::min(most_rows, waiting.end - waiting.row));
  waiting.row += static_cast<uint64_t>(piece.shape[0]);
  if (waiting.row == waiting.end) waiting_.reset();
  SQS_TRY(pass(piece));
  return piece;
}

Status Output::deliver_known(const sqs_view& rows) {
  if (pulled_) {
    waiting_ = Waiting{};
    waiting_->known = rows;
    return ok();
  }
  note(rows);
  return sink_->write(rows);
}

void Output::note(const sqs_view& rows) {
  rows_ += static_cast<uint64_t>(rows.shape[0]);
  if (!from_last_) digest_.add(rows);
}

Status Output::pass(const sqs_view& rows) {
  note(rows);
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
