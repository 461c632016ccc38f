// Chains that look back, from the shortest stream up, give the bytes of the naive evaluator in every mode, budget, tile, range
// and order of requests.
#include <gtest/gtest.h>

#include <tuple>

#include "c_api.hpp"
#include "chains.hpp"
#include "checks.hpp"
#include "naive.hpp"
#include "session.hpp"

namespace eq {
namespace {

using ::testing::Combine;
using ::testing::Values;

const auto kChains = Values("there_and_back", "in_turns", "two_passes");

class Chains : public ::testing::TestWithParam<std::string> {};
class ChainsInTiles : public ::testing::TestWithParam<std::tuple<std::string, uint64_t>> {};
class ChainsWithCheckpoints : public ::testing::TestWithParam<std::tuple<std::string, uint64_t>> {};

TEST_P(ChainsInTiles, OfEveryLengthGiveTheNaiveBytes) {
  const auto& [name, tile] = GetParam();
  sqs_settings settings = api::settings(SQS_SQRT);
  settings.tile_frames = tile;
  settings.lru_bytes = SQS_NONE;
  settings.threads = tile == 3 ? 2 : 1;
  for (const uint64_t frames : {0U, 1U, 2U, 3U, 4U, 5U, 7U, 8U, 12U, 17U, 25U}) {
    ASSERT_NO_FATAL_FAILURE(try_parts(chain(name, frames), settings, {0, 3, 160}));
  }
}

INSTANTIATE_TEST_SUITE_P(LookingBack, ChainsInTiles, Combine(kChains, Values(1, 2, 3, 4, 9)));

TEST(ChainsInTiles, RowsThatTwoSweepsLookBackOnAreThoseThatEachNeeds) {
  const GraphSpec graph = chain("back_twice", 27);  // the last rows are read by the first of them alone
  const Naive naive(graph);
  uint64_t replayed_twice = 0;
  for (const uint64_t tile : {1U, 3U, 4U})
    for (const RowRange& part : parts_of(naive.rows("back").rows))
      for (const uint64_t rows_more : {0U, 3U, 12U}) {
        Session session(graph, naive);
        ASSERT_NO_FATAL_FAILURE(build_and_feed(session, graph));
        sqs_settings settings = api::settings(SQS_SQRT);
        settings.tile_frames = tile;
        settings.lru_bytes = SQS_NONE;
        session.configure(settings);
        sqs_plan_info info;
        ASSERT_EQ(session.plan({"back"}, part, false, info), SQS_OK) << session.refusal();
        settings.memory_budget = info.least_budget_bytes + rows_more * 8000;
        session.configure(settings);
        ASSERT_EQ(session.plan({"back"}, part, false, info), SQS_OK) << session.refusal();
        replayed_twice += info.schedule == SQS_CHAIN ? 1 : 0;
        ASSERT_EQ(ask_in_turn(session, naive, "back", {part}), "") << describe(settings) << "\n" << dump(graph);
      }
  EXPECT_GT(replayed_twice, 50U);
}

TEST_P(ChainsWithCheckpoints, AskedInTurnFindPartInTheCacheAndPartBehindThem) {
  const auto& [name, every] = GetParam();
  const GraphSpec graph = chain(name, 75);
  for (const uint64_t lru : {uint64_t{SQS_NONE}, uint64_t{1'500}, uint64_t{4'000'000}}) {
    for (const uint64_t tile : {1U, 4U, 30U}) {
      sqs_settings settings = api::settings(SQS_SQRT);
      settings.tile_frames = tile;
      settings.checkpoint_every = every;
      settings.lru_bytes = lru;
      ASSERT_NO_FATAL_FAILURE(try_parts(graph, settings, {every == 1 ? 200U : 4U}));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(LookingBack, ChainsWithCheckpoints, Combine(kChains, Values(0, 1, 3, 20)));

TEST_P(Chains, EveryBudgetFromTheLeastUpGivesTheNaiveBytes) {
  const GraphSpec graph = chain(GetParam(), 200);
  const Naive naive(graph);
  const std::string& target = graph.targets.front();
  for (const uint64_t tile : {1U, 5U, 16U}) {
    sqs_settings settings = api::settings(SQS_SQRT);
    settings.tile_frames = tile;
    settings.lru_bytes = SQS_NONE;
    uint64_t least = 0;
    for (uint64_t sixteenths = 0; sixteenths < 64; sixteenths += 1 + sixteenths / 4) {
      Session session(graph, naive);
      ASSERT_NO_FATAL_FAILURE(build_and_feed(session, graph));
      if (sixteenths == 0) {
        session.configure(settings);
        sqs_plan_info info;
        ASSERT_EQ(session.plan({target}, {}, false, info), SQS_OK) << session.refusal();
        least = info.least_budget_bytes;
      }
      settings.memory_budget = least + least * sixteenths / 16;
      session.configure(settings);
      ASSERT_EQ(ask_in_turn(session, naive, target, {{}}), "") << describe(settings) << "\n" << dump(graph);
    }
  }
}

TEST_P(Chains, InClassicComputeEveryRowOnce) {
  const GraphSpec graph = chain(GetParam(), 200);
  const Naive naive(graph);
  Session session(graph, naive);
  ASSERT_NO_FATAL_FAILURE(build_and_feed(session, graph));
  session.configure(api::settings(SQS_CLASSIC));
  ASSERT_EQ(ask_in_turn(session, naive, graph.targets.front(), {{}}), "") << dump(graph);
  for (const std::unique_ptr<Kernel>& kernel : session.kernels()) {
    EXPECT_EQ(kernel->rows_seen(), kernel->distinct_rows_seen()) << kernel->spec().name;
    EXPECT_EQ(kernel->most_often_seen(), 1U) << kernel->spec().name;
  }
}

TEST_P(Chains, AnswerOnlyAfterTheEndOfTheInput) {
  const GraphSpec graph = chain(GetParam(), 60);
  const Naive naive(graph);
  const std::string& target = graph.targets.front();
  Session session(graph, naive);
  ASSERT_EQ(session.build(), SQS_OK) << session.refusal();
  for (const uint64_t piece : {1U, 20U, 39U}) {
    session.push(piece);
    const Outcome early = session.evaluate(target, {});
    EXPECT_EQ(early.status, SQS_E_NOT_ENDED) << early.message;
    EXPECT_NE(early.stage, "") << "the stage that needs the end";
    EXPECT_EQ(session.rows_seen(), 0U);
  }
  session.end_input();
  EXPECT_EQ(ask_in_turn(session, naive, target, parts_of(naive.rows(target).rows)), "");
  EXPECT_EQ(session.close() + session.findings(), "");
}

INSTANTIATE_TEST_SUITE_P(LookingBack, Chains, kChains);

TEST(ChainsBesides, AForwardTargetBesideABackwardOneAnswersBeforeTheEnd) {
  const GraphSpec graph = chain("there_and_back", 60);
  const Naive naive(graph);
  Session session(graph, naive);
  ASSERT_EQ(session.build(), SQS_OK) << session.refusal();
  session.push(40);
  const Outcome forth = session.evaluate("forth", {});
  ASSERT_TRUE(forth.ok()) << forth.message;
  EXPECT_EQ(check_bytes(naive, forth, {0, 45}), "") << "5 rows of lead and 40 of frames";
  EXPECT_EQ(check_counts(session, forth), "");
  EXPECT_EQ(session.evaluate("back", {}).status, SQS_E_NOT_ENDED);
}

}  // namespace
}  // namespace eq
