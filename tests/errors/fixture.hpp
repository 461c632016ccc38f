// A small pipeline whose every value is known, with a hook in one of its stages for whatever is to go wrong. After each error
// expect_usable() evaluates again and compares, and the destroys are counted at the end.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "c_api.hpp"

namespace errors_test {

inline constexpr int64_t kFrames = 100;

// What the stage "double" does before it computes a tile; empty for nothing. A value it returns is returned to the engine.
using Hook = std::function<std::optional<int64_t>(sqs_call*)>;

inline int32_t* row_i32(const sqs_view& view, uint64_t row) {
  return static_cast<int32_t*>(
      static_cast<void*>(static_cast<uint8_t*>(view.data) + static_cast<int64_t>(row) * view.strides[0]));
}
inline int64_t* row_i64(const sqs_view& view, uint64_t row) {
  return static_cast<int64_t*>(
      static_cast<void*>(static_cast<uint8_t*>(view.data) + static_cast<int64_t>(row) * view.strides[0]));
}

inline int64_t twice(void* user, sqs_call* call) {
  const Hook& hook = *static_cast<const Hook*>(user);
  if (hook) {
    if (const std::optional<int64_t> returned = hook(call)) return *returned;
  }
  for (uint64_t r = 0; r < call->rows; ++r) *row_i32(call->output, r) = 2 * *row_i32(call->inputs[0], r);
  return static_cast<int64_t>(call->rows);
}

inline int64_t running_sum(void*, sqs_call* call) {
  auto& sum = *static_cast<int64_t*>(call->state);
  for (uint64_t r = 0; r < call->rows; ++r) {
    sum += *row_i32(call->inputs[0], r);
    *row_i64(call->output, r) = sum;
  }
  return static_cast<int64_t>(call->rows);
}

inline int64_t add_up(void*, sqs_call* call) {
  auto& sum = *static_cast<int64_t*>(call->state);
  for (uint64_t r = 0; r < call->rows; ++r) sum += *row_i32(call->inputs[0], r);
  return static_cast<int64_t>(call->rows);
}

inline int32_t write_sum(void*, sqs_call* call) {
  *row_i64(call->output, 0) = *static_cast<int64_t*>(call->state);
  return 1;
}

inline int64_t subtract(void*, sqs_call* call) {
  for (uint64_t r = 0; r < call->rows; ++r) {
    *row_i64(call->output, r) = *row_i32(call->inputs[0], r) - *row_i64(call->inputs[1], r);
  }
  return static_cast<int64_t>(call->rows);
}

inline sqs_access plain(const char* stage) { return api::access(stage, SQS_VALID, 0, 0); }
inline sqs_stage twice_stage() { return api::stage(SQS_MAP, SQS_I32, {}, twice); }
inline sqs_stage sum_stage() {
  sqs_stage stage = api::stage(SQS_SCAN, SQS_I64, {}, running_sum);
  stage.state_bytes = sizeof(int64_t);
  return stage;
}

// frames 1, 2, .. 100; double = 2 * frames; sum = running sum of double; total = its last value; rest = double - total.
class Errors : public ::testing::Test {
 protected:
  void SetUp() override {
    stage_destroys_ = 0;
    std::iota(frames_.begin(), frames_.end(), 1);
    pipeline_ = api::pipeline(api::format(SQS_I32, 1, 4, 2));
    ASSERT_NE(p(), nullptr);
    add("double", twice_stage(), {plain("frames")}, &hook_);
    add("sum", sum_stage(), {plain("double")});
    sqs_stage total = api::stage(SQS_REDUCE, SQS_I64, {}, add_up);
    total.state_bytes = sizeof(int64_t);
    total.finish = write_sum;
    add("total", total, {plain("double")});
    add("rest", api::stage(SQS_MAP, SQS_I64, {}, subtract), {plain("double"), plain("total")});
  }

  void TearDown() override {
    hook_ = nullptr;
    result_.reset();
    pipeline_.reset();
    EXPECT_EQ(stage_destroys_, stages_added_) << "every user pointer is destroyed once";
    EXPECT_EQ(source_destroys_, sources_set_) << "every source is destroyed once";
  }

