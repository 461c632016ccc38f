// A pipeline of stages over an array in memory. What a call is told it keeps; calls that must succeed fail the test if they do
// not.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "array.hpp"
#include "c_api.hpp"

namespace sqs::dsp::test {

class ArrayPipeline {
 public:
  // Frames of the shape (frames, channels), or (frames).
  ArrayPipeline(const Array& frames, uint64_t window, uint64_t hop, double sample_rate);

  api::Answer try_add(const char* type, const char* name, const std::vector<sqs_access>& inputs, const std::string& params);
  api::Answer try_add(const char* type, const char* name, const char* input, const std::string& params);
  void add(const char* type, const char* name, const std::vector<sqs_access>& inputs, const std::string& params);
  void add(const char* type, const char* name, const char* input, const std::string& params);
  void configure(int32_t mode, uint64_t tile_frames = 0, uint32_t threads = 1, uint64_t budget = 0, uint64_t lru_bytes = 0);

  // Rows [t0, t1) of a target; an array without rows if it fails, which answer() tells.
  Array try_evaluate(const char* target, uint64_t t0 = 0, uint64_t t1 = SQS_END);
  Array evaluate(const char* target, uint64_t t0 = 0, uint64_t t1 = SQS_END);
  const api::Answer& answer() const { return answer_; }

  bool has(const char* stage) const;
  sqs_stage_info describe(const char* stage) const;
  sqs_plan_info plan(const char* target) const;
  void expect_contract_kept(const char* target);

 private:
  Array frames_;
  api::Pipeline pipeline_;
  api::Answer answer_;
};

}  // namespace sqs::dsp::test
