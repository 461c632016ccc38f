#include "engine.hpp"

namespace sqs::cli {

Exit exit_of(int32_t status) {
  if (status >= SQS_OK) return Exit::kOk;
  if (status == SQS_E_CANCELLED) return Exit::kCancelled;
  if (status == SQS_E_BUDGET) return Exit::kBudget;
  if (status == SQS_E_SOURCE) return Exit::kInput;
  return Exit::kFailed;
}

void Call::done(int32_t status) const {
  if (status >= SQS_OK) return;
  const Exit exit = exit_of(status) == Exit::kFailed ? fallback_ : exit_of(status);
  const std::string message = sqs_error_message(error_);
  throw Failure(exit, message.empty() ? sqs_status_name(status) : message);
}

PipelineHandle create_pipeline(const sqs_format& format) {
  Call call;
  sqs_pipeline* pipeline = nullptr;
  call.done(sqs_pipeline_create(&format, &pipeline, call.error()));
  return PipelineHandle(pipeline);
}

sqs_stage_info describe(const sqs_pipeline* pipeline, const std::string& stage) {
  sqs_stage_info info{};
  info.struct_size = sizeof info;
  Call call;
  call.done(sqs_pipeline_describe(pipeline, stage.c_str(), &info, call.error()));
  return info;
}

PlanHandle plan_streamed(const sqs_pipeline* pipeline, const std::vector<std::string>& targets, uint64_t begin,
                         uint64_t end) {
  const auto names = c_strings(targets);
  sqs_plan* plan = nullptr;
  Call call;
  call.done(sqs_pipeline_plan(pipeline, names.data(), static_cast<uint32_t>(names.size()), begin, end, 1, &plan,
                              call.error()));
  return PlanHandle(plan);
}

sqs_plan_info plan_info(const sqs_plan* plan) {
  sqs_plan_info info{};
  info.struct_size = sizeof info;
  Call call;
  call.done(sqs_plan_info_get(plan, &info, call.error()));
  return info;
}

void add_dsp(sqs_pipeline* pipeline, const char* type, const char* name, const char* input, const std::string& params) {
  Call call;
  call.done(sqs_dsp_add_on(pipeline, type, name, input, params.c_str(), call.error()));
}

std::vector<const char*> c_strings(const std::vector<std::string>& strings) {
  std::vector<const char*> pointers;
  for (const std::string& text : strings) pointers.push_back(text.c_str());
  return pointers;
}

std::string mode_name(int32_t mode) {
  if (mode == SQS_CLASSIC) return "classic";
  if (mode == SQS_SQRT) return "sqrt";
  return "auto";
}

}  // namespace sqs::cli
