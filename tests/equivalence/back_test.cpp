// Graphs that look back: scans and reduces in both directions, of random graphs and of chains worked through from the
// shortest stream up, give the bytes of the naive evaluator in every mode, budget, tile, range and order of requests.
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "c_api.hpp"
#include "checks.hpp"
#include "mix.hpp"
#include "naive.hpp"
#include "session.hpp"
#include "trial.hpp"

namespace eq {
namespace {

// Graphs that look back, with a disk to spill to.
TrialResult try_spilling(uint64_t seed, uint64_t count, TrialOptions options) {
  options.limits.looking_back = 100;
  options.limits.long_streams = 1;
  options.graphs_variable = "SQS_BACK_GRAPHS";
  const std::filesystem::path spill = std::filesystem::path(::testing::TempDir()) / ("sqs_back_" + std::to_string(getpid()));
  std::filesystem::create_directory(spill);
  options.spill_dir = spill.string();
  const TrialResult tried = try_graphs(seed, count, options);
  EXPECT_TRUE(std::filesystem::is_empty(spill)) << "spill files are gone after their runs";
  std::filesystem::remove_all(spill);
  return tried;
}

TEST(LookingBack, AnyRunOfARandomGraphGivesTheBytesOfTheNaiveEvaluator) {
  const TrialResult tried = try_spilling(40'000, 200, {});
  if (tried.runs < 4000) return;  // fewer graphs were asked for
  EXPECT_GT(tried.spilled_rows, 10U);
  EXPECT_GT(tried.spilled_states, 5U);
}

TEST(LookingBack, RowsThatWereOnDiskAreThoseOfTheNaiveEvaluator) {
  TrialOptions options;
  options.limits.turns = 2;
  options.rows_once = true;
  const TrialResult tried = try_spilling(50'000, 300, options);
  if (tried.runs < 6000) return;
  EXPECT_GT(tried.spilled_rows, 300U);
}

// Frames of one u32, seen through windows of 4 frames, 2 apart.
GraphSpec frames_of(uint64_t frames) {
  GraphSpec graph;
  graph.dtype = SQS_U32;
  graph.window = 4;
  graph.hop = 2;
  graph.frames = frames;
  graph.samples.reserve(16);
  graph.samples.resize(frames * 4);
  if (frames > 0) write_elements(SQS_U32, frames, 31, false, graph.samples.data());
  return graph;
}

StageSpec& add(GraphSpec& graph, const std::string& name, int32_t kind, const AccessSpec& input) {
  StageSpec stage;
  stage.name = name;
  stage.kind = kind;
  stage.dtype = SQS_F32;
  stage.inputs = {input};
  stage.seed = graph.stages.size();
  stage.state = graph.stages.size() % 2 == 0 ? StateForm::Saved : StateForm::Plain;
  stage.state_extra_bytes = 40;
  graph.stages.push_back(stage);
  return graph.stages.back();
}

StageSpec& add_scan(GraphSpec& graph, const std::string& name, int32_t direction, const std::string& input) {
  StageSpec& stage = add(graph, name, SQS_SCAN, {input, SQS_VALID, 0, 0, 1, 0, false});
  stage.direction = direction;
  return stage;
}

// As a filter without phase: forth over an extension of the frames, back over that, cropped to the frames, then the slope.
GraphSpec there_and_back(uint64_t frames) {
  GraphSpec graph = frames_of(frames);
  StageSpec& forth = add_scan(graph, "forth", SQS_FORWARD, "frames");
  forth.lead = 5;
  forth.tail = 3;
  forth.extend_edge = SQS_REFLECT;
  add_scan(graph, "back", SQS_BACKWARD, "forth").crop = "frames";
  add(graph, "slope", SQS_MAP, {"back", SQS_CLAMP, 1, 2, 1, 0, false});
  graph.targets = {"slope", "back", "forth"};
  return graph;
}

// Five scans in turns, with context, windows and a stride between them, and a map that joins the first to the last.
GraphSpec in_turns(uint64_t frames) {
  GraphSpec graph = frames_of(frames);
  add_scan(graph, "a", SQS_FORWARD, "frames");
  add(graph, "around", SQS_MAP, {"a", SQS_REFLECT, 2, 3, 1, 0, false});
  add_scan(graph, "b", SQS_BACKWARD, "around");
  add_scan(graph, "c", SQS_FORWARD, "b");
  add_scan(graph, "d", SQS_BACKWARD, "c").inputs = {{"c", SQS_ZERO, 1, 1, 2, 0, false}};
  add_scan(graph, "e", SQS_FORWARD, "d");
  add(graph, "joined", SQS_MAP, {"e", SQS_CLAMP, 1, 1, 1, 0, false}).inputs.push_back({"a", SQS_CLAMP, 0, 3, 2, 0, false});
  graph.targets = {"joined", "e", "c"};
  return graph;
}

// Normalises by what a first pass sums up from the end, then looks back; a stage in between may run only once.
GraphSpec two_passes(uint64_t frames) {
  GraphSpec graph = frames_of(frames);
  add_scan(graph, "once", SQS_FORWARD, "frames").purity = SQS_ONCE;
  StageSpec& sum = add(graph, "sum", SQS_REDUCE, {"once", SQS_VALID, 0, 0, 1, 0, false});
  sum.direction = SQS_BACKWARD;
  add(graph, "scaled", SQS_MAP, {"once", SQS_VALID, 0, 0, 1, 0, false}).inputs.push_back({"sum", SQS_VALID, 0, 0, 1, 0, false});
  add_scan(graph, "back", SQS_BACKWARD, "scaled");
  add(graph, "both", SQS_MAP, {"back", SQS_VALID, 0, 0, 1, 0, false}).inputs.push_back({"once", SQS_VALID, 0, 0, 1, 0, false});
  graph.targets = {"both", "back", "sum"};
  return graph;
}

GraphSpec make(const std::string& chain, uint64_t frames) {
  if (chain == "there_and_back") return there_and_back(frames);
  return chain == "in_turns" ? in_turns(frames) : two_passes(frames);
}

// The whole, its ends, its middle and each row alone, in an order that goes up, down and over what came before.
std::vector<RowRange> parts_of(uint64_t rows) {
  std::vector<RowRange> parts = {{}, {0, rows}, {rows / 2, rows}, {0, rows / 2}, {rows / 3, rows - rows / 4}, {rows, SQS_END}};
  for (uint64_t t = 0; t < rows; t += 1 + rows / 6) {
    parts.push_back({rows - t - 1, rows - t});
    parts.push_back({t, t + 1});
  }
  return parts;
}

class Chains : public ::testing::TestWithParam<std::string> {
 protected:
  // A pipeline over the graph that is asked for every part of every target in turn, in the least budget that works for all of
  // them and so many sixteenths of it more.
  void try_parts(const GraphSpec& graph, const Naive& naive, sqs_settings settings, uint64_t sixteenths) {
    Session session(graph, naive);
    ASSERT_EQ(session.build(), SQS_OK) << session.refusal();
    Rng rng(graph.frames);
    ASSERT_EQ(session.feed(Feed::Memory, rng), SQS_OK) << session.refusal();
    session.configure(settings);
    uint64_t least = 1;
    for (const std::string& target : graph.targets) {
      for (const RowRange& part : parts_of(naive.rows(target).rows)) {
        sqs_plan_info info;
        ASSERT_EQ(session.plan({target}, part, false, info), SQS_OK) << session.refusal();
        least = std::max(least, info.least_budget_bytes);
      }
    }
    settings.memory_budget = least + least * sixteenths / 16;
    session.configure(settings);
    for (const std::string& target : graph.targets) {
      ASSERT_EQ(ask_in_turn(session, naive, target, parts_of(naive.rows(target).rows)), "")
          << describe(settings) << "\n" << dump(graph);
    }
    ASSERT_EQ(session.close() + session.findings(), "") << describe(settings) << "\n" << dump(graph);
  }
};

TEST_P(Chains, OfEveryLengthUnderEveryTileGiveTheNaiveBytes) {
  for (const uint64_t frames : {0U, 1U, 2U, 3U, 4U, 5U, 7U, 8U, 12U, 17U, 25U}) {
    const GraphSpec graph = make(GetParam(), frames);
    const Naive naive(graph);
    for (const uint64_t tile : {1U, 2U, 3U, 4U, 9U}) {
      for (const uint64_t sixteenths : {0U, 3U, 160U}) {
        sqs_settings settings = api::settings(SQS_SQRT);
        settings.tile_frames = tile;
        settings.lru_bytes = SQS_NONE;
        settings.threads = tile == 3 ? 2 : 1;
        ASSERT_NO_FATAL_FAILURE(try_parts(graph, naive, settings, sixteenths));
      }
    }
  }
}

TEST_P(Chains, AskedInTurnFindPartInTheCacheAndPartBehindCheckpoints) {
  const GraphSpec graph = make(GetParam(), 150);
  const Naive naive(graph);
  for (const uint64_t lru : {uint64_t{SQS_NONE}, uint64_t{3'000}, uint64_t{4'000'000}}) {
    for (const uint64_t tile : {1U, 4U, 30U}) {
      for (const uint64_t every : {0U, 1U, 3U, 20U}) {
        sqs_settings settings = api::settings(SQS_SQRT);
        settings.tile_frames = tile;
        settings.checkpoint_every = every;
        settings.lru_bytes = lru;
        ASSERT_NO_FATAL_FAILURE(try_parts(graph, naive, settings, every == 1 ? 200 : 4));
      }
    }
  }
}

TEST_P(Chains, EveryBudgetFromTheLeastUpGivesTheNaiveBytes) {
  const GraphSpec graph = make(GetParam(), 200);
  const Naive naive(graph);
  for (const uint64_t tile : {1U, 5U, 16U}) {
    for (uint64_t sixteenths = 0; sixteenths < 64; sixteenths += 1 + sixteenths / 4) {
      Session session(graph, naive);
      ASSERT_EQ(session.build(), SQS_OK) << session.refusal();
      Rng rng(1);
      ASSERT_EQ(session.feed(Feed::Memory, rng), SQS_OK);
      sqs_settings settings = api::settings(SQS_SQRT);
      settings.tile_frames = tile;
      settings.lru_bytes = SQS_NONE;
      session.configure(settings);
      const std::string& target = graph.targets.front();
      sqs_plan_info info;
      ASSERT_EQ(session.plan({target}, {}, false, info), SQS_OK) << session.refusal();
      settings.memory_budget = info.least_budget_bytes + info.least_budget_bytes * sixteenths / 16;
      session.configure(settings);
      ASSERT_EQ(ask_in_turn(session, naive, target, {{}}), "") << describe(settings) << "\n" << dump(graph);
    }
  }
}

TEST_P(Chains, InClassicComputeEveryRowOnce) {
  const GraphSpec graph = make(GetParam(), 200);
  const Naive naive(graph);
  Session session(graph, naive);
  ASSERT_EQ(session.build(), SQS_OK) << session.refusal();
  Rng rng(1);
  ASSERT_EQ(session.feed(Feed::Memory, rng), SQS_OK);
  session.configure(api::settings(SQS_CLASSIC));
  ASSERT_EQ(ask_in_turn(session, naive, graph.targets.front(), {{}}), "") << dump(graph);
  for (const std::unique_ptr<Kernel>& kernel : session.kernels()) {
    EXPECT_EQ(kernel->rows_seen(), kernel->distinct_rows_seen()) << kernel->spec().name;
    EXPECT_EQ(kernel->most_often_seen(), 1U) << kernel->spec().name;
  }
}

TEST_P(Chains, AnswerOnlyAfterTheEndOfTheInput) {
  const GraphSpec graph = make(GetParam(), 60);
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

INSTANTIATE_TEST_SUITE_P(LookingBack, Chains, ::testing::Values("there_and_back", "in_turns", "two_passes"));

// From the least budget up: while there is room for one tape, for two, and for all rows.
TEST(LookingBack, ASecondThreadReplaysAheadOfTheFirst) {
  uint64_t beside = 0;
  for (const uint64_t frames : {40U, 333U, 1000U}) {
    GraphSpec graph = there_and_back(frames);
    for (StageSpec& stage : graph.stages) stage.threading = stage.kind == SQS_MAP ? SQS_CONCURRENT : SQS_ANY_THREAD;
    const Naive naive(graph);
    for (const uint64_t tile : {1U, 4U, 7U})
      for (const uint64_t every : {0U, 12U})
        for (uint64_t part = 0; part < 200; part += 1 + part / 8) {
          Session session(graph, naive);
          ASSERT_EQ(session.build(), SQS_OK) << session.refusal();
          Rng rng(part);
          ASSERT_EQ(session.feed(Feed::Memory, rng), SQS_OK);
          sqs_settings settings = api::settings(SQS_SQRT);
          settings.tile_frames = tile;
          settings.checkpoint_every = every;
          settings.lru_bytes = SQS_NONE;
          settings.threads = 2;
          session.configure(settings);
          const std::vector<std::string> targets = {"slope", "forth"};
          const std::vector<Sink> sinks = {Sink::Buffer, Sink::Buffer};
          sqs_plan_info info;
          ASSERT_EQ(session.plan_run(targets, sinks, {}, info), SQS_OK) << session.refusal();
          settings.memory_budget = info.least_budget_bytes + info.least_budget_bytes * part / 64;
          session.configure(settings);
          ASSERT_EQ(session.plan_run(targets, sinks, {}, info), SQS_OK) << session.refusal();
          if (session.plan_text().find("replayed by a second thread") != std::string::npos) ++beside;
          const Outcome outcome = session.run(targets, sinks, {}, part % 3 == 0 ? Drive::Step : Drive::Execute, rng);
          ASSERT_TRUE(outcome.ok()) << outcome.message;
          ASSERT_EQ(check_bytes(naive, outcome, {}) + check_counts(session, outcome), "") << describe(settings) << "\n" << dump(graph);
          ASSERT_EQ(session.close() + session.findings(), "");
        }
  }
  EXPECT_GE(beside, 20u);
}

// Forth over an extension, back and cropped, with readers on either side of each row: of every length, under every tile, whole
// and in part, in the least memory and in more.
TEST(LookingBack, RowsComeFromDiskForEveryLengthAndTile) {
  const std::filesystem::path spill = std::filesystem::path(::testing::TempDir()) / ("sqs_there_" + std::to_string(getpid()));
  std::filesystem::create_directory(spill);
  uint64_t spilled = 0;
  for (const uint64_t frames : {4U, 5U, 7U, 12U, 17U, 25U, 60U}) {
    GraphSpec graph = frames_of(frames);
    StageSpec& forth = add_scan(graph, "forth", SQS_FORWARD, "frames");
    forth.lead = 5;
    forth.tail = 3;
    forth.extend_edge = SQS_REFLECT;
    add(graph, "around", SQS_MAP, {"forth", SQS_CLAMP, 3, 1, 1, 0, false});
    add_scan(graph, "back", SQS_BACKWARD, "around").inputs.push_back({"forth", SQS_CLAMP, 1, 4, 1, 0, false});
    graph.stages.back().crop = "frames";
    StageSpec& both = add(graph, "both", SQS_MAP, {"back", SQS_CLAMP, 1, 2, 2, 0, false});
    both.inputs.push_back({"around", SQS_CLAMP, 2, 2, 2, 0, true});
    graph.targets = {"back", "both"};
    const Naive naive(graph);
    for (const uint64_t tile : {1U, 2U, 3U, 4U, 9U})
      for (const uint64_t sixteenths : {0U, 1U, 4U}) {
        sqs_settings settings = api::settings(SQS_SQRT);
        settings.tile_frames = tile;
        settings.lru_bytes = SQS_NONE;
        settings.max_ratio = 1;
        settings.spill_dir = spill.c_str();
        for (const std::string& target : graph.targets)
          for (const RowRange& part : parts_of(naive.rows(target).rows)) {
            Session session(graph, naive);
            ASSERT_EQ(session.build(), SQS_OK) << session.refusal();
            Rng rng(1);
            ASSERT_EQ(session.feed(Feed::Memory, rng), SQS_OK) << session.refusal();
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
  EXPECT_TRUE(std::filesystem::is_empty(spill));
  std::filesystem::remove_all(spill);
}

TEST(LookingBack, AForwardTargetBesideABackwardOneAnswersBeforeTheEnd) {
  const GraphSpec graph = there_and_back(60);
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
