// Looking back through the C interface: plans with their frontier, callbacks in any order, states and rows on disk.
#include <algorithm>
#include <filesystem>
#include <numeric>

#include "temporary_directory.hpp"
#include "fixture.hpp"

namespace {

using namespace border;

constexpr uint64_t kFrames = 20'000;

double& number(const sqs_view& view, uint64_t row) {
  return *reinterpret_cast<double*>(static_cast<char*>(view.data) + static_cast<int64_t>(row) * view.strides[0]);
}

int64_t smooth(void*, sqs_call* call) {
  auto& state = *static_cast<double*>(call->state);
  for (uint64_t r = 0; r < call->rows; ++r)
    number(call->output, r) = state = 0.9 * state + number(call->inputs[0], r) * static_cast<double>(call->first_row + r);
  return static_cast<int64_t>(call->rows);
}

int64_t smooth_back(void*, sqs_call* call) {
  auto& state = *static_cast<double*>(call->state);
  for (uint64_t r = call->rows; r-- > 0;) number(call->output, r) = state = 0.8 * state + number(call->inputs[0], r);
  return static_cast<int64_t>(call->rows);
}

class LookBack : public testing::Test {
 protected:
  LookBack() : samples_(kFrames), pipeline_(make_pipeline()) {
    std::iota(samples_.begin(), samples_.end(), 1.0);
    sqs_stage stage;
    sqs_stage_init(&stage, sizeof stage);
    stage.kind = SQS_SCAN;
    stage.dtype = SQS_F64;
    stage.state_bytes = 512;
    stage.process = smooth;
    const char* input = "frames";
    EXPECT_TRUE(succeeds([&](sqs_error** e) { return sqs_pipeline_add_stage_on(pipeline_, "there", &stage, &input, 1, nullptr, nullptr, e); }));
    stage.process = smooth_back;
    stage.direction = SQS_BACKWARD;
    input = "there";
    EXPECT_TRUE(succeeds([&](sqs_error** e) { return sqs_pipeline_add_stage_on(pipeline_, "back", &stage, &input, 1, nullptr, nullptr, e); }));
    EXPECT_TRUE(succeeds([&](sqs_error** e) {
      return sqs_pipeline_set_memory(pipeline_, samples_.data(), kFrames, nullptr, nullptr, e);
    }));
  }

  void configure(uint64_t budget, const std::string& spill_dir = "", uint32_t max_ratio = 0) {
    sqs_settings settings;
    sqs_settings_init(&settings, sizeof settings);
    settings.mode = SQS_SQRT;
    settings.tile_frames = 50;
    settings.memory_budget = budget;
    settings.spill_dir = spill_dir.c_str();
    settings.max_ratio = max_ratio;
    ASSERT_TRUE(succeeds([&](sqs_error** e) { return sqs_pipeline_configure(pipeline_, &settings, e); }));
  }

  // Streamed in any order.
  sqs_plan_info plan(Held<sqs_plan>& plan) {
    const char* target = "back";
    EXPECT_TRUE(succeeds([&](sqs_error** e) { return sqs_pipeline_plan(pipeline_, &target, 1, 0, SQS_END, 2, plan.out(), e); }));
    sqs_plan_info info{};
    info.struct_size = sizeof info;
    EXPECT_EQ(sqs_plan_info_get(plan, &info, nullptr), SQS_OK);
    return info;
  }

  struct Rows {
    std::vector<double> values = std::vector<double>(kFrames, 0);
    std::vector<int64_t> firsts;
  };
  static int32_t take(void* user, const sqs_view* rows, char*) {
    auto& to = *static_cast<Rows*>(user);
    to.firsts.push_back(rows->first_row);
    for (int64_t r = 0; r < rows->shape[0]; ++r)
      to.values[static_cast<size_t>(rows->first_row + r)] = number(*rows, static_cast<uint64_t>(r));
    return 1;
  }
  Rows run(int32_t order, sqs_stats& stats) {
    Rows rows;
    const Held<sqs_run> run = open_run(pipeline_);
    EXPECT_TRUE(succeeds([&](sqs_error** e) { return sqs_run_add_callback_in(run, "back", order, take, &rows, nullptr, nullptr, e); }));
    EXPECT_TRUE(succeeds([&](sqs_error** e) { return sqs_run_execute(run, e); }));
    stats = {};
    stats.struct_size = sizeof stats;
    EXPECT_EQ(sqs_run_stats(run, &stats, nullptr), SQS_OK);
    uint8_t digest[16];
    const bool ascending = std::is_sorted(rows.firsts.begin(), rows.firsts.end());
    EXPECT_EQ(sqs_run_digest(run, 0, digest, nullptr), ascending ? SQS_OK : SQS_E_STATE);
    return rows;
  }

