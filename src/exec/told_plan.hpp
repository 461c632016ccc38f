// A plan as users look at it: advice, texts and the frontier of other budgets. These take many times as long as planning, so they
// are made when first asked for. Any thread; what is lent lives as long as the object.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include "core/result.hpp"
#include "plan/request.hpp"
#include "sqrtspace/sqrtspace.h"

namespace sqs {

struct Plan;

class ToldPlan {
 public:
  // request: what it was made of.
  ToldPlan(std::shared_ptr<const Plan> plan, Request request);

  // As it was made, without what is told of it.
  const std::shared_ptr<const Plan>& plan() const { return plan_; }

  const char* text() const;
  const char* json() const;
  const char* lint(uint32_t index) const;  // "" past the last
  const sqs_plan_info& info() const;
  Result<sqs_frontier_point> frontier(uint32_t index) const;  // SQS_E_RANGE past the last

 private:
  const Plan& told() const;

  std::shared_ptr<const Plan> plan_;
  const Request request_;
  mutable std::once_flag once_;
  mutable std::shared_ptr<const Plan> told_;
};

}  // namespace sqs
