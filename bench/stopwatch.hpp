// Wall and CPU time between two points. Thread safety: values; the CPU time is that of the whole process.
#pragma once

#include <time.h>

#include "figures.hpp"

namespace sqs::bench {

inline double clock_seconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

class Stopwatch {
 public:
  Stopwatch() : cpu_(clock_seconds(CLOCK_PROCESS_CPUTIME_ID)), wall_(clock_seconds(CLOCK_MONOTONIC)) {}

  // Adds the time since it was made.
  void add_to(Figures& figures) const {
    figures.seconds += clock_seconds(CLOCK_MONOTONIC) - wall_;
    figures.cpu_seconds += clock_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_;
  }

 private:
  double cpu_;
  double wall_;
};

}  // namespace sqs::bench
