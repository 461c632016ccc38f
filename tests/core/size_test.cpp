#include "core/size.hpp"

#include <gtest/gtest.h>

namespace sqs {
namespace {

TEST(Size, ProductsThatFitAreExact) {
  const Result<uint64_t> bytes = (Size(uint64_t{1} << 31) * 8 + 5).take("x");
  ASSERT_TRUE(bytes.ok());
  EXPECT_EQ(*bytes, (uint64_t{1} << 34) + 5);
}

// 2^33 * 2^20 * 2^8 * 8 is 2^64, which wraps to 0 in plain arithmetic.
TEST(Size, AProductThatWrapsIsRefusedAndNamed) {
  const Result<uint64_t> bytes = (Size(uint64_t{1} << 33) * (1u << 20) * (1u << 8) * 8).take("a row of stage 'x'");
  ASSERT_FALSE(bytes.ok());
  EXPECT_EQ(bytes.error().code, SQS_E_OVERFLOW);
  EXPECT_NE(bytes.error().message.find("a row of stage 'x'"), std::string::npos);
}

TEST(Size, OverflowIsRememberedThroughLaterArithmetic) {
  const Size wrapped = Size(UINT64_MAX) + 1;
  EXPECT_TRUE(wrapped.overflowed());
  EXPECT_TRUE((wrapped * 0).overflowed());
  EXPECT_EQ((wrapped * 0).saturated(), UINT64_MAX);
}

TEST(Size, AlignmentRoundsUpAndKeepsOverflow) {
  EXPECT_EQ(aligned(Size(0)).saturated(), 0u);
  EXPECT_EQ(aligned(Size(1)).saturated(), 64u);
  EXPECT_EQ(aligned(Size(64)).saturated(), 64u);
  EXPECT_TRUE(aligned(Size(UINT64_MAX - 3)).overflowed());
}

}  // namespace
}  // namespace sqs
