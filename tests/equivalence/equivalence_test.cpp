// Random graphs: every way to run one gives the bytes of the naive evaluator, and the counters agree; and requests in every
// order that finds part of what it asks for in the cache and part behind a checkpoint.
#include <gtest/gtest.h>

#include "c_api.hpp"
#include "checks.hpp"
#include "mix.hpp"
#include "naive.hpp"
#include "session.hpp"
#include "trial.hpp"

namespace eq {
namespace {

class RandomGraphs : public ::testing::TestWithParam<uint64_t> {};

TEST_P(RandomGraphs, AnyRunOfARandomGraphGivesTheBytesOfTheNaiveEvaluator) {
  TrialOptions options;
  options.threads_max = 4;
  options.limits.looking_back = 20;
  const TrialResult tried = try_graphs(20'000, 300, options, GetParam());
  if (tried.runs >= 2000) { EXPECT_GT(tried.retained, 5U); }
}

INSTANTIATE_TEST_SUITE_P(Share, RandomGraphs, ::testing::Range(uint64_t{0}, kShares));

// 200 frames -> a map in context -> a scan with a state of variable length -> a map in context.
GraphSpec chain() {
  GraphSpec graph;
  graph.dtype = SQS_U16;
  graph.window = 8;
  graph.hop = 4;
  graph.frames = 200;
  graph.samples.resize(graph.frames * 2);
  write_elements(SQS_U16, graph.frames, 99, false, graph.samples.data());
  const auto add = [&](const char* name, int32_t kind, const char* input, uint64_t before, uint64_t after) {
    StageSpec stage;
    stage.name = name;
    stage.kind = kind;
    stage.dtype = SQS_U32;
    stage.inputs.resize(1);
    stage.inputs[0] = {input, SQS_CLAMP, before, after, 1, 0, false};
    stage.seed = graph.stages.size();
    stage.state = kind == SQS_SCAN ? StateForm::Saved : StateForm::Plain;
    stage.state_extra_bytes = 40;
    graph.stages.push_back(stage);
  };
  add("smooth", SQS_MAP, "frames", 2, 3);
  add("filter", SQS_SCAN, "smooth", 0, 0);
  add("slope", SQS_MAP, "filter", 1, 1);
  return graph;
}

TEST(Equivalence, RequestsThatCacheAndCheckpointsServeInPartGiveTheSameBytes) {
  const GraphSpec graph = chain();
  const Naive naive(graph);
  for (const uint64_t lru : {uint64_t{SQS_NONE}, uint64_t{40'000}, uint64_t{4'000'000}}) {
    for (const uint64_t tile : {1U, 3U, 16U}) {
      for (uint64_t split = 1; split < graph.frames; split += 13) {
        Session session(graph, naive);
        ASSERT_EQ(session.build(), SQS_OK) << session.refusal();
        Rng rng(split);
        ASSERT_EQ(session.feed(Feed::Memory, rng), SQS_OK);
        sqs_settings settings = api::settings(SQS_SQRT);
        settings.tile_frames = tile;
        settings.checkpoint_every = 3;
        settings.lru_bytes = lru;
        session.configure(settings);
        const uint64_t rows = graph.frames;
        const std::vector<RowRange> parts = {{0, split},         {0, rows},         {split, rows}, {split / 2, split},
                                             {rows - split, rows}, {split / 3, rows}, {0, SQS_END}};
        for (const char* target : {"filter", "slope", "smooth"}) {
          ASSERT_EQ(ask_in_turn(session, naive, target, parts), "") << describe(settings) << " split " << split;
        }
      }
    }
  }
}

}  // namespace
}  // namespace eq
