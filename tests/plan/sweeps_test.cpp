#include "plan/ranges.hpp"

#include <algorithm>
#include <random>

#include "graphs.hpp"

namespace sqs {
namespace {

const Unit* find_unit(const Plan& plan, size_t sweep, NodeId node) {
  for (const Unit& unit : plan.sweeps[sweep].units)
    if (!unit.is_sink() && unit.node == node) return &unit;
  return nullptr;
}

TEST(Sweeps, AReduceEndsASweepAndItsReaderNeedsAnother) {
  GraphBuilder b(8, 4);
  b.stage("power", {reads("input")}).stage("mean", {reads("power")}, 1, Kind::Reduce).stage("norm", {reads("power"), reads("mean")});
  const auto plan = planned(b.request({"norm"}, 1000));
  ASSERT_EQ(plan->sweeps.size(), 2u);
  EXPECT_EQ(plan->stages[b.id("power")].rows_predicted, 2 * 249u);
  EXPECT_EQ(plan->stages[b.id("power")].rows_distinct, 249u);
  EXPECT_EQ(plan->stages[b.id("mean")].rows_predicted, 249u);
  EXPECT_EQ(plan->stages[b.id("norm")].rows_predicted, 249u);
}

TEST(Sweeps, ReducesOfOneLevelShareASweep) {
  GraphBuilder b(8, 4);
  b.stage("a", {reads("input")}, 1, Kind::Reduce).stage("b", {reads("frames")}, 1, Kind::Reduce);
  b.stage("c", {reads("input"), reads("a"), reads("b")});
  EXPECT_EQ(planned(b.request({"c"}, 1000))->sweeps.size(), 2u);
}

TEST(Sweeps, AKnownWholeStreamRowSparesItsSweep) {
  GraphBuilder b(8, 4);
  b.stage("mean", {reads("input")}, 1, Kind::Reduce).stage("norm", {reads("input"), reads("mean")});
  Request r = b.request({"norm"}, 1000);
  r.held.global_known.assign(b.graph()->size(), false);
  r.held.global_known[b.id("mean")] = true;
  const auto plan = planned(r);
  EXPECT_EQ(plan->sweeps.size(), 1u);
  EXPECT_EQ(plan->stages[b.id("mean")].rows_predicted, 0u);
}

TEST(Sweeps, AStageThatRunsOnceIsKeptForTheLaterSweep) {
  GraphBuilder b(8, 4);
  b.stage("noise", {reads("input")}, 1, Kind::Map, true);
  b.stage("mean", {reads("noise")}, 1, Kind::Reduce).stage("norm", {reads("noise"), reads("mean")});
  const auto plan = planned(b.request({"norm"}, 1000));
  EXPECT_EQ(plan->stages[b.id("noise")].rows_predicted, 249u);
  EXPECT_EQ(plan->buffers[b.id("noise")].row_capacity, 249u);
  EXPECT_TRUE(find_unit(*plan, 1, b.id("noise"))->kept);
  EXPECT_EQ(find_unit(*plan, 1, kFramesNode), nullptr);  // nothing below it is needed again
}

TEST(Sweeps, ARangeNeedsOnlyItsRowsButAScanStartsAtZero) {
  GraphBuilder b(8, 4);
  b.stage("power", {reads("input")}).stage("smooth", {reads("power")}, 1, Kind::Scan);
  Request r = b.request({"power"}, 1000);
  r.t0 = 100;
  r.t1 = 110;
  EXPECT_EQ(planned(r)->stages[b.id("power")].rows_predicted, 10u);
  EXPECT_EQ(planned(r)->stages[kFramesNode].rows_predicted, 9 * 4 + 8u);
  Request s = b.request({"smooth"}, 1000);
  s.t0 = 100;
  s.t1 = 110;
  EXPECT_EQ(planned(s)->stages[b.id("smooth")].rows_predicted, 110u);
}

// In tiles that the hop divides, the ring of frames holds one tile and the window's overlap, and not a frame more.
TEST(Sweeps, FramesOfAWindowPipelineAreHeldTightly) {
  GraphBuilder b(4096, 1024);
  b.stage("spectrum", {reads("input")}, 2049);
  Request r = b.request({"spectrum"}, 1'000'000);
  r.settings.tile_frames = 1024;
  r.settings.lru_bytes = SQS_NONE;
  const auto plan = planned(r);
  const Unit* frames = find_unit(*plan, 0, kFramesNode);
  EXPECT_EQ(row_capacity(*plan, plan->sweeps[0], *frames, 1024, 1), 4096u);
}

// The simulation a buffer must survive: in every batch of tiles, all rows that a unit has made and its readers still need, by
// the readers' own access rules, fit its planned capacity, and are there when they are needed.
TEST(Sweeps, CapacitiesAndLeadsHoldForRandomGraphs) {
  std::mt19937_64 random(20261122);
  const auto pick = [&](uint64_t low, uint64_t high) { return low + random() % (high - low + 1); };
  for (int trial = 0; trial < 300; ++trial) {
    GraphBuilder b(pick(1, 9), pick(1, 9));
    std::vector<std::string> names = {"frames", "input"};
    for (int s = 0; s < 5; ++s) {
      const auto edge = static_cast<Edge>(pick(0, 3));
      const Kind kind = pick(0, 3) == 0 ? Kind::Scan : Kind::Map;
      const std::string name = "s" + std::to_string(s);
      b.stage(name, {reads(names[pick(0, names.size() - 1)], edge, pick(0, 4), pick(0, 4), pick(1, 3))}, 1, kind);
      names.push_back(name);
    }
    const uint64_t n = pick(0, 200);
    const auto plan = planned(b.request({names.back(), names[pick(2, names.size() - 1)]}, n));
    const uint64_t span = pick(1, 40);
    const uint64_t batch = pick(1, 3);
    Plan leads = *plan;
    set_leads(leads, span);
    const Sweep& sweep = leads.sweeps[0];
    for (int64_t k = sweep.first_tile; k < sweep.tile_end; k += static_cast<int64_t>(batch)) {
      const int64_t last = k + static_cast<int64_t>(batch) - 1;
      for (const Unit& unit : sweep.units) {
        const uint64_t made = unit.row_after(last, span);
        uint64_t oldest = unit.row_after(k - 1, span);
        for (const Reader& reader : unit.readers) {
          const Unit& r = sweep.units[reader.unit];
          const Path& path = leads.paths[reader.path];
          const uint64_t from = r.row_after(k - 1, span);
          for (uint64_t t = from; t < r.row_after(last, span); ++t) {
            const auto rows = static_cast<int64_t>(leads.rows[unit.node].out.count);
            const int64_t centre = static_cast<int64_t>(t * path.stride) + path.base;
            const auto low = static_cast<uint64_t>(std::clamp<int64_t>(centre - path.back, 0, rows));
            const auto high = static_cast<uint64_t>(std::clamp<int64_t>(centre + path.ahead + 1, 0, rows));
            ASSERT_LE(high, made) << "trial " << trial << ": a row is needed before it is made";
            oldest = std::min(oldest, low);
          }
          if (from < r.range.last && from >= r.row_after(last, span)) {
            const int64_t centre = static_cast<int64_t>(from * path.stride) + path.base - path.back;
            oldest = std::min(oldest, static_cast<uint64_t>(std::max<int64_t>(0, centre)));
          }
        }
        if (unit.is_sink() || unit.range.count() == 0) continue;
        ASSERT_LE(made - std::min(made, std::max(oldest, unit.range.first)), row_capacity(leads, sweep, unit, span, batch))
            << "trial " << trial << " unit " << unit.node << " tile " << k;
      }
    }
    for (const Unit& unit : sweep.units) EXPECT_EQ(unit.row_after(sweep.tile_end - 1, span), std::max(unit.range.first, unit.range.last));
  }
}

}  // namespace
}  // namespace sqs
