// The engine does exactly what its schedule says: how often every tile of every stage is evaluated, and how many states are
// saved and loaded, counted in the callbacks and compared with a replay of the schedule's actions.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <random>

#include "temporary_directory.hpp"
#include "looking_chain.hpp"
#include "plan/actions.hpp"
#include "store/spill_file.hpp"

namespace sqs {
namespace {

constexpr uint64_t kPlenty = uint64_t{256} << 20;

// Of a saved state: its length and its hash come before it, and it begins on 16 bytes.
uint64_t saved_bytes(uint64_t state_bytes) { return (state_bytes + 16 + 15) / 16 * 16; }

struct Expected {
  std::vector<std::vector<uint32_t>> times;  // by stage and tile
  uint64_t saved = 0;
  uint64_t loaded = 0;
  uint64_t written = 0;  // of those states to disk,
  uint64_t read = 0;     // and from there
};

// What the actions of a schedule do to the first stage of a chain of two.
Expected of_schedule(const Schedule& schedule) {
  const uint64_t tiles = schedule.chain().tiles;
  Expected e;
  e.times = {std::vector<uint32_t>(tiles, 0), std::vector<uint32_t>(tiles, 1)};
  Actions actions(schedule);
  for (Action a = actions.next(); a.what != Action::What::End; a = actions.next()) {
    if (a.what == Action::What::Save) ++e.saved;
    if (a.what == Action::What::Save && a.to_disk) ++e.written;
    if (a.what == Action::What::Load && a.first > 0) ++e.loaded;
    if (a.what == Action::What::Load && a.to_disk) ++e.read;
    if (a.what == Action::What::Advance)
      for (uint64_t t = a.first; t < a.last; ++t) ++e.times[0][t];
  }
  return e;
}

// What segments of `spacing` tiles mean for a chain of `stages` stages in `sweeps` sweeps in turns. In each later sweep a stage
// goes over every segment again but for the sweep's first, whose rows the sweep before has left: and starts from a state at
// the segment's near end, unless that is where the stage itself starts. States are saved once, between all segments.
Expected of_segments(uint64_t tiles, uint64_t spacing, uint64_t stages, uint64_t sweeps) {
  Expected e;
  e.times.assign(stages, std::vector<uint32_t>(tiles, 1));
  const uint64_t segments = (tiles + spacing - 1) / spacing;
  for (uint64_t stage = 0; stage < stages; ++stage) {
    if (stage + 1 < sweeps) e.saved += segments - 1;
    const uint64_t own_first = stage % 2 == 0 ? 0 : segments - 1;
    for (uint64_t sweep = stage + 1; sweep < sweeps; ++sweep) {
      const uint64_t left_over = sweep % 2 == 0 ? 0 : segments - 1;
      for (uint64_t segment = 0; segment < segments; ++segment) {
        if (segment == left_over) continue;
        e.loaded += segment != own_first ? 1 : 0;
        for (uint64_t t = segment * spacing; t < std::min(tiles, (segment + 1) * spacing); ++t) ++e.times[stage][t];
      }
    }
  }
  return e;
}

class Counts : public ::testing::Test {
 protected:
  uint64_t pick(uint64_t low, uint64_t high) { return low + random_() % (high - low + 1); }

  ChainSpec random_chain(uint64_t stages, uint64_t most_tiles) {
    ChainSpec spec;
    spec.tiles = pick(1, most_tiles);
    spec.tile_frames = pick(1, 6);
    for (uint64_t j = 0; j < stages; ++j) {
      spec.state_bytes.push_back(pick(0, 3) == 0 ? pick(8, 4000) : pick(8, 200));
      spec.row_values.push_back(pick(0, 3) == 0 ? pick(1, 200) : pick(1, 30));
    }
    return spec;
  }

  // A budget between the least and what it takes to keep everything, the small ones more often.
  void choose_budget(ChainSpec& spec) {
    spec.budget = kPlenty;
    const auto roomy = CountedChain(spec).plan();
    ASSERT_NE(roomy, nullptr);
    const uint64_t least = roomy->least_budget_bytes;
    const uint64_t spare = roomy->predicted_bytes > least ? roomy->predicted_bytes - least : 0;
    const uint64_t shift = pick(0, 6);
    spec.budget = least + (shift == 6 ? spare : pick(0, spare >> shift));
  }

