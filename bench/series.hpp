// Runs the contenders of a contest in turns, so that what slows the machine down slows all of them, and keeps each round's
// times. A sample of a short job is the mean of as many runs as take kLeastSampleSeconds together.
#pragma once

#include <string>
#include <vector>

#include "workload.hpp"

namespace sqs::bench {

inline constexpr double kLeastSampleSeconds = 0.02;

struct Series {
  std::string name;
  std::vector<double> seconds, cpu_seconds;  // one per round
  std::vector<double> predicted_seconds;     // one per run
  Figures figures;                           // of the last run; peaks are the highest of all

  double median_seconds() const;
  double median_cpu_seconds() const;
  double median_predicted_seconds() const;  // 0: not told
};

double median(std::vector<double> values);
// Of the quotients round by round.
double paired_ratio(const std::vector<double>& over, const std::vector<double>& under);

// least_sample 0: one run per round. Throws if two contenders' answers differ.
std::vector<Series> run_interleaved(Contest& contest, uint32_t rounds, double least_sample);

}  // namespace sqs::bench
