// What the tests of the C ABI share: owned handles, a small pipeline, stages with known results, counted destroy functions.
// Everything goes through the public header, as a caller's program would.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sqrtspace/sqrtspace.h"

namespace border {

// ---------------------------------------------------------------- handles

template <class Handle>
void destroy(Handle* handle) {
  if constexpr (std::is_same_v<Handle, sqs_pipeline>) sqs_pipeline_destroy(handle);
  if constexpr (std::is_same_v<Handle, sqs_input>) sqs_input_destroy(handle);
  if constexpr (std::is_same_v<Handle, sqs_plan>) sqs_plan_destroy(handle);
  if constexpr (std::is_same_v<Handle, sqs_run>) sqs_run_destroy(handle);
  if constexpr (std::is_same_v<Handle, sqs_result>) sqs_result_destroy(handle);
  if constexpr (std::is_same_v<Handle, sqs_error>) sqs_error_destroy(handle);
}

// Owns a handle, and can be passed as handle, as `T **out` and as `sqs_error **err`.
template <class Handle>
class Held {
 public:
  Held() = default;
  explicit Held(Handle* handle) : handle_(handle) {}
  Held(Held&& other) noexcept : handle_(other.handle_) { other.handle_ = nullptr; }
  Held& operator=(Held&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Held() { destroy(handle_); }
  operator Handle*() const { return handle_; }
  Handle** out() {
    reset();
    return &handle_;
  }
  void reset() {
    destroy(handle_);
    handle_ = nullptr;
  }

 private:
  Handle* handle_ = nullptr;
};

using HeldError = Held<sqs_error>;

// A status with its error object, for EXPECT_TRUE and for looking closer.
struct Outcome {
  int32_t status = SQS_OK;
  int32_t code = SQS_OK;  // of the error object
  std::string message = {};
  std::string stage = {};
  uint64_t row = SQS_NONE;
  bool has_error = false;
};

inline Outcome outcome_of(const std::function<int32_t(sqs_error**)>& call) {
  HeldError error;
  Outcome outcome;
  outcome.status = call(error.out());
  outcome.has_error = error != nullptr;
  if (!outcome.has_error) return outcome;
  outcome.code = sqs_error_code(error);
  outcome.message = sqs_error_message(error);
  outcome.stage = sqs_error_stage(error);
  outcome.row = sqs_error_row(error);
  return outcome;
}

inline testing::AssertionResult succeeds(const std::function<int32_t(sqs_error**)>& call) {
  const Outcome outcome = outcome_of(call);
  if (outcome.status == SQS_OK && !outcome.has_error) return testing::AssertionSuccess();
  return testing::AssertionFailure() << sqs_status_name(outcome.status) << ": " << outcome.message;
}

// Fails with `code`, and tells the same in an error object with a sentence.
inline testing::AssertionResult fails(int32_t code, const std::function<int32_t(sqs_error**)>& call) {
  const Outcome outcome = outcome_of(call);
  if (outcome.status != code)
    return testing::AssertionFailure() << "expected " << sqs_status_name(code) << ", got " << sqs_status_name(outcome.status)
                                       << ": " << outcome.message;
  if (!outcome.has_error) return testing::AssertionFailure() << sqs_status_name(code) << " without an error object";
  if (outcome.code != code) return testing::AssertionFailure() << "the error object says " << sqs_status_name(outcome.code);
  if (outcome.message.empty()) return testing::AssertionFailure() << sqs_status_name(code) << " without a sentence";
  return testing::AssertionSuccess();
}

// ---------------------------------------------------------------- stages

// Counts how often its destroy function ran.
struct Counted {
  int destroyed = 0;
  static void destroy(void* user) { ++static_cast<Counted*>(user)->destroyed; }
};

// Sum of a window of f64 frames of one channel.
inline int64_t sum_window(void*, sqs_call* call) {
  const sqs_view& in = call->inputs[0];
  for (uint64_t t = 0; t < call->rows; ++t) {
    double sum = 0;
    for (int64_t i = 0; i < in.shape[1]; ++i) {
      const char* const at = static_cast<const char*>(in.data) + static_cast<int64_t>(t) * in.strides[0] + i * in.strides[1];
      sum += *reinterpret_cast<const double*>(at);
    }
    *reinterpret_cast<double*>(static_cast<char*>(call->output.data) + static_cast<int64_t>(t) * call->output.strides[0]) = sum;
  }
  return static_cast<int64_t>(call->rows);
}

inline sqs_stage sum_stage() {
  sqs_stage stage;
  sqs_stage_init(&stage, sizeof stage);
  stage.kind = SQS_MAP;
  stage.dtype = SQS_F64;
  stage.process = sum_window;
  return stage;
}

// A map of the same shape that runs a std::function before it sums; user is a Hook.
struct Hook {
  std::function<void()> before;
  static int64_t process(void* user, sqs_call* call) {
    static_cast<Hook*>(user)->before();
    return sum_window(nullptr, call);
  }
};

inline sqs_stage hook_stage() {
  sqs_stage stage = sum_stage();
  stage.process = Hook::process;
  return stage;
}

// ---------------------------------------------------------------- pipelines

inline sqs_format small_format() {
  sqs_format format;
  sqs_format_init(&format, sizeof format);
  format.dtype = SQS_F64;
  format.channels = 1;
  format.window = 4;
  format.hop = 2;
  return format;
}

inline Held<sqs_pipeline> make_pipeline() {
  const sqs_format format = small_format();
  Held<sqs_pipeline> pipeline;
  EXPECT_TRUE(succeeds([&](sqs_error** e) { return sqs_pipeline_create(&format, pipeline.out(), e); }));
  return pipeline;
}

inline void add_stage(sqs_pipeline* pipeline, const char* name, const sqs_stage& stage, void* user = nullptr,
                      sqs_destroy_fn destroy_user = nullptr) {
  const char* input = "input";
  EXPECT_TRUE(succeeds([&](sqs_error** e) {
    return sqs_pipeline_add_stage_on(pipeline, name, &stage, &input, 1, user, destroy_user, e);
  }));
}

// Frames 0, 1, 2, ... of which window t sums to 4 * (2t) + 6.
inline std::vector<double> ramp(std::size_t frames = 20) {
  std::vector<double> values(frames);
  for (std::size_t i = 0; i < frames; ++i) values[i] = static_cast<double>(i);
  return values;
}
inline double ramp_sum(uint64_t t) { return 8.0 * static_cast<double>(t) + 6; }
inline constexpr uint64_t kRampRows = 9;  // of 20 frames

// A pipeline with the stage "sum" over a pushed and ended ramp.
inline Held<sqs_pipeline> make_ready_pipeline() {
  Held<sqs_pipeline> pipeline = make_pipeline();
  add_stage(pipeline, "sum", sum_stage());
  const std::vector<double> frames = ramp();
  EXPECT_TRUE(succeeds([&](sqs_error** e) { return sqs_pipeline_push_samples(pipeline, frames.data(), frames.size(), e); }));
  EXPECT_TRUE(succeeds([&](sqs_error** e) { return sqs_pipeline_end_input(pipeline, e); }));
  return pipeline;
}

inline Held<sqs_result> evaluate(sqs_pipeline* pipeline, const char* target = "sum") {
  Held<sqs_result> result;
  EXPECT_TRUE(succeeds([&](sqs_error** e) { return sqs_pipeline_evaluate(pipeline, target, 0, SQS_END, result.out(), e); }));
  return result;
}

inline Held<sqs_run> open_run(sqs_pipeline* pipeline) {
  Held<sqs_run> run;
  EXPECT_TRUE(succeeds([&](sqs_error** e) { return sqs_run_create(pipeline, run.out(), e); }));
  return run;
}

// Rows of a result of f64 scalars.
inline std::vector<double> values_of(const sqs_result* result) {
  sqs_view view = {};
  view.struct_size = sizeof view;
  EXPECT_TRUE(succeeds([&](sqs_error** e) { return sqs_result_view(result, &view, e); }));
  std::vector<double> values;
  for (int64_t t = 0; t < view.shape[0]; ++t)
    values.push_back(*reinterpret_cast<const double*>(static_cast<const char*>(view.data) + t * view.strides[0]));
  return values;
}

inline void expect_ramp_sums(const std::vector<double>& values) {
  ASSERT_EQ(values.size(), kRampRows);
  for (uint64_t t = 0; t < kRampRows; ++t) EXPECT_EQ(values[t], ramp_sum(t)) << "row " << t;
}

}  // namespace border
