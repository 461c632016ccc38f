// Replays of a stage that is not pure: found where its state next meets one that was saved, named with stage and the rows between
// the two states, and the pipeline works again. Nothing is said of pure stages, whatever part of their state they save. So it is
// with states on disk, and with a second thread that replays, in a chain as well.
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "c_api.hpp"
#include "temporary_directory.hpp"

namespace errors_test {
namespace {

constexpr uint64_t kFrames = 400;
constexpr uint64_t kTile = 10;
constexpr uint64_t kSpacing = 20;  // of checkpoints

struct SumState {
  int64_t sum;
  int64_t calls;  // no row depends on it
};

// A running sum in either direction, and how it breaks its contract.
struct Sum {
  bool backward = false;
  std::optional<uint64_t> fault_row;  // evaluated again, this row adds one more
  bool sums_calls = false;            // every call adds the number of calls so far
  bool counts_calls = false;          // the state has the number of calls, which the sum has nothing to do with
  int64_t calls = 0;
  std::vector<uint32_t> seen = std::vector<uint32_t>(kFrames, 0);

  void reset() {
    fault_row.reset();
    sums_calls = counts_calls = false;
    calls = 0;
    seen.assign(kFrames, 0);
  }
};

int64_t add_up(void* user, sqs_call* call) {
  Sum& sum = *static_cast<Sum*>(user);
  SumState state;
  std::memcpy(&state, call->state, sizeof state);
  ++sum.calls;
  if (sum.sums_calls) state.sum += sum.calls;
  if (sum.counts_calls) state.calls = sum.calls;
  const auto rows = static_cast<int64_t>(call->rows);
  for (int64_t i = 0; i < rows; ++i) {
    const int64_t r = sum.backward ? rows - 1 - i : i;
    const uint64_t t = call->first_row + static_cast<uint64_t>(r);
    int64_t x = 0;
    std::memcpy(&x, static_cast<const uint8_t*>(call->inputs[0].data) + r * call->inputs[0].strides[0], sizeof x);
    state.sum += x + (++sum.seen[t] > 1 && sum.fault_row == t ? 1 : 0);
    std::memcpy(static_cast<uint8_t*>(call->output.data) + r * call->output.strides[0], &state.sum, sizeof state.sum);
  }
  std::memcpy(call->state, &state, sizeof state);
  return rows;
}

int32_t save_sum(void*, const void* state, void* bytes, uint64_t, uint64_t* used) {
  std::memcpy(bytes, state, sizeof(int64_t));
  *used = sizeof(int64_t);
  return 1;
}

int32_t restore_sum(void*, void* state, const void* bytes, uint64_t used) {
  std::memcpy(state, bytes, used);
  return 1;
}

int32_t take_rows(void* user, const sqs_view* rows, char*) {
  auto& values = *static_cast<std::vector<int64_t>*>(user);
  const auto* data = static_cast<const uint8_t*>(rows->data);
  for (int64_t r = 0; r < rows->shape[0]; ++r)
    std::memcpy(&values[static_cast<uint64_t>(rows->first_row + r)], data + r * rows->strides[0], sizeof(int64_t));
  return 1;
}

struct Case {
  int32_t order = SQS_ANY_ORDER;
  bool on_disk = false;        // where states are
  bool second_thread = false;  // which replays

  // What a plan says of it.
  const char* words() const { return on_disk ? " on disk (" : second_thread ? "replayed by a second thread" : ""; }
};

// frames 1, 2, ... -> "forth" -> "back".
class ReplayErrors : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override { build(false); }

  void build(bool saves, int32_t purity = SQS_PURE) {
    std::iota(frames_.begin(), frames_.end(), 1);
    replays_ = purity == SQS_PURE;
    pipeline_ = api::pipeline(api::format(SQS_I64, 1, 1, 1));
    add("forth", forth_, "frames", saves, purity);
    add("back", back_, "forth", saves, SQS_PURE);
    ASSERT_EQ(sqs_pipeline_set_memory(p(), frames_.data(), kFrames, nullptr, nullptr, nullptr), SQS_OK);
    configure(kSpacing);
  }

  void add(const char* name, Sum& sum, const char* input, bool saves, int32_t purity) {
    sum.backward = name == std::string("back");
    sqs_stage stage = api::stage(SQS_SCAN, SQS_I64, {}, add_up);
    stage.direction = sum.backward ? SQS_BACKWARD : SQS_FORWARD;
    stage.state_bytes = sizeof(SumState);
    stage.purity = purity;
    stage.cost_ns_per_row = 1e-3;  // so cheap that no rows go to disk
    if (GetParam().second_thread) stage.threading = SQS_ANY_THREAD;
    if (saves) {
      stage.saved_bytes = sizeof(int64_t);
      stage.save = save_sum;
      stage.restore = restore_sum;
    }
    const api::Answer added = api::add(p(), name, stage, {api::access(input, SQS_VALID, 0, 0)}, &sum);
    ASSERT_TRUE(added.ok()) << added.message;
  }

