// audio: the loudest frequency of every window. input -> spectrum (|rfft|) -> peak_bin (argmax).
#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>
#include <spdlog/fmt/fmt.h>
#include <vector>

#include "table.hpp"
#include "workload.hpp"

namespace sqs::cli {
namespace {

namespace sq = sqrtspace;

struct Peak {
  uint64_t row;
  int32_t bin;
};

// Of the first channel.
class AudioSummary final : public Summary {
 public:
  AudioSummary(const RowClock& clock, uint64_t window, uint64_t head)
      : clock_(clock), bin_hz_(clock.sample_rate / static_cast<double>(window)), head_(head), windows_of_bin_(window / 2 + 1) {}

  void rows(size_t, const sq::View& view) override {
    const auto bins = view.as<int32_t>();  // (rows, channels)
    for (int64_t i = 0; i < view.rows(); ++i) {
      const auto row = static_cast<uint64_t>(view.first_row() + i);
      const int32_t bin = bins(i);
      if (first_.size() < head_) first_.push_back({row, bin});
      ++windows_of_bin_.at(static_cast<size_t>(bin));
      ++windows_;
    }
  }

  void print(std::ostream& out) const override {
    if (windows_ == 0) return;
    const size_t bin = commonest_bin();
    out << fmt::format("commonest peak: bin {} ({}), in {} of {} windows\n", bin, frequency(bin), windows_of_bin_[bin],
                       windows_);
    Table table({{"row"}, {"time"}, {"bin"}, {"frequency"}});
    for (const Peak& peak : first_)
      table.add({std::to_string(peak.row), clock_.text(peak.row), std::to_string(peak.bin),
                 frequency(static_cast<size_t>(peak.bin))});
    table.print(out, "  ");
  }

  nlohmann::json json() const override {
    nlohmann::json first = nlohmann::json::array();
    for (const Peak& peak : first_)
      first.push_back({{"row", peak.row},
                       {clock_.key(), clock_.value(peak.row)},
                       {"bin", peak.bin},
                       {"hz", bin_hz_ * static_cast<double>(peak.bin)}});
    const size_t bin = commonest_bin();
    return {{"windows", windows_},
            {"commonest_bin", bin},
            {"commonest_hz", bin_hz_ * static_cast<double>(bin)},
            {"commonest_windows", windows_of_bin_[bin]},
            {"first_rows", first}};
  }

 private:
  size_t commonest_bin() const {
    return static_cast<size_t>(std::max_element(windows_of_bin_.begin(), windows_of_bin_.end()) - windows_of_bin_.begin());
  }
  std::string frequency(size_t bin) const {
    if (bin_hz_ == 0) return "-";
    return fmt::format("{:.1f} Hz", bin_hz_ * static_cast<double>(bin));
  }

  RowClock clock_;
  double bin_hz_;
  uint64_t head_;
  uint64_t windows_ = 0;
  std::vector<uint64_t> windows_of_bin_;
  std::vector<Peak> first_;
};

class Audio final : public Workload {
 public:
  const char* name() const override { return "audio"; }
  sq::Dtype dtype() const override { return sq::Dtype::f32; }
  uint64_t default_window(const InputFormat&) const override { return 4096; }
  uint64_t default_hop(const InputFormat&) const override { return 1024; }
  uint64_t bench_frames() const override { return uint64_t{600} * 48000; }

  // A pure tone, or, when a length is asked for, something with more to find.
  Input default_input(const Options& options) const override {
    const double rate = options.rate.value_or(kNotesRate);
    const InputFormat format{sq::Dtype::f32, 1, rate, 96000};
    if (!options.minutes && !options.frames) {
      if (options.seed) throw Failure(Exit::kUsage, "--seed is for notes, not for the tone: give --minutes or --frames as well");
      require_rate_for(kToneHz, rate);
      return make_synthetic(make_sine(kToneHz, rate), fmt::format("{} Hz sine", kToneHz), format, options);
    }
    require_rate_for(kNotesHighestHz, rate);
    return make_synthetic(make_notes(options.seed.value_or(kDefaultSeed), rate), "synthetic notes", format, options);
  }

  void build(sq::Pipeline& pipeline, const InputFormat& input, const Options& options) const override {
    if (options.deep) throw Failure(Exit::kUsage, "--deep is for logs; audio has nothing deeper");
    if (options.limit) throw Failure(Exit::kUsage, "--limit is for logs, satcom and ecg; audio raises no alerts");
    if (input.dtype == sq::Dtype::c64 || input.dtype == sq::Dtype::c128)
      throw Failure(Exit::kInput, fmt::format("audio takes real frames, not {}", sq::name(input.dtype)));
    sq::dsp::add(pipeline, "rfft", "spectrum", {"input"}, "output=magnitude");
    sq::dsp::add(pipeline, "argmax", "peak_bin", {"spectrum"});
  }

  std::vector<std::string> targets(const Options&) const override { return {"peak_bin"}; }

  std::unique_ptr<Summary> summary(const InputFormat& input, const Options& options, const RowClock& clock) const override {
    return std::make_unique<AudioSummary>(clock, options.window.value_or(default_window(input)), options.head);
  }

 private:
  static constexpr uint32_t kToneHz = 440;

  // Sound has frequencies below half the rate (Nyquist).
  static void require_rate_for(double hz, double rate) {
    if (rate > 2 * hz) return;
    throw Failure(Exit::kUsage, fmt::format("at {:g} frames per second there is no sound of {:g} Hz, which this stream has: "
                                            "--rate must be more than {:g}",
                                            rate, hz, 2 * hz));
  }
};

}  // namespace

const Workload& audio_workload() {
  static const Audio workload;
  return workload;
}

}  // namespace sqs::cli
