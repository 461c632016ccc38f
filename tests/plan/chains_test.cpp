// Which units one thread takes together, which rows it has for itself, and what a second one may replay.
#include "plan/chains.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "graphs.hpp"
#include "plan/explain.hpp"

namespace sqs {
namespace {

using Numbers = std::vector<uint32_t>;

std::vector<Unit> reading(const std::vector<std::pair<Order, Numbers>>& stages) {
  std::vector<Unit> units(stages.size());
  for (uint32_t u = 0; u < stages.size(); ++u) {
    units[u].order = stages[u].first;
    for (const uint32_t input : stages[u].second) units[input].readers.push_back({u, 0, 0});
  }
  return units;
}

TEST(Chains, FreeUnitsThatReadEachOtherAreOne) {
  const std::vector<UnitChain> chains =
      chains_of(reading({{Order::Free, {}}, {Order::Free, {0}}, {Order::Free, {0, 1}}, {Order::Caller, {2}}}));
  ASSERT_EQ(chains.size(), 2u);
  EXPECT_EQ(chains[0].units, (Numbers{0, 1, 2}));
  EXPECT_EQ(chains[0].inputs, Numbers{});
  EXPECT_EQ(chains[0].order, Order::Free);
  EXPECT_EQ(chains[1].units, Numbers{3});
  EXPECT_EQ(chains[1].inputs, Numbers{0});
  EXPECT_EQ(chains[1].order, Order::Caller);
}

// frames -> a -> scan -> b, and c reads a and b: c belongs to b, not to a, which would then wait for itself.
TEST(Chains, AUnitInOrderPartsThoseBeforeItFromThoseAfter) {
  const std::vector<UnitChain> chains = chains_of(reading(
      {{Order::Free, {}}, {Order::Free, {0}}, {Order::Tiles, {1}}, {Order::Free, {2}}, {Order::Free, {1, 3}}}));
  ASSERT_EQ(chains.size(), 3u);
  EXPECT_EQ(chains[0].units, (Numbers{0, 1}));
  EXPECT_EQ(chains[1].units, Numbers{2});
  EXPECT_EQ(chains[1].order, Order::Tiles);
  EXPECT_EQ(chains[2].units, (Numbers{3, 4}));
  EXPECT_EQ(chains[2].inputs, (Numbers{1, 0}));
}

TEST(Chains, OfRandomGraphsHoldEveryUnitOnceAndNoneWaitsForItself) {
  uint64_t random = 1;
  const auto below = [&](uint64_t n) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    return (random >> 33) % n;
  };
  for (int graph = 0; graph < 2000; ++graph) {
    std::vector<std::pair<Order, Numbers>> stages;
    const uint32_t count = 1 + static_cast<uint32_t>(below(12));
    for (uint32_t l = 0; l < count; ++l) {
      Numbers inputs;
      for (uint32_t i = 0; i < l; ++i)
        if (below(3) == 0) inputs.push_back(i);
      stages.emplace_back(below(3) != 0 ? Order::Free : below(2) == 0 ? Order::Tiles : Order::Caller, inputs);
    }
    const std::vector<UnitChain> chains = chains_of(reading(stages));
    std::set<uint32_t> seen;
    for (const UnitChain& chain : chains) {
      for (const uint32_t l : chain.units) EXPECT_TRUE(seen.insert(l).second);
      if (chain.order != Order::Free) {
        EXPECT_EQ(chain.units.size(), 1u);
      }
    }
    EXPECT_EQ(seen.size(), stages.size());
    // Chains can be done one after another: each time there is one whose inputs are done.
    std::set<uint32_t> done;
    for (size_t round = 0; round < chains.size(); ++round)
      for (uint32_t c = 0; c < chains.size(); ++c)
        if (std::all_of(chains[c].inputs.begin(), chains[c].inputs.end(), [&](uint32_t i) { return done.count(i) > 0; })) done.insert(c);
    EXPECT_EQ(done.size(), chains.size()) << "graph " << graph;
  }
}

// The units whose rows every thread has for itself, when there are three.
std::set<std::string> own_rows(const GraphBuilder& graph, const std::vector<std::string>& targets, Threading reading = Threading::Concurrent) {
  Request request = graph.request(targets, 1'000'000);
  request.settings.threads = 3;
  request.input.threading = reading;
  const auto plan = planned(request);
  std::set<std::string> names;
  for (const Unit& unit : plan->sweeps[0].units)
    if (plan->has_own_rows(unit)) names.insert(plan->graph->node(unit.node).name());
  return names;
}
using Names = std::set<std::string>;

TEST(OwnRows, AreThoseThatOnlyTheirOwnTileNeeds) {
  GraphBuilder graph(64, 16);
  graph.stage("spectrum", {reads("input")}, 33).stage("peak", {reads("spectrum")}).stage("pair", {reads("spectrum", Edge::Valid, 0, 0, 2)});
  EXPECT_EQ(own_rows(graph, {"peak"}), (Names{"frames", "spectrum"}));  // the sink's rows are handed to the caller
  EXPECT_EQ(own_rows(graph, {"peak", "pair"}), (Names{"frames", "spectrum"}));
  EXPECT_EQ(own_rows(graph, {"peak"}, Threading::Caller), Names{"spectrum"});  // the caller reads
}

TEST(OwnRows, AreNotThoseThatOtherTilesOrOrdersNeed) {
  GraphBuilder graph(64, 16);
  graph.stage("spectrum", {reads("input")}, 33)
      .stage("flux", {reads("spectrum", Edge::Zero, 1, 0)})
      .stage("ahead", {reads("spectrum", Edge::Zero, 0, 1)})
      .stage("sum", {reads("spectrum")}, 1, Kind::Scan);
  EXPECT_EQ(own_rows(graph, {"flux"}), Names{"frames"});
  EXPECT_EQ(own_rows(graph, {"ahead"}), Names{"frames"});
  EXPECT_EQ(own_rows(graph, {"sum"}), Names{"frames"});
}

TEST(OwnRows, TakeAsMuchAsOneTileForEachThread) {
  GraphBuilder graph(64, 16);
  graph.stage("spectrum", {reads("input")}, 33).stage("peak", {reads("spectrum")});
  Request request = graph.request({"peak"}, 1'000'000);
  request.input.threading = Threading::Concurrent;
  request.settings.threads = 2;
  request.settings.tile_frames = 160;
  const auto plan = planned(request);
  const BufferPlan& spectrum = plan->buffers[graph.id("spectrum")];
  EXPECT_EQ(spectrum.own_row_capacity, 10u);
  EXPECT_EQ(spectrum.own_bytes, 10 * 33 * 4u + 24);  // to whole lines of the cache
  EXPECT_EQ(spectrum.bytes, 2 * spectrum.own_bytes);
  EXPECT_EQ(plan->buffers[kFramesNode].own_row_capacity, 160u + 48u);
}

// A forward scan over a map, a backward one over both.
TEST(ReplayAhead, CallsNoStageTwiceAtATimeThatDoesNotAllowIt) {
  GraphBuilder graph(8, 4);
  graph.stage("map", {reads("frames")}).stage("forth", {reads("map")}, 1, Kind::Scan).back("back", {reads("forth"), reads("map")});
  Request request = graph.request({"back"}, 100'000);
  request.budget_bytes = 40'000;
  request.settings.tile_frames = 100;
  request.settings.threads = 2;
  request.input.threading = Threading::Concurrent;
  Plan plan = *planned(request);
  EXPECT_TRUE(plan.turn.replays_ahead);
  EXPECT_EQ(plan.threads, 2u);
  EXPECT_TRUE(can_replay_ahead(plan));
  const auto set_order = [&](const std::string& stage, Order order) {
    for (Unit& unit : plan.sweeps[plan.turn.sweep].replays[0].units)
      if (unit.node == graph.id(stage)) unit.order = order;
  };
  set_order("map", Order::Tiles);
  EXPECT_FALSE(can_replay_ahead(plan)) << "the sweep calls it, too";
  set_order("map", Order::Free);
  EXPECT_TRUE(can_replay_ahead(plan));
  set_order("forth", Order::Caller);
  EXPECT_FALSE(can_replay_ahead(plan));
  request.input.threading = Threading::Any;
  EXPECT_FALSE(planned(request)->turn.replays_ahead) << "replays and the sweep read frames";
  request.input.threading = Threading::Caller;
  EXPECT_FALSE(planned(request)->turn.replays_ahead) << "only the caller may read the frames";
}

TEST(ReplayAhead, APlanSaysWhyItHasFewerThreadsThanWereAskedFor) {
  GraphBuilder graph(8, 4);
  graph.stage("forth", {reads("frames")}, 1, Kind::Scan).back("back", {reads("forth")});
  Request request = graph.request({"back"}, 100'000);
  request.settings.tile_frames = 100;
  request.settings.threads = 3;
  request.input.threading = Threading::Concurrent;
  const auto reason = [&](uint64_t budget) {
    request.budget_bytes = budget;
    Plan plan = *planned(request);
    explain(plan);
    const size_t at = plan.text.find("threads ");
    return plan.text.substr(at, plan.text.find('\n', at) - at);
  };
  EXPECT_NE(reason(60'000).find("2 of 3 asked for: one to look back, and one to replay"), std::string::npos) << reason(60'000);
  EXPECT_NE(reason(10'000'000).find("nothing is replayed that another could do"), std::string::npos) << reason(10'000'000);
  const uint64_t least = planned(request)->least_budget_bytes;
  EXPECT_NE(reason(least).find("with the memory for another to replay it would be no faster"), std::string::npos) << reason(least);
  request.input.threading = Threading::Caller;
  EXPECT_NE(reason(60'000).find("do not allow another to replay"), std::string::npos) << reason(60'000);
}

// Both segments share the slots of one: what two threads take is a tile of slots, and the buffers on either side of them.
TEST(ReplayAhead, EvaluatesNoMoreThanOneThreadWithThreeTilesLess) {
  GraphBuilder graph(8, 4);
  graph.stage("forth", {reads("frames")}, 1, Kind::Scan).back("back", {reads("forth", Edge::Clamp, 3, 2)});
  Request two = graph.request({"back"}, 100'000);
  two.settings.tile_frames = 100;
  two.settings.threads = 2;
  two.input.threading = Threading::Concurrent;
  Request one = two;
  one.settings.threads = 1;
  uint64_t pairs = 0;
  for (two.budget_bytes = 30'000; two.budget_bytes < 400'000; two.budget_bytes += 7'001) {
    const auto by_two = planned(two);
    if (!by_two->turn.replays_ahead) continue;
    const TurnPlan& turn = by_two->turn;
    one.budget_bytes = two.budget_bytes - 3 * (turn.tile_bytes * (1 + turn.beside_tiles) + turn.beside_bytes);
    EXPECT_LE(by_two->rows_predicted, planned(one)->rows_predicted) << two.budget_bytes;
    EXPECT_GT(by_two->rows_predicted, 200'000u) << "there is something to replay";
    ++pairs;
  }
  EXPECT_GT(pairs, 40u);
}

// Three scans in turns: the tapes of both segments lie one behind the other, below the checkpoints.
TEST(ReplayAhead, HasEveryTapeOfAChainTwice) {
  GraphBuilder graph(8, 4);
  graph.stage("forth", {reads("frames")}, 1, Kind::Scan)
      .back("back", {reads("forth", Edge::Clamp, 3, 2)})
      .stage("again", {reads("back")}, 1, Kind::Scan);
  Request request = graph.request({"again"}, 100'000);
  request.settings.tile_frames = 100;
  request.settings.threads = 2;
  request.input.threading = Threading::Concurrent;
  uint64_t ahead = 0, spacing = 0;
  for (request.budget_bytes = 30'000; request.budget_bytes < 800'000; request.budget_bytes += 7'001) {
    const auto plan = planned(request);
    const TurnPlan& turn = plan->turn;
    ASSERT_EQ(turn.kind, TurnPlan::Kind::Chain);
    EXPECT_LE(plan->predicted_bytes, request.budget_bytes);
    if (!turn.replays_ahead) continue;
    ++ahead;
    EXPECT_GE(turn.spacing, spacing);
    spacing = turn.spacing;
    ASSERT_EQ(turn.tapes.size(), 2u);
    uint64_t tapes = 0;
    for (const Tape& tape : turn.tapes) tapes += (tape.bytes(spacing) + 63) / 64 * 64;
    EXPECT_LE(2 * tapes + (turn.segments() - 1) * turn.state_bytes + turn.extra_bytes, turn.area_bytes());
  }
  EXPECT_GT(ahead, 90u);
  EXPECT_GT(spacing, 50u);
}

}  // namespace
}  // namespace sqs
