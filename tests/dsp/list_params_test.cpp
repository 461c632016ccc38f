// The words for what a list parameter takes, of every form that a range can have.
#include <gtest/gtest.h>

#include <array>

#include "guard.hpp"
#include "params.hpp"

namespace sqs::dsp::test {
namespace {

std::string refused(const char* range, const char* text) {
  const std::array<ParamSpec, 1> specs = {{{"v", ParamType::FloatList, "", "", range, "values of a test", true}}};
  try {
    parse_params("t", specs, text);
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code, SQS_E_INVALID);
    return failure.message;
  }
  return "";
}

TEST(ListParams, TellInWordsWhatTheyTake) {
  EXPECT_EQ(refused("..; 2..9 values", "v=1"), "t: v takes 2 to 9 values, each a finite number; there is 1");
  EXPECT_EQ(refused("-inf..; 1..9 values", "v=0,nan"), "t: v takes 1 to 9 values, each a finite number or -inf; value 1 is nan");
  EXPECT_EQ(refused("0..1; 1..2^4 values", "v=1.5"), "t: v takes 1 to 2^4 values, each from 0 to 1; value 0 is 1.5");
  EXPECT_EQ(refused("0..; 1..9 values", "v=-1"), "t: v takes 1 to 9 values, each at least 0; value 0 is -1");
  EXPECT_EQ(refused("..7; 1..9 values", "v=8"), "t: v takes 1 to 9 values, each at most 7; value 0 is 8");
  EXPECT_EQ(refused(">0; 1..9 values", "v=0"), "t: v takes 1 to 9 values, each above 0; value 0 is 0");
  EXPECT_EQ(refused(">0..1; 1..9 values", "v=1,0"), "t: v takes 1 to 9 values, each above 0 and at most 1; value 1 is 0");
  EXPECT_EQ(refused("..; 1..9 values", "v=1,x,2"),
            "t: v takes 1 to 9 values, each a finite number; value 1 is \"x\", which is no number");
  EXPECT_EQ(refused("..; 1..9 values", ""), "t: v must be given: 1 to 9 values, each a finite number");
}

TEST(ListParams, TakeWhatTheirWordsSay) {
  EXPECT_EQ(refused("..; 1..2 values", "v=1,2"), "");
  EXPECT_EQ(refused("-inf..; 1..2 values", "v=-inf"), "");
  EXPECT_EQ(refused(">0..1; 1..2 values", "v=1"), "");
}

}  // namespace
}  // namespace sqs::dsp::test
