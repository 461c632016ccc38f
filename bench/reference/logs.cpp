#include "reference/logs.hpp"

#include <algorithm>
#include <array>

#include "digest.hpp"
#include "dsp/quantile_rank.hpp"
#include "dsp/sort_keys.hpp"
#include "dsp/sorted_runs.hpp"
#include "reference/buffer.hpp"
#include "stopwatch.hpp"

namespace sqs::bench {
namespace {

using Key = dsp::KeyOf<float>;

constexpr uint64_t kBlocks = kLogsWindow / kLogsHop;
constexpr uint64_t kLogsTile = 16;  // windows

// The last kBlocks hops, each sorted.
class SortedBlocks {
 public:
  SortedBlocks() : keys_(kLogsWindow), spare_(kLogsHop) {}

  void push(const float* hop) {
    Key* block = keys_.data() + next_ * kLogsHop;
    dsp::load_keys<float>(reinterpret_cast<const std::byte*>(hop), sizeof(float), kLogsHop, block);
    dsp::sort_keys(block, kLogsHop, spare_.data());
    next_ = (next_ + 1) % kBlocks;
  }
  float at_rank(uint64_t rank) const {
    std::array<dsp::SortedRun<Key>, kBlocks> runs;
    for (uint64_t i = 0; i < kBlocks; ++i) runs[i] = {keys_.data() + i * kLogsHop, keys_.data() + (i + 1) * kLogsHop, nullptr};
    return dsp::from_key<float>(dsp::select_from_runs(runs.data(), kBlocks, rank));
  }

 private:
  Buffer<Key> keys_, spare_;
  uint64_t next_ = 0;
};

void run_tiled(const Stream& stream, uint64_t windows, float* quantiles, uint8_t* alerts) {
  const std::array ranks = {dsp::nearest_rank(0.5, kLogsWindow), dsp::nearest_rank(0.95, kLogsWindow)};
  SortedBlocks blocks;
  Buffer<float> frames(kLogsTile * kLogsHop);
  Buffer<float> p95(kLogsTile);
  for (uint64_t i = 0; i + 1 < kBlocks && windows > 0; ++i) {
    stream.read(i * kLogsHop, kLogsHop, frames.data());
    blocks.push(frames.data());
  }
  for (uint64_t t = 0; t < windows; t += kLogsTile) {
    const uint64_t count = std::min(kLogsTile, windows - t);
    stream.read((t + kBlocks - 1) * kLogsHop, count * kLogsHop, frames.data());
    for (uint64_t i = 0; i < count; ++i) {
      blocks.push(frames.data() + i * kLogsHop);
      for (size_t q = 0; q < ranks.size(); ++q) quantiles[(t + i) * ranks.size() + q] = blocks.at_rank(ranks[q]);
    }
    for (uint64_t i = 0; i < count; ++i) p95[i] = quantiles[(t + i) * ranks.size() + 1];
    for (uint64_t i = 0; i < count; ++i) alerts[t + i] = static_cast<double>(p95[i]) > kLogsLimit ? 1 : 0;
  }
}

class Logs final : public Contender {
 public:
  explicit Logs(const Stream& stream) : Contender("tiled"), stream_(stream) {}

  Figures run() override {
    Figures figures;
    const Stopwatch stopwatch;
    const uint64_t windows = stream_.windows(kLogsWindow, kLogsHop);
    const Buffer<float> quantiles(2 * windows);
    const Buffer<uint8_t> alerts(windows);
    run_tiled(stream_, windows, quantiles.data(), alerts.data());
    stopwatch.add_to(figures);
    figures.digests = {digest_of(quantiles.data(), quantiles.bytes()), digest_of(alerts.data(), alerts.bytes())};
    return figures;
  }

 private:
  const Stream& stream_;
};

}  // namespace

std::unique_ptr<Contender> tiled_logs(const Stream& stream) { return std::make_unique<Logs>(stream); }

}  // namespace sqs::bench
