// Pulling: rows wait in the run until they are asked for, each is lent once, and nothing else about the run is different.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "fixture.hpp"

namespace {

using namespace border;

constexpr uint64_t kFrames = 400;
constexpr uint64_t kRows = 199;  // windows of 4 frames, 2 apart

// What a pull returned.
struct Pull {
  int32_t status = SQS_OK;
  uint32_t whose = SQS_ANY_TARGET;
  uint64_t first = 0;
  std::vector<double> values = {};
  sqs_view view = {};
};

Pull pull(sqs_run* run, uint32_t index = SQS_ANY_TARGET) {
  Pull got;
  got.view.struct_size = sizeof got.view;
  HeldError error;
  got.status = sqs_run_pull(run, index, &got.view, &got.whose, error.out());
  EXPECT_EQ(error != nullptr, got.status < 0);
  got.first = static_cast<uint64_t>(got.view.first_row);
  EXPECT_EQ(got.view.shape[0] > 0, got.status == SQS_OK);
  for (int64_t t = 0; t < got.view.shape[0]; ++t)
    got.values.push_back(*reinterpret_cast<const double*>(static_cast<const char*>(got.view.data) + t * got.view.strides[0]));
  return got;
}

// The rows of one target, pulled to the end; by_row[t] is -1 if row t has not come.
struct Collected {
  std::vector<double> by_row = std::vector<double>(kRows, -1);
  std::vector<uint64_t> firsts = {};
  uint64_t rows = 0;

  void add(const Pull& got) {
    firsts.push_back(got.first);
    for (size_t i = 0; i < got.values.size(); ++i) {
      EXPECT_EQ(by_row.at(got.first + i), -1) << "row " << got.first + i << " twice";
      by_row.at(got.first + i) = got.values[i];
    }
    rows += got.values.size();
  }
};

// Sums of the windows so far, or of those from here on.
int64_t add_up(void* user, sqs_call* call) {
  const bool backward = user != nullptr;
  auto& sum = *static_cast<double*>(call->state);
  const auto rows = static_cast<int64_t>(call->rows);
  for (int64_t i = 0; i < rows; ++i) {
    const int64_t t = backward ? rows - 1 - i : i;
    sum += *reinterpret_cast<const double*>(static_cast<const char*>(call->inputs[0].data) + t * call->inputs[0].strides[0]);
    if (call->output.data == nullptr) continue;  // of a reduce
    std::memcpy(static_cast<char*>(call->output.data) + t * call->output.strides[0], &sum, sizeof sum);
  }
  return rows;
}

int32_t write_total(void*, sqs_call* call) {
  std::memcpy(call->output.data, call->state, sizeof(double));
  return 1;
}

class PullTest : public testing::Test {
 protected:
  // sum -> ahead, a forward scan -> back, a backward one; total: a reduce of sum.
  PullTest() {
    hook_.before = [] {};
    add_stage(pipeline_, "sum", hook_stage(), &hook_);
    add("ahead", "sum", SQS_SCAN, SQS_FORWARD);
    add("back", "ahead", SQS_SCAN, SQS_BACKWARD);
    add("total", "sum", SQS_REDUCE, SQS_FORWARD);
    EXPECT_TRUE(succeeds([&](auto e) {
      return sqs_pipeline_set_memory(pipeline_, frames_.data(), frames_.size(), nullptr, nullptr, e);
    }));
    configure(SQS_SQRT);
  }
  void add(const char* name, const char* input, int32_t kind, int32_t direction) {
    sqs_stage stage = sum_stage();
    stage.kind = kind;
    stage.direction = direction;
    stage.state_bytes = sizeof(double);
    stage.process = add_up;
    if (kind == SQS_REDUCE) stage.finish = write_total;
    static int backward;
    void* const user = direction == SQS_BACKWARD ? &backward : nullptr;
    EXPECT_TRUE(succeeds([&](auto e) {
      return sqs_pipeline_add_stage_on(pipeline_, name, &stage, &input, 1, user, nullptr, e);
    }));
  }
  void configure(int32_t mode, uint32_t threads = 1, uint64_t lru = SQS_NONE, uint64_t budget = 0) {
    sqs_settings settings;
    sqs_settings_init(&settings, sizeof settings);
    settings.mode = mode;
    settings.tile_frames = 16;
    settings.threads = threads;
    settings.lru_bytes = lru;
    settings.memory_budget = budget;
    EXPECT_TRUE(succeeds([&](auto e) { return sqs_pipeline_configure(pipeline_, &settings, e); }));
  }
  // A run with these targets pulled, numbered from 0.
  Held<sqs_run> open(const std::vector<const char*>& targets, int32_t order = SQS_ROW_ORDER) {
    Held<sqs_run> run = open_run(pipeline_);
    for (const char* target : targets)
      EXPECT_TRUE(succeeds([&](auto e) { return sqs_run_add_pull(run, target, order, nullptr, e); }));
    return run;
  }
  std::vector<double> wanted(const char* target) { return values_of(evaluate(pipeline_, target)); }
  void expect_usable() {
    hook_.before = [] {};
    std::vector<double> sums = wanted("sum");
    ASSERT_EQ(sums.size(), kRows);
    for (uint64_t t = 0; t < kRows; ++t) ASSERT_EQ(sums[t], ramp_sum(t));
  }

