#include "units.hpp"

#include <gtest/gtest.h>

namespace sqs::cli {
namespace {

TEST(Units, BytesAreReadWithBinaryAndDecimalUnits) {
  EXPECT_EQ(parse_bytes("1048576"), 1048576u);
  EXPECT_EQ(parse_bytes("64MiB"), 64u << 20);
  EXPECT_EQ(parse_bytes("64 MiB"), 64u << 20);
  EXPECT_EQ(parse_bytes("1.5GiB"), 3u << 29);
  EXPECT_EQ(parse_bytes("512k"), 512u << 10);
  EXPECT_EQ(parse_bytes("2M"), 2u << 20);
  EXPECT_EQ(parse_bytes("1kB"), 1000u);
  EXPECT_EQ(parse_bytes("3GB"), 3000000000u);
  EXPECT_EQ(parse_bytes("17 B"), 17u);
  EXPECT_EQ(parse_bytes("2TiB"), uint64_t{1} << 41);
}

TEST(Units, BytesAsAShareAreOfTheMemoryThereIs) {
  const uint64_t all = memory_limit_bytes();
  EXPECT_EQ(parse_bytes("100%"), all);
  EXPECT_EQ(parse_bytes("50%"), all / 2);
}

TEST(Units, WhatIsNoSizeIsRefused) {
  for (const char* text : {"", "MiB", "-1", "0", "0MiB", "1XB", "12 34", "nan", "inf", "1e300GiB", "64MiBs", "0x10", "1,5GiB"})
    EXPECT_EQ(parse_bytes(text), std::nullopt) << text;
}

TEST(Units, RowRangesAreHalfOpenAndMayBeOpenEnded) {
  EXPECT_EQ(parse_rows("10:20")->begin, 10u);
  EXPECT_EQ(parse_rows("10:20")->end, 20u);
  EXPECT_EQ(parse_rows(":20")->begin, 0u);
  EXPECT_EQ(parse_rows("7:")->end, UINT64_MAX);
  for (const char* text : {"", ":", "10", "a:b", "1:2:3", "-1:2", "1: 2"}) EXPECT_FALSE(parse_rows(text)) << text;
}

TEST(Units, SizesAndTimesCarryTheirUnits) {
  EXPECT_EQ(format_bytes(1023), "1023 B");
  EXPECT_EQ(format_bytes(1536), "1.5 KiB");
  EXPECT_EQ(format_bytes(uint64_t{3} << 30), "3.0 GiB");
  EXPECT_EQ(format_mib(uint64_t{3} << 30), "3072.0 MiB");
  EXPECT_EQ(format_seconds(0), "0 s");
  EXPECT_EQ(format_seconds(0.00025), "250 us");
  EXPECT_EQ(format_seconds(0.0123), "12.3 ms");
  EXPECT_EQ(format_seconds(2.5), "2.5 s");
  EXPECT_EQ(format_seconds(602), "10 min 2 s");
  EXPECT_EQ(format_seconds(36060), "10 h 1 min");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(20000000), "20 000 000");
}

}  // namespace
}  // namespace sqs::cli