  // The least budget in which there are replays from checkpoints so many frames apart; 0: as the schedule has it. A second thread
  // needs more, for a second tape.
  void configure(uint64_t checkpoint_every, int32_t mode = SQS_SQRT) {
    const std::string spill_dir = directory_.path();
    sqs_settings settings = api::settings(mode);
    if (GetParam().on_disk) settings.spill_dir = spill_dir.c_str();
    if (GetParam().on_disk) settings.max_ratio = 2;
    if (GetParam().second_thread) settings.threads = 2;
    settings.tile_frames = kTile;
    settings.lru_bytes = SQS_NONE;
    settings.checkpoint_every = checkpoint_every;
    ASSERT_TRUE(api::configure(p(), settings).ok());
    if (mode != SQS_SQRT) return;
    const uint64_t least = plan();
    const uint64_t most = GetParam().second_thread ? least + 8 * kFrames : least;
    for (settings.memory_budget = least; settings.memory_budget <= most; settings.memory_budget += 80) {
      ASSERT_TRUE(api::configure(p(), settings).ok());
      plan();
      if (!replays_ || as_asked()) return;
    }
    ADD_FAILURE() << "no '" << GetParam().words() << "' with checkpoint_every " << checkpoint_every << ": " << plan_text_;
  }

  // The least budget; the plan's text is kept.
  uint64_t plan() {
    sqs_plan* made = nullptr;
    const char* target = "back";
    EXPECT_EQ(sqs_pipeline_plan(p(), &target, 1, 0, SQS_END, order() == SQS_ANY_ORDER ? 2 : 1, &made, nullptr), SQS_OK);
    const api::Plan plan(made);
    auto info = api::sized<sqs_plan_info>();
    EXPECT_EQ(sqs_plan_info_get(made, &info, nullptr), SQS_OK);
    plan_text_ = sqs_plan_text(made);
    return info.least_budget_bytes;
  }

  bool as_asked() const { return plan_text_.find(GetParam().words()) != std::string::npos; }

  api::Answer run() {
    values_.assign(kFrames, 0);
    sqs_run* made = nullptr;
    EXPECT_EQ(sqs_run_create(p(), &made, nullptr), SQS_OK);
    const api::Run run(made);
    EXPECT_EQ(sqs_run_add_callback_in(made, "back", order(), take_rows, &values_, nullptr, nullptr, nullptr), SQS_OK);
    return api::answer([&](sqs_error** e) { return sqs_run_execute(made, e); });
  }

  void expect_right() {
    const api::Answer done = run();
    ASSERT_TRUE(done.ok()) << done.message;
    std::vector<int64_t> wanted(kFrames);
    int64_t sum = 0;
    for (uint64_t t = 0; t < kFrames; ++t) wanted[t] = sum += frames_[t];
    sum = 0;
    for (uint64_t t = kFrames; t-- > 0;) wanted[t] = sum += wanted[t];
    EXPECT_EQ(values_, wanted);
  }

  void expect_replayed(const Sum& sum) { EXPECT_GT(std::accumulate(sum.seen.begin(), sum.seen.end(), uint64_t{0}), kFrames); }

  // The rows [first, last) that an answer says were evaluated again.
  static std::pair<uint64_t, uint64_t> rows_named(const api::Answer& failed) {
    uint64_t first = SQS_NONE;
    uint64_t last = 0;
    const size_t at = failed.message.find("rows [");
    if (at != std::string::npos) std::sscanf(failed.message.c_str() + at, "rows [%" SCNu64 ", %" SCNu64 ")", &first, &last);
    return {first, last};
  }

  void expect_named(const api::Answer& failed, const std::string& stage, std::optional<std::pair<uint64_t, uint64_t>> rows) {
    EXPECT_EQ(failed.code, SQS_E_CONTRACT) << failed.message;
    EXPECT_EQ(failed.stage, stage) << failed.message;
    const auto named = rows_named(failed);
    EXPECT_EQ(named, rows.value_or(named)) << failed.message;
    EXPECT_EQ(failed.row, named.first) << failed.message;
    EXPECT_LT(named.first, named.second) << failed.message;
    EXPECT_LE(named.second, kFrames) << failed.message;
    for (const std::string& words : {"'" + stage + "'", std::string("SQS_ONCE")})
      EXPECT_NE(failed.message.find(words), std::string::npos) << "no '" << words << "' in: " << failed.message;
    forth_.reset();
    back_.reset();
    expect_right();
  }

  static std::pair<uint64_t, uint64_t> segment_of(uint64_t row) {
    return {row / kSpacing * kSpacing, (row / kSpacing + 1) * kSpacing};
  }

  int32_t order() const { return GetParam().order; }
  sqs_pipeline* p() const { return pipeline_.get(); }

  Sum forth_;
  Sum back_;
  std::vector<int64_t> frames_ = std::vector<int64_t>(kFrames);
  std::vector<int64_t> values_;