  std::vector<double> frames_ = ramp(kFrames);
  Hook hook_;
  Held<sqs_pipeline> pipeline_ = make_pipeline();
};

TEST_F(PullTest, LendsEveryRowOnceInOrderAndThenEnds) {
  for (const int32_t mode : {SQS_CLASSIC, SQS_SQRT})
    for (const uint32_t threads : {1U, 3U})
      for (const char* target : {"sum", "ahead", "back"}) {
        SCOPED_TRACE(std::string(target) + " mode " + std::to_string(mode) + " threads " + std::to_string(threads));
        configure(mode, threads);
        const Held<sqs_result> result = evaluate(pipeline_, target);
        const Held<sqs_run> run = open({target});
        Collected got;
        Pull last = pull(run, 0);
        for (; last.status == SQS_OK; last = pull(run, 0)) {
          EXPECT_EQ(last.whose, 0U);
          EXPECT_EQ(last.first, got.rows) << "in row order";
          EXPECT_LE(last.values.size(), 8U) << "no more than a tile";
          got.add(last);
        }
        EXPECT_EQ(last.status, SQS_END_OF_STREAM);
        EXPECT_EQ(got.by_row, values_of(result));
        EXPECT_EQ(pull(run, 0).status, SQS_END_OF_STREAM) << "from then on";
        EXPECT_EQ(pull(run).status, SQS_END_OF_STREAM);
        uint8_t digest[16];
        uint8_t other[16];
        ASSERT_TRUE(succeeds([&](auto e) { return sqs_run_digest(run, 0, digest, e); }));
        ASSERT_TRUE(succeeds([&](auto e) { return sqs_result_digest(result, other, e); }));
        EXPECT_EQ(std::memcmp(digest, other, sizeof digest), 0);
        sqs_stats stats = {};
        stats.struct_size = sizeof stats;
        ASSERT_TRUE(succeeds([&](auto e) { return sqs_run_stats(run, &stats, e); }));
        EXPECT_EQ(stats.rows_predicted, stats.rows_evaluated + stats.rows_from_cache + stats.rows_skipped);
        EXPECT_EQ(stats.sink_bytes, kRows * sizeof(double));
        EXPECT_LE(stats.measured_bytes, stats.predicted_bytes);
        EXPECT_STRNE(sqs_run_report_text(run), "");
      }
}

TEST_F(PullTest, InAnyOrderRowsThatAreLookedBackAtComeFromTheEndAndHaveNoDigest) {
  const std::vector<double> rows = wanted("back");
  const Held<sqs_run> run = open({"back"}, SQS_ANY_ORDER);
  Collected got;
  for (Pull piece = pull(run); piece.status == SQS_OK; piece = pull(run)) got.add(piece);
  EXPECT_EQ(got.by_row, rows);
  ASSERT_GT(got.firsts.size(), 2U);
  EXPECT_GT(got.firsts.front(), got.firsts.back());
  uint8_t digest[16];
  EXPECT_TRUE(fails(SQS_E_STATE, [&](auto e) { return sqs_run_digest(run, 0, digest, e); }));
}

TEST_F(PullTest, ATargetWhoseRowsWaitHasToBePulledFirst) {
  for (const uint32_t threads : {1U, 3U}) {
    configure(SQS_SQRT, threads);
    const std::vector<double> sums = wanted("sum");
    const std::vector<double> ahead = wanted("ahead");
    const Held<sqs_run> run = open({"sum", "ahead"});
    Collected got[2];
    uint64_t blocked = 0;
    for (uint32_t want = 0;;) {
      const Pull piece = pull(run, want);
      if (piece.status == SQS_END_OF_STREAM) break;
      if (piece.status == SQS_WOULD_BLOCK) {
        ++blocked;
        ASSERT_EQ(piece.whose, 1 - want);
        want = piece.whose;
        continue;
      }
      ASSERT_EQ(piece.status, SQS_OK);
      ASSERT_EQ(piece.whose, want);
      got[want].add(piece);
    }
    EXPECT_GT(blocked, 0U);
    EXPECT_EQ(got[0].by_row, sums);
    EXPECT_EQ(got[1].by_row, ahead);
  }
}

TEST_F(PullTest, AnyTargetNeverBlocks) {
  const std::vector<double> sums = wanted("sum");
  const std::vector<double> back = wanted("back");
  const Held<sqs_run> run = open({"sum", "back"});
  Collected got[2];
  Pull piece = pull(run);
  for (; piece.status == SQS_OK; piece = pull(run)) got[piece.whose].add(piece);
  EXPECT_EQ(piece.status, SQS_END_OF_STREAM);
  EXPECT_EQ(got[0].by_row, sums);
  EXPECT_EQ(got[1].by_row, back);
}

TEST_F(PullTest, OtherSinksGetTheirRowsMeanwhile) {
  const std::vector<double> back = wanted("back");
  const std::vector<double> sums = wanted("sum");
  const Held<sqs_run> run = open({"sum"});
  uint64_t called = 0;
  const sqs_rows_fn count = [](void* user, const sqs_view* rows, char*) {
    *static_cast<uint64_t*>(user) += static_cast<uint64_t>(rows->shape[0]);
    return 1;
  };
  uint32_t array = 0;
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_run_add_array(run, "back", &array, e); }));
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_run_add_callback(run, "ahead", count, &called, nullptr, nullptr, e); }));
  Collected got;
  for (Pull piece = pull(run, 0); piece.status == SQS_OK; piece = pull(run, 0)) got.add(piece);
  EXPECT_EQ(got.by_row, sums);
  EXPECT_EQ(called, kRows);
  Held<sqs_result> result;
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_run_take_result(run, array, result.out(), e); }));
  EXPECT_EQ(values_of(result), back);
}

