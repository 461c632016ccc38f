// pitch: the pitch of a sound, window by window. input -> power (of the window, Hann, padded with as many zeros) ->
// autocorrelation (the transform of that, two values per frame of lag) -> likelihood (of every pitch) -> path.forward and path
// (Viterbi, there and back: the most probable pitches of the whole sound) -> pitch in Hz. All channels have one pitch.
// likelihood -> strength (how periodic the window is) -> voicing.forward and voicing (Viterbi over two states, unvoiced and
// voiced); pitch and voicing -> voiced_pitch (pitch in Hz, NaN where unvoiced).
//
// There are 360 pitches, 20 cents apart from C1 (32.7 Hz) on, which is six octaves; from one window to the next a pitch moves
// by at most 100 cents, the farther the less probable. How likely a pitch is follows from the autocorrelation at its period,
// relative to that at lag 0 and to that of the Hann window, so that it is 1 for any periodic sound (Boersma, IFA Proceedings
// 17:97-110, 1993). Two periods are a period too: a small cost for every octave down makes the highest pitch of them win.
// Where the autocorrelation still comes down from its value at lag 0 there is no period, however high it is.
//
// A path has a pitch in every window, also where the sound has none. A window is voiced where the autocorrelation, having come
// down from its value at lag 0, comes up again by kVoicedRise, which that of noise does not, be its spectrum flat or not, nor
// that of silence or of a constant. The next window differs in voicing with a small probability, as in pYIN (Mauch and Dixon,
// ICASSP 2014), so that windows at the limit do not flicker.
#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <limits>
#include <nlohmann/json.hpp>
#include <numbers>
#include <ostream>
#include <spdlog/fmt/fmt.h>
#include <vector>

#include "table.hpp"
#include "workload.hpp"

namespace sqs::cli {
namespace {

namespace sq = sqrtspace;

constexpr uint64_t kPitches = 360;
constexpr double kStepCents = 20.0;
constexpr double kLowestHz = 32.70319566257483;  // C1
constexpr int kReach = 5;                        // pitches by which one window is from the next at most
constexpr uint64_t kLagSteps = 2;                // values of the autocorrelation per frame of lag
constexpr double kSharpness = 20.0;             // log likelihood of a periodic sound over that of an uncorrelated one
constexpr double kCostPerOctave = 0.5;           // of log likelihood
constexpr double kVoicedRise = 0.45;             // of the autocorrelation, 0 .. 1
constexpr double kTurn = 0.01;                   // of that: it has come down from lag 0 when it goes up by more
constexpr double kSwitch = 0.01;                 // probability that the next window differs in voicing

double hz_of(uint64_t pitch) { return kLowestHz * std::exp2(static_cast<double>(pitch) * kStepCents / 1200.0); }

// At this lag, as a share of the window: 0 .. 1.
double hann_autocorrelation(double share) {
  const double angle = 2.0 * std::numbers::pi * share;
  return (1.0 - share) * (2.0 / 3.0 + std::cos(angle) / 3.0) + std::sin(angle) / (2.0 * std::numbers::pi);
}

double cost_of(uint64_t pitch) { return kCostPerOctave * static_cast<double>(kPitches - 1 - pitch) * kStepCents / 1200.0; }

// The log likelihood of a pitch from the autocorrelation at its period, which lies between two values: the cubic through the
// four around it, times what relates it to the window.
struct Period {
  uint64_t first = 0;
  std::array<double, 4> weights = {};
  double cost = 0;
};

Period period_of(uint64_t pitch, double sample_rate, uint64_t window) {
  const double lag = sample_rate / hz_of(pitch);
  const double place = lag * kLagSteps, u = place - std::floor(place);
  const double gain = kSharpness / hann_autocorrelation(lag / static_cast<double>(window));
  Period period;
  period.first = static_cast<uint64_t>(place) - 1;
  period.weights = {-u * (u - 1) * (u - 2) / 6 * gain, (u + 1) * (u - 1) * (u - 2) / 2 * gain, -(u + 1) * u * (u - 2) / 2 * gain,
                    (u + 1) * u * (u - 1) / 6 * gain};
  period.cost = cost_of(pitch);
  return period;
}

// Rows of the autocorrelation, complex with nothing in the imaginary parts, (lags, channels): channels add up.
template <class Real>
class Likelihoods {
 public:
  Likelihoods(double sample_rate, uint64_t window) {
    for (uint64_t pitch = 0; pitch < kPitches; ++pitch) periods_[pitch] = period_of(pitch, sample_rate, window);
  }

