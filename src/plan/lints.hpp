// What in a graph makes a plan dear.
#pragma once

#include <string>
#include <vector>

#include "plan/plan.hpp"

namespace sqs {

// Sentences of advice: what reaches far, what waits long, what stays whole, what is large. In classic mode, which keeps all rows
// anyway, only the first.
std::vector<std::string> find_lints(const Plan& plan);

}  // namespace sqs
