#include "synthetic.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

namespace sqs::cli {
namespace {

constexpr double kTwoPi = 2.0 * std::numbers::pi;

// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): a counter-based generator when applied to a position.
uint64_t mix(uint64_t x) {
  x += 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

// An independent stream of numbers for each purpose.
uint64_t draw(uint64_t seed, uint64_t purpose, uint64_t position) { return mix(mix(seed * 16 + purpose) + position); }

// One period of a sine, looked up by the upper bits of a 32-bit phase that wraps around by itself: step * i mod 2^32 is the
// phase at position i, however large i is.
class SineTable {
 public:
  SineTable() {
    for (size_t i = 0; i < table_.size(); ++i)
      table_[i] = static_cast<float>(std::sin(kTwoPi * static_cast<double>(i) / static_cast<double>(table_.size())));
  }
  float sine(uint32_t phase) const { return table_[phase >> (32 - kBits)]; }
  float cosine(uint32_t phase) const { return sine(phase + 0x40000000u); }

 private:
  static constexpr uint32_t kBits = 12;
  std::array<float, 1u << kBits> table_;
};

const SineTable& sines() {
  static const SineTable table;
  return table;
}

uint32_t phase_step(double cycles_per_frame) {
  return static_cast<uint32_t>(static_cast<int64_t>(std::llround(cycles_per_frame * 0x1p32)));
}

// 16 bits to [-1, 1).
float centred(uint64_t bits) { return static_cast<float>(static_cast<int32_t>(bits & 0xFFFF) - 32768) * (1.0f / 32768.0f); }

uint64_t frames_of(double seconds, double rate) {
  return static_cast<uint64_t>(std::max(1LL, std::llround(seconds * rate)));
}

// ---- sine

class Sine final : public Source {
 public:
  Sine(uint32_t hz, double rate) : hz_(hz), rate_(rate) {}
  // Remainders are exact: after a second, which is a whole number of cycles, the phase is what it was.
  void read(uint64_t first, uint64_t frames, void* out) const override {
    auto* samples = static_cast<float*>(out);
    for (uint64_t i = 0; i < frames; ++i) {
      const double in_second = std::fmod(static_cast<double>(first + i), rate_);
      samples[i] = static_cast<float>(std::sin(kTwoPi * std::fmod(in_second * hz_, rate_) / rate_));
    }
  }

 private:
  double hz_;
  double rate_;
};

// ---- notes

class Notes final : public Source {
 public:
  Notes(uint64_t seed, double rate)
      : seed_(seed), noise_key_(mix(seed)), rate_(rate), frames_per_note_(frames_of(0.25, rate)) {}

  void read(uint64_t first, uint64_t frames, void* out) const override {
    auto* samples = static_cast<float*>(out);
    for (uint64_t done = 0; done < frames;) {
      const uint64_t note = (first + done) / frames_per_note_;
      const uint64_t count = std::min(frames - done, (note + 1) * frames_per_note_ - (first + done));
      write_note(note, first + done, count, samples + done);
      done += count;
    }
  }

 private:
  void write_note(uint64_t note, uint64_t first, uint64_t frames, float* samples) const {
    const double semitones = static_cast<double>(draw(seed_, 0, note) % 37);
    const double hz = 220.0 * std::exp2(semitones / 12.0);
    const uint32_t step = phase_step(hz / rate_);
    const uint32_t fifth_step = phase_step(1.5 * hz / rate_);
    auto phase = static_cast<uint32_t>(step * first);
    auto fifth_phase = static_cast<uint32_t>(fifth_step * first);
    const SineTable& table = sines();
    uint64_t bits = 0;  // noise: one draw for four samples
    for (uint64_t i = 0; i < frames; ++i) {
      const uint64_t position = first + i;
      if (i == 0 || (position & 3) == 0) bits = mix(noise_key_ + (position >> 2));
      const float noise = 0.05f * centred(bits >> (16 * (position & 3)));
      samples[i] = 0.5f * table.sine(phase) + 0.25f * table.sine(fifth_phase) + noise;
      phase += step;
      fifth_phase += fifth_step;
    }
  }

  uint64_t seed_;
  uint64_t noise_key_;
  double rate_;
  uint64_t frames_per_note_;
};

// ---- glide

// The pitch is kMiddleHz + kSwingHz sin(2 pi t / period); a period of it has a whole number of cycles of the tone, so that the
// phase has the same period.
constexpr double kMiddleHz = 400.0, kSwingHz = 250.0;
constexpr double kGlideSeconds = 8.0;

// How much of its period has gone by: 0 .. 1.
double share_of_glide(uint64_t position, double rate) {
  const double period = kGlideSeconds * rate;
  return std::fmod(static_cast<double>(position), period) / period;
}

class Glide final : public Source {
 public:
  Glide(uint64_t seed, double rate)
      : seed_(seed), noise_key_(mix(seed)), rate_(rate), frames_per_block_(frames_of(0.125, rate)) {}

  void read(uint64_t first, uint64_t frames, void* out) const override {
    auto* samples = static_cast<float*>(out);
    for (uint64_t done = 0; done < frames;) {
      const uint64_t block = (first + done) / frames_per_block_;
      const uint64_t count = std::min(frames - done, (block + 1) * frames_per_block_ - (first + done));
      write_block(block, first + done, count, samples + done);
      done += count;
    }
  }

 private:
  void write_block(uint64_t block, uint64_t first, uint64_t frames, float* samples) const {
    const SineTable& table = sines();
    const float strength = draw(seed_, 0, block) % 16 == 0 ? 1.5f : 0.3f;
    for (uint64_t i = 0; i < frames; ++i) {
      const uint32_t phase = phase_at(first + i);
      const float tone = 0.4f * table.sine(phase) + 0.2f * table.sine(2 * phase) + 0.1f * table.sine(3 * phase);
      samples[i] = tone + strength * centred(mix(noise_key_ + first + i));
    }
  }
  uint32_t phase_at(uint64_t position) const {
    const double share = share_of_glide(position, rate_);
    return phase_step(kGlideSeconds * (kMiddleHz * share + kSwingHz / kTwoPi * (1.0 - std::cos(kTwoPi * share))));
  }

  uint64_t seed_;
  uint64_t noise_key_;
  double rate_;
  uint64_t frames_per_block_;
};

// ---- latencies

// Values of the standard normal distribution at the probabilities k / 2^bits, by Newton's method on erfc, each starting
// from its neighbour. The ends, which are infinite, take the values at half a step.
std::vector<double> normal_quantiles(uint32_t bits) {
  const size_t count = size_t{1} << bits;
  std::vector<double> values(count + 1);
  const auto solve = [](double probability, double start) {
    double x = start;
    for (int round = 0; round < 60; ++round) {
      const double error = 0.5 * std::erfc(-x / std::numbers::sqrt2) - probability;
      const double density = std::exp(-0.5 * x * x) / std::sqrt(kTwoPi);
      const double step = error / density;
      x -= std::clamp(step, -0.5, 0.5);
      if (std::abs(step) < 1e-13) break;
    }
    return x;
  };
  const size_t half = count / 2;
  values[half] = 0.0;
  for (size_t k = half; k-- > 0;) {
    const double probability = (k == 0 ? 0.5 : static_cast<double>(k)) / static_cast<double>(count);
    values[k] = solve(probability, values[k + 1]);
    values[count - k] = -values[k];
  }
  return values;
}

class Latencies final : public Source {
 public:
  explicit Latencies(uint64_t seed) : seed_(seed), sample_key_(mix(seed)) {
    const auto normal = normal_quantiles(kBits);
    for (size_t k = 0; k < normal.size(); ++k) milliseconds_[k] = static_cast<float>(20.0 * std::exp(0.6 * normal[k]));
  }

  void read(uint64_t first, uint64_t frames, void* out) const override {
    auto* samples = static_cast<float*>(out);
    for (uint64_t done = 0; done < frames;) {
      const uint64_t block = (first + done) / kFramesPerBlock;
      const uint64_t count = std::min(frames - done, (block + 1) * kFramesPerBlock - (first + done));
      write_block(block, first + done, count, samples + done);
      done += count;
    }
  }

 private:
  static constexpr uint32_t kBits = 12;
  static constexpr uint64_t kFramesPerBlock = uint64_t{1} << 17;

  void write_block(uint64_t block, uint64_t first, uint64_t frames, float* samples) const {
    for (uint64_t i = 0; i < frames; ++i) samples[i] = latency(first + i);

    // One block in four has an incident, somewhere inside it.
    const uint64_t dice = draw(seed_, 1, block);
    if ((dice & 3) != 0) return;
    const uint64_t length = 8192 + (dice >> 2) % 24576;
    const uint64_t begin = block * kFramesPerBlock + (dice >> 32) % (kFramesPerBlock - length);
    for (uint64_t at = std::max(begin, first); at < std::min(begin + length, first + frames); ++at) samples[at - first] *= 6.0f;
  }
  // 12 bits choose a piece of the inverse distribution, 20 bits the place in it; 12 more say whether this one is a spike.
  float latency(uint64_t position) const {
    const uint64_t bits = mix(sample_key_ + position);
    const auto piece = static_cast<size_t>(bits >> 52);
    const float place = static_cast<float>((bits >> 32) & 0xFFFFF) * 0x1p-20f;
    const float value = milliseconds_[piece] + place * (milliseconds_[piece + 1] - milliseconds_[piece]);
    return (bits & 0xFFF) == 0 ? value * 20.0f : value;
  }

  uint64_t seed_;
  uint64_t sample_key_;
  std::array<float, (1u << kBits) + 1> milliseconds_;
};

// ---- I/Q

class Iq final : public Source {
 public:
  explicit Iq(uint64_t seed) : seed_(seed), noise_key_(mix(seed)) {}

  void read(uint64_t first, uint64_t frames, void* out) const override {
    auto* samples = static_cast<std::complex<float>*>(out);
    for (uint64_t done = 0; done < frames;) {
      const uint64_t block = (first + done) / kFramesPerBlock;
      const uint64_t count = std::min(frames - done, (block + 1) * kFramesPerBlock - (first + done));
      write_block(block, first + done, count, samples + done);
      done += count;
    }
  }

 private:
  static constexpr uint64_t kFramesPerBlock = uint64_t{1} << 15;

  void write_block(uint64_t block, uint64_t first, uint64_t frames, std::complex<float>* samples) const {
    const SineTable& table = sines();
    const uint32_t carrier_step = phase_step(3.0 / 16.0);
    const uint32_t burst_step = phase_step(-5.0 / 16.0);
    const float burst = draw(seed_, 1, block) % 8 == 0 ? 2.0f : 0.0f;  // one block in eight is disturbed
    auto carrier_phase = static_cast<uint32_t>(carrier_step * first);
    auto burst_phase = static_cast<uint32_t>(burst_step * first);
    for (uint64_t i = 0; i < frames; ++i) {
      const uint64_t bits = mix(noise_key_ + first + i);
      const float noise_i = 0.1f * (centred(bits) + centred(bits >> 16));
      const float noise_q = 0.1f * (centred(bits >> 32) + centred(bits >> 48));
      samples[i] = {table.cosine(carrier_phase) + burst * table.cosine(burst_phase) + noise_i,
                    table.sine(carrier_phase) + burst * table.sine(burst_phase) + noise_q};
      carrier_phase += carrier_step;
      burst_phase += burst_step;
    }
  }

  uint64_t seed_;
  uint64_t noise_key_;
};

}  // namespace

std::unique_ptr<Source> make_sine(uint32_t hz, double rate) { return std::make_unique<Sine>(hz, rate); }
std::unique_ptr<Source> make_notes(uint64_t seed, double rate) { return std::make_unique<Notes>(seed, rate); }
std::unique_ptr<Source> make_glide(uint64_t seed, double rate) { return std::make_unique<Glide>(seed, rate); }
double glide_hz(uint64_t frame, double rate) { return kMiddleHz + kSwingHz * std::sin(kTwoPi * share_of_glide(frame, rate)); }
std::unique_ptr<Source> make_latencies(uint64_t seed) { return std::make_unique<Latencies>(seed); }
std::unique_ptr<Source> make_iq(uint64_t seed) { return std::make_unique<Iq>(seed); }

}  // namespace sqs::cli
