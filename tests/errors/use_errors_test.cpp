// Right objects, wrong moment: re-entrant and overlapping calls, open runs, ranges, unended input, cancelling, budgets and
// files. Each with its code and its sentence, and with a pipeline that works afterwards.
#include <sys/stat.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>

#include "fixture.hpp"

namespace errors_test {
namespace {

class UseErrors : public Errors {
 protected:
  void SetUp() override {
    Errors::SetUp();
    set_memory();
  }
};

// ---- calls from inside callbacks

TEST_F(UseErrors, CallsFromInsideACallbackAreRefusedAndTheRunGoesOn) {
  set_tile(10);
  std::vector<int32_t> codes;
  hook_ = [&](sqs_call* call) -> std::optional<int64_t> {
    if (call->first_row != 20) return std::nullopt;
    sqs_result* result = nullptr;
    sqs_run* run = nullptr;
    const sqs_settings settings = api::settings(SQS_CLASSIC);
    const char* target = "sum";
    auto info = api::sized<sqs_stage_info>();
    codes = {sqs_pipeline_evaluate(p(), "sum", 0, SQS_END, &result, nullptr),
             sqs_pipeline_configure(p(), &settings, nullptr),
             sqs_pipeline_trim(p(), nullptr),
             sqs_run_create(p(), &run, nullptr),
             sqs_pipeline_probe(p(), &target, 1, nullptr),
             sqs_pipeline_verify(p(), "sum", 0, SQS_END, nullptr),
             sqs_pipeline_push_samples(p(), frames_.data(), 1, nullptr),
             sqs_pipeline_end_input(p(), nullptr),
             sqs_pipeline_describe(p(), "sum", &info, nullptr)};
    return std::nullopt;
  };
  const api::Answer done = evaluate("sum");
  ASSERT_TRUE(done.ok()) << done.message;
  EXPECT_EQ(api::values<int64_t>(result_.get()), wanted_sum());
  EXPECT_EQ(codes, std::vector<int32_t>(9, SQS_E_REENTRANT));
  expect_usable();
}

TEST_F(UseErrors, TheRunThatIsRunningIsNotRunFromInside) {
  set_tile(10);
  const api::Run run = open_run();
  ASSERT_EQ(sqs_run_add_array(run.get(), "sum", nullptr, nullptr), SQS_OK);
  std::vector<int32_t> codes;
  std::string sentence;
  hook_ = [&](sqs_call* call) -> std::optional<int64_t> {
    if (call->first_row != 20) return std::nullopt;
    const api::Answer inner = api::answer([&](sqs_error** e) { return sqs_run_execute(run.get(), e); });
    sentence = inner.message;
    codes = {inner.code, sqs_run_step(run.get(), 1000, nullptr), sqs_run_set_range(run.get(), 0, 1, nullptr)};
    return std::nullopt;
  };
  ASSERT_EQ(sqs_run_execute(run.get(), nullptr), SQS_OK);
  EXPECT_EQ(codes, std::vector<int32_t>(3, SQS_E_REENTRANT));
  EXPECT_NE(sentence.find("callback"), std::string::npos) << sentence;
}

// ---- calls from another thread

// Holds a callback open until it is told to go on.
class Gate {
 public:
  void wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    reached_ = true;
    changed_.notify_all();
    changed_.wait(lock, [&] { return open_; });
  }
  void wait_until_reached() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return reached_; });
  }
  void open() {
    const std::lock_guard<std::mutex> lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool reached_ = false;
  bool open_ = false;
};

TEST_F(UseErrors, ASecondThreadOnOnePipelineOrRunIsBusy) {
  set_tile(10);
  const api::Run run = open_run();
  ASSERT_EQ(sqs_run_add_array(run.get(), "sum", nullptr, nullptr), SQS_OK);
  Gate gate;
  hook_ = [&](sqs_call* call) -> std::optional<int64_t> {
    if (call->first_row == 30) gate.wait();
    return std::nullopt;
  };
  int32_t first = SQS_E_INTERNAL;
  std::thread driver([&] { first = sqs_run_execute(run.get(), nullptr); });
  gate.wait_until_reached();
  const api::Answer second = api::answer([&](sqs_error** e) { return sqs_run_execute(run.get(), e); });
  const int32_t stepped = sqs_run_step(run.get(), 1000, nullptr);
  gate.open();
  driver.join();
  expect_answer(second, SQS_E_BUSY, {"thread"});
  EXPECT_EQ(stepped, SQS_E_BUSY);
  EXPECT_EQ(first, SQS_OK) << "the first thread's run is not disturbed";
}

