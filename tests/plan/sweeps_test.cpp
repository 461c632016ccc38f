#include "plan/ranges.hpp"

#include <algorithm>
#include <random>

#include "graphs.hpp"
#include "plan/segments.hpp"

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

// ---- looking back

// Names of the stages at work in a layer, sinks left out, in order.
std::string at_work(const Plan& plan, const Layer& layer) {
  std::string names;
  for (const Unit& unit : layer.units) {
    if (unit.is_sink()) continue;
    names += (names.empty() ? "" : " ") + plan.graph->node(unit.node).name() + (unit.kept ? " (kept)" : "");
  }
  return names;
}

Request in_row_order(Request request) {
  for (TargetRequest& target : request.targets) target.any_order = false;
  return request;
}

GraphBuilder there_and_back() {
  GraphBuilder b(8, 4);
  b.stage("forth", {reads("frames")}, 1, Kind::Scan).back("back", {reads("forth")});
  return b;
}

TEST(SweepsThatLookBack, ForwardScansAloneTakeOneSweepAndNothingIsSaved) {
  GraphBuilder b(8, 4);
  b.stage("a", {reads("frames")}, 1, Kind::Scan).stage("b", {reads("a")}, 1, Kind::Scan);
  for (const bool any_order : {false, true}) {
    const Request r = b.request({"b"}, 1000);
    const auto plan = planned(any_order ? r : in_row_order(r));
    ASSERT_EQ(plan->sweeps.size(), 1u);
    EXPECT_FALSE(plan->sweeps[0].backward);
    EXPECT_EQ(at_work(*plan, plan->sweeps[0]), "frames a b");
    EXPECT_TRUE(plan->sweeps[0].replays.empty());
    EXPECT_EQ(plan->turn.kind, TurnPlan::Kind::None);
    for (const Unit& unit : plan->sweeps[0].units) EXPECT_FALSE(unit.saves || unit.records || unit.backward);
  }
}

TEST(SweepsThatLookBack, ABackwardScanOfAForwardOneTakesTwoSweepsAndOneReplay) {
  const GraphBuilder b = there_and_back();
  const auto plan = planned(b.request({"back"}, 1000));
  ASSERT_EQ(plan->sweeps.size(), 2u);
  const Sweep& first = plan->sweeps[0];
  EXPECT_FALSE(first.backward);
  EXPECT_TRUE(first.replays.empty());
  EXPECT_EQ(at_work(*plan, first), "frames forth");
  EXPECT_TRUE(find_unit(*plan, 0, b.id("forth"))->saves);
  EXPECT_TRUE(find_unit(*plan, 0, b.id("forth"))->records);
  const Sweep& second = plan->sweeps[1];
  EXPECT_TRUE(second.backward);
  EXPECT_TRUE(second.recorded);
  EXPECT_EQ(at_work(*plan, second), "back");
  ASSERT_EQ(second.replays.size(), 1u);
  EXPECT_FALSE(second.replays[0].backward);
  EXPECT_EQ(at_work(*plan, second.replays[0]), "frames forth");
  EXPECT_EQ(plan->turn.kind, TurnPlan::Kind::Reversal);
  EXPECT_EQ(plan->targets[0].sweep, 1u);
  ASSERT_EQ(plan->turn.tapes.size(), 1u);
  EXPECT_EQ(plan->turn.tapes[0].node, b.id("forth"));
  ASSERT_EQ(plan->turn.saved.size(), 1u);
  EXPECT_EQ(plan->turn.saved[0].node, b.id("forth"));
}

