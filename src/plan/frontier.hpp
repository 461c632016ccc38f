// What more or less memory would make of a plan. Pure arithmetic.
#pragma once

#include <vector>

#include "plan/plan.hpp"
#include "plan/request.hpp"

namespace sqs {

// The request at a ladder of budgets, ascending: from the least that works to the first at which nothing is evaluated twice for
// looking back and no rows are on disk, a few points to each doubling. Where nothing is looked back at, one point for each stage
// that comes to be kept for later sweeps. Empty if no row is made again in the least memory.
std::vector<FrontierPoint> frontier_of(const Request& request, const Plan& plan);

}  // namespace sqs