TEST_F(UseErrors, ASecondThreadThatEvaluatesIsBusy) {
  set_tile(10);
  Gate gate;
  hook_ = [&](sqs_call* call) -> std::optional<int64_t> {
    if (call->first_row == 30) gate.wait();
    return std::nullopt;
  };
  api::Answer first;
  std::thread driver([&] { first = evaluate("sum"); });
  gate.wait_until_reached();
  sqs_result* result = nullptr;
  const api::Answer second =
      api::answer([&](sqs_error** e) { return sqs_pipeline_evaluate(p(), "sum", 0, SQS_END, &result, e); });
  gate.open();
  driver.join();
  expect_answer(second, SQS_E_BUSY, {"thread"});
  EXPECT_EQ(result, nullptr);
  EXPECT_TRUE(first.ok()) << first.message;
  EXPECT_EQ(api::values<int64_t>(result_.get()), wanted_sum());
  expect_usable();
}

// ---- the wrong moment

TEST_F(UseErrors, AnOpenRunKeepsThePipeline) {
  api::Run run = open_run();
  const sqs_settings settings = api::settings(SQS_CLASSIC);
  expect_answer(api::configure(p(), settings), SQS_E_STATE, {"run"});
  expect_answer(try_add("late", twice_stage(), {plain("frames")}, &hook_), SQS_E_STATE, {"run"});
  expect_answer(evaluate("sum"), SQS_E_STATE, {"run"});
  ++sources_set_;
  EXPECT_EQ(sqs_pipeline_set_memory(p(), frames_.data(), 50, &source_destroys_, add_one, nullptr), SQS_E_STATE);
  sqs_run* second = nullptr;
  expect_answer(api::answer([&](sqs_error** e) { return sqs_run_create(p(), &second, e); }), SQS_E_STATE, {"run"});
  EXPECT_EQ(second, nullptr);
  run.reset();
  EXPECT_TRUE(api::configure(p(), settings).ok());
  expect_usable();
}

TEST_F(UseErrors, ARunIsSetUpThenRunOnceThenRead) {
  const api::Run run = open_run();
  expect_answer(api::answer([&](sqs_error** e) { return sqs_run_execute(run.get(), e); }), SQS_E_STATE, {"target"});
  uint32_t index = 99;
  ASSERT_EQ(sqs_run_add_array(run.get(), "sum", &index, nullptr), SQS_OK);
  EXPECT_EQ(index, 0U);
  uint8_t digest[16];
  sqs_result* result = nullptr;
  EXPECT_EQ(sqs_run_digest(run.get(), 0, digest, nullptr), SQS_E_STATE) << "before the end";
  EXPECT_EQ(sqs_run_take_result(run.get(), 0, &result, nullptr), SQS_E_STATE);
  EXPECT_STREQ(sqs_run_report_text(run.get()), "");
  ASSERT_EQ(sqs_run_execute(run.get(), nullptr), SQS_OK);
  EXPECT_EQ(sqs_run_execute(run.get(), nullptr), SQS_E_STATE) << "a run runs once";
  EXPECT_EQ(sqs_run_add_array(run.get(), "rest", nullptr, nullptr), SQS_E_STATE) << "after the start";
  EXPECT_EQ(sqs_run_set_range(run.get(), 0, 5, nullptr), SQS_E_STATE);
  EXPECT_EQ(sqs_run_digest(run.get(), 1, digest, nullptr), SQS_E_RANGE) << "there is one target";
  ASSERT_EQ(sqs_run_take_result(run.get(), 0, &result, nullptr), SQS_OK);
  const api::ResultHandle owner(result);
  EXPECT_EQ(sqs_run_take_result(run.get(), 0, &result, nullptr), SQS_E_STATE) << "a result is taken once";
}

TEST_F(UseErrors, ABufferThatIsTooSmall) {
  std::vector<int64_t> buffer(kFrames - 1, -7);
  {
    const api::Run run = open_run();
    ASSERT_EQ(sqs_run_add_buffer(run.get(), "sum", buffer.data(), buffer.size() * sizeof(int64_t), nullptr, nullptr), SQS_OK);
    expect_answer(api::answer([&](sqs_error** e) { return sqs_run_execute(run.get(), e); }), SQS_E_INVALID,
                  {"sum", std::to_string(buffer.size() * sizeof(int64_t)), std::to_string(kFrames * sizeof(int64_t))});
  }
  EXPECT_EQ(buffer, std::vector<int64_t>(kFrames - 1, -7)) << "nothing is written into it";
  expect_usable();
}

