// Random graphs that look back: scans and reduces in both directions give the bytes of the naive evaluator in every mode, budget,
// tile, range and order of requests; and chains on two threads, with a disk, and with one that fails.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "c_api.hpp"
#include "chains.hpp"
#include "checks.hpp"
#include "failing_disk.hpp"
#include "naive.hpp"
#include "temporary_directory.hpp"
#include "trial.hpp"

namespace eq {
namespace {

// One share of graphs that look back, with a disk to spill to.
TrialResult try_spilling(uint64_t seed, uint64_t count, TrialOptions options, uint64_t share) {
  options.limits.looking_back = 100;
  options.limits.long_streams = 1;
  const sqs::test::TemporaryDirectory spill;
  options.spill_dir = spill.path();
  const TrialResult tried = try_graphs(seed, count, options, share);
  EXPECT_EQ(spill.names(), std::vector<std::string>()) << "spill files are gone after their runs";
  return tried;
}

class LookingBack : public ::testing::TestWithParam<uint64_t> {};

TEST_P(LookingBack, AnyRunOfARandomGraphGivesTheBytesOfTheNaiveEvaluator) {
  TrialOptions options;
  options.graphs_variable = "SQS_BACK_GRAPHS";
  options.in_little = true;
  const TrialResult tried = try_spilling(40'000, 200, options, GetParam());
  if (tried.runs < 1000) return;  // fewer graphs were asked for
  EXPECT_GT(tried.spilled_rows + tried.spilled_states, 0U);
  if (tried.runs < 4000) return;
  EXPECT_GT(tried.spilled_rows, 1U);  // of eight shares
  EXPECT_GT(tried.spilled_states, 5U);
  for (const int32_t schedule : {SQS_STORE, SQS_SHRINK, SQS_MULTI, SQS_FIXED, SQS_CHAIN})
    EXPECT_GT(tried.schedules.at(static_cast<size_t>(schedule)), 3U) << "sqs_schedule_code " << schedule;
}

// In the middle of these streams a stage begins, where states are others than elsewhere: replays were once counted as if all
// segments were alike.
TEST(LookingBackAtParts, RowsAreCountedWhereAStageBeginsInTheMiddle) {
  TrialOptions options;
  options.graphs_variable = "SQS_PART_GRAPHS";
  options.in_little = true;
  for (const uint64_t seed : {40'786U, 41'637U}) EXPECT_GT(try_spilling(seed, 1, options, 0).runs, 10U);
}

INSTANTIATE_TEST_SUITE_P(Share, LookingBack, ::testing::Range(uint64_t{0}, kShares));

TEST(LookingBackOnDisk, RowsOfARandomGraphThatWereOnDiskAreThoseOfTheNaiveEvaluator) {
  TrialOptions options;
  options.graphs_variable = "SQS_SPILL_GRAPHS";
  options.limits.turns = 2;
  options.rows_once = true;
  TrialResult sum;
  for (uint64_t share = 0; share < kShares; ++share) {
    sum.add(try_spilling(50'000, 450, options, share));
  }
  if (sum.runs < 6000) return;
  EXPECT_GT(sum.spilled_rows, 300U);
}

TEST_P(LookingBack, ADiskThatFailsAnywhereLeavesTheSameBytesOrAClearError) {
  TrialOptions options;
  options.graphs_variable = "SQS_FAULT_GRAPHS";
  options.limits.turns = 2;
  options.faults = {FailingDisk::arm, FailingDisk::disarm, FailingDisk::describe};
  TrialResult tried = try_spilling(60'000, 480, options, GetParam());
  if (tried.runs < 1200) return;
  // What a graph's budget and disk are depends on this machine a little: of so few runs that succeed none may have read before.
  for (uint64_t more = 1; more < 6 && (tried.after_reads == 0 || tried.faults <= 15); ++more) {
    tried.add(try_spilling(60'000 + more * 100'000, 480, options, GetParam()));
  }
  EXPECT_GT(tried.faults, 15U);  // of eight shares
  EXPECT_GT(tried.started_again, 0U);
  EXPECT_GT(tried.after_reads, 0U);
  EXPECT_LT(tried.started_again, tried.faults);
}

// Its second run has rows of the first in its plan, but not in the one that needs no disk: these must go before it begins.
TEST(LookingBackOnDisk, RowsOfEarlierRunsHaveNoPlaceInAPlanThatHasNone) {
  TrialOptions options;
  options.limits.turns = 2;
  options.faults = {FailingDisk::arm, FailingDisk::disarm, FailingDisk::describe};
  options.graphs_variable = "SQS_ONE_FAULT_GRAPH";
  const TrialResult tried = try_spilling(7'102'170, 1, options, 0);
  EXPECT_GT(tried.faults, 0U);
}

// Over streams that are long enough for it.
TEST(LookingBackOnThreads, RowsOfARandomGraphThatASecondThreadReplaysAreThoseOfTheNaiveEvaluator) {
  TrialOptions options;
  options.graphs_variable = "SQS_PAIR_GRAPHS";
  options.limits.looking_back = 100;
  options.limits.long_streams = 1;
  options.limits.frames = 800;
  options.sessions = 8;
  options.by_two = true;
  TrialResult sum;
  for (uint64_t share = 0; share < kShares; ++share) {
    sum.add(try_graphs(80'000, 120, options, share));
  }
  if (sum.runs < 4000) return;
  EXPECT_GT(sum.replayed_ahead[SQS_SHRINK] + sum.replayed_ahead[SQS_MULTI], 40U);
  EXPECT_GT(sum.replayed_ahead[SQS_MULTI], 10U);
  EXPECT_GT(sum.replayed_ahead[SQS_CHAIN], 100U);
}

// From the least budget up: while there is room for one tape, for two, and for all rows. Runs that a second thread replays, by
// schedule.
void replay_ahead(const GraphSpec& graph, const std::vector<std::string>& targets, Sink sink, const RowRange& range,
                  sqs_settings settings, std::array<uint64_t, 8>& beside) {
  const Naive naive(graph);
  settings.lru_bytes = SQS_NONE;
  settings.threads = 2;
  const std::vector<Sink> sinks(targets.size(), sink);
  for (uint64_t part = 0; part < 200; part += 1 + part / 8) {
    Session session(graph, naive);
    ASSERT_NO_FATAL_FAILURE(build_and_feed(session, graph));
    Rng rng(part);
    settings.memory_budget = 0;
    session.configure(settings);
    sqs_plan_info info;
    ASSERT_EQ(session.plan_run(targets, sinks, range, info), SQS_OK) << session.refusal();
    settings.memory_budget = info.least_budget_bytes + info.least_budget_bytes * part / 64;
    session.configure(settings);
    ASSERT_EQ(session.plan_run(targets, sinks, range, info), SQS_OK) << session.refusal();
    if (session.plan_text().find("replayed by a second thread") != std::string::npos) ++beside.at(static_cast<size_t>(info.schedule));
    const Outcome outcome = session.run(targets, sinks, range, part % 3 == 0 ? Drive::Step : Drive::Execute, rng);
    ASSERT_TRUE(outcome.ok()) << outcome.message;
    ASSERT_EQ(check_bytes(naive, outcome, range) + check_counts(session, outcome), "") << describe(settings) << "\n" << dump(graph);
    ASSERT_EQ(session.close() + session.findings(), "");
  }
}

TEST(LookingBackOnThreads, ASecondThreadReplaysAheadOfTheFirst) {
  std::array<uint64_t, 8> beside{};
  for (const uint64_t frames : {40U, 333U, 1000U})
    for (const uint64_t tile : {1U, 4U, 7U})
      for (const uint64_t every : {0U, 12U}) {
        sqs_settings settings = api::settings(SQS_SQRT);
        settings.tile_frames = tile;
        settings.checkpoint_every = every;
        ASSERT_NO_FATAL_FAILURE(
            replay_ahead(chain_on_any_thread("there_and_back", frames), {"slope", "forth"}, Sink::Buffer, {}, settings, beside));
        if (frames != 333) continue;
        ASSERT_NO_FATAL_FAILURE(
            replay_ahead(chain_on_any_thread("in_turns", frames), {"joined", "c"}, Sink::Buffer, {}, settings, beside));
      }
  EXPECT_GE(beside[SQS_SHRINK] + beside[SQS_MULTI] + beside[SQS_FIXED], 20U);
  for (const int32_t schedule : {SQS_SHRINK, SQS_MULTI, SQS_FIXED, SQS_CHAIN})
    EXPECT_GE(beside.at(static_cast<size_t>(schedule)), 5U) << "sqs_schedule_code " << schedule;
}

// They lie in the memory of the run, not on a tape, and begin with the first row that is needed.
TEST(LookingBackOnThreads, RowsThatAreKeptLieWhereTheyAreWhileASecondThreadReplays) {
  std::array<uint64_t, 8> beside{};
  sqs_settings settings = api::settings(SQS_SQRT);
  settings.tile_frames = 4;
  for (const RowRange& range : {RowRange{}, RowRange{211, SQS_END}, RowRange{300, 350}})
    ASSERT_NO_FATAL_FAILURE(
        replay_ahead(chain_on_any_thread("kept_behind", 400), {"back", "once"}, Sink::Callback, range, settings, beside));
  EXPECT_GE(beside[SQS_SHRINK] + beside[SQS_MULTI], 3U);
}

// Of every length, under every tile, whole and in part, in the least memory and in more.
TEST(LookingBackOnDisk, RowsComeFromDiskForEveryLengthAndTile) {
  const sqs::test::TemporaryDirectory spill;
  const std::string spill_dir = spill.path();
  uint64_t spilled = 0;
  for (const uint64_t frames : {4U, 5U, 7U, 12U, 17U, 25U, 60U}) {
    const GraphSpec graph = chain("around_and_back", frames);
    const Naive naive(graph);
    for (const uint64_t tile : {1U, 2U, 3U, 4U, 9U})
      for (const uint64_t sixteenths : {0U, 1U, 4U}) {
        sqs_settings settings = api::settings(SQS_SQRT);
        settings.tile_frames = tile;
        settings.lru_bytes = SQS_NONE;
        settings.max_ratio = 1;
        settings.spill_dir = spill_dir.c_str();
        for (const std::string& target : graph.targets)
          for (const RowRange& part : parts_of(naive.rows(target).rows)) {
            Session session(graph, naive);
            ASSERT_NO_FATAL_FAILURE(build_and_feed(session, graph));
            settings.memory_budget = 0;
            session.configure(settings);
            sqs_plan_info info;
            ASSERT_EQ(session.plan({target}, part, false, info), SQS_OK) << session.refusal();
            settings.memory_budget = std::max<uint64_t>(1, info.least_budget_bytes + info.least_budget_bytes * sixteenths / 16);
            session.configure(settings);
            const Outcome outcome = session.evaluate(target, part);
            ASSERT_TRUE(outcome.ok()) << outcome.message;
            ASSERT_EQ(check_bytes(naive, outcome, part) + check_counts(session, outcome), "")
                << target << " " << describe(part) << " " << describe(settings) << "\n" << dump(graph);
            EXPECT_EQ(outcome.stats.disk_written_bytes, outcome.stats.disk_read_bytes);
            spilled += outcome.stats.disk_written_bytes > 0 ? 1 : 0;
          }
      }
  }
  EXPECT_GT(spilled, 500U);
  EXPECT_EQ(spill.names(), std::vector<std::string>());
}

// What chains do on one thread is in chains_test.cpp.
TEST(LookingBackOnThreads, ChainsGiveTheNaiveBytes) {
  sqs_settings settings = api::settings(SQS_SQRT);
  settings.tile_frames = 3;
  settings.threads = 2;
  for (const char* name : {"there_and_back", "in_turns", "two_passes"}) {
    for (const uint64_t frames : {4U, 17U}) {
      ASSERT_NO_FATAL_FAILURE(try_parts(chain_on_any_thread(name, frames), settings, {4}));
    }
  }
}

}  // namespace
}  // namespace eq
