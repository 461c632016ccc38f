// What a callback sees of one input: a strided view over the rows in memory, or, where the access rule reaches past the ends,
// a dense copy made by its edge rule. Built once per run; view() and copy() neither allocate nor look anything up by name.
#pragma once

#include "exec/row_buffer.hpp"
#include "plan/plan.hpp"

namespace sqs {

class Port {
 public:
  Port(const Graph& graph, const Path& path, const RowBuffer& buffer);

  // Reader rows [row, row + count), all interior.
  sqs_view view(uint64_t row, uint64_t count) const;
  bool interior(uint64_t row, uint64_t count) const {
    return path_->global || (row >= path_->interior_begin && row + count <= path_->interior_end);
  }
  // Any reader rows, as a dense copy in `memory` of count * seen_bytes().
  sqs_view copy(uint64_t row, uint64_t count, std::byte* memory) const;
  uint64_t seen_bytes() const { return seen_bytes_; }
  const Path& path() const { return *path_; }
  // The lowest row of the real stage that reader row `row` or any later one needs.
  uint64_t keep_from(uint64_t row) const;
  // One more than the highest that the rows below reader row `row` need.
  uint64_t keep_below(uint64_t row) const;

 private:
  struct Level {
    Edge edge = Edge::Valid;
    uint64_t rows = 0;       // of what is read
    uint64_t row_bytes = 0;  // of one of them
    uint64_t stride = 1;
    int64_t base = 0;
    int64_t before = 0;
    int64_t context = 1;
  };
  std::byte* copy_row(size_t level, int64_t centre_row, std::byte* to) const;
  std::byte* copy_position(size_t level, int64_t position, std::byte* to) const;
  std::byte* copy_stored(size_t level, uint64_t row, std::byte* to) const;
  const std::byte* stored(size_t level, uint64_t row) const;

  const Path* path_;
  const RowBuffer* buffer_;
  std::vector<Level> levels_;
  sqs_view proto_{};                           // all but data, first_row, shape[0] and base_rows
  int64_t dense_strides_[SQS_MAX_VIEW_DIMS] = {};
  uint64_t seen_bytes_ = 0;
};

}  // namespace sqs