TEST(UseErrorsWithoutInput, EvaluateNeedsAnInput) {
  const api::Pipeline p = api::pipeline(api::format(SQS_I32, 1, 4, 2));
  api::ResultHandle result;
  const api::Answer refused = api::evaluate(p.get(), "input", result);
  EXPECT_EQ(refused.code, SQS_E_STATE);
  EXPECT_NE(refused.message.find("set memory"), std::string::npos) << "names a remedy: " << refused.message;
}

// ---- ranges and the end of the input

TEST_F(UseErrors, RangesThatAreTurnedRoundOrTooLong) {
  for (const int32_t mode : {SQS_CLASSIC, SQS_SQRT}) {
    set_tile(0, mode);
    expect_answer(evaluate("sum", 30, 20), SQS_E_RANGE, {"30", "20"});
    expect_answer(evaluate("sum", 0, kFrames + 1), SQS_E_RANGE, {"101", "100"});
    expect_answer(evaluate("sum", kFrames + 1, SQS_END), SQS_E_RANGE, {"101", "100"});
    const api::Answer empty = evaluate("sum", kFrames, SQS_END);
    EXPECT_TRUE(empty.ok()) << "an empty range at the end: " << empty.message;
    EXPECT_EQ(api::values<int64_t>(result_.get()).size(), 0U);
  }
  expect_usable();
}

TEST_F(UseErrors, TheEndIsNeededAndNotThere) {
  ASSERT_EQ(sqs_pipeline_push_samples(p(), frames_.data(), 60, nullptr), SQS_OK);
  for (const char* target : {"total", "rest"}) {
    const api::Answer early = evaluate(target);
    expect_answer(early, SQS_E_NOT_ENDED, {"total", "sqs_pipeline_end_input"});
    EXPECT_EQ(early.stage, "total") << "the stage that needs the end";
  }
  ASSERT_TRUE(evaluate("sum").ok());
  EXPECT_EQ(api::values<int64_t>(result_.get()).size(), 60U);
  EXPECT_EQ(evaluate("sum", 0, 61).code, SQS_E_RANGE);
  ASSERT_EQ(sqs_pipeline_push_samples(p(), frames_.data() + 60, 40, nullptr), SQS_OK);
  ASSERT_EQ(sqs_pipeline_end_input(p(), nullptr), SQS_OK);
  expect_answer(api::answer([&](sqs_error** e) { return sqs_pipeline_push_samples(p(), frames_.data(), 1, e); }), SQS_E_STATE,
                {"end"});
  expect_usable();
}

TEST_F(UseErrors, OnlyPushedInputIsEnded) {
  ASSERT_EQ(sqs_pipeline_set_memory(p(), frames_.data(), 60, nullptr, nullptr, nullptr), SQS_OK);
  sqs_input* made = nullptr;
  ASSERT_EQ(sqs_input_create(p(), &made, nullptr), SQS_OK);
  const api::Input input(made);
  expect_answer(api::answer([&](sqs_error** e) { return sqs_pipeline_end_input(p(), e); }), SQS_E_STATE, {"pushed"});
  expect_answer(api::answer([&](sqs_error** e) { return sqs_input_end(made, e); }), SQS_E_STATE, {"pushed"});
  ASSERT_TRUE(evaluate("sum").ok());
  EXPECT_EQ(api::values<int64_t>(result_.get()).size(), 60U);
}

// ---- cancelling

int64_t read_ones(void*, uint64_t, uint64_t frames, void* dst, char*) {
  for (uint64_t i = 0; i < frames; ++i) static_cast<int32_t*>(dst)[i] = 1;
  return static_cast<int64_t>(frames);
}
int32_t drop_rows(void*, const sqs_view*, char*) { return 1; }

// Counts down and then cancels; checks what it is told.
struct Patience {
  int calls_left = 3;
  double last_fraction = 0;
  bool sane = true;

  static int32_t progress(void* user, const sqs_progress* told) {
    Patience& patience = *static_cast<Patience*>(user);
    patience.sane = patience.sane && told->fraction >= patience.last_fraction && told->fraction <= 1 &&
                    told->rows_done <= told->rows_total && told->sweep < told->sweeps && told->seconds >= 0;
    patience.last_fraction = told->fraction;
    return --patience.calls_left > 0 ? 1 : 0;
  }
};

