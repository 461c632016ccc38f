// Elementwise stages, marks, statistics and filters against NumPy and SciPy.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "butterworth.hpp"
#include "stage_harness.hpp"

namespace sqs::dsp::test {
namespace {

TEST(Elementwise, AgreesWithNumpy) {
  const Vectors vectors("elementwise");
  const Array& x = vectors["x"];
  expect_near_scaled("log e", run_stage("log", "", x), vectors["log-e"], 2e-7);
  expect_near_scaled("log 2", run_stage("log", "base=2", x), vectors["log-2"], 2e-7);
  expect_near_scaled("log 10", run_stage("log", "base=10", x), vectors["log-10"], 2e-7);
  expect_near_scaled("log dB", run_stage("log", "base=10 factor=10 floor=0.5", x), vectors["db"], 2e-7);
  expect_near_scaled("magnitude c64", run_stage("magnitude", "", vectors["z"]), vectors["abs"], 2e-7);
  expect_near_scaled("scale", run_stage("scale", "factor=2.5 offset=-1", x), vectors["scaled"], 2e-7);
  expect_equal("convert f64 i16", run_stage("convert", "dtype=i16", vectors["f"]), vectors["f-i16"]);
  expect_equal("convert f64 f32", run_stage("convert", "dtype=f32", vectors["f"]), vectors["f-f32"]);
}

TEST(Log, LeavesNanAndMakesInfinity) {
  const Array x = Array::of<double>(SQS_F64, {3}, {0, std::nan(""), -1});
  const Array got = run_stage("log", "", x), floored = run_stage("log", "floor=1", x);
  EXPECT_EQ(got.real(0), -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(got.real(1)) && std::isnan(floored.real(1)));
  EXPECT_EQ(floored.real(0), 0);
  EXPECT_EQ(floored.real(2), 0);
}

TEST(Magnitude, OfRealsIsTheAbsoluteValue) {
  const Array x = Array::of<int16_t>(SQS_I16, {3}, {-32768, 5, -7});
  expect_equal("magnitude i16", run_stage("magnitude", "", x), Array::of<float>(SQS_F32, {3}, {32768, 5, 7}));
}

TEST(Convert, SaturatesAndMakesNanZero) {
  const double inf = std::numeric_limits<double>::infinity();
  const Array x = Array::of<double>(SQS_F64, {8}, {inf, -inf, std::nan(""), 1e10, -1e10, 255.9, -0.9, 256});
  expect_equal("convert u8", run_stage("convert", "dtype=u8", x), Array::of<uint8_t>(SQS_U8, {8}, {255, 0, 0, 255, 0, 255, 0, 255}));
  expect_equal("convert i32", run_stage("convert", "dtype=i32", x),
               Array::of<int32_t>(SQS_I32, {8}, {INT32_MAX, INT32_MIN, 0, INT32_MAX, INT32_MIN, 255, 0, 256}));
  const Array big = run_stage("convert", "dtype=u64", x);
  EXPECT_EQ(big.at<uint64_t>(0), UINT64_MAX);
  EXPECT_EQ(big.at<uint64_t>(3), 10000000000u);
  const Array wide = Array::of<int64_t>(SQS_I64, {4}, {INT64_MAX, INT64_MIN, -1, 200});
  expect_equal("convert i64 i8", run_stage("convert", "dtype=i8", wide), Array::of<int8_t>(SQS_I8, {4}, {127, -128, -1, 127}));
  EXPECT_EQ(run_stage("convert", "dtype=u64", wide).at<uint64_t>(2), 0u);
  EXPECT_EQ(run_stage("convert", "dtype=i64", wide).at<int64_t>(0), INT64_MAX);
  const Array complex = run_stage("convert", "dtype=c64", wide);
  EXPECT_EQ(complex.at<float>(6), 200.0f);
  EXPECT_EQ(complex.at<float>(7), 0.0f);
  EXPECT_EQ(run_stage("convert", "dtype=c128", complex).at<double>(6), 200.0);
}

TEST(Threshold, MarksWhatIsStrictlyAboveOrBelow) {
  const Array x = Array::of<float>(SQS_F32, {5}, {1, 2, 3, std::nanf(""), -4});
  expect_equal("threshold above", run_stage("threshold", "limit=2", x), Array::of<uint8_t>(SQS_U8, {5}, {0, 0, 1, 0, 0}));
  expect_equal("threshold below", run_stage("threshold", "limit=2 mode=below dtype=i32", x),
               Array::of<int32_t>(SQS_I32, {5}, {1, 0, 0, 0, 1}));
}

// The rows of x seen with `reach` neighbours on either side.
Input with_context(const Array& x, uint64_t reach) {
  Input input = Input::windows(x, 2 * reach + 1, 1);
  input.before = reach;
  input.has_context = true;
  return input;
}

TEST(LocalMax, AgreesWithArgrelmax) {
  const Vectors vectors("marks");
  for (const uint64_t reach : {1, 3, 12}) {
    const std::string suffix = std::to_string(reach);
    const Input input = with_context(vectors["x"], reach);
    expect_equal("local_max " + suffix, StageUnderTest("local_max", "", {input}).run(), vectors["peaks-" + suffix]);
    expect_equal("local_max high " + suffix, StageUnderTest("local_max", "height=1 dtype=i32", {input}).run(),
                 vectors["high-peaks-" + suffix]);
  }
}

TEST(LocalMax, MarksTheFirstOfEqualNeighboursAndNoneNearNan) {
  const float nan = std::nanf("");
  const Array x = Array::of<float>(SQS_F32, {12}, {0, 2, 2, 1, 0, 3, 1, nan, 5, 1, 6, 0});
  expect_equal("local_max ties", StageUnderTest("local_max", "", {with_context(x, 1)}).run(),
               Array::of<uint8_t>(SQS_U8, {10}, {1, 0, 0, 0, 1, 0, 0, 0, 0, 1}));
}

TEST(MeanVar, AgreesWithNumpy) {
  const Vectors vectors("statistics");
  for (const char* name : {"f64", "f32", "i16", "one"}) {
    const Array& x = vectors[std::string("x-") + name];
    for (const char* ddof : {"0", "1"}) {
      const std::string key = std::string("stats-") + name + "-" + ddof;
      if (!vectors.has(key)) continue;
      const Array got = run_stage("mean_var", std::string("ddof=") + ddof, x);
      EXPECT_EQ(got.dtype, SQS_F64);
      expect_near_each(key, got, vectors[key], 2e-14);
    }
  }
}

TEST(MeanVar, HasNoVarianceWithoutEnoughRows) {
  const Array one = run_stage("mean_var", "ddof=1", Array::of<double>(SQS_F64, {1, 2}, {4, 5}));
  EXPECT_EQ(one.real(0), 4);
  EXPECT_EQ(one.real(1), 5);
  EXPECT_TRUE(std::isnan(one.real(2)) && std::isnan(one.real(3)));
  const Array none = run_stage("mean_var", "", Array(SQS_F32, {0, 2}));
  for (uint64_t i = 0; i < 4; ++i) EXPECT_TRUE(std::isnan(none.real(i)));
}

TEST(MeanVar, PassesNanAndInfinityThrough) {
  const double inf = std::numeric_limits<double>::infinity();
  const Array got = run_stage("mean_var", "", Array::of<double>(SQS_F64, {3, 3}, {inf, 1, 1, 2, std::nan(""), 2, 3, 3, 3}));
  EXPECT_EQ(got.real(0), inf);
  EXPECT_TRUE(std::isnan(got.real(1)));
  EXPECT_EQ(got.real(2), 2);
  EXPECT_TRUE(std::isnan(got.real(3)) && std::isnan(got.real(4)));
}

Array normalised(const Array& x, const Array& stats, const std::string& params) {
  Input data, statistics;
  data.array = x;
  std::vector<uint64_t> shape = stats.shape;
  shape.insert(shape.begin(), 1);
  statistics.array = stats.shaped(shape);
  statistics.is_reduce = true;
  return StageUnderTest("normalise", params, {data, statistics}).run();
}

TEST(Normalise, AgreesWithZscore) {
  const Vectors vectors("statistics");
  const Array& x = vectors["z-x"];
  expect_near_scaled("normalise f32", normalised(x, run_stage("mean_var", "", x), ""), vectors["z"], 1e-7);
}

TEST(Normalise, GivesWindowsTheStatisticsOfTheirChannels) {
  const Array windows = Array::of<double>(SQS_F64, {2, 2, 2}, {1, 10, 2, 20, 3, 30, 4, 40});
  const Array stats = Array::of<double>(SQS_F64, {2, 2}, {1, 10, 4, 25});
  expect_equal("normalise windows", normalised(windows, stats, ""),
               Array::of<double>(SQS_F64, {2, 2, 2}, {0, 0, 0.5, 2, 1, 4, 1.5, 6}));
}

TEST(Normalise, RaisesSmallDeviationsToTheFloor) {
  const Array x = Array::of<double>(SQS_F64, {2}, {3, 3}), stats = Array::of<double>(SQS_F64, {2}, {2, 0});
  expect_equal("normalise floor", normalised(x, stats, "floor=0.5"), Array::of<double>(SQS_F64, {2}, {2, 2}));
  EXPECT_EQ(normalised(x, stats, "").real(0), std::numeric_limits<double>::infinity());
}

Array as_array(const Sections& sections) {
  Array out(SQS_F64, {sections.count, 6});
  for (uint32_t s = 0; s < sections.count; ++s) {
    const Section& c = sections.at[s];
    const double row[] = {c.b0, c.b1, c.b2, 1, c.a1, c.a2};
    for (uint64_t i = 0; i < 6; ++i) out.set(6 * s + i, row[i]);
  }
  return out;
}

// Relative to the largest coefficient of the same numerator or denominator: the others are rounding next to it.
void expect_sections(const std::string& what, const Array& got, const Array& expected) {
  ASSERT_EQ(got.shape, expected.shape) << what;
  const uint64_t halves = expected.count() / 3;
  for (uint64_t half = 0; half < halves; ++half) {
    Array a(SQS_F64, {3}), b(SQS_F64, {3});
    for (uint64_t i = 0; i < 3; ++i) {
      a.set(i, got.real(3 * half + i));
      b.set(i, expected.real(3 * half + i));
    }
    expect_near_scaled(what + " half " + std::to_string(half), a, b, 1e-12);
  }
}

TEST(Butter, AgreesWithScipySectionBySection) {
  const Vectors vectors("filters");
  const struct {
    const char* name;
    Band band;
    double low, high;
  } designs[] = {{"lowpass", Band::LowPass, 0, 40},
                 {"highpass", Band::HighPass, 0.5, 0},
                 {"bandpass", Band::BandPass, 0.5, 40},
                 {"bandstop", Band::BandStop, 48, 52}};
  for (const auto& design : designs) {
    for (const uint32_t order : {1u, 2u, 3u, 4u, 5u, 8u}) {
      const std::string key = std::string("butter-") + design.name + "-" + std::to_string(order);
      const Sections got = butter(design.band, order, design.low / 180, design.high / 180);
      EXPECT_EQ(got.count, butter_sections(design.band, order)) << key;
      expect_sections(key, as_array(got), vectors[key]);
    }
  }
  expect_sections("butter-lowpass-24", as_array(butter(Band::LowPass, 24, 0, 150.0 / 180)), vectors["butter-lowpass-24"]);
}

TEST(Sosfilt, AgreesWithScipyInEveryNumberOfChannels) {
  const Vectors vectors("filters");
  const std::string design = "butter=bandpass order=4 low=0.5 high=40";
  Setting at_360;
  at_360.sample_rate = 360;
  for (const char* channels : {"1", "2", "3", "5", "8", "15"}) {
    const Array& x = vectors[std::string("x-") + channels];
    expect_near_scaled(std::string("sosfilt ") + channels, run_stage("sosfilt", design, x, at_360), vectors[std::string("y-") + channels], 1e-12);
    expect_near_scaled(std::string("sosfilt steady ") + channels, run_stage("sosfilt", design + " init=steady rate=360", x),
                       vectors[std::string("steady-") + channels], 1e-11);
  }
}

TEST(Sosfilt, TakesSectionsAsNumbersAndChoosesTheOutputDtype) {
  const Vectors vectors("filters");
  const Array& sos = vectors["sos"];
  std::string params = "sos=";
  for (uint64_t i = 0; i < sos.count(); ++i) {
    char digits[40];
    std::snprintf(digits, sizeof digits, "%s%.17g", i > 0 ? "," : "", sos.real(i));
    params += digits;
  }
  const Array narrow = run_stage("sosfilt", params, vectors["sos-x"]);
  const Array wide = run_stage("sosfilt", params + " dtype=f64", vectors["sos-x"]);
  EXPECT_EQ(narrow.dtype, SQS_F32);
  EXPECT_EQ(wide.dtype, SQS_F64);
  expect_near_scaled("sosfilt i16 to f32", narrow, vectors["sos-y"], 1e-7);
  expect_near_scaled("sosfilt i16 to f64", wide, vectors["sos-y"], 1e-14);
}

}  // namespace
}  // namespace sqs::dsp::test
