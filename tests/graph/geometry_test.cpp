#include "graph/geometry.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace sqs {
namespace {

Rows frames(uint64_t n, bool open = false) { return {n, 0, 1, open}; }

Reach reach(Edge edge, uint64_t before, uint64_t after, uint64_t stride) {
  Access a;
  a.edge = edge;
  a.before = before;
  a.after = after;
  a.stride = stride;
  return reach_of(a);
}

uint64_t count(const Reach& r, const Rows& in) {
  const Result<Rows> rows = rows_through(r, in);
  return rows.ok() ? rows->count : UINT64_MAX;
}

TEST(Geometry, ValidRowsHaveTheirWholeContextInside) {
  for (uint64_t n = 0; n < 40; ++n)
    for (uint64_t before = 0; before < 4; ++before)
      for (uint64_t after = 0; after < 4; ++after)
        for (uint64_t stride = 1; stride < 5; ++stride) {
          uint64_t expected = 0;  // by the definition: t*stride + before + after is inside
          while (expected * stride + before + after < n) ++expected;
          EXPECT_EQ(count(reach(Edge::Valid, before, after, stride), frames(n)), expected) << n << ' ' << before << ' ' << after;
        }
}

TEST(Geometry, PaddedRowsHaveTheirCentreInside) {
  for (uint64_t n = 0; n < 40; ++n)
    for (uint64_t stride = 1; stride < 5; ++stride)
      EXPECT_EQ(count(reach(Edge::Zero, 3, 2, stride), frames(n)), (n + stride - 1) / stride);
}

TEST(Geometry, RowZeroOfAValidStageSitsOnInputRowBefore) {
  const Result<Rows> rows = rows_through(reach(Edge::Valid, 3, 1, 2), {100, 40, 10, false});
  ASSERT_TRUE(rows.ok());
  EXPECT_EQ(rows->origin, 70);
  EXPECT_EQ(rows->step, 20u);
}

TEST(Geometry, BeforeTheEndOnlyRowsThatCannotChangeCount) {
  EXPECT_EQ(count(reach(Edge::Clamp, 2, 3, 1), frames(10, true)), 7u);
  EXPECT_EQ(count(reach(Edge::Reflect, 4, 0, 1), frames(4, true)), 0u);  // row -4 mirrors row 4, which is not there
  EXPECT_EQ(count(reach(Edge::Reflect, 4, 0, 1), frames(5, true)), 5u);
  EXPECT_EQ(count(reach(Edge::Zero, 4, 0, 1), frames(0, true)), 0u);
}

TEST(Geometry, PositionsPastSixtyTwoBitsAreRefused) {
  const Result<Rows> rows = rows_through(reach(Edge::Valid, 0, 0, uint64_t{1} << 40), {100, 0, uint64_t{1} << 30, false});
  ASSERT_FALSE(rows.ok());
  EXPECT_EQ(rows.error().code, SQS_E_OVERFLOW);
}

TEST(Geometry, PadEndCoversEveryFrameAndNoWindowIsPaddingAlone) {
  for (uint64_t window = 1; window < 8; ++window)
    for (uint64_t hop = 1; hop < 10; ++hop)
      for (uint64_t n = 0; n < 40; ++n) {
        Format f;
        f.window = window;
        f.hop = hop;
        f.pad_end = true;
        const Result<Rows> rows = window_rows(f, frames(n));
        ASSERT_TRUE(rows.ok());
        const uint64_t t = rows->count;
        if (n == 0) {
          EXPECT_EQ(t, 0u);
          continue;
        }
        ASSERT_GE(t, 1u);
        EXPECT_LT((t - 1) * hop, n);                               // the last window begins inside
        EXPECT_TRUE((t - 1) * hop + window >= n || t * hop >= n);  // and no later one would cover more
        EXPECT_TRUE(t == 1 || (t - 2) * hop + window < n);         // and it was needed
      }
}

TEST(Geometry, ReflectIsPeriodicAsInNumpyPad) {
  // numpy.pad([0, 1, 2], 5, "reflect")
  const std::vector<uint64_t> expected = {1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1};
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(edge_row(Edge::Reflect, static_cast<int64_t>(i) - 5, 3).row, expected[i]);
  EXPECT_EQ(edge_row(Edge::Reflect, -7, 1).row, 0u);
}

TEST(Geometry, OddMirrorsAboutTheEnds) {
  EXPECT_EQ(edge_row(Edge::Odd, -2, 5).what, EdgeRow::What::OddLow);
  EXPECT_EQ(edge_row(Edge::Odd, -2, 5).row, 2u);
  EXPECT_EQ(edge_row(Edge::Odd, 6, 5).what, EdgeRow::What::OddHigh);
  EXPECT_EQ(edge_row(Edge::Odd, 6, 5).row, 2u);
}

// Every row that an edge rule touches lies within the halo, which is what buffers are sized by.
TEST(Geometry, TheHaloHoldsWhatEdgesTouch) {
  for (const Edge edge : {Edge::Clamp, Edge::Reflect, Edge::Odd})
    for (uint64_t n = 1; n < 14; ++n)
      for (uint64_t before = 0; before < 6; ++before)
        for (uint64_t after = 0; after < 6; ++after)
          for (int64_t base = -3; base < 3; ++base) {
            Reach r{1, base, before, after, edge};
            const Result<Rows> rows = rows_through(r, frames(n));
            const uint64_t tail = 2;
            const uint64_t total = rows->count + tail;
            const Halo halo = halo_of(r, n, total);
            for (uint64_t t = 0; t < total; ++t) {
              const int64_t centre = static_cast<int64_t>(t) + base;
              for (int64_t i = centre - static_cast<int64_t>(before); i <= centre + static_cast<int64_t>(after); ++i) {
                if (edge == Edge::Odd && (-i >= static_cast<int64_t>(n) || i > 2 * (static_cast<int64_t>(n) - 1))) continue;  // refused
                const auto row = static_cast<int64_t>(edge_row(edge, i, n).row);
                EXPECT_LE(row, std::max<int64_t>(centre + halo.ahead, 0)) << n << ' ' << before << ' ' << after << ' ' << base << ' ' << t;
                EXPECT_GE(row, std::min<int64_t>(centre - halo.back, static_cast<int64_t>(n) - 1)) << n << ' ' << before << ' ' << after << ' ' << base << ' ' << t;
              }
            }
          }
}

}  // namespace
}  // namespace sqs
