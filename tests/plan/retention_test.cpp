// Rows that several sweeps read: which are kept, at which budget, and what the plan says of it.
#include "plan/retention.hpp"

#include "graphs.hpp"
#include "plan/frontier.hpp"

namespace sqs {
namespace {

// What three stages spare and take: each spares its time alone, and the third what it spares beyond the first two, which it reads.
constexpr double kSpares[] = {100, 300, 500};
constexpr uint64_t kTakes[] = {10, 100, 1000};

Outlay outlay(const std::vector<bool>& retained) {
  Outlay sum{1000, 0, 1};
  for (size_t id = 0; id < 3; ++id) {
    if (!retained[id]) continue;
    sum.kept_bytes += kTakes[id];
    sum.run_bytes += kTakes[id];
    if (!(id < 2 && retained[2])) sum.ns -= kSpares[id];
  }
  return sum;
}

std::vector<bool> chosen(uint64_t budget) { return choose_retained(3, {0, 1, 2}, budget, outlay).retained; }

TEST(Retention, TheDearestPerByteComeFirst) {
  EXPECT_EQ(chosen(10), std::vector<bool>());
  EXPECT_EQ(chosen(11), (std::vector<bool>{true, false, false}));
  EXPECT_EQ(chosen(101), (std::vector<bool>{true, false, false}));
  EXPECT_EQ(chosen(111), (std::vector<bool>{true, true, false}));
  EXPECT_EQ(chosen(1111), (std::vector<bool>{true, true, true}));
}

TEST(Retention, TheNextBudgetIsTheLeastAtWhichMoreIsKept) {
  uint64_t budget = 1;
  std::vector<uint64_t> steps;
  while (const uint64_t next = choose_retained(3, {0, 1, 2}, budget, outlay).next_budget_bytes) {
    EXPECT_EQ(chosen(next - 1), chosen(budget));
    steps.push_back(budget = next);
  }
  EXPECT_EQ(steps, (std::vector<uint64_t>{11, 111, 1111}));
}

TEST(Retention, WhatSparesNoTimeIsNotKept) {
  const Retention none = choose_retained(1, {0}, 1000, [](const std::vector<bool>& retained) { return Outlay{1, retained[0] ? 8u : 0u, 8}; });
  EXPECT_TRUE(none.retained.empty());
  EXPECT_EQ(none.next_budget_bytes, 0u);
  EXPECT_TRUE(choose_retained(3, {}, 1000, outlay).retained.empty());
}

// Frames -> narrow -> wide -> mean, and norm of wide and mean: two sweeps over all but the frames, which the caller lends.
constexpr uint64_t kFrames = 1'000'000;

GraphBuilder normalised() {
  GraphBuilder b(64, 64);
  b.stage("narrow", {reads("frames")}, 1, Kind::Scan).stage("wide", {reads("narrow")}, 8);
  b.stage("mean", {reads("wide")}, 1, Kind::Reduce).stage("norm", {reads("wide"), reads("mean")});
  return b;
}

Request asked(const GraphBuilder& b, uint64_t budget, double narrow_ns, double wide_ns) {
  Request r = b.request({"norm"}, kFrames);
  r.input.in_memory = true;
  r.budget_bytes = r.settings.memory_budget = budget;
  r.costs.ns_per_row.assign(b.graph()->size(), 1);
  r.costs.ns_per_row[b.id("narrow")] = narrow_ns;
  r.costs.ns_per_row[b.id("wide")] = wide_ns;
  return r;
}

TEST(Retention, ABudgetBetweenKeepsWhatIsDearPerByte) {
  const GraphBuilder b = normalised();
  const NodeId narrow = b.id("narrow"), wide = b.id("wide");
  const auto plan = planned(asked(b, 16 << 20, 1000, 100));  // 4 MB of narrow rows, 32 MB of wide ones
  EXPECT_TRUE(plan->retains(narrow));
  EXPECT_FALSE(plan->retains(wide));
  EXPECT_EQ(plan->stages[narrow].rows_predicted, kFrames);
  EXPECT_EQ(plan->stages[wide].rows_predicted, 2 * kFrames);
  EXPECT_LE(plan->predicted_bytes, uint64_t{16} << 20);
  EXPECT_GE(plan->predicted_bytes, 4 * kFrames);
}

TEST(Retention, OneByteBelowTheNextBudgetKeepsNoMore) {
  const GraphBuilder b = normalised();
  const uint64_t next = planned(asked(b, 16 << 20, 1000, 1000))->next_budget_bytes;
  ASSERT_GT(next, uint64_t{16} << 20);
  EXPECT_FALSE(planned(asked(b, next - 1, 1000, 1000))->retains(b.id("wide")));
  const auto plan = planned(asked(b, next, 1000, 1000));
  EXPECT_TRUE(plan->retains(b.id("wide")));
  EXPECT_EQ(plan->predicted_bytes, next);
  EXPECT_EQ(plan->info.rows_again, 0u);
  EXPECT_EQ(plan->next_budget_bytes, 0u);
}

TEST(Retention, RowsCheaperThanTheirMemoryAreMadeAgain) {
  const GraphBuilder b = normalised();
  const auto plan = planned(asked(b, 1 << 30, 0.1, 0.1));
  EXPECT_TRUE(plan->retained.empty());
  EXPECT_EQ(plan->stages[b.id("wide")].rows_predicted, 2 * kFrames);
}

TEST(Retention, WithoutABudgetThatWasAskedForMemoryDoesNotGrowWithTheStream) {
  const GraphBuilder b = normalised();
  Request r = asked(b, 1 << 30, 1000, 1000);
  r.settings.memory_budget = 0;
  const auto plan = planned(r);
  EXPECT_TRUE(plan->retained.empty());
  r.input.frames *= 10;
  EXPECT_EQ(planned(r)->predicted_bytes, plan->predicted_bytes);
}

TEST(Retention, TheLeastBudgetKeepsNothingAndTheFrontierRisesFromIt) {
  const GraphBuilder b = normalised();
  const Request r = asked(b, 1 << 30, 1000, 1000);
  const auto plan = planned(r);
  EXPECT_EQ(plan->info.rows_again, 0u);
  const std::vector<FrontierPoint> points = frontier_of(r, *plan);
  ASSERT_EQ(points.size(), 3u);
  EXPECT_EQ(points[0].budget_bytes, plan->least_budget_bytes);
  EXPECT_EQ(points[0].rows_predicted - points[1].rows_predicted, kFrames);
  EXPECT_EQ(points[1].rows_predicted - points[2].rows_predicted, kFrames);
  EXPECT_EQ(points[2].ratio(), 1.0);
  EXPECT_LT(points[1].seconds, points[0].seconds);
  EXPECT_LT(points[2].seconds, points[1].seconds);
}

// Frames -> forth -> back -> mean, and norm of back and mean: the mean and the norm each need a sweep that would look back again.
GraphBuilder normalised_after_looking_back() {
  GraphBuilder b(64, 64);
  b.stage("forth", {reads("frames")}, 16, Kind::Scan).back("back", {reads("forth")});
  b.stage("mean", {reads("back")}, 1, Kind::Reduce).stage("norm", {reads("back"), reads("mean")});
  return b;
}

TEST(Retention, WhatLooksBackIsKeptForTheSweepsThatWouldLookBackAgain) {
  const GraphBuilder b = normalised_after_looking_back();
  Request r = b.request({"norm"}, kFrames);
  r.costs.ns_per_row.assign(b.graph()->size(), 100);
  for (const uint64_t budget : {uint64_t{1} << 20, uint64_t{8} << 20, uint64_t{32} << 20, uint64_t{1} << 30}) {
    r.budget_bytes = budget;
    const auto plan = planned(r);
    ASSERT_NE(plan, nullptr);
    EXPECT_LE(plan->predicted_bytes, budget);
    const bool room = budget > 4 * kFrames;  // its rows take 4 MB, those it reads 64 MB
    EXPECT_EQ(plan->retains(b.id("back")), room) << budget;
    EXPECT_FALSE(plan->retains(b.id("forth"))) << budget;
    EXPECT_EQ(plan->turn.kind, room ? TurnPlan::Kind::Reversal : TurnPlan::Kind::Chain) << budget;
    if (room) {
      EXPECT_EQ(plan->stages[b.id("back")].rows_predicted, kFrames) << budget;
      EXPECT_LE(plan->stages[b.id("forth")].rows_predicted, 2 * kFrames) << budget;
    }
  }
}

TEST(Retention, SweepsThatLookBackOnEachOtherAreLeftToTheirSchedule) {
  GraphBuilder b(64, 64);
  b.stage("forth", {reads("frames")}, 4, Kind::Scan).back("back", {reads("forth")}, 4).stage("again", {reads("back")}, 4, Kind::Scan);
  Request r = b.request({"again"}, kFrames);
  r.costs.ns_per_row.assign(b.graph()->size(), 100);
  for (uint64_t budget = planned(r)->least_budget_bytes; budget < uint64_t{1} << 28; budget *= 3) {
    r.budget_bytes = budget;
    EXPECT_TRUE(planned(r)->retained.empty()) << budget;
  }
}

// A long chain whose last stage but one has the fewest bytes for all the work above it.
TEST(Retention, OfManyStagesThoseThatSpareMostAreTried) {
  GraphBuilder b(64, 64);
  b.stage("s0", {reads("frames")}, 8);
  for (int i = 1; i < 40; ++i) b.stage("s" + std::to_string(i), {reads("s" + std::to_string(i - 1))}, i == 38 ? 1 : 8);
  b.stage("mean", {reads("s39")}, 1, Kind::Reduce).stage("norm", {reads("s39"), reads("mean")});
  Request r = b.request({"norm"}, kFrames);
  r.input.in_memory = true;
  r.costs.ns_per_row.assign(b.graph()->size(), 50);
  r.budget_bytes = r.settings.memory_budget = 16 << 20;  // the rows of s38 take 4 MB, of others 32 MB
  const auto plan = planned(r);
  ASSERT_TRUE(plan->retains(b.id("s38")));
  EXPECT_EQ(plan->stages[b.id("s5")].rows_predicted, kFrames);
  EXPECT_EQ(plan->stages[b.id("s39")].rows_predicted, 2 * kFrames);
}

TEST(Retention, ClassicIsLaidOutAsIfNothingWereKept) {
  const GraphBuilder b = normalised();
  Request r = asked(b, 1 << 30, 1000, 1000);
  r.settings.mode = SQS_CLASSIC;
  const auto tight = planned(r);
  r.settings.memory_budget = 0;
  const auto free = planned(r);
  EXPECT_EQ(tight->predicted_bytes, free->predicted_bytes);
  EXPECT_TRUE(tight->retained.empty());
}

}  // namespace
}  // namespace sqs
