// The budget is hard: what the process really holds, the least budget and one byte below it, and every budget between.
#include <gtest/gtest.h>

#include <malloc.h>

#include "allocation_counter.hpp"
#include "workload.hpp"

namespace memory_test {
namespace {

constexpr uint64_t kFrames = 3'000'000;
constexpr uint64_t kSlack = 2 << 20;
constexpr uint64_t kMinute = 60 * 48'000;

sqs_settings with_budget(int32_t mode, uint64_t budget, uint32_t threads = 1) {
  sqs_settings settings = api::settings(mode);
  settings.memory_budget = budget;
  settings.threads = threads;
  return settings;
}

// The least budget of the main target, under `settings` without one.
uint64_t least_budget(sqs_pipeline* p, const Workload& workload, sqs_settings settings, bool streamed) {
  settings.memory_budget = 0;
  EXPECT_TRUE(api::configure(p, settings).ok());
  sqs_plan_info info;
  const api::Answer planned = api::plan(p, {workload.targets.front()}, streamed, info);
  EXPECT_TRUE(planned.ok()) << planned.message;
  return info.least_budget_bytes;
}

class Budget : public ::testing::TestWithParam<size_t> {
 protected:
  const Workload& workload() const { return workloads()[GetParam()]; }
  const char* target() const { return workload().targets.front(); }
};

// Runs the main target and returns the growth of resident memory at its peak, with the result still held.
uint64_t resident_growth(const Workload& workload, const sqs_settings& settings, sqs_stats& stats) {
  malloc_trim(0);
  const uint64_t before = resident_bytes();
  const api::Pipeline p = make(workload, kFrames);
  EXPECT_TRUE(api::configure(p.get(), settings).ok());
  watch().begin(true);
  api::ResultHandle result;
  const api::Answer done = api::evaluate(p.get(), workload.targets.front(), result);
  EXPECT_TRUE(done.ok()) << done.message;
  if (!done.ok()) return 0;
  stats = api::stats(result.get());
  const uint64_t peak = std::max(watch().peak_resident(), resident_bytes());
  return peak > before ? peak - before : 0;
}

// A sanitizer's own memory grows along with the engine's, so there only the ledger is held to its plan.
void expect_growth_within(uint64_t growth, const sqs_stats& stats) {
  if (SQS_TEST_SANITIZED) return;
  EXPECT_LE(growth, stats.reserved_bytes + stats.untracked_bytes + kSlack);
}

TEST_P(Budget, BoundsWhatTheProcessHolds) {
  const api::Pipeline probe = make(workload(), kFrames);
  for (const uint32_t threads : {1U, 2U}) {
    const uint64_t least = least_budget(probe.get(), workload(), with_budget(SQS_SQRT, 0, threads), false);
    for (const uint64_t budget : {least, least + least / 3, uint64_t{64} << 20, uint64_t{0}}) {
      sqs_stats stats = {};
      const uint64_t growth = resident_growth(workload(), with_budget(SQS_SQRT, budget, threads), stats);
      SCOPED_TRACE("budget " + std::to_string(budget) + ", threads " + std::to_string(threads));
      expect_growth_within(growth, stats);
      EXPECT_LE(stats.measured_bytes, stats.predicted_bytes);
      EXPECT_LE(stats.predicted_bytes, stats.reserved_bytes);
      EXPECT_LE(stats.reserved_bytes, stats.budget_bytes);
    }
  }
}

TEST_P(Budget, BoundsWhatTheProcessHoldsInClassic) {
  sqs_stats stats = {};
  const uint64_t growth = resident_growth(workload(), with_budget(SQS_CLASSIC, 0), stats);
  expect_growth_within(growth, stats);
  EXPECT_LE(stats.measured_bytes, stats.predicted_bytes);
  EXPECT_GT(stats.measured_bytes, kFrames) << "classic holds whole stages";
}

TEST_P(Budget, WorksAtTheLeastAndIsRefusedOneByteBelow) {
  const api::Pipeline p = make(workload(), kFrames / 10);
  for (const int32_t mode : {SQS_SQRT, SQS_AUTO}) {
    for (const uint64_t tile : {0U, 1024U, 100'000U}) {
      sqs_settings settings = with_budget(mode, 0);
      settings.tile_frames = tile;
      const uint64_t least = least_budget(p.get(), workload(), settings, false);
      SCOPED_TRACE("least budget " + std::to_string(least) + ", tile_frames " + std::to_string(tile));
      settings.memory_budget = least - 1;
      ASSERT_TRUE(api::configure(p.get(), settings).ok());
      api::ResultHandle result;
      const api::Answer refused = api::evaluate(p.get(), target(), result);
      EXPECT_EQ(refused.code, SQS_E_BUDGET);
      EXPECT_NE(refused.message.find(std::to_string(least)), std::string::npos) << refused.message;
      sqs_plan_info info;
      EXPECT_EQ(api::plan(p.get(), {target()}, false, info).code, SQS_E_BUDGET);

      settings.memory_budget = least;
      ASSERT_TRUE(api::configure(p.get(), settings).ok());
      const api::Answer done = api::evaluate(p.get(), target(), result);
      ASSERT_TRUE(done.ok()) << done.message;
      EXPECT_LE(api::stats(result.get()).measured_bytes, least);
    }
  }
}

TEST_P(Budget, EveryOneFromTheLeastUpGivesTheSameBytes) {
  const api::Pipeline p = make(workload(), kFrames / 10);
  const uint64_t least = least_budget(p.get(), workload(), with_budget(SQS_SQRT, 0), false);
  ASSERT_TRUE(api::configure(p.get(), with_budget(SQS_CLASSIC, 0)).ok());
  api::ResultHandle oracle;
  ASSERT_TRUE(api::evaluate(p.get(), target(), oracle).ok());
  const std::string wanted = api::digest(oracle.get());
  oracle.reset();
  uint64_t budget = least;
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE(api::configure(p.get(), with_budget(SQS_SQRT, budget)).ok());
    api::ResultHandle result;
    const api::Answer done = api::evaluate(p.get(), target(), result);
    ASSERT_TRUE(done.ok()) << "budget " << budget << " of least " << least << ": " << done.message;
    EXPECT_EQ(api::digest(result.get()), wanted) << "budget " << budget;
    EXPECT_LE(api::stats(result.get()).measured_bytes, budget);
    budget += 1 + budget / (i < 20 ? 97 : 5);
  }
}

TEST_P(Budget, IsTheSameForAMinuteAndForTenHours) {
  sqs_plan_info minute;
  sqs_plan_info ten_hours;
  const api::Pipeline shorter = make(workload(), kMinute);
  const api::Pipeline longer = make(workload(), 600 * kMinute);
  for (const uint64_t budget : {uint64_t{0}, uint64_t{256} << 20}) {
    ASSERT_TRUE(api::configure(shorter.get(), with_budget(SQS_SQRT, budget)).ok());
    ASSERT_TRUE(api::configure(longer.get(), with_budget(SQS_SQRT, budget)).ok());
    ASSERT_TRUE(api::plan(shorter.get(), {target()}, true, minute).ok());
    ASSERT_TRUE(api::plan(longer.get(), {target()}, true, ten_hours).ok());
    EXPECT_EQ(minute.predicted_bytes, ten_hours.predicted_bytes);
    EXPECT_EQ(minute.least_budget_bytes, ten_hours.least_budget_bytes);
    EXPECT_EQ(minute.tile_frames, ten_hours.tile_frames);
    EXPECT_GT(minute.predicted_bytes, 0U);
  }
}

int32_t drop_rows(void*, const sqs_view*, char*) { return 1; }

// Growth of resident memory while the main target streams into a sink that holds nothing.
uint64_t streamed_growth(const Workload& workload, uint64_t frames, sqs_stats& stats) {
  malloc_trim(0);
  const uint64_t before = resident_bytes();
  const api::Pipeline p = make(workload, frames);
  EXPECT_TRUE(api::configure(p.get(), with_budget(SQS_SQRT, 0)).ok());
  sqs_run* made = nullptr;
  EXPECT_EQ(sqs_run_create(p.get(), &made, nullptr), SQS_OK);
  const api::Run run(made);
  EXPECT_EQ(sqs_run_add_callback(made, workload.targets.front(), drop_rows, nullptr, nullptr, nullptr, nullptr), SQS_OK);
  watch().begin(true);
  const api::Answer done = api::answer([&](sqs_error** e) { return sqs_run_execute(made, e); });
  EXPECT_TRUE(done.ok()) << done.message;
  stats = api::sized<sqs_stats>();
  EXPECT_EQ(sqs_run_stats(made, &stats, nullptr), SQS_OK);
  return watch().peak_resident() > before ? watch().peak_resident() - before : 0;
}

TEST_P(Budget, OfAStreamDoesNotGrowWithItsLength) {
  sqs_stats minute = {};
  sqs_stats four = {};
  const uint64_t minute_growth = streamed_growth(workload(), kMinute, minute);
  const uint64_t four_growth = streamed_growth(workload(), 4 * kMinute, four);
  EXPECT_EQ(minute.measured_bytes, four.measured_bytes);
  EXPECT_EQ(minute.reserved_bytes, four.reserved_bytes);
  expect_growth_within(minute_growth, minute);
  expect_growth_within(four_growth, four);
}

INSTANTIATE_TEST_SUITE_P(Workloads, Budget, ::testing::Range<size_t>(0, 4),
                         [](const ::testing::TestParamInfo<size_t>& tested) { return workloads()[tested.param].name; });

}  // namespace
}  // namespace memory_test
