// What one run of one contender cost and gave. Values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sqs::bench {

struct Figures {
  double seconds = 0;             // wall clock of the work itself, without setting it up
  double cpu_seconds = 0;         // of all threads
  uint64_t engine_bytes = 0;      // peak of the engine's ledger; what a reference that looks back keeps; 0: not told
  uint64_t rss_growth_bytes = 0;  // highest resident set of the run above what there was before it
  uint64_t rows = 0;              // evaluated, all stages; 0: not told
  uint64_t budget_bytes = 0;      // 0: not limited by the workload
  double predicted_seconds = 0;   // by the plan after a probe; 0: not told
  std::string mode;               // that the engine ran in
  std::vector<std::string> digests;  // XXH3-128 of each target's bytes
  std::string refusal;            // why it did not run
};

}  // namespace sqs::bench