  void operator()(sq::Call& call) const {
    const auto lags = call.input<std::complex<Real>>();
    const auto out = call.output<float>();
    for (int64_t row = 0; row < lags.rows(); ++row) {
      const double energy = at(lags, row, 0);
      // Silence, and a window with NaN or infinity in it, tell nothing about the pitch.
      if (!(energy > 0) || !std::isfinite(energy)) {
        std::fill_n(out.row(row), kPitches, 0.0F);
        continue;
      }
      std::array<double, kPitches> heights;
      for (uint64_t pitch = 0; pitch < kPitches; ++pitch) {
        const Period& period = periods_[pitch];
        double sum = 0;
        for (uint64_t i = 0; i < period.weights.size(); ++i) sum += period.weights[i] * at(lags, row, period.first + i);
        heights[pitch] = sum / energy;
      }
      cut_slope(heights, turn(lags, row, energy));
      for (uint64_t pitch = 0; pitch < kPitches; ++pitch) out(row, pitch) = static_cast<float>(heights[pitch] - periods_[pitch].cost);
    }
  }

 private:
  // The lag, in steps, where the autocorrelation has come down from lag 0; or the longest.
  uint64_t turn(const sq::Array<const std::complex<Real>>& lags, int64_t row, double energy) const {
    double lowest = energy;
    for (uint64_t lag = 1; lag < periods_[0].first; ++lag) {
      const double height = at(lags, row, lag);
      if (height > lowest + kTurn * energy) return lag;
      lowest = std::min(lowest, height);
    }
    return periods_[0].first;
  }

  // Shorter periods than that are as likely as the least likely of them, or the first that is longer.
  void cut_slope(std::array<double, kPitches>& heights, uint64_t turn) const {
    uint64_t longer = kPitches;
    while (longer > 0 && periods_[longer - 1].first < turn) --longer;
    if (longer == kPitches) return;
    const auto slope = heights.begin() + static_cast<std::ptrdiff_t>(longer);
    const double lowest = *std::min_element(longer == 0 ? slope : slope - 1, heights.end());
    std::fill(slope, heights.end(), lowest);
  }

  static double at(const sq::Array<const std::complex<Real>>& lags, int64_t row, uint64_t lag) {
    double sum = 0;
    for (int64_t channel = 0; channel < lags.extent(2); ++channel) sum += static_cast<double>(lags(row, lag, channel).real());
    return sum;
  }

  std::array<Period, kPitches> periods_;
};

sq::Stage likelihood_stage(sq::Dtype lags, double sample_rate, uint64_t window) {
  sq::Callback process;
  if (lags == sq::Dtype::c128) process = Likelihoods<double>(sample_rate, window);
  else process = Likelihoods<float>(sample_rate, window);
  sq::Stage stage = sq::map<float>({static_cast<int64_t>(kPitches)}, std::move(process));
  stage.threading = sq::Threading::concurrent;
  stage.fixed_bytes = kPitches * sizeof(Period);
  stage.cost_ns_per_row = 4000;
  return stage;
}

sq::Stage hz_stage() {
  std::array<float, kPitches> hz;
  for (uint64_t pitch = 0; pitch < kPitches; ++pitch) hz[pitch] = static_cast<float>(hz_of(pitch));
  sq::Stage stage = sq::map<float>({}, [hz](sq::Call& call) {
    const auto path = call.input<int32_t>();
    const auto out = call.output<float>();
    for (int64_t row = 0; row < path.rows(); ++row) out(row) = hz.at(static_cast<size_t>(path(row)));
  });
  stage.threading = sq::Threading::concurrent;
  stage.fixed_bytes = sizeof hz;
  stage.cost_ns_per_row = 5;
  return stage;
}

// Log likelihoods of unvoiced and voiced. The autocorrelation follows from the likelihoods, as they from it; what was silent has
// the costs of the pitches instead, which come up by less than kVoicedRise.
sq::Stage strength_stage() {
  sq::Stage stage = sq::map<float>({2}, [](sq::Call& call) {
    const auto likelihoods = call.input<float>();
    const auto out = call.output<float>();
    for (int64_t row = 0; row < out.rows(); ++row) {
      double lowest = 1, rise = 0;
      for (uint64_t pitch = kPitches; pitch-- > 0;) {  // from the shortest period to the longest
        const double height = (static_cast<double>(likelihoods(row, pitch)) + cost_of(pitch)) / kSharpness;
        lowest = std::min(lowest, height);
        rise = std::max(rise, height - std::max(lowest, 0.0));
      }
      out(row, 0) = static_cast<float>(kSharpness * kVoicedRise);
      out(row, 1) = static_cast<float>(kSharpness * rise);
    }
  });
  stage.threading = sq::Threading::concurrent;
  stage.cost_ns_per_row = 1000;
  return stage;
}

sq::Stage voiced_stage() {
  sq::Stage stage = sq::map<float>({}, [](sq::Call& call) {
    const auto pitch = call.input<float>(0);
    const auto voicing = call.input<int32_t>(1);
    const auto out = call.output<float>();
    for (int64_t row = 0; row < out.rows(); ++row)
      out(row) = voicing(row) != 0 ? pitch(row) : std::numeric_limits<float>::quiet_NaN();
  });
  stage.threading = sq::Threading::concurrent;
  stage.cost_ns_per_row = 5;
  return stage;
}

std::string voicing_transitions() {
  const double stay = std::log(1 - kSwitch), change = std::log(kSwitch);
  return fmt::format("transitions={0},{1},{1},{0}", stay, change);
}

// Weights kReach + 1 - |move|, relative to their sum.
std::string transitions() {
  std::string band;
  for (int move = -kReach; move <= kReach; ++move) {
    const double weight = (kReach + 1.0 - std::abs(move)) / ((kReach + 1) * (kReach + 1));
    band += fmt::format("{}{}", band.empty() ? "band=" : ",", std::log(weight));
  }
  return band;
}

// The pitches of voiced windows; of the first rows both.
class PitchSummary final : public Summary {
 public:
  PitchSummary(const RowClock& clock, uint64_t head) : clock_(clock), head_(head) {}

