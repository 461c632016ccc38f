#include "plan/actions.hpp"

#include <random>
#include <string>

#include "allocations.hpp"
#include "reversal.hpp"

namespace sqs {
namespace {

// What CapacityTable makes formulas and binary searches of, as it is defined.
class PlainCapacities {
 public:
  PlainCapacities(uint64_t pool, uint64_t state, uint64_t tile, uint32_t levels) : columns_(pool / state + 2) {
    for (uint32_t q = 1; q <= levels; ++q)
      for (uint64_t x = 0; x < columns_; ++x) {
        const uint64_t bytes = std::min(pool, pool % state + x * state);
        tiles_.push_back(q == 1 || x == 0 ? bytes / tile + 1 : tiles(q - 1, x) + tiles(q, x - 1));
      }
  }
  uint64_t tiles(uint32_t level, uint64_t column) const { return tiles_[(level - 1) * columns_ + column]; }
  uint64_t columns() const { return columns_; }

  uint64_t evaluations(uint64_t n, uint64_t x) const {
    if (n <= tiles(1, x)) return n;
    uint32_t r = 2;
    while (tiles(r, x) < n) ++r;
    const uint64_t a = std::min(tiles(r - 1, x), n - tiles(r - 1, x - 1));
    return a + evaluations(a, x) + evaluations(n - a, x - 1);
  }

