#include "plan/schedule.hpp"

#include <fstream>
#include <random>
#include <sstream>
#include <string>

#include "plan/online_placement.hpp"
#include "reversal.hpp"

namespace sqs {
namespace {

constexpr ScheduleLimits kAnyRatio{0, CapacityTable::kMostLevels, 0};

Schedule chosen(const Chain& chain, const ScheduleLimits& limits = kAnyRatio) {
  const auto s = Schedule::choose(chain, limits);
  if (!s) {
    ADD_FAILURE() << "refused: " << chain;
    return *Schedule::choose({}, {});
  }
  return *s;
}

uint64_t kept_with(uint64_t bytes, uint64_t tile) { return bytes / tile + 1; }

// The formulas as sums, to be compared with.
uint64_t with_states(uint64_t m, uint64_t pool, uint64_t state, uint64_t tile) {
  uint64_t sum = kept_with(pool, tile) + kept_with(pool - m * state, tile);
  for (uint64_t j = 0; j < m; ++j) sum += kept_with(pool - j * state, tile);
  return sum;
}
uint64_t most_for_two(uint64_t pool, uint64_t state, uint64_t tile) { return with_states(pool / state, pool, state, tile); }

// Of a reversal whose states were placed before its length was known; in so few tiles none is dropped and none goes to disk.
uint64_t online_evaluations(const Chain& chain) {
  OnlinePlacement placement(chain.pool_bytes, chain.state_bytes, chain.tile_bytes);
  for (uint64_t tile = 0; tile < chain.tiles; ++tile) {
    const OnlinePlacement::Step step = placement.before_tile(tile);
    EXPECT_TRUE(step.halvings == 0 && !step.spill && !step.to_disk) << chain << " at " << tile;
  }
  std::vector<uint64_t> states;
  for (uint64_t j = 0; j < placement.states_in_memory(); ++j) states.push_back(placement.position(j));
  ReferenceExecutor executor(chain);
  executor.begin_after(placement.kept(), {}, states);
  const Replayed r = executor.run(Actions(placement, chain.tiles));
  EXPECT_TRUE(r.legal) << chain;
  return r.evaluations;
}

TEST(Schedule, EveryGoldenCountIsReached) {
  std::ifstream file(SQS_PLAN_GOLDEN_DIR "/golden_engine.csv");
  std::string line;
  ASSERT_TRUE(std::getline(file, line));
  size_t rows = 0, online_counts = 0;
  while (std::getline(file, line)) {
    std::vector<std::string> cells;
    if (line.ends_with('\r')) line.pop_back();
    std::istringstream text(line);
    for (std::string cell; std::getline(text, cell, ',');) cells.push_back(cell);
    ASSERT_GE(cells.size(), 10u) << line;
    cells.resize(11);
    const auto number = [&](size_t i) { return std::stoull(cells[i]); };
    const Chain chain{number(0), number(1), number(2), number(3)};
    const Schedule s = chosen(chain);
    const Replayed r = expect_true_to_its_word(s);
    ASSERT_TRUE(r.legal) << line;
    EXPECT_EQ(s.evaluations(), number(8)) << line;
    EXPECT_EQ(r.most_of_a_tile, number(9)) << line;
    EXPECT_EQ(Capacity(chain.pool_bytes, chain.state_bytes, chain.tile_bytes).kept(Wide(chain.pool_bytes)), number(5)) << line;
    EXPECT_LE(r.longest_kept, number(5)) << line;
    EXPECT_EQ(s.kind() == ScheduleKind::Store, chain.tiles <= number(5)) << line;
    EXPECT_EQ(most_for_two(chain.pool_bytes, chain.state_bytes, chain.tile_bytes), number(6)) << line;
    EXPECT_GE(s.evaluations(), number(4)) << line;
    EXPECT_EQ(s.kind() == ScheduleKind::Multi, chain.tiles > number(6)) << line;
    if (chain.tiles <= number(6) && chain.state_bytes <= chain.tile_bytes) {
      EXPECT_EQ(s.states_in_memory(), number(7)) << line;
      EXPECT_EQ(s.evaluations(), number(4)) << line;
    }
    ++rows;
    if (cells[10].empty()) continue;
    EXPECT_EQ(online_evaluations(chain), number(10)) << line;
    ++online_counts;
  }
  EXPECT_EQ(rows, 1909u);
  EXPECT_EQ(online_counts, 1006u);
}

TEST(Schedule, RandomChainsAreReversedWithTheFewestEvaluations) {
  const uint32_t seed = 20260501;
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto up_to = [&](uint64_t low, uint64_t high) { return std::uniform_int_distribution<uint64_t>(low, high)(random); };
  size_t exact = 0, near = 0;
  for (int pair = 0; pair < 50; ++pair) {
    const uint64_t state = up_to(1, 6), tile = up_to(1, 6), most_pool = 28;
    const ExactOptimum optimum(200, most_pool, state, tile);
    for (int i = 0; i < 200; ++i) {
      const Chain chain{up_to(0, 200), state, tile, up_to(0, most_pool)};
      const Schedule s = chosen(chain);
      ASSERT_TRUE(expect_true_to_its_word(s).legal);
      const uint64_t least = optimum.evaluations(chain.tiles, chain.pool_bytes);
      if (s.kind() == ScheduleKind::Store || (s.kind() == ScheduleKind::Shrink && state <= tile)) {
        ASSERT_EQ(s.evaluations(), least) << chain;
        ++exact;
      } else {
        ASSERT_GE(s.evaluations(), least) << chain;
        ASSERT_LE(double(s.evaluations()), double(least) * (state <= tile ? 1.06 : 1.15)) << chain;
        ++near;
      }
    }
  }
  EXPECT_GT(exact, 1000u);
  EXPECT_GT(near, 1000u);
}

// Without a disk: with one, states go there only where memory alone does not do, though they would spare evaluations.
TEST(Schedule, MoreMemoryNeverCostsEvaluations) {
  uint64_t rising = 0;  // cases in which the pool is at its best when some of it is left
  for (const uint64_t state : {1, 2, 3, 5, 7, 10, 16, 25, 60})
    for (const uint64_t tile : {1, 2, 3, 4, 5, 7})
      for (const uint64_t n : {1, 2, 5, 10, 17, 30, 50, 77, 100, 150, 300, 1000, 3000})
        for (const uint32_t ratio : {2u, 3u, 4u, 6u, CapacityTable::kMostLevels})
          for (const uint64_t fixed : {0u, 3u, 8u}) {
            ScheduleLimits limits;
            limits.max_ratio = ratio;
            limits.fixed_tiles = fixed;
            uint64_t before = UINT64_MAX;
            for (uint64_t pool = 0; pool <= 12 * state + 8 * tile; ++pool) {
              const Chain chain{n, state, tile, pool};
              const auto s = Schedule::choose(chain, limits);
              ASSERT_TRUE(s.has_value() || before == UINT64_MAX) << chain << " though less sufficed";
              if (!s) continue;
              ASSERT_LE(s->evaluations(), before) << chain << " at most " << ratio << ", every " << fixed;
              before = s->evaluations();
              rising += s->chain().pool_bytes < pool ? 1 : 0;
            }
          }
  EXPECT_GT(rising, 1000u);
}

// One state more leaves one tile at hand instead of seven; three evaluations of three tiles cost less.
TEST(Schedule, AStateThatSparesLessThanItsRoomIsNotTaken) {
  const Schedule s = chosen({17, 7, 1, 7});
  EXPECT_EQ(s.evaluations(), 30u);
  EXPECT_EQ(s.states_in_memory(), 0u);
  expect_true_to_its_word(s);
  expect_true_to_its_word(chosen({50, 10, 1, 10}));
}

TEST(Schedule, EveryTileMoreCostsAnEvaluationAtLeast) {
  for (const Chain& c : {Chain{0, 1, 1, 12}, {0, 2, 7, 50}, {0, 3, 3, 20}, {0, 1, 9, 30}}) {
    uint64_t before = 0;
    for (uint64_t n = 1; n <= 400; ++n) {
      const uint64_t here = chosen({n, c.state_bytes, c.tile_bytes, c.pool_bytes}).evaluations();
      EXPECT_GT(here, before) << c << ' ' << n;
      before = here;
    }
  }
}

TEST(Schedule, OneTileMoreThanSoManyStatesServeTakesAnother) {
  for (const auto& [state, tile, pool] : {std::array<uint64_t, 3>{1, 1, 20}, {3, 7, 100}, {4096, 524288, 67108864}, {7, 3, 100}})
    for (const uint64_t m : {0, 1, 2, 5, 14}) {
      const uint64_t most = with_states(m, pool, state, tile);
      const Schedule whole = chosen({most, state, tile, pool});
      EXPECT_EQ(whole.kind(), ScheduleKind::Shrink);
      EXPECT_EQ(whole.states_in_memory(), m) << whole.chain();
      EXPECT_EQ(whole.evaluations(), 2 * most - kept_with(pool - m * state, tile));
      expect_true_to_its_word(whole);
      if ((m + 1) * state > pool) continue;
      const Schedule one_more = chosen({most + 1, state, tile, pool});
      expect_true_to_its_word(one_more);
      if (with_states(m + 1, pool, state, tile) > most) {
        EXPECT_EQ(one_more.kind(), ScheduleKind::Shrink) << one_more.chain();
        EXPECT_EQ(one_more.states_in_memory(), m + 1) << one_more.chain();
        EXPECT_EQ(one_more.evaluations(), 2 * (most + 1) - kept_with(pool - (m + 1) * state, tile));
      }
    }
}

TEST(Schedule, AnEmptyPoolStartsOverForEveryTile) {
  for (const uint64_t n : {0, 1, 2, 3, 10, 63}) {
    const Schedule s = chosen({n, 5, 3, 0});
    EXPECT_EQ(s.evaluations(), n * (n + 1) / 2);
    EXPECT_EQ(s.most_evaluations_of_a_tile(), n);
    EXPECT_EQ(s.peak_bytes(), 0u);
    expect_true_to_its_word(s);
  }
  EXPECT_FALSE(Schedule::choose({5, 5, 3, 0}, {0, 4, 0}));
  EXPECT_TRUE(Schedule::choose({4, 5, 3, 0}, {0, 4, 0}));
}

TEST(Schedule, APoolForAllOutputsKeepsThem) {
  for (const uint64_t n : {0, 1, 2, 100}) {
    const Schedule s = chosen({n, 8, 16, n == 0 ? 0 : (n - 1) * 16}, {0, 1, 0});
    EXPECT_EQ(s.kind(), ScheduleKind::Store);
    EXPECT_EQ(s.evaluations(), n);
    EXPECT_EQ(s.tail_tiles(), n);
    EXPECT_EQ(s.peak_bytes(), s.chain().pool_bytes);
    expect_true_to_its_word(s);
  }
  EXPECT_FALSE(Schedule::choose({100, 8, 16, 99 * 16 - 1}, {0, 1, 0}));
}

TEST(Schedule, StatesWithoutBytesCostNothing) {
  const Schedule s = chosen({1000, 0, 4, 40});
  EXPECT_EQ(s.kind(), ScheduleKind::Shrink);
  EXPECT_EQ(s.evaluations(), 2000u - 11);
  EXPECT_EQ(s.states_in_memory(), 89u);  // 11 tiles each; the first segment starts from the free start, the tail is kept
  expect_true_to_its_word(s);
  expect_true_to_its_word(chosen({1000, 0, 4, 3}));
  EXPECT_EQ(chosen({uint64_t(1) << 61, 0, 1, 0}).evaluations(), (uint64_t(1) << 62) - 1);
}

TEST(Schedule, OutputsWithoutBytesAreAllKept) {
  const Schedule s = chosen({1000, 8, 0, 0}, {0, 1, 0});
  EXPECT_EQ(s.kind(), ScheduleKind::Store);
  EXPECT_EQ(s.peak_bytes(), 0u);
  expect_true_to_its_word(s);
  EXPECT_EQ(chosen({uint64_t(1) << 61, 0, 0, 0}).kind(), ScheduleKind::Store);
}

TEST(Schedule, StatesLargerThanOutputsOrThePoolAreServed) {
  for (const uint64_t state : {5, 20, 64})
    for (uint64_t pool = 0; pool <= 100; pool += 7)
      for (const uint64_t n : {1, 5, 30, 200}) expect_true_to_its_word(chosen({n, state, 3, pool}));
}

TEST(Schedule, TheDiskTakesTheLeftmostStates) {
  for (const auto& [state, tile] : {std::pair<uint64_t, uint64_t>{1, 1}, {2, 5}, {5, 2}, {40, 3}})
    for (uint64_t pool = 0; pool <= 30; pool += 3)
      for (const uint64_t disk : {1, 2, 7, 60})
        for (uint64_t n = 1; n <= 300; n += 13) {
          const uint64_t k = kept_with(pool, tile), two = most_for_two(pool, state, tile);
          const auto s = Schedule::choose({n, state, tile, pool}, {disk, 2, 0});
          ASSERT_EQ(s.has_value(), n <= disk * k + two) << n << ' ' << state << ' ' << tile << ' ' << pool << ' ' << disk;
          if (!s) continue;
          expect_true_to_its_word(*s);
          ASSERT_EQ(s->kind() == ScheduleKind::ShrinkDisk, n > two) << s->chain();
          if (s->kind() != ScheduleKind::ShrinkDisk) continue;
          EXPECT_LE(s->disk_states(), disk);
          for (uint64_t j = 0; j < s->disk_states(); ++j) EXPECT_EQ(s->position(j), (j + 1) * k);
          if (n <= (disk + 2) * k) {
            EXPECT_EQ(s->evaluations(), 2 * n - k) << s->chain();
            EXPECT_EQ(s->states_in_memory(), 0u) << s->chain();
          } else {
            EXPECT_EQ(s->disk_states(), disk) << s->chain();
            uint64_t m = 0;
            while (with_states(m, pool, state, tile) < n - disk * k) ++m;
            EXPECT_EQ(s->evaluations(), 2 * n - kept_with(pool - m * state, tile)) << s->chain();
          }
        }
}

ScheduleLimits with_disk_for_outputs(uint64_t tiles, double cost, uint32_t ratio = 4, uint64_t segment = 1) {
  ScheduleLimits limits{0, ratio, 0};
  limits.disk_tiles = tiles;
  limits.disk_tile_cost = cost;
  limits.disk_segment_tiles = segment;
  return limits;
}

TEST(Schedule, OutputsGoToDiskWhereThatIsCheaperThanEvaluatingThemAgain) {
  size_t spilled = 0, shrunk = 0, refused = 0;
  for (const auto& [state, tile] : {std::pair<uint64_t, uint64_t>{1, 1}, {2, 5}, {5, 2}, {40, 3}, {0, 4}})
    for (uint64_t pool = 0; pool <= 60; pool += 3)
      for (uint64_t n = 1; n <= 300; n += 13)
        for (const double cost : {0.0, 0.5, 0.999, 1.0, 1.2, 2.0, 100.0})
          for (const uint32_t ratio : {1u, 2u, 4u})
            for (const uint64_t disk : {uint64_t(0), uint64_t(20), n}) {
              const Chain chain{n, state, tile, pool};
              const uint64_t kept = kept_with(pool, tile);
              const auto other = Schedule::choose(chain, {0, ratio, 0});
              const auto s = Schedule::choose(chain, with_disk_for_outputs(disk, cost, ratio));
              const bool fits = n > kept && n - kept <= disk;
              const bool cheaper = fits && (!other || double(n - kept) * cost < double(other->evaluations() - n));
              ASSERT_EQ(s.has_value(), other.has_value() || fits) << chain << " disk=" << disk;
              refused += s.has_value() ? 0 : 1;
              if (!s) continue;
              ASSERT_EQ(s->kind() == ScheduleKind::Spill, cheaper) << chain << " disk=" << disk << " cost=" << cost;
              if (!cheaper) {
                shrunk += fits ? 1 : 0;
                EXPECT_EQ(s->evaluations(), other->evaluations());
                continue;
              }
              ++spilled;
              const Replayed r = expect_true_to_its_word(*s);
              EXPECT_EQ(s->evaluations(), n) << chain;
              EXPECT_EQ(s->tail_tiles(), kept) << chain;
              EXPECT_EQ(r.tiles_written, n - kept) << chain;
              EXPECT_EQ(r.memory_saves + r.disk_saves, 0u) << chain;
            }
  EXPECT_GT(spilled, 10'000u);
  EXPECT_GT(shrunk, 5000u);
  EXPECT_GT(refused, 1000u);
}

TEST(Schedule, SegmentsOnDiskEndWhereTheKeptOutputsBegin) {
  for (const uint64_t n : {11, 12, 50, 1000})
    for (const uint64_t segment : {1, 2, 3, 7, 10, 500}) {  // 10 outputs are at hand
      const Schedule s = chosen({n, 8, 4, 36}, with_disk_for_outputs(n, 0, 4, segment));
      ASSERT_EQ(s.kind(), ScheduleKind::Spill);
      const uint64_t most = std::min<uint64_t>(segment, 10);
      EXPECT_EQ(s.disk_segment_tiles(), most);
      EXPECT_EQ(s.disk_segments(), (n - 10 + most - 1) / most);
      uint64_t at = 0;
      for (uint64_t j = 0; j < s.disk_segments(); ++j) {
        const Schedule::Span span = s.disk_segment(j);
        EXPECT_EQ(span.first, at);
        EXPECT_TRUE(j == 0 ? span.last > at && span.last - at <= most : span.last - at == most) << j;
        at = span.last;
      }
      EXPECT_EQ(at, n - 10);
      EXPECT_EQ(s.peak_bytes(), 36u);
      expect_true_to_its_word(s);
    }
  const Schedule others = chosen({50, 8, 4, 36});
  EXPECT_EQ(others.disk_segments(), 0u);
  EXPECT_EQ(others.disk_segment_tiles(), 0u);
}

TEST(Schedule, CheckpointsAtAFixedSpacingPutNoOutputsOnDisk) {
  ScheduleLimits limits = with_disk_for_outputs(1000, 0);
  limits.fixed_tiles = 10;
  EXPECT_EQ(chosen({100, 2, 3, 60}, limits).kind(), ScheduleKind::Fixed);
  limits.fixed_tiles = 1;  // 99 states
  EXPECT_FALSE(Schedule::choose({100, 2, 3, 60}, limits));
}

TEST(Schedule, FixedSpacingCountsTwiceAllButTheTail) {
  const Chain chain{100, 2, 3, 60};
  for (const uint64_t k : {10, 7, 12, 15}) {  // 7 and 12 do not divide 100
    const Schedule s = chosen(chain, {0, 4, k});
    EXPECT_EQ(s.kind(), ScheduleKind::Fixed);
    for (uint64_t j = 0; j < s.checkpoints(); ++j) EXPECT_EQ(s.position(j), (j + 1) * k);
    EXPECT_EQ(s.tail_tiles(), kept_with(60 - 2 * s.checkpoints(), 3));
    EXPECT_EQ(s.evaluations(), 200 - s.tail_tiles());
    expect_true_to_its_word(s);
  }
  EXPECT_FALSE(Schedule::choose(chain, {0, 4, 1}));    // 99 states
  EXPECT_FALSE(Schedule::choose(chain, {0, 4, 100}));  // 99 outputs
  EXPECT_FALSE(Schedule::choose(chain, {0, 1, 10}));
  const Schedule all_states = chosen({20, 1, 50, 25}, {0, 4, 1});
  EXPECT_EQ(all_states.checkpoints(), 18u);  // the last tile's output is the working one
  EXPECT_EQ(all_states.evaluations(), 39u);
  expect_true_to_its_word(all_states);
  for (const uint64_t k : {uint64_t(100), uint64_t(101), UINT64_MAX}) {
    const Schedule s = chosen({100, 2, 3, 297}, {0, 4, k});
    EXPECT_EQ(s.kind(), ScheduleKind::Store);
    EXPECT_EQ(s.evaluations(), 100u);
  }
}

TEST(Schedule, FixedSpacingIsRefusedOnlyIfItCannotFit) {
  for (const Chain& c : {Chain{0, 1, 1, 0}, {0, 1, 4, 0}, {0, 4, 1, 0}, {0, 9, 2, 0}, {0, 3, 0, 0}, {0, 0, 3, 0}})
    for (const uint64_t n : {1, 7, 24, 50})
      for (uint64_t k = 1; k <= n + 1; ++k)
        for (uint64_t pool = 0; pool <= 90; pool += 5)
          for (const uint64_t disk : {0, 3}) {
            const uint64_t state = c.state_bytes, tile = c.tile_bytes;
            const auto s = Schedule::choose({n, state, tile, pool}, {disk, 2, k});
            // Any number of checkpoints m, and a tail as long as fits beside them.
            uint64_t best = UINT64_MAX;
            const uint64_t all = (n + k - 1) / k - 1;
            for (uint64_t m = 0; m <= all; ++m)
              for (uint64_t d = 0; d <= std::min(disk, m); ++d) {
                const uint64_t r = m - d;
                if (r * state > pool) continue;
                const uint64_t tail = tile == 0 ? n : std::min(n, kept_with(pool - r * state, tile));
                const uint64_t begin = n - tail, last = begin > m * k ? begin - m * k : 0;
                if (last > k) continue;
                const auto fits = [&](uint64_t live, uint64_t tiles) {
                  return tiles == 0 || live * state + (tiles - 1) * tile <= pool;
                };
                if (!fits(r == 0 ? 0 : r - 1, last) || (m > 0 && !fits(r < 2 ? 0 : r - 2, std::min(k, begin)))) continue;
                best = std::min(best, n + begin);
              }
            const bool formula_fits = all * state + (k - 1) * tile <= pool;
            ASSERT_TRUE(s.has_value() || !formula_fits) << Chain{n, state, tile, pool} << " k=" << k;
            ASSERT_EQ(s.has_value(), best != UINT64_MAX) << Chain{n, state, tile, pool} << " k=" << k << " disk=" << disk;
            if (!s) continue;
            if (disk == 0 || s->disk_states() != 0) {
              EXPECT_EQ(s->evaluations(), best) << s->chain() << " k=" << k << " disk=" << disk;
            }
            ASSERT_TRUE(expect_true_to_its_word(*s).legal);
          }
}

TEST(Schedule, HugeChainsArePlannedByFormula) {
  const uint64_t n = 100000000, mib = uint64_t(1) << 20;
  // Two evaluations of most tiles in the least memory, sqrt(2 n S T), and all of them with a disk.
  const Schedule shrink = chosen({n, 4096, 524288, 656 * mib}, {0, 2, 0});
  EXPECT_EQ(shrink.kind(), ScheduleKind::Shrink);
  EXPECT_LT(shrink.evaluations(), 2 * n);
  EXPECT_LE(shrink.peak_bytes(), 656 * mib);
  const Schedule disk = chosen({n, 4096, 524288, 256 * mib}, {1000000, 2, 0});
  EXPECT_EQ(disk.kind(), ScheduleKind::ShrinkDisk);
  EXPECT_EQ(disk.disk_states(), 194930u);
  EXPECT_EQ(disk.evaluations(), 2 * n - 513);
  const Schedule three = chosen({n, 4096, 524288, 32 * mib}, {0, 4, 0});
  EXPECT_EQ(three.kind(), ScheduleKind::Multi);
  EXPECT_EQ(three.most_evaluations_of_a_tile(), 3u);
  EXPECT_GT(three.evaluations(), 2 * n);
  EXPECT_LT(three.evaluations(), 3 * n);
  const Schedule unit = chosen({n, 1, 1, 10000}, {0, 4, 0});
  EXPECT_EQ(unit.kind(), ScheduleKind::Multi);
  EXPECT_LT(unit.evaluations(), 3 * n);
  EXPECT_FALSE(Schedule::choose({n, 4096, 524288, mib}, {0, 4, 0}));
  // The larger the pool, the fewer the evaluations.
  uint64_t before = UINT64_MAX;
  for (uint64_t pool = 16 * mib; pool < (uint64_t(1) << 46); pool *= 2) {
    const Schedule s = chosen({n, 4096, 524288, pool});
    EXPECT_LE(s.evaluations(), before);
    EXPECT_LE(s.peak_bytes(), pool);
    before = s.evaluations();
  }
  EXPECT_EQ(before, 2 * n - ((uint64_t(1) << 45) / 524288 + 1));
}

TEST(Schedule, NumbersUpToTheLargestDoNotOverflow) {
  const uint64_t huge = uint64_t(1) << 61;
  for (const uint64_t n : {uint64_t(1), huge / 3, huge})
    for (const uint64_t state : {uint64_t(0), uint64_t(1), uint64_t(4097), huge - 1})
      for (const uint64_t tile : {uint64_t(0), uint64_t(1), uint64_t(524289), huge - 1})
        for (const uint64_t pool : {uint64_t(0), uint64_t(1), uint64_t(1) << 32, huge})
          for (const uint64_t spacing : {uint64_t(0), uint64_t(1), uint64_t(1) << 30, huge})
            for (const auto& [disk, rows] : {std::pair{uint64_t(0), uint64_t(0)}, {huge, uint64_t(0)}, {uint64_t(0), huge}}) {
              ScheduleLimits limits = with_disk_for_outputs(rows, 0.01, 6, huge);
              limits.disk_states = disk;
              limits.fixed_tiles = spacing;
              const auto s = Schedule::choose({n, state, tile, pool}, limits);
              if (!s) continue;
              EXPECT_LE(s->peak_bytes(), pool) << s->chain();
              EXPECT_GE(s->evaluations(), n) << s->chain();
              EXPECT_LE(s->evaluations() / 6, n) << s->chain();
              EXPECT_LE(s->tail_tiles(), n) << s->chain();
              EXPECT_LE(s->most_segment_tiles(), n) << s->chain();
              if (s->checkpoints() != 0) {
                EXPECT_LT(s->position(s->checkpoints() - 1), n - s->tail_tiles()) << s->chain();
              }
              if (s->disk_segments() != 0) {
                EXPECT_EQ(s->disk_segment(s->disk_segments() - 1).last, n - s->tail_tiles()) << s->chain();
                EXPECT_LE(s->disk_segment(0).last, n) << s->chain();
              }
              Actions actions(*s);
              for (int i = 0; i < 50; ++i) EXPECT_LE(actions.next().last, n);
            }
}

TEST(LeastPool, IsTheLeastThatIsNotRefused) {
  for (const auto& [state, tile] : {std::pair<uint64_t, uint64_t>{1, 1}, {2, 5}, {5, 2}, {0, 3}, {3, 0}})
    for (const uint64_t n : {0, 1, 2, 40, 333})
      for (const uint32_t ratio : {1u, 2u, 3u, 4u, 9u})
        for (const uint64_t spacing : {0, 6})
          for (const uint64_t disk : {0, 5}) {
            const ScheduleLimits limits{disk, ratio, spacing};
            const auto pool = least_pool({n, state, tile, 77}, limits);
            ASSERT_TRUE(pool);
            EXPECT_TRUE(Schedule::choose({n, state, tile, *pool}, limits));
            for (uint64_t less = 0; less < *pool; ++less) ASSERT_FALSE(Schedule::choose({n, state, tile, less}, limits)) << less;
            ScheduleLimits with_rows = limits;
            with_rows.disk_tiles = 30;
            with_rows.disk_tile_cost = 1e6;
            const auto lower = least_pool({n, state, tile, 77}, with_rows);
            ASSERT_TRUE(lower);
            EXPECT_LE(*lower, *pool);
            EXPECT_TRUE(Schedule::choose({n, state, tile, *lower}, with_rows));
            for (uint64_t less = 0; less < *lower; ++less) ASSERT_FALSE(Schedule::choose({n, state, tile, less}, with_rows));
            if (spacing == 0 && n <= 31) {
              EXPECT_EQ(*lower, 0u);
            }
          }
}

TEST(LeastPool, IsLookedForWithoutTablesAsWithThem) {
  std::mt19937_64 random(20261126);
  uint64_t found = 0;
  for (int i = 0; i < 100'000; ++i) {
    const Chain chain{random() % 3000, 1 + random() % 60, 1 + random() % 60, random() % 400};
    ScheduleLimits limits;
    limits.max_ratio = static_cast<uint32_t>(1 + random() % 9);
    if (random() % 3 == 0) limits.disk_states = random() % 5;
    const bool exists = Schedule::exists(chain, limits);
    ASSERT_EQ(exists, Schedule::choose(chain, limits).has_value()) << chain << " at most " << limits.max_ratio;
    found += exists ? 1 : 0;
  }
  EXPECT_GT(found, 10'000u);
  EXPECT_LT(found, 90'000u);
}

TEST(LeastPool, FollowsTheRootOfTheNumberOfTiles) {
  const Chain chain{1000000, 4096, 524288, 0};
  const double mib = double(uint64_t(1) << 20);
  EXPECT_NEAR(double(*least_pool(chain, {0, 2, 0})) / mib, 62.2, 0.2);
  EXPECT_NEAR(double(*least_pool(chain, {0, 3, 0})) / mib, 3.6, 0.3);
  EXPECT_EQ(*least_pool(chain, {0, 1, 0}), uint64_t(999999) * 524288);
  EXPECT_LT(*least_pool(chain, {0, 4, 0}), *least_pool(chain, {0, 3, 0}));
  EXPECT_FALSE(least_pool({uint64_t(1) << 61, 8, uint64_t(1) << 20, 0}, {0, 1, 0}));
}

TEST(ChainSpacing, IsTheLargestThatFits) {
  for (const auto& [state, tile] : {std::pair<uint64_t, uint64_t>{1, 1}, {1, 7}, {7, 1}, {3, 2}, {0, 3}, {3, 0}, {40, 1}})
    for (const uint64_t n : {0, 1, 2, 9, 30, 97})
      for (uint64_t pool = 0; pool <= 130; ++pool) {
        std::optional<uint64_t> best;
        for (uint64_t k = 1; k <= std::max<uint64_t>(n, 1); ++k)
          if ((n == 0 ? 0 : (n + k - 1) / k - 1) * state + k * tile <= pool) best = k;
        EXPECT_EQ(chain_spacing(n, state, tile, pool), best) << Chain{n, state, tile, pool};
      }
}

TEST(ChainSpacing, HasALeastPool) {
  for (const auto& [state, tile] : {std::pair<uint64_t, uint64_t>{1, 1}, {1, 7}, {7, 1}, {64, 4096}, {4096, 64}, {0, 3}, {3, 0}})
    for (const uint64_t n : {1, 2, 7, 100, 1234}) {
      uint64_t least = UINT64_MAX;
      for (uint64_t k = 1; k <= n; ++k) least = std::min(least, ((n + k - 1) / k - 1) * state + k * tile);
      EXPECT_EQ(chain_least_pool(n, state, tile), least) << Chain{n, state, tile, 0};
    }
  // About 2 sqrt(n S T) for many tiles; too much for any machine is refused.
  EXPECT_NEAR(double(*chain_least_pool(100000000, 4096, 524288)) / double(uint64_t(1) << 20), 883, 10);
  EXPECT_FALSE(chain_least_pool(uint64_t(1) << 61, uint64_t(1) << 40, uint64_t(1) << 40));
  EXPECT_TRUE(chain_least_pool(uint64_t(1) << 61, 8, 1000));
}

TEST(ChainEvaluations, GrowWithTheSquareOfTheSweeps) {
  for (uint64_t sweeps = 1; sweeps <= 5; ++sweeps) {
    uint64_t sum = 0;
    for (uint64_t j = 1; j <= sweeps; ++j) sum += 100 * chain_evaluations_of_sweep(sweeps, j);
    EXPECT_EQ(chain_evaluations(sweeps, 100), sum);
  }
  EXPECT_EQ(chain_evaluations(3, 10), 60u);
  EXPECT_EQ(chain_evaluations(3, UINT64_MAX), UINT64_MAX);
  EXPECT_EQ(chain_evaluations(UINT64_MAX, 2), UINT64_MAX);
}

}  // namespace
}  // namespace sqs
