// A plan in words and in JSON.
#pragma once

#include <memory>

#include "plan/plan.hpp"

namespace sqs {

// Fills in advice and texts.
void explain(Plan& plan);
std::shared_ptr<const Plan> explained(const Plan& plan);

}  // namespace sqs
