#include "os/fpenv.hpp"

#include <gtest/gtest.h>

#include <cfenv>
#include <limits>

namespace sqs::os {
namespace {

// Compilers move arithmetic across a change of the environment, but not stores to volatile variables.
double third() {
  volatile double one = 1, three = 3;
  volatile double quotient = one / three;
  return quotient;
}

double half_of_smallest_normal() {
  volatile double smallest = std::numeric_limits<double>::min(), half = 0.5;
  volatile double product = smallest * half;
  return product;
}

// What a thread looks like after a library built with fast-math was loaded: subnormals are flushed to zero.
void flush_subnormals() {
#if defined(__x86_64__)
  _mm_setcsr(_mm_getcsr() | 0x8040);
#endif
}

class Fp : public testing::Test {
 protected:
  void TearDown() override { std::fesetenv(FE_DFL_ENV); }
};

TEST_F(Fp, PinsRoundingAndGivesItBack) {
  const double nearest = third();
  std::fesetround(FE_UPWARD);
  const double upward = third();
  ASSERT_NE(nearest, upward);
  {
    const PinnedFp pinned;
    EXPECT_EQ(third(), nearest);
  }
  EXPECT_EQ(third(), upward);
}

TEST_F(Fp, KeepsSubnormals) {
  flush_subnormals();
  {
    const PinnedFp pinned;
    EXPECT_GT(half_of_smallest_normal(), 0);
    pinned.callers().install();
#if defined(__x86_64__)
    EXPECT_EQ(half_of_smallest_normal(), 0);
#endif
    pinned.repin();
    EXPECT_GT(half_of_smallest_normal(), 0);
  }
#if defined(__x86_64__)
  EXPECT_EQ(half_of_smallest_normal(), 0);
#endif
}

TEST_F(Fp, RepinsAfterACallbackThatChangedIt) {
  const double nearest = third();
  const PinnedFp pinned;
  std::fesetround(FE_DOWNWARD);
  flush_subnormals();
  pinned.repin();
  EXPECT_EQ(third(), nearest);
  EXPECT_GT(half_of_smallest_normal(), 0);
}

}  // namespace
}  // namespace sqs::os
