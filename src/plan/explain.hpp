// A plan in words and in JSON.
#pragma once

#include "plan/plan.hpp"

namespace sqs {

// Fills in advice and texts.
void explain(Plan& plan);

}  // namespace sqs
