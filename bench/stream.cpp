#include "stream.hpp"

#include <sndfile.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <memory>
#include <stdexcept>

#include "cli/synthetic.hpp"

namespace sqs::bench {
namespace {

namespace sq = sqrtspace;

constexpr uint64_t kSeed = 1;

Stream synthetic(const cli::Source& source, sq::Dtype dtype, double rate, uint64_t frames, uint64_t most_held) {
  const uint64_t held = std::min(frames, most_held);
  std::vector<std::byte> stretch(held * sq::bytes_of(dtype));
  source.read(0, held, stretch.data());
  return Stream(dtype, rate, frames, std::move(stretch));
}

std::vector<float> read_recording(const char* path) {
  SF_INFO info{};
  const std::unique_ptr<SNDFILE, int (*)(SNDFILE*)> file(sf_open(path, SFM_READ, &info), sf_close);
  if (file == nullptr || info.channels != 1) throw std::runtime_error(std::string("can't read ") + path);
  std::vector<float> samples(static_cast<size_t>(info.frames));
  if (sf_readf_float(file.get(), samples.data(), info.frames) != info.frames) throw std::runtime_error(std::string(path) + " is cut short");
  return samples;
}

}  // namespace

Stream::Stream(sq::Dtype dtype, double rate, uint64_t frames, std::vector<std::byte> stretch, uint64_t channels)
    : dtype_(dtype),
      rate_(rate),
      channels_(channels),
      frames_(frames),
      frame_bytes_(channels * sq::bytes_of(dtype)),
      stretch_(std::move(stretch)),
      stretch_frames_(stretch_.size() / frame_bytes_) {}

void Stream::read(uint64_t first, uint64_t count, void* to) const {
  auto* at = static_cast<std::byte*>(to);
  while (count > 0) {
    const uint64_t place = first % stretch_frames_;
    const uint64_t piece = std::min(count, stretch_frames_ - place);
    std::memcpy(at, stretch_.data() + place * frame_bytes_, piece * frame_bytes_);
    at += piece * frame_bytes_;
    first += piece;
    count -= piece;
  }
}

Stream sound(uint64_t frames) {
  return synthetic(*cli::make_notes(kSeed), sq::Dtype::f32, 48000, frames, uint64_t{600} * 48000);
}
Stream latencies(uint64_t frames) {
  return synthetic(*cli::make_latencies(kSeed), sq::Dtype::f32, 1000, frames, uint64_t{36000} * 1000);
}
Stream radio(uint64_t frames) {
  return synthetic(*cli::make_iq(kSeed), sq::Dtype::c64, 48000, frames, uint64_t{600} * 48000);
}

Stream heart(uint64_t frames) {
  const std::vector<float> beat = read_recording(SQS_BENCH_ECG);
  const Stream once(sq::Dtype::f32, 360, frames, [&] {
    std::vector<std::byte> bytes(beat.size() * sizeof(float));
    std::memcpy(bytes.data(), beat.data(), bytes.size());
    return bytes;
  }());
  std::vector<std::byte> held(std::min<uint64_t>(frames, uint64_t{36000} * 360) * sizeof(float));
  once.read(0, held.size() / sizeof(float), held.data());
  return Stream(sq::Dtype::f32, 360, frames, std::move(held));
}

Stream pitches(uint64_t frames) {
  std::vector<std::byte> held(frames * kPitches * sizeof(float));
  uint32_t noise = kSeed;
  std::array<float, kPitches> row;
  for (uint64_t t = 0; t < frames; ++t) {
    const double centre = 180 + 120 * std::sin(1e-3 * static_cast<double>(t)) + 30 * std::sin(0.013 * static_cast<double>(t));
    for (uint64_t i = 0; i < kPitches; ++i) {
      noise = noise * 1664525 + 1013904223;
      const double away = (static_cast<double>(i) - centre) / 6;
      row[i] = static_cast<float>(-std::min(away * away, 8.0) - 4 * static_cast<double>(noise >> 8) / (1 << 24));
    }
    std::memcpy(held.data() + t * sizeof row, row.data(), sizeof row);
  }
  return Stream(sq::Dtype::f32, 100, frames, std::move(held), kPitches);
}

}  // namespace sqs::bench