  // Random reversals with a disk, each changed to what is to be tried, and tried; nothing stays there.
  void try_with_disk(const std::function<void(int, ChainSpec&)>& change, const std::function<void(const ChainSpec&)>& attempt) {
    const test::TemporaryDirectory directory;
    for (int trial = 0; trial < 300; ++trial) {
      SCOPED_TRACE("trial " + std::to_string(trial));
      ChainSpec spec = random_chain(2, trial % 10 == 0 ? 600 : 80);
      spec.spill_dir = directory.path();
      change(trial, spec);
      ASSERT_NO_FATAL_FAILURE(choose_budget(spec));
      ASSERT_NO_FATAL_FAILURE(attempt(spec));
      if (HasFailure()) return;
    }
    EXPECT_TRUE(directory.names().empty());
  }

  static void expect_counts(const ChainSpec& spec, CountedChain& chain, const Expected& e) {
    for (uint64_t j = 0; j < spec.stages(); ++j)
      ASSERT_EQ(chain.tile_times(j), e.times[j]) << "stage " << j << " of " << spec.text();
    ASSERT_EQ(chain.stats().checkpoints_saved, e.saved) << spec.text();
    ASSERT_EQ(chain.stats().checkpoints_loaded, e.loaded) << spec.text();
    uint64_t rows = 0;
    for (const auto& times : e.times)
      for (const uint32_t t : times) rows += t * spec.tile_frames;
    ASSERT_EQ(chain.stats().rows_evaluated, rows) << spec.text();
    ASSERT_EQ(chain.stats().rows_predicted, rows) << spec.text();
  }

  void try_reversal(const ChainSpec& spec) {
    CountedChain chain(spec);
    const auto plan = chain.plan();
    ASSERT_NE(plan, nullptr);
    const TurnPlan& turn = plan->turn;
    ASSERT_EQ(turn.kind, TurnPlan::Kind::Reversal) << spec.text();
    ASSERT_EQ(turn.tiles(), spec.tiles) << spec.text();
    ASSERT_EQ(turn.state_bytes, saved_bytes(spec.state_bytes[0])) << spec.text();
    ASSERT_EQ(turn.tile_bytes, spec.tile_frames * spec.row_values[0] * sizeof(uint32_t)) << spec.text();
    ScheduleLimits limits;
    limits.fixed_tiles = (spec.checkpoint_every + spec.tile_frames - 1) / spec.tile_frames;
    if (spec.max_ratio != 0) limits.max_ratio = spec.max_ratio;
    if (!spec.spill_dir.empty()) limits.disk_states = spec.tiles;  // as many as there could be
    const auto schedule = Schedule::choose(Chain{spec.tiles, turn.state_bytes, turn.tile_bytes, turn.pool_bytes}, limits);
    ASSERT_TRUE(schedule.has_value()) << spec.text();
    ++kinds_[schedule->kind()];
    ASSERT_NO_FATAL_FAILURE(chain.run());
    const Expected e = of_schedule(*schedule);
    ASSERT_NO_FATAL_FAILURE(expect_counts(spec, chain, e));
    EXPECT_EQ(chain.stats().disk_written_bytes, e.written * (turn.state_bytes + SpillFile::kHeaderBytes)) << spec.text();
    EXPECT_EQ(chain.stats().disk_read_bytes, e.read * (turn.state_bytes + SpillFile::kHeaderBytes)) << spec.text();
    expect_within_bounds(spec, *schedule, chain.tile_times(0));
  }

  // What is promised of a kind of schedule, without following it.
  static void expect_within_bounds(const ChainSpec& spec, const Schedule& schedule, const std::vector<uint32_t>& times) {
    const uint64_t tail = spec.tiles - schedule.tail_tiles();
    const uint32_t most = *std::max_element(times.begin(), times.end());
    switch (schedule.kind()) {
      case ScheduleKind::Store:
        EXPECT_EQ(most, 1U) << spec.text();
        break;
      case ScheduleKind::Multi:
        EXPECT_EQ(most, schedule.most_evaluations_of_a_tile()) << spec.text();
        EXPECT_LE(most, 4U) << spec.text();
        EXPECT_EQ(times[0], schedule.evaluations_of_first_tile()) << spec.text();
        break;
      default:
        for (uint64_t t = 0; t < spec.tiles; ++t) EXPECT_EQ(times[t], t < tail ? 2U : 1U) << "tile " << t << ", " << spec.text();
    }
  }

