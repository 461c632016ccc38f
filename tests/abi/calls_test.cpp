// Who may call what while another call is going on: BUSY for other threads, REENTRANT for callbacks, and what always works. One
// call is held inside a stage callback by latches, so that nothing depends on timing.
#include <gtest/gtest.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <optional>
#include <thread>

#include "fixture.hpp"
#include "handle_calls.hpp"

namespace {

using namespace border;

// A pipeline over the ramp with a stage "held" that runs `inside` in its first callback.
struct Scene {
  Hook hook;
  bool entered = false;
  Held<sqs_pipeline> pipeline = make_ready_pipeline();

  explicit Scene(std::function<void()> inside, Counted* counted = nullptr) {
    hook.before = [this, inside = std::move(inside)] {
      if (std::exchange(entered, true)) return;
      inside();
    };
    add_stage(pipeline, "held", hook_stage(), &hook);
    if (counted != nullptr) add_stage(pipeline, "counted", sum_stage(), counted, Counted::destroy);
  }
};

// What a call answers that must be refused: status with error object, cancel works, text is empty.
void expect_refused(const HandleCall& call, void* handle, int32_t code) {
  SCOPED_TRACE(call.name);
  if (call.answer == Answer::Nothing) return;  // destroy is another test
  if (call.answer == Answer::Text) {
    EXPECT_STREQ(call.text(handle), "");
    return;
  }
  Counted user;
  void* out = nullptr;
  const Outcome outcome = outcome_of([&](sqs_error** e) { return call.status(handle, &out, &user, e); });
  EXPECT_EQ(user.destroyed, call.has_destroy ? 1 : 0);
  EXPECT_EQ(outcome.status, call.answer == Answer::Code ? SQS_OK : code) << sqs_status_name(outcome.status);
  EXPECT_EQ(outcome.has_error, call.answer == Answer::Status);
  EXPECT_EQ(outcome.code, outcome.has_error ? code : SQS_OK);
}

// cancel is left out: it would end the run this happens in.
void expect_all_refused(HandleKind kind, void* handle, int32_t code) {
  for (const HandleCall& call : handle_calls())
    if (call.kind == kind && call.answer != Answer::Code) expect_refused(call, handle, code);
}

// ---------------------------------------------------------------- from a callback

TEST(Reentrant, EveryCallOnAPipelineThatEvaluates) {
  Scene* self = nullptr;
  Scene scene([&] { expect_all_refused(HandleKind::Pipeline, self->pipeline, SQS_E_REENTRANT); });
  self = &scene;
  expect_ramp_sums(values_of(evaluate(scene.pipeline, "held")));
  EXPECT_TRUE(scene.entered);
}

TEST(Reentrant, EveryCallOnARunThatExecutes) {
  sqs_run* handle = nullptr;
  Scene scene([&] { expect_all_refused(HandleKind::Run, handle, SQS_E_REENTRANT); });
  Held<sqs_run> run = open_run(scene.pipeline);
  handle = run;
  Held<sqs_result> result;
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_run_add_array(run, "held", nullptr, e); }));
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_run_execute(run, e); }));
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_run_take_result(run, 0, result.out(), e); }));
  expect_ramp_sums(values_of(result));
  EXPECT_TRUE(scene.entered);
}

TEST(Reentrant, SinksProgressAndReadersAreCallbacksToo) {
  sqs_run* handle = nullptr;
  int32_t from_sink = SQS_OK, from_reader = SQS_OK;
  struct Context {
    sqs_run** run;
    int32_t* answer;
  };
  Context sink{&handle, &from_sink}, reading{&handle, &from_reader};

  const Held<sqs_pipeline> p = make_pipeline();
  add_stage(p, "sum", sum_stage());
  sqs_reader reader;
  sqs_reader_init(&reader, sizeof reader);
  reader.frame_count = 20;
  reader.read = [](void* user, uint64_t first, uint64_t frames, void* dst, char*) {
    auto* const context = static_cast<Context*>(user);
    *context->answer = sqs_run_execute(*context->run, nullptr);
    for (uint64_t i = 0; i < frames; ++i) static_cast<double*>(dst)[i] = static_cast<double>(first + i);
    return static_cast<int64_t>(frames);
  };
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_pipeline_set_reader(p, &reader, &reading, nullptr, e); }));
  const Held<sqs_run> run = open_run(p);
  handle = run;
  ASSERT_TRUE(succeeds([&](auto e) {
    return sqs_run_add_callback(run, "sum", [](void* user, const sqs_view*, char*) {
      auto* const context = static_cast<Context*>(user);
      *context->answer = sqs_run_set_range(*context->run, 0, 1, nullptr);
      return 1;
    }, &sink, nullptr, nullptr, e);
  }));
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_run_execute(run, e); }));
  EXPECT_EQ(from_sink, SQS_E_REENTRANT);
  EXPECT_EQ(from_reader, SQS_E_REENTRANT);
}

