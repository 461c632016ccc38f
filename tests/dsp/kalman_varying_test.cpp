// Kalman filters whose H and R come row by row from further inputs: against Gaussians conditioned in NumPy, against the same
// models as parameters, and what they say to rows that no model has.
#include <gtest/gtest.h>

#include <cmath>

#include "model_params.hpp"
#include "stage_harness.hpp"

namespace sqs::dsp::test {
namespace {

constexpr const char* kCases[] = {"1-1", "2-3", "4-2", "5-4", "6-2"};
constexpr const char* kOne = "F=1 Q=1 P0=3 ";            // one state, for one element of y
constexpr const char* kTwo = "F=1,0,0,1 Q=1,0,0,1 P0=3,0,0,3 ";

std::string start_of(const Vectors& vectors, const std::string& name) {
  return dynamics_of(vectors, name) + list_param("m0", vectors[name + "-m0"]) + list_param("P0", vectors[name + "-P0"]);
}

std::vector<Array> inputs_of(const Vectors& vectors, const std::string& name) {
  return {vectors[name + "-y"], vectors[name + "-H"], vectors[name + "-R"]};
}

Array column(const std::vector<double>& values) { return Array::of<double>(SQS_F64, {values.size()}, values); }
Array pairs(const std::vector<double>& values) { return Array::of<double>(SQS_F64, {values.size() / 2, 2}, values); }
Array squares(const std::vector<double>& values) { return Array::of<double>(SQS_F64, {values.size() / 4, 2, 2}, values); }

// `rows` copies of an array, one under the other.
Array repeated(const Array& one, uint64_t rows) {
  std::vector<uint64_t> shape = one.shape;
  shape.insert(shape.begin(), rows);
  Array out(one.dtype, shape);
  for (uint64_t row = 0; row < rows; ++row)
    std::memcpy(out.bytes.data() + row * one.bytes.size(), one.bytes.data(), one.bytes.size());
  return out;
}

Array as_dtype(const Array& values, const char* dtype) { return run_stage("convert", std::string("dtype=") + dtype, values); }

TEST(KalmanVarying, AgreesWithConditionedGaussians) {
  const Vectors vectors("kalman_varying");
  for (const std::string name : kCases) {
    const std::vector<Array> inputs = inputs_of(vectors, name);
    const Array filtered = run_stage("kalman", start_of(vectors, name), inputs);
    expect_near_scaled("kalman " + name, filtered, vectors[name + "-filtered"], 1e-9);
    expect_near_scaled("rts " + name, run_stage("rts", dynamics_of(vectors, name), filtered), vectors[name + "-smoothed"], 1e-9);
    expect_near_scaled("kalman_smooth " + name, run_stage("kalman_smooth", start_of(vectors, name), inputs),
                       vectors[name + "-smoothed"], 1e-9);
  }
}

// A model that is the same in every row takes the same operations, wherever it comes from.
TEST(KalmanVarying, GivesTheBytesOfTheParametersIfNothingVaries) {
  const Vectors vectors("kalman");
  for (const std::string shape : kKalmanCases) {
    for (const std::string& name : {shape, shape + "-missing"}) {
      SCOPED_TRACE(name);
      const Array& y = vectors[name + "-y"];
      const Array H = repeated(vectors[name + "-H"], y.shape[0]), R = repeated(vectors[name + "-R"], y.shape[0]);
      const std::string start = start_of(vectors, name);
      const std::string H_param = list_param("H", vectors[name + "-H"]), R_param = list_param("R", vectors[name + "-R"]);
      for (const char* type : {"kalman", "kalman_smooth"}) {
        const std::vector<std::byte> expected = run_stage(type, start + H_param + R_param, y).bytes;
        EXPECT_EQ(run_stage(type, start, {y, H, R}).bytes, expected) << type;
        EXPECT_EQ(run_stage(type, start + R_param, {y, H}).bytes, expected) << type << ", H in rows";
        EXPECT_EQ(run_stage(type, start + H_param, {y, R}).bytes, expected) << type << ", R in rows";
      }
    }
  }
}

TEST(KalmanVarying, TakesEveryRealDtypeAndShape) {
  const Array y = pairs({1, -2, 3, 0.5, -1, 4}), H = squares({1, 0, 2, 1, 0, 1, 1, 3, 2, 2, 1, 0});
  const Array R = squares({4, 1, 1, 2, 3, 0, 0, 1, 8, 2, 2, 5});
  const std::vector<std::byte> expected = run_stage("kalman", kTwo, {y, H, R}).bytes;
  for (const char* dtype : {"u8", "i16", "u32", "i64", "f32"})
    EXPECT_EQ(run_stage("kalman", kTwo, {y, as_dtype(H, dtype), as_dtype(R, dtype)}).bytes, expected) << dtype;
  EXPECT_EQ(run_stage("kalman", kTwo, {y, H.shaped({3, 4}), R.shaped({3, 1, 4, 1})}).bytes, expected);
}

// A reduce has one row, seen at every t.
TEST(KalmanVarying, ReadsAModelFromAReduce) {
  const Array y = column({4, 2, -1});
  std::vector<Input> inputs(3);
  inputs[0].array = y;
  inputs[1].array = column({2});
  inputs[2].array = column({5});
  inputs[1].is_reduce = inputs[2].is_reduce = true;
  EXPECT_EQ(StageUnderTest("kalman", kOne, inputs).run().bytes, run_stage("kalman", std::string(kOne) + "H=2 R=5", y).bytes);
}

TEST(KalmanVarying, TakesAnObservationWithoutNoise) {
  const Array got = run_stage("kalman", std::string(kOne) + "H=2 output=mean", {column({4, 6}), column({0, 0})});
  EXPECT_DOUBLE_EQ(got.at<double>(0), 2);
  EXPECT_DOUBLE_EQ(got.at<double>(1), 3);
}

TEST(KalmanVarying, AllowsForTheRoundingOfSingles) {
  const Array y = pairs({1, 2}), H = squares({1, 0, 0, 1}), R = squares({1, 0.3f, std::nextafterf(0.3f, 1), 1});
  EXPECT_EQ(failure("kalman", kTwo, {y, H, as_dtype(R, "f32")}), "");
  EXPECT_EQ(failure("kalman", kTwo, {y, H, R}).rfind("kalman: at row 0 R is not symmetric: entry (1, 0) is 0.3", 0), 0u);
}

// A covariance that is not quite symmetric is made so as a parameter is.
TEST(KalmanVarying, MakesACovarianceSymmetricAsTheParameter) {
  const Array y = pairs({1, 2}), H = squares({1, 0, 1, 2}), R = squares({1, 0.3, 0.3 + 1e-10, 1});
  const std::string H_and_R = "H=1,0,1,2 " + list_param("R", R);
  EXPECT_EQ(run_stage("kalman", kTwo, {y, H, R}).bytes, run_stage("kalman", kTwo + H_and_R, y).bytes);
}

// What is wrong with row 2 of three; however rows are grouped, the sentence names it.
std::string failure_in_row_2(const std::vector<Array>& inputs, const std::string& params = kTwo) {
  const std::string at_once = failure("kalman", params, inputs);
  Setting one_by_one;
  one_by_one.grouping = kOneByOne;
  EXPECT_EQ(failure("kalman", params, inputs, one_by_one), at_once);
  return at_once;
}

TEST(KalmanVarying, NamesTheRowThatCanNotBeObserved) {
  const double nan = std::nan("");
  const Array y = pairs({1, 2, 3, 4, 5, 6}), H = squares({1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1});
  const Array R = squares({1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1});
  const auto with = [](Array rows, uint64_t entry, double value) {
    rows.set(8 + entry, value);
    return rows;
  };
  EXPECT_EQ(failure_in_row_2({y, H, R}), "");
  const Array twice = with(with(H, 2, 1), 3, 0), nothing = with(with(R, 0, 0), 3, 0);
  const std::string singular =
      "kalman: at row 2 the covariance of the innovation, H P H' + R, is not positive definite in the digits that numbers have: "
      "give what is observed without noise a variance in R, or leave it out as NaN";
  EXPECT_EQ(failure_in_row_2({y, twice, nothing}), singular);
  EXPECT_EQ(failure_in_row_2({y, with(with(H, 0, 0), 1, 0), nothing}), singular);
  EXPECT_EQ(failure_in_row_2({y, with(H, 2, nan), R}),
            "kalman: at row 2 entry (1, 0) of H is nan, but element 1 of the observation is there: one that is missing is NaN");
  EXPECT_EQ(failure_in_row_2({y, H, with(R, 1, INFINITY)}),
            "kalman: at row 2 entry (0, 1) of R is inf, but the observation is there: an element that is missing is NaN");
  EXPECT_EQ(failure_in_row_2({y, H, with(R, 1, 0.25)}),
            "kalman: at row 2 R is not symmetric: entry (1, 0) is 0, entry (0, 1) is 0.25");
  EXPECT_EQ(failure_in_row_2({y, H, with(R, 3, -2)}),
            "kalman: at row 2 R is not positive semidefinite, as a covariance is: its least eigenvalue is -2");
  const Array correlated_with_nothing = with(with(with(R, 1, 2), 2, 2), 3, 0);
  EXPECT_EQ(failure_in_row_2({y, H, correlated_with_nothing}).rfind("kalman: at row 2 R is not positive semidefinite", 0), 0u);
  EXPECT_EQ(failure_in_row_2({column({1, 2, 3}), column({1, 1, -1})}, std::string(kOne) + "H=1"),
            "kalman: at row 2 R is not positive semidefinite, as a covariance is: its least eigenvalue is -1");
}

// With element 0 missing, entries are still named by where they lie in the whole of H and R.
TEST(KalmanVarying, NamesEntriesOfTheWholeMatrix) {
  const double nan = std::nan("");
  const Array y = pairs({nan, 2});
  EXPECT_EQ(failure("kalman", kTwo, {y, squares({nan, nan, 1, nan}), squares({1, 0, 0, 1})}),
            "kalman: at row 0 entry (1, 1) of H is nan, but element 1 of the observation is there: one that is missing is NaN");
  EXPECT_EQ(failure("kalman", kTwo, {y, squares({nan, nan, 1, 1}), squares({nan, nan, nan, INFINITY})}),
            "kalman: at row 0 entry (1, 1) of R is inf, but the observation is there: an element that is missing is NaN");
}

TEST(KalmanVarying, TellsWhichOfParametersAndInputsIsMissingOrTooMuch) {
  const Array y = column({1, 2}), one = column({1, 1}), two = pairs({1, 2, 3, 4}), complex(SQS_C64, {2});
  const auto refused = [](const std::string& params, const std::vector<Array>& inputs) {
    return refusal("kalman", kOne + params, inputs);
  };
  EXPECT_EQ(refused("R=1", {y}), "kalman: H must be given, as a parameter or as the rows of a second input");
  EXPECT_EQ(refused("H=1", {y}), "kalman: R must be given, as a parameter or as the rows of a second input");
  EXPECT_EQ(refused("", {y}), "kalman: H must be given, as a parameter or as the rows of a second input");
  EXPECT_EQ(refused("", {y, one}), "kalman: R must be given, as a parameter or as the rows of a third input");
  EXPECT_EQ(refused("H=1 R=1", {y, one}),
            "kalman: H and R are both given as parameters, so there is nothing for \"an input\" to hold: leave out the "
            "parameter that it holds");
  EXPECT_EQ(refused("H=1", {y, one, one}), "kalman: with three inputs the second holds H and the third R, but H is given as a "
                                           "parameter too: leave out the parameter or the input");
  EXPECT_EQ(refused("R=1", {y, one, one}), "kalman: with three inputs the second holds H and the third R, but R is given as a "
                                           "parameter too: leave out the parameter or the input");
  EXPECT_EQ(refused("", {y, two, one}),
            "kalman: a row of \"an input\", which holds H, has 2 elements; it takes 1 x 1 = 1");
  EXPECT_EQ(refused("H=1", {y, two}), "kalman: a row of \"an input\", which holds R, has 2 elements; it takes 1 x 1 = 1");
  EXPECT_EQ(refused("R=1", {y, complex}), "kalman: \"an input\" is complex (c64); take its magnitude first");
  EXPECT_EQ(refused("R=0", {y, one}).rfind("kalman: R is not positive definite", 0), 0u);
  EXPECT_EQ(refusal("kalman_smooth", std::string(kOne) + "H=1", {y, two}),
            "kalman_smooth: a row of \"an input\", which holds R, has 2 elements; it takes 1 x 1 = 1");
}

}  // namespace
}  // namespace sqs::dsp::test
