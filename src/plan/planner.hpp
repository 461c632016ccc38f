// From a request to a plan: classic or sqrt, tile span, threads, and what fits the budget. Runs no user code, materialises
// nothing that grows with the stream.
#pragma once

#include <memory>

#include "core/result.hpp"
#include "plan/plan.hpp"

namespace sqs {

// SQS_E_RANGE, SQS_E_NOT_ENDED, SQS_E_GRAPH (lengths), SQS_E_OVERFLOW, SQS_E_BUDGET with the least budget.
Result<std::shared_ptr<const Plan>> make_plan(const Request& request);

}  // namespace sqs
