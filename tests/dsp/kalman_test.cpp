// kalman, rts and kalman_smooth against textbook recursions in NumPy that keep every row, and what they must do at the edges.
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <stdexcept>

#include "model_params.hpp"
#include "stage_harness.hpp"

namespace sqs::dsp::test {
namespace {

Array part(const Array& whole, uint64_t from, uint64_t count) {
  const uint64_t rows = whole.shape[0], elements = whole.count() / rows;
  Array out(SQS_F64, {rows, count});
  for (uint64_t row = 0; row < rows; ++row)
    for (uint64_t i = 0; i < count; ++i) out.set(row * count + i, whole.at<double>(row * elements + from + i));
  return out;
}

// Means and covariances each to their own largest value.
void expect_near(const std::string& what, const Array& got, const Array& expected, double tolerance) {
  ASSERT_EQ(got.shape, expected.shape) << what;
  const uint64_t n = expected.shape[2];
  expect_near_scaled(what + " mean", part(got, 0, n), part(expected, 0, n), tolerance);
  expect_near_scaled(what + " covariance", part(got, n, n * n), part(expected, n, n * n), tolerance);
}

void expect_agreement(const Vectors& vectors, const std::string& name, double tolerance) {
  const Array filtered = run_stage("kalman", model_of(vectors, name), vectors[name + "-y"]);
  expect_near("kalman " + name, filtered, vectors[name + "-filtered"], tolerance);
  const Array smoothed = run_stage("rts", dynamics_of(vectors, name), filtered);
  expect_near("rts " + name, smoothed, vectors[name + "-smoothed"], tolerance);
}

TEST(Kalman, AgreesWithTheTextbook) {
  const Vectors vectors("kalman");
  for (const std::string name : kKalmanCases) expect_agreement(vectors, name, 1e-11);
}

TEST(Kalman, AgreesWithTheTextbookOnRowsWithMissingObservations) {
  const Vectors vectors("kalman");
  for (const std::string name : kKalmanCases) expect_agreement(vectors, name + "-missing", 1e-11);
}

TEST(Kalman, AgreesWhereCovariancesAreSingular) { expect_agreement(Vectors("kalman"), "line", 1e-9); }

// Each state by itself, or errors in the small one would not show.
TEST(Kalman, AgreesWhereUnitsAreFarApart) {
  const Vectors vectors("kalman");
  const Array filtered = run_stage("kalman", model_of(vectors, "units"), vectors["units-y"]);
  const Array smoothed = run_stage("rts", dynamics_of(vectors, "units"), filtered);
  for (const uint64_t element : {0, 1, 2, 3, 5}) {
    const std::string what = "units, element " + std::to_string(element);
    expect_near_scaled("kalman " + what, part(filtered, element, 1), part(vectors["units-filtered"], element, 1), 1e-11);
    expect_near_scaled("rts " + what, part(smoothed, element, 1), part(vectors["units-smoothed"], element, 1), 1e-11);
  }
}

TEST(Kalman, MissingRowsLeaveThePrediction) {
  const double nan = std::nan("");
  const Array y = Array::of<double>(SQS_F64, {3}, {nan, nan, nan});
  const Array got = run_stage("kalman", "F=2 H=1 Q=3 R=1 m0=5 P0=7", y);
  expect_equal("prediction", got, Array::of<double>(SQS_F64, {3, 2, 1}, {5, 7, 10, 31, 20, 127}));
}

TEST(Kalman, TakesNaNOfSinglesAndPlainIntegers) {
  const std::string model = "F=1 H=1 Q=1 R=1 P0=3";
  const Array singles = run_stage("kalman", model, Array::of<float>(SQS_F32, {2}, {4, std::nanf("")}));
  const Array integers = run_stage("kalman", model, Array::of<int16_t>(SQS_I16, {2}, {4, 3}));
  const auto first_row = [](const Array& rows) { return part(rows, 0, 2).at<double>(0); };
  EXPECT_EQ(first_row(singles), 3);
  EXPECT_EQ(first_row(integers), 3);
  EXPECT_EQ(singles.at<double>(2), 3);
}

TEST(Kalman, PacksTheLowerTriangle) {
  const Vectors vectors("kalman");
  for (const std::string name : kKalmanCases) {
    const std::string model = model_of(vectors, name);
    const Array full = run_stage("kalman", model, vectors[name + "-y"]), packed = run_stage("kalman", model + "output=packed", vectors[name + "-y"]),
                mean = run_stage("kalman", model + "output=mean", vectors[name + "-y"]);
    const uint64_t n = full.shape[2], rows = full.shape[0];
    ASSERT_EQ(packed.shape[1], n + n * (n + 1) / 2);
    for (uint64_t row = 0; row < rows; ++row) {
      const uint64_t from = row * (n + 1) * n;
      uint64_t at = row * packed.shape[1];
      for (uint64_t i = 0; i < n; ++i, ++at) {
        ASSERT_EQ(packed.at<double>(at), full.at<double>(from + i));
        ASSERT_EQ(mean.at<double>(row * n + i), full.at<double>(from + i));
      }
      for (uint64_t i = 0; i < n; ++i) {
        for (uint64_t j = 0; j <= i; ++j, ++at) {
          ASSERT_EQ(packed.at<double>(at), full.at<double>(from + n + i * n + j));
          ASSERT_EQ(packed.at<double>(at), full.at<double>(from + n + j * n + i)) << "covariances are symmetric to the last bit";
        }
      }
    }
    EXPECT_EQ(run_stage("rts", dynamics_of(vectors, name), packed).bytes, run_stage("rts", dynamics_of(vectors, name), full).bytes);
  }
}

TEST(Kalman, SmoothIsTheTwoInOne) {
  const Vectors vectors("kalman");
  for (const std::string name : {"2-1-missing", "4-2", "7-5"}) {
    const Array& y = vectors[name + "-y"];
    const Array by_hand = run_stage("rts", dynamics_of(vectors, name), run_stage("kalman", model_of(vectors, name), y));
    EXPECT_EQ(run_stage("kalman_smooth", model_of(vectors, name), y).bytes, by_hand.bytes);
    const Array mean = run_stage("kalman_smooth", model_of(vectors, name) + "output=mean", y);
    EXPECT_EQ(mean.bytes, part(by_hand, 0, by_hand.shape[2]).bytes);
  }
}

TEST(Kalman, LastSmoothedRowIsTheFilters) {
  const Vectors vectors("kalman");
  const Array filtered = run_stage("kalman", model_of(vectors, "4-2"), vectors["4-2-y"]);
  const Array smoothed = run_stage("rts", dynamics_of(vectors, "4-2"), filtered);
  EXPECT_EQ(smoothed.rows(29, 1).bytes, filtered.rows(29, 1).bytes);
  EXPECT_NE(smoothed.rows(28, 1).bytes, filtered.rows(28, 1).bytes);
}

TEST(Kalman, TellsOfACovarianceThatOverflows) {
  const Array y = Array::of<double>(SQS_F64, {400}, [] {
    std::vector<double> values(400, std::nan(""));
    values.back() = 1;
    return values;
  }());
  try {
    run_stage("kalman", "F=10 H=1 Q=1 R=1 P0=1", y);
    ADD_FAILURE() << "took a covariance of 1e800";
  } catch (const std::runtime_error& failure) {
    EXPECT_EQ(std::string(failure.what()).rfind("kalman: at row 399 the covariance of the state has grown beyond what numbers hold", 0), 0u)
        << failure.what();
  }
}

// Two that see the same state, known to 1e18: the noise that tells them apart is lost in the rounding of the sum.
TEST(Kalman, TellsOfAnInnovationThatRoundingDecides) {
  const Array y = Array::of<double>(SQS_F64, {1, 2}, {1, 2});
  const std::string model = "F=1 H=3,3 Q=1 R=1,0,0,1 P0=";
  EXPECT_EQ(failure("kalman", model + "1e18", {y}).rfind("kalman: at row 0 the covariance of the innovation, H P H' + R, is not", 0), 0u);
  EXPECT_EQ(failure("kalman", model + "1e12", {y}), "");
}

TEST(Kalman, TellsWhatIsWrongWithAModel) {
  const Array two(SQS_F32, {4, 2}), one(SQS_F32, {4}), wide(SQS_F32, {4, 17}), complex(SQS_C64, {4});
  EXPECT_EQ(refusal("kalman", "H=1 Q=1 R=1 P0=1", one), "kalman: F must be given: 1 to 256 values, each a finite number");
  EXPECT_EQ(refusal("kalman", "F=1,2,3 H=1 Q=1 R=1 P0=1", one), "kalman: F has 3 values, which make no square matrix");
  EXPECT_EQ(refusal("kalman", "F=1,0,0,1 H=1,0 Q=1 R=1 P0=1,0,0,1", one), "kalman: Q has 1 values; it takes 2 x 2 = 4");
  EXPECT_EQ(refusal("kalman", "F=1 H=1 Q=1 R=1,0,0,1 P0=1", two), "kalman: H has 1 values; it takes 2 x 1 = 2");
  EXPECT_EQ(refusal("kalman", "F=1 H=1,1 Q=1 R=1 P0=1", two), "kalman: R has 1 values; it takes 2 x 2 = 4");
  EXPECT_EQ(refusal("kalman", "F=1 H=1 Q=1 R=1 P0=1 m0=1,2", one), "kalman: m0 has 2 values; it takes 1 x 1 = 1");
  EXPECT_EQ(refusal("kalman", "F=1 H=1,1 Q=1 R=1,0.5,0.25,1 P0=1", two),
            "kalman: R is not symmetric: entry (1, 0) is 0.25, entry (0, 1) is 0.5");
  EXPECT_EQ(refusal("kalman", "F=1 H=1 Q=-2 R=1 P0=1", one),
            "kalman: Q is not positive semidefinite, as a covariance is: its least eigenvalue is -2");
  EXPECT_EQ(refusal("kalman", "F=1 H=1 Q=1 R=1 P0=-1", one),
            "kalman: P0 is not positive semidefinite, as a covariance is: its least eigenvalue is -1");
  EXPECT_EQ(refusal("kalman", "F=1 H=1 Q=1 R=0 P0=1", one),
            "kalman: R is not positive definite: its least eigenvalue is 0; an observation without noise needs a small variance");
  EXPECT_EQ(refusal("kalman", "F=1 H=1 Q=1 R=1 P0=1", wide),
            "kalman: a row of \"an input\" has 17 elements; at most 16 can be observed at once");
  EXPECT_EQ(refusal("kalman", "F=1 H=1 Q=1 R=1 P0=1", complex), "kalman: \"an input\" is complex (c64); take its magnitude first");
  EXPECT_EQ(refusal("rts", "F=1,0,0,1 Q=1,0,0,1", two),
            "rts: rows of \"an input\" are not f64 of shape (3, 2) or (5), as a kalman stage of 2 states gives with output=mean_cov or "
            "output=packed");
  EXPECT_EQ(refusal("kalman_smooth", "F=1 H=1 Q=-2 R=1 P0=1", one),
            "kalman_smooth: Q is not positive semidefinite, as a covariance is: its least eigenvalue is -2");
}

}  // namespace
}  // namespace sqs::dsp::test
