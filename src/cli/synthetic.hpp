// Streams that are computed, not stored: frame i is a pure function of i and the seed, so any part can be read in any order,
// any number of times, in no memory. Thread safety: read() is const and may overlap.
#pragma once

#include <cstdint>
#include <memory>

namespace sqs::cli {

class Source {
 public:
  virtual ~Source() = default;
  // Fills `out` with frames [first, first + frames).
  virtual void read(uint64_t first, uint64_t frames, void* out) const = 0;
};

// f32, one channel: a sine of amplitude 1 and phase 0, of a whole number of Hz.
std::unique_ptr<Source> make_sine(uint32_t hz, double rate);

// f32, one channel: notes of a quarter of a second, each a chord of two tones of up to kNotesHighestHz, in noise.
inline constexpr double kNotesRate = 48000, kNotesHighestHz = 2640;
std::unique_ptr<Source> make_notes(uint64_t seed, double rate = kNotesRate);

// f32, one channel: a tone with two overtones whose pitch glides up and down, in noise; an eighth of a second in sixteen is
// drowned in noise five times as strong. glide_hz() is the pitch at a frame.
inline constexpr double kGlideRate = 16000;
std::unique_ptr<Source> make_glide(uint64_t seed, double rate = kGlideRate);
double glide_hz(uint64_t frame, double rate = kGlideRate);

// f32, one channel, milliseconds: lognormal with median 20 and sigma 0.6; one sample in 4096 is 20 times as slow, and in
// incidents of a few thousand samples every one is six times as slow.
std::unique_ptr<Source> make_latencies(uint64_t seed);

// c64, one channel: a carrier at 3/16 of the rate, noise, and bursts of an interferer at -5/16 of it.
std::unique_ptr<Source> make_iq(uint64_t seed);

}  // namespace sqs::cli
