// The row cache has rows of stages that are dear to evaluate as well as those that were delivered: for overlapping requests, and
// for readers at different times. What is expected here is counted by hand.
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <tuple>
#include <vector>

#include "c_api.hpp"

namespace {

// Each value of a row is the sum of what the row reads, plus the user's number.
int64_t sums(void* user, sqs_call* call) {
  for (int64_t row = 0; row < static_cast<int64_t>(call->rows); ++row) {
    const sqs_view& in = call->inputs[0];
    double sum = *static_cast<double*>(user);
    for (int64_t i = 0; i < in.shape[1]; ++i) {
      double value = 0;
      std::memcpy(&value, static_cast<const char*>(in.data) + row * in.strides[0] + i * in.strides[1], sizeof value);
      sum += value;
    }
    auto* out = static_cast<char*>(call->output.data) + row * call->output.strides[0];
    for (int64_t i = 0; i < 4; ++i) std::memcpy(out + i * static_cast<int64_t>(sizeof sum), &sum, sizeof sum);
  }
  return static_cast<int64_t>(call->rows);
}

class StageCache : public ::testing::Test {
 protected:
  static constexpr uint64_t kFrames = 4000;
  static constexpr double kDear = 1e5;

  StageCache() : p_(api::pipeline(api::format(SQS_F64, 1, 8, 4))) {
    for (uint64_t i = 0; i < kFrames; ++i) frames_.push_back(static_cast<double>(i * i % 97));
    sqs_pipeline_set_memory(p_.get(), frames_.data(), kFrames, nullptr, nullptr, nullptr);
  }

  void add(const char* name, const char* of, double* number, double cost_ns, int32_t purity = SQS_PURE) {
    sqs_stage stage = api::stage(SQS_MAP, SQS_F64, {4}, sums);
    stage.cost_ns_per_row = cost_ns;
    stage.purity = purity;
    const api::Answer a = api::answer([&](sqs_error** e) {
      const sqs_access access = api::access(of, SQS_CLAMP, 0, 0);
      return sqs_pipeline_add_stage(p_.get(), name, &stage, &access, 1, number, nullptr, e);
    });
    ASSERT_TRUE(a.ok()) << a.message;
  }
  // Two readers of one stage.
  void add_readers_of_a_stage_that_costs(double cost_ns, int32_t purity = SQS_PURE) {
    add("spectrum", "input", &one_, cost_ns, purity);
    add("left", "spectrum", &one_, 0);
    add("right", "spectrum", &two_, 0);
  }

  void configure(uint64_t lru_bytes, int32_t mode = SQS_SQRT) {
    sqs_settings settings = api::settings(mode);
    settings.lru_bytes = lru_bytes;
    settings.tile_frames = 64;
    ASSERT_TRUE(api::configure(p_.get(), settings).ok());
  }

  struct Answered {
    sqs_stats stats;
    std::vector<double> values;
  };
  Answered evaluate(const char* target, uint64_t t0, uint64_t t1) {
    api::ResultHandle result;
    const api::Answer a = api::evaluate(p_.get(), target, result, t0, t1);
    EXPECT_TRUE(a.ok()) << a.message;
    sqs_view view{};
    view.struct_size = sizeof view;
    EXPECT_EQ(sqs_result_view(result.get(), &view, nullptr), SQS_OK);
    Answered answered{api::stats(result.get()), std::vector<double>(static_cast<size_t>(view.shape[0]) * 4)};
    std::memcpy(answered.values.data(), view.data, answered.values.size() * sizeof(double));
    return answered;
  }
  std::vector<double> by_classic(const char* target, uint64_t t0, uint64_t t1) {
    configure(SQS_NONE, SQS_CLASSIC);
    return evaluate(target, t0, t1).values;
  }

