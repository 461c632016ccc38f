// That two segments' rows share the slots of one without meeting, whichever way they are made, and that nobody waits for ever.
#include "exec/rolling_tapes.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>
#include <vector>

#include "exec/lane.hpp"

namespace sqs {
namespace {

constexpr uint64_t kRowsPerTile[] = {4, 3};

// Rows that know their tape and segment.
uint64_t value_of(uint32_t tape, uint64_t segment, uint64_t row) { return (segment * 2 + tape) * 1'000'000 + row; }

// Two tapes of 8-byte rows, some tiles of which make a segment; and slots for them.
class Rolling {
 public:
  explicit Rolling(bool from_last, uint64_t slots) : slots_(slots), memory_(slots * 7), tapes_(turn_of(turn_, from_last), bytes()) {}

  RollingTapes& tapes() { return tapes_; }
  const TurnPlan& turn() const { return turn_; }

  // Segment `number` has `tiles`, which begin with a number that tells them from others; false if it does not fit.
  bool begin(uint64_t number, uint64_t tiles) {
    for (uint32_t t = 0; t < 2; ++t) tapes_.set_rows(t, rows_of(number, tiles, t));
    return tapes_.begin(slots_);
  }
  static Range rows_of(uint64_t number, uint64_t tiles, uint32_t tape) {
    return {100 * number, 100 * number + tiles * kRowsPerTile[tape] - (tape == 0 ? 1 : 0)};  // not all are whole
  }
  void put(uint64_t number, uint32_t tape, Range rows) {
    std::vector<uint64_t> values;
    for (uint64_t r = rows.first; r < rows.last; ++r) values.push_back(value_of(tape, number, r));
    tapes_.put(tape, rows, reinterpret_cast<const std::byte*>(values.data()));
  }
  void take(uint64_t number, uint32_t tape, Range rows) {
    std::vector<uint64_t> values(rows.count());
    tapes_.take(tape, rows, reinterpret_cast<std::byte*>(values.data()));
    for (uint64_t r = rows.first; r < rows.last; ++r) ASSERT_EQ(values[r - rows.first], value_of(tape, number, r)) << number;
  }

 private:
  static const TurnPlan& turn_of(TurnPlan& turn, bool from_last) {
    turn.from_last = from_last;
    for (uint32_t t = 0; t < 2; ++t) turn.tapes.push_back({.node = 5 + t, .row_bytes = 8, .rows_per_tile = kRowsPerTile[t]});
    turn.tile_bytes = 7 * 8;
    return turn;
  }
  std::byte* bytes() { return reinterpret_cast<std::byte*>(memory_.data()); }

