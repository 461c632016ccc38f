#include "stage.hpp"

#include <cstring>

#include "guard.hpp"
#include "text.hpp"
#include "types.hpp"

namespace sqs::dsp {
namespace {

constexpr const TypeSpec* kTypes[] = {
    &kRfft,     &kFft,        &kTaper,  &kMagnitude, &kLog,     &kScale,   &kConvert, &kArgmax,    &kQuantile,
    &kRunningQuantile, &kHistogram, &kBandSums, &kThreshold, &kLocalMax, &kMeanVar, &kNormalise, &kSosfilt,
    &kSosfiltfilt, &kLfilter, &kFiltfilt, &kExpSmooth,
    &kKalman, &kRts, &kKalmanSmooth, &kViterbiForward, &kViterbiTrace, &kViterbi, &kHmmForward, &kHmmPosterior, &kPosterior,
};

const Kernel& kernel_of(void* user) { return *static_cast<const Kernel*>(user); }

// Where a kernel fails and knows its row, the engine learns it from the number of rows that were done.
template <bool kBackward>
int64_t process_callback(void* user, sqs_call* call) {
  const auto rows = static_cast<int64_t>(call->rows);
  uint64_t failed = SQS_NONE;
  if (guarded_callback(call->message, rows, [&] { kernel_of(user).process(*call); }, &failed) == rows) return rows;
  if (failed == SQS_NONE) return -1;
  const auto before = static_cast<int64_t>(failed - call->first_row);
  return kBackward ? rows - 1 - before : before;
}

int32_t init_callback(void* user, sqs_call* call) {
  return static_cast<int32_t>(guarded_callback(call->message, 1, [&] { kernel_of(user).init(*call); }));
}

int32_t finish_callback(void* user, sqs_call* call) {
  return static_cast<int32_t>(guarded_callback(call->message, 1, [&] { kernel_of(user).finish(*call); }));
}

}  // namespace

std::span<const TypeSpec* const> all_types() { return kTypes; }

const TypeSpec* find_type(const char* name) {
  for (const TypeSpec* type : kTypes)
    if (std::strcmp(type->name, name) == 0) return type;
  return nullptr;
}

void destroy_kernel(void* kernel) { delete static_cast<const Kernel*>(kernel); }

sqs_stage declare(const TypeSpec& type, const Recipe& recipe) {
  sqs_stage stage;
  sqs_stage_init(&stage, sizeof stage);
  stage.kind = recipe.kind;
  stage.direction = recipe.direction;
  stage.threading = recipe.threading;
  stage.dtype = recipe.dtype;
  if (recipe.shape.size() > SQS_MAX_DIMS)
    fail(SQS_E_GRAPH, text(type.name, ": a row would have ", recipe.shape.size(), " axes; at most ", SQS_MAX_DIMS, " work"));
  stage.ndim = static_cast<int32_t>(recipe.shape.size());
  for (size_t axis = 0; axis < recipe.shape.size(); ++axis) stage.shape[axis] = static_cast<int64_t>(recipe.shape[axis]);
  stage.state_bytes = recipe.state_bytes;
  stage.scratch_bytes = recipe.scratch_bytes;
  stage.fixed_bytes = recipe.fixed_bytes;
  stage.lead = recipe.lead;
  stage.tail = recipe.tail;
  stage.extend_edge = recipe.extend_edge;
  stage.version = "1";
  stage.cost_ns_per_row = recipe.cost_ns_per_row;
  stage.process = recipe.direction == SQS_BACKWARD ? process_callback<true> : process_callback<false>;
  if (recipe.kind != SQS_MAP) stage.init = init_callback;
  if (recipe.kind == SQS_REDUCE) stage.finish = finish_callback;
  return stage;
}

}  // namespace sqs::dsp