  // Where rows are dear, those that memory has no room for are written and read once, and none is made again.
  void try_spilling(const ChainSpec& spec) {
    CountedChain chain(spec);
    const auto plan = chain.plan();
    ASSERT_NE(plan, nullptr);
    const TurnPlan& turn = plan->turn;
    ASSERT_EQ(turn.kind, TurnPlan::Kind::Reversal) << spec.text();
    const uint64_t kept = std::min(spec.tiles, turn.pool_bytes / turn.tile_bytes + 1);
    ++kinds_[turn.schedule->kind()];
    ASSERT_EQ(turn.schedule->kind(), kept == spec.tiles ? ScheduleKind::Store : ScheduleKind::Spill) << spec.text();
    ASSERT_NO_FATAL_FAILURE(chain.run());
    Expected e;
    e.times.assign(2, std::vector<uint32_t>(spec.tiles, 1));
    ASSERT_NO_FATAL_FAILURE(expect_counts(spec, chain, e));
    const uint64_t bytes = (spec.tiles - kept) * turn.tile_bytes + turn.schedule->disk_segments() * SpillFile::kHeaderBytes;
    EXPECT_EQ(chain.stats().disk_written_bytes, bytes) << spec.text();
    EXPECT_EQ(chain.stats().disk_read_bytes, bytes) << spec.text();
    EXPECT_GE(plan->info.disk_bytes, bytes) << spec.text();
    EXPECT_EQ(plan->info.rows_again, 0U) << spec.text();
    EXPECT_LE(chain.stats().measured_bytes, chain.stats().predicted_bytes) << spec.text();
  }

  void try_chain(const ChainSpec& spec) {
    CountedChain chain(spec);
    const auto plan = chain.plan();
    ASSERT_NE(plan, nullptr);
    const TurnPlan& turn = plan->turn;
    ASSERT_EQ(turn.kind, TurnPlan::Kind::Chain) << spec.text();
    const bool last_is_backward = spec.stages() % 2 == 0;
    const uint64_t sweeps = spec.stages() + (last_is_backward && !spec.any_order ? 1 : 0);
    ASSERT_EQ(plan->sweeps.size(), sweeps) << spec.text();
    uint64_t states = 0;
    uint64_t tile_bytes = 0;
    for (uint64_t j = 0; j + 1 < sweeps; ++j) {
      states += saved_bytes(spec.state_bytes[j]);
      tile_bytes += spec.tile_frames * spec.row_values[j] * sizeof(uint32_t);
    }
    ASSERT_EQ(turn.state_bytes, states) << spec.text();
    ASSERT_EQ(turn.tile_bytes, tile_bytes) << spec.text();
    std::optional<uint64_t> spacing = chain_spacing(spec.tiles, states, tile_bytes, turn.pool_bytes + tile_bytes);
    if (spec.checkpoint_every != 0)
      spacing = std::min(spec.tiles, (spec.checkpoint_every + spec.tile_frames - 1) / spec.tile_frames);
    ASSERT_TRUE(spacing.has_value()) << spec.text();
    segments_most_ = std::max(segments_most_, (spec.tiles + *spacing - 1) / *spacing);
    ASSERT_NO_FATAL_FAILURE(chain.run());
    ASSERT_NO_FATAL_FAILURE(expect_counts(spec, chain, of_segments(spec.tiles, *spacing, spec.stages(), sweeps)));
  }