  sqs_pipeline* p() const { return pipeline_.get(); }

  void add(const char* name, const sqs_stage& stage, const std::vector<sqs_access>& accesses, void* user = nullptr) {
    const api::Answer added = try_add(name, stage, accesses, user);
    ASSERT_TRUE(added.ok()) << added.message;
  }
  // Adds with a destroy that counts, whatever comes of it.
  api::Answer try_add(const char* name, const sqs_stage& stage, const std::vector<sqs_access>& accesses, void* user = nullptr) {
    ++stages_added_;
    return api::add(p(), name, stage, accesses, user, count_destroy);
  }

  void set_memory() {
    ++sources_set_;
    const api::Answer set = api::answer([&](sqs_error** e) {
      return sqs_pipeline_set_memory(p(), frames_.data(), frames_.size(), &source_destroys_, add_one, e);
    });
    ASSERT_TRUE(set.ok()) << set.message;
  }
  void set_tile(uint64_t tile_frames, int32_t mode = SQS_SQRT, uint32_t threads = 1) {
    sqs_settings settings = api::settings(mode);
    settings.tile_frames = tile_frames;
    settings.threads = threads;
    const api::Answer set = api::configure(p(), settings);
    ASSERT_TRUE(set.ok()) << set.message;
  }
  api::Answer evaluate(const char* target, uint64_t t0 = 0, uint64_t t1 = SQS_END) {
    return api::evaluate(p(), target, result_, t0, t1);
  }
  api::Run open_run() {
    sqs_run* run = nullptr;
    EXPECT_EQ(sqs_run_create(p(), &run, nullptr), SQS_OK);
    return api::Run(run);
  }

  static std::vector<int64_t> wanted_rest() {
    std::vector<int64_t> wanted;
    for (int64_t t = 0; t < kFrames; ++t) wanted.push_back(2 * (t + 1) - kFrames * (kFrames + 1));
    return wanted;
  }
  static std::vector<int64_t> wanted_sum() {
    std::vector<int64_t> wanted;
    for (int64_t t = 0; t < kFrames; ++t) wanted.push_back((t + 1) * (t + 2));
    return wanted;
  }

  // The pipeline still gives the right bytes, of a one-sweep and of a two-sweep target.
  void expect_usable() {
    hook_ = nullptr;
    const api::Answer sum = evaluate("sum");
    ASSERT_TRUE(sum.ok()) << sum.message;
    EXPECT_EQ(api::values<int64_t>(result_.get()), wanted_sum());
    const api::Answer rest = evaluate("rest");
    ASSERT_TRUE(rest.ok()) << rest.message;
    EXPECT_EQ(api::values<int64_t>(result_.get()), wanted_rest());
    result_.reset();
  }

  // A failed evaluate: its code, and every one of `words` in its sentence; no result.
  void expect_answer(const api::Answer& a, int32_t code, const std::vector<std::string>& words) {
    EXPECT_EQ(a.code, code) << sqs_status_name(a.code) << ": " << a.message;
    EXPECT_TRUE(a.told) << "a failure makes an error object";
    for (const std::string& word : words) {
      EXPECT_NE(a.message.find(word), std::string::npos) << "no '" << word << "' in: " << a.message;
    }
  }

  static void add_one(void* user) { ++*static_cast<uint32_t*>(user); }

  std::vector<int32_t> frames_ = std::vector<int32_t>(kFrames);
  Hook hook_;
  api::ResultHandle result_;
  uint32_t sources_set_ = 0;
  uint32_t source_destroys_ = 0;

 private:
  // A stage's user pointer is what its callbacks need, so its destroy counts in the one place it knows.
  static void count_destroy(void*) { ++stage_destroys_; }

  api::Pipeline pipeline_;
  uint32_t stages_added_ = 0;
  inline static std::atomic<uint32_t> stage_destroys_{0};
};

}  // namespace errors_test
