#include "reference/audio.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <thread>
#include <vector>

#include "digest.hpp"
#include "dsp/fftw_plan.hpp"
#include "dsp/spectrum_kernels.hpp"
#include "reference/buffer.hpp"
#include "reference/row_kernel.hpp"
#include "stopwatch.hpp"

namespace sqs::bench {
namespace {

constexpr uint64_t kHalf = kAudioWindow / 2;
constexpr uint64_t kBins = kHalf + 1;
// Windows per tile; about 400 KiB of spectra and frames. Anything from 4 to 64 measures the same.
constexpr uint64_t kAudioTile = 32;
// Spectra lie on cache lines; a row of the engine's is packed.
constexpr uint64_t kSpectrumPitch = (kBins + 15) / 16 * 16;

// |rfft| of one window: a complex transform of half the size and its unfolding, as the rfft stage does it.
class Magnitude {
 public:
  Magnitude() : plan_(kHalf, dsp::TransformInput::Complex), turns_(kHalf) {}
  // The window on a cache line; z has room for it.
  void run(const float* window, float* z, float* out) const {
    plan_.execute(const_cast<float*>(window), z);  // out of place: FFTW leaves the window as it is
    dsp::emit_half_spectrum(dsp::SpectrumOutput::Magnitude, z, turns_, out);
  }

 private:
  dsp::FftwPlan<float> plan_;
  dsp::HalfTurns<float> turns_;
};

struct Kernels {
  Magnitude magnitude;
  RowKernel argmax{"argmax", "", SQS_F32, kBins};

  void largest(const float* spectra, uint64_t pitch, uint64_t rows, int32_t* bins) const {
    argmax.run(spectra, pitch * sizeof(float), rows, bins, sizeof(int32_t), nullptr);
  }
};

// Frames of a few windows, which slide: what the next tile shares with this one moves to the front.
class Frames {
 public:
  Frames(const Stream& stream, uint64_t windows) : stream_(stream), buffer_((windows - 1) * kAudioHop + kAudioWindow) {}

  // Brings windows [first, first + count) into memory.
  const float* load(uint64_t first, uint64_t count) {
    const uint64_t begin = first * kAudioHop, end = (first + count - 1) * kAudioHop + kAudioWindow;
    const uint64_t kept = begin < end_ && begin >= begin_ ? end_ - begin : 0;
    if (kept > 0) std::memmove(buffer_.data(), buffer_.data() + (begin - begin_), kept * sizeof(float));
    stream_.read(begin + kept, end - begin - kept, buffer_.data() + kept);
    begin_ = begin;
    end_ = end;
    return buffer_.data();
  }

 private:
  const Stream& stream_;
  Buffer<float> buffer_;
  uint64_t begin_ = 0, end_ = 0;
};

void run_tiled(const Stream& stream, const Kernels& kernels, uint64_t first, uint64_t last, int32_t* bins) {
  Frames frames(stream, kAudioTile);
  Buffer<float> z(2 * kHalf), spectra(kAudioTile * kSpectrumPitch);
  for (uint64_t t = first; t < last; t += kAudioTile) {
    const uint64_t count = std::min(kAudioTile, last - t);
    const float* windows = frames.load(t, count);
    for (uint64_t i = 0; i < count; ++i)
      kernels.magnitude.run(windows + i * kAudioHop, z.data(), spectra.data() + i * kSpectrumPitch);
    kernels.largest(spectra.data(), kSpectrumPitch, count, bins + t);
  }
}

void run_fused(const Stream& stream, const Kernels& kernels, uint64_t last, int32_t* bins) {
  Frames frames(stream, kAudioTile);
  Buffer<float> z(2 * kHalf), spectrum(kSpectrumPitch);
  for (uint64_t t = 0; t < last; t += kAudioTile) {
    const uint64_t count = std::min(kAudioTile, last - t);
    const float* windows = frames.load(t, count);
    for (uint64_t i = 0; i < count; ++i) {
      kernels.magnitude.run(windows + i * kAudioHop, z.data(), spectrum.data());
      kernels.largest(spectrum.data(), kSpectrumPitch, 1, bins + t + i);
    }
  }
}

void run_stagewise(const Stream& stream, const Kernels& kernels, uint64_t last, int32_t* bins) {
  Buffer<float> windows(last * kAudioWindow);
  for (uint64_t t = 0; t < last; ++t) stream.read(t * kAudioHop, kAudioWindow, windows.data() + t * kAudioWindow);
  Buffer<float> z(2 * kHalf), spectra(last * kSpectrumPitch);
  for (uint64_t t = 0; t < last; ++t)
    kernels.magnitude.run(windows.data() + t * kAudioWindow, z.data(), spectra.data() + t * kSpectrumPitch);
  kernels.largest(spectra.data(), kSpectrumPitch, last, bins);
}

void run_threaded(const Stream& stream, const Kernels& kernels, uint64_t last, uint32_t threads, int32_t* bins) {
  const auto begin_of = [&](uint64_t share) { return last * share / threads; };
  std::vector<std::thread> others;
  for (uint64_t i = 1; i < threads; ++i)
    others.emplace_back([&, i] { run_tiled(stream, kernels, begin_of(i), begin_of(i + 1), bins); });
  run_tiled(stream, kernels, 0, begin_of(1), bins);
  for (std::thread& thread : others) thread.join();
}

class Audio final : public Contender {
 public:
  using Loop = std::function<void(const Stream&, const Kernels&, uint64_t windows, int32_t* bins)>;
  Audio(std::string name, const Stream& stream, Loop loop) : Contender(std::move(name)), stream_(stream), loop_(std::move(loop)) {}

  Figures run() override {
    const Kernels kernels;
    Figures figures;
    const Stopwatch stopwatch;
    const uint64_t windows = stream_.windows(kAudioWindow, kAudioHop);
    const Buffer<int32_t> bins(windows);
    loop_(stream_, kernels, windows, bins.data());
    stopwatch.add_to(figures);
    figures.digests = {digest_of(bins.data(), bins.bytes())};
    return figures;
  }

 private:
  const Stream& stream_;
  Loop loop_;
};

}  // namespace

std::unique_ptr<Contender> tiled_audio(const Stream& stream) {
  return std::make_unique<Audio>("tiled", stream, [](const Stream& s, const Kernels& k, uint64_t windows, int32_t* bins) {
    run_tiled(s, k, 0, windows, bins);
  });
}
std::unique_ptr<Contender> fused_audio(const Stream& stream) { return std::make_unique<Audio>("fused", stream, run_fused); }
std::unique_ptr<Contender> stagewise_audio(const Stream& stream) {
  return std::make_unique<Audio>("stagewise", stream, run_stagewise);
}
std::unique_ptr<Contender> threaded_audio(const Stream& stream, uint32_t threads) {
  return std::make_unique<Audio>("tiled, " + std::to_string(threads) + " threads", stream,
                                 [threads](const Stream& s, const Kernels& k, uint64_t windows, int32_t* bins) {
                                   run_threaded(s, k, windows, threads, bins);
                                 });
}

}  // namespace sqs::bench
