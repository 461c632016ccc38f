// logs: how slow the requests of every window were. input -> quantiles (p50, p95) -> p95 -> alert; deep: input -> histogram.
#include <algorithm>
#include <optional>
#include <nlohmann/json.hpp>
#include <ostream>
#include <spdlog/fmt/fmt.h>
#include <vector>

#include "table.hpp"
#include "workload.hpp"

namespace sqs::cli {
namespace {

namespace sq = sqrtspace;

constexpr double kDefaultLimitMs = 100.0;
constexpr uint64_t kBins = 2048;
constexpr double kHistogramTopMs = 1024.0;

struct WindowRow {
  uint64_t row = 0;
  double p50 = 0, p95 = 0;
};

// Of the first channel.
class LogsSummary final : public Summary {
 public:
  LogsSummary(const RowClock& clock, const InputFormat& input, const Options& options)
      : clock_(clock),
        wide_(input.dtype == sq::Dtype::f64),
        limit_(options.limit.value_or(kDefaultLimitMs)),
        head_(options.head),
        counts_(options.deep ? kBins : 0) {}

  void rows(size_t target, const sq::View& view) override {
    if (target == 0 && wide_) take_quantiles(view.as<double>());
    if (target == 0 && !wide_) take_quantiles(view.as<float>());
    if (target == 1) take_alerts(view.as<uint8_t>());
    if (target == 2) take_histograms(view.as<uint32_t>());
  }

  void print(std::ostream& out) const override {
    if (windows_ == 0) return;
    out << fmt::format("slowest window: row {} at {}, p95 {:.1f} ms\n", slowest_.row, clock_.text(slowest_.row),
                       slowest_.p95);
    out << fmt::format("alerts: {} of {} windows, in {} incidents (p95 above {:g} ms)\n", alerts_, windows_, incidents_, limit_);
    if (!counts_.empty()) out << fmt::format("commonest latency: {}\n", commonest_text());
    Table table({{"row"}, {"time"}, {"p50"}, {"p95"}, {"alert"}});
    for (const WindowRow& each : first_)
      table.add({std::to_string(each.row), clock_.text(each.row), fmt::format("{:.1f} ms", each.p50),
                 fmt::format("{:.1f} ms", each.p95), each.p95 > limit_ ? "yes" : "no"});
    table.print(out, "  ");
  }

  nlohmann::json json() const override {
    nlohmann::json first = nlohmann::json::array();
    for (const WindowRow& each : first_) first.push_back(to_json(each));
    nlohmann::json document = {{"windows", windows_}, {"alerts", alerts_},    {"incidents", incidents_},
                               {"limit_ms", limit_},  {"first_rows", first}};
    if (windows_ != 0) document["slowest"] = to_json(slowest_);
    if (!counts_.empty()) {
      document["commonest_bin"] = commonest_bin();
      document["bin_ms"] = kHistogramTopMs / kBins;
      document["counted"] = counted_;
    }
    return document;
  }

 private:
  template <class Real>
  void take_quantiles(const sq::Array<const Real>& quantiles) {  // (rows, 2, channels)
    for (int64_t i = 0; i < quantiles.rows(); ++i) {
      const WindowRow each{static_cast<uint64_t>(quantiles.first_row() + i), quantiles(i, 0), quantiles(i, 1)};
      if (first_.size() < head_) first_.push_back(each);
      if (windows_ == 0 || each.p95 > slowest_.p95) slowest_ = each;
      ++windows_;
    }
  }
  void take_alerts(const sq::Array<const uint8_t>& alerts) {  // (rows, 1, channels)
    for (int64_t i = 0; i < alerts.rows(); ++i) {
      const bool alert = alerts(i) != 0;
      if (alert) ++alerts_;
      if (alert && !in_incident_) ++incidents_;
      in_incident_ = alert;
    }
  }
  void take_histograms(const sq::Array<const uint32_t>& histograms) {  // (rows, bins, channels)
    for (int64_t i = 0; i < histograms.rows(); ++i) {
      for (uint64_t bin = 0; bin < kBins; ++bin) {
        counts_[bin] += histograms(i, bin);
        counted_ += histograms(i, bin);
      }
    }
  }
  uint64_t commonest_bin() const {
    return static_cast<uint64_t>(std::max_element(counts_.begin(), counts_.end()) - counts_.begin());
  }
  std::string commonest_text() const {
    const double width = kHistogramTopMs / kBins;
    const auto bin = static_cast<double>(commonest_bin());
    return fmt::format("{:.1f} to {:.1f} ms (bin {} of {})", bin * width, (bin + 1) * width, commonest_bin(), kBins);
  }
  nlohmann::json to_json(const WindowRow& each) const {
    return {{"row", each.row}, {clock_.key(), clock_.value(each.row)}, {"p50_ms", each.p50}, {"p95_ms", each.p95},
            {"alert", each.p95 > limit_}};
  }

  RowClock clock_;
  bool wide_;
  double limit_;
  uint64_t head_;
  uint64_t windows_ = 0, alerts_ = 0, incidents_ = 0, counted_ = 0;
  bool in_incident_ = false;
  WindowRow slowest_;
  std::vector<WindowRow> first_;
  std::vector<uint64_t> counts_;
};

class Logs final : public Workload {
 public:
  const char* name() const override { return "logs"; }
  sq::Dtype dtype() const override { return sq::Dtype::f32; }
  uint64_t default_window(const InputFormat&) const override { return 32768; }
  uint64_t default_hop(const InputFormat&) const override { return 4096; }
  uint64_t bench_frames() const override { return 20'000'000; }

  // A frame is a request, of which a thousand come every second.
  Input default_input(const Options& options) const override {
    const InputFormat format{sq::Dtype::f32, 1, 1000.0, 2'000'000};
    return make_synthetic(make_latencies(options.seed.value_or(kDefaultSeed)), "synthetic latencies", format, options);
  }

  void build(sq::Pipeline& pipeline, const InputFormat& input, const Options& options) const override {
    if (input.dtype != sq::Dtype::f32 && input.dtype != sq::Dtype::f64)
      throw Failure(Exit::kInput, fmt::format("logs takes latencies in ms as f32 or f64, not {}", sq::name(input.dtype)));
    sq::dsp::add(pipeline, "running_quantile", "quantiles", {"input"}, "p=0.5,0.95");
    sq::dsp::add(pipeline, "band_sums", "p95", {"quantiles"}, "unit=bins bands=1,2");  // the sum of entry 1 alone
    sq::dsp::add(pipeline, "threshold", "alert", {"p95"}, fmt::format("limit={}", options.limit.value_or(kDefaultLimitMs)));
    if (options.deep)
      sq::dsp::add(pipeline, "histogram", "histogram", {"input"}, fmt::format("bins={} lo=0 hi={}", kBins, kHistogramTopMs));
  }

  std::vector<std::string> targets(const Options& options) const override {
    if (options.deep) return {"quantiles", "alert", "histogram"};
    return {"quantiles", "alert"};
  }

  std::unique_ptr<Summary> summary(const InputFormat& input, const Options& options, const RowClock& clock) const override {
    return std::make_unique<LogsSummary>(clock, input, options);
  }
};

}  // namespace

const Workload& logs_workload() {
  static const Logs workload;
  return workload;
}

}  // namespace sqs::cli
