// argmax, quantile, running_quantile and histogram against NumPy, and the running form against the plain one.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "dtypes.hpp"
#include "sort_keys.hpp"
#include "sorted_runs.hpp"
#include "stage_harness.hpp"

namespace sqs::dsp::test {
namespace {

const std::string kP = "p=0,0.05,0.3,0.5,0.95,0.99,1";

TEST(Argmax, AgreesWithNumpyOnTiesInfinityAndNan) {
  const Vectors vectors("order");
  const Array got = run_stage("argmax", "", as_row(vectors["argmax-x"]));
  EXPECT_EQ(got.dtype, SQS_I32);
  EXPECT_EQ(got.shape, (std::vector<uint64_t>{1, 3}));
  expect_equal("argmax", got, vectors["argmax"]);
  expect_equal("argmax nan", run_stage("argmax", "", as_row(vectors["argmax-nan-x"])), vectors["argmax-nan"]);
}

// Every place a maximum can have, in lengths around those of the vectors the loop works in.
template <class T>
void check_every_place(int32_t dtype) {
  for (const uint64_t n : {1, 2, 7, 15, 16, 17, 31, 32, 33, 63, 64, 65, 130, 257}) {
    for (uint64_t place = 0; place < n; ++place) {
      std::vector<T> x(n, T{3});
      x[place] = T{9};
      if (place + 5 < n) x[place + 5] = T{9};
      const Array got = run_stage("argmax", "", Array::of<T>(dtype, {1, n}, x));
      ASSERT_EQ(got.at<int32_t>(0), static_cast<int32_t>(place)) << n;
    }
  }
}

TEST(Argmax, FindsEveryPlaceInEveryLength) {
  check_every_place<float>(SQS_F32);
  check_every_place<double>(SQS_F64);
  check_every_place<uint8_t>(SQS_U8);
  check_every_place<int64_t>(SQS_I64);
}

TEST(Argmax, FindsTheFirstNanInEveryLength) {
  for (const uint64_t n : {1, 16, 33, 257}) {
    for (uint64_t place = 0; place < n; ++place) {
      std::vector<float> x(n, std::numeric_limits<float>::infinity());
      for (uint64_t i = place; i < n; i += 3) x[i] = std::nanf("");
      ASSERT_EQ(run_stage("argmax", "", Array::of<float>(SQS_F32, {1, n}, x)).at<int32_t>(0), static_cast<int32_t>(place));
    }
  }
}

TEST(Quantile, AgreesWithNumpyNearestRank) {
  const Vectors vectors("order");
  for (const char* count : {"1", "2", "7", "100", "101"}) {
    const Array got = run_stage("quantile", kP, as_row(vectors[std::string("quantile-x-") + count]));
    EXPECT_EQ(got.shape, (std::vector<uint64_t>{1, 7, 2}));
    expect_equal(std::string("quantile ") + count, got, vectors[std::string("quantile-") + count]);
  }
  const Array got = run_stage("quantile", kP, as_row(vectors["quantile-x-i16"]));
  EXPECT_EQ(got.dtype, SQS_I16);
  expect_equal("quantile i16", got, vectors["quantile-i16"]);
}

TEST(Quantile, KeepsTheOrderInWhichQuantilesWereAskedFor) {
  const Array x = Array::of<float>(SQS_F32, {1, 4}, {4, 1, 3, 2});
  const Array got = run_stage("quantile", "p=1,0.25,0.5,0.25", x);
  expect_equal("quantile order", got, Array::of<float>(SQS_F32, {1, 4}, {4, 1, 2, 1}));
}

TEST(Quantile, SortsNanLastAndKeepsInfinities) {
  const float nan = std::nanf(""), inf = std::numeric_limits<float>::infinity();
  const Array x = Array::of<float>(SQS_F32, {1, 5}, {-nan, inf, 1, -inf, nan});
  const Array got = run_stage("quantile", "p=0.2,0.4,0.6,0.8,1", x);
  expect_equal("quantile nan", got, Array::of<float>(SQS_F32, {1, 5}, {-inf, 1, inf, nan, nan}));
}

TEST(RunningQuantile, AgreesWithNumpy) {
  const Vectors vectors("order");
  for (const auto& [window, hop] : {std::pair<uint64_t, uint64_t>{64, 16}, {60, 7}, {200, 100}, {130, 65}, {9, 1}, {20, 33}}) {
    const std::string key = "running-" + std::to_string(window) + "-" + std::to_string(hop);
    StageUnderTest stage("running_quantile", kP, {Input::windows(vectors["running-x"], window, hop)});
    expect_equal(key, stage.run(), vectors[key]);
  }
}

template <class T>
std::vector<T> random_values(std::mt19937_64& random, uint64_t count) {
  std::vector<T> values(count);
  const bool coarse = random() % 2 == 0;
  for (T& value : values) {
    if constexpr (std::is_floating_point_v<T>) {
      const double exponential = -std::log((static_cast<double>(random() >> 11) + 1) * 0x1p-53);
      value = static_cast<T>(coarse ? std::floor(4 * exponential) - 3 : exponential);
      if (random() % 50 == 0) value = std::numeric_limits<T>::quiet_NaN();
      if (random() % 50 == 0) value = -std::numeric_limits<T>::infinity();
      if (random() % 20 == 0) value = -T{0};
    } else {
      value = static_cast<T>(coarse ? random() % 9 : random());
    }
  }
  return values;
}

TEST(RunningQuantile, EqualsQuantileOfEveryWindow) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 150; ++round) {
    const auto pick = [&](uint64_t low, uint64_t high) { return low + random() % (high - low + 1); };
    // Hops on both sides of 64, where the form of the state changes; blocks long enough for the radix sort.
    const uint64_t hop = round % 3 == 0 ? pick(1, 64) : round % 3 == 1 ? pick(65, 200) : pick(256, 700);
    const uint64_t window = pick(1, 5 * hop + 3), channels = pick(1, 3), rows = pick(1, 12);
    const uint64_t frames = (rows - 1) * hop + window;
    const int32_t dtype = std::vector<int32_t>{SQS_F32, SQS_F64, SQS_I16, SQS_U64, SQS_I32}[random() % 5];
    const Array stream = visit_real(dtype, [&](auto chosen) {
      using T = typename decltype(chosen)::type;
      return Array::of<T>(dtype, {frames, channels}, random_values<T>(random, frames * channels));
    });
    const Input input = Input::windows(stream, window, hop);
    const Array plain = StageUnderTest("quantile", kP, {input}).run();
    const StageUnderTest running("running_quantile", kP, {input});
    Setting setting;
    setting.grouping = {pick(1, 5), pick(1, 3)};
    const std::string what = "window " + std::to_string(window) + " hop " + std::to_string(hop) + " dtype " + sqs_dtype_name(dtype);
    ASSERT_EQ(running.run(setting).bytes, plain.bytes) << what;
    const StageUnderTest copies("running_quantile", kP, {input.materialised()});
    ASSERT_EQ(copies.run(setting).bytes, plain.bytes) << what << ", copied windows";
  }
}