TEST(Reentrant, ThePipelineOfARunThatExecutesIsInTheWrongState) {
  Scene* self = nullptr;
  Scene scene([&] {
    sqs_pipeline* const p = self->pipeline;
    const sqs_stage stage = sum_stage();
    const char* const input = "input";
    Held<sqs_result> result;
    Held<sqs_run> second;
    EXPECT_TRUE(fails(SQS_E_STATE, [&](auto e) { return sqs_pipeline_evaluate(p, "sum", 0, SQS_END, result.out(), e); }));
    EXPECT_TRUE(fails(SQS_E_STATE, [&](auto e) { return sqs_run_create(p, second.out(), e); }));
    EXPECT_TRUE(fails(SQS_E_STATE, [&](auto e) { return sqs_pipeline_trim(p, e); }));
    EXPECT_TRUE(fails(SQS_E_STATE, [&](auto e) {
      return sqs_pipeline_add_stage_on(p, "x", &stage, &input, 1, nullptr, nullptr, e);
    }));
    sqs_stage_info info = {};
    info.struct_size = sizeof info;
    EXPECT_TRUE(succeeds([&](auto e) { return sqs_pipeline_describe(p, "sum", &info, e); }));
    EXPECT_EQ(info.rows, kRampRows);
  });
  self = &scene;
  const Held<sqs_run> run = open_run(scene.pipeline);
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_run_add_array(run, "held", nullptr, e); }));
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_run_execute(run, e); }));
  EXPECT_TRUE(scene.entered);
}

TEST(Reentrant, AnotherPipelineCanBeUsedInsideACallback) {
  Scene scene([] { expect_ramp_sums(values_of(evaluate(make_ready_pipeline()))); });
  expect_ramp_sums(values_of(evaluate(scene.pipeline, "held")));
  EXPECT_TRUE(scene.entered);
}

TEST(Reentrant, DestroyInACallbackIsDoneWhenTheCallReturns) {
  Counted counted;
  Scene* self = nullptr;
  Scene scene([&] {
    sqs_pipeline* const p = self->pipeline;
    sqs_pipeline_destroy(p);
    EXPECT_EQ(counted.destroyed, 0);
    EXPECT_EQ(sqs_pipeline_cancel(p), SQS_E_HANDLE) << "no longer a handle";
  }, &counted);
  self = &scene;
  expect_ramp_sums(values_of(evaluate(scene.pipeline, "held")));
  EXPECT_EQ(counted.destroyed, 1);
}

TEST(Reentrant, DestroyOfARunInItsOwnCallback) {
  Counted counted;
  sqs_run* handle = nullptr;
  Scene scene([&] { sqs_run_destroy(handle); });
  Held<sqs_run> run = open_run(scene.pipeline);
  handle = run;
  ASSERT_TRUE(succeeds([&](auto e) {
    return sqs_run_add_callback(run, "held", [](void*, const sqs_view*, char*) { return 1; }, &counted, Counted::destroy, nullptr, e);
  }));
  EXPECT_TRUE(succeeds([&](auto e) { return sqs_run_execute(run, e); }));
  EXPECT_EQ(counted.destroyed, 1);
  EXPECT_TRUE(fails(SQS_E_HANDLE, [&](auto e) { return sqs_run_execute(run, e); }));
  expect_ramp_sums(values_of(evaluate(scene.pipeline)));  // the pipeline is free again
}

