#include "array_pipeline.hpp"

#include <gtest/gtest.h>

#include "sqrtspace/dsp.h"

namespace sqs::dsp::test {

ArrayPipeline::ArrayPipeline(const Array& frames, uint64_t window, uint64_t hop, double sample_rate) : frames_(frames) {
  sqs_format format = api::format(frames.dtype, frames.shape.size() > 1 ? frames.shape[1] : 1, window, hop);
  format.sample_rate = sample_rate;
  pipeline_ = api::pipeline(format);
  EXPECT_NE(pipeline_, nullptr);
  EXPECT_EQ(sqs_pipeline_set_memory(pipeline_.get(), frames_.bytes.data(), frames_.shape[0], nullptr, nullptr, nullptr), SQS_OK);
}

api::Answer ArrayPipeline::try_add(const char* type, const char* name, const std::vector<sqs_access>& inputs,
                                   const std::string& params) {
  return api::answer([&](sqs_error** e) {
    return sqs_dsp_add(pipeline_.get(), type, name, inputs.data(), static_cast<uint32_t>(inputs.size()), params.c_str(), e);
  });
}

api::Answer ArrayPipeline::try_add(const char* type, const char* name, const char* input, const std::string& params) {
  return api::answer([&](sqs_error** e) { return sqs_dsp_add_on(pipeline_.get(), type, name, input, params.c_str(), e); });
}

void ArrayPipeline::add(const char* type, const char* name, const std::vector<sqs_access>& inputs, const std::string& params) {
  const api::Answer added = try_add(type, name, inputs, params);
  EXPECT_TRUE(added.ok()) << name << ": " << added.message;
}

void ArrayPipeline::add(const char* type, const char* name, const char* input, const std::string& params) {
  const api::Answer added = try_add(type, name, input, params);
  EXPECT_TRUE(added.ok()) << name << ": " << added.message;
}

void ArrayPipeline::configure(int32_t mode, uint64_t tile_frames, uint32_t threads, uint64_t budget, uint64_t lru_bytes) {
  sqs_settings settings = api::settings(mode);
  settings.tile_frames = tile_frames;
  settings.threads = threads;
  settings.memory_budget = budget;
  settings.lru_bytes = lru_bytes;
  const api::Answer configured = api::configure(pipeline_.get(), settings);
  EXPECT_TRUE(configured.ok()) << configured.message;
}

Array ArrayPipeline::try_evaluate(const char* target, uint64_t t0, uint64_t t1) {
  api::ResultHandle result;
  answer_ = api::evaluate(pipeline_.get(), target, result, t0, t1);
  auto view = api::sized<sqs_view>();
  if (!answer_.ok() || sqs_result_view(result.get(), &view, nullptr) != SQS_OK) return {};
  Array out(view.dtype, std::vector<uint64_t>(view.shape, view.shape + view.ndim));
  if (view.data != nullptr) std::memcpy(out.bytes.data(), view.data, out.bytes.size());
  return out;
}

Array ArrayPipeline::evaluate(const char* target, uint64_t t0, uint64_t t1) {
  Array out = try_evaluate(target, t0, t1);
  EXPECT_TRUE(answer_.ok()) << target << ": " << answer_.message;
  return out;
}

bool ArrayPipeline::has(const char* stage) const {
  auto info = api::sized<sqs_stage_info>();
  return sqs_pipeline_describe(pipeline_.get(), stage, &info, nullptr) == SQS_OK;
}

sqs_stage_info ArrayPipeline::describe(const char* stage) const {
  auto info = api::sized<sqs_stage_info>();
  EXPECT_EQ(sqs_pipeline_describe(pipeline_.get(), stage, &info, nullptr), SQS_OK) << stage;
  return info;
}

sqs_plan_info ArrayPipeline::plan(const char* target) const {
  sqs_plan_info info;
  const api::Answer planned = api::plan(pipeline_.get(), {target}, false, info);
  EXPECT_TRUE(planned.ok()) << target << ": " << planned.message;
  return info;
}

void ArrayPipeline::expect_contract_kept(const char* target) {
  const api::Answer kept =
      api::answer([&](sqs_error** e) { return sqs_pipeline_verify(pipeline_.get(), target, 0, SQS_END, e); });
  EXPECT_TRUE(kept.ok()) << target << ": " << kept.message;
}

}  // namespace sqs::dsp::test
