// What more or less memory would make of a plan, and what in the graph makes it dear. Pure arithmetic.
#pragma once

#include <string>
#include <vector>

#include "plan/plan.hpp"
#include "plan/request.hpp"

namespace sqs {

// The request at a ladder of budgets, ascending: from the least that works to the first at which nothing is evaluated twice for
// looking back and no rows are on disk, a few points to each doubling. Empty if nothing is looked back at.
std::vector<FrontierPoint> frontier_of(const Request& request, const Plan& plan);

// Sentences of advice: what reaches far, what is large.
std::vector<std::string> find_lints(const Plan& plan);

}  // namespace sqs