TEST(SweepsThatLookBack, InRowOrderAThirdSweepReplaysTwoLayers) {
  const GraphBuilder b = there_and_back();
  const auto plan = planned(in_row_order(b.request({"back"}, 1000)));
  ASSERT_EQ(plan->sweeps.size(), 3u);
  EXPECT_EQ(at_work(*plan, plan->sweeps[1]), "back");
  EXPECT_EQ(plan->sweeps[1].replays.size(), 1u);
  EXPECT_TRUE(find_unit(*plan, 1, b.id("back"))->saves);
  const Sweep& third = plan->sweeps[2];
  EXPECT_FALSE(third.backward);
  EXPECT_EQ(at_work(*plan, third), "");
  ASSERT_EQ(third.units.size(), 1u);
  EXPECT_TRUE(third.units[0].is_sink());
  ASSERT_EQ(third.replays.size(), 2u);
  EXPECT_TRUE(third.replays[0].backward);
  EXPECT_EQ(at_work(*plan, third.replays[0]), "back");
  EXPECT_FALSE(third.replays[1].backward);
  EXPECT_EQ(at_work(*plan, third.replays[1]), "frames forth");
  EXPECT_EQ(plan->turn.kind, TurnPlan::Kind::Chain);
  EXPECT_EQ(plan->targets[0].sweep, 2u);
  EXPECT_EQ(plan->turn.saved.size(), 2u);
}

TEST(SweepsThatLookBack, ABackwardScanOfTheFramesTakesOneBackwardSweep) {
  GraphBuilder b(8, 4);
  b.stage("power", {reads("input")}).back("back", {reads("power")});
  const auto plan = planned(b.request({"back"}, 1000));
  ASSERT_EQ(plan->sweeps.size(), 1u);
  EXPECT_TRUE(plan->sweeps[0].backward);
  EXPECT_EQ(at_work(*plan, plan->sweeps[0]), "frames power back");
  EXPECT_TRUE(plan->sweeps[0].replays.empty());
  for (const Unit& unit : plan->sweeps[0].units) EXPECT_TRUE(unit.backward && !unit.saves);
  EXPECT_EQ(plan->turn.kind, TurnPlan::Kind::None);
  EXPECT_EQ(plan->stages[b.id("power")].rows_predicted, 249u);
  const auto ordered = planned(in_row_order(b.request({"back"}, 1000)));
  ASSERT_EQ(ordered->sweeps.size(), 2u);
  EXPECT_TRUE(ordered->sweeps[0].backward);
  EXPECT_FALSE(ordered->sweeps[1].backward);
  EXPECT_EQ(at_work(*ordered, ordered->sweeps[1].replays.at(0)), "frames power back");
}

TEST(SweepsThatLookBack, AReduceBetweenTheDirectionsTakesASweepThatIsNotReplayed) {
  GraphBuilder b(8, 4);
  b.stage("forth", {reads("frames")}, 1, Kind::Scan).stage("mean", {reads("forth")}, 1, Kind::Reduce);
  b.stage("centred", {reads("forth"), reads("mean")}).back("back", {reads("centred")});
  const auto plan = planned(b.request({"back"}, 1000));
  ASSERT_EQ(plan->sweeps.size(), 2u);
  EXPECT_EQ(at_work(*plan, plan->sweeps[0]), "frames forth mean");
  EXPECT_EQ(plan->sweeps[0].reduces, std::vector<NodeId>{b.id("mean")});
  EXPECT_TRUE(find_unit(*plan, 0, b.id("forth"))->saves);
  EXPECT_TRUE(plan->sweeps[1].backward);
  ASSERT_EQ(plan->sweeps[1].replays.size(), 1u);
  EXPECT_EQ(at_work(*plan, plan->sweeps[1].replays[0]).find("mean"), std::string::npos);
  EXPECT_EQ(plan->stages[b.id("mean")].rows_predicted, 1000u);
}

TEST(SweepsThatLookBack, AReduceOfABackwardScanIsThereForTheNextSweep) {
  GraphBuilder b(8, 4);
  b.back("back", {reads("frames")}).stage("most", {reads("back")}, 1, Kind::Reduce, false, true);
  b.stage("scaled", {reads("frames"), reads("most")});
  const auto plan = planned(in_row_order(b.request({"scaled"}, 1000)));
  ASSERT_EQ(plan->sweeps.size(), 2u);
  EXPECT_TRUE(plan->sweeps[0].backward);
  EXPECT_EQ(at_work(*plan, plan->sweeps[0]), "frames back most");
  EXPECT_FALSE(plan->sweeps[1].backward);
  EXPECT_EQ(at_work(*plan, plan->sweeps[1]), "frames scaled");
  EXPECT_TRUE(plan->sweeps[1].replays.empty());
}

