// What a run did, in words and in JSON.
#pragma once

#include <memory>
#include <mutex>
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

// The disk has failed under a run that has succeeded all the same.
struct DiskFailure {
  std::string cause;   // empty: it has not
  bool again = false;  // the run had begun and started again; else it went without from the start
};

// What is told of a run, written when it is first asked for: what a bigger budget would have spared takes some plans to say.
// Thread-safe.
class Report {
 public:
  // `request` is what the plan was made for.
  Report(std::shared_ptr<const Plan> plan, Request request, const sqs_stats& stats, std::vector<sqs_stage_stats> stages,
         std::vector<TargetReport> targets, DiskFailure disk_failure);
  const std::string& text() const;
  const std::string& json() const;

 private:
  const std::vector<FrontierPoint>& frontier() const;

  const std::shared_ptr<const Plan> plan_;
  const Request request_;
  const sqs_stats stats_;
  const std::vector<sqs_stage_stats> stages_;
  const std::vector<TargetReport> targets_;
  const DiskFailure disk_failure_;
  mutable std::once_flag written_, written_json_, frontier_found_;
  mutable std::string text_, json_;
  mutable std::vector<FrontierPoint> frontier_;
};

// 32 hexadecimal digits.
std::string hex(const uint8_t digest[16]);

}  // namespace sqs