TEST(Reentrant, ACallbackMayEndItsThread) {
  Scene scene([] { pthread_exit(nullptr); });
  bool returned = false;
  std::thread runner([&] {
    evaluate(scene.pipeline, "held");
    returned = true;
  });
  runner.join();
  EXPECT_FALSE(returned) << "the thread was unwound through the library";
  EXPECT_TRUE(scene.entered);
  expect_ramp_sums(values_of(evaluate(scene.pipeline)));  // which is not held any more
}

// ---------------------------------------------------------------- from another thread

// Runs `call`, which ends up inside the scene's callback, on a thread of its own, and `meanwhile` here while it is there.
void while_inside(Scene*& scene, const std::function<void()>& call, const std::function<void()>& meanwhile,
                  const std::function<Scene*(std::function<void()>)>& make) {
  std::latch inside(1);
  std::latch go_on(1);
  scene = make([&] {
    inside.count_down();
    go_on.wait();
  });
  std::thread caller(call);
  inside.wait();
  meanwhile();
  go_on.count_down();
  caller.join();
}

TEST(Busy, EveryCallOnAPipelineThatEvaluatesElsewhere) {
  std::optional<Scene> place;
  Scene* scene = nullptr;
  std::vector<double> values;
  while_inside(
      scene, [&] { values = values_of(evaluate(scene->pipeline, "held")); },
      [&] { expect_all_refused(HandleKind::Pipeline, scene->pipeline, SQS_E_BUSY); },
      [&](auto inside) { return &place.emplace(inside); });
  expect_ramp_sums(values);
  expect_ramp_sums(values_of(evaluate(scene->pipeline)));
}

TEST(Busy, EveryCallOnARunThatExecutesElsewhere) {
  std::optional<Scene> place;
  Scene* scene = nullptr;
  Held<sqs_run> run;
  while_inside(
      scene, [&] { EXPECT_TRUE(succeeds([&](auto e) { return sqs_run_execute(run, e); })); },
      [&] { expect_all_refused(HandleKind::Run, run, SQS_E_BUSY); },
      [&](auto inside) {
        place.emplace(inside);
        run = open_run(place->pipeline);
        EXPECT_TRUE(succeeds([&](auto e) { return sqs_run_add_array(run, "held", nullptr, e); }));
        return &*place;
      });
  Held<sqs_result> result;
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_run_take_result(run, 0, result.out(), e); }));
  expect_ramp_sums(values_of(result));
}

TEST(Busy, ConstCallsOnThePipelineOfARunThatExecutesElsewhereWork) {
  std::optional<Scene> place;
  Scene* scene = nullptr;
  Held<sqs_run> run;
  while_inside(
      scene, [&] { EXPECT_TRUE(succeeds([&](auto e) { return sqs_run_execute(run, e); })); },
      [&] {
        sqs_stage_info info = {};
        info.struct_size = sizeof info;
        EXPECT_TRUE(succeeds([&](auto e) { return sqs_pipeline_describe(scene->pipeline, "sum", &info, e); }));
        EXPECT_EQ(info.rows, kRampRows);
        sqs_settings settings = {};
        settings.struct_size = sizeof settings;
        EXPECT_TRUE(succeeds([&](auto e) { return sqs_pipeline_settings(scene->pipeline, &settings, e); }));
        Held<sqs_plan> plan;
        const char* const sum = "sum";
        EXPECT_TRUE(succeeds([&](auto e) { return sqs_pipeline_plan(scene->pipeline, &sum, 1, 0, SQS_END, 0, plan.out(), e); }));
        Held<sqs_result> result;
        EXPECT_TRUE(fails(SQS_E_STATE, [&](auto e) { return sqs_pipeline_evaluate(scene->pipeline, sum, 0, 1, result.out(), e); }));
      },
      [&](auto inside) {
        place.emplace(inside);
        run = open_run(place->pipeline);
        EXPECT_TRUE(succeeds([&](auto e) { return sqs_run_add_array(run, "held", nullptr, e); }));
        return &*place;
      });
}

