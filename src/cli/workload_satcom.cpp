// satcom: which eighths of a radio band are too loud. input -> spectrum (complex, Hann, in order of frequency) -> band_energy
// -> band_power (a carrier of amplitude 1 has power 1) -> band_db -> alert. Two real channels are taken as I and Q.
#include <algorithm>
#include <array>
#include <complex>
#include <nlohmann/json.hpp>
#include <ostream>
#include <spdlog/fmt/fmt.h>
#include <vector>

#include "table.hpp"
#include "workload.hpp"

namespace sqs::cli {
namespace {

namespace sq = sqrtspace;

constexpr uint64_t kBands = 8;
constexpr double kDefaultLimitDb = 3.0;

using BandRow = std::array<double, kBands>;

// Of the first channel.
class SatcomSummary final : public Summary {
 public:
  SatcomSummary(const RowClock& clock, const InputFormat& input, const Options& options)
      : clock_(clock),
        wide_(input.dtype == sq::Dtype::c128),
        limit_(options.limit.value_or(kDefaultLimitDb)),
        head_(options.head) {
    loudest_.fill(-1e300);
  }

  void rows(size_t target, const sq::View& view) override {
    if (target == 0 && wide_) take_levels(view.as<double>());
    if (target == 0 && !wide_) take_levels(view.as<float>());
    if (target == 1) take_alerts(view.as<uint8_t>());
  }

  void print(std::ostream& out) const override {
    if (windows_ == 0) return;
    out << fmt::format("alerts: {} of {} windows (a band above {:g} dB)\n", alert_windows_, windows_, limit_);
    Table bands({{"band"}, {"from", Table::Align::kRight}, {"to", Table::Align::kRight}, {"loudest"}, {"alerts"}});
    for (size_t band = 0; band < kBands; ++band)
      bands.add({std::to_string(band), edge_text(band), edge_text(band + 1), fmt::format("{:.1f} dB", loudest_[band]),
                 std::to_string(alerts_[band])});
    bands.print(out, "  ");
    out << "first rows, dB in each band\n";
    std::vector<Table::Column> columns = {{"row"}, {"time"}};
    for (size_t band = 0; band < kBands; ++band) columns.push_back({std::to_string(band)});
    Table first(columns);
    for (const auto& [row, levels] : first_) {
      std::vector<std::string> cells = {std::to_string(row), clock_.text(row)};
      for (const double level : levels) cells.push_back(format_number(level, 1));
      first.add(cells);
    }
    first.print(out, "  ");
  }

  nlohmann::json json() const override {
    nlohmann::json first = nlohmann::json::array();
    for (const auto& [row, levels] : first_)
      first.push_back({{"row", row}, {clock_.key(), clock_.value(row)}, {"db", levels}});
    nlohmann::json document = {{"windows", windows_},    {"alert_windows", alert_windows_}, {"limit_db", limit_},
                               {"alerts", alerts_}, {"first_rows", first}};
    if (windows_ != 0) document["loudest_db"] = loudest_;
    return document;
  }

 private:
  template <class Real>
  void take_levels(const sq::Array<const Real>& db) {  // (rows, bands, channels)
    for (int64_t i = 0; i < db.rows(); ++i) {
      BandRow levels;
      for (size_t band = 0; band < kBands; ++band) {
        levels[band] = db(i, band);
        loudest_[band] = std::max(loudest_[band], levels[band]);
      }
      if (first_.size() < head_) first_.emplace_back(static_cast<uint64_t>(db.first_row() + i), levels);
      ++windows_;
    }
  }
  void take_alerts(const sq::Array<const uint8_t>& alerts) {  // (rows, bands, channels)
    for (int64_t i = 0; i < alerts.rows(); ++i) {
      bool any = false;
      for (size_t band = 0; band < kBands; ++band) {
        if (alerts(i, band) == 0) continue;
        ++alerts_[band];
        any = true;
      }
      if (any) ++alert_windows_;
    }
  }
  // In Hz from the middle of the band, or as a share of the rate if that is unknown.
  std::string edge_text(size_t edge) const {
    const double share = static_cast<double>(edge) / kBands - 0.5;
    if (clock_.sample_rate == 0) return fmt::format("{:+.3f} rate", share);
    return fmt::format("{:+.1f} kHz", share * clock_.sample_rate / 1e3);
  }

