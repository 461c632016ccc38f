#include "store/row_cache.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace sqs {
namespace {

constexpr uint64_t kRow = 16;

RowCache cache_of(uint64_t bytes) { return std::move(*RowCache::make(std::make_shared<Ledger>(), bytes, 256)); }

void put(RowCache& cache, NodeId stage, uint64_t first, uint64_t end) {
  std::byte* to = cache.put(stage, first, end, kRow);
  ASSERT_NE(to, nullptr);
  for (uint64_t r = first; r < end; ++r, to += kRow) {
    const uint64_t value = r * 31 + stage;
    std::memcpy(to, &value, sizeof value);
  }
}

void expect_row(RowCache& cache, NodeId stage, uint64_t row) {
  const RowCache::Stretch s = cache.find(stage, row, kRow);
  ASSERT_NE(s.rows, nullptr) << row;
  uint64_t value = 0;
  std::memcpy(&value, s.rows + (row - s.first) * kRow, sizeof value);
  EXPECT_EQ(value, row * 31 + stage);
}

TEST(RowCache, FindsWhatWasPut) {
  RowCache cache = cache_of(1 << 16);
  ASSERT_EQ(cache.tile_rows(kRow), 16u);
  put(cache, 3, 16, 32);
  put(cache, 4, 16, 20);
  for (uint64_t r = 16; r < 32; ++r) expect_row(cache, 3, r);
  expect_row(cache, 4, 19);
  EXPECT_EQ(cache.find(4, 20, kRow).rows, nullptr);
  EXPECT_EQ(cache.find(5, 16, kRow).rows, nullptr);
}

TEST(RowCache, AdjoiningStretchesOfATileGrowTogether) {
  RowCache cache = cache_of(1 << 16);
  put(cache, 3, 20, 24);
  put(cache, 3, 24, 30);
  put(cache, 3, 16, 21);
  const RowCache::Stretch s = cache.find(3, 22, kRow);
  EXPECT_EQ(s.first, 16u);
  EXPECT_EQ(s.end, 30u);
  for (uint64_t r = 16; r < 30; ++r) expect_row(cache, 3, r);
}

TEST(RowCache, AStretchApartReplacesTheOldOne) {
  RowCache cache = cache_of(1 << 16);
  put(cache, 3, 16, 18);
  put(cache, 3, 28, 30);
  EXPECT_EQ(cache.find(3, 17, kRow).rows, nullptr);
  expect_row(cache, 3, 29);
}

TEST(RowCache, TheOldestGoesFirstAndPinnedTilesStay) {
  RowCache cache = cache_of(64 + 8 * (256 + 64));  // one group of eight
  for (uint64_t t = 0; t < 8; ++t) put(cache, 3, t * 16, t * 16 + 16);
  expect_row(cache, 3, 0);  // now the newest
  put(cache, 3, 8 * 16, 9 * 16);
  expect_row(cache, 3, 0);
  EXPECT_EQ(cache.find(3, 16, kRow).rows, nullptr);
  cache.pin();
  expect_row(cache, 3, 0);
  for (uint64_t t = 20; t < 40; ++t) cache.put(3, t * 16, t * 16 + 1, kRow);
  expect_row(cache, 3, 0);
  cache.unpin();
  for (uint64_t t = 40; t < 48; ++t) cache.put(3, t * 16, t * 16 + 1, kRow);
  EXPECT_EQ(cache.find(3, 0, kRow).rows, nullptr);
}

TEST(RowCache, RowsLargerThanASlotAreLeftOut) {
  RowCache cache = cache_of(1 << 16);
  EXPECT_EQ(cache.put(3, 0, 1, 1000), nullptr);
  EXPECT_EQ(cache.find(3, 0, 1000).rows, nullptr);
}

}  // namespace
}  // namespace sqs
