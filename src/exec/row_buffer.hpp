// The rows of one stage that are in memory: a window [first, end) of them, dense, which slides forward. When the room behind
// it is used up, the rows that readers still need move to the front.
//
//   data | first ........ end ............. | capacity rows
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace sqs {

struct RowBuffer {
  std::byte* data = nullptr;
  uint64_t row_bytes = 0;
  uint64_t capacity = 0;
  uint64_t first = 0;  // the row at data
  uint64_t end = 0;    // one past the last row written

  std::byte* row(uint64_t r) const { return data + (r - first) * row_bytes; }

  // Makes room for rows up to `new_end`, keeping those from `keep` on. False if they can't be in memory together: a defect
  // of the plan.
  bool make_room(uint64_t keep, uint64_t new_end) {
    if (new_end - first <= capacity) return true;
    if (keep > end) keep = end;
    if (keep < first || new_end - keep > capacity) return false;
    std::memmove(data, row(keep), (end - keep) * row_bytes);
    first = keep;
    return true;
  }

  void start_at(uint64_t r) { first = end = r; }
};

}  // namespace sqs
