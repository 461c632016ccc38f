// That a crew keeps to the order that stages need.
#include "exec/crew.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

#include "no_threads.hpp"
#include "plan/chains.hpp"

namespace sqs {
namespace {

// Lanes of stages that read what is named.
struct Graph {
  explicit Graph(const std::vector<std::pair<Order, std::vector<uint32_t>>>& stages) : units(stages.size()), lanes(stages.size()) {
    for (uint32_t l = 0; l < stages.size(); ++l) {
      units[l].order = stages[l].first;
      lanes[l].unit = &units[l];
      for (const uint32_t input : stages[l].second) {
        units[input].readers.push_back({l, 0, 0});
        lanes[l].inputs.push_back({input, nullptr});
      }
    }
    chains = chains_of(units);
  }
  std::vector<Unit> units;
  std::vector<Lane> lanes;
  std::vector<UnitChain> chains;
};

constexpr uint32_t kTiles = 40;

// Every lane has one row per tile.
void set_rows(Crew& crew, size_t lanes) {
  for (size_t l = 0; l < lanes; ++l)
    for (uint32_t t = 0; t < kTiles; ++t) crew.set_rows(l, t, {t, t + 1});
}

// A source in order, two lanes that need none but have a lane in order between them, and a sink on the caller.
TEST(Crew, StartsATaskAfterWhatItReadsAndKeepsTheOrderOfTiles) {
  Graph graph({{Order::Caller, {}}, {Order::Free, {0}}, {Order::Tiles, {1}}, {Order::Free, {2}}, {Order::Caller, {3}}});
  std::vector<Lane>& lanes = graph.lanes;
  for (const uint32_t threads : {1u, 2u, 4u}) {
    Crew crew(threads, kTiles, lanes.size());
    std::vector<std::vector<std::atomic<int>>> done;
    for (size_t l = 0; l < lanes.size(); ++l) done.emplace_back(kTiles);
    for (int batch = 1; batch <= 20; ++batch) {
      crew.begin(graph.chains.size(), lanes.size(), kTiles);
      set_rows(crew, lanes.size());
      const Status status = crew.run(lanes, graph.chains, [&](uint32_t worker, Lane& at, Range rows) {
        const auto l = static_cast<size_t>(&at - lanes.data());
        const uint64_t tile = rows.first;
        EXPECT_LT(worker, threads);
        if (at.unit->order == Order::Caller) {
          EXPECT_EQ(worker, 0u);
        }
        if (at.unit->order != Order::Free && tile > 0) {
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
  Graph graph({{Order::Free, {}}, {Order::Tiles, {0}}});
  std::vector<Lane>& lanes = graph.lanes;
  Crew crew(3, kTiles, lanes.size());
  for (uint64_t bad = 0; bad < kTiles; ++bad) {
    std::atomic<uint64_t> ran_in_order{0};
    crew.begin(graph.chains.size(), lanes.size(), kTiles);
    set_rows(crew, lanes.size());
    const Status failed = crew.run(lanes, graph.chains, [&](uint32_t, Lane& at, Range rows) {
      if (at.unit->order == Order::Free) return ok();
      ran_in_order.fetch_add(1);
      return rows.first == bad ? Status(Error{SQS_E_STAGE, "tile " + std::to_string(bad)}) : ok();
    });
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error().message, "tile " + std::to_string(bad));
    EXPECT_EQ(ran_in_order.load(), bad + 1);
  }
  crew.begin(graph.chains.size(), lanes.size(), kTiles);
  set_rows(crew, lanes.size());
  EXPECT_TRUE(crew.run(lanes, graph.chains, [](uint32_t, Lane&, Range) { return ok(); }).ok());
}

TEST(Crew, DoesAllWorkWithTheThreadsThatTheSystemStarts) {
  const NoThreads none;
  Graph graph({{Order::Caller, {}}, {Order::Free, {0}}, {Order::Tiles, {1}}});
  Crew crew(4, kTiles, graph.lanes.size());
  EXPECT_EQ(crew.threads(), 1U);
  crew.begin(graph.chains.size(), graph.lanes.size(), kTiles);
  set_rows(crew, graph.lanes.size());
  std::vector<uint64_t> rows(graph.lanes.size());
  const Status status = crew.run(graph.lanes, graph.chains, [&](uint32_t worker, Lane& at, Range done) {
    EXPECT_EQ(worker, 0U);
    rows[static_cast<size_t>(&at - graph.lanes.data())] += done.count();
    return ok();
  });
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(rows, (std::vector<uint64_t>{kTiles, kTiles, kTiles}));
}

}  // namespace
}  // namespace sqs
