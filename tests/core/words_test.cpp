#include "core/words.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "sqrtspace/sqrtspace.h"

namespace sqs {
namespace {

TEST(Words, BytesHaveTheUnitTheyNeed) {
  EXPECT_EQ(bytes_in_words(1023), "1023 B");
  EXPECT_EQ(bytes_in_words(1024), "1.00 KiB");
  EXPECT_EQ(bytes_in_words(uint64_t{64} << 20), "64.0 MiB");
}

TEST(Words, ExactBytesCanBeTypedAndRead) {
  EXPECT_EQ(exact_bytes(1023), "1023 bytes");
  EXPECT_EQ(exact_bytes(1234567), "1234567 bytes (1.18 MiB)");
}

TEST(Words, CountsAreGroupedByThousands) {
  EXPECT_EQ(count_in_words(0), "0");
  EXPECT_EQ(count_in_words(999), "999");
  EXPECT_EQ(count_in_words(1234567), "1 234 567");
}

TEST(Words, ColumnsHaveAtLeastTheirWidth) {
  EXPECT_EQ(padded("abc", 5), "abc  ");
  EXPECT_EQ(padded_left("abc", 5), "  abc");
  EXPECT_EQ(padded("abc", 2) + padded_left("abc", 2), "abcabc");
}

TEST(Words, ModesHaveNames) {
  EXPECT_EQ(mode_name(SQS_AUTO), "auto");
  EXPECT_EQ(mode_name(SQS_CLASSIC), "classic");
  EXPECT_EQ(mode_name(SQS_SQRT), "sqrt");
}

TEST(Json, SeparatesAndEscapes) {
  Json j;
  j.open('{').key("a").number(uint64_t{1}).key("b").open('[').text("x\"\\\n").boolean(true).close(']').close('}');
  EXPECT_EQ(j.str(), "{\"a\":1,\"b\":[\"x\\\"\\\\\\u000a\",true]}");
}

TEST(Json, NumbersThatAreNoneBecomeNull) {
  Json j;
  j.open('[').number(std::numeric_limits<double>::infinity()).number(0.5).close(']');
  EXPECT_EQ(j.str(), "[null,0.5]");
}

}  // namespace
}  // namespace sqs
