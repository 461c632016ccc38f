// The budget is as hard for runs that look back: a filter without phase, a smoother and a most probable path over streams whose
// rows would not fit, in a given budget and in the least that the plan tells, with nothing allocated on the way and the rows of a
// run that has all the memory it wants.
//
// The sizes are one part in SQS_MEMORY_SCALE (50) of those that looking_back.sh runs; 1 is those themselves. What a run took is
// printed where the variable is set.
#include <gtest/gtest.h>

#include <malloc.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "allocation_counter.hpp"
#include "sqrtspace/dsp.h"
#include "workload.hpp"

namespace memory_test {
namespace {

// 2 MiB are promised; small streams would hide behind them. The system counts pages by processor and may be behind by 256 KiB.
constexpr uint64_t kSlack = 512 << 10;

uint64_t scale() {
  const char* given = std::getenv("SQS_MEMORY_SCALE");
  return given == nullptr ? 50 : std::max<uint64_t>(1, std::strtoull(given, nullptr, 10));
}

// A number from its position alone, evenly in [0, 1).
double noise_at(uint64_t position) {
  uint64_t x = position * 0x9E3779B97F4A7C15U;
  x ^= x >> 32;
  x *= 0xD6E8FEB86659FD93U;
  return static_cast<double>(x >> 11) * 0x1p-53;
}

// ---- models

struct Model {
  std::string name;
  int32_t dtype;
  uint64_t channels;
  double rate;
  uint64_t frames;  // in full
  uint64_t budget;  // likewise
  const char* forward;  // the stage that is replayed
  const char* target;
  void (*fill)(uint64_t frame, void* dst);
  void (*build)(sqs_pipeline* p);
};

void add(sqs_pipeline* p, const char* type, const char* name, const char* input, const std::string& params) {
  const api::Answer added = api::answer([&](sqs_error** e) { return sqs_dsp_add_on(p, type, name, input, params.c_str(), e); });
  ASSERT_TRUE(added.ok()) << added.message;
}

void fill_ecg(uint64_t frame, void* dst) {
  auto* values = static_cast<double*>(dst);
  for (uint64_t c = 0; c < 32; ++c) values[c] = noise_at(frame * 32 + c) - 0.5;
}

void build_zero_phase(sqs_pipeline* p) { add(p, "sosfiltfilt", "clean", "frames", "butter=bandpass order=4 low=5 high=40"); }

void fill_positions(uint64_t frame, void* dst) {
  auto* values = static_cast<double*>(dst);
  const auto period = static_cast<double>(frame % 5000) / 5000;
  values[0] = 4 * period * (1 - period) + 0.1 * noise_at(2 * frame);
  values[1] = period + 0.1 * noise_at(2 * frame + 1);
}

// A position in the plane with its speed and acceleration, of which the position is seen, 100 times a second.
void build_smoother(sqs_pipeline* p) {
  const std::string dynamics =
      "F=1,0.01,0.00005,0,0,0,0,1,0.01,0,0,0,0,0,1,0,0,0,0,0,0,1,0.01,0.00005,0,0,0,0,1,0.01,0,0,0,0,0,1 "
      "Q=1e-8,0,0,0,0,0,0,1e-6,0,0,0,0,0,0,1e-3,0,0,0,0,0,0,1e-8,0,0,0,0,0,0,1e-6,0,0,0,0,0,0,1e-3 ";
  add(p, "kalman", "filter", "frames",
      dynamics + "H=1,0,0,0,0,0,0,0,0,1,0,0 R=0.01,0,0,0.01 "
                 "P0=1,0,0,0,0,0,0,1,0,0,0,0,0,0,1,0,0,0,0,0,0,1,0,0,0,0,0,0,1,0,0,0,0,0,0,1 output=packed");
  add(p, "rts", "smooth", "filter", dynamics + "output=mean");
}

// The state wanders, and its own likelihood stands out of the noise by little.
void fill_likelihoods(uint64_t frame, void* dst) {
  auto* values = static_cast<float*>(dst);
  const uint64_t state = frame / 7 % 360;
  uint64_t x = frame * 0x9E3779B97F4A7C15U + 1;
  for (uint64_t s = 0; s < 360; ++s) {
    x = x * 6364136223846793005U + 1442695040888963407U;
    values[s] = -static_cast<float>(x >> 40) * 0x1p-22F + (s == state ? 2.0F : 0.0F);
  }
}

void build_path(sqs_pipeline* p) { add(p, "viterbi", "path", "frames", "band=-6,-4,-3,-2,-1,-0.5,-1,-2,-3,-4,-6"); }

const std::array<Model, 3>& models() {
  static const std::array<Model, 3> all = {{
      {"zero_phase", SQS_F64, 32, 1000, 3'600'000, 64 << 20, "clean.forward", "clean", fill_ecg, build_zero_phase},
      {"smoother", SQS_F64, 2, 100, 10'000'000, 16 << 20, "filter", "smooth", fill_positions, build_smoother},
      {"viterbi", SQS_F32, 360, 1000, 3'600'000, 64 << 20, "path.forward", "path", fill_likelihoods, build_path},
  }};
  return all;
}

int64_t read_model(void* user, uint64_t first, uint64_t frames, void* dst, char*) {
  watch().callback();
  const Model& model = *static_cast<const Model*>(user);
  const uint64_t bytes = model.channels * sqs_dtype_bytes(model.dtype);
  for (uint64_t i = 0; i < frames; ++i) model.fill(first + i, static_cast<uint8_t*>(dst) + i * bytes);
  return static_cast<int64_t>(frames);
}

api::Pipeline pipeline_of(const Model& model, uint64_t frames) {
  sqs_format format = api::format(model.dtype, model.channels, 1, 1);
  format.sample_rate = model.rate;
  api::Pipeline p = api::pipeline(format);
  model.build(p.get());
  auto reader = api::sized<sqs_reader>();
  reader.frame_count = frames;
  reader.read = read_model;
  EXPECT_EQ(sqs_pipeline_set_reader(p.get(), &reader, const_cast<Model*>(&model), nullptr, nullptr), SQS_OK);
  return p;
}

// ---- runs

// Rows however they come: their number, and a sum over hashes of number and bytes.
struct Rows {
  uint64_t count = 0;
  uint64_t sum = 0;
};

int32_t take_rows(void* user, const sqs_view* view, char*) {
  watch().callback();
  Rows& rows = *static_cast<Rows*>(user);
  uint64_t bytes = sqs_dtype_bytes(view->dtype);
  for (int32_t axis = 1; axis < view->ndim; ++axis) bytes *= static_cast<uint64_t>(view->shape[axis]);
  for (int64_t r = 0; r < view->shape[0]; ++r) {
    const uint8_t* row = static_cast<const uint8_t*>(view->data) + r * view->strides[0];
    uint64_t hash = static_cast<uint64_t>(view->first_row + r) + 1;
    for (uint64_t at = 0; at < bytes; at += sizeof hash) {
      uint64_t word = 0;
      std::memcpy(&word, row + at, std::min<uint64_t>(sizeof word, bytes - at));
      hash = (hash ^ word) * 0x9E3779B97F4A7C15U;
      hash ^= hash >> 29;
    }
    rows.sum += hash;
    ++rows.count;
  }
  return 1;
}

struct Ran {
  Rows rows;
  sqs_stats stats = {};
  uint64_t growth = 0;
  uint64_t allocations = 0;
  double evaluations = 0;  // per row of the stage that runs forward
};

// On disk: rows that memory has no room for go there.
Ran run(const Model& model, uint64_t frames, int32_t mode, uint64_t budget, int32_t order, bool on_disk = false) {
  Ran ran;
  malloc_trim(0);
  const uint64_t before = resident_bytes();
  const api::Pipeline p = pipeline_of(model, frames);
  sqs_settings settings = api::settings(mode);
  settings.memory_budget = budget;
  const std::string directory = ::testing::TempDir();
  if (on_disk) {
    settings.spill_dir = directory.c_str();
    settings.max_ratio = 1;
  }
  EXPECT_TRUE(api::configure(p.get(), settings).ok());
  sqs_run* made = nullptr;
  EXPECT_EQ(sqs_run_create(p.get(), &made, nullptr), SQS_OK);
  const api::Run owner(made);
  EXPECT_EQ(sqs_run_add_callback_in(made, model.target, order, take_rows, &ran.rows, nullptr, nullptr, nullptr), SQS_OK);
  watch().begin(true);
  const api::Answer done = api::answer([&](sqs_error** e) { return sqs_run_execute(made, e); });
  EXPECT_TRUE(done.ok()) << done.message;
  const uint64_t peak = std::max(watch().peak_resident(), resident_bytes());
  ran.growth = peak > before ? peak - before : 0;
  ran.allocations = watch().allocations();
  ran.stats = api::sized<sqs_stats>();
  EXPECT_EQ(sqs_run_stats(made, &ran.stats, nullptr), SQS_OK);
  auto stage = api::sized<sqs_stage_stats>();
  for (uint32_t i = 0; sqs_run_stage_stats(made, i, &stage, nullptr) == SQS_OK; ++i)
    if (std::string(model.forward) == stage.name) ran.evaluations = stage.recompute_ratio;
  return ran;
}

uint64_t least_budget(const Model& model, uint64_t frames) {
  const api::Pipeline p = pipeline_of(model, frames);
  EXPECT_TRUE(api::configure(p.get(), api::settings(SQS_SQRT)).ok());
  sqs_plan* made = nullptr;
  EXPECT_EQ(sqs_pipeline_plan(p.get(), &model.target, 1, 0, SQS_END, 2, &made, nullptr), SQS_OK);
  const api::Plan plan(made);
  auto info = api::sized<sqs_plan_info>();
  EXPECT_EQ(sqs_plan_info_get(made, &info, nullptr), SQS_OK);
  return info.least_budget_bytes;
}

void print(const Model& model, const char* what, const Ran& ran) {
  if (std::getenv("SQS_MEMORY_SCALE") == nullptr) return;
  const auto mib = [](uint64_t bytes) { return static_cast<double>(bytes) / (1 << 20); };
  std::printf("%s, %s: %.1f s, %.3f evaluations a row, %llu rows; MiB: budget %.3f, reserved %.3f, untracked %.3f, "
              "grown by %.3f\n", model.name.c_str(), what, ran.stats.seconds, ran.evaluations, static_cast<unsigned long long>(ran.rows.count),
              mib(ran.stats.budget_bytes), mib(ran.stats.reserved_bytes), mib(ran.stats.untracked_bytes), mib(ran.growth));
  std::fflush(stdout);
}

class LookingBack : public ::testing::TestWithParam<size_t> {
 protected:
  const Model& model() const { return models()[GetParam()]; }
  uint64_t frames() const { return model().frames / scale(); }
};

TEST_P(LookingBack, HoldsItsBudgetAndGivesTheRowsOfAnUnlimitedRun) {
  const uint64_t least = least_budget(model(), frames());
  ASSERT_GT(least, 0U);
  const uint64_t given = std::max(least, model().budget / scale());
  std::array<Ran, 3> limited;
  constexpr std::array<const char*, 3> kNames = {"given", "least", "given, with a disk"};
  for (size_t i = 0; i < limited.size(); ++i) {
    SCOPED_TRACE(kNames[i]);
    const bool on_disk = i == 2;
    Ran& ran = limited[i] = run(model(), frames(), SQS_SQRT, i == 1 ? least : given, SQS_ANY_ORDER, on_disk);
    print(model(), kNames[i], ran);
    const uint64_t held = SQS_TEST_SANITIZED ? 0 : ran.growth;  // a sanitizer's own memory grows along
    EXPECT_LE(held, ran.stats.reserved_bytes + ran.stats.untracked_bytes + kSlack);
    EXPECT_LE(ran.stats.measured_bytes, ran.stats.predicted_bytes);
    EXPECT_LE(ran.stats.predicted_bytes, ran.stats.reserved_bytes);
    EXPECT_LE(ran.stats.reserved_bytes, ran.stats.budget_bytes);
    EXPECT_EQ(ran.rows.count, frames());
    EXPECT_EQ(ran.allocations, 0U);
    EXPECT_EQ(ran.evaluations > 1.0, !on_disk);
    EXPECT_EQ(ran.stats.disk_written_bytes > 0, on_disk);
    EXPECT_EQ(ran.stats.disk_read_bytes, ran.stats.disk_written_bytes);
    EXPECT_LE(ran.evaluations, 4.0);
  }
  EXPECT_GE(limited[1].evaluations, limited[0].evaluations);

  // In full size classic would hold more than the streams themselves.
  const bool full = scale() == 1;
  const Ran unlimited = run(model(), frames(), full ? SQS_SQRT : SQS_CLASSIC, 0, full ? SQS_ANY_ORDER : SQS_ROW_ORDER);
  print(model(), "unlimited", unlimited);
  EXPECT_EQ(unlimited.evaluations, 1.0);
  EXPECT_EQ(unlimited.rows.count, frames());
  for (const Ran& ran : limited) EXPECT_EQ(ran.rows.sum, unlimited.rows.sum);
}

INSTANTIATE_TEST_SUITE_P(Models, LookingBack, ::testing::Range<size_t>(0, 3),
                         [](const ::testing::TestParamInfo<size_t>& tested) { return models()[tested.param].name; });

}  // namespace
}  // namespace memory_test