  std::mt19937_64 random_{20261126};
  std::map<ScheduleKind, int> kinds_;
  uint64_t segments_most_ = 0;
};

TEST_F(Counts, OfAReversalAreThoseOfItsSchedule) {
  for (int trial = 0; trial < 700; ++trial) {
    SCOPED_TRACE("trial " + std::to_string(trial));
    ChainSpec spec = random_chain(2, trial % 10 == 0 ? 600 : 80);
    ASSERT_NO_FATAL_FAILURE(choose_budget(spec));
    ASSERT_NO_FATAL_FAILURE(try_reversal(spec));
    if (HasFailure()) return;
  }
  EXPECT_GE(kinds_[ScheduleKind::Store], 30);
  EXPECT_GE(kinds_[ScheduleKind::Shrink], 100);
  EXPECT_GE(kinds_[ScheduleKind::Multi], 100);
}

TEST_F(Counts, OfAReversalWithCheckpointsEverySoManyWindowsAreThoseOfItsSchedule) {
  for (int trial = 0; trial < 200; ++trial) {
    SCOPED_TRACE("trial " + std::to_string(trial));
    ChainSpec spec = random_chain(2, 80);
    spec.checkpoint_every = pick(1, spec.frames() + 3);
    ASSERT_NO_FATAL_FAILURE(choose_budget(spec));
    ASSERT_NO_FATAL_FAILURE(try_reversal(spec));
    if (HasFailure()) return;
  }
  EXPECT_GE(kinds_[ScheduleKind::Fixed], 80);
}

TEST_F(Counts, OfAReversalWhoseRowsGoToDiskAreOneOfEach) {
  const auto dear = [](int, ChainSpec& spec) { spec.cost_ns = 1e6; };
  ASSERT_NO_FATAL_FAILURE(try_with_disk(dear, [&](const ChainSpec& spec) { try_spilling(spec); }));
  EXPECT_GE(kinds_[ScheduleKind::Spill], 200);
}

// Rows are so cheap that none goes to disk, and none may be evaluated a third time.
TEST_F(Counts, OfAReversalWhoseStatesGoToDiskAreThoseOfItsSchedule) {
  const auto cheap = [&](int trial, ChainSpec& spec) {
    spec.cost_ns = 1e-3;
    spec.max_ratio = 2;
    if (trial % 4 == 3) spec.checkpoint_every = pick(1, spec.frames() + 3);
  };
  ASSERT_NO_FATAL_FAILURE(try_with_disk(cheap, [&](const ChainSpec& spec) { try_reversal(spec); }));
  EXPECT_GE(kinds_[ScheduleKind::ShrinkDisk], 100);
}

TEST_F(Counts, OfAReversalWithADiskWhoseRowsAreCheaperMadeAgainPutNoneThere) {
  const test::TemporaryDirectory directory;
  for (int trial = 0; trial < 200; ++trial) {
    SCOPED_TRACE("trial " + std::to_string(trial));
    ChainSpec spec = random_chain(2, 80);
    const bool cheap = trial % 2 == 0;
    spec.cost_ns = cheap ? 1e-3 : 1e6;
    if (!cheap) spec.checkpoint_every = pick(1, spec.frames() + 3);  // dear, but asked for
    ASSERT_NO_FATAL_FAILURE(choose_budget(spec));
    spec.spill_dir = directory.path();
    CountedChain chain(spec);
    const auto plan = chain.plan();
    ASSERT_NE(plan, nullptr);
    ASSERT_NO_FATAL_FAILURE(chain.run());
    const Schedule& schedule = *plan->turn.schedule;
    ++kinds_[schedule.kind()];
    EXPECT_NE(schedule.kind(), ScheduleKind::Spill) << spec.text();
    ASSERT_NO_FATAL_FAILURE(expect_counts(spec, chain, of_schedule(schedule)));
  }
  EXPECT_GE(kinds_[ScheduleKind::Shrink], 10);
  EXPECT_GE(kinds_[ScheduleKind::Fixed], 50);
}

TEST_F(Counts, OfAChainAddUpBySweepsAndNeverMultiply) {
  for (int trial = 0; trial < 300; ++trial) {
    SCOPED_TRACE("trial " + std::to_string(trial));
    ChainSpec spec = random_chain(pick(3, 5), 60);
    ASSERT_NO_FATAL_FAILURE(choose_budget(spec));
    ASSERT_NO_FATAL_FAILURE(try_chain(spec));
    if (HasFailure()) return;
  }
  EXPECT_GE(segments_most_, 6U);
}

TEST_F(Counts, OfAChainInRowOrderHaveOneMoreSweep) {
  for (int trial = 0; trial < 200; ++trial) {
    SCOPED_TRACE("trial " + std::to_string(trial));
    ChainSpec spec = random_chain(2 * pick(1, 2), 60);
    spec.any_order = false;
    ASSERT_NO_FATAL_FAILURE(choose_budget(spec));
    ASSERT_NO_FATAL_FAILURE(try_chain(spec));
    if (HasFailure()) return;
  }
}

TEST_F(Counts, OfAChainWithCheckpointsEverySoManyWindowsHaveThatSpacing) {
  for (int trial = 0; trial < 150; ++trial) {
    SCOPED_TRACE("trial " + std::to_string(trial));
    ChainSpec spec = random_chain(pick(3, 5), 60);
    spec.checkpoint_every = pick(1, spec.frames() + 3);
    ASSERT_NO_FATAL_FAILURE(choose_budget(spec));
    ASSERT_NO_FATAL_FAILURE(try_chain(spec));
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace sqs