TEST(SweepsThatLookBack, AStageThatRunsOnceIsKeptAndNeverReplayed) {
  GraphBuilder b(8, 4);
  b.stage("noise", {reads("frames")}, 1, Kind::Scan, true).stage("smooth", {reads("noise")}, 1, Kind::Scan);
  b.back("back", {reads("smooth")});
  const auto plan = planned(b.request({"back"}, 1000));
  ASSERT_EQ(plan->sweeps.size(), 2u);
  EXPECT_EQ(at_work(*plan, plan->sweeps[0]), "frames noise smooth");
  ASSERT_EQ(plan->sweeps[1].replays.size(), 1u);
  EXPECT_EQ(at_work(*plan, plan->sweeps[1].replays[0]), "noise (kept) smooth");
  EXPECT_EQ(plan->buffers[b.id("noise")].row_capacity, 1000u);
  EXPECT_EQ(plan->stages[b.id("noise")].rows_predicted, 1000u);
  ASSERT_EQ(plan->turn.saved.size(), 1u);
  EXPECT_EQ(plan->turn.saved[0].node, b.id("smooth"));

  GraphBuilder direct(8, 4);  // with nothing but kept rows below, nothing is replayed at all
  direct.stage("noise", {reads("frames")}, 1, Kind::Scan, true).back("back", {reads("noise")});
  const auto kept = planned(direct.request({"back"}, 1000));
  ASSERT_EQ(kept->sweeps.size(), 2u);
  EXPECT_EQ(at_work(*kept, kept->sweeps[1]), "noise (kept) back");
  EXPECT_EQ(kept->turn.kind, TurnPlan::Kind::None);
  EXPECT_EQ(kept->stages[direct.id("noise")].rows_predicted, 1000u);
}

TEST(SweepsThatLookBack, TwoBackwardScansOfOneForwardOneShareTheirSweep) {
  GraphBuilder b(8, 4);
  b.stage("forth", {reads("frames")}, 1, Kind::Scan).back("a", {reads("forth")}).back("b", {reads("forth"), reads("a")});
  const auto plan = planned(b.request({"a", "b"}, 1000));
  ASSERT_EQ(plan->sweeps.size(), 2u);
  EXPECT_EQ(at_work(*plan, plan->sweeps[1]), "a b");
}

// ---- random graphs

struct Pick {
  std::mt19937_64 random;
  uint64_t operator()(uint64_t low, uint64_t high) { return low + random() % (high - low + 1); }
};

// Five maps and scans, each over one of those before; with `backward`, about every other scan runs back.
std::shared_ptr<const Plan> random_plan(Pick& pick, bool backward, uint64_t span) {
  GraphBuilder b(pick(1, 9), pick(1, 9));
  std::vector<std::string> names = {"frames", "input"};
  for (int s = 0; s < 5; ++s) {
    const auto edge = static_cast<Edge>(pick(0, 3));
    const Kind kind = pick(0, backward ? 1 : 3) == 0 ? Kind::Scan : Kind::Map;
    const std::string name = "s" + std::to_string(s);
    b.stage(name, {reads(names[pick(0, names.size() - 1)], edge, pick(0, 4), pick(0, 4), pick(1, 3))}, 1, kind, false,
            backward && kind == Kind::Scan && pick(0, 1) == 0);
    names.push_back(name);
  }
  Request r = b.request({names.back(), names[pick(2, names.size() - 1)]}, pick(0, 200));
  for (TargetRequest& target : r.targets) target.any_order = pick(0, 1) == 0;
  r.settings.tile_frames = span;
  r.settings.checkpoint_every = pick(0, 3) == 0 ? pick(1, 30) : 0;
  return planned(r);
}

