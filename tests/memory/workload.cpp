#include "workload.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>

#include <gtest/gtest.h>

#include "allocation_counter.hpp"

namespace memory_test {
namespace {

uint64_t kilobytes_after(const char* text, const char* key) {
  const char* at = std::strstr(text, key);
  return at == nullptr ? 0 : std::strtoull(at + std::strlen(key), nullptr, 10);
}

void add_elements(const sqs_view& view, int32_t axis, const uint8_t* at, float* sums, uint64_t width, uint64_t& next) {
  if (axis == view.ndim) {
    float value = 0;
    std::memcpy(&value, at, sizeof value);
    sums[next++ % width] += value;
    return;
  }
  for (int64_t i = 0; i < view.shape[axis]; ++i) {
    add_elements(view, axis + 1, at + i * view.strides[axis], sums, width, next);
  }
}

// Folds row r of every input into `width` sums.
void fold_row(const sqs_call* call, uint64_t r, float* sums, uint64_t width) {
  for (uint64_t i = 0; i < width; ++i) sums[i] = 0;
  uint64_t next = 0;
  for (uint32_t i = 0; i < call->input_count; ++i) {
    const sqs_view& view = call->inputs[i];
    const auto* row = static_cast<const uint8_t*>(view.data) + static_cast<int64_t>(r) * view.strides[0];
    add_elements(view, 1, row, sums, width, next);
  }
}

float* out_row(const sqs_call* call, uint64_t r) {
  return static_cast<float*>(static_cast<void*>(static_cast<uint8_t*>(call->output.data) +
                                                static_cast<int64_t>(r) * call->output.strides[0]));
}

uint64_t out_width(const sqs_call* call) {
  uint64_t width = 1;
  for (int32_t axis = 1; axis < call->output.ndim; ++axis) width *= static_cast<uint64_t>(call->output.shape[axis]);
  return width;
}

int64_t fold(void*, sqs_call* call) {
  watch().callback();
  for (uint64_t r = 0; r < call->rows; ++r) fold_row(call, r, out_row(call, r), out_width(call));
  return static_cast<int64_t>(call->rows);
}

constexpr uint64_t kDelays = 16384;  // a state of 64 KiB and a counter

struct DelayState {
  uint64_t next;
  std::array<float, kDelays> delays;
};

// A comb filter: y[t] = x[t] + y[t - kDelays] / 2.
int64_t comb(void*, sqs_call* call) {
  watch().callback();
  auto& state = *static_cast<DelayState*>(call->state);
  for (uint64_t r = 0; r < call->rows; ++r) {
    float sample = 0;
    fold_row(call, r, &sample, 1);
    float& slot = state.delays[state.next++ % kDelays];
    slot = sample + slot / 2;
    *out_row(call, r) = slot;
  }
  return static_cast<int64_t>(call->rows);
}

int64_t add_up(void*, sqs_call* call) {
  watch().callback();
  auto& sum = *static_cast<double*>(call->state);
  for (uint64_t r = 0; r < call->rows; ++r) {
    float sample = 0;
    fold_row(call, r, &sample, 1);
    sum += static_cast<double>(sample);
  }
  return static_cast<int64_t>(call->rows);
}

int32_t write_sum(void*, sqs_call* call) {
  watch().callback();
  *out_row(call, 0) = static_cast<float>(*static_cast<double*>(call->state) * 1e-6);
  return 1;
}

void add(sqs_pipeline* p, const char* name, const sqs_stage& stage, const std::vector<sqs_access>& accesses) {
  const api::Answer added = api::add(p, name, stage, accesses);
  ASSERT_TRUE(added.ok()) << added.message;
}

sqs_stage map_of(std::vector<int64_t> shape, int32_t threading = SQS_CONCURRENT) {
  sqs_stage stage = api::stage(SQS_MAP, SQS_F32, std::move(shape), fold);
  stage.threading = threading;
  return stage;
}

sqs_access plain(const char* stage) { return api::access(stage, SQS_VALID, 0, 0); }

void build_spectrum(sqs_pipeline* p) {
  add(p, "bands", map_of({512}), {plain("input")});
  sqs_stage level = map_of({});
  level.scratch_bytes = 5000;
  add(p, "level", level, {plain("bands")});
}

void build_normalise(sqs_pipeline* p) {
  sqs_stage sum = api::stage(SQS_REDUCE, SQS_F32, {}, add_up);
  sum.state_bytes = sizeof(double);
  sum.finish = write_sum;
  add(p, "sum", sum, {plain("frames")});
  add(p, "centred", map_of({}), {plain("frames"), plain("sum")});
  sqs_access windows = api::access("centred", SQS_VALID, 0, 2047, 512);
  ASSERT_EQ(sqs_pipeline_add_windows(p, "blocks", &windows, nullptr), SQS_OK);
  add(p, "energy", map_of({8}), {plain("blocks")});
}

void build_recursive(sqs_pipeline* p) {
  sqs_stage filter = api::stage(SQS_SCAN, SQS_F32, {}, comb);
  filter.state_bytes = sizeof(DelayState);
  add(p, "filtered", filter, {plain("frames")});
  sqs_access windows = api::access("filtered", SQS_VALID, 0, 4095, 1024);
  ASSERT_EQ(sqs_pipeline_add_windows(p, "blocks", &windows, nullptr), SQS_OK);
  add(p, "level", map_of({16}), {plain("blocks")});
}

void build_diamond(sqs_pipeline* p) {
  add(p, "coarse", map_of({64}), {plain("input")});
  add(p, "past", map_of({64}), {api::access("coarse", SQS_CLAMP, 20, 0)});
  add(p, "future", map_of({64}, SQS_ANY_THREAD), {api::access("coarse", SQS_REFLECT, 0, 33)});
  add(p, "contrast", map_of({4}, SQS_CALLER_THREAD), {plain("past"), plain("future"), plain("coarse")});
}

// A sample from its position alone.
float sample_at(uint64_t frame) { return static_cast<float>((frame * 2654435761U >> 8) & 0xFFFF) / 65536.0F - 0.5F; }

int64_t read_synthetic(void*, uint64_t first, uint64_t frames, void* dst, char*) {
  for (uint64_t i = 0; i < frames; ++i) {
    const float sample = sample_at(first + i);
    std::memcpy(static_cast<uint8_t*>(dst) + i * sizeof sample, &sample, sizeof sample);
  }
  return static_cast<int64_t>(frames);
}

}  // namespace

uint64_t resident_bytes() {
  std::array<char, 4096> text{};
  const int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  const ssize_t bytes = read(file, text.data(), text.size() - 1);
  close(file);
  if (bytes <= 0) return 0;
  return 1024 * (kilobytes_after(text.data(), "RssAnon:") + kilobytes_after(text.data(), "RssShmem:"));
}

void Watch::begin(bool sample_resident) {
  sample_ = sample_resident;
  callbacks_ = 0;
  peak_ = 0;
}

void Watch::callback() {
  const uint64_t before = callbacks_.fetch_add(1);
  const uint64_t now = allocation_count();
  if (before == 0) first_ = now;
  last_ = now;
  if (!sample_ || before % 16 != 0) return;
  const uint64_t resident = resident_bytes();
  uint64_t peak = peak_;
  while (resident > peak && !peak_.compare_exchange_weak(peak, resident)) {
  }
}

Watch& watch() {
  static Watch the_watch;
  return the_watch;
}

const std::vector<Workload>& workloads() {
  static const std::vector<Workload> all = {{"spectrum", {"level", "bands"}, build_spectrum},
                                            {"normalise", {"energy", "sum", "centred"}, build_normalise},
                                            {"recursive", {"level", "filtered"}, build_recursive},
                                            {"diamond", {"contrast", "past"}, build_diamond}};
  return all;
}

api::Pipeline make(const Workload& workload, uint64_t frames) {
  sqs_format format = api::format(SQS_F32, 1, 4096, 1024);
  format.sample_rate = 48000;
  api::Pipeline p = api::pipeline(format);
  workload.build(p.get());
  auto reader = api::sized<sqs_reader>();
  reader.frame_count = frames;
  reader.read = read_synthetic;
  EXPECT_EQ(sqs_pipeline_set_reader(p.get(), &reader, nullptr, nullptr, nullptr), SQS_OK);
  return p;
}

}  // namespace memory_test
