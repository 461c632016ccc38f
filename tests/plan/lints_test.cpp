// Advice on a graph: given where what it tells costs something, and nowhere else.
#include "plan/lints.hpp"

#include <algorithm>

#include "graphs.hpp"

namespace sqs {
namespace {

constexpr uint64_t kFrames = 100'000, kTile = 100;

std::vector<std::string> lints_of(const GraphBuilder& b, const std::vector<std::string>& targets, uint64_t tile_frames,
                                  int32_t mode = SQS_SQRT) {
  Request r = b.request(targets, kFrames);
  r.settings.mode = mode;
  r.settings.tile_frames = tile_frames;
  const auto plan = planned(r);
  return plan == nullptr ? std::vector<std::string>{} : plan->lints;
}

size_t count_with(const std::vector<std::string>& lints, const std::string& words) {
  return static_cast<size_t>(
      std::count_if(lints.begin(), lints.end(), [&](const std::string& lint) { return lint.find(words) != std::string::npos; }));
}

constexpr const char* kHeld = "they are held meanwhile";

TEST(Lints, AHaloAsLongAsTheTileIsTold) {
  GraphBuilder b(64, 64);
  b.stage("a", {reads("frames")}).stage("far", {reads("a", Edge::Zero, 60, 40)});
  const auto lints = lints_of(b, {"far"}, kTile);
  ASSERT_EQ(lints.size(), 1u);
  const std::string told = "stage 'far' reads 100 frames beside each row of 'a', and a tile has 100: what is kept for that is ";
  EXPECT_EQ(lints[0].rfind(told, 0), 0u) << lints[0];
  EXPECT_TRUE(lints_of(b, {"far"}, kTile + 1).empty());
}

// Windows that do not overlap share no rows, however long they are.
TEST(Lints, AHaloOfRowsThatNoOtherRowReadsIsNotTold) {
  GraphBuilder b(64, 64);
  b.stage("a", {reads("frames")}).stage("blocks", {reads("a", Edge::Valid, 0, 199, 200)});
  EXPECT_TRUE(lints_of(b, {"blocks"}, kTile).empty());
}

TEST(Lints, ClassicTellsOfHalosWhatTheyCostThere) {
  GraphBuilder b(64, 64);
  b.stage("a", {reads("frames")}).stage("far", {reads("a", Edge::Zero, 120'000, 80'000)});
  const auto lints = lints_of(b, {"far"}, 0, SQS_CLASSIC);
  ASSERT_EQ(lints.size(), 1u);
  EXPECT_EQ(lints[0].find("stage 'far' reads 200 000 frames beside each row of 'a'"), 0u) << lints[0];
  EXPECT_EQ(count_with(lints, "read by 200 001 rows"), 1u) << lints[0];
  EXPECT_EQ(count_with(lints, "what is kept for that"), 0u) << lints[0];
}

// 'late' is 150 rows behind 'a', since it waits for what 'wide' reads of 'b'.
GraphBuilder diamond(uint64_t reach) {
  GraphBuilder b(64, 64);
  b.stage("a", {reads("frames")}).stage("b", {reads("a")}).stage("wide", {reads("b", Edge::Zero, 0, reach)});
  b.stage("late", {reads("a"), reads("wide")});
  return b;
}

TEST(Lints, ReadersOfADiamondThatAreMoreThanATileApartAreTold) {
  const auto lints = lints_of(diamond(150), {"late"}, kTile);
  EXPECT_EQ(count_with(lints, "stage 'a' is read by 'b' 150 frames before 'late' comes to the same rows"), 1u);
  EXPECT_EQ(count_with(lints, kHeld), 1u);
  EXPECT_EQ(count_with(lints, "stage 'wide' reads 150 frames beside each row of 'b'"), 1u);
  EXPECT_TRUE(lints_of(diamond(100), {"late"}, 150).empty());
  EXPECT_EQ(count_with(lints_of(diamond(150), {"late"}, 0, SQS_CLASSIC), kHeld), 0u);
}

TEST(Lints, ATargetThatIsReadFarAheadWaitsForItsSink) {
  GraphBuilder b = diamond(150);
  const auto lints = lints_of(b, {"b", "wide"}, kTile);
  EXPECT_EQ(count_with(lints, kHeld), 0u) << "what 'wide' reaches over is there anyway";
  b.stage("c", {reads("b")}).stage("later", {reads("c", Edge::Zero, 0, 150)});
  EXPECT_EQ(count_with(lints_of(b, {"b", "later"}, kTile), "stage 'b' is read by 'c' 150 frames before the target comes"), 1u);
}

// One of two readers reaches as far as the other is behind: its reach takes those rows, nobody's delay does.
TEST(Lints, AReachThatCoversTheDelayIsNoSkew) {
  GraphBuilder b(64, 64);
  b.stage("a", {reads("frames")}).stage("wide", {reads("a", Edge::Zero, 0, 150)}).stage("late", {reads("a"), reads("wide")});
  EXPECT_EQ(count_with(lints_of(b, {"late"}, kTile), kHeld), 0u);
  GraphBuilder c(64, 64);  // both are equally far ahead
  c.stage("a", {reads("frames")}).stage("b", {reads("a")}).stage("c", {reads("a")});
  c.stage("sum", {reads("b", Edge::Zero, 0, 150), reads("c", Edge::Zero, 0, 150)});
  EXPECT_EQ(count_with(lints_of(c, {"sum"}, kTile), kHeld), 0u);
}

TEST(Lints, ASweepThatRunsBackwardIsSeenFromItsOwnSide) {
  for (const bool behind : {true, false}) {
    GraphBuilder b(64, 64);
    b.back("end", {reads("frames")}).stage("b", {reads("end")});
    b.stage("wide", {behind ? reads("b", Edge::Zero, 150, 0) : reads("b", Edge::Zero, 0, 150)});
    b.stage("late", {reads("end"), reads("wide")});
    Request r = b.request({"late"}, kFrames);
    r.targets[0].any_order = true;
    r.settings.tile_frames = kTile;
    // Rows behind are those that this sweep comes to later: only then do the ones it has made wait.
    EXPECT_EQ(count_with(planned(r)->lints, "stage 'end' is read by 'b' 150 frames before 'late'"), behind ? 1u : 0u);
  }
}

TEST(Lints, RowsOfAStageThatMustRunOnceAreKeptForALaterSweep) {
  for (const bool once : {true, false}) {
    GraphBuilder b(64, 64);
    b.stage("source", {reads("frames")}, 2, Kind::Map, once).stage("mean", {reads("source")}, 1, Kind::Reduce);
    b.stage("norm", {reads("source"), reads("mean")});
    const auto lints = lints_of(b, {"norm"}, kTile);
    const std::string told = "stage 'source' must not run twice and is read again in sweep 2: all of its rows are kept for that ";
    EXPECT_EQ(count_with(lints, told + "(781.2 KiB)"), once ? 1u : 0u);
    EXPECT_TRUE(lints_of(b, {"mean"}, kTile).empty()) << "one sweep";
    EXPECT_TRUE(lints_of(b, {"norm"}, 0, SQS_CLASSIC).empty()) << "classic reads all rows once, in whatever order";
  }
}

TEST(Lints, StatesLargerThanWhatTheySpareAreTold) {
  GraphBuilder b(64, 64);  // a state of 8 bytes and its header, rows of 4
  b.stage("there", {reads("frames")}, 1, Kind::Scan).back("back", {reads("there")});
  EXPECT_EQ(count_with(lints_of(b, {"back"}, 1), "a checkpoint takes"), 1u);
  EXPECT_EQ(count_with(lints_of(b, {"back"}, 1000), "a checkpoint takes"), 0u);
  EXPECT_EQ(count_with(lints_of(b, {"back"}, 0, SQS_CLASSIC), "a checkpoint takes"), 0u);
}

}  // namespace
}  // namespace sqs