TEST(Busy, DestroyElsewhereIsDoneByTheCallThatIsInside) {
  std::optional<Scene> place;
  Scene* scene = nullptr;
  Counted counted;
  std::vector<double> values;
  while_inside(
      scene, [&] { values = values_of(evaluate(scene->pipeline, "held")); },
      [&] {
        sqs_pipeline* const p = scene->pipeline;
        sqs_pipeline_destroy(p);
        EXPECT_EQ(counted.destroyed, 0);
        expect_all_refused(HandleKind::Pipeline, p, SQS_E_HANDLE);
      },
      [&](auto inside) { return &place.emplace(inside, &counted); });
  expect_ramp_sums(values);
  EXPECT_EQ(counted.destroyed, 1);
}

TEST(Busy, DestroyOfARunElsewhere) {
  std::optional<Scene> place;
  Scene* scene = nullptr;
  Held<sqs_run> run;
  while_inside(
      scene, [&] { EXPECT_TRUE(succeeds([&](auto e) { return sqs_run_execute(run, e); })); },
      [&] {
        sqs_run_destroy(run);
        sqs_pipeline_destroy(scene->pipeline);
      },
      [&](auto inside) {
        place.emplace(inside);
        run = open_run(place->pipeline);
        EXPECT_TRUE(succeeds([&](auto e) { return sqs_run_add_array(run, "held", nullptr, e); }));
        return &*place;
      });
  EXPECT_TRUE(fails(SQS_E_HANDLE, [&](auto e) { return sqs_run_execute(run, e); }));
}

// ---------------------------------------------------------------- at once

TEST(AtOnce, ConstCallsOverlap) {
  const Held<sqs_pipeline> p = make_ready_pipeline();
  const Held<sqs_result> result = evaluate(p);
  constexpr int kThreads = 4;
  std::latch start(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&] {
      start.arrive_and_wait();
      const char* const sum = "sum";
      for (int i = 0; i < 50; ++i) {
        Held<sqs_plan> plan;
        EXPECT_TRUE(succeeds([&](auto e) { return sqs_pipeline_plan(p, &sum, 1, 0, SQS_END, 0, plan.out(), e); }));
        EXPECT_STRNE(sqs_plan_text(plan), "");
        sqs_stage_info info = {};
        info.struct_size = sizeof info;
        EXPECT_TRUE(succeeds([&](auto e) { return sqs_pipeline_describe(p, sum, &info, e); }));
        expect_ramp_sums(values_of(result));
        uint8_t digest[16];
        EXPECT_TRUE(succeeds([&](auto e) { return sqs_result_digest(result, digest, e); }));
      }
    });
  for (std::thread& thread : threads) thread.join();
}

TEST(AtOnce, OfTwoEvaluationsOneIsBusyAndNoneIsWrong) {
  const Held<sqs_pipeline> p = make_ready_pipeline();
  constexpr int kThreads = 3;
  std::atomic<int> done{0};
  std::latch start(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&] {
      start.arrive_and_wait();
      for (int i = 0; i < 100; ++i) {
        Held<sqs_result> result;
        const Outcome outcome = outcome_of([&](auto e) { return sqs_pipeline_evaluate(p, "sum", 0, SQS_END, result.out(), e); });
        ASSERT_TRUE(outcome.status == SQS_OK || outcome.status == SQS_E_BUSY) << outcome.message;
        if (outcome.status != SQS_OK) continue;
        expect_ramp_sums(values_of(result));
        ++done;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(done, 0);
}

TEST(AtOnce, AnInputPushesWhileItsPipelineEvaluates) {
  const Held<sqs_pipeline> p = make_pipeline();
  add_stage(p, "sum", sum_stage());
  Held<sqs_input> input;
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_input_create(p, input.out(), e); }));
  const std::vector<double> frames = ramp(2000);
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_input_push_samples(input, frames.data(), 10, e); }));
  std::thread pusher([&] {
    for (std::size_t i = 10; i < frames.size(); i += 10)
      ASSERT_TRUE(succeeds([&](auto e) { return sqs_input_push_samples(input, frames.data() + i, 10, e); }));
    ASSERT_TRUE(succeeds([&](auto e) { return sqs_input_end(input, e); }));
  });
  std::size_t rows = 0;
  while (rows < 999) {  // all windows of 2000 frames
    const std::vector<double> values = values_of(evaluate(p));
    ASSERT_GE(values.size(), rows);
    rows = values.size();
    for (std::size_t t = 0; t < rows; ++t) ASSERT_EQ(values[t], ramp_sum(t));
  }
  pusher.join();
  EXPECT_EQ(rows, 999u);
}