// The stream is so long that only the progress callback can end the run.
TEST_F(UseErrors, AProgressCallbackCancels) {
  auto reader = api::sized<sqs_reader>();
  reader.frame_count = uint64_t{1} << 40;
  reader.read = read_ones;
  ASSERT_EQ(sqs_pipeline_set_reader(p(), &reader, nullptr, nullptr, nullptr), SQS_OK);
  {
    const api::Run run = open_run();
    Patience patience;
    ASSERT_EQ(sqs_run_add_callback(run.get(), "sum", drop_rows, nullptr, nullptr, nullptr, nullptr), SQS_OK);
    ASSERT_EQ(sqs_run_set_progress(run.get(), Patience::progress, &patience, nullptr, nullptr), SQS_OK);
    const api::Answer done = api::answer([&](sqs_error** e) { return sqs_run_execute(run.get(), e); });
    expect_answer(done, SQS_E_CANCELLED, {"progress"});
    EXPECT_TRUE(patience.sane);
    EXPECT_EQ(patience.calls_left, 0) << "no call after the one that cancelled";
  }
  set_memory();
  expect_usable();
}

TEST_F(UseErrors, CancelFromInsideACallbackEndsTheRunWithinOne) {
  for (const int32_t mode : {SQS_CLASSIC, SQS_SQRT}) {
    set_tile(10, mode);
    uint64_t calls_after = 0;
    bool cancelled = false;
    hook_ = [&](sqs_call*) -> std::optional<int64_t> {
      if (cancelled) ++calls_after;
      EXPECT_EQ(sqs_pipeline_cancel(p()), SQS_OK);
      cancelled = true;
      return std::nullopt;
    };
    expect_answer(evaluate("sum"), SQS_E_CANCELLED, {"cancel"});
    EXPECT_EQ(calls_after, 0U);
    EXPECT_EQ(result_.get(), nullptr);
    expect_usable();
  }
}

TEST_F(UseErrors, CancelFromAnotherThread) {
  set_tile(10);
  Gate gate;
  hook_ = [&](sqs_call* call) -> std::optional<int64_t> {
    if (call->first_row == 40) gate.wait();
    EXPECT_LE(call->first_row, 40U);
    return std::nullopt;
  };
  api::Answer cancelled;
  std::thread driver([&] { cancelled = evaluate("sum"); });
  gate.wait_until_reached();
  EXPECT_EQ(sqs_pipeline_cancel(p()), SQS_OK);
  gate.open();
  driver.join();
  expect_answer(cancelled, SQS_E_CANCELLED, {"cancel"});
  expect_usable();
}

TEST_F(UseErrors, ACancelledRunStaysCancelledAndItsPipelineGoesOn) {
  set_tile(10);
  {
    const api::Run run = open_run();
    ASSERT_EQ(sqs_run_add_array(run.get(), "sum", nullptr, nullptr), SQS_OK);
    ASSERT_EQ(sqs_run_step(run.get(), 0, nullptr), SQS_PENDING);
    EXPECT_EQ(sqs_run_cancel(run.get()), SQS_OK);
    EXPECT_EQ(sqs_run_step(run.get(), 0, nullptr), SQS_E_CANCELLED);
    EXPECT_LT(sqs_run_step(run.get(), 0, nullptr), 0);
    sqs_result* result = nullptr;
    EXPECT_EQ(sqs_run_take_result(run.get(), 0, &result, nullptr), SQS_E_STATE);
  }
  EXPECT_EQ(sqs_pipeline_cancel(p()), SQS_OK) << "nothing to stop";
  expect_usable();
}

// ---- budget

TEST_F(UseErrors, ABudgetThatCannotWorkNamesTheLeastThatCan) {
  sqs_plan_info info;
  ASSERT_TRUE(api::configure(p(), api::settings(SQS_SQRT)).ok());
  ASSERT_TRUE(api::plan(p(), {"rest"}, false, info).ok());
  ASSERT_GT(info.least_budget_bytes, 0U);
  sqs_settings settings = api::settings(SQS_SQRT);
  for (const uint64_t budget : {uint64_t{1}, info.least_budget_bytes / 2, info.least_budget_bytes - 1}) {
    settings.memory_budget = budget;
    ASSERT_TRUE(api::configure(p(), settings).ok());
    expect_answer(evaluate("rest"), SQS_E_BUDGET, {std::to_string(budget), std::to_string(info.least_budget_bytes)});
  }
  settings.memory_budget = info.least_budget_bytes;
  ASSERT_TRUE(api::configure(p(), settings).ok());
  const api::Answer done = evaluate("rest");
  ASSERT_TRUE(done.ok()) << done.message;
  EXPECT_EQ(api::values<int64_t>(result_.get()), wanted_rest());
}

TEST_F(UseErrors, SettingsOutOfRange) {
  sqs_settings settings = api::settings(7);
  expect_answer(api::configure(p(), settings), SQS_E_INVALID, {"7"});
  settings = api::settings(SQS_SQRT);
  settings.flags = 1;
  EXPECT_EQ(api::configure(p(), settings).code, SQS_E_INVALID);
  settings = api::settings(SQS_SQRT);
  settings.threads = 1'000'000;
  EXPECT_EQ(api::configure(p(), settings).code, SQS_E_INVALID);
  expect_usable();
}