 private:
  std::string plan_text_;
  bool replays_ = true;  // some plan does, for all that stages declare
  const sqs::test::TemporaryDirectory directory_;
  api::Pipeline pipeline_;
};

TEST_P(ReplayErrors, AFaultInAReplayIsNamedByTheRowsUpToTheNextCheckpoint) {
  for (const uint64_t fault : {0U, 19U, 20U, 57U, 79U, 130U, 255U}) {
    forth_.reset();
    back_.reset();
    forth_.fault_row = fault;
    expect_named(run(), "forth", segment_of(fault));
  }
}

// Also between the last checkpoint and the rows that are kept from the first sweep.
TEST_P(ReplayErrors, AFaultInAnyReplayIsFound) {
  for (const uint64_t every : {uint64_t{0}, kSpacing, uint64_t{70}}) {
    configure(every);
    uint64_t found = 0;
    for (uint64_t fault = 5; fault < kFrames; fault += kTile) {
      forth_.reset();
      back_.reset();
      forth_.fault_row = fault;
      const api::Answer done = run();
      EXPECT_EQ(done.ok(), forth_.seen[fault] == 1) << "row " << fault << ", checkpoint_every " << every << ": " << done.message;
      if (done.code != SQS_E_CONTRACT) continue;
      ++found;
      const auto [first, last] = rows_named(done);
      EXPECT_TRUE(first <= fault && fault < last) << "row " << fault << ", checkpoint_every " << every << ": " << done.message;
    }
    EXPECT_GT(found, 20U);
  }
}

TEST_P(ReplayErrors, AFaultInAReplayThatRunsBackIsNamedByTheRowsDownToTheCheckpointBelow) {
  if (order() == SQS_ANY_ORDER) {  // the backward stage is evaluated once
    back_.fault_row = 57;
    expect_right();
    return;
  }
  for (const uint64_t fault : {20U, 39U, 57U, 130U, 255U}) {
    forth_.reset();
    back_.reset();
    back_.fault_row = fault;
    expect_named(run(), "back", segment_of(fault));
  }
}

TEST_P(ReplayErrors, AStateThatDependsOnTheNumberOfCallsIsFoundWhateverTheSchedule) {
  for (const uint64_t every : {uint64_t{0}, uint64_t{10}, kSpacing, uint64_t{70}}) {
    configure(every);
    forth_.reset();
    forth_.sums_calls = true;
    const api::Answer failed = run();
    EXPECT_EQ(failed.row % kTile, 0U);
    expect_named(failed, "forth", std::nullopt);
  }
}

TEST_P(ReplayErrors, EqualStatesMustBeEqualBytesUnlessTheStageSavesWhatMatters) {
  forth_.counts_calls = true;
  expect_named(run(), "forth", std::nullopt);
  for (const uint64_t every : {uint64_t{0}, uint64_t{10}, kSpacing, uint64_t{70}}) {
    forth_.reset();
    back_.reset();
    forth_.counts_calls = back_.counts_calls = true;
    build(true);
    configure(every);
    expect_right();
    expect_replayed(forth_);
  }
}

TEST_P(ReplayErrors, NothingIsSaidOfPureStages) {
  const uint64_t end = GetParam().on_disk || GetParam().second_thread ? 100 : 300;  // longer segments need neither
  for (const bool saves : {false, true}) {
    build(saves);
    for (uint64_t every = 0; every < end; every = every * 3 / 2 + 1) {
      configure(every);
      forth_.reset();
      back_.reset();
      expect_right();
      expect_replayed(forth_);
    }
  }
}

TEST_P(ReplayErrors, DeclaredOnceOrInClassicTheSameStageIsEvaluatedOnce) {
  forth_.sums_calls = true;
  configure(0, SQS_CLASSIC);
  EXPECT_TRUE(run().ok());
  EXPECT_EQ(forth_.seen, std::vector<uint32_t>(kFrames, 1));
  forth_.reset();
  forth_.sums_calls = true;
  build(false, SQS_ONCE);
  EXPECT_TRUE(run().ok());
  EXPECT_EQ(forth_.seen, std::vector<uint32_t>(kFrames, 1));
}

constexpr Case kCases[] = {{}, {SQS_ROW_ORDER}, {SQS_ANY_ORDER, true}, {SQS_ANY_ORDER, false, true}, {SQS_ROW_ORDER, false, true}};

INSTANTIATE_TEST_SUITE_P(Orders, ReplayErrors, ::testing::ValuesIn(kCases),
                         [](const ::testing::TestParamInfo<Case>& tested) {
                           const char* order = tested.param.order == SQS_ANY_ORDER ? "any_order" : "row_order";
                           return std::string(order) + (tested.param.on_disk         ? "_states_on_disk"
                                                        : tested.param.second_thread ? "_second_thread"
                                                                                     : "");
                         });

}  // namespace
}  // namespace errors_test