  uint64_t slots_;
  std::vector<uint64_t> memory_;
  TurnPlan turn_;
  RollingTapes tapes_;
};

// The next rows of `all` in the order in which they are made, after `done` of them, or the same in the reverse order.
Range next_rows(Range all, uint64_t done, uint64_t count, bool ascending) {
  count = std::min(count, all.count() - done);
  if (ascending) return {all.first + done, all.first + done + count};
  return {all.last - done - count, all.last - done};
}

// Row by row as far as each may go, in every way of sharing out the steps; the segment that comes is there when the one that goes
// is gone, in slots for the longer of them.
TEST(RollingTapes, WhatComesTakesTheSlotsOfWhatGoes) {
  for (const bool from_last : {false, true})
    for (const std::vector<uint64_t>& tiles : {std::vector<uint64_t>{3, 3, 3, 3}, {1, 2, 5, 5, 8}, {4, 2, 4, 1, 3}, {6, 1}})
      for (const uint64_t piece : {1U, 2U, 4U, 5U}) {
        uint64_t slots = 0;
        for (const uint64_t t : tiles) slots = std::max(slots, t);
        Rolling rolling(from_last, slots);
        ASSERT_TRUE(rolling.begin(0, tiles[0]));
        for (uint32_t t = 0; t < 2; ++t) rolling.put(0, t, Rolling::rows_of(0, tiles[0], t));
        for (uint64_t s = 0; s < tiles.size(); ++s) {
          rolling.tapes().turn();
          const bool more = s + 1 < tiles.size();
          ASSERT_TRUE(!more || rolling.begin(s + 1, tiles[s + 1]));
          uint64_t taken[2] = {}, put[2] = {};
          for (bool moved = true; moved;) {
            moved = false;
            for (uint32_t t = 0; t < 2; ++t) {
              const Range goes = Rolling::rows_of(s, tiles[s], t);
              const Range comes = more ? Rolling::rows_of(s + 1, tiles[s + 1], t) : Range{};
              while (put[t] < comes.count()) {
                const Range rows = next_rows(comes, put[t], 1, !from_last);
                if (!rolling.tapes().has_room(t, rows)) break;
                rolling.put(s + 1, t, rows);
                ++put[t];
                moved = true;
              }
              const Range rows = next_rows(goes, taken[t], piece, from_last);
              if (rows.count() == 0) continue;
              ASSERT_NO_FATAL_FAILURE(rolling.take(s, t, rows));
              taken[t] += rows.count();
              moved = true;
            }
          }
          for (uint32_t t = 0; t < 2 && more; ++t) ASSERT_EQ(put[t], Rolling::rows_of(s + 1, tiles[s + 1], t).count());
        }
      }
}

TEST(RollingTapes, ASegmentMustFit) {
  Rolling rolling(false, 4);
  EXPECT_TRUE(rolling.begin(0, 4));
  rolling.tapes().turn();
  EXPECT_FALSE(rolling.begin(1, 5));
  EXPECT_TRUE(rolling.begin(1, 4));
  EXPECT_FALSE(rolling.tapes().has_room(0, {100, 101})) << "nothing is taken yet";
  rolling.tapes().give_up();
  EXPECT_TRUE(rolling.tapes().has_room(0, {100, 115}));
  EXPECT_TRUE(rolling.tapes().has_room(0, {}));
  EXPECT_EQ(rolling.tapes().tape_of(6), 1u);
  EXPECT_EQ(rolling.tapes().tape_of(7), Lane::kNoTape);
}

// States that are saved meanwhile leave it fewer slots than what goes has; it waits until these are free.
TEST(RollingTapes, WhatComesMayHaveFewerSlots) {
  for (const bool turned : {false, true}) {
    Rolling rolling(false, 6);
    uint64_t segment = 0;
    ASSERT_TRUE(rolling.begin(segment, 5));
    rolling.tapes().turn();
    if (turned) {
      ASSERT_TRUE(rolling.begin(++segment, 5));
      rolling.tapes().give_up();
      rolling.tapes().turn();
    }
    for (uint32_t t = 0; t < 2; ++t) rolling.tapes().set_rows(t, Rolling::rows_of(segment + 1, 2, t));
    EXPECT_FALSE(rolling.tapes().begin(1));
    ASSERT_TRUE(rolling.tapes().begin(2));
    EXPECT_TRUE(rolling.tapes().lie_within(5));
    EXPECT_FALSE(rolling.tapes().lie_within(2));
    const Range first = {100 * (segment + 1), 100 * (segment + 1) + 1};
    EXPECT_FALSE(rolling.tapes().has_room(0, first));
    const Range all[] = {Rolling::rows_of(segment, 5, 0), Rolling::rows_of(segment, 5, 1)};
    std::vector<uint64_t> rows(all[0].count());
    const auto take_down_to = [&](uint64_t tiles) {
      for (uint32_t t = 0; t < 2; ++t)
        rolling.tapes().take(t, {all[t].first + tiles * kRowsPerTile[t], all[t].last}, reinterpret_cast<std::byte*>(rows.data()));
    };
    take_down_to(2);
    EXPECT_EQ(rolling.tapes().lie_within(2), !turned) << "what was made first is turned to the far end";
    EXPECT_EQ(rolling.tapes().has_room(0, first), turned);
    take_down_to(0);
    EXPECT_TRUE(rolling.tapes().lie_within(0));
    EXPECT_TRUE(rolling.tapes().has_room(0, first));
  }
}

TEST(RollingTapes, RowsBesideTheSegmentAreLeftOut) {
  Rolling rolling(false, 2);
  ASSERT_TRUE(rolling.begin(0, 2));
  rolling.put(0, 1, {0, 90});
  rolling.tapes().turn();
  rolling.take(0, 1, {0, 6});
}

// One thread takes while the other puts, each as fast as it can.
TEST(RollingTapes, TwoThreadsShareThem) {
  constexpr uint64_t kSegments = 60, kTiles = 6;
  Rolling rolling(false, kTiles);
  ASSERT_TRUE(rolling.begin(0, kTiles));
  for (uint32_t t = 0; t < 2; ++t) rolling.put(0, t, Rolling::rows_of(0, kTiles, t));
  for (uint64_t s = 0; s < kSegments; ++s) {
    rolling.tapes().turn();
    ASSERT_TRUE(rolling.begin(s + 1, kTiles));
    std::thread other([&] {
      for (uint64_t r = 0; r < kTiles * kRowsPerTile[1]; ++r)
        for (uint32_t t = 0; t < 2; ++t) {
          const Range rows = next_rows(Rolling::rows_of(s + 1, kTiles, t), r, 1, true);
          while (!rolling.tapes().has_room(t, rows)) std::this_thread::yield();
          rolling.put(s + 1, t, rows);
        }
      for (uint64_t r = kTiles * kRowsPerTile[1]; r < kTiles * kRowsPerTile[0]; ++r) {
        const Range rows = next_rows(Rolling::rows_of(s + 1, kTiles, 0), r, 1, true);
        while (!rolling.tapes().has_room(0, rows)) std::this_thread::yield();
        rolling.put(s + 1, 0, rows);
      }
    });
    for (uint32_t t = 0; t < 2; ++t) {
      const Range all = Rolling::rows_of(s, kTiles, t);
      for (uint64_t done = 0; done < all.count(); done += 2) rolling.take(s, t, next_rows(all, done, 2, false));
    }
    other.join();
  }
}

}  // namespace
}  // namespace sqs
