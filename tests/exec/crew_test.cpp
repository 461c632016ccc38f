// Which lanes one thread takes together, and that a crew keeps to the order they need.
#include "exec/crew.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <vector>

namespace sqs {
namespace {

enum class Order { Free, Tiles, Caller };

Lane lane(Order order, const std::vector<uint32_t>& inputs) {
  Lane made;
  made.in_order = order != Order::Free;
  made.on_caller = order == Order::Caller;
  for (const uint32_t input : inputs) made.inputs.push_back({input, nullptr});
  return made;
}

using Numbers = std::vector<uint32_t>;

TEST(Chains, FreeLanesThatReadEachOtherAreOne) {
  const std::vector<LaneChain> chains =
      chains_of({lane(Order::Free, {}), lane(Order::Free, {0}), lane(Order::Free, {0, 1}), lane(Order::Caller, {2})});
  ASSERT_EQ(chains.size(), 2u);
  EXPECT_EQ(chains[0].lanes, (Numbers{0, 1, 2}));
  EXPECT_EQ(chains[0].inputs, Numbers{});
  EXPECT_FALSE(chains[0].in_order);
  EXPECT_EQ(chains[1].lanes, Numbers{3});
  EXPECT_EQ(chains[1].inputs, Numbers{0});
  EXPECT_TRUE(chains[1].on_caller);
}

// frames -> a -> scan -> b, and c reads a and b: c belongs to b, not to a, which would then wait for itself.
TEST(Chains, ALaneInOrderPartsThoseBeforeItFromThoseAfter) {
  const std::vector<LaneChain> chains = chains_of({lane(Order::Free, {}), lane(Order::Free, {0}), lane(Order::Tiles, {1}),
                                               lane(Order::Free, {2}), lane(Order::Free, {1, 3})});
  ASSERT_EQ(chains.size(), 3u);
  EXPECT_EQ(chains[0].lanes, (Numbers{0, 1}));
  EXPECT_EQ(chains[1].lanes, Numbers{2});
  EXPECT_TRUE(chains[1].in_order);
  EXPECT_EQ(chains[2].lanes, (Numbers{3, 4}));
  EXPECT_EQ(chains[2].inputs, (Numbers{1, 0}));
}

TEST(Chains, OfRandomGraphsHoldEveryLaneOnceAndNoneWaitsForItself) {
  uint64_t random = 1;
  const auto below = [&](uint64_t n) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    return (random >> 33) % n;
  };
  for (int graph = 0; graph < 2000; ++graph) {
    std::vector<Lane> lanes;
    const uint32_t count = 1 + static_cast<uint32_t>(below(12));
    for (uint32_t l = 0; l < count; ++l) {
      Numbers inputs;
      for (uint32_t i = 0; i < l; ++i)
        if (below(3) == 0) inputs.push_back(i);
      lanes.push_back(lane(below(3) != 0 ? Order::Free : below(2) == 0 ? Order::Tiles : Order::Caller, inputs));
    }
    const std::vector<LaneChain> chains = chains_of(lanes);
    std::set<uint32_t> seen;
    for (const LaneChain& chain : chains) {
      for (const uint32_t l : chain.lanes) EXPECT_TRUE(seen.insert(l).second);
      if (chain.in_order || chain.on_caller) {
        EXPECT_EQ(chain.lanes.size(), 1u);
      }
    }
    EXPECT_EQ(seen.size(), lanes.size());
    // Chains can be done one after another: each time there is one whose inputs are done.
    std::set<uint32_t> done;
    for (size_t round = 0; round < chains.size(); ++round)
      for (uint32_t c = 0; c < chains.size(); ++c)
        if (std::all_of(chains[c].inputs.begin(), chains[c].inputs.end(), [&](uint32_t i) { return done.count(i) > 0; })) done.insert(c);
    EXPECT_EQ(done.size(), chains.size()) << "graph " << graph;
  }
}

constexpr uint32_t kTiles = 40;

// Every lane has one row per tile.
void set_rows(Crew& crew, size_t lanes) {
  for (size_t l = 0; l < lanes; ++l)
    for (uint32_t t = 0; t < kTiles; ++t) crew.set_rows(l, t, {t, t + 1});
}

// A source in order, two lanes that need none but have a lane in order between them, and a sink on the caller.
TEST(Crew, StartsATaskAfterWhatItReadsAndKeepsTheOrderOfTiles) {
  std::vector<Lane> lanes = {lane(Order::Caller, {}), lane(Order::Free, {0}), lane(Order::Tiles, {1}), lane(Order::Free, {2}),
                             lane(Order::Caller, {3})};
  const std::vector<LaneChain> chains = chains_of(lanes);
  for (const uint32_t threads : {1u, 2u, 4u}) {
    Crew crew(threads, kTiles, lanes.size());
    std::vector<std::vector<std::atomic<int>>> done;
    for (size_t l = 0; l < lanes.size(); ++l) done.emplace_back(kTiles);
    for (int batch = 1; batch <= 20; ++batch) {
      crew.begin(chains.size(), lanes.size(), kTiles);
      set_rows(crew, lanes.size());
      const Status status = crew.run(lanes, chains, [&](uint32_t worker, Lane& at, Range rows) {
        const auto l = static_cast<size_t>(&at - lanes.data());
        const uint64_t tile = rows.first;
        EXPECT_LT(worker, threads);
        if (at.on_caller) {
          EXPECT_EQ(worker, 0u);
        }
        if (at.in_order && tile > 0) {
          EXPECT_EQ(done[l][tile - 1].load(), batch);
        }
        for (const Lane::InputPort& input : at.inputs) EXPECT_EQ(done[input.lane][tile].load(), batch);
        done[l][tile].fetch_add(1);
        return ok();
      });
      ASSERT_TRUE(status.ok());
      for (const auto& tiles : done)
        for (const auto& times : tiles) ASSERT_EQ(times.load(), batch);
    }
  }
}

TEST(Crew, StopsAtAFailureAndWorksOnAfterwards) {
  std::vector<Lane> lanes = {lane(Order::Free, {}), lane(Order::Tiles, {0})};
  const std::vector<LaneChain> chains = chains_of(lanes);
  Crew crew(3, kTiles, lanes.size());
  for (uint64_t bad = 0; bad < kTiles; ++bad) {
    std::atomic<uint64_t> ran_in_order{0};
    crew.begin(chains.size(), lanes.size(), kTiles);
    set_rows(crew, lanes.size());
    const Status failed = crew.run(lanes, chains, [&](uint32_t, Lane& at, Range rows) {
      if (!at.in_order) return ok();
      ran_in_order.fetch_add(1);
      return rows.first == bad ? Status(Error{SQS_E_STAGE, "tile " + std::to_string(bad)}) : ok();
    });
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error().message, "tile " + std::to_string(bad));
    EXPECT_EQ(ran_in_order.load(), bad + 1);
  }
  crew.begin(chains.size(), lanes.size(), kTiles);
  set_rows(crew, lanes.size());
  EXPECT_TRUE(crew.run(lanes, chains, [](uint32_t, Lane&, Range) { return ok(); }).ok());
}

}  // namespace
}  // namespace sqs