TEST_F(PullTest, RowsAreLentWhereTheyLie) {
  configure(SQS_CLASSIC);
  const Held<sqs_run> run = open({"frames"});
  uint64_t frame = 0;
  for (Pull piece = pull(run); piece.status == SQS_OK; piece = pull(run)) {
    EXPECT_EQ(piece.view.data, frames_.data() + frame);
    frame += piece.values.size();
  }
  EXPECT_EQ(frame, kFrames);
}

TEST_F(PullTest, TakesNoMemory) {
  const char* const targets[] = {"sum", "back"};
  const Held<sqs_run> run = open({"sum", "back"});
  Held<sqs_plan> pulled;
  Held<sqs_plan> streamed;
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_run_plan(run, pulled.out(), e); }));
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_pipeline_plan(pipeline_, targets, 2, 0, SQS_END, 1, streamed.out(), e); }));
  sqs_plan_info a = {};
  sqs_plan_info b = {};
  a.struct_size = b.struct_size = sizeof a;
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_plan_info_get(pulled, &a, e); }));
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_plan_info_get(streamed, &b, e); }));
  EXPECT_EQ(a.predicted_bytes, b.predicted_bytes);
  EXPECT_EQ(a.least_budget_bytes, b.least_budget_bytes);
}

TEST_F(PullTest, ALentPieceStaysAsItIsWhileTheRunIsAskedAboutItself) {
  const Held<sqs_run> run = open({"ahead"});
  const Pull piece = pull(run);
  ASSERT_EQ(piece.status, SQS_OK);
  sqs_stats stats = {};
  stats.struct_size = sizeof stats;
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_run_stats(run, &stats, e); }));
  uint8_t digest[16];
  EXPECT_TRUE(fails(SQS_E_STATE, [&](auto e) { return sqs_run_digest(run, 0, digest, e); }));
  for (size_t i = 0; i < piece.values.size(); ++i) {
    const char* const at = static_cast<const char*>(piece.view.data) + static_cast<int64_t>(i) * piece.view.strides[0];
    EXPECT_EQ(*reinterpret_cast<const double*>(at), piece.values[i]);
  }
}

