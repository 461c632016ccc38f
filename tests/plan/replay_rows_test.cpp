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

}  // namespace
}  // namespace sqs