  double one_ = 1, two_ = 2;
  std::vector<double> frames_;
  api::Pipeline p_;
};

TEST_F(StageCache, AReaderTakesWhatAnotherHadEvaluated) {
  add_readers_of_a_stage_that_costs(kDear);
  const std::vector<double> left = by_classic("left", 100, 200), right = by_classic("right", 100, 200);
  configure(0);
  const Answered first = evaluate("left", 100, 200);
  EXPECT_EQ(first.stats.rows_evaluated, 200U);
  EXPECT_EQ(first.stats.rows_from_cache, 0U);
  EXPECT_EQ(first.values, left);
  const Answered second = evaluate("right", 100, 200);
  EXPECT_EQ(second.stats.rows_evaluated, 100U);
  EXPECT_EQ(second.stats.rows_from_cache, 100U);
  EXPECT_GT(second.stats.cache_hits, 0U);
  EXPECT_EQ(second.stats.rows_predicted, 200U);
  EXPECT_EQ(second.values, right);
}

TEST_F(StageCache, AnOverlappingRequestEvaluatesTheRest) {
  add_readers_of_a_stage_that_costs(kDear);
  const std::vector<double> right = by_classic("right", 150, 250);
  configure(0);
  evaluate("left", 100, 200);
  const Answered overlapping = evaluate("right", 150, 250);
  EXPECT_EQ(overlapping.stats.rows_from_cache, 50U);
  EXPECT_EQ(overlapping.stats.rows_evaluated, 150U);
  EXPECT_EQ(overlapping.values, right);
  const Answered own = evaluate("left", 150, 250);  // 50 rows delivered before, which need no spectrum; that of the others is there
  EXPECT_EQ(own.stats.rows_evaluated, 50U);
  EXPECT_EQ(own.stats.rows_from_cache, 50U + 50 + 50);
}

TEST_F(StageCache, ARunOfSeveralTargetsTakesAndLeavesThem) {
  add_readers_of_a_stage_that_costs(kDear);
  const std::vector<double> right = by_classic("right", 50, 90);
  configure(0);
  for (const uint64_t from_cache : {0U, 40U}) {
    sqs_run* made = nullptr;
    ASSERT_EQ(sqs_run_create(p_.get(), &made, nullptr), SQS_OK);
    const api::Run run(made);
    std::vector<double> rows(2 * 40 * 4);
    ASSERT_EQ(sqs_run_add_buffer(made, "left", rows.data(), 40 * 32, nullptr, nullptr), SQS_OK);
    ASSERT_EQ(sqs_run_add_buffer(made, "right", rows.data() + 160, 40 * 32, nullptr, nullptr), SQS_OK);
    ASSERT_EQ(sqs_run_set_range(made, 50, 90, nullptr), SQS_OK);
    const api::Answer done = api::answer([&](sqs_error** e) { return sqs_run_execute(made, e); });
    ASSERT_TRUE(done.ok()) << done.message;
    sqs_stats stats{};
    stats.struct_size = sizeof stats;
    ASSERT_EQ(sqs_run_stats(made, &stats, nullptr), SQS_OK);
    EXPECT_EQ(stats.rows_from_cache, from_cache);
    EXPECT_EQ(stats.rows_evaluated, 120U - from_cache);
    EXPECT_EQ(std::vector<double>(rows.begin() + 160, rows.end()), right);
  }
}

TEST_F(StageCache, ThePlanNamesTheStages) {
  add_readers_of_a_stage_that_costs(kDear);
  configure(0);
  sqs_plan* made = nullptr;
  const char* target = "left";
  ASSERT_EQ(sqs_pipeline_plan(p_.get(), &target, 1, 100, 200, 0, &made, nullptr), SQS_OK);
  const std::string text = sqs_plan_text(made);
  sqs_plan_destroy(made);
  EXPECT_NE(text.find("for rows of 'left', 'spectrum'\n"), std::string::npos) << text;
}

// Neither what is cheap, nor what must run once, nor anything if there is no cache.
TEST_F(StageCache, NothingElseIsTaken) {
  for (const auto& [cost, purity, lru] : {std::tuple{0.0, SQS_PURE, uint64_t{0}}, std::tuple{100.0, SQS_PURE, uint64_t{0}},
                                          std::tuple{kDear, SQS_PURE, SQS_NONE}}) {
    p_ = api::pipeline(api::format(SQS_F64, 1, 8, 4));
    sqs_pipeline_set_memory(p_.get(), frames_.data(), kFrames, nullptr, nullptr, nullptr);
    add_readers_of_a_stage_that_costs(cost, purity);
    configure(lru);
    evaluate("left", 100, 200);
    EXPECT_EQ(evaluate("right", 100, 200).stats.rows_from_cache, 0U) << cost;
  }
}

// Delivered rows go before those of other stages where there is room for little.
TEST_F(StageCache, DeliveredRowsGoBefore) {
  add_readers_of_a_stage_that_costs(kDear);
  configure(40'000);
  evaluate("left", 0, 900);
  const Answered again = evaluate("left", 0, 900);
  EXPECT_GT(again.stats.rows_from_cache, 300U);
  EXPECT_EQ(again.values, by_classic("left", 0, 900));
}

}  // namespace