TEST_F(PullTest, AStepStopsWhereRowsWait) {
  const Held<sqs_run> run = open({"sum"});
  Collected got;
  int32_t status = SQS_OK;
  uint64_t stops = 0;
  for (bool over = false; !over;) {
    do status = sqs_run_step(run, UINT64_MAX, nullptr);
    while (status == SQS_PENDING);
    over = status == SQS_OK;
    if (over) break;
    ASSERT_EQ(status, SQS_WOULD_BLOCK);
    ASSERT_EQ(sqs_run_step(run, UINT64_MAX, nullptr), SQS_WOULD_BLOCK) << "they still wait";
    ++stops;
    const Pull piece = pull(run);
    ASSERT_EQ(piece.status, SQS_OK);
    got.add(piece);
  }
  EXPECT_GT(stops, 2U);
  EXPECT_EQ(got.rows, kRows);
  EXPECT_EQ(pull(run).status, SQS_END_OF_STREAM);
}

TEST_F(PullTest, ExecuteIsForRunsWithoutPulledTargets) {
  const Held<sqs_run> run = open({"sum"});
  EXPECT_TRUE(fails(SQS_E_STATE, [&](auto e) { return sqs_run_execute(run, e); }));
  EXPECT_EQ(pull(run).status, SQS_OK) << "nothing has been spoilt";
}

TEST_F(PullTest, RangesWholeStreamRowsAndNothingAtAll) {
  const double total = wanted("ahead").back();
  Held<sqs_run> run = open({"total"});
  const Pull piece = pull(run);
  EXPECT_EQ(piece.values, std::vector<double>{total});
  EXPECT_EQ(pull(run).status, SQS_END_OF_STREAM);
  run.reset();
  run = open({"ahead"});
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_run_set_range(run, 50, 77, e); }));
  Collected got;
  for (Pull part = pull(run); part.status == SQS_OK; part = pull(run)) got.add(part);
  EXPECT_EQ(got.rows, 27U);
  EXPECT_EQ(got.firsts.front(), 50U);
  run.reset();
  const std::vector<double> ahead = wanted("ahead");
  EXPECT_TRUE(std::equal(got.by_row.begin() + 50, got.by_row.begin() + 77, ahead.begin() + 50));
  run = open({"ahead"});
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_run_set_range(run, 50, 50, e); }));
  EXPECT_EQ(pull(run).status, SQS_END_OF_STREAM);
}

TEST_F(PullTest, RowsOfTheCacheArePulledLikeOthers) {
  configure(SQS_SQRT, 1, 1 << 20);
  ASSERT_TRUE(succeeds([&](auto e) {
    Held<sqs_result> some;
    return sqs_pipeline_evaluate(pipeline_, "ahead", 0, 60, some.out(), e);
  }));
  ASSERT_TRUE(succeeds([&](auto e) {
    Held<sqs_result> some;
    return sqs_pipeline_evaluate(pipeline_, "ahead", 120, kRows, some.out(), e);
  }));
  Held<sqs_run> run = open({"ahead"});
  Collected got;
  for (Pull piece = pull(run); piece.status == SQS_OK; piece = pull(run)) got.add(piece);
  sqs_stats stats = {};
  stats.struct_size = sizeof stats;
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_run_stats(run, &stats, e); }));
  EXPECT_GT(stats.rows_from_cache, 0U);
  EXPECT_EQ(stats.sink_bytes, kRows * sizeof(double));
  run.reset();
  configure(SQS_SQRT);
  EXPECT_EQ(got.by_row, wanted("ahead"));
}

TEST_F(PullTest, ACancelEndsItAtTheNextPull) {
  Held<sqs_run> run = open({"sum"});
  ASSERT_EQ(pull(run).status, SQS_OK);
  EXPECT_EQ(sqs_run_cancel(run), SQS_OK);
  EXPECT_EQ(pull(run).status, SQS_E_CANCELLED);
  EXPECT_EQ(pull(run).status, SQS_E_STATE) << "the run has failed";
  run.reset();
  expect_usable();
}