// Both inputs give the same rows, so that every evaluation is right whichever it was made from.
TEST(AtOnce, TheFirstPushOfAnInputReplacesTheFormerInputInTheMiddleOfThings) {
  const std::vector<double> frames = ramp();
  for (int i = 0; i < 20; ++i) {
    Counted memory;
    const Held<sqs_pipeline> p = make_pipeline();
    add_stage(p, "sum", sum_stage());
    ASSERT_TRUE(succeeds([&](auto e) {
      return sqs_pipeline_set_memory(p, frames.data(), frames.size(), &memory, Counted::destroy, e);
    }));
    Held<sqs_input> input;
    ASSERT_TRUE(succeeds([&](auto e) { return sqs_input_create(p, input.out(), e); }));
    std::latch start(3);
    std::thread pusher([&] {
      start.arrive_and_wait();
      int32_t status = SQS_E_STATE;  // a run is open: try again
      while (status == SQS_E_STATE) status = sqs_input_push_samples(input, frames.data(), frames.size(), nullptr);
      EXPECT_EQ(status, SQS_OK);
    });
    std::thread asker([&] {
      const char* const sum = "sum";
      start.arrive_and_wait();
      for (int k = 0; k < 5; ++k) {
        sqs_stage_info info = {};
        info.struct_size = sizeof info;
        int32_t status = sqs_pipeline_describe(p, sum, &info, nullptr);
        EXPECT_TRUE(status == SQS_OK || status == SQS_E_BUSY);
        Held<sqs_plan> plan;
        status = sqs_pipeline_plan(p, &sum, 1, 0, SQS_END, 0, plan.out(), nullptr);
        EXPECT_TRUE(status == SQS_OK || status == SQS_E_BUSY);
      }
    });
    start.arrive_and_wait();
    for (int k = 0; k < 5; ++k) {
      Held<sqs_result> result;
      const Outcome outcome = outcome_of([&](auto e) { return sqs_pipeline_evaluate(p, "sum", 0, SQS_END, result.out(), e); });
      ASSERT_TRUE(outcome.status == SQS_OK || outcome.status == SQS_E_BUSY) << outcome.message;
      if (outcome.status != SQS_OK) continue;
      const std::vector<double> values = values_of(result);
      if (!values.empty()) expect_ramp_sums(values);  // between the first push and its frames there are none
    }
    pusher.join();
    asker.join();
    EXPECT_EQ(memory.destroyed, 1);
    expect_ramp_sums(values_of(evaluate(p)));
  }
}

TEST(AtOnce, ThePipelineIsAskedWhileItsRunsComeAndGo) {
  const Held<sqs_pipeline> p = make_ready_pipeline();
  std::atomic<bool> enough{false};
  std::thread asker([&] {
    const char* const sum = "sum";
    while (!enough) {
      Held<sqs_plan> plan;
      const int32_t status = sqs_pipeline_plan(p, &sum, 1, 0, SQS_END, 0, plan.out(), nullptr);
      EXPECT_TRUE(status == SQS_OK || status == SQS_E_BUSY) << sqs_status_name(status);
      Held<sqs_result> result;
      const int32_t evaluated = sqs_pipeline_evaluate(p, sum, 0, SQS_END, result.out(), nullptr);
      EXPECT_TRUE(evaluated == SQS_OK || evaluated == SQS_E_BUSY || evaluated == SQS_E_STATE) << sqs_status_name(evaluated);
      if (evaluated == SQS_OK) expect_ramp_sums(values_of(result));
    }
  });
  int executed = 0;
  while (executed < 50) {
    Held<sqs_run> run;
    const int32_t status = sqs_run_create(p, run.out(), nullptr);
    ASSERT_TRUE(status == SQS_OK || status == SQS_E_BUSY) << sqs_status_name(status);
    if (status != SQS_OK) continue;
    double buffer[kRampRows] = {};
    ASSERT_TRUE(succeeds([&](auto e) { return sqs_run_add_buffer(run, "sum", buffer, sizeof buffer, nullptr, e); }));
    ASSERT_TRUE(succeeds([&](auto e) { return sqs_run_execute(run, e); }));
    expect_ramp_sums({buffer, buffer + kRampRows});
    ++executed;
  }
  enough = true;
  asker.join();
}