// Rows that reader rows [from, to) touch, by the reader's own access rules.
Range needed(const Plan& plan, const Unit& unit, const Path& path, uint64_t from, uint64_t to) {
  Range all;
  for (uint64_t t = from; t < to; ++t) {
    const auto rows = static_cast<int64_t>(plan.rows[unit.node].out.count);
    const bool inside = t >= path.interior_begin && t < path.interior_end;
    const auto at = static_cast<int64_t>(t * path.stride);
    const auto low = static_cast<uint64_t>(std::clamp<int64_t>(at + (inside ? path.low : path.base - path.back), 0, rows));
    const auto high = static_cast<uint64_t>(std::clamp<int64_t>(at + (inside ? path.high : path.base + path.ahead) + 1, 0, rows));
    if (low >= high) continue;
    all = all.count() == 0 ? Range{low, high} : Range{std::min(all.first, low), std::max(all.last, high)};
  }
  return all;
}

// The simulation a buffer must survive: in every batch of tiles, all rows that a unit has made and its readers still need, by
// the readers' own access rules, fit its planned capacity, and are there when they are needed. In the layer's own direction.
void simulate(const Plan& plan, const Layer& layer, uint64_t span, uint64_t batch) {
  const auto step = static_cast<int64_t>(batch);
  const auto batches = (layer.tile_end - layer.first_tile + step - 1) / step;
  for (int64_t i = 0; i < batches; ++i) {
    const int64_t near = layer.backward ? layer.tile_end - 1 - i * step : layer.first_tile + i * step;
    const int64_t before = layer.backward ? near + 1 : near - 1;
    const int64_t last = layer.backward ? near - (step - 1) : near + step - 1;
    for (const Unit& unit : layer.units) {
      if (unit.kept || unit.is_sink() || unit.range.count() == 0) continue;
      ASSERT_EQ(unit.backward, layer.backward);
      const uint64_t made = unit.row_after(last, span);
      uint64_t oldest = unit.row_after(before, span);  // backward: one more than the highest row still needed
      for (const Reader& reader : unit.readers) {
        const Unit& r = layer.units[reader.unit];
        const uint64_t from = r.row_after(before, span);
        const uint64_t to = r.row_after(last, span);
        const Range now = needed(plan, unit, plan.paths[reader.path], std::min(from, to), std::max(from, to));
        // A reader that makes nothing in this batch needs its next row's all the same.
        const bool more = from == to && from != (layer.backward ? r.range.first : r.range.last);
        const uint64_t next = layer.backward ? from - 1 : from;
        const Range kept = more ? needed(plan, unit, plan.paths[reader.path], next, next + 1) : now;
        if (layer.backward) {
          ASSERT_TRUE(now.count() == 0 || now.first >= made) << "unit " << unit.node << " tile " << near << ": needed before made";
          if (kept.count() > 0) oldest = std::max(oldest, kept.last);
        } else {
          ASSERT_TRUE(now.count() == 0 || now.last <= made) << "unit " << unit.node << " tile " << near << ": needed before made";
          if (kept.count() > 0) oldest = std::min(oldest, kept.first);
        }
      }
      const uint64_t held = layer.backward ? std::min(oldest, unit.range.last) - std::min(made, std::min(oldest, unit.range.last))
                                           : made - std::min(made, std::max(oldest, unit.range.first));
      ASSERT_LE(held, row_capacity(plan, layer, unit, span, batch)) << "unit " << unit.node << " tile " << near;
    }
  }
  if (layer.tile_end == layer.first_tile) return;
  for (const Unit& unit : layer.units) {
    if (unit.kept) continue;
    const uint64_t end = unit.row_after(layer.backward ? layer.first_tile : layer.tile_end - 1, span);
    EXPECT_EQ(end, unit.backward ? unit.range.first : std::max(unit.range.first, unit.range.last));
  }
}

TEST(Sweeps, CapacitiesAndLeadsHoldForRandomGraphs) {
  Pick pick{std::mt19937_64(20261122)};
  for (int trial = 0; trial < 300; ++trial) {
    SCOPED_TRACE("trial " + std::to_string(trial));
    const uint64_t span = pick(1, 40);
    const auto plan = random_plan(pick, false, span);
    ASSERT_NO_FATAL_FAILURE(simulate(*plan, plan->sweeps[0], span, pick(1, 3)));
  }
}