  void rows(size_t target, const sq::View& view) override {
    const auto pitches = view.as<float>();  // (rows)
    for (int64_t i = 0; i < view.rows(); ++i) {
      const auto row = static_cast<uint64_t>(view.first_row() + i);
      if (target == 0) take_path(row, pitches(i));
      else take_voiced(pitches(i));
    }
  }

  void print(std::ostream& out) const override {
    if (windows_ == 0) return;
    if (voiced_ == 0) out << fmt::format("pitch: none, all {} windows are unvoiced\n", windows_);
    else
      out << fmt::format("pitch: from {:.1f} to {:.1f} Hz, median {:.1f} Hz, in {} windows; {} more are unvoiced\n", lowest_,
                         highest_, median(), voiced_, windows_ - voiced_);
    Table table({{"row"}, {"time"}, {"pitch"}, {"note"}});
    for (size_t i = 0; i < path_.size(); ++i) {
      const Row& each = path_[i];
      table.add({std::to_string(each.row), clock_.text(each.row), is_voiced_[i] ? fmt::format("{:.1f} Hz", each.hz) : "unvoiced",
                 is_voiced_[i] ? note(each.hz) : ""});
    }
    table.print(out, "  ");
  }

  nlohmann::json json() const override {
    nlohmann::json first = nlohmann::json::array();
    for (size_t i = 0; i < path_.size(); ++i)
      first.push_back({{"row", path_[i].row}, {clock_.key(), clock_.value(path_[i].row)}, {"hz", path_[i].hz},
                       {"voiced", static_cast<bool>(is_voiced_[i])}});
    nlohmann::json document = {{"windows", windows_}, {"voiced_windows", voiced_}, {"first_rows", first}};
    if (voiced_ != 0) {
      document["lowest_hz"] = lowest_;
      document["highest_hz"] = highest_;
      document["median_hz"] = median();
    }
    return document;
  }

 private:
  struct Row {
    uint64_t row;
    double hz;
  };

  void take_path(uint64_t row, double hz) {
    if (path_.size() < head_) path_.push_back({row, hz});
  }
  void take_voiced(double hz) {
    const bool voiced = !std::isnan(hz);
    if (is_voiced_.size() < head_) is_voiced_.push_back(voiced);
    ++windows_;
    if (!voiced) return;
    ++voiced_;
    lowest_ = std::min(lowest_, hz);
    highest_ = std::max(highest_, hz);
    ++windows_of_pitch_.at(static_cast<size_t>(std::llround(std::log2(hz / kLowestHz) * 1200.0 / kStepCents)));
  }
  double median() const {
    uint64_t pitch = 0;
    for (uint64_t below = windows_of_pitch_[0]; 2 * below < voiced_; below += windows_of_pitch_[pitch]) ++pitch;
    return hz_of(pitch);
  }
  // "A4 -20": the nearest note of the equal temperament, and the cents to it.
  static std::string note(double hz) {
    static const char* const kNames[] = {"C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"};
    const long cents = std::lround(1200.0 * std::log2(hz / kLowestHz)), semitone = (cents + 50) / 100;
    return fmt::format("{}{} {:+}", kNames[semitone % 12], 1 + semitone / 12, cents - 100 * semitone);
  }

