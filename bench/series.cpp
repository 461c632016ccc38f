#include "series.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "resident.hpp"

namespace sqs::bench {
namespace {

Figures measured_run(Contender& contender) {
  reset_resident_peak();
  const uint64_t before = resident_bytes();
  Figures figures = contender.run();
  const uint64_t peak = resident_peak_bytes();
  figures.rss_growth_bytes = peak > before ? peak - before : 0;
  return figures;
}

void keep(Series& series, Figures figures) {
  figures.engine_bytes = std::max(figures.engine_bytes, series.figures.engine_bytes);
  figures.rss_growth_bytes = std::max(figures.rss_growth_bytes, series.figures.rss_growth_bytes);
  if (figures.predicted_seconds > 0) series.predicted_seconds.push_back(figures.predicted_seconds);
  series.figures = std::move(figures);
}

void add_sample(Series& series, Contender& contender, double least_sample) {
  double seconds = 0, cpu_seconds = 0;
  uint32_t runs = 0;
  do {
    const Figures figures = measured_run(contender);
    seconds += figures.seconds;
    cpu_seconds += figures.cpu_seconds;
    ++runs;
    keep(series, figures);
    if (!figures.refusal.empty()) return;
  } while (seconds < least_sample);
  series.seconds.push_back(seconds / runs);
  series.cpu_seconds.push_back(cpu_seconds / runs);
}

void require_same_answers(const std::vector<Series>& all) {
  const Series* first = nullptr;
  for (const Series& series : all) {
    if (series.figures.digests.empty()) continue;
    if (first == nullptr) first = &series;
    if (series.figures.digests != first->figures.digests)
      throw std::runtime_error("'" + series.name + "' and '" + first->name + "' gave different results");
  }
}

}  // namespace

double median(std::vector<double> values) {
  if (values.empty()) return std::nan("");
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double paired_ratio(const std::vector<double>& over, const std::vector<double>& under) {
  std::vector<double> ratios;
  for (size_t i = 0; i < std::min(over.size(), under.size()); ++i) ratios.push_back(over[i] / under[i]);
  return median(std::move(ratios));
}

double Series::median_seconds() const { return median(seconds); }
double Series::median_cpu_seconds() const { return median(cpu_seconds); }
double Series::median_predicted_seconds() const { return predicted_seconds.empty() ? 0 : median(predicted_seconds); }

std::vector<Series> run_interleaved(Contest& contest, uint32_t rounds, double least_sample) {
  std::vector<Series> all;
  for (const auto& contender : contest.contenders) all.push_back({contender->name(), {}, {}, {}, {}});
  for (uint32_t round = 0; round < rounds; ++round) {
    for (size_t turn = 0; turn < all.size(); ++turn) {
      const size_t i = (turn + round) % all.size();  // nobody is always the first
      add_sample(all[i], *contest.contenders[i], least_sample);
    }
    if (round == 0) require_same_answers(all);
  }
  return all;
}

}  // namespace sqs::bench
