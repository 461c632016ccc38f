#include "plan/planner.hpp"

#include "core/words.hpp"
#include "graphs.hpp"
#include "plan/memory.hpp"

namespace sqs {
namespace {

GraphBuilder audio() {
  GraphBuilder b(4096, 1024);
  b.stage("spectrum", {reads("input")}, 2049).stage("peak", {reads("spectrum")});
  return b;
}

TEST(Planner, TheLeastBudgetWorksAndOneByteLessDoesNot) {
  const GraphBuilder b = audio();
  Request r = b.request({"peak"}, 10'000'000);
  const uint64_t least = planned(r)->least_budget_bytes;
  r.budget_bytes = least;
  EXPECT_EQ(planned(r)->predicted_bytes, least);
  r.budget_bytes = least - 1;
  const auto refused = make_plan(r);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, SQS_E_BUDGET);
  EXPECT_NE(refused.error().message.find(std::to_string(least)), std::string::npos);
}

// In bytes to be typed and in units to be read; and with no remedy that there is nothing for.
TEST(Planner, ARefusalNamesTheLeastBudgetInBytesAndInUnits) {
  const GraphBuilder b = audio();
  Request r = b.request({"peak"}, 10'000'000);
  const uint64_t least = planned(r)->least_budget_bytes;
  r.budget_bytes = 2048;
  const std::string streamed = make_plan(r).error().message;
  EXPECT_NE(streamed.find("the memory budget of 2048 bytes (2.00 KiB) is too small"), std::string::npos) << streamed;
  EXPECT_NE(streamed.find("is " + exact_bytes(least) + "; raise memory_budget"), std::string::npos) << streamed;
  EXPECT_EQ(streamed.find("arrays"), std::string::npos) << streamed;
  r.targets.push_back({b.id("spectrum"), SinkKind::Array});
  const std::string held = make_plan(r).error().message;
  EXPECT_NE(held.find("raise memory_budget, or stream the targets instead of asking for arrays"), std::string::npos) << held;
  r.settings.mode = SQS_CLASSIC;
  const std::string classic = make_plan(r).error().message;
  EXPECT_NE(classic.find(" MiB); the least sqrt works in is "), std::string::npos) << classic;
}

TEST(Planner, EveryBudgetAboveTheLeastWorks) {
  const GraphBuilder b = audio();
  Request r = b.request({"peak"}, 10'000'000);
  for (uint64_t budget = planned(r)->least_budget_bytes; budget < uint64_t{1} << 26; budget = budget * 5 / 4 + 1) {
    r.budget_bytes = budget;
    const auto plan = planned(r);
    ASSERT_NE(plan, nullptr) << budget;
    EXPECT_LE(plan->predicted_bytes, budget);
  }
}

TEST(Planner, SqrtDoesNotGrowWithTheStream) {
  const GraphBuilder b = audio();
  const auto minute = planned(b.request({"peak"}, 60 * 48'000));
  const auto ten_hours = planned(b.request({"peak"}, uint64_t{36'000} * 48'000));
  EXPECT_EQ(minute->predicted_bytes, ten_hours->predicted_bytes);
  EXPECT_EQ(minute->tile_frames, ten_hours->tile_frames);
  EXPECT_EQ(minute->least_budget_bytes, ten_hours->least_budget_bytes);
}

TEST(Planner, AutoTakesSqrtWhenClassicDoesNotFit) {
  const GraphBuilder b = audio();
  Request r = b.request({"peak"}, 10'000'000);
  r.settings.mode = SQS_AUTO;
  r.budget_bytes = uint64_t{8} << 20;
  EXPECT_EQ(planned(r)->mode, SQS_SQRT);
  r.settings.mode = SQS_CLASSIC;
  const auto refused = make_plan(r);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, SQS_E_BUDGET);
}

TEST(Planner, AutoTakesClassicWhenASweepCostsMoreThanFreshMemory) {
  GraphBuilder b(64, 64);
  b.stage("dear", {reads("input")}).stage("mean", {reads("dear")}, 1, Kind::Reduce).stage("norm", {reads("dear"), reads("mean")});
  Request r = b.request({"norm"}, 10'000'000);
  r.settings.mode = SQS_AUTO;
  r.costs.ns_per_row.assign(b.graph()->size(), 0);
  r.costs.ns_per_row[b.id("dear")] = 1e6;
  EXPECT_EQ(planned(r)->mode, SQS_CLASSIC);
  r.costs.ns_per_row[b.id("dear")] = 0.001;
  EXPECT_EQ(planned(r)->mode, SQS_SQRT);
}

// "wide" is a stage that sqrt evaluates twice, since the reduce has to be through before the last stage begins.
GraphBuilder two_sweeps() {
  GraphBuilder b(64, 64);
  b.stage("wide", {reads("input")}, 1024).stage("mean", {reads("wide")}, 1, Kind::Reduce);
  b.stage("norm", {reads("wide"), reads("mean")});
  return b;
}

// Rows of "wide" are 4 KiB; a stage costs nothing unless told.
Request choice(const GraphBuilder& b, uint64_t wide_rows) {
  Request r = b.request({"norm"}, 64 * wide_rows);
  r.settings.mode = SQS_AUTO;
  r.costs = {};
  r.costs.ns_per_row.assign(b.graph()->size(), 1e-6);
  r.costs.small_fresh_ns_per_byte = r.costs.large_fresh_ns_per_byte = r.costs.reread_ns_per_byte = 0;
  return r;
}

TEST(Planner, AutoTakesClassicWhenMemoryCostsNothing) {
  const GraphBuilder b = two_sweeps();
  for (const uint64_t rows : {1, 100, 100'000}) EXPECT_EQ(planned(choice(b, rows))->mode, SQS_CLASSIC) << rows;
}

TEST(Planner, AutoWeighsTheSecondSweepAgainstThePagesThatClassicsArenaGets) {
  const GraphBuilder b = two_sweeps();
  // Classic's 2 MB are of small pages: 1 ns per byte is dearer than 500 rows of 1000 ns, 0.01 ns is not; large ones don't matter.
  Request r = choice(b, 500);
  r.costs.ns_per_row[b.id("wide")] = 1000;
  r.costs.large_fresh_ns_per_byte = 100;
  r.costs.small_fresh_ns_per_byte = 0.01;
  EXPECT_EQ(planned(r)->mode, SQS_CLASSIC);
  r.costs.small_fresh_ns_per_byte = 1;
  EXPECT_EQ(planned(r)->mode, SQS_SQRT);
  // 41 MB are of large pages.
  r = choice(b, 10'000);
  r.costs.ns_per_row[b.id("wide")] = 1000;
  r.costs.small_fresh_ns_per_byte = 0.5;
  r.costs.large_fresh_ns_per_byte = 0.01;
  EXPECT_EQ(planned(r)->mode, SQS_CLASSIC);
  r.costs.large_fresh_ns_per_byte = 1;
  EXPECT_EQ(planned(r)->mode, SQS_SQRT);
}

TEST(Planner, AutoCountsTheSecondReadingOfLongBuffersOnly) {
  const GraphBuilder b = two_sweeps();
  for (const auto& [rows, mode] : {std::pair{uint64_t{100}, SQS_CLASSIC}, std::pair{uint64_t{100'000}, SQS_SQRT}}) {
    Request r = choice(b, rows);
    r.costs.ns_per_row[b.id("wide")] = 1000;
    r.costs.reread_ns_per_byte = 0.2;  // two readers of 4096 bytes: 1638 ns a row
    EXPECT_EQ(planned(r)->mode, mode) << rows;
    r.costs.reread_ns_per_byte = 0.1;
    EXPECT_EQ(planned(r)->mode, SQS_CLASSIC) << rows;
  }
}

TEST(Planner, AutoComparesBothArenas) {
  const GraphBuilder b = audio();
  for (const uint64_t frames : {4096, 10'000, 48'000, 480'000, 4'800'000}) {
    Request r = b.request({"peak"}, frames);
    r.settings.mode = SQS_CLASSIC;
    const uint64_t classic = planned(r)->arena_bytes;
    r.settings.mode = SQS_SQRT;
    const uint64_t sqrt = planned(r)->arena_bytes;
    r.settings.mode = SQS_AUTO;
    r.costs.small_fresh_ns_per_byte = r.costs.large_fresh_ns_per_byte = 0.5;
    r.costs.reread_ns_per_byte = 0;
    EXPECT_EQ(planned(r)->mode, classic <= sqrt ? SQS_CLASSIC : SQS_SQRT) << frames << ": " << classic << " and " << sqrt;
  }
}

TEST(Planner, ThePredictedTimeIsThatOfRowsAndOfFirstTouch) {
  const GraphBuilder b = two_sweeps();
  for (const int32_t mode : {SQS_CLASSIC, SQS_SQRT}) {
    Request r = choice(b, 200);  // less than is reread
    r.settings.mode = mode;
    r.costs.ns_per_row[b.id("wide")] = 3000;
    r.costs.small_fresh_ns_per_byte = 2;
    r.costs.large_fresh_ns_per_byte = 7;
    const auto plan = planned(r);
    ASSERT_LT(plan->arena_bytes, kLargeMappingBytes);
    const double calls_ns = mode == SQS_SQRT ? 120 * static_cast<double>(calls_of(*plan)) : 0;
    const double ns = 3000.0 * (mode == SQS_SQRT ? 400 : 200) + calls_ns + 2 * static_cast<double>(plan->arena_bytes);
    EXPECT_NEAR(plan->predicted_seconds, ns * 1e-9, 1e-9);  // the other stages cost next to nothing
  }
}

// Whichever span of tiles a stream without end would have.
TEST(Planner, NoRowsTakeNoTape) {
  GraphBuilder b(1, 1);
  b.stage("forth", {reads("frames")}, 64, Kind::Scan).back("back", {reads("forth")});
  Request r = b.request({"back"}, 1'000'000);
  r.budget_bytes = uint64_t{1} << 33;
  r.settings.lru_bytes = SQS_NONE;
  EXPECT_GT(planned(r)->predicted_bytes, uint64_t{256} * 1'000'000);
  r.t0 = r.t1 = 1000;
  EXPECT_LT(planned(r)->predicted_bytes, uint64_t{1} << 20);
  r.budget_bytes = planned(r)->least_budget_bytes;
  EXPECT_EQ(planned(r)->rows_predicted, 0U);
}

TEST(Planner, ATimeThatRestsOnAGuessIsNotTold) {
  const GraphBuilder b = two_sweeps();
  Request r = choice(b, 200);
  r.costs.ns_per_row.assign(r.graph->size(), 0);
  EXPECT_EQ(planned(r)->predicted_seconds, 0);
  EXPECT_EQ(planned(r)->other_mode_seconds, 0);
  EXPECT_NE(planned(r)->text.find("unknown: a probe measures it"), std::string::npos);
  for (double& ns : r.costs.ns_per_row) ns = 100;
  EXPECT_GT(planned(r)->predicted_seconds, 0);
  EXPECT_GT(planned(r)->other_mode_seconds, 0);
  r.costs.ns_per_row[b.id("wide")] = 0;
  EXPECT_EQ(planned(r)->predicted_seconds, 0);
}

TEST(Planner, CheckpointEveryIsRaisedToTheDependencySpan) {
  GraphBuilder b(4096, 1024);
  b.stage("smooth", {reads("frames")}, 1, Kind::Scan);
  Request r = b.request({"smooth"}, 10'000'000);
  r.settings.checkpoint_every = 1;
  r.settings.tile_frames = 512;
  const auto plan = planned(r);
  EXPECT_EQ(plan->info.dependency_span, 4u);
  EXPECT_EQ(plan->checkpoint_tiles, 8u);  // 4 windows of 1024 frames
  EXPECT_NE(plan->text.find("raised to the dependency span of 4"), std::string::npos);
}

TEST(Planner, ClassicBuffersThatAreAliveTogetherDoNotOverlap) {
  GraphBuilder b(64, 16);
  b.stage("a", {reads("input")}, 10).stage("b", {reads("a")}, 7).stage("c", {reads("b")}, 12).stage("d", {reads("c"), reads("a")}, 3);
  Request r = b.request({"d"}, 100'000);
  r.settings.mode = SQS_CLASSIC;
  const auto plan = planned(r);
  uint64_t total = 0;
  for (const BufferPlan& x : plan->buffers) {
    total += x.bytes;
    for (const BufferPlan& y : plan->buffers) {
      if (&x == &y || x.bytes == 0 || y.bytes == 0) continue;
      const bool together = x.first_use <= y.last_use && y.first_use <= x.last_use;
      const bool apart = x.offset + x.bytes <= y.offset || y.offset + y.bytes <= x.offset;
      EXPECT_TRUE(!together || apart);
    }
  }
  EXPECT_LT(plan->predicted_bytes, total);  // what is no longer read makes room
}

TEST(Planner, ARangePastTheEndIsRefused) {
  const GraphBuilder b = audio();
  Request r = b.request({"peak"}, 10'000);
  r.t1 = 100;
  const auto refused = make_plan(r);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, SQS_E_RANGE);
  EXPECT_NE(refused.error().message.find("6 rows"), std::string::npos) << refused.error().message;
}

}  // namespace
}  // namespace sqs
