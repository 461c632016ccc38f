// The C interface as the command line uses it: owning handles, and status codes turned into Failure. Nothing here knows a
// command. Thread safety: that of the handles.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "failure.hpp"
#include "sqrtspace/dsp.h"
#include "sqrtspace/sqrtspace.h"

namespace sqs::cli {

template <auto destroy>
struct Destroy {
  template <class T>
  void operator()(T* handle) const {
    destroy(handle);
  }
};
using PipelineHandle = std::unique_ptr<sqs_pipeline, Destroy<sqs_pipeline_destroy>>;
using PlanHandle = std::unique_ptr<sqs_plan, Destroy<sqs_plan_destroy>>;
using RunHandle = std::unique_ptr<sqs_run, Destroy<sqs_run_destroy>>;

// The exit code that a status of the library means to a script.
Exit exit_of(int32_t status);

// One call into the library: pass error() as its last argument and its status to done(), which throws a Failure that
// carries the library's sentence. `fallback` is the exit code for statuses that have none of their own: opening an input
// and opening an output fail with the same SQS_E_IO, and only the caller knows which it was.
class Call {
 public:
  explicit Call(Exit fallback = Exit::kFailed) : fallback_(fallback) {}
  ~Call() { sqs_error_destroy(error_); }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  sqs_error** error() { return &error_; }
  void done(int32_t status) const;

 private:
  sqs_error* error_ = nullptr;
  Exit fallback_;
};

PipelineHandle create_pipeline(const sqs_format& format);
sqs_stage_info describe(const sqs_pipeline* pipeline, const std::string& stage);

// A plan of streamed targets: their rows go to sinks that hold nothing, as the rows of every command here do.
PlanHandle plan_streamed(const sqs_pipeline* pipeline, const std::vector<std::string>& targets, uint64_t begin, uint64_t end);
sqs_plan_info plan_info(const sqs_plan* plan);

// A stage of the dsp library on one plain input.
void add_dsp(sqs_pipeline* pipeline, const char* type, const char* name, const char* input, const std::string& params);

std::vector<const char*> c_strings(const std::vector<std::string>& strings);
std::string mode_name(int32_t mode);

}  // namespace sqs::cli
