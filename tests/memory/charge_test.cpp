// Who is charged for what, and for how long: results until they are destroyed, pushed frames until they are replaced, arena
// and cache until trim.
#include <gtest/gtest.h>

#include <malloc.h>

#include <vector>

#include "allocation_counter.hpp"
#include "workload.hpp"

namespace memory_test {
namespace {

constexpr uint64_t kFrames = 2'000'000;

const Workload& spectrum() { return workloads()[0]; }

uint64_t frame_rows(const sqs_pipeline* p) {
  auto info = api::sized<sqs_stage_info>();
  EXPECT_EQ(sqs_pipeline_describe(p, "frames", &info, nullptr), SQS_OK);
  return info.rows;
}

TEST(Charge, AResultCountsUntilItIsDestroyed) {
  const api::Pipeline p = make(spectrum(), kFrames);
  sqs_plan_info info;
  ASSERT_TRUE(api::configure(p.get(), api::settings(SQS_SQRT)).ok());
  ASSERT_TRUE(api::plan(p.get(), {"bands"}, false, info).ok());
  const uint64_t rows = 1 + (kFrames - 4096) / 1024;
  const uint64_t result_bytes = rows * 512 * sizeof(float);
  EXPECT_GE(info.output_bytes, result_bytes);
  sqs_settings settings = api::settings(SQS_SQRT);
  settings.memory_budget = info.least_budget_bytes + result_bytes / 2;
  ASSERT_TRUE(api::configure(p.get(), settings).ok());

  api::ResultHandle first;
  api::ResultHandle second;
  ASSERT_TRUE(api::evaluate(p.get(), "bands", first).ok());
  const std::string digest = api::digest(first.get());
  const api::Answer refused = api::evaluate(p.get(), "bands", second);
  EXPECT_EQ(refused.code, SQS_E_BUDGET) << "the first result still holds " << result_bytes << " bytes";
  EXPECT_EQ(api::digest(first.get()), digest);
  first.reset();
  const api::Answer done = api::evaluate(p.get(), "bands", second);
  ASSERT_TRUE(done.ok()) << done.message;
  EXPECT_EQ(api::digest(second.get()), digest);
}

// Each takes whole pages, and has statistics and a report.
TEST(Charge, ManySmallResultsStayWithinTheBudget) {
  const api::Pipeline p = make(spectrum(), kFrames);
  sqs_settings settings = api::settings(SQS_SQRT);
  settings.memory_budget = 6 << 20;
  settings.lru_bytes = SQS_NONE;
  ASSERT_TRUE(api::configure(p.get(), settings).ok());
  const uint64_t before = resident_bytes();
  std::vector<api::ResultHandle> held;
  for (api::Answer last; last.ok();) {
    ASSERT_LT(held.size(), 1000U);
    last = api::evaluate(p.get(), "level", held.emplace_back(), 0, 1);
    if (!last.ok()) {
      EXPECT_EQ(last.code, SQS_E_BUDGET) << last.message;
    }
  }
  EXPECT_GT(held.size(), 100U);
  if (!SQS_TEST_SANITIZED) {
    EXPECT_LE(resident_bytes(), before + settings.memory_budget + (2U << 20));
  }
}

TEST(Charge, AResultOutlivesItsPipeline) {
  api::Pipeline p = make(spectrum(), kFrames);
  api::ResultHandle result;
  ASSERT_TRUE(api::evaluate(p.get(), "level", result).ok());
  const std::vector<float> before = api::values<float>(result.get());
  p.reset();
  EXPECT_EQ(api::values<float>(result.get()), before);
  EXPECT_EQ(before.size(), 1 + (kFrames - 4096) / 1024);
}

TEST(Charge, PushedFramesCountAndOnePieceThatDoesNotFitIsRefusedWhole) {
  const api::Pipeline p = api::pipeline(api::format(SQS_F32, 1, 4096, 1024));
  spectrum().build(p.get());
  sqs_settings settings = api::settings(SQS_SQRT);
  settings.memory_budget = 16 << 20;
  ASSERT_TRUE(api::configure(p.get(), settings).ok());
  const std::vector<float> piece(250'000, 0.25F);
  uint64_t taken = 0;
  api::Answer pushed;
  for (int i = 0; i < 100 && pushed.ok(); ++i) {
    pushed = api::answer(
        [&](sqs_error** e) { return sqs_pipeline_push_samples(p.get(), piece.data(), piece.size(), e); });
    if (pushed.ok()) taken += piece.size();
  }
  EXPECT_EQ(pushed.code, SQS_E_BUDGET);
  EXPECT_NE(pushed.message.find(std::to_string(settings.memory_budget)), std::string::npos) << pushed.message;
  EXPECT_GT(taken, 2'000'000U) << "8 MB of 16 must fit";
  EXPECT_LE(taken * sizeof(float), settings.memory_budget);
  EXPECT_EQ(frame_rows(p.get()), taken) << "nothing of the refused piece is taken";
  ASSERT_EQ(sqs_pipeline_push_samples(p.get(), piece.data(), 10, nullptr), SQS_OK) << "a small piece still fits";
  EXPECT_EQ(frame_rows(p.get()), taken + 10);
}

TEST(Charge, PushedFramesAreInThePlan) {
  const api::Pipeline p = api::pipeline(api::format(SQS_F32, 1, 4096, 1024));
  spectrum().build(p.get());
  const std::vector<float> frames(1'000'000, 0.5F);
  ASSERT_TRUE(api::configure(p.get(), api::settings(SQS_SQRT)).ok());
  ASSERT_EQ(sqs_pipeline_push_samples(p.get(), frames.data(), frames.size(), nullptr), SQS_OK);
  ASSERT_EQ(sqs_pipeline_end_input(p.get(), nullptr), SQS_OK);
  sqs_plan_info info;
  ASSERT_TRUE(api::plan(p.get(), {"level"}, true, info).ok());
  EXPECT_GE(info.source_bytes, frames.size() * sizeof(float));
  EXPECT_GE(info.least_budget_bytes, frames.size() * sizeof(float));
  api::ResultHandle result;
  ASSERT_TRUE(api::evaluate(p.get(), "level", result).ok());
  EXPECT_GE(api::stats(result.get()).measured_bytes, frames.size() * sizeof(float));
}

TEST(Charge, TheClassesOfAPlanAddUpToThePredictedPeak) {
  for (const Workload& workload : workloads()) {
    const api::Pipeline p = make(workload, kFrames);
    for (const int32_t mode : {SQS_CLASSIC, SQS_SQRT}) {
      ASSERT_TRUE(api::configure(p.get(), api::settings(mode)).ok());
      sqs_plan_info info;
      ASSERT_TRUE(api::plan(p.get(), {workload.targets.front()}, false, info).ok());
      EXPECT_EQ(info.source_bytes + info.rows_bytes + info.checkpoint_bytes + info.cache_bytes + info.scratch_bytes +
                    info.output_bytes + info.other_bytes,
                info.predicted_bytes)
          << workload.name;
    }
  }
}

TEST(Charge, TrimGivesTheArenaBackAndLosesNothing) {
  const Workload& recursive = workloads()[2];
  const api::Pipeline p = make(recursive, kFrames);
  sqs_settings settings = api::settings(SQS_SQRT);
  settings.tile_frames = 1 << 20;  // buffers of several MiB
  ASSERT_TRUE(api::configure(p.get(), settings).ok());
  api::ResultHandle result;
  ASSERT_TRUE(api::evaluate(p.get(), "level", result).ok());
  const std::string digest = api::digest(result.get());
  const uint64_t reserved = api::stats(result.get()).reserved_bytes;
  const uint64_t before = resident_bytes();
  ASSERT_EQ(sqs_pipeline_trim(p.get(), nullptr), SQS_OK);
  const uint64_t after = resident_bytes();
  EXPECT_EQ(api::digest(result.get()), digest) << "results are not touched";
  if (!SQS_TEST_SANITIZED) {
    ASSERT_GT(reserved, 8U << 20);
    EXPECT_GT(before, after + (4U << 20)) << "trim returned little of " << reserved << " reserved bytes";
  }
  api::ResultHandle again;
  ASSERT_TRUE(api::evaluate(p.get(), "level", again).ok());
  EXPECT_EQ(api::digest(again.get()), digest);
}

TEST(Charge, AProbeHoldsNothingAfterwards) {
  const Workload& recursive = workloads()[2];
  malloc_trim(0);
  const api::Pipeline p = make(recursive, kFrames);
  sqs_settings settings = api::settings(SQS_SQRT);
  settings.tile_frames = 1 << 20;  // buffers of several MiB
  ASSERT_TRUE(api::configure(p.get(), settings).ok());
  const char* const target = "level";
  const uint64_t before = resident_bytes();
  watch().begin(true);
  ASSERT_EQ(sqs_pipeline_probe(p.get(), &target, 1, nullptr), SQS_OK);
  EXPECT_GT(watch().callbacks(), 0U);
  if (SQS_TEST_SANITIZED) return;
  malloc_trim(0);
  EXPECT_LE(resident_bytes(), before + (1U << 20)) << "rows of the probe's own run take more than that";
}

TEST(Charge, AProbeTakesTheRoomThatACacheHolds) {
  const char* const target = "level";
  const api::Pipeline p = make(workloads()[2], kFrames);
  sqs_settings settings = api::settings(SQS_SQRT);
  ASSERT_TRUE(api::configure(p.get(), settings).ok());
  sqs_plan_info info;
  ASSERT_TRUE(api::plan(p.get(), {target}, true, info).ok());
  settings.memory_budget = info.least_budget_bytes + (16U << 20);
  settings.lru_bytes = 8U << 20;
  ASSERT_TRUE(api::configure(p.get(), settings).ok());
  api::ResultHandle part;
  const api::Answer done = api::evaluate(p.get(), target, part, 100, 200);
  ASSERT_TRUE(done.ok()) << done.message;
  api::ResultHandle cached;
  ASSERT_TRUE(api::evaluate(p.get(), target, cached, 100, 200).ok());
  EXPECT_GT(api::stats(cached.get()).cache_hits, 0U);
  const api::Answer probed = api::answer([&](sqs_error** e) { return sqs_pipeline_probe(p.get(), &target, 1, e); });
  ASSERT_TRUE(probed.ok()) << probed.message;
  api::ResultHandle again;
  ASSERT_TRUE(api::evaluate(p.get(), target, again, 100, 200).ok());
  EXPECT_EQ(api::stats(again.get()).cache_hits, 0U);
  EXPECT_EQ(api::digest(again.get()), api::digest(part.get()));
}

TEST(Charge, TrimIsRefusedWhileARunIsOpen) {
  const api::Pipeline p = make(spectrum(), kFrames / 100);
  sqs_run* run = nullptr;
  ASSERT_EQ(sqs_run_create(p.get(), &run, nullptr), SQS_OK);
  EXPECT_EQ(sqs_pipeline_trim(p.get(), nullptr), SQS_E_STATE);
  sqs_run_destroy(run);
  EXPECT_EQ(sqs_pipeline_trim(p.get(), nullptr), SQS_OK);
}

TEST(Charge, DestroyingEverythingLeavesLittleBehind) {
  malloc_trim(0);
  const uint64_t before = resident_bytes();
  for (const Workload& workload : workloads()) {
    api::Pipeline p = make(workload, kFrames);
    api::ResultHandle result;
    ASSERT_TRUE(api::evaluate(p.get(), workload.targets.front(), result).ok());
  }
  malloc_trim(0);
  if (SQS_TEST_SANITIZED) return;  // it keeps what is freed, and looks for leaks by itself
  EXPECT_LE(resident_bytes(), before + (1U << 20));
}

}  // namespace
}  // namespace memory_test
