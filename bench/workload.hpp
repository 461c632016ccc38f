// A workload: a stream and the contenders that do the same work on it, with the ratios that are aimed at. Built when it is
// run, so that only one stream is in memory. Values.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "contender.hpp"
#include "stream.hpp"

namespace sqs::bench {

// Time of the `over` contenders, multiplied, by that of the `under` ones; with `best_under`, by the fastest of these. With no
// `under`, milliseconds. Judged by CPU time, kernel included, which other programs on the machine disturb least; by the wall
// clock where threads are compared.
struct Goal {
  std::string what;
  std::vector<std::string> over, under;
  double bound = 0;
  bool at_least = false;  // else at most
  bool best_under = false;
  bool by_wall_clock = false;
};

struct Contest {
  std::unique_ptr<Stream> stream;                       // may be NULL
  std::vector<std::unique_ptr<Contender>> contenders;   // the first is what the others are compared with
  std::vector<Goal> goals;
};

struct Workload {
  std::string name;
  std::string what;
  uint64_t frames = 0;
  uint64_t smoke_frames = 0;  // of the test that all contenders agree
  std::function<Contest(uint64_t frames)> make;
};

// One list per file workloads_*.cpp; all of them in the order they are listed in.
std::vector<Workload> audio_workloads();
std::vector<Workload> logs_workloads();
std::vector<Workload> back_workloads();
std::vector<Workload> demo_workloads();
std::vector<Workload> engine_workloads();
std::vector<Workload> all_workloads();

}  // namespace sqs::bench