TEST_F(PullTest, ACancelEndsItAtTheNextStepThoughRowsWait) {
  Held<sqs_run> run = open({"sum"});
  ASSERT_EQ(sqs_run_step(run, UINT64_MAX, nullptr), SQS_WOULD_BLOCK);
  EXPECT_EQ(sqs_run_cancel(run), SQS_OK);
  EXPECT_EQ(sqs_run_step(run, 0, nullptr), SQS_E_CANCELLED);
  EXPECT_EQ(sqs_run_step(run, 0, nullptr), SQS_E_STATE) << "the run has failed";
  run.reset();
  expect_usable();
}

TEST_F(PullTest, AStageThatFailsEndsIt) {
  int left = 3;
  hook_.before = [&] {
    if (left-- == 0) throw std::runtime_error("enough");
  };
  Held<sqs_run> run = open({"sum"});
  Collected got;
  Pull piece = pull(run);
  for (; piece.status == SQS_OK; piece = pull(run)) got.add(piece);
  EXPECT_EQ(piece.status, SQS_E_STAGE);
  EXPECT_GT(got.rows, 0U);
  EXPECT_LT(got.rows, kRows);
  EXPECT_EQ(pull(run).status, SQS_E_STATE);
  run.reset();
  expect_usable();
}

TEST_F(PullTest, ItCanBeDroppedInTheMiddle) {
  for (const uint32_t threads : {1U, 3U}) {
    configure(SQS_SQRT, threads);
    for (const char* target : {"sum", "back"}) {
      const Held<sqs_run> run = open({target});
      ASSERT_EQ(pull(run).status, SQS_OK);
    }
    expect_usable();
  }
}

TEST_F(PullTest, ProgressIsToldAndMayCancel) {
  const Held<sqs_run> run = open({"sum"});
  const sqs_progress_fn stop = [](void*, const sqs_progress* progress) { return progress->rows_total == kRows ? 0 : 1; };
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_run_set_progress(run, stop, nullptr, nullptr, e); }));
  EXPECT_EQ(pull(run).status, SQS_E_CANCELLED);
}

TEST_F(PullTest, MisuseIsAnsweredByACodeAndSpoilsNothing) {
  const Held<sqs_run> run = open({"sum"});
  uint32_t array = 0;
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_run_add_array(run, "ahead", &array, e); }));
  sqs_view rows = {};
  const auto refused = [&](int32_t code, uint32_t index) {
    return fails(code, [&](auto e) { return sqs_run_pull(run, index, &rows, nullptr, e); });
  };
  EXPECT_TRUE(refused(SQS_E_ABI, 0)) << "no struct_size";
  rows.struct_size = sizeof rows;
  EXPECT_TRUE(refused(SQS_E_RANGE, 2));
  EXPECT_TRUE(refused(SQS_E_STATE, array));
  EXPECT_TRUE(fails(SQS_E_NULL, [&](auto e) { return sqs_run_pull(run, 0, nullptr, nullptr, e); }));
  EXPECT_TRUE(fails(SQS_E_NULL, [&](auto e) { return sqs_run_add_pull(run, nullptr, SQS_ROW_ORDER, nullptr, e); }));
  EXPECT_TRUE(fails(SQS_E_NAME, [&](auto e) { return sqs_run_add_pull(run, "nowhere", SQS_ROW_ORDER, nullptr, e); }));
  EXPECT_TRUE(fails(SQS_E_INVALID, [&](auto e) { return sqs_run_add_pull(run, "sum", 2, nullptr, e); }));
  ASSERT_EQ(sqs_run_pull(run, 0, &rows, nullptr, nullptr), SQS_OK);
  EXPECT_TRUE(fails(SQS_E_STATE, [&](auto e) { return sqs_run_add_pull(run, "sum", SQS_ROW_ORDER, nullptr, e); })) << "too late";
  EXPECT_TRUE(refused(SQS_E_RANGE, 2));
  EXPECT_EQ(pull(run, 0).status, SQS_OK) << "it goes on";
}

TEST_F(PullTest, ARunWithoutPulledTargetsHasNothingToPull) {
  const Held<sqs_run> run = open_run(pipeline_);
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_run_add_array(run, "sum", nullptr, e); }));
  EXPECT_EQ(pull(run).status, SQS_E_STATE);
  EXPECT_TRUE(succeeds([&](auto e) { return sqs_run_execute(run, e); }));
}

}  // namespace
