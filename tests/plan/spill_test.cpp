// When rows go to disk, which of them, and what plans say of it.
#include <algorithm>
#include <map>

#include "graphs.hpp"
#include "plan/frontier.hpp"
#include "plan/legs.hpp"
#include "plan/ranges.hpp"
#include "plan/segments.hpp"

namespace sqs {
namespace {

constexpr uint64_t kRowBytes = 64 * sizeof(float);

// frames -> "forth" -> "back": a row of "forth" takes 100 ns and 256 bytes, all else next to nothing.
GraphBuilder there_and_back() {
  GraphBuilder b(1, 1);
  b.stage("forth", {reads("frames")}, 64, Kind::Scan).back("back", {reads("forth")});
  return b;
}

Request reversal(const GraphBuilder& b, uint64_t frames, uint64_t disk_bytes) {
  Request r = b.request({"back"}, frames);
  r.targets[0].any_order = true;
  r.settings.tile_frames = 100;
  r.settings.spill_dir = "/somewhere";
  r.disk_bytes = disk_bytes;
  r.costs.ns_per_row.assign(b.graph()->size(), 1e-9);
  r.costs.ns_per_row[b.id("forth")] = 100;
  r.costs.disk_ns_per_byte = 0.1;
  r.costs.disk_ns_per_block = 0;
  r.costs.small_fresh_ns_per_byte = r.costs.large_fresh_ns_per_byte = 0;
  return r;
}

constexpr uint64_t kPlenty = uint64_t{1} << 40;

TEST(Spilling, IsPlannedWhereWritingAndReadingARowIsCheaperThanMakingIt) {
  const GraphBuilder b = there_and_back();
  Request r = reversal(b, 100'000, kPlenty);
  r.budget_bytes = 2 << 20;  // of 25 MB; states take two evaluations of nearly all tiles
  for (const double ns_per_byte : {0.0, 0.38, 0.4, 100.0}) {  // 0.39 are the price of a row
    r.costs.disk_ns_per_byte = ns_per_byte;
    EXPECT_EQ(planned(r)->info.schedule, ns_per_byte < 0.39 ? SQS_SPILL : SQS_SHRINK) << ns_per_byte;
  }
  r.costs.disk_ns_per_byte = 0.38;
  r.costs.disk_ns_per_block = 1e6;  // for a million bytes
  EXPECT_EQ(planned(r)->info.schedule, SQS_SHRINK);
  r.costs.disk_ns_per_block = 0;
  r.disk_bytes = 0;
  EXPECT_EQ(planned(r)->info.schedule, SQS_SHRINK);
  r.budget_bytes = 100 << 20;
  r.disk_bytes = kPlenty;
  EXPECT_EQ(planned(r)->info.schedule, SQS_STORE);
}

// 4 evaluations of a tile cost more than two.
TEST(Spilling, WeighsWhatTheLittleMemoryThereIsWouldEvaluateAgain) {
  const GraphBuilder b = there_and_back();
  Request r = reversal(b, 100'000, kPlenty);
  r.costs.disk_ns_per_byte = 0.7;  // 1.75 evaluations
  r.budget_bytes = 2 << 20;
  EXPECT_EQ(planned(r)->info.schedule, SQS_SHRINK);
  r.disk_bytes = 0;
  r.budget_bytes = planned(r)->least_budget_bytes;
  EXPECT_EQ(planned(r)->info.schedule, SQS_MULTI);
  r.disk_bytes = kPlenty;
  r.settings.max_ratio = 4;
  EXPECT_EQ(planned(r)->info.schedule, SQS_SHRINK_DISK);  // states on disk are two evaluations as well
  r.costs.disk_ns_per_byte = 0.3;
  EXPECT_EQ(planned(r)->info.schedule, SQS_SPILL);
}

TEST(Spilling, NothingButTheDiskIsNeededForOneEvaluationOfEach) {
  const GraphBuilder b = there_and_back();
  Request r = reversal(b, 100'000, 0);
  const uint64_t without = planned(r)->least_budget_bytes;
  r.settings.max_ratio = 1;
  const uint64_t all = planned(r)->least_budget_bytes;
  r.disk_bytes = kPlenty;
  r.costs.disk_ns_per_byte = 1e6;  // whatever it costs: there is no other way
  const uint64_t least = planned(r)->least_budget_bytes;
  EXPECT_LT(least, without);
  EXPECT_GT(all, uint64_t{25'000'000});
  for (const uint64_t spare : {0, 1, 5'000, 1'000'000}) {
    r.budget_bytes = least + spare;
    const auto plan = planned(r);
    ASSERT_NE(plan, nullptr);
    EXPECT_EQ(plan->info.schedule, SQS_SPILL);
    EXPECT_LE(plan->predicted_bytes, r.budget_bytes);
    EXPECT_EQ(plan->info.rows_again, 0u);
  }
  r.budget_bytes = least - 1;
  EXPECT_FALSE(make_plan(r).ok());
}

TEST(Spilling, TakesNoMoreOfTheDiskThanIsAllowed) {
  const GraphBuilder b = there_and_back();
  size_t spilled = 0, not_spilled = 0;
  uint64_t segment = 0;
  for (uint64_t allowed = 20'000'000; allowed < 30'000'000; allowed += 123'457) {
    Request r = reversal(b, 100'000, allowed);
    r.budget_bytes = 3 << 20;
    const auto plan = planned(r);
    EXPECT_LE(plan->info.disk_bytes, allowed);
    const TurnPlan& turn = plan->turn;
    const uint64_t on_disk = 100'000 * kRowBytes - (turn.pool_bytes + turn.tile_bytes);
    if (turn.spills()) {
      ++spilled;
      EXPECT_GE(plan->info.disk_bytes, on_disk);
      EXPECT_GE(turn.schedule->disk_segment_tiles(), segment);  // the longer the more room there is
      segment = turn.schedule->disk_segment_tiles();
    } else {
      ++not_spilled;
      EXPECT_LT(allowed, 25'000'000u);
    }
  }
  EXPECT_GT(spilled, 30u);
  EXPECT_GT(not_spilled, 10u);
  EXPECT_GT(segment, 30u);
}

TEST(Spilling, IsForOneTurnThatWasNotToldWhereToCheckpoint) {
  const GraphBuilder b = there_and_back();
  Request r = reversal(b, 100'000, kPlenty);
  r.budget_bytes = 2 << 20;
  r.costs.disk_ns_per_byte = 0;
  r.settings.checkpoint_every = 1000;
  EXPECT_EQ(planned(r)->info.schedule, SQS_FIXED);
  r.settings.checkpoint_every = 0;
  r.targets[0].any_order = false;
  EXPECT_EQ(planned(r)->info.schedule, SQS_CHAIN);
}

TEST(Spilling, TakesItsTimeAndSaysWhatItReckonsWith) {
  const GraphBuilder b = there_and_back();
  Request r = reversal(b, 100'000, kPlenty);
  r.budget_bytes = 2 << 20;
  r.costs.disk_ns_per_byte = 0.25;
  r.costs.disk_ns_per_block = 3000;
  const auto plan = planned(r);
  ASSERT_EQ(plan->info.schedule, SQS_SPILL);
  const Schedule& schedule = *plan->turn.schedule;
  const double ns = 100'000.0 * 100 + static_cast<double>((1000 - schedule.tail_tiles()) * 100 * kRowBytes) * 0.25 +
                    3000.0 * static_cast<double>(schedule.disk_segments()) + 120.0 * static_cast<double>(calls_of(*plan));
  EXPECT_NEAR(plan->predicted_seconds, ns * 1e-9, 1e-8);
  EXPECT_NE(plan->text.find("spill: 1 000 tiles"), std::string::npos) << plan->text;
  EXPECT_NE(plan->text.find("0.25 ns to write a byte and read it back (assumed"), std::string::npos) << plan->text;
  EXPECT_NE(plan->json.find("\"schedule\":\"spill\""), std::string::npos) << plan->json;
  EXPECT_NE(plan->json.find("\"disk_ns_per_byte\":0.25"), std::string::npos) << plan->json;
  r.costs.disk_probed = true;
  EXPECT_NE(planned(r)->text.find("read it back (probed)"), std::string::npos);
  r.settings.spill_dir.clear();
  r.disk_bytes = 0;
  EXPECT_EQ(planned(r)->text.find("read it back"), std::string::npos);
}

TEST(Spilling, TheFrontierGoesOnUntilNoRowsAreOnDisk) {
  const GraphBuilder b = there_and_back();
  const Request r = reversal(b, 100'000, kPlenty);
  const std::vector<FrontierPoint> points = frontier_of(r, *planned(r));
  ASSERT_GE(points.size(), 5u);
  for (size_t i = 0; i < points.size(); ++i) {
    const bool last = i + 1 == points.size();
    EXPECT_EQ(points[i].schedule, last ? SQS_STORE : SQS_SPILL) << i;
    EXPECT_EQ(points[i].disk_bytes > 0, !last) << i;
    EXPECT_EQ(points[i].ratio(), 1.0) << i;
  }
  EXPECT_GT(points.front().seconds, points.back().seconds);
}

// ---- which rows

// All tapes of a plan over all its segments, as a run goes through them.
class TapeWalk {
 public:
  explicit TapeWalk(const Plan& plan) : plan_(plan), sweep_(plan.sweeps[plan.turn.sweep]) {}

  void follow() {
    for (const Unit& tape : sweep_.replays[0].units)
      if (tape.is_tape() && !tape.kept) follow(tape);
  }
  uint64_t rows_read_back() const { return rows_; }
  uint64_t rows_that_stayed() const { return stayed_; }

 private:
  // Rows that the sweep asks for in tiles [first, last), each by itself.
  std::vector<bool> asked(const Unit& tape, TileSpan tiles) const {
    const uint64_t n = plan_.rows[tape.node].out.count;
    std::vector<bool> rows(n, false);
    const auto span = static_cast<int64_t>(plan_.tile_frames);
    for (const Reader& reader : tape.outside) {
      const Unit& r = sweep_.units[reader.unit];
      for (uint64_t row = r.row_at(tiles.first * span); row < r.row_at(tiles.last * span); ++row) {
        const Range range = touched(plan_.paths[reader.path], {row, row + 1}, n);
        for (uint64_t t = range.first; t < range.last; ++t) rows[t] = true;
      }
    }
    return rows;
  }

  TileSpan tiles_of(uint64_t segment) const {
    const Schedule& schedule = *plan_.turn.schedule;
    if (segment == schedule.disk_segments()) return recorded_tiles(plan_, plan_.turn.sweep);
    return grid_tiles(plan_.turn, schedule.disk_segment(segment).first, schedule.disk_segment(segment).last);
  }

  void follow(const Unit& tape) {
    const TurnPlan& turn = plan_.turn;
    const Tape& planned = *std::find_if(turn.tapes.begin(), turn.tapes.end(), [&](const Tape& t) { return t.node == tape.node; });
    const uint64_t segments = turn.schedule->disk_segments();
    std::vector<uint32_t> written(plan_.rows[tape.node].out.count, 0);
    Range on_tape;
    for (uint64_t j = segments + 1; j-- > 0;) {
      const TileSpan tiles = tiles_of(j);
      const TapeRows rows = tape_rows(plan_, tape, tiles.first, tiles.last);
      const uint64_t at_once = j == segments ? turn.schedule->tail_tiles() : turn.schedule->disk_segment_tiles();
      EXPECT_LE(rows.seat.count(), planned.rows_per_tile * at_once + planned.beside_rows);
      const Range from_disk = j == segments ? rows.seat : rows.disk;
      for (uint64_t t = rows.seat.first; t < rows.seat.last; ++t) {
        const bool read = t >= from_disk.first && t < from_disk.last;
        EXPECT_TRUE(read || (t >= on_tape.first && t < on_tape.last)) << "row " << t << " of segment " << j << " is nowhere";
        written[t] += read ? 1 : 0;
        stayed_ += read ? 0 : 1;
        rows_ += read && j != segments ? 1 : 0;
      }
      const std::vector<bool> wanted = asked(tape, tiles);
      for (uint64_t t = 0; t < wanted.size(); ++t)
        EXPECT_TRUE(!wanted[t] || (t >= rows.seat.first && t < rows.seat.last)) << "row " << t << " of segment " << j;
      if (rows.seat.count() > 0) on_tape = rows.seat;
    }
    for (const uint32_t times : written) EXPECT_LE(times, 1u);
  }

  const Plan& plan_;
  const Sweep& sweep_;
  uint64_t rows_ = 0;
  uint64_t stayed_ = 0;
};

// Readers that reach to either side, that have few rows, and that stop early.
std::vector<GraphBuilder> turns() {
  std::vector<GraphBuilder> all;
  all.push_back(there_and_back());
  GraphBuilder& around = all.emplace_back(8, 4);
  around.stage("forth", {reads("frames")}, 3, Kind::Scan).stage("map", {reads("forth", Edge::Clamp, 3, 2)}, 2);
  around.back("back", {reads("map", Edge::Clamp, 4, 7), reads("forth", Edge::Reflect, 0, 9)});
  GraphBuilder& sparse = all.emplace_back(1, 1);
  sparse.stage("forth", {reads("frames")}, 3, Kind::Scan).back("back", {reads("forth", Edge::Valid, 1, 0, 25)});
  GraphBuilder& two = all.emplace_back(1, 1);
  two.stage("forth", {reads("frames")}, 3, Kind::Scan).back("near", {reads("forth", Edge::Valid, 0, 0)});
  two.back("far", {reads("forth", Edge::Valid, 40, 11, 7)}).stage("last", {reads("forth", Edge::Valid, 3, 60, 30)});
  two.back("back", {reads("near", Edge::Valid, 0, 0, 1)});
  GraphBuilder& other_way = all.emplace_back(6, 3);
  other_way.back("back", {reads("frames")}, 3).stage("map", {reads("back", Edge::Clamp, 5, 1)});
  other_way.stage("forth", {reads("map", Edge::Clamp, 2, 8), reads("back", Edge::Clamp, 0, 30)}, 1, Kind::Scan);
  return all;
}

TEST(Spilling, EveryRowIsOnItsTapeWhenItIsReadAndComesFromDiskOnce) {
  const std::vector<std::vector<std::string>> targets = {{"back"}, {"back"}, {"back"}, {"back", "far", "last"}, {"forth"}};
  const std::vector<GraphBuilder> graphs = turns();
  std::map<int32_t, int> schedules;
  uint64_t read = 0, stayed = 0, from_last = 0;
  for (size_t g = 0; g < graphs.size(); ++g)
    for (const uint64_t frames : {30, 101, 400})
      for (const uint64_t tile : {1, 3, 4, 10, 32})
        for (const uint64_t spare : {0, 100, 3000})
          for (const auto& [t0, t1] : {std::pair<uint64_t, uint64_t>{0, SQS_END}, {1, 9}, {5, SQS_END}}) {
            Request r = graphs[g].request(targets[g], frames);
            for (TargetRequest& t : r.targets) t.any_order = true;
            r.settings.tile_frames = tile;
            r.settings.max_ratio = 1;
            r.disk_bytes = kPlenty;
            r.t0 = t0;
            r.t1 = t1;
            const auto roomy = make_plan(r);
            if (!roomy.ok()) continue;  // fewer rows than that
            r.budget_bytes = (*roomy)->least_budget_bytes + spare;
            const auto plan = planned(r);
            ++schedules[plan->info.schedule];
            if (!plan->turn.spills()) continue;
            SCOPED_TRACE("graph " + std::to_string(g) + ", frames " + std::to_string(frames) + ", tile " + std::to_string(tile) +
                         ", spare " + std::to_string(spare) + ", from " + std::to_string(t0));
            TapeWalk walk(*plan);
            walk.follow();
            if (testing::Test::HasFailure()) return;
            read += walk.rows_read_back();
            stayed += walk.rows_that_stayed();
            from_last += plan->turn.from_last ? 1 : 0;
          }
  EXPECT_GT(schedules[SQS_SPILL], 200);
  EXPECT_GT(read, 10'000u);
  EXPECT_GT(stayed, 10'000u);
  EXPECT_GT(from_last, 30u);
}

}  // namespace
}  // namespace sqs
