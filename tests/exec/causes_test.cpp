// A run tells why it has evaluated more rows than those that were asked for, once each: by replays, in later sweeps, to get to
// the range, or because the row cache has lost them. What is expected here is counted by hand.
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "c_api.hpp"

namespace {

double value_at(const sqs_view& view, int64_t row, int64_t entry = 0) {
  double value = 0;
  const int64_t context = view.ndim > 1 ? view.strides[1] : 0;
  std::memcpy(&value, static_cast<const char*>(view.data) + row * view.strides[0] + entry * context, sizeof value);
  return value;
}

void put(sqs_call* call, int64_t row, double value) {
  std::memcpy(static_cast<char*>(call->output.data) + row * call->output.strides[0], &value, sizeof value);
}

int64_t first_of_context(void*, sqs_call* call) {
  for (int64_t row = 0; row < static_cast<int64_t>(call->rows); ++row) put(call, row, value_at(call->inputs[0], row) + 1);
  return static_cast<int64_t>(call->rows);
}

template <bool backward>
int64_t running_sum(void*, sqs_call* call) {
  const auto rows = static_cast<int64_t>(call->rows);
  auto& sum = *static_cast<double*>(call->state);
  for (int64_t i = 0; i < rows; ++i) {
    const int64_t row = backward ? rows - 1 - i : i;
    sum += value_at(call->inputs[0], row);
    put(call, row, sum);
  }
  return rows;
}

int64_t total(void*, sqs_call* call) {
  for (int64_t row = 0; row < static_cast<int64_t>(call->rows); ++row) *static_cast<double*>(call->state) += value_at(call->inputs[0], row);
  return static_cast<int64_t>(call->rows);
}

int32_t give_total(void*, sqs_call* call) {
  std::memcpy(call->output.data, call->state, sizeof(double));
  return 1;
}

class Causes : public ::testing::Test {
 protected:
  static constexpr uint64_t kFrames = 20'000;

  Causes() : frames_(kFrames, 1.0), p_(api::pipeline(api::format(SQS_F64, 1, 1, 1))) {}

  void add_map(const char* name, const char* of, uint64_t before = 0) {
    const sqs_stage stage = api::stage(SQS_MAP, SQS_F64, {}, first_of_context);
    const api::Answer a = api::add(p_.get(), name, stage, {api::access(of, SQS_CLAMP, before, 0)});
    ASSERT_TRUE(a.ok()) << a.message;
  }

  void add_scan(const char* name, const char* of, bool backward = false) {
    sqs_stage stage = api::stage(SQS_SCAN, SQS_F64, {}, backward ? running_sum<true> : running_sum<false>);
    stage.direction = backward ? SQS_BACKWARD : SQS_FORWARD;
    stage.state_bytes = sizeof(double);
    const api::Answer a = api::add(p_.get(), name, stage, {api::access(of, SQS_CLAMP, 0, 0)});
    ASSERT_TRUE(a.ok()) << a.message;
  }

  void configure(uint64_t lru_bytes) {
    sqs_settings settings = api::settings(SQS_SQRT);
    settings.lru_bytes = lru_bytes;
    settings.tile_frames = 16;
    ASSERT_TRUE(api::configure(p_.get(), settings).ok());
    sqs_pipeline_set_memory(p_.get(), frames_.data(), frames_.size(), nullptr, nullptr, nullptr);
  }

  sqs_stats evaluate(const char* target, uint64_t t0, uint64_t t1) {
    api::ResultHandle result;
    const api::Answer a = api::evaluate(p_.get(), target, result, t0, t1);
    EXPECT_TRUE(a.ok()) << a.message;
    report_ = sqs_result_report_text(result.get());
    json_ = sqs_result_report_json(result.get());
    return api::stats(result.get());
  }

  bool told(const std::string& words) const { return report_.find(words) != std::string::npos; }