TEST(AtOnce, StatisticsOfARunBetweenItsSteps) {
  const Held<sqs_pipeline> p = make_pipeline();
  add_stage(p, "sum", sum_stage());
  sqs_settings settings;
  sqs_settings_init(&settings, sizeof settings);
  settings.mode = SQS_SQRT;
  settings.tile_frames = 2;
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_pipeline_configure(p, &settings, e); }));
  const std::vector<double> frames = ramp(2000);
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_pipeline_push_samples(p, frames.data(), frames.size(), e); }));
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_pipeline_end_input(p, e); }));
  const Held<sqs_run> run = open_run(p);
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_run_add_array(run, "sum", nullptr, e); }));
  for (int tile = 0; tile < 8; ++tile) ASSERT_EQ(sqs_run_step(run, 0, nullptr), SQS_PENDING);  // the first tiles only read frames
  constexpr int kThreads = 3;
  std::latch start(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&] {
      start.arrive_and_wait();
      for (int i = 0; i < 30; ++i) {
        sqs_stats stats = {};
        stats.struct_size = sizeof stats;
        EXPECT_TRUE(succeeds([&](auto e) { return sqs_run_stats(run, &stats, e); }));
        EXPECT_GT(stats.rows_evaluated, 0u);
        EXPECT_LT(stats.rows_evaluated, stats.rows_predicted);
        for (uint32_t k = 0; k < stats.stage_count; ++k) {
          sqs_stage_stats of_stage = {};
          of_stage.struct_size = sizeof of_stage;
          EXPECT_TRUE(succeeds([&](auto e) { return sqs_run_stage_stats(run, k, &of_stage, e); }));
          EXPECT_STRNE(of_stage.name, "");
        }
        EXPECT_STREQ(sqs_run_report_text(run), "");
      }
    });
  for (std::thread& thread : threads) thread.join();
}

TEST(AtOnce, TheLogIsReplacedWhileARunTalks) {
  struct Log {
    std::atomic<int>* destroyed;
    static void say(void*, int32_t, const char* message) { EXPECT_STRNE(message, ""); }
    static void destroy(void* user) {
      ++*static_cast<Log*>(user)->destroyed;
      delete static_cast<Log*>(user);
    }
  };
  std::atomic<int> destroyed{0};
  int made = 0;
  {
    const Held<sqs_pipeline> p = make_ready_pipeline();
    std::atomic<bool> enough{false};
    std::thread runner([&] {
      for (int i = 0; i < 50; ++i) {
        Held<sqs_run> run;
        if (sqs_run_create(p, run.out(), nullptr) != SQS_OK) continue;  // busy with a new log
        EXPECT_TRUE(succeeds([&](auto e) { return sqs_run_add_array(run, "sum", nullptr, e); }));
        EXPECT_TRUE(succeeds([&](auto e) { return sqs_run_execute(run, e); }));
      }
      enough = true;
    });
    while (!enough) {
      const int32_t status = sqs_pipeline_set_log(p, Log::say, new Log{&destroyed}, Log::destroy, nullptr);
      ASSERT_TRUE(status == SQS_OK || status == SQS_E_BUSY) << sqs_status_name(status);
      ++made;
    }
    runner.join();
  }
  EXPECT_EQ(destroyed, made);
}

TEST(AtOnce, ResultsAreDestroyedWhileTheirPipelineRuns) {
  const Held<sqs_pipeline> p = make_ready_pipeline();
  for (int i = 0; i < 50; ++i) {
    Held<sqs_result> result = evaluate(p);
    std::thread elsewhere([taken = std::move(result)]() mutable {
      expect_ramp_sums(values_of(taken));
      taken.reset();
    });
    expect_ramp_sums(values_of(evaluate(p)));
    elsewhere.join();
  }
}

}  // namespace
