// Which rows, read in several sweeps, are made once and kept, and which are made again.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "plan/plan.hpp"

namespace sqs {

// Stages whose rows several sweeps make; of many those whose rows spare most time per byte.
std::vector<NodeId> worth_keeping(const Plan& plan);

// What a run takes that keeps certain rows.
struct Outlay {
  double ns = 0;
  uint64_t kept_bytes = 0;  // of those rows
  uint64_t run_bytes = 0;   // of the whole run; UINT64_MAX: in no budget
};

struct Retention {
  std::vector<bool> retained;      // by node; empty: nothing is kept
  uint64_t next_budget_bytes = 0;  // at which another stage would be kept; 0: none that is worth it is left out
};

// Keeps the stages that spare most time per byte first, each if it spares time beside those already kept and fits the budget.
// `outlay(retained)` says what a run takes; it is asked for none, once for each candidate and once more for those worth keeping.
Retention choose_retained(size_t nodes, const std::vector<NodeId>& candidates, uint64_t budget_bytes,
                          const std::function<Outlay(const std::vector<bool>&)>& outlay);

}  // namespace sqs
