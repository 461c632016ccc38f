// The frames a workload runs on: a stretch that is held in memory, or that stretch again and again for streams too long to
// hold. The engine gets the former as borrowed memory and the latter as a reader; references read both by read(). Immutable;
// calls may overlap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "sqrtspace/sqrtspace.hpp"

namespace sqs::bench {

class Stream {
 public:
  Stream(sqrtspace::Dtype dtype, double rate, uint64_t frames, std::vector<std::byte> stretch, uint64_t channels = 1);

  sqrtspace::Dtype dtype() const { return dtype_; }
  double rate() const { return rate_; }
  uint64_t channels() const { return channels_; }
  uint64_t frames() const { return frames_; }
  uint64_t windows(uint64_t window, uint64_t hop) const { return frames_ < window ? 0 : 1 + (frames_ - window) / hop; }
  uint64_t frame_bytes() const { return frame_bytes_; }
  bool in_memory() const { return frames_ <= stretch_frames_; }
  const std::byte* memory() const { return stretch_.data(); }

  // Fills `to` with frames [first, first + count).
  void read(uint64_t first, uint64_t count, void* to) const;

 private:
  sqrtspace::Dtype dtype_;
  double rate_;
  uint64_t channels_;
  uint64_t frames_;
  uint64_t frame_bytes_;
  std::vector<std::byte> stretch_;
  uint64_t stretch_frames_;
};

// Chords in noise, f32 at 48 kHz; request latencies, f32 at 1 kHz; I/Q samples, c64 at 48 kHz; an electrocardiogram, f32 at
// 360 Hz. At most ten minutes (of latencies and heart beats: ten hours) are held; longer ones repeat them.
Stream sound(uint64_t frames);
Stream latencies(uint64_t frames);
Stream radio(uint64_t frames);
Stream heart(uint64_t frames);

// Log likelihoods of 360 pitches, 20 cents apart, f32 at 100 Hz: a voice that glides, in noise. All are held.
inline constexpr uint64_t kPitches = 360;
Stream pitches(uint64_t frames);

}  // namespace sqs::bench
