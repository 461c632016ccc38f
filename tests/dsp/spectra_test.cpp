// Window functions, rfft, fft, taper and band_sums against NumPy and SciPy.
#include <gtest/gtest.h>

#include <cmath>

#include "stage_harness.hpp"
#include "window.hpp"

namespace sqs::dsp::test {
namespace {

constexpr double kF32 = 5e-7, kF64 = 1e-15;

std::string name_of(const char* prefix, const char* dtype, int count) {
  return std::string(prefix) + "-" + dtype + "-" + std::to_string(count);
}

// |X| or |X|^2 of complex reference values.
Array moduli(const Array& complex, bool power) {
  Array out(SQS_F64, complex.shape);
  for (uint64_t i = 0; i < complex.count(); ++i) {
    const double modulus = std::hypot(complex.at<double>(2 * i), complex.at<double>(2 * i + 1));
    out.set(i, power ? modulus * modulus : modulus);
  }
  return out;
}

TEST(Window, AgreesWithScipy) {
  const Vectors vectors("windows");
  const auto check = [&](const std::string& label, const char* name, double beta) {
    for (const uint64_t count : {1, 2, 7, 16, 33}) {
      for (const bool symmetric : {false, true}) {
        const std::string key = label + "-" + std::to_string(count) + (symmetric ? "-sym" : "-periodic");
        const auto window = make_window(name, count, beta, symmetric);
        const Array got = Array::of<double>(SQS_F64, {count}, window);
        expect_near_scaled("window " + key, got, vectors[key], 1e-15);
      }
    }
  };
  for (const char* name : {"boxcar", "hann", "hamming", "blackman", "blackmanharris", "flattop"}) check(name, name, 0);
  check("kaiser14", "kaiser", 14);
  check("kaiser3.5", "kaiser", 3.5);
}

TEST(Rfft, AgreesWithNumpyAtEvenAndOddLengths) {
  const Vectors vectors("rfft");
  for (const char* dtype : {"f32", "f64"}) {
    const double tolerance = *std::string(dtype).rbegin() == '2' ? kF32 : kF64;
    for (const int count : {1, 2, 3, 6, 8, 15, 16, 18, 34, 64, 97, 100, 256}) {
      const Array x = as_row(vectors[name_of("x", dtype, count)]);
      const Array& expected = vectors[name_of("X", dtype, count)];
      const std::string what = std::string("rfft ") + dtype + " " + std::to_string(count);
      expect_near_scaled(what, run_stage("rfft", "", x), expected, tolerance);
      expect_near_scaled(what + " |X|", run_stage("rfft", "output=magnitude", x), moduli(expected, false), tolerance);
      expect_near_scaled(what + " |X|^2", run_stage("rfft", "output=power", x), moduli(expected, true), 2 * tolerance);
    }
  }
}

TEST(Rfft, TransformsEachChannelOfIntegersInF32) {
  const Vectors vectors("rfft");
  const Array got = run_stage("rfft", "", as_row(vectors["x-i16"]));
  EXPECT_EQ(got.dtype, SQS_C64);
  EXPECT_EQ(got.shape, (std::vector<uint64_t>{1, 26, 2}));
  expect_near_scaled("rfft i16", got, vectors["X-i16"], kF32);
}

TEST(Rfft, MultipliesWithTheWindowAndPadsOrCuts) {
  const Vectors vectors("rfft");
  const Array x = as_row(vectors["x-tapered"]);
  expect_near_scaled("rfft hann", run_stage("rfft", "window=hann", x), vectors["X-hann"], kF32);
  expect_near_scaled("rfft hamming", run_stage("rfft", "window=hamming", x), vectors["X-hamming"], kF32);
  expect_near_scaled("rfft blackman", run_stage("rfft", "window=blackman", x), vectors["X-blackman"], kF32);
  expect_near_scaled("rfft kaiser", run_stage("rfft", "window=kaiser beta=8.6", x), vectors["X-kaiser"], kF32);
  expect_near_scaled("rfft padded", run_stage("rfft", "n=144", x), vectors["X-padded"], kF32);
  expect_near_scaled("rfft cut", run_stage("rfft", "n=64", x), vectors["X-cut"], kF32);
}

// The half-size transform unfolds in vectors from both ends with scalars between: every length takes another split.
TEST(Rfft, EveryLengthUpTo70AgreesWithTheDefinition) {
  for (uint64_t n = 1; n <= 70; ++n) {
    Array x(SQS_F64, {1, n, 1}), expected(SQS_C128, {1, n / 2 + 1, 1});
    for (uint64_t i = 0; i < n; ++i) x.set(i, std::sin(0.7 * static_cast<double>(i * i)) + 0.1);
    for (uint64_t k = 0; k <= n / 2; ++k) {
      long double re = 0, im = 0;
      for (uint64_t i = 0; i < n; ++i) {
        const long double angle = -2 * 3.14159265358979323846264L * static_cast<long double>(k * i % n) / static_cast<long double>(n);
        re += x.at<double>(i) * std::cos(angle);
        im += x.at<double>(i) * std::sin(angle);
      }
      expected.set(2 * k, static_cast<double>(re));
      expected.set(2 * k + 1, static_cast<double>(im));
    }
    expect_near_scaled("rfft definition " + std::to_string(n), run_stage("rfft", "", x), expected, 1e-14);
  }
}

TEST(Fft, AgreesWithNumpy) {
  const Vectors vectors("fft");
  for (const char* dtype : {"c64", "c128"}) {
    const double tolerance = dtype == std::string("c64") ? kF32 : kF64;
    for (const int count : {1, 2, 5, 16, 100, 243}) {
      const Array x = as_row(vectors[name_of("x", dtype, count)]);
      const Array& expected = vectors[name_of("X", dtype, count)];
      const std::string what = std::string("fft ") + dtype + " " + std::to_string(count);
      expect_near_scaled(what, run_stage("fft", "", x), expected, tolerance);
      expect_near_scaled(what + " |X|", run_stage("fft", "output=magnitude", x), moduli(expected, false), tolerance);
      expect_near_scaled(what + " |X|^2", run_stage("fft", "output=power", x), moduli(expected, true), 2 * tolerance);
    }
  }
}

TEST(Fft, ShiftsTapersAndPads) {
  const Vectors vectors("fft");
  const Array x = as_row(vectors["x-tapered"]), odd = as_row(vectors["x-odd"]);
  expect_near_scaled("fft hamming", run_stage("fft", "window=hamming", x), vectors["X-hamming"], kF32);
  expect_near_scaled("fft shifted", run_stage("fft", "window=hamming shift=true", x), vectors["X-shifted"], kF32);
  expect_near_scaled("fft shifted power", run_stage("fft", "window=hamming shift=true output=power", x),
                     moduli(vectors["X-shifted"], true), 2 * kF32);
  expect_near_scaled("fft odd shifted", run_stage("fft", "shift=true", odd), vectors["X-odd-shifted"], kF64);
  expect_near_scaled("fft padded", run_stage("fft", "n=12", odd), vectors["X-padded"], kF64);
}

TEST(Taper, MultipliesEachChannelWithTheWindow) {
  const Vectors windows("windows");
  const Array& hann = windows["hann-16-periodic"];
  Array x(SQS_I16, {1, 16, 2}), expected(SQS_F32, {1, 16, 2});
  for (uint64_t i = 0; i < 32; ++i) {
    x.set<int16_t>(i, static_cast<int16_t>(100 * i - 1000));
    expected.set(i, static_cast<float>(x.real(i) * static_cast<float>(hann.real(i / 2))));
  }
  expect_equal("taper i16", run_stage("taper", "", x), expected);

  Array z(SQS_C128, {1, 33}), tapered = z;
  const Array& kaiser = windows["kaiser3.5-33-sym"];
  for (uint64_t i = 0; i < 66; ++i) {
    z.set(i, std::cos(static_cast<double>(i)));
    tapered.set(i, z.real(i) * kaiser.real(i / 2));
  }
  expect_near_scaled("taper c128", run_stage("taper", "window=kaiser beta=3.5 sym=true", z), tapered, 5e-16);
}

std::string list(const Array& values) {
  std::string out;
  for (uint64_t i = 0; i < values.count(); ++i) out += (i > 0 ? "," : "") + std::to_string(values.real(i));
  return out;
}

TEST(BandSums, AgreesWithSumsOverFrequencyMasks) {
  const Vectors vectors("bands");
  const std::string bands = "bands=" + list(vectors["edges"]);
  Setting at_48k;
  at_48k.sample_rate = 48000;
  const Array even = as_row(vectors["power-256"]), odd = as_row(vectors["power-255"]);
  expect_near_scaled("band_sums", run_stage("band_sums", bands, even, at_48k), vectors["sums-256"], 1e-7);
  expect_near_scaled("band_sums odd", run_stage("band_sums", bands + " n=255 rate=48000", odd), vectors["sums-255"], 1e-7);
}

TEST(BandSums, KnowsNegativeFrequencies) {
  const Vectors vectors("bands");
  const std::string bands = "rate=48000 bands=" + list(vectors["signed-edges"]);
  for (const char* n : {"64", "63"}) {
    const Array& expected = vectors[std::string("two-sided-") + n];
    const Array x = as_row(vectors[std::string("X-") + n]), shifted = as_row(vectors[std::string("shifted-X-") + n]);
    expect_near_scaled("band_sums twosided", run_stage("band_sums", bands + " layout=twosided", x), expected, 1e-6);
    expect_near_scaled("band_sums shifted", run_stage("band_sums", bands + " layout=shifted", shifted), expected, 1e-6);
  }
}

TEST(BandSums, TakesBinsAndSumsRealValues) {
  const Vectors vectors("bands");
  const Array got = run_stage("band_sums", "unit=bins bands=0,50,3,4,10,37", as_row(vectors["bins-x"]));
  EXPECT_EQ(got.dtype, SQS_F64);
  expect_near_scaled("band_sums bins", got, vectors["bins"], 1e-14);
}

TEST(BandSums, FailsWithASentenceWhereTheRateIsNotKnown) {
  const Array x(SQS_F32, {1, 9});
  try {
    run_stage("band_sums", "bands=0,100", x);
    FAIL() << "no error";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "band_sums: the sample rate is not known: give rate, or bands with unit=bins");
  }
}

}  // namespace
}  // namespace sqs::dsp::test
