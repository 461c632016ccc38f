// ecg: the heart beats of a recording. frames -> band (band-pass, forward and backward: a beat stays where it is) -> stats (mean
// and variance of the whole recording, in the sweep that runs backward) -> z (standard deviations from the mean) -> beats (1
// where z is the largest in a window around it).
//
// The pass band is that of Pan and Tompkins (IEEE Trans Biomed Eng 32(3):230-236, 1985), which keeps the QRS complexes and
// takes out baseline wander and T waves; a beat is taken to be 0.3 s from the next one at least.
#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <ostream>
#include <spdlog/fmt/fmt.h>
#include <vector>

#include "paths.hpp"
#include "table.hpp"
#include "workload.hpp"

namespace sqs::cli {
namespace {

namespace sq = sqrtspace;

constexpr double kLowHz = 5.0, kHighHz = 15.0;
constexpr double kReachSeconds = 0.3;
constexpr double kDefaultHeight = 1.0;

// Of the first channel.
class EcgSummary final : public Summary {
 public:
  EcgSummary(const RowClock& clock, uint64_t head) : clock_(clock), head_(head) {}

  void rows(size_t, const sq::View& view) override {
    const auto beats = view.as<uint8_t>();  // (rows, channels)
    for (int64_t i = 0; i < view.rows(); ++i)
      if (beats(i) != 0) take_beat(static_cast<uint64_t>(view.first_row() + i));
  }

  void print(std::ostream& out) const override {
    out << fmt::format("beats: {}\n", beats_);
    if (beats_ < 2) return;
    out << fmt::format("mean heart rate: {:.1f} per minute; intervals from {} to {}\n", beats_per_minute(),
                       format_seconds(shortest_), format_seconds(longest_));
    Table table({{"beat"}, {"frame"}, {"time"}, {"interval"}});
    for (size_t i = 0; i < first_.size(); ++i)
      table.add({std::to_string(i), std::to_string(first_[i]), fmt::format("{:.3f} s", clock_.seconds(first_[i])),
                 i == 0 ? "-" : format_seconds(clock_.seconds(first_[i]) - clock_.seconds(first_[i - 1]))});
    table.print(out, "  ");
  }

  nlohmann::json json() const override {
    nlohmann::json first = nlohmann::json::array();
    for (const uint64_t frame : first_) first.push_back({{"frame", frame}, {"seconds", clock_.seconds(frame)}});
    nlohmann::json document = {{"beats", beats_}, {"first_beats", first}};
    if (beats_ >= 2) {
      document["beats_per_minute"] = beats_per_minute();
      document["shortest_interval_seconds"] = shortest_;
      document["longest_interval_seconds"] = longest_;
    }
    return document;
  }

 private:
  void take_beat(uint64_t frame) {
    const double seconds = clock_.seconds(frame);
    if (beats_ == 0) {
      first_beat_ = seconds;
    } else {
      shortest_ = std::min(shortest_, seconds - last_beat_);
      longest_ = std::max(longest_, seconds - last_beat_);
    }
    last_beat_ = seconds;
    if (first_.size() < head_) first_.push_back(frame);
    ++beats_;
  }
  double beats_per_minute() const { return 60.0 * static_cast<double>(beats_ - 1) / (last_beat_ - first_beat_); }

  RowClock clock_;
  uint64_t head_;
  uint64_t beats_ = 0;
  double first_beat_ = 0, last_beat_ = 0;
  double shortest_ = std::numeric_limits<double>::infinity(), longest_ = 0;
  std::vector<uint64_t> first_;
};

uint64_t reach_frames(const InputFormat& input) {
  return static_cast<uint64_t>(std::llround(kReachSeconds * input.sample_rate));
}

class Ecg final : public Workload {
 public:
  const char* name() const override { return "ecg"; }
  sq::Dtype dtype() const override { return sq::Dtype::f32; }
  uint64_t default_window(const InputFormat& input) const override { return 2 * reach_frames(input) + 1; }
  uint64_t default_hop(const InputFormat&) const override { return 1; }
  uint64_t bench_frames() const override { return 108'000; }

  Input default_input(const Options& options) const override {
    Options recording = options;
    recording.input = find_data_file("ecg_mitbih208_360hz.wav");
    Input input = open_file(recording, dtype());
    input.description = "five minutes of MIT-BIH record 208";
    return input;
  }

  void build(sq::Pipeline& pipeline, const InputFormat& input, const Options& options) const override {
    if (options.deep) throw Failure(Exit::kUsage, "--deep is for logs; ecg has nothing deeper");
    if (options.window || options.hop)
      throw Failure(Exit::kUsage, "ecg looks at a window around every frame: --window and --hop are not for it");
    if (input.sample_rate == 0) throw Failure(Exit::kUsage, "ecg needs the frames per second: give --rate");
    sq::dsp::add(pipeline, "sosfiltfilt", "band", {"frames"},
                 fmt::format("butter=bandpass order=1 low={} high={}", kLowHz, kHighHz));
    sq::dsp::add(pipeline, "mean_var", "stats", {"band"}, "direction=backward");
    sq::dsp::add(pipeline, "normalise", "z", {"band", "stats"});
    const uint64_t reach = reach_frames(input);
    const sq::Access window("z", reach, reach, 1, sq::Edge::zero);  // zero, the mean: so that every frame has its row
    sq::dsp::add(pipeline, "local_max", "beats", {window}, fmt::format("height={}", options.limit.value_or(kDefaultHeight)));
  }

  std::vector<std::string> targets(const Options&) const override { return {"beats"}; }

  std::unique_ptr<Summary> summary(const InputFormat&, const Options& options, const RowClock& clock) const override {
    return std::make_unique<EcgSummary>(clock, options.head);
  }
};

}  // namespace

const Workload& ecg_workload() {
  static const Ecg workload;
  return workload;
}

}  // namespace sqs::cli