// ---- files

// A directory of its own that is removed with what is in it.
class Directory {
 public:
  Directory() {
    std::string pattern = ::testing::TempDir() + "sqs_errors_XXXXXX";
    path_ = mkdtemp(pattern.data());
  }
  ~Directory() {
    chmod(path_.c_str(), 0700);
    std::remove(file().c_str());
    rmdir(path_.c_str());
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  std::string file() const { return path_ + "/out.npy"; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string contents(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

TEST_F(UseErrors, AnOutputPathThatCantBeWritten) {
  const Directory directory;
  for (const std::string& path : {directory.path() + "/missing/out.npy", directory.path()}) {
    const api::Run run = open_run();
    api::Answer failed =
        api::answer([&](sqs_error** e) { return sqs_run_add_npy(run.get(), "sum", path.c_str(), nullptr, e); });
    if (failed.ok()) failed = api::answer([&](sqs_error** e) { return sqs_run_execute(run.get(), e); });
    EXPECT_TRUE(failed.code == SQS_E_SINK || failed.code == SQS_E_IO) << sqs_status_name(failed.code);
    EXPECT_NE(failed.message.find(path), std::string::npos) << failed.message;
  }
  expect_usable();
}

TEST_F(UseErrors, OutputPathsThatAreEmptyOrTaken) {
  const Directory directory;
  const std::string path = directory.file();
  const api::Run run = open_run();
  const auto add = [&](const std::string& to) {
    return api::answer([&](sqs_error** e) { return sqs_run_add_npy(run.get(), "sum", to.c_str(), nullptr, e); });
  };
  expect_answer(add(""), SQS_E_INVALID, {"sum", "empty"});
  ASSERT_TRUE(add(path).ok());
  expect_answer(add(directory.path() + "/./" + path.substr(path.rfind('/') + 1)), SQS_E_INVALID, {"sum", "file of its own"});
  EXPECT_EQ(sqs_run_execute(run.get(), nullptr), SQS_OK);
}

TEST_F(UseErrors, AnExistingFileIsReplacedOnlyWhenTheRunSucceeds) {
  const Directory directory;
  const std::string path = directory.file();
  std::ofstream(path) << "precious";
  set_tile(10);
  for (const bool fails : {true, false}) {
    hook_ = [=](sqs_call* call) -> std::optional<int64_t> {
      if (fails && call->first_row == 70) return 0;
      return std::nullopt;
    };
    const api::Run run = open_run();
    ASSERT_EQ(sqs_run_add_npy(run.get(), "sum", path.c_str(), nullptr, nullptr), SQS_OK);
    EXPECT_EQ(sqs_run_execute(run.get(), nullptr), fails ? SQS_E_STAGE : SQS_OK);
    if (fails) {
      EXPECT_EQ(contents(path), "precious");
    }
  }
  const std::string npy = contents(path);
  ASSERT_GE(npy.size(), 128 + kFrames * sizeof(int64_t));
  EXPECT_EQ(npy.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  EXPECT_NE(npy.find("'shape': (100,)"), std::string::npos) << npy.substr(0, 128);
  EXPECT_NE(npy.find("'<i8'"), std::string::npos);
  std::vector<int64_t> rows(kFrames);
  std::memcpy(rows.data(), npy.data() + npy.size() - kFrames * sizeof(int64_t), kFrames * sizeof(int64_t));
  EXPECT_EQ(rows, wanted_sum());
  std::remove(path.c_str());
  EXPECT_EQ(rmdir(directory.path().c_str()), 0) << "nothing is left beside it";
  mkdir(directory.path().c_str(), 0700);
  expect_usable();
}

TEST_F(UseErrors, NothingIsLeftOfAFileWhoseRunFailed) {
  const Directory directory;
  set_tile(10);
  hook_ = [](sqs_call* call) -> std::optional<int64_t> {
    if (call->first_row == 70) return 0;
    return std::nullopt;
  };
  {
    const api::Run run = open_run();
    ASSERT_EQ(sqs_run_add_npy(run.get(), "sum", directory.file().c_str(), nullptr, nullptr), SQS_OK);
    EXPECT_EQ(sqs_run_execute(run.get(), nullptr), SQS_E_STAGE);
  }
  EXPECT_EQ(rmdir(directory.path().c_str()), 0) << "the directory is empty";
  mkdir(directory.path().c_str(), 0700);
  expect_usable();
}

}  // namespace
}  // namespace errors_test
