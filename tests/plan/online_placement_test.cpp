#include "plan/online_placement.hpp"

#include <random>
#include <string>

#include "reversal.hpp"

namespace sqs {
namespace {

// A first sweep as an executor would make it, with its states on both tiers.
struct OnlineSweep {
  explicit OnlineSweep(const Chain& c, uint64_t disk_limit = 0)
      : chain(c), placement(c.pool_bytes, c.state_bytes, c.tile_bytes, disk_limit) {}

  void tile() {
    const OnlinePlacement::Step step = placement.before_tile(tiles);
    for (uint32_t h = 0; h < step.halvings; ++h) {
      std::vector<uint64_t> left;
      for (size_t i = 1; i < memory.size(); i += 2) left.push_back(memory[i]);
      memory = left;
    }
    if (step.spill) {
      ASSERT_FALSE(memory.empty());
      disk.push_back(memory.front());
      memory.erase(memory.begin());
    }
    if (step.save) (step.to_disk ? disk : memory).push_back(tiles);
    kept = std::min(kept, placement.tail() - 1) + 1;
    ++tiles;
    ASSERT_LE(memory.size() * chain.state_bytes + (kept - 1) * chain.tile_bytes, chain.pool_bytes) << chain << " at " << tiles;
    ASSERT_EQ(placement.kept(), kept);
    ASSERT_EQ(placement.states_in_memory(), memory.size());
    ASSERT_EQ(placement.disk_states(), disk.size());
    ASSERT_LE(memory.size(), placement.most_states_in_memory());
  }

  Replayed reverse() const {
    Chain whole = chain;
    whole.tiles = tiles;
    for (size_t j = 0; j < disk.size() + memory.size(); ++j)
      EXPECT_EQ(placement.position(j), j < disk.size() ? disk[j] : memory[j - disk.size()]) << whole << " j=" << j;
    ReferenceExecutor executor(whole);
    executor.begin_after(kept, disk, memory);
    return executor.run(Actions(placement, tiles));
  }

  Chain chain;
  OnlinePlacement placement;
  uint64_t tiles = 0, kept = 0;
  std::vector<uint64_t> memory, disk;
};

uint64_t most_for_two(const Chain& c) {
  const Capacity capacity(c.pool_bytes, c.state_bytes, c.tile_bytes);
  return static_cast<uint64_t>(capacity.with_states(Wide(capacity.most_states())));
}

uint64_t offline(const Chain& c, uint64_t tiles, uint64_t disk = 0) {
  return Schedule::choose({tiles, c.state_bytes, c.tile_bytes, c.pool_bytes}, {disk, CapacityTable::kMostLevels, 0})->evaluations();
}

TEST(OnlinePlacement, CostsAtMostOneEvaluationMoreThanAKnownLength) {
  for (const auto& [state, tile] : {std::pair<uint64_t, uint64_t>{1, 1}, {1, 2}, {2, 3}, {1, 5}, {3, 3}, {4, 31}})
    for (uint64_t pool = 0; pool <= 40; pool += 3) {
      OnlineSweep sweep({0, state, tile, pool});
      for (uint64_t n = 1; n <= most_for_two(sweep.chain); ++n) {
        sweep.tile();
        const Replayed r = sweep.reverse();
        ASSERT_TRUE(r.legal);
        ASSERT_FALSE(sweep.placement.overflowed());
        ASSERT_LE(r.most_of_a_tile, 2u);
        ASSERT_GE(r.evaluations, offline(sweep.chain, n));
        ASSERT_LE(r.evaluations, offline(sweep.chain, n) + 1) << sweep.chain << " n=" << n;
      }
    }
}

TEST(OnlinePlacement, TakesTwoEvaluationsWhileTheDiskHasRoom) {
  for (const auto& [state, tile] : {std::pair<uint64_t, uint64_t>{1, 1}, {2, 5}, {5, 2}, {50, 3}, {0, 3}})
    for (const uint64_t pool : {0, 4, 11, 40})
      for (const uint64_t disk : {1, 5, 30}) {
        OnlineSweep sweep({0, state, tile, pool}, disk);
        // Beside the states that stay in memory gaps are K(B / 2) tiles at least.
        const uint64_t gap = std::max<uint64_t>(pool / 2 / tile, 1);
        for (uint64_t n = 1; n <= disk * gap && n < 500; ++n) {
          sweep.tile();
          const Replayed r = sweep.reverse();
          ASSERT_TRUE(r.legal);
          ASSERT_LE(r.most_of_a_tile, 2u) << sweep.chain << " n=" << n << " disk=" << disk;
        }
        ASSERT_LE(sweep.disk.size(), disk);
      }
}

TEST(OnlinePlacement, OverflowIsReversedWithoutLoss) {
  for (const auto& [state, tile] : {std::pair<uint64_t, uint64_t>{1, 1}, {1, 3}, {2, 5}, {5, 2}, {50, 3}})
    for (const uint64_t pool : {0, 1, 4, 11, 24, 60})
      for (const uint64_t disk : {0, 3}) {
        OnlineSweep sweep({0, state, tile, pool}, disk);
        for (uint64_t n = 1; n <= 400; ++n) {
          sweep.tile();
          if (n % 7 != 0 && n > 50) continue;
          ASSERT_TRUE(sweep.reverse().legal) << sweep.chain << " n=" << n << " disk=" << disk;
        }
      }
}

TEST(OnlinePlacement, OverflowStaysNearTheKnownLength) {
  double worst = 1;
  for (const Chain& c : {Chain{0, 1, 1, 16}, Chain{0, 1, 1, 40}, Chain{0, 1, 4, 40}, Chain{0, 2, 3, 60}, Chain{0, 3, 1, 60}, Chain{0, 1, 10, 100}}) {
    OnlineSweep sweep(c);
    for (uint64_t n = 1; n <= 4 * most_for_two(c); ++n) {
      sweep.tile();
      const Replayed r = sweep.reverse();
      ASSERT_TRUE(r.legal);
      worst = std::max(worst, double(r.evaluations) / double(offline(c, n)));
    }
  }
  EXPECT_LT(worst, 1.33);
}

TEST(OnlinePlacement, DropsNothingBeforeTwoEvaluationsNoLongerSuffice) {
  for (const Chain& c : {Chain{0, 1, 1, 16}, Chain{0, 3, 7, 50}, Chain{0, 7, 3, 50}, Chain{0, 60, 3, 50}}) {
    OnlineSweep sweep(c);
    while (!sweep.placement.overflowed()) sweep.tile();
    EXPECT_EQ(sweep.tiles, most_for_two(c) + 1) << c;
  }
}

TEST(OnlinePlacement, OutputsWithoutBytesAreAllKept) {
  OnlineSweep sweep({0, 8, 0, 0});
  for (int i = 0; i < 100; ++i) sweep.tile();
  EXPECT_EQ(sweep.placement.kept(), 100u);
  EXPECT_EQ(sweep.reverse().evaluations, 100u);
}

TEST(OnlinePlacement, AnEmptyStreamHasNothingToReverse) {
  const OnlinePlacement placement(10, 1, 1);
  EXPECT_EQ(Actions(placement, 0).next().what, Action::What::End);
}

}  // namespace
}  // namespace sqs