  RowClock clock_;
  bool wide_;
  double limit_;
  uint64_t head_;
  uint64_t windows_ = 0, alert_windows_ = 0;
  BandRow loudest_;
  std::array<uint64_t, kBands> alerts_ = {};
  std::vector<std::pair<uint64_t, BandRow>> first_;
};

// Two f32, I and Q, become one c64.
void join_iq(sq::Call& call) {
  const auto parts = call.input<float>();
  const auto joined = call.output<std::complex<float>>();
  for (int64_t row = 0; row < joined.rows(); ++row) joined(row) = {parts(row, 0), parts(row, 1)};
}

void add_iq_windows(sq::Pipeline& pipeline, const char* name, uint64_t window, uint64_t hop) {
  sq::Stage join = sq::map<std::complex<float>>({1}, join_iq);
  join.threading = sq::Threading::concurrent;
  pipeline.add("iq", std::move(join), {"frames"});
  pipeline.add_windows(name, sq::Access("iq", 0, window - 1, hop));
}

class Satcom final : public Workload {
 public:
  const char* name() const override { return "satcom"; }
  sq::Dtype dtype() const override { return sq::Dtype::c64; }
  uint64_t default_window(const InputFormat&) const override { return 1024; }
  uint64_t default_hop(const InputFormat&) const override { return 512; }
  uint64_t bench_frames() const override { return 20'000'000; }

  Input default_input(const Options& options) const override {
    const InputFormat format{sq::Dtype::c64, 1, 1e6, 2'000'000};
    return make_synthetic(make_iq(options.seed.value_or(kDefaultSeed)), "synthetic I/Q", format, options);
  }

  void build(sq::Pipeline& pipeline, const InputFormat& input, const Options& options) const override {
    if (options.deep) throw Failure(Exit::kUsage, "--deep is for logs; satcom has nothing deeper");
    const uint64_t window = options.window.value_or(default_window(input));
    if (window < kBands) throw Failure(Exit::kUsage, fmt::format("satcom needs a --window of at least {} frames", kBands));
    const char* windows = "input";
    if (is_pair(input)) {
      windows = "iq_windows";
      add_iq_windows(pipeline, windows, window, options.hop.value_or(default_hop(input)));
    } else if (input.dtype != sq::Dtype::c64 && input.dtype != sq::Dtype::c128) {
      throw Failure(Exit::kInput, fmt::format("satcom takes complex frames, or I and Q as two channels of f32, not {} of {}",
                                              input.channels, sq::name(input.dtype)));
    }
    // By Parseval the bins of a carrier of amplitude 1 add up to window * (sum of the squared Hann window).
    const double energy = static_cast<double>(window) * static_cast<double>(window) * 3.0 / 8.0;
    sq::dsp::add(pipeline, "fft", "spectrum", {windows}, "window=hann shift=true");
    sq::dsp::add(pipeline, "band_sums", "band_energy", {"spectrum"}, "layout=shifted unit=bins bands=" + band_edges(window));
    sq::dsp::add(pipeline, "scale", "band_power", {"band_energy"}, fmt::format("factor={}", 1.0 / energy));
    sq::dsp::add(pipeline, "log", "band_db", {"band_power"}, "base=10 factor=10 floor=1e-30");
    sq::dsp::add(pipeline, "threshold", "alert", {"band_db"}, fmt::format("limit={}", options.limit.value_or(kDefaultLimitDb)));
  }

  std::vector<std::string> targets(const Options&) const override { return {"band_db", "alert"}; }

  std::unique_ptr<Summary> summary(const InputFormat& input, const Options& options, const RowClock& clock) const override {
    return std::make_unique<SatcomSummary>(clock, input, options);
  }
  std::string channels_told(const InputFormat& input) const override {
    return is_pair(input) ? "I and Q from two channels" : Workload::channels_told(input);
  }

 private:
  static bool is_pair(const InputFormat& input) { return input.dtype == sq::Dtype::f32 && input.channels == 2; }
  static std::string band_edges(uint64_t window) {
    std::string edges;
    for (uint64_t band = 0; band < kBands; ++band)
      edges += fmt::format("{}{},{}", band == 0 ? "" : ",", band * window / kBands, (band + 1) * window / kBands);
    return edges;
  }
};

}  // namespace

const Workload& satcom_workload() {
  static const Satcom workload;
  return workload;
}

}  // namespace sqs::cli
