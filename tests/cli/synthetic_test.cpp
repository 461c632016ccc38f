#include "synthetic.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstring>
#include <functional>
#include <numbers>
#include <random>
#include <vector>

namespace sqs::cli {
namespace {

struct Maker {
  const char* name;
  size_t frame_bytes;
  std::unique_ptr<Source> (*make)(uint64_t seed);
};

class AnySource : public testing::TestWithParam<Maker> {};

std::vector<char> read(const Source& source, size_t frame_bytes, uint64_t first, uint64_t frames) {
  std::vector<char> bytes(frames * frame_bytes);
  source.read(first, frames, bytes.data());
  return bytes;
}

TEST_P(AnySource, GivesTheSameBytesInAnyOrderAndPieces) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto [name, frame_bytes, make] = GetParam();
  constexpr uint64_t kFrames = 300000;  // a few blocks of every generator
  const uint64_t base = random() % (uint64_t{1} << 40);
  const auto whole = read(*make(7), frame_bytes, base, kFrames);
  const auto other = make(7);
  for (int i = 0; i < 200; ++i) {
    const uint64_t first = random() % kFrames;
    const uint64_t frames = random() % std::min<uint64_t>(kFrames - first + 1, 40000);
    const auto piece = read(*other, frame_bytes, base + first, frames);
    ASSERT_TRUE(std::equal(piece.begin(), piece.end(), whole.begin() + static_cast<int64_t>(first * frame_bytes)))
        << name << " from " << base + first << ", " << frames << " frames";
  }
}

TEST_P(AnySource, DependsOnTheSeed) {
  const auto [name, frame_bytes, make] = GetParam();
  EXPECT_NE(read(*make(1), frame_bytes, 0, 1000), read(*make(2), frame_bytes, 0, 1000));
}

INSTANTIATE_TEST_SUITE_P(Synthetic, AnySource,
                         testing::Values(Maker{"notes", 4, [](uint64_t seed) { return make_notes(seed); }},
                                         Maker{"notes_slow", 4, [](uint64_t seed) { return make_notes(seed, 9999.5); }},
                                         Maker{"latencies", 4, make_latencies}, Maker{"iq", 8, make_iq},
                                         Maker{"glide", 4, [](uint64_t seed) { return make_glide(seed); }},
                                         Maker{"glide_slow", 4, [](uint64_t seed) { return make_glide(seed, 9999.5); }}),
                         [](const auto& tested) { return tested.param.name; });

TEST(Sine, IsASineAtEveryPosition) {
  const auto source = make_sine(440, 48000);
  for (const uint64_t first : {uint64_t{0}, uint64_t{95990}, uint64_t{48000} * 1000000 + 17}) {
    float samples[10];
    source->read(first, 10, samples);
    for (uint64_t i = 0; i < 10; ++i) {
      const double phase = static_cast<double>((first + i) % 48000) * 440.0 / 48000.0;
      EXPECT_NEAR(samples[i], std::sin(2 * std::numbers::pi * phase), 1e-6) << first + i;
    }
  }
}

TEST(Sine, FollowsARateThatIsNotWhole) {
  constexpr double kRate = 11025.25;
  const auto source = make_sine(440, kRate);
  for (const uint64_t first : {uint64_t{0}, uint64_t{1} << 33}) {
    std::vector<float> samples(1000);
    source->read(first, samples.size(), samples.data());
    for (uint64_t i = 0; i < samples.size(); ++i) {
      const long double phase = std::fmod(440.0L * static_cast<long double>(first + i) / static_cast<long double>(kRate), 1.0L);
      EXPECT_NEAR(samples[i], std::sin(2 * std::numbers::pi * static_cast<double>(phase)), 1e-6) << first + i;
    }
  }
}

// At half the rate there is every second sample; the noise, of up to 0.05, is another.
TEST(Notes, AreTheSameSoundAtAnyRate) {
  constexpr uint64_t kFrames = 100'000;
  std::vector<float> fast(2 * kFrames), slow(kFrames);
  make_notes(3, 48000)->read(0, fast.size(), fast.data());
  make_notes(3, 24000)->read(0, slow.size(), slow.data());
  for (uint64_t i = 0; i < kFrames; ++i) ASSERT_NEAR(slow[i], fast[2 * i], 0.11) << i;
}

// A sound that is turned by the phase of its pitch, which is summed up here, stands still: that is where its energy is.
TEST(Glide, HasTheFundamentalThatItTells) {
  constexpr uint64_t kFrames = 128000;
  for (const uint64_t first : {uint64_t{0}, uint64_t{77777}, uint64_t{128000} * 1000000 + 50001}) {
    std::vector<float> samples(kFrames);
    make_glide(3)->read(first, kFrames, samples.data());
    std::complex<double> fundamental, beside;
    double cycles = 0;
    for (uint64_t i = 0; i < kFrames; ++i) {
      const auto turned = [&](double phase) {
        return static_cast<double>(samples[i]) * std::polar(1.0, -2 * std::numbers::pi * phase);
      };
      fundamental += turned(cycles);
      beside += turned(1.01 * cycles);
      cycles = std::fmod(cycles + 0.5 * (glide_hz(first + i) + glide_hz(first + i + 1)) / kGlideRate, 100.0);
    }
    EXPECT_NEAR(std::abs(fundamental) / kFrames, 0.4 / 2, 0.01) << first;
    EXPECT_LT(std::abs(beside) / kFrames, 0.05) << first;
  }
}

// The share of samples below the 16 %, 50 % and 84 % points of the distribution, away from spikes and incidents.
TEST(Latencies, AreLognormalWithSpikes) {
  constexpr uint64_t kFrames = 1 << 21;
  std::vector<float> samples(kFrames);
  make_latencies(1)->read(0, kFrames, samples.data());
  std::sort(samples.begin(), samples.end());
  const auto at = [&](double p) { return static_cast<double>(samples[static_cast<size_t>(p * kFrames)]); };
  EXPECT_GT(samples.front(), 0.5F);
  EXPECT_NEAR(at(0.50), 20.0, 1.5);  // incidents push all quantiles up a little
  EXPECT_NEAR(std::log(at(0.50) / at(0.16)) / 0.6, 1.0, 0.05);
  const auto spikes = std::count_if(samples.begin(), samples.end(), [](float x) { return x > 400; });
  EXPECT_GT(spikes, static_cast<int64_t>(kFrames / 4096 / 4));
  EXPECT_LT(spikes, static_cast<int64_t>(kFrames / 100));
}

TEST(Iq, HasItsCarrierAtThreeSixteenthsOfTheRate) {
  constexpr uint64_t kFrames = 1 << 14;
  std::vector<std::complex<float>> samples(kFrames);
  make_iq(1)->read(123456789, kFrames, samples.data());
  const auto power_at = [&](double cycles_per_frame) {
    std::complex<double> sum;
    for (uint64_t i = 0; i < kFrames; ++i)
      sum += std::complex<double>(samples[i]) *
             std::polar(1.0, -2 * std::numbers::pi * std::fmod(cycles_per_frame * static_cast<double>(i), 1.0));
    return std::norm(sum) / (static_cast<double>(kFrames) * static_cast<double>(kFrames));
  };
  EXPECT_NEAR(power_at(3.0 / 16.0), 1.0, 0.05);
  EXPECT_LT(power_at(-3.0 / 16.0), 0.01);
}

}  // namespace
}  // namespace sqs::cli