  std::vector<double> frames_;
  api::Pipeline p_;
  std::string report_;
  std::string json_;
};

TEST_F(Causes, NoneWhereEachRowIsMadeOnceForTheTarget) {
  add_map("near", "frames");
  add_scan("sum", "near");
  configure(SQS_NONE);
  const sqs_stats s = evaluate("sum", 0, SQS_END);
  EXPECT_EQ(s.rows_evaluated, 2 * kFrames);
  EXPECT_EQ(s.rows_replayed + s.rows_swept_again + s.rows_access + s.rows_cache_lost, 0U);
  EXPECT_FALSE(told("\nrecompute"));
}

TEST_F(Causes, AccessIsWhatAScanMakesBeforeTheRange) {
  add_map("near", "frames");
  add_scan("sum", "near");
  add_map("late", "sum", 2);
  configure(SQS_NONE);
  // Of 'late' 10 rows, for which 'sum' gives 12 and works from its first: 98 before them. So does 'near', row for row.
  const sqs_stats first = evaluate("late", 100, 110);
  EXPECT_EQ(first.rows_evaluated, 10U + 110 + 110);
  EXPECT_EQ(first.rows_access, 2 * 98U);
  EXPECT_EQ(first.rows_replayed + first.rows_swept_again + first.rows_cache_lost, 0U);
  EXPECT_TRUE(told("196 to get to the range")) << report_;
  EXPECT_NE(json_.find("\"access\":196"), std::string::npos) << json_;
  // With states left behind it works from the one before the range.
  evaluate("late", 0, 5000);
  const sqs_stats second = evaluate("late", 5000, 5010);
  EXPECT_EQ(second.checkpoints_loaded, 1U);
  EXPECT_EQ(second.rows_access, second.rows_evaluated - (10 + 12 + 12));
  EXPECT_LT(second.rows_access, 2 * 4998U);
  EXPECT_GT(second.rows_access, 0U);
}

TEST_F(Causes, AccessInClassicIsFromTheFirstRow) {
  add_scan("sum", "frames");
  configure(SQS_NONE);
  ASSERT_TRUE(api::configure(p_.get(), api::settings(SQS_CLASSIC)).ok());
  const sqs_stats s = evaluate("sum", 100, 110);
  EXPECT_EQ(s.mode, SQS_CLASSIC);
  EXPECT_EQ(s.rows_evaluated, 110U);
  EXPECT_EQ(s.rows_access, 100U);
}

TEST_F(Causes, CacheLossIsWhatTheCacheHadAndHasNoMore) {
  add_map("near", "frames");
  add_map("late", "near", 2);
  configure(16 * 1024);
  evaluate("late", 100, 200);
  const sqs_stats again = evaluate("late", 100, 200);
  EXPECT_EQ(again.rows_evaluated, 0U);
  EXPECT_EQ(again.rows_cache_lost, 0U);
  const sqs_stats longer = evaluate("late", 100, 260);  // rows that never were there are not lost
  EXPECT_EQ(longer.rows_evaluated, 60U + 62);
  EXPECT_EQ(longer.rows_cache_lost, 0U);
  evaluate("late", 2000, 19'000);  // more than it holds
  // All 160 rows and the two before them that 'near' makes are made again.
  const sqs_stats lost = evaluate("late", 100, 260);
  EXPECT_EQ(lost.rows_evaluated, 160U + 162);
  EXPECT_EQ(lost.rows_cache_lost, 160U + 162);
  EXPECT_EQ(lost.rows_access, 0U);
  EXPECT_TRUE(told("322 that the cache has lost")) << report_;
  EXPECT_NE(json_.find("\"cache_loss\":322"), std::string::npos) << json_;
  evaluate("late", 2000, 19'000);
  // Rows from 260 on are new; of 'near' these take 258 and 259 as well.
  const sqs_stats part = evaluate("late", 200, 300);
  EXPECT_EQ(part.rows_evaluated, 100U + 102);
  EXPECT_EQ(part.rows_cache_lost, 100U + 102 - (40 + 42));
}

TEST_F(Causes, NewFramesForgetWhatTheCacheHad) {
  add_map("near", "frames");
  configure(16 * 1024);
  evaluate("near", 100, 200);
  sqs_pipeline_set_memory(p_.get(), frames_.data(), frames_.size(), nullptr, nullptr, nullptr);
  const sqs_stats s = evaluate("near", 100, 200);
  EXPECT_EQ(s.rows_evaluated, 100U);
  EXPECT_EQ(s.rows_cache_lost, 0U);
}

TEST_F(Causes, LaterSweepsMakeRowsAgain) {
  add_map("near", "frames");
  sqs_stage reduce = api::stage(SQS_REDUCE, SQS_F64, {}, total);
  reduce.state_bytes = sizeof(double);
  reduce.finish = give_total;
  ASSERT_TRUE(api::add(p_.get(), "total", reduce, {api::access("near", SQS_CLAMP, 0, 0)}).ok());
  const sqs_stage map = api::stage(SQS_MAP, SQS_F64, {}, first_of_context);
  ASSERT_TRUE(api::add(p_.get(), "level", map, {api::access("near", SQS_CLAMP, 0, 0), api::access("total", SQS_CLAMP, 0, 0)}).ok());
  configure(SQS_NONE);
  const sqs_stats part = evaluate("level", 100, 110);
  EXPECT_EQ(part.rows_evaluated, kFrames + kFrames + 10 + 10);  // a reduce counts the rows it takes
  EXPECT_EQ(part.rows_swept_again, 10U);
  EXPECT_EQ(part.rows_access, 0U);
  EXPECT_TRUE(told("10 in later sweeps")) << report_;
  sqs_pipeline_trim(p_.get(), nullptr);
  EXPECT_EQ(evaluate("level", 0, SQS_END).rows_swept_again, kFrames);
}

TEST_F(Causes, LookingBackGoesFromEndToEnd) {
  add_scan("forth", "frames");
  add_scan("back", "forth", true);
  configure(SQS_NONE);
  sqs_settings settings = api::settings(SQS_SQRT);
  settings.lru_bytes = SQS_NONE;
  settings.tile_frames = 16;
  settings.memory_budget = 64 * 1024;
  ASSERT_TRUE(api::configure(p_.get(), settings).ok());
  // The ten rows are made of ten of 'forth'; 'back' works from the end to them, 'forth' from the start to the end.
  const sqs_stats s = evaluate("back", 100, 110);
  EXPECT_EQ(s.rows_access, (kFrames - 100 - 10) + (kFrames - 10));
  EXPECT_GT(s.rows_replayed, 0U);
  EXPECT_EQ(s.rows_evaluated, (kFrames - 100) + kFrames + s.rows_replayed);
  EXPECT_EQ(s.rows_swept_again + s.rows_cache_lost, 0U);
  EXPECT_TRUE(told(" by replays (")) << report_;
  EXPECT_TRUE(told("would spare")) << report_;
}

}  // namespace
