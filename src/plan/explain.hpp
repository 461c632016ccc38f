// A plan in words and in JSON.
#pragma once

#include <string>

#include "plan/plan.hpp"

namespace sqs {

std::string explain_text(const Plan& plan);
std::string explain_json(const Plan& plan);

// Sweeps that have tiles; classic takes one.
uint64_t sweeps_run(const Plan& plan);

}  // namespace sqs