 private:
  uint64_t columns_;
  std::vector<uint64_t> tiles_;
};

TEST(CapacityTable, IsItsRecurrenceSummedUp) {
  for (const auto& [state, tile] : {std::pair<uint64_t, uint64_t>{1, 1}, {1, 9}, {2, 7}, {3, 10}, {7, 2}, {5, 40}, {64, 63}})
    for (uint64_t pool = 0; pool <= 90; pool += 1) {
      const uint32_t levels = 6;
      const CapacityTable table(UINT64_MAX, pool, state, tile, levels);
      const PlainCapacities plain(pool, state, tile, levels);
      ASSERT_EQ(table.levels(), levels);
      ASSERT_EQ(table.free_start() + 1, plain.columns());
      for (uint32_t q = 1; q <= levels; ++q)
        for (uint64_t x = 0; x < plain.columns(); ++x)
          ASSERT_EQ(uint64_t(table.tiles(q, Wide(x))), plain.tiles(q, x)) << Chain{0, state, tile, pool} << ' ' << q << ' ' << x;
    }
}

TEST(CapacityTable, CountsEvaluationsWithoutWalkingThem) {
  const uint32_t seed = 20260502;
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto up_to = [&](uint64_t low, uint64_t high) { return std::uniform_int_distribution<uint64_t>(low, high)(random); };
  for (int i = 0; i < 3000; ++i) {
    const uint64_t state = up_to(1, 9), tile = up_to(1, 20), pool = up_to(0, 80);
    const CapacityTable table(UINT64_MAX, pool, state, tile, 5);
    const PlainCapacities plain(pool, state, tile, 5);
    const uint64_t x = up_to(1, table.free_start());
    const uint64_t n = up_to(1, std::min<uint64_t>(plain.tiles(5, x), 20000));
    ASSERT_EQ(uint64_t(table.evaluations(n, Wide(x))), plain.evaluations(n, x)) << Chain{n, state, tile, pool} << ' ' << x;
  }
}

TEST(CapacityTable, UsesSoMuchOfALargePoolAsItHasRowsFor) {
  const CapacityTable table(UINT64_MAX, uint64_t(1) << 40, 1, 1, 3);
  EXPECT_EQ(table.pool_bytes(), CapacityTable::kMostRows - 1);
  EXPECT_EQ(table.most_states(), CapacityTable::kMostRows - 1);
  const CapacityTable few_rows(UINT64_MAX, uint64_t(1) << 30, 1, uint64_t(1) << 20, 3);
  EXPECT_EQ(few_rows.pool_bytes(), uint64_t(1) << 30);
}

TEST(Capacity, FindsTheLeastRemainder) {
  for (const auto& [state, tile] : {std::pair<uint64_t, uint64_t>{1, 1}, {3, 7}, {7, 3}, {12, 30}, {6, 4}, {0, 5}})
    for (uint64_t pool = 0; pool <= 100; ++pool) {
      const Capacity capacity(pool, state, tile);
      uint64_t least = UINT64_MAX;
      for (uint64_t m = 1; m < 30 && (m - 1) * state <= pool; ++m) {
        least = std::min(least, (pool - (m - 1) * state) % tile);
        ASSERT_EQ(capacity.least_remainder(Wide(m)), least) << Chain{m, state, tile, pool};
      }
    }
}

std::vector<Action> all_of(Actions actions) {
  std::vector<Action> all;
  for (Action a = actions.next(); a.what != Action::What::End; a = actions.next()) all.push_back(a);
  return all;
}

bool same(const Action& a, const Action& b) {
  return a.what == b.what && a.first == b.first && a.last == b.last && a.keep == b.keep && a.to_disk == b.to_disk &&
         a.state == b.state;
}

TEST(Actions, OfAShrinkScheduleReleaseAStateBeforeItsSegmentIsKept) {
  using What = Action::What;
  // K = 3, 3, 2: states before tiles 3 and 6, a tail of one tile.
  const auto all = all_of(Actions(*Schedule::choose({9, 1, 1, 2}, {})));
  const std::vector<Action> expected = {
      {What::Advance, 0, 3, false, false, 0}, {What::Save, 3, 0, false, false, 0},
      {What::Advance, 3, 6, false, false, 0}, {What::Save, 6, 0, false, false, 1},
      {What::Advance, 6, 8, false, false, 0}, {What::Advance, 8, 9, true, false, 0}, {What::Reverse, 8, 9, false, false, 0},
      {What::Load, 6, 0, false, false, 1},    {What::Drop, 6, 0, false, false, 1},
      {What::Advance, 6, 8, true, false, 0},  {What::Reverse, 6, 8, false, false, 0},
      {What::Load, 3, 0, false, false, 0},    {What::Drop, 3, 0, false, false, 0},
      {What::Advance, 3, 6, true, false, 0},  {What::Reverse, 3, 6, false, false, 0},
      {What::Load, 0, 0, false, false, 0},    {What::Advance, 0, 3, true, false, 0}, {What::Reverse, 0, 3, false, false, 0}};
  ASSERT_EQ(all.size(), expected.size());
  for (size_t i = 0; i < all.size(); ++i) EXPECT_TRUE(same(all[i], expected[i])) << i;
}

TEST(Actions, OfASpillScheduleWriteAndReadEachSegmentOnce) {
  using What = Action::What;
  ScheduleLimits limits;
  limits.disk_tiles = 5;
  limits.disk_segment_tiles = 2;
  // K = 3 of 8 tiles stay, those on disk are 1 and 2 and 2.
  const Schedule schedule = *Schedule::choose({8, 1, 1, 2}, limits);
  ASSERT_EQ(schedule.kind(), ScheduleKind::Spill);
  const std::vector<Action> expected = {
      {What::Advance, 0, 1, true, false, 0}, {What::Write, 0, 1, false, true, 0},
      {What::Advance, 1, 3, true, false, 0}, {What::Write, 1, 3, false, true, 1},
      {What::Advance, 3, 5, true, false, 0}, {What::Write, 3, 5, false, true, 2},
      {What::Advance, 5, 8, true, false, 0}, {What::Reverse, 5, 8, false, false, 0},
      {What::Read, 3, 5, false, true, 2},    {What::Reverse, 3, 5, false, false, 0},
      {What::Read, 1, 3, false, true, 1},    {What::Reverse, 1, 3, false, false, 0},
      {What::Read, 0, 1, false, true, 0},    {What::Reverse, 0, 1, false, false, 0}};
  const auto all = all_of(Actions(schedule));
  ASSERT_EQ(all.size(), expected.size());
  for (size_t i = 0; i < all.size(); ++i) EXPECT_TRUE(same(all[i], expected[i])) << i;
}

TEST(Actions, OfNoTilesEndAtOnce) {
  for (const uint64_t pool : {0, 10}) EXPECT_TRUE(all_of(Actions(*Schedule::choose({0, 1, 1, pool}, {}))).empty());
}

TEST(Actions, AreTheSameForEveryCopyFromAnyPoint) {
  for (const Chain& chain : {Chain{500, 1, 1, 9}, Chain{500, 3, 7, 40}, Chain{90, 1, 1, 30}, Chain{300, 1, 20, 45}}) {
    const Schedule s = *Schedule::choose(chain, {0, 30, 0});
    const auto all = all_of(Actions(s));
    Actions walked(s), again(s);
    for (size_t i = 0; i < all.size(); ++i) {
      if (i % 7 == 0) {
        again = walked;
        const auto rest = all_of(again);
        ASSERT_EQ(rest.size(), all.size() - i);
        for (size_t j = 0; j < rest.size(); ++j) ASSERT_TRUE(same(rest[j], all[i + j])) << chain << ' ' << i << ' ' << j;
      }
      ASSERT_TRUE(same(walked.next(), all[i]));
    }
  }
}

TEST(Actions, AllocateOnlyWhenTheyAreMade) {
  for (const Chain& chain : {Chain{500, 1, 1, 9}, {500, 3, 7, 40}, {90, 1, 1, 30}, {300, 1, 20, 45}, {300, 5, 1, 0}}) {
    const Schedule s = *Schedule::choose(chain, {0, CapacityTable::kMostLevels, 0});
    Actions actions(s), copy(s);
    const uint64_t before = allocations_made();
    do {
      copy = actions;
    } while (actions.next().what != Action::What::End);
    while (copy.next().what != Action::What::End) {
    }
    EXPECT_EQ(allocations_made(), before) << chain;
  }
}

TEST(Actions, OfLongMultiSchedulesAreWhatTheSchedulesSay) {
  // Runs of columns with equal K, one column each, tiny pools, and ratios from 3 on.
  for (const Chain& chain : {Chain{200000, 1, 1, 60}, {200000, 1, 50, 700}, {200000, 64, 4096, 80000}, {200000, 50, 1, 900},
                             {123457, 3, 10, 100}, {50000, 5, 100, 350}, {200000, 1, 100000, 130000}})
    for (const uint64_t fewer : {0, 1, 777, 30011}) {
      Chain c = chain;
      c.tiles -= fewer;
      const auto s = Schedule::choose(c, {0, 60, 0});
      ASSERT_TRUE(s) << c;
      EXPECT_EQ(s->kind(), ScheduleKind::Multi) << c;
      expect_true_to_its_word(*s);
    }
}

TEST(Actions, OfAHugeChainStartAtOnceAndStayLegal) {
  const uint64_t n = 100000000;
  for (const Chain& chain : {Chain{n, 4096, 524288, 32 << 20}, {n, 64, 65536, 1 << 20}, {n, 1, 1, 5000}}) {
    const Schedule s = *Schedule::choose(chain, {0, 4, 0});
    ASSERT_EQ(s.kind(), ScheduleKind::Multi);
    Actions actions(s);
    uint64_t states = 0, end = n;
    for (int i = 0; i < 200000; ++i) {
      const Action a = actions.next();
      if (a.what == Action::What::Save) {
        ASSERT_EQ(a.state, states++);
      }
      if (a.what == Action::What::Drop) {
        ASSERT_EQ(a.state, --states);
      }
      if (a.what == Action::What::Reverse) {
        ASSERT_EQ(a.last, end);
        ASSERT_LE(states * chain.state_bytes + (a.last - a.first - 1) * chain.tile_bytes, chain.pool_bytes);
        end = a.first;
      }
      ASSERT_LE(states, s.states_in_memory());
    }
    EXPECT_LT(end, n);
  }
}

}  // namespace
}  // namespace sqs
