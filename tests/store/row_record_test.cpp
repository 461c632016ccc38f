#include "store/row_record.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace sqs {
namespace {

void expect_stretch(const RowRecord& record, NodeId stage, uint64_t row, uint64_t first, uint64_t end) {
  const RowRecord::Stretch s = record.find(stage, row);
  EXPECT_EQ(s.first, first) << "row " << row;
  EXPECT_EQ(s.end, end) << "row " << row;
}

TEST(RowRecord, JoinsStretchesThatOverlapOrAdjoin) {
  RowRecord record;
  record.add(3, 10, 20);
  record.add(3, 30, 40);
  record.add(4, 20, 30);
  expect_stretch(record, 3, 10, 10, 20);
  expect_stretch(record, 3, 39, 30, 40);
  expect_stretch(record, 4, 25, 20, 30);
  EXPECT_EQ(record.find(3, 20).count(), 0U);
  EXPECT_EQ(record.find(5, 15).count(), 0U);
  record.add(3, 20, 30);
  expect_stretch(record, 3, 10, 10, 40);
  record.add(3, 5, 50);
  expect_stretch(record, 3, 49, 5, 50);
  expect_stretch(record, 3, 5, 5, 50);
  expect_stretch(record, 4, 29, 20, 30);
}

TEST(RowRecord, NothingIsNoStretch) {
  RowRecord record;
  record.add(3, 10, 10);
  EXPECT_EQ(record.find(3, 10).count(), 0U);
  record.add(3, 10, 11);
  record.clear();
  EXPECT_EQ(record.find(3, 10).count(), 0U);
}

TEST(RowRecord, ForgetsTheShortestWhenFull) {
  RowRecord record;
  for (uint64_t i = 0; i < RowRecord::kMost; ++i) record.add(1, i * 100, i * 100 + 10 + i);
  record.add(1, 100'000, 100'005);  // shorter than all: not taken
  EXPECT_EQ(record.find(1, 100'000).count(), 0U);
  EXPECT_EQ(record.find(1, 0).count(), 10U);
  record.add(1, 200'000, 200'050);
  EXPECT_EQ(record.find(1, 200'000).count(), 50U);
  EXPECT_EQ(record.find(1, 0).count(), 0U);
  expect_stretch(record, 1, 100, 100, 111);
}

TEST(RowRecord, AgreesWithASet) {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    RowRecord record;
    std::set<uint64_t> rows;
    for (int i = 0; i < 40; ++i) {
      const uint64_t first = random() % 400;
      const uint64_t end = first + random() % 12;
      record.add(1, first, end);
      for (uint64_t r = first; r < end; ++r) rows.insert(r);
    }
    for (uint64_t r = 0; r < 420; ++r) {
      const RowRecord::Stretch s = record.find(1, r);
      ASSERT_EQ(s.count() > 0, rows.count(r) > 0) << "row " << r;
      if (s.count() == 0) continue;
      EXPECT_EQ(rows.count(s.end), 0U);
      EXPECT_TRUE(s.first == 0 || rows.count(s.first - 1) == 0);
    }
  }
}

}  // namespace
}  // namespace sqs
