// What is counted from a few segments for all of them is what going through each would give.
#include <gtest/gtest.h>

#include "graphs.hpp"
#include "plan/legs.hpp"
#include "plan/segments.hpp"

namespace sqs {
namespace {

// Rows of a stage that the replays of a plan's one sweep that looks back evaluate, leg by leg.
uint64_t rows_leg_by_leg(const Plan& plan, NodeId stage) {
  Plan copy = plan;
  Segments segments(copy);
  Legs legs(copy, plan.turn.sweep);
  uint64_t rows = 0;
  while (const std::optional<Leg> leg = legs.next()) {
    if (leg->what != Leg::What::Replay) continue;
    if (leg->begins && leg->keep) segments.set(plan.turn.sweep, leg->first, leg->last);
    if (leg->begins && !leg->keep) segments.set_advance(plan.turn.sweep, leg->first, leg->last);
    if (leg->recorded) continue;
    for (const Unit& unit : segments.replays(plan.turn.sweep)[leg->depth - 1].units)
      if (unit.node == stage && !unit.kept) rows += unit.range.count();
  }
  return rows;
}

TEST(ReplayRows, AreThoseOfAllSegmentsWhereTilesAreFinerThanTheRowsOfWhatReads) {
  for (const uint64_t stride : {1u, 2u, 3u, 5u, 7u})
    for (const uint64_t tile : {1u, 2u, 5u, 6u}) {
      GraphBuilder b(1, 1);
      b.stage("forth", {reads("frames")}, 64, Kind::Scan).back("back", {reads("forth", Edge::Valid, 0, stride - 1, stride)});
      Request r = b.request({"back"}, 3000);
      r.settings.tile_frames = tile;
      r.settings.checkpoint_every = 1;
      r.targets[0].any_order = true;
      r.budget_bytes = 400'000;  // all checkpoints, and not half of the rows
      const auto plan = planned(r);
      ASSERT_EQ(plan->turn.kind, TurnPlan::Kind::Reversal);
      const uint64_t rows = rows_leg_by_leg(*plan, b.id("forth"));
      EXPECT_GT(rows, 1000u);
      EXPECT_EQ(plan->stages[b.id("forth")].rows_replayed, rows) << "stride " << stride << ", tiles of " << tile;
    }
}

// Rows that the replays of a sweep that several look back for make, segment by segment.
uint64_t rows_segment_by_segment(const Plan& plan, uint32_t sweep, NodeId stage) {
  Segments segments(plan);
  const std::vector<bool> in_first = layers_in_first_segment(plan.sweeps[sweep]);
  const uint64_t first = plan.sweeps[sweep].backward ? plan.turn.segments() - 1 : 0;
  uint64_t rows = 0;
  for (uint64_t j = 0; j < plan.turn.segments(); ++j) {
    const TileSpan tiles = segment_tiles(plan.turn, j);
    segments.set(sweep, tiles.first, tiles.last);
    for (size_t d = 1; d <= segments.replays(sweep).size(); ++d)
      for (const Unit& unit : segments.replays(sweep)[d - 1].units)
        if (unit.node == stage && !unit.kept && (j != first || in_first[d])) rows += unit.range.count();
  }
  return rows;
}

// What goes onto the tape is a map behind the scan: in replays that lead from one state to another it has no rows, and in the
// others more than their tiles.
TEST(ReplayRows, OfInnerCheckpointsAreThoseOfAllReplaysWhereTheyOverlap) {
  int inner = 0;
  for (const uint64_t frames : {500u, 3001u, 40'000u})
    for (const bool backward : {false, true})
      for (const uint64_t more : {0u, 300u, 3000u}) {
        GraphBuilder b(8, 2);
        b.stage("forth", {reads("input")}, 16, Kind::Scan, false, backward);
        b.stage("delta", {reads("forth", Edge::Clamp, 2, 3)});
        b.stage("back", {reads("delta", Edge::Zero, 1, 1)}, 1, Kind::Scan, false, !backward);
        Request r = b.request({"back"}, frames);
        r.targets[0].any_order = true;
        r.settings.tile_frames = 4;
        r.settings.max_ratio = 8;
        r.budget_bytes = uint64_t{1} << 40;
        r.budget_bytes = planned(r)->least_budget_bytes + more;
        const auto plan = planned(r);
        ASSERT_NE(plan, nullptr);
        ASSERT_EQ(plan->turn.kind, TurnPlan::Kind::Reversal);
        inner += plan->turn.schedule->kind() == ScheduleKind::Multi ? 1 : 0;
        for (const char* stage : {"frames", "forth", "delta"}) {
          const NodeId id = b.id(stage);
          EXPECT_EQ(plan->stages[id].rows_replayed, rows_leg_by_leg(*plan, id)) << stage << ", " << frames << " frames";
        }
      }
  EXPECT_GT(inner, 6);
}

// The sweeps before the last need all rows, the last one those of a part, which ends in the middle of the stream.
TEST(ReplayRows, OfAChainAreThoseOfAllSegmentsWhereSweepsEndElsewhere) {
  GraphBuilder b(1, 1);
  b.stage("forth", {reads("frames")}, 2, Kind::Scan).back("back", {reads("forth")});
  b.stage("mean", {reads("back")}, 1, Kind::Reduce, false, true).stage("z", {reads("back"), reads("mean")});
  b.stage("peak", {reads("z", Edge::Zero, 108, 108)});
  Request r = b.request({"peak"}, 1'000'000);
  r.t0 = 50'000;
  r.t1 = 125'000;
  r.budget_bytes = planned(r)->least_budget_bytes;
  const auto plan = planned(r);
  ASSERT_EQ(plan->turn.kind, TurnPlan::Kind::Chain);
  for (const char* stage : {"frames", "forth", "back"}) {
    uint64_t rows = 0;
    for (uint32_t s = 0; s < plan->sweeps.size(); ++s)
      if (!plan->sweeps[s].replays.empty()) rows += rows_segment_by_segment(*plan, s, b.id(stage));
    EXPECT_EQ(plan->stages[b.id(stage)].rows_replayed, rows) << stage;
  }
}

}  // namespace
}  // namespace sqs