TEST(RunningQuantile, RefusesAHopThatTheWindowsDoNotHave) {
  const Array stream(SQS_F32, {100, 1});
  Input input = Input::windows(stream, 20, 5);
  const StageUnderTest stage("running_quantile", "hop=7", {input});
  try {
    stage.run();
    FAIL() << "no error";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "running_quantile: the windows lie 5 entries apart, but hop is 7");
  }
}

TEST(SortKeys, SortsAsTheValuesDo) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (const uint64_t count : {0, 1, 255, 256, 1000, 4096}) {
    for (const uint64_t mask : {UINT64_MAX, uint64_t{0xFF00}, uint64_t{0xF}, uint64_t{0xFFFF0000FFFF0000}}) {
      std::vector<uint64_t> keys(count), spare(count);
      for (uint64_t& key : keys) key = random() & mask;
      std::vector<uint64_t> expected = keys;
      std::sort(expected.begin(), expected.end());
      sort_keys(keys.data(), count, spare.data());
      ASSERT_EQ(keys, expected);
    }
  }
}

TEST(SortKeys, KeepOrderAndComeBack) {
  const double inf = std::numeric_limits<double>::infinity();
  const std::vector<double> ascending = {-inf, -1e300, -1, -5e-324, -0.0, 0.0, 5e-324, 1, 1e300, inf};
  for (size_t i = 0; i + 1 < ascending.size(); ++i) EXPECT_LT(to_key(ascending[i]), to_key(ascending[i + 1])) << i;
  for (const double value : ascending) EXPECT_EQ(std::signbit(from_key<double>(to_key(value))), std::signbit(value));
  for (const double value : ascending) EXPECT_EQ(from_key<double>(to_key(value)), value);
  EXPECT_GT(to_key(-std::nan("")), to_key(inf));
  EXPECT_TRUE(std::isnan(from_key<float>(to_key(-std::nanf("")))));
  for (const int value : {-128, -1, 0, 1, 127}) EXPECT_EQ(from_key<int8_t>(to_key(static_cast<int8_t>(value))), value);
  EXPECT_LT(to_key(int16_t{-5}), to_key(int16_t{4}));
  EXPECT_LT(to_key(INT64_MIN), to_key(int64_t{0}));
}

TEST(SelectFromRuns, EqualsSortingThemTogether) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 100; ++round) {
    const uint64_t range = round % 4 == 0 ? 5 : 1u << 30;
    std::vector<std::vector<uint32_t>> parts(1 + random() % 9);
    std::vector<uint32_t> all;
    for (auto& part : parts) {
      // Runs that overlap little are the hard ones.
      const uint64_t base = random() % range;
      part.resize(random() % 300);
      for (uint32_t& key : part) key = static_cast<uint32_t>(base + random() % (1 + range / 10));
      std::sort(part.begin(), part.end());
      all.insert(all.end(), part.begin(), part.end());
    }
    std::sort(all.begin(), all.end());
    for (uint64_t rank = 0; rank < all.size(); rank += 1 + all.size() / 40) {
      std::vector<SortedRun<uint32_t>> runs;
      for (const auto& part : parts) runs.push_back({part.data(), part.data() + part.size(), nullptr});
      ASSERT_EQ(select_from_runs(runs.data(), runs.size(), rank), all[rank]);
    }
  }
}

TEST(Histogram, AgreesWithNumpyOnEdgesToo) {
  const Vectors vectors("histogram");
  for (const char* bins : {"1", "10", "22", "2048"}) {
    const Array got = run_stage("histogram", std::string("lo=-2 hi=2 bins=") + bins, as_row(vectors["x"]));
    EXPECT_EQ(got.dtype, SQS_U32);
    expect_equal(std::string("histogram ") + bins, got, vectors[std::string("counts-") + bins]);
  }
  expect_equal("histogram i32", run_stage("histogram", "lo=100 hi=900 bins=7", as_row(vectors["x-i32"])), vectors["counts-i32"]);
}

}  // namespace
}  // namespace sqs::dsp::test
