// Row-range arithmetic: how many rows each stage has, where they lie in frames, and how far a reader reaches into its input.
// Pure functions over small values; every number here is checked against 2^62 so that sums of a few cannot wrap.
#pragma once

#include <cstdint>

#include "core/result.hpp"
#include "graph/stage.hpp"

namespace sqs {

// Where the rows of a stage lie.
struct Rows {
  uint64_t count = 0;
  int64_t origin = 0;   // frame position of row 0
  uint64_t step = 1;    // frames per row; 0: one row for the whole stream
  bool open = false;    // more rows may come, count holds those that no later frame can change

  bool global() const { return step == 0; }
};

// The access rule with its centre made explicit: row t reads input rows  t*stride + base - before .. + after.
struct Reach {
  uint64_t stride = 1;
  int64_t base = 0;
  uint64_t before = 0;
  uint64_t after = 0;
  Edge edge = Edge::Valid;

  uint64_t context() const { return before + 1 + after; }
  bool has_context() const { return before + after > 0; }
};

Reach reach_of(const Access& access);

// The rows a reader has through `reach` over an input with rows `in`, and where they lie. SQS_E_OVERFLOW if a position does
// not fit.
Result<Rows> rows_through(const Reach& reach, const Rows& in);

// Rows of "input": as rows_through, or with pad_end as many as cover every frame.
Result<Rows> window_rows(const Format& format, const Rows& frames);

// How many rows beyond its own centre a reader touches in an input of n rows when it has `reader_rows` rows: before and
// after, widened where an edge rule reads rows of the other side (reflect, odd) or sticks to the end (clamp).
struct Halo {
  int64_t back = 0;   // a future row t never reads below  t*stride + base - back  (cut to [0, n))
  int64_t ahead = 0;  // row t never reads above  t*stride + base + ahead  (cut likewise)
};
Halo halo_of(const Reach& reach, uint64_t n, uint64_t reader_rows);

// Which real row stands at position i of an input of n >= 1 rows.
struct EdgeRow {
  enum class What { Row, Zero, OddLow, OddHigh } what = What::Row;
  uint64_t row = 0;  // Odd: the mirrored row, to be taken from twice the end's
};
EdgeRow edge_row(Edge edge, int64_t i, uint64_t n);

}  // namespace sqs
