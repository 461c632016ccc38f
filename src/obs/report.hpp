// What a run did, in words and in JSON.
#pragma once

#include <string>
#include <vector>

#include "plan/plan.hpp"
#include "sqrtspace/sqrtspace.h"

namespace sqs {

struct TargetReport {
  std::string name;
  uint64_t rows = 0;
  uint64_t bytes = 0;
  bool has_digest = true;
  uint8_t digest[16] = {};
};

std::string report_text(const Plan& plan, const sqs_stats& stats, const std::vector<sqs_stage_stats>& stages,
                        const std::vector<TargetReport>& targets, const std::vector<FrontierPoint>& frontier);
std::string report_json(const Plan& plan, const sqs_stats& stats, const std::vector<sqs_stage_stats>& stages,
                        const std::vector<TargetReport>& targets);

// 32 hexadecimal digits.
std::string hex(const uint8_t digest[16]);

}  // namespace sqs
