// The C handles as values that destroy themselves, and the error of a call as a plain struct, for tests that build their
// pipelines by hand.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "sqrtspace/sqrtspace.h"

namespace api {

template <class T, void (*destroy)(T*)>
struct Destroy {
  void operator()(T* handle) const { destroy(handle); }
};
using Pipeline = std::unique_ptr<sqs_pipeline, Destroy<sqs_pipeline, sqs_pipeline_destroy>>;
using Input = std::unique_ptr<sqs_input, Destroy<sqs_input, sqs_input_destroy>>;
using Plan = std::unique_ptr<sqs_plan, Destroy<sqs_plan, sqs_plan_destroy>>;
using Run = std::unique_ptr<sqs_run, Destroy<sqs_run, sqs_run_destroy>>;
using ResultHandle = std::unique_ptr<sqs_result, Destroy<sqs_result, sqs_result_destroy>>;

// What a call returned; filled from its status and its error object, which is destroyed.
struct Answer {
  int32_t code = SQS_OK;
  std::string message;
  std::string stage;
  uint64_t row = SQS_NONE;
  bool told = false;  // whether there was an error object

  bool ok() const { return code == SQS_OK; }
};

// answer([&](sqs_error** e) { return sqs_pipeline_end_input(p, e); })
template <class Call>
Answer answer(Call call) {
  sqs_error* error = nullptr;
  Answer a;
  a.code = call(&error);
  a.told = error != nullptr;
  if (a.told) {
    a.message = sqs_error_message(error);
    a.stage = sqs_error_stage(error);
    a.row = sqs_error_row(error);
    if (sqs_error_code(error) != a.code) a.message += " (the error object carries another code)";
  }
  sqs_error_destroy(error);
  return a;
}

template <class Struct>
Struct sized() {
  Struct s;
  std::memset(static_cast<void*>(&s), 0, sizeof s);
  s.struct_size = sizeof s;
  return s;
}

inline sqs_format format(int32_t dtype, uint64_t channels, uint64_t window, uint64_t hop) {
  auto f = sized<sqs_format>();
  f.dtype = dtype;
  f.channels = channels;
  f.window = window;
  f.hop = hop;
  return f;
}

inline sqs_stage stage(int32_t kind, int32_t dtype, std::vector<int64_t> shape, sqs_process_fn process) {
  auto s = sized<sqs_stage>();
  s.kind = kind;
  s.dtype = dtype;
  s.ndim = static_cast<int32_t>(shape.size());
  for (size_t i = 0; i < shape.size() && i < SQS_MAX_DIMS; ++i) s.shape[i] = shape[i];
  s.process = process;
  return s;
}

inline sqs_access access(const char* stage, int32_t edge, uint64_t before, uint64_t after, uint64_t stride = 1) {
  auto a = sized<sqs_access>();
  a.stage = stage;
  a.edge = edge;
  a.before = before;
  a.after = after;
  a.stride = stride;
  return a;
}

inline Pipeline pipeline(const sqs_format& format) {
  sqs_pipeline* p = nullptr;
  sqs_pipeline_create(&format, &p, nullptr);
  return Pipeline(p);
}

inline Answer add(sqs_pipeline* p, const char* name, const sqs_stage& stage, std::vector<sqs_access> accesses,
                  void* user = nullptr, sqs_destroy_fn destroy = nullptr) {
  return answer([&](sqs_error** e) {
    return sqs_pipeline_add_stage(p, name, &stage, accesses.data(), static_cast<uint32_t>(accesses.size()), user, destroy, e);
  });
}

inline sqs_settings settings(int32_t mode) {
  auto s = sized<sqs_settings>();
  s.mode = mode;
  return s;
}

inline Answer configure(sqs_pipeline* p, const sqs_settings& settings) {
  return answer([&](sqs_error** e) { return sqs_pipeline_configure(p, &settings, e); });
}

inline Answer evaluate(sqs_pipeline* p, const char* target, ResultHandle& out, uint64_t t0 = 0, uint64_t t1 = SQS_END) {
  sqs_result* result = nullptr;
  const Answer a = answer([&](sqs_error** e) { return sqs_pipeline_evaluate(p, target, t0, t1, &result, e); });
  out.reset(result);
  return a;
}

inline Answer plan(const sqs_pipeline* p, std::vector<const char*> targets, bool streamed, sqs_plan_info& info) {
  sqs_plan* made = nullptr;
  const Answer a = answer([&](sqs_error** e) {
    return sqs_pipeline_plan(p, targets.data(), static_cast<uint32_t>(targets.size()), 0, SQS_END, streamed ? 1 : 0, &made, e);
  });
  const Plan owner(made);
  info = sized<sqs_plan_info>();
  if (a.ok()) sqs_plan_info_get(made, &info, nullptr);
  return a;
}

// The rows of a result as values of type T, copied out by its strides over rows; a row itself is dense.
template <class T>
std::vector<T> values(const sqs_result* result) {
  auto view = sized<sqs_view>();
  sqs_result_view(result, &view, nullptr);
  uint64_t per_row = 1;
  for (int32_t axis = 1; axis < view.ndim; ++axis) per_row *= static_cast<uint64_t>(view.shape[axis]);
  std::vector<T> out(static_cast<uint64_t>(view.shape[0]) * per_row);
  for (int64_t row = 0; row < view.shape[0]; ++row) {
    std::memcpy(out.data() + static_cast<uint64_t>(row) * per_row,
                static_cast<const uint8_t*>(view.data) + row * view.strides[0], per_row * sizeof(T));
  }
  return out;
}

inline std::string digest(const sqs_result* result) {
  uint8_t bytes[16] = {};
  if (sqs_result_digest(result, bytes, nullptr) != SQS_OK) return "none";
  return std::string(reinterpret_cast<const char*>(bytes), sizeof bytes);
}

inline sqs_stats stats(const sqs_result* result) {
  auto s = sized<sqs_stats>();
  sqs_result_stats(result, &s, nullptr);
  return s;
}

}  // namespace api