TEST(SweepsThatLookBack, CapacitiesAndLeadsHoldForRandomGraphs) {
  Pick pick{std::mt19937_64(20261126)};
  int backward = 0;
  int replayed = 0;
  for (int trial = 0; trial < 1500; ++trial) {
    SCOPED_TRACE("trial " + std::to_string(trial));
    const uint64_t span = pick(1, 40);
    const auto plan = random_plan(pick, true, span);
    for (const Sweep& sweep : plan->sweeps) {
      ASSERT_NO_FATAL_FAILURE(simulate(*plan, sweep, span, pick(1, 3)));
      backward += sweep.backward && sweep.tile_end > sweep.first_tile ? 1 : 0;
      for (Layer layer : sweep.replays) {
        find_tiles(layer, span);
        ASSERT_NO_FATAL_FAILURE(simulate(*plan, layer, span, 1));
        replayed += layer.tile_end > layer.first_tile ? 1 : 0;
      }
    }
  }
  EXPECT_GE(backward, 300);
  EXPECT_GE(replayed, 300);
}

// Whatever the segment, its replays make all rows that the layers above them read, which fit the tape, and a layer's buffers
// hold what its own readers need.
TEST(SweepsThatLookBack, ASegmentsReplaysMakeWhatIsReadOfThem) {
  Pick pick{std::mt19937_64(20261127)};
  int read = 0;
  for (int trial = 0; trial < 1500; ++trial) {
    SCOPED_TRACE("trial " + std::to_string(trial));
    const uint64_t span = pick(1, 20);
    const auto plan = random_plan(pick, true, span);
    const TurnPlan& turn = plan->turn;
    if (turn.kind == TurnPlan::Kind::None || turn.tiles() == 0) continue;
    Segments segments(*plan);
    for (uint32_t s = 0; s < plan->sweeps.size(); ++s) {
      if (plan->sweeps[s].replays.empty()) continue;
      for (int part = 0; part < 3; ++part) {
        const auto first = turn.first_tile + static_cast<int64_t>(pick(0, turn.tiles() - 1));
        const auto last = first + 1 + static_cast<int64_t>(pick(0, static_cast<uint64_t>(turn.tile_end - first - 1)));
        segments.set(s, first, last);
        Sweep sweep = plan->sweeps[s];
        sweep.replays = segments.replays(s);
        for (const Layer& layer : sweep.replays) {
          ASSERT_NO_FATAL_FAILURE(simulate(*plan, layer, span, 1));
          for (const Unit& unit : layer.units) {
            if (unit.kept || !unit.is_tape()) continue;
            const auto tape =
                std::find_if(turn.tapes.begin(), turn.tapes.end(), [&](const Tape& t) { return t.node == unit.node; });
            for (const Reader& reader : unit.outside) {
              const Unit& r = sweep.layer(reader.depth).units[reader.unit];
              const auto frames = static_cast<int64_t>(span);
              const Range rows = reader.depth == 0 ? Range{r.row_at(first * frames), r.row_at(last * frames)} : r.range;
              const Range wanted = needed(*plan, unit, plan->paths[reader.path], rows.first, rows.last);
              if (wanted.count() == 0) continue;
              ++read;
              ASSERT_LE(unit.range.first, wanted.first) << "unit " << unit.node << " tiles " << first << " to " << last;
              ASSERT_GE(unit.range.last, wanted.last) << "unit " << unit.node << " tiles " << first << " to " << last;
              ASSERT_NE(tape, turn.tapes.end());
              ASSERT_LE(unit.range.count(), tape->rows_per_tile * static_cast<uint64_t>(last - first) + tape->beside_rows)
                  << "unit " << unit.node << " tiles " << first << " to " << last;
            }
          }
        }
      }
    }
  }
  EXPECT_GE(read, 1000);
}

}  // namespace
}  // namespace sqs
