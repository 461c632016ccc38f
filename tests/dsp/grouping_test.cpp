// Every stage type gives the same bytes however its rows are grouped into calls and wherever its inputs lie in memory, and
// allocates nothing while it runs (StageUnderTest sees to that, and to writes outside the rows).
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <set>

#include "dtypes.hpp"
#include "stage_harness.hpp"

namespace sqs::dsp::test {
namespace {

struct Case {
  const char* type;
  std::string params;
  std::vector<Input> inputs;
};

// Values of every size and sign, with a NaN or an infinity now and then.
Array random_array(std::mt19937_64& random, int32_t dtype, std::vector<uint64_t> shape, bool finite = false) {
  Array array(dtype, std::move(shape));
  const int32_t part = dtype == SQS_C64 ? SQS_F32 : dtype == SQS_C128 ? SQS_F64 : dtype;
  visit_real(part, [&](auto chosen) {
    using T = typename decltype(chosen)::type;
    for (uint64_t i = 0; i < array.real_count(); ++i) {
      const double unit = static_cast<double>(random() >> 11) * 0x1p-52 - 1;
      if constexpr (std::is_floating_point_v<T>) {
        double value = unit * std::pow(10.0, static_cast<double>(random() % 7) - 3);
        if (!finite && random() % 997 == 0) value = random() % 2 == 0 ? std::nan("") : INFINITY;
        array.set<T>(i, static_cast<T>(value));
      } else {
        array.set<T>(i, static_cast<T>(random()));
      }
    }
  });
  return array;
}

Input plain(const Array& array) {
  Input input;
  input.array = array;
  return input;
}

Input context(const Array& array, uint64_t before, uint64_t after) {
  Input input = Input::windows(array, before + 1 + after, 1);
  input.before = before;
  input.has_context = true;
  return input;
}

constexpr int32_t kReals[] = {SQS_U8, SQS_I8, SQS_U16, SQS_I16, SQS_U32, SQS_I32, SQS_U64, SQS_I64, SQS_F32, SQS_F64};

// Windows of streams in one, two and three channels, in every dtype that a type takes.
std::vector<Case> window_cases(std::mt19937_64& random) {
  std::vector<Case> cases;
  for (const uint64_t channels : {1, 2, 3}) {
    for (const int32_t dtype : kReals) {
      const uint64_t window = 1 + random() % 90, hop = 1 + random() % 40, rows = 1 + random() % 20;
      const Input input = Input::windows(random_array(random, dtype, {(rows - 1) * hop + window + random() % hop, channels}), window, hop);
      for (const char* output : {"complex", "magnitude", "power"}) cases.push_back({"rfft", std::string("window=hann output=") + output, {input}});
      cases.push_back({"rfft", "n=64", {input}});
      cases.push_back({"taper", "window=kaiser beta=5", {input}});
      cases.push_back({"argmax", "", {input}});
      cases.push_back({"quantile", "p=0.1,0.5,0.95", {input}});
      cases.push_back({"running_quantile", "p=0.1,0.5,0.95", {input}});
      cases.push_back({"histogram", "bins=13 lo=-50 hi=100", {input}});
      cases.push_back({"band_sums", "bands=0,1,0," + std::to_string(window) + " unit=bins", {input}});
      cases.push_back({"band_sums", "bands=-20,3,2,500 rate=100 layout=twosided", {input}});
    }
    for (const int32_t dtype : {SQS_C64, SQS_C128}) {
      const Input input = Input::windows(random_array(random, dtype, {200, channels}), 37 + channels, 11);
      for (const char* output : {"complex", "magnitude", "power"}) cases.push_back({"fft", std::string("shift=true window=hamming output=") + output, {input}});
      cases.push_back({"taper", "sym=true", {input}});
      cases.push_back({"band_sums", "bands=-20,3,2,500 rate=100 layout=shifted", {input}});
    }
  }
  const Input long_blocks = Input::windows(random_array(random, SQS_F32, {6000, 1}), 2000, 500);
  cases.push_back({"running_quantile", "p=0.5,0.95", {long_blocks}});
  return cases;
}

std::vector<Case> row_cases(std::mt19937_64& random) {
  std::vector<Case> cases;
  const std::vector<std::vector<uint64_t>> shapes = {{}, {1}, {2}, {3}, {7, 1}, {5, 3}, {40, 2}, {12}};
  for (const auto& row : shapes) {
    for (const int32_t dtype : kReals) {
      std::vector<uint64_t> shape = row;
      shape.insert(shape.begin(), 1 + random() % 150);
      const Input input = plain(random_array(random, dtype, shape));
      const Input finite = plain(random_array(random, dtype, shape, true));
      for (const char* type : {"magnitude", "log", "scale", "mean_var"}) cases.push_back({type, "", {input}});
      cases.push_back({"convert", "dtype=i16", {input}});
      cases.push_back({"convert", "dtype=c128", {input}});
      cases.push_back({"threshold", "limit=1", {input}});
      cases.push_back({"threshold", "limit=0.5 mode=below dtype=i32", {input}});
      cases.push_back({"sosfilt", "butter=bandpass order=3 low=5 high=20 rate=100 init=steady", {finite}});
      cases.push_back({"sosfilt", "sos=1,2,1,1,-0.5,0.25 dtype=f64", {input}});
      cases.push_back({"sosfilt", "butter=bandpass order=3 low=5 high=20 rate=100 init=steady direction=backward", {finite}});
      cases.push_back({"lfilter", "b=1,2,1 a=2,-0.5,0.25,0.1,0.1 init=steady", {finite}});
      cases.push_back({"lfilter", "b=1,0.5,0.25,0.125 direction=backward dtype=f64", {input}});
      cases.push_back({"sosfilt", "sos=1,2,1,1,-0.5,0.25 zi=3,-1", {finite}});
      cases.push_back({"lfilter", "b=1,2,1 a=2,-0.5,0.25,0.1 zi=1,-2,7 direction=backward", {finite}});
      cases.push_back({"sosfiltfilt", "butter=bandpass order=3 low=5 high=20 rate=100 padtype=even", {finite}});
      cases.push_back({"sosfiltfilt", "butter=highpass order=3 low=5 rate=100 padlen=0", {input}});
      cases.push_back({"filtfilt", "b=1,2,1 a=2,-0.5,0.25 padtype=constant dtype=f64", {finite}});
      if (shape[0] > 9) cases.push_back({"filtfilt", "b=1,2,1 a=2,-0.5,0.25", {finite}});
      cases.push_back({"mean_var", "direction=backward", {input}});
      for (const char* direction : {"forward", "backward", "both"})
        cases.push_back({"exp_smooth", std::string("alpha=0.1 direction=") + direction, {input}});
      std::vector<uint64_t> stats_shape = row;
      stats_shape.insert(stats_shape.begin(), {1, 2});
      Input stats = plain(random_array(random, SQS_F64, stats_shape, true));
      stats.is_reduce = true;
      cases.push_back({"normalise", "floor=0.1", {input, stats}});
      cases.push_back({"local_max", "height=-3", {context(input.array, 2, 1)}});
    }
    std::vector<uint64_t> shape = row;
    shape.insert(shape.begin(), 77);
    cases.push_back({"magnitude", "", {plain(random_array(random, SQS_C64, shape))}});
    cases.push_back({"convert", "dtype=c64", {plain(random_array(random, SQS_C128, shape))}});
  }
  // Enough rows for several blocks of the reduce.
  cases.push_back({"mean_var", "ddof=1", {plain(random_array(random, SQS_F32, {9000, 1}, true))}});
  cases.push_back({"mean_var", "ddof=1", {plain(random_array(random, SQS_F64, {9000, 3}, true))}});
  cases.push_back({"mean_var", "direction=backward", {plain(random_array(random, SQS_F32, {9000, 1}, true))}});
  cases.push_back({"mean_var", "direction=backward", {plain(random_array(random, SQS_F64, {9000, 3}, true))}});
  return cases;
}

std::string symmetric(const std::string& name, uint64_t n, double diagonal) {
  std::string out = " " + name;
  for (uint64_t i = 0; i < n * n; ++i) out += (i == 0 ? "=" : ",") + std::to_string(i % (n + 1) == 0 ? diagonal : 0.1);
  return out;
}

// Of n states, the first m of which are seen.
std::string kalman_params(uint64_t n, uint64_t m) {
  std::string out = symmetric("Q", n, 2) + symmetric("R", m, 2) + symmetric("P0", n, 3) + " H";
  for (uint64_t i = 0; i < n * m; ++i) out += (i == 0 ? "=" : ",") + std::to_string(i / n == i % n ? 1.0 : 0.05);
  return out + symmetric("F", n, 0.5);
}

// H and R row by row, of the dtype of the observations if that holds fractions: kalman and kalman_smooth by one of them or both.
void add_varying_models(std::mt19937_64& random, const Array& y, uint64_t n, std::vector<Case>& cases) {
  const uint64_t rows = y.shape[0], m = y.shape[1];
  const int32_t dtype = y.dtype == SQS_F32 ? SQS_F32 : SQS_F64;
  const Array H = random_array(random, y.dtype, {rows, m, n}, true);
  Array R(dtype, {rows, m, m});
  visit_float(dtype, [&](auto chosen) {
    using T = typename decltype(chosen)::type;
    for (uint64_t i = 0; i < R.count(); ++i) {
      const uint64_t element = i % (m * m), row = i / (m * m);
      R.set(i, static_cast<T>(element % (m + 1) == 0 ? 3 + static_cast<double>(row % 5) : 0.125));
    }
  });
  const std::string dynamics = symmetric("F", n, 0.5) + symmetric("Q", n, 2) + symmetric("P0", n, 3);
  std::string given_H = " H";
  for (uint64_t i = 0; i < n * m; ++i) given_H += (i == 0 ? "=" : ",") + std::to_string(i / n == i % n ? 1.0 : 0.05);
  for (const char* type : {"kalman", "kalman_smooth"}) {
    cases.push_back({type, dynamics, {plain(y), plain(H), plain(R)}});
    cases.push_back({type, dynamics + symmetric("R", m, 2), {plain(y), plain(H)}});
    cases.push_back({type, dynamics + given_H, {plain(y), plain(R)}});
  }
}

// Models of states: rows of observations with some missing, rows of log likelihoods with some impossible.
std::vector<Case> model_cases(std::mt19937_64& random) {
  std::vector<Case> cases;
  for (const int32_t dtype : {SQS_I16, SQS_F32, SQS_F64}) {
    for (const auto& [n, m] : {std::pair<uint64_t, uint64_t>{1, 1}, {2, 1}, {3, 3}, {4, 2}, {6, 4}, {9, 2}, {16, 16}}) {
      Array rows = random_array(random, dtype, {1 + random() % 60, m}, true);
      for (uint64_t i = 0; i < rows.count(); ++i)
        if (random() % 5 == 0 && dtype == SQS_F64) rows.set(i, std::nan(""));
      add_varying_models(random, rows, n, cases);
      const std::string params = kalman_params(n, m);
      for (const char* output : {"mean_cov", "packed", "mean"}) cases.push_back({"kalman", params + " output=" + output, {plain(rows)}});
      for (const char* output : {"mean_cov", "mean"}) cases.push_back({"kalman_smooth", params + " output=" + output, {plain(rows)}});
      cases.push_back({"rts", symmetric("F", n, 0.5) + symmetric("Q", n, 2), {plain(run_stage("kalman", params, rows))}});
    }
    for (const auto& [states, half] : {std::pair<uint64_t, uint64_t>{1, 0}, {3, 5}, {24, 2}, {70, 9}, {300, 5}, {300, 130}}) {
      const Array rows = random_array(random, dtype, {1 + random() % 30, states});
      std::string band = "band=-1.5";
      for (uint64_t i = 0; i < 2 * half; ++i) band += i % 7 == 3 ? ",-inf" : "," + std::to_string(-0.1 * static_cast<double>(i));
      for (const char* border : {" border=renormalise", " border=keep", " dtype=f32", " dtype=f64"}) {
        for (const char* type : {"viterbi", "viterbi_forward", "hmm_forward", "posterior"}) cases.push_back({type, band + border, {plain(rows)}});
      }
      cases.push_back({"viterbi_trace", "", {plain(run_stage("viterbi_forward", band, rows))}});
      cases.push_back({"hmm_posterior", band, {plain(run_stage("hmm_forward", band, rows)), plain(rows)}});
    }
    const std::string dense = symmetric("transitions", 13, -0.5) + " initial=0,-1,-2,-3,-4,-5,-6,-inf,-8,-9,-10,-11,-12";
    for (const char* type : {"viterbi", "viterbi_forward", "hmm_forward", "posterior"})
      cases.push_back({type, dense, {plain(random_array(random, dtype, {40, 13}))}});
  }
  return cases;
}

std::vector<Case> all_cases(std::mt19937_64& random) {
  std::vector<Case> cases = window_cases(random);
  for (Case& each : model_cases(random)) cases.push_back(std::move(each));
  for (Case& each : row_cases(random)) cases.push_back(std::move(each));
  return cases;
}

TEST(Grouping, CasesCoverEveryType) {
  std::mt19937_64 random(1);
  std::set<std::string> covered;
  for (const Case& each : all_cases(random)) covered.insert(each.type);
  for (const TypeSpec* type : all_types()) EXPECT_EQ(covered.count(type->name), 1u) << type->name;
}

TEST(Grouping, LeavesEveryStageTheSameBytes) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (const Case& each : all_cases(random)) {
    const StageUnderTest stage(each.type, each.params, each.inputs);
    const Array whole = stage.run();
    const Grouping odd = {1 + random() % 7, 1 + random() % 3, 1 + random() % 90};
    const std::string what = std::string(each.type) + " " + each.params + " dtype " + sqs_dtype_name(each.inputs[0].array.dtype) +
                             ", " + std::to_string(stage.rows()) + " rows";
    const auto same = [&](const Grouping& grouping, Layout layout) {
      Setting setting;
      setting.grouping = grouping;
      setting.layout = layout;
      return stage.run(setting).bytes == whole.bytes;
    };
    ASSERT_TRUE(same(kOneByOne, Layout::Packed)) << what << ": one by one";
    ASSERT_TRUE(same(odd, Layout::Packed)) << what << ": by " << odd[0] << ", " << odd[1] << ", " << odd[2];
    ASSERT_TRUE(same(kAtOnce, Layout::Scattered)) << what << ": scattered in memory";
    ASSERT_TRUE(same(odd, Layout::Scattered)) << what << ": scattered, by " << odd[0] << ", " << odd[1] << ", " << odd[2];
  }
}

}  // namespace
}  // namespace sqs::dsp::test