  std::vector<double> expected() const {
    std::vector<double> values = samples_;
    double state = 0;
    for (uint64_t t = 0; t < kFrames; ++t) values[t] = state = 0.9 * state + values[t] * static_cast<double>(t);
    state = 0;
    for (uint64_t t = kFrames; t-- > 0;) values[t] = state = 0.8 * state + values[t];
    return values;
  }

  std::vector<double> samples_;
  Held<sqs_pipeline> pipeline_;
};

TEST_F(LookBack, TheFrontierGoesFromTheLeastBudgetToNothingEvaluatedTwice) {
  configure(0);
  Held<sqs_plan> held;
  const sqs_plan_info info = plan(held);
  ASSERT_GE(info.frontier_count, 5u);
  EXPECT_EQ(info.schedule, SQS_STORE);
  EXPECT_EQ(info.turn_tiles, kFrames / 50);
  sqs_frontier_point former{};
  for (uint32_t i = 0; i < info.frontier_count; ++i) {
    sqs_frontier_point point{};
    point.struct_size = sizeof point;
    ASSERT_EQ(sqs_plan_frontier(held, i, &point, nullptr), SQS_OK);
    EXPECT_LE(point.predicted_bytes, point.budget_bytes);
    EXPECT_GE(point.ratio, 1.0);
    if (i > 0) {
      EXPECT_GT(point.budget_bytes, former.budget_bytes);
      EXPECT_LE(point.rows_predicted, former.rows_predicted);
    } else {
      EXPECT_EQ(point.budget_bytes, info.least_budget_bytes);
    }
    former = point;
  }
  EXPECT_EQ(former.schedule, SQS_STORE);
  EXPECT_EQ(former.ratio, 1.0);
  EXPECT_EQ(sqs_plan_frontier(held, info.frontier_count, &former, nullptr), SQS_E_RANGE);
  EXPECT_NE(std::string(sqs_plan_text(held)).find("frontier"), std::string::npos);
  EXPECT_NE(std::string(sqs_plan_lint(held, 0)).find("a checkpoint takes"), std::string::npos);
  EXPECT_STREQ(sqs_plan_lint(held, 1), "");
}

TEST_F(LookBack, EveryPointOfTheFrontierIsWhatARunThenCounts) {
  configure(0);
  Held<sqs_plan> held;
  const sqs_plan_info info = plan(held);
  for (uint32_t i = 0; i < info.frontier_count; i += 2) {
    sqs_frontier_point point{};
    point.struct_size = sizeof point;
    ASSERT_EQ(sqs_plan_frontier(held, i, &point, nullptr), SQS_OK);
    configure(point.budget_bytes);
    sqs_stats stats;
    EXPECT_EQ(run(SQS_ANY_ORDER, stats).values, expected());
    EXPECT_EQ(stats.rows_evaluated, point.rows_predicted);
    EXPECT_LE(stats.measured_bytes, point.predicted_bytes);
  }
}

TEST_F(LookBack, RowOrderTakesOneMoreSweepAndGivesTheSameRows) {
  configure(0);
  sqs_stats any;
  sqs_stats ordered;
  const Rows as_they_come = run(SQS_ANY_ORDER, any);
  const Rows in_order = run(SQS_ROW_ORDER, ordered);
  EXPECT_EQ(any.sweeps, 2u);
  EXPECT_EQ(ordered.sweeps, 3u);
  EXPECT_TRUE(std::is_sorted(in_order.firsts.begin(), in_order.firsts.end()));
  EXPECT_TRUE(std::is_sorted(as_they_come.firsts.rbegin(), as_they_come.firsts.rend()));
  EXPECT_EQ(as_they_come.values, expected());
  EXPECT_EQ(in_order.values, expected());
}

TEST_F(LookBack, StatesGoToDiskWhereMemoryWouldTakeAThirdEvaluation) {
  const sqs::test::TemporaryDirectory directory;
  configure(0);
  Held<sqs_plan> held;
  const uint64_t budget = plan(held).least_budget_bytes + 2048;
  sqs_stats in_memory;
  sqs_stats on_disk;
  configure(budget);
  EXPECT_EQ(run(SQS_ANY_ORDER, in_memory).values, expected());
  EXPECT_EQ(in_memory.disk_written_bytes, 0u);
  configure(budget, directory.path());
  Held<sqs_plan> spilling;
  const sqs_plan_info info = plan(spilling);
  EXPECT_EQ(info.schedule, SQS_SHRINK_DISK);
  EXPECT_GT(info.disk_bytes, 0u);
  EXPECT_EQ(run(SQS_ANY_ORDER, on_disk).values, expected());
  EXPECT_LT(on_disk.rows_evaluated, in_memory.rows_evaluated);
  EXPECT_GT(on_disk.disk_written_bytes, 0u);
  EXPECT_EQ(on_disk.disk_written_bytes, on_disk.disk_read_bytes);
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST_F(LookBack, RowsGoToDiskWhereNoneMayBeEvaluatedAgain) {
  const sqs::test::TemporaryDirectory directory;
  configure(0, directory.path(), 1);
  Held<sqs_plan> roomy;
  const uint64_t least = plan(roomy).least_budget_bytes;
  for (const uint64_t spare : {0, 3000, 50'000}) {
    configure(least + spare, directory.path(), 1);
    Held<sqs_plan> held;
    const sqs_plan_info info = plan(held);
    EXPECT_EQ(info.schedule, SQS_SPILL);
    EXPECT_EQ(info.rows_again, 0u);
    EXPECT_NE(std::string(sqs_plan_text(held)).find("go to disk"), std::string::npos) << sqs_plan_text(held);
    sqs_stats stats;
    EXPECT_EQ(run(SQS_ANY_ORDER, stats).values, expected());
    EXPECT_EQ(stats.rows_evaluated, 2 * kFrames);
    EXPECT_EQ(stats.checkpoints_saved, 0u);
    EXPECT_GT(stats.disk_written_bytes, 8 * (kFrames - (spare + 2000) / 8));
    EXPECT_LE(stats.disk_written_bytes, info.disk_bytes);
    EXPECT_EQ(stats.disk_written_bytes, stats.disk_read_bytes);
    EXPECT_LE(stats.measured_bytes, info.predicted_bytes);
    EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
    sqs_frontier_point last{};
    last.struct_size = sizeof last;
    ASSERT_EQ(sqs_plan_frontier(held, info.frontier_count - 1, &last, nullptr), SQS_OK);
    EXPECT_EQ(last.schedule, SQS_STORE);
    EXPECT_EQ(last.disk_bytes, 0u);
  }
}

TEST_F(LookBack, AProbePricesTheDirectoryItIsGivenAndNoOther) {
  const sqs::test::TemporaryDirectory directory;
  const sqs::test::TemporaryDirectory other;
  const auto text = [&] {
    Held<sqs_plan> held;
    plan(held);
    return std::string(sqs_plan_text(held));
  };
  const char* target = "back";
  for (const uint64_t budget : {uint64_t{0}, uint64_t{8} << 20}) {
    configure(budget, directory.path());
    EXPECT_NE(text().find("2.00 ns to write a byte and read it back (assumed"), std::string::npos) << text();
    ASSERT_TRUE(succeeds([&](sqs_error** e) { return sqs_pipeline_probe(pipeline_, &target, 1, e); }));
    EXPECT_NE(text().find("ns to write a byte and read it back (probed)"), std::string::npos) << text();
    EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
    configure(budget, other.path());
    EXPECT_NE(text().find("(assumed"), std::string::npos) << text();
  }
  configure(0, "/nowhere/at/all");
  ASSERT_TRUE(succeeds([&](sqs_error** e) { return sqs_pipeline_probe(pipeline_, &target, 1, e); }));
  EXPECT_NE(text().find("(assumed"), std::string::npos) << text();
}

// Where a probe's own run has no other way than to spill, it does.
TEST_F(LookBack, AProbeSpillsWhereARunWould) {
  const sqs::test::TemporaryDirectory directory;
  configure(0, directory.path(), 1);
  Held<sqs_plan> roomy;
  configure(plan(roomy).least_budget_bytes + 100, directory.path(), 1);
  const char* target = "back";
  ASSERT_TRUE(succeeds([&](sqs_error** e) { return sqs_pipeline_probe(pipeline_, &target, 1, e); }));
  sqs_stats stats;
  EXPECT_EQ(run(SQS_ANY_ORDER, stats).values, expected());
  EXPECT_GT(stats.disk_written_bytes, 0u);
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST_F(LookBack, ADirectoryThatIsNotThereIsDoneWithoutIfMemoryCanDo) {
  configure(0);
  Held<sqs_plan> held;
  const uint64_t budget = plan(held).least_budget_bytes + 2048;
  configure(budget, "/nowhere/at/all");
  sqs_stats stats;
  EXPECT_EQ(run(SQS_ANY_ORDER, stats).values, expected());
  EXPECT_EQ(stats.disk_written_bytes, 0u);
  // With two evaluations at most there is no plan without the disk: its error is told.
  configure(budget, "/nowhere/at/all", 2);
  Rows rows;
  const Held<sqs_run> run = open_run(pipeline_);
  ASSERT_TRUE(succeeds([&](sqs_error** e) { return sqs_run_add_callback_in(run, "back", SQS_ANY_ORDER, take, &rows, nullptr, nullptr, e); }));
  EXPECT_TRUE(fails(SQS_E_IO, [&](sqs_error** e) { return sqs_run_execute(run, e); }));
}

TEST_F(LookBack, NothingIsKnownBeforeTheEndOfTheInput) {
  const Held<sqs_pipeline>& p = pipeline_;
  ASSERT_TRUE(succeeds([&](sqs_error** e) { return sqs_pipeline_push_samples(p, samples_.data(), 100, e); }));
  sqs_result* result = nullptr;
  EXPECT_TRUE(fails(SQS_E_NOT_ENDED, [&](sqs_error** e) { return sqs_pipeline_evaluate(p, "back", 0, SQS_END, &result, e); }));
  EXPECT_TRUE(succeeds([&](sqs_error** e) { return sqs_pipeline_evaluate(p, "there", 0, 50, &result, e); }));
  sqs_result_destroy(result);
}

TEST_F(LookBack, RefusesWhatSettingsAndOrdersCantBe) {
  Rows rows;
  const Held<sqs_run> run = open_run(pipeline_);
  EXPECT_TRUE(fails(SQS_E_INVALID, [&](sqs_error** e) { return sqs_run_add_callback_in(run, "back", 2, take, &rows, nullptr, nullptr, e); }));
  const char* target = "back";
  sqs_plan* plan = nullptr;
  EXPECT_TRUE(fails(SQS_E_INVALID, [&](sqs_error** e) { return sqs_pipeline_plan(pipeline_, &target, 1, 0, SQS_END, 3, &plan, e); }));
}

TEST_F(LookBack, SettingsAreReadBackAsTheyWereGiven) {
  configure(123'456'789, "/tmp", 3);
  sqs_settings settings{};
  settings.struct_size = sizeof settings;
  ASSERT_EQ(sqs_pipeline_settings(pipeline_, &settings, nullptr), SQS_OK);
  EXPECT_STREQ(settings.spill_dir, "/tmp");
  EXPECT_EQ(settings.max_ratio, 3u);
  settings.max_ratio = 65;
  EXPECT_TRUE(fails(SQS_E_INVALID, [&](sqs_error** e) { return sqs_pipeline_configure(pipeline_, &settings, e); }));
}

}  // namespace