  RowClock clock_;
  uint64_t head_;
  uint64_t windows_ = 0, voiced_ = 0;
  double lowest_ = std::numeric_limits<double>::infinity(), highest_ = 0;
  std::array<uint64_t, kPitches> windows_of_pitch_ = {};
  std::vector<Row> path_;
  std::vector<bool> is_voiced_;
};

class Pitch final : public Workload {
 public:
  const char* name() const override { return "pitch"; }
  sq::Dtype dtype() const override { return sq::Dtype::f32; }
  // The power of two that is nearest to a tenth of a second, three periods of the lowest pitch; a hundredth between windows.
  uint64_t default_window(const InputFormat& input) const override {
    return uint64_t{1} << std::lround(std::log2(std::clamp(input.sample_rate * 0.1, 1.0, 0x1p26)));
  }
  uint64_t default_hop(const InputFormat& input) const override {
    return static_cast<uint64_t>(std::llround(std::clamp(input.sample_rate * 0.01, 1.0, 0x1p26)));
  }
  uint64_t bench_frames() const override { return uint64_t{150} * 16000; }

  Input default_input(const Options& options) const override {
    const double rate = options.rate.value_or(kGlideRate);
    const InputFormat format{sq::Dtype::f32, 1, rate, 256'000};
    return make_synthetic(make_glide(options.seed.value_or(kDefaultSeed), rate), "synthetic glide", format, options);
  }

  void build(sq::Pipeline& pipeline, const InputFormat& input, const Options& options) const override {
    const uint64_t window = options.window.value_or(default_window(input));
    require_sense(input, options, window);
    sq::dsp::add(pipeline, "rfft", "power", {"input"}, fmt::format("window=hann n={} output=power", 2 * window));
    // Half the spectrum gives half the sum, which the energy is relative to as well.
    sq::dsp::add(pipeline, "rfft", "autocorrelation", {"power"}, fmt::format("n={}", 2 * kLagSteps * window));
    const sq::Dtype lags = pipeline.describe("autocorrelation").dtype;
    pipeline.add("likelihood", likelihood_stage(lags, input.sample_rate, window), {"autocorrelation"});
    sq::dsp::add(pipeline, "viterbi", "path", {"likelihood"}, transitions());
    pipeline.add("pitch", hz_stage(), {"path"});
    pipeline.add("strength", strength_stage(), {"likelihood"});
    sq::dsp::add(pipeline, "viterbi", "voicing", {"strength"}, voicing_transitions());
    pipeline.add("voiced_pitch", voiced_stage(), {"pitch", "voicing"});
  }

  std::vector<std::string> targets(const Options&) const override { return {"pitch", "voiced_pitch"}; }

  std::unique_ptr<Summary> summary(const InputFormat&, const Options& options, const RowClock& clock) const override {
    return std::make_unique<PitchSummary>(clock, options.head);
  }
  std::string channels_told(const InputFormat& input) const override {
    return input.channels == 1 ? "" : fmt::format("all {} channels together", input.channels);
  }

 private:
  static void require_sense(const InputFormat& input, const Options& options, uint64_t window) {
    if (options.deep) throw Failure(Exit::kUsage, "--deep is for logs; pitch has nothing deeper");
    if (options.limit) throw Failure(Exit::kUsage, "--limit is for logs, satcom and ecg; pitch raises no alerts");
    if (input.dtype == sq::Dtype::c64 || input.dtype == sq::Dtype::c128)
      throw Failure(Exit::kInput, fmt::format("pitch takes real frames, not {}", sq::name(input.dtype)));
    if (input.sample_rate == 0) throw Failure(Exit::kUsage, "pitch needs the frames per second: give --rate");
    const double highest = hz_of(kPitches - 1);
    if (input.sample_rate < 2 * highest)
      throw Failure(Exit::kInput, fmt::format("pitch looks for up to {:.0f} Hz, for which {:g} frames per second are too few: at "
                                              "least {:.0f} are needed",
                                              highest, input.sample_rate, std::ceil(2 * highest)));
    const auto least = static_cast<uint64_t>(std::ceil(2 * input.sample_rate / kLowestHz));
    if (window < least)
      throw Failure(Exit::kUsage, fmt::format("pitch needs a --window of at least {} frames, two periods of {:.1f} Hz", least,
                                              kLowestHz));
  }
};

}  // namespace

const Workload& pitch_workload() {
  static const Pitch workload;
  return workload;
}

}  // namespace sqs::cli
