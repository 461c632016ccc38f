// The rows of one stage that are in memory: a window of them, dense, which slides in the direction the stage works in. When the
// room ahead is used up, the rows that readers still need move to the end it comes from.
//
//   forward    | first ........ at ............. |     data holds row `first`; rows below `at` are written
//   backward   | first ........ at ............. |     rows from `at` on are written; `first` may lie before row 0
//
// Thread safety: none of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace sqs {

struct RowBuffer {
  std::byte* data = nullptr;
  uint64_t row_bytes = 0;
  uint64_t capacity = 0;
  uint64_t first = 0;  // the row at data; before row 0 it wraps, which comes out right in row()

  std::byte* row(uint64_t r) const { return data + (r - first) * row_bytes; }

  // Makes room for rows up to `new_end` where those below `at` are written, keeping those from `keep` on. False if they can't be
  // in memory together: a defect of the plan.
  bool make_room(uint64_t keep, uint64_t at, uint64_t new_end) {
    if (new_end - first <= capacity) return true;
    if (keep > at) keep = at;
    if (keep < first || new_end - keep > capacity) return false;
    std::memmove(data, row(keep), (at - keep) * row_bytes);
    first = keep;
    return true;
  }
  // The same downwards: room for rows from `new_begin` on where those from `at` on are written, keeping those below `keep_end`.
  bool make_room_below(uint64_t keep_end, uint64_t at, uint64_t new_begin) {
    if (static_cast<int64_t>(new_begin - first) >= 0) return true;
    if (keep_end < at) keep_end = at;
    if (keep_end - new_begin > capacity || keep_end - first > capacity) return false;
    const std::byte* from = row(at);
    first = keep_end - capacity;
    std::memmove(row(at), from, (keep_end - at) * row_bytes);
    return true;
  }

  void start_at(uint64_t r) { first = r; }
  // For rows below `r`.
  void start_below(uint64_t r) { first = r - capacity; }
};

}  // namespace sqs
