// The recursions over rows and their zero-phase forms against SciPy. Each stage runs by itself, backward ones from the last tile
// to the first; zero_phase_test.cpp runs them through the engine.
#include <gtest/gtest.h>

#include <cmath>

#include "guard.hpp"
#include "stage_harness.hpp"

namespace sqs::dsp::test {
namespace {

constexpr const char* kChannels[] = {"1", "2", "5", "15"};
constexpr const char* kDirections[] = {"forward", "backward"};

TEST(Sosfilt, RunsInEitherDirection) {
  const Vectors vectors("recursions");
  for (const std::string channels : kChannels) {
    for (const std::string direction : kDirections) {
      const std::string params = list("sos", vectors["sos"]) + " direction=" + direction, key = direction + "-" + channels;
      expect_near_scaled("sosfilt " + key, run_stage("sosfilt", params, vectors["x-" + channels]), vectors["sosfilt-" + key], 1e-13);
      expect_near_scaled("sosfilt steady " + key, run_stage("sosfilt", params + " init=steady", vectors["x-" + channels]),
                         vectors["sosfilt-steady-" + key], 1e-11);
    }
  }
}

TEST(Lfilter, AgreesWithScipyInEitherDirection) {
  const Vectors vectors("recursions");
  const std::string filter = list("b", vectors["b"]) + " " + list("a", vectors["a"]);
  for (const std::string channels : kChannels) {
    for (const std::string direction : kDirections) {
      const std::string params = filter + " direction=" + direction, key = direction + "-" + channels;
      expect_near_scaled("lfilter " + key, run_stage("lfilter", params, vectors["x-" + channels]), vectors["lfilter-" + key], 1e-13);
      expect_near_scaled("lfilter steady " + key, run_stage("lfilter", params + " init=steady", vectors["x-" + channels]),
                         vectors["lfilter-steady-" + key], 1e-12);
    }
  }
  expect_near_scaled("lfilter i16", run_stage("lfilter", filter + " dtype=f64", vectors["x-i16"]), vectors["lfilter-i16"], 1e-13);
  expect_near_scaled("lfilter i16 to f32", run_stage("lfilter", filter, vectors["x-i16"]), vectors["lfilter-i16"], 1e-7);
  expect_near_scaled("lfilter fir", run_stage("lfilter", list("b", vectors["fir"]) + " dtype=f64", vectors["x-i16"]),
                     vectors["lfilter-fir"], 1e-14);
}

TEST(Sosfilt, StartsFromDelaysOfOnesOwn) {
  const Vectors vectors("recursions");
  for (const std::string channels : {"1", "3", "11"}) {
    for (const std::string direction : kDirections) {
      for (const std::string whose : {"shared", "own"}) {
        const std::string zi = list("zi", vectors["sosfilt-zi-" + whose + "-" + channels]);
        const std::string params = list("sos", vectors["sos"]) + " " + zi + " direction=" + direction;
        const std::string key = whose + "-" + direction + "-" + channels;
        expect_near_scaled("sosfilt zi " + key, run_stage("sosfilt", params, vectors["zi-x-" + channels]), vectors["sosfilt-" + key],
                           1e-12);
      }
    }
  }
}

TEST(Lfilter, StartsFromDelaysOfOnesOwn) {
  const Vectors vectors("recursions");
  const std::string filter = list("b", vectors["b"]) + " " + list("a", vectors["a"]);
  for (const std::string channels : {"1", "3", "11"}) {
    for (const std::string direction : kDirections) {
      for (const std::string whose : {"shared", "own"}) {
        const std::string zi = list("zi", vectors["lfilter-zi-" + whose + "-" + channels]);
        const std::string key = whose + "-" + direction + "-" + channels;
        expect_near_scaled("lfilter zi " + key,
                           run_stage("lfilter", filter + " " + zi + " direction=" + direction, vectors["zi-x-" + channels]),
                           vectors["lfilter-" + key], 1e-12);
      }
    }
  }
}

TEST(Sosfilt, StartsADesignFromDelaysOfOnesOwn) {
  const Vectors vectors("recursions");
  const std::string zi = list("zi", vectors["sosfilt-zi-own-3"]);
  expect_near_scaled("sosfilt design zi", run_stage("sosfilt", "butter=bandpass order=4 low=0.5 high=40 rate=360 " + zi,
                                                    vectors["zi-x-3"]), vectors["sosfilt-own-forward-3"], 1e-9);
}

TEST(Lfilter, TellsWhatIsWrongWithDelaysOfOnesOwn) {
  const Array one(SQS_F64, {9}), two(SQS_F64, {9, 2});
  EXPECT_EQ(refusal("sosfilt", "sos=1,0,0,1,0,0 zi=1,2,3", two),
            "sosfilt: zi has 3 values; it takes 2, two for each section, or 4, as many for each of the 2 elements of a row");
  EXPECT_EQ(refusal("sosfilt", "butter=bandpass order=3 low=1 high=2 zi=1", one),
            "sosfilt: zi has 1 value; it takes 6, two for each section");
  EXPECT_EQ(refusal("lfilter", "b=1,2,1 a=1 zi=1", one), "lfilter: zi has 1 value; it takes 2, one less than there are coefficients");
  EXPECT_EQ(refusal("lfilter", "b=1,2 zi=1 init=steady", one), "lfilter: zi and init both say how it starts: leave one out");
  EXPECT_EQ(refusal("sosfilt", "sos=1,0,0,1,0,0 zi=1,2 init=zero", one), "sosfilt: zi and init both say how it starts: leave one out");
  EXPECT_EQ(refusal("lfilter", "b=3 zi=1", one), "lfilter: a filter of one coefficient has no delays: leave zi out");
  EXPECT_EQ(refusal("lfilter", "b=1,2 zi=nan", one), "lfilter: zi takes 1 to 2^16 values, each a finite number; value 0 is nan");
}

TEST(Lfilter, TakesAGainAlone) {
  const Array x = Array::of<double>(SQS_F64, {3}, {1, -2, 3});
  for (const char* init : {"zero", "steady"})
    expect_equal("gain", run_stage("lfilter", std::string("b=3 a=2 init=") + init, x), Array::of<double>(SQS_F64, {3}, {1.5, -3, 4.5}));
}

TEST(Lfilter, FindsTheSteadyStateOfANarrowFilter) {
  // Twice a pole at 1 - 2^-20: sums that cancel in all but a few of their digits. The gain of a constant is 1, so it stays.
  const double pole = 1 - 0x1p-20;
  const Array a = Array::of<double>(SQS_F64, {3}, {1, -2 * pole, pole * pole});
  const Array b = Array::of<double>(SQS_F64, {1}, {0x1p-40});
  const Array x = Array::of<double>(SQS_F64, {50}, std::vector<double>(50, 7.0));
  expect_near_scaled("narrow", run_stage("lfilter", list("b", b) + " " + list("a", a) + " init=steady", x), x, 1e-6);
}

TEST(ExpSmooth, AgreesWithScipyInEveryDirection) {
  const Vectors vectors("recursions");
  for (const std::string channels : kChannels) {
    for (const std::string direction : {"forward", "backward", "both"}) {
      const std::string key = direction + "-" + channels;
      const Array got = run_stage("exp_smooth", "tau=0.025 rate=360 direction=" + direction, vectors["x-" + channels]);
      expect_near_scaled("exp_smooth " + key, got, vectors["smooth-" + key], 1e-14);
      Setting at_360;
      at_360.sample_rate = 360;
      EXPECT_EQ(run_stage("exp_smooth", "tau=0.025 direction=" + direction, vectors["x-" + channels], at_360).bytes, got.bytes);
    }
  }
}

TEST(ExpSmooth, LeavesAConstantAndBeginsWithTheFirstRow) {
  const Array constant = Array::of<double>(SQS_F64, {4}, std::vector<double>(4, 0.1));
  for (const char* direction : {"forward", "backward", "both"})
    expect_equal("constant", run_stage("exp_smooth", std::string("alpha=0.3 direction=") + direction, constant), constant);
  const Array x = Array::of<double>(SQS_F64, {3}, {8, 0, 4});
  expect_equal("forward", run_stage("exp_smooth", "alpha=0.5", x), Array::of<double>(SQS_F64, {3}, {8, 4, 4}));
  expect_equal("backward", run_stage("exp_smooth", "alpha=0.5 direction=backward", x), Array::of<double>(SQS_F64, {3}, {5, 2, 4}));
  expect_equal("alpha 1", run_stage("exp_smooth", "alpha=1", x), x);
}

TEST(ExpSmooth, TellsWhenTheRateIsNotKnown) {
  try {
    run_stage("exp_smooth", "tau=1", Array(SQS_F64, {3}));
    FAIL() << "no error";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "exp_smooth: the sample rate is not known: give rate");
  }
}

TEST(MeanVar, AddsRowsFromTheLastToTheFirst) {
  const Vectors vectors("statistics");
  for (const char* name : {"f64", "f32", "i16", "one"}) {
    for (const char* ddof : {"0", "1"}) {
      const std::string key = std::string("stats-") + name + "-" + ddof;
      if (!vectors.has(key)) continue;
      const Array& x = vectors[std::string("x-") + name];
      const Array got = run_stage("mean_var", std::string("direction=backward ddof=") + ddof, x);
      expect_near_each(key + " backward", got, vectors[key], 2e-14);
      // The same additions in the same order as forward over the rows in reverse.
      Array reversed(x.dtype, x.shape);
      const uint64_t row = x.bytes.size() / x.shape[0];
      for (uint64_t i = 0; i < x.shape[0]; ++i)
        std::memcpy(reversed.bytes.data() + i * row, x.bytes.data() + (x.shape[0] - 1 - i) * row, row);
      EXPECT_EQ(run_stage("mean_var", std::string("ddof=") + ddof, reversed).bytes, got.bytes) << key;
    }
  }
}

TEST(Sosfiltfilt, AgreesWithScipyFromTheShortestSignalOn) {
  const Vectors vectors("zero_phase");
  const struct {
    const char* name;
    const char* design;
    uint64_t padlen;
  } cases[] = {{"bandpass-4", "butter=bandpass order=4 low=0.5 high=40 rate=360", 27},
               {"bandpass-8", "butter=bandpass order=8 low=5 high=15 rate=360", 51},
               {"lowpass-3", "butter=lowpass order=3 high=40 rate=360", 12},
               {"highpass-5", "butter=highpass order=5 low=0.5 rate=360", 18},
               {"bandstop-2", "butter=bandstop order=2 low=48 high=52 rate=360", 15},
               {"elliptic", nullptr, 18}};
  for (const auto& each : cases) {
    const std::string name = each.name;
    for (const uint64_t rows : {each.padlen + 1, each.padlen + 2, uint64_t{100}}) {
      const std::string key = name + "-" + std::to_string(rows);
      const Array &x = vectors["x-" + key], &y = vectors["y-" + key];
      expect_near_scaled("sosfiltfilt " + key, run_stage("sosfiltfilt", list("sos", vectors["sos-" + name]), x), y, 1e-9);
      if (each.design != nullptr) expect_near_scaled("sosfiltfilt design " + key, run_stage("sosfiltfilt", each.design, x), y, 1e-9);
    }
    EXPECT_THROW(run_stage("sosfiltfilt", list("sos", vectors["sos-" + name]), Array(SQS_F64, {each.padlen})), std::runtime_error);
  }
}

TEST(Sosfiltfilt, FiltersEveryNumberOfChannelsAndDtype) {
  const Vectors vectors("zero_phase");
  const std::string sos = list("sos", vectors["sos-bandpass-4"]);
  for (const char* channels : {"1", "2", "3", "5", "8", "15"})
    expect_near_scaled(std::string("sosfiltfilt ") + channels, run_stage("sosfiltfilt", sos, vectors[std::string("x-") + channels]),
                       vectors[std::string("y-") + channels], 1e-9);
  const Array narrow = run_stage("sosfiltfilt", sos, vectors["x-f32"]);
  EXPECT_EQ(narrow.dtype, SQS_F32);
  expect_near_scaled("sosfiltfilt f32", narrow, vectors["y-f32"], 1e-7);
  expect_near_scaled("sosfiltfilt f32 to f64", run_stage("sosfiltfilt", sos + " dtype=f64", vectors["x-f32"]), vectors["y-f32"], 1e-9);
  EXPECT_EQ(run_stage("sosfiltfilt", sos, vectors["x-i16"]).dtype, SQS_F32);
  expect_near_scaled("sosfiltfilt i16", run_stage("sosfiltfilt", sos + " dtype=f64", vectors["x-i16"]), vectors["y-i16"], 1e-9);
  // Six dimensions are so many elements.
  const Array& x = vectors["x-8"];
  expect_near_scaled("sosfiltfilt 6-D", run_stage("sosfiltfilt", sos, x.shaped({60, 2, 1, 2, 1, 1, 2})).shaped({60, 8}), vectors["y-8"],
                     1e-9);
}

TEST(ZeroPhase, ExtendsByEveryPadtypeAndPadlen) {
  const Vectors vectors("zero_phase");
  const std::string sos = list("sos", vectors["sos-bandpass-4"]);
  const std::string transfer = list("b", vectors["b"]) + " " + list("a", vectors["a"]);
  for (const std::string padtype : {"odd", "even", "constant", "none"}) {
    for (const std::string padlen : {"default", "1", "40", "80"}) {
      const std::string label = padtype + "-" + padlen;
      if (!vectors.has("filtfilt-" + label)) continue;
      const std::string params = " padtype=" + padtype + (padlen == "default" ? "" : " padlen=" + padlen);
      expect_near_scaled("sosfiltfilt " + label, run_stage("sosfiltfilt", sos + params, vectors["x"]), vectors["sosfiltfilt-" + label], 1e-9);
      expect_near_scaled("filtfilt " + label, run_stage("filtfilt", transfer + params, vectors["x"]), vectors["filtfilt-" + label], 1e-9);
    }
    if (padtype == "none") continue;
    EXPECT_EQ(run_stage("filtfilt", transfer + " padlen=0 padtype=" + padtype, vectors["x"]).bytes,
              run_stage("filtfilt", transfer + " padtype=none", vectors["x"]).bytes);
  }
}

TEST(Filtfilt, AgreesWithScipyFromTheShortestSignalOn) {
  const Vectors vectors("zero_phase");
  for (const char* rows : {"43", "44", "90"})
    expect_near_scaled(std::string("filtfilt fir ") + rows, run_stage("filtfilt", list("b", vectors["fir"]), vectors[std::string("fir-x-") + rows]),
                       vectors[std::string("fir-y-") + rows], 1e-12);
  EXPECT_THROW(run_stage("filtfilt", list("b", vectors["fir"]), vectors["fir-x-43"].rows(0, 42)), std::runtime_error);
  expect_near_scaled("filtfilt b longer than a",
                     run_stage("filtfilt", list("b", vectors["b-long"]) + " " + list("a", vectors["a-short"]), vectors["fir-x-90"]),
                     vectors["y-long-short"], 1e-12);
}

TEST(ZeroPhase, HasNoRowsWithoutRows) {
  EXPECT_EQ(run_stage("filtfilt", "b=1,2,1", Array(SQS_F64, {0, 3})).count(), 0u);
  EXPECT_EQ(run_stage("exp_smooth", "alpha=0.5 direction=both", Array(SQS_F64, {0, 3})).count(), 0u);
}

TEST(ZeroPhase, TellsWhatIsWrongWithParameters) {
  const Array x(SQS_F64, {40});
  EXPECT_EQ(refusal("sosfiltfilt", "sos=1,0,0,1,-2,1", x),
            "sosfiltfilt: section 0 has a pole at z = 1, so it has no steady state: it can't be filtered without phase");
  EXPECT_EQ(refusal("filtfilt", "b=1 a=1,-1", x),
            "filtfilt: a has a root at z = 1, so there is no steady state: it can't be filtered without phase");
  EXPECT_EQ(refusal("sosfiltfilt", "sos=1,0,0,1,0,0 padtype=none padlen=4", x),
            "sosfiltfilt: padtype=none extends by nothing, but padlen is 4: leave one out");
  EXPECT_EQ(refusal("filtfilt", "b=1 padlen=-1", x), "filtfilt: padlen=-1 is outside the range 0..2^32");
  EXPECT_EQ(refusal("sosfiltfilt", "butter=lowpass high=200 rate=360", x),
            "sosfiltfilt: high=200 is not between 0 and half the rate, 180 Hz");
  EXPECT_EQ(refusal("lfilter", "b=1 a=0,1", x), "lfilter: a begins with 0; the first coefficient of the denominator must not be 0");
  EXPECT_EQ(refusal("lfilter", "b=1e300 a=1e-300", x), "lfilter: a begins with 1e-300, by which b can't be divided");
  EXPECT_EQ(refusal("exp_smooth", "", x), "exp_smooth: give either alpha or tau");
  EXPECT_EQ(refusal("exp_smooth", "alpha=0.5 tau=2", x), "exp_smooth: give either alpha or tau");
  EXPECT_EQ(refusal("exp_smooth", "alpha=0", x), "exp_smooth: alpha=0 is outside the range >0..1");
  EXPECT_EQ(refusal("exp_smooth", "alpha=1.5", x), "exp_smooth: alpha=1.5 is outside the range >0..1");
  EXPECT_EQ(refusal("exp_smooth", "tau=0", x), "exp_smooth: tau=0 is outside the range >0");
}

TEST(ZeroPhase, RefusesToExtendWhatIsNotReadRowByRow) {
  const TypeSpec& type = *find_type("filtfilt");
  const auto refused = [&](const Operand& operand, const char* params) -> std::string {
    try {
      type.build(parse_params("filtfilt", type.params, params), std::span(&operand, 1));
    } catch (const Failure& failure) {
      return failure.message;
    }
    return "";
  };
  Operand operand{"x", SQS_F64, {3}};
  operand.is_plain = false;
  EXPECT_EQ(refused(operand, "b=1,1"), "filtfilt: \"x\" is read with before, after, stride or offset, which can't be extended: read it "
                                       "row by row, or use padtype=none");
  EXPECT_EQ(refused(operand, "b=1,1 padtype=none"), "");
  operand.is_whole_stream = true;
  EXPECT_EQ(refused(operand, "b=1,1"), "filtfilt: \"x\" has one row for the whole stream, which can't be extended: use padtype=none");
}

}  // namespace
}  // namespace sqs::dsp::test
