#include "core/words.hpp"

#include <gtest/gtest.h>

#include <limits>

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
