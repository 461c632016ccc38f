// The figures of a plan that callers are given.
#pragma once

#include "plan/plan.hpp"

namespace sqs {

// Sweeps that have tiles; classic takes one.
uint64_t sweeps_run(const Plan& plan);

// ceil(window / hop)
uint64_t dependency_span(const Graph& graph);

// Plan::info, from all the rest.
void fill_info(Plan& plan);

}  // namespace sqs
