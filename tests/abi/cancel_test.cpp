// Cancel works whoever is inside: from callbacks, from other threads, from signal handlers, and after everything is over.
#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <csignal>
#include <latch>
#include <thread>

#include "fixture.hpp"

namespace {

using namespace border;

// Calls `before` ahead of every window; far more windows than a cancelled run should see.
struct Scene {
  Hook hook;
  std::atomic<int> callbacks{0};
  Held<sqs_pipeline> pipeline = make_pipeline();

  explicit Scene(std::function<void(int)> before) {
    hook.before = [this, before = std::move(before)] { before(callbacks.fetch_add(1)); };
    sqs_settings settings;
    sqs_settings_init(&settings, sizeof settings);
    settings.mode = SQS_SQRT;
    settings.tile_frames = 2;
    EXPECT_TRUE(succeeds([&](auto e) { return sqs_pipeline_configure(pipeline, &settings, e); }));
    add_stage(pipeline, "held", hook_stage(), &hook);
    const std::vector<double> frames = ramp(20000);
    EXPECT_TRUE(succeeds([&](auto e) { return sqs_pipeline_push_samples(pipeline, frames.data(), frames.size(), e); }));
    EXPECT_TRUE(succeeds([&](auto e) { return sqs_pipeline_end_input(pipeline, e); }));
  }
  Outcome evaluate() {
    Held<sqs_result> result;
    Outcome outcome = outcome_of([&](auto e) { return sqs_pipeline_evaluate(pipeline, "held", 0, SQS_END, result.out(), e); });
    EXPECT_EQ(static_cast<sqs_result*>(result) != nullptr, outcome.status == SQS_OK);
    return outcome;
  }
};

TEST(Cancel, FromACallback) {
  sqs_pipeline* handle = nullptr;
  Scene scene([&](int n) {
    if (n != 3) return;
    EXPECT_EQ(sqs_pipeline_cancel(handle), SQS_OK);
  });
  handle = scene.pipeline;
  const Outcome outcome = scene.evaluate();
  EXPECT_EQ(outcome.status, SQS_E_CANCELLED);
  EXPECT_EQ(outcome.code, SQS_E_CANCELLED);
  EXPECT_EQ(scene.callbacks, 4) << "the callback that cancelled was the last";
  EXPECT_EQ(scene.evaluate().status, SQS_OK) << "a cancelled pipeline can be used again";
}

TEST(Cancel, FromAnotherThread) {
  std::latch inside(1);
  std::latch cancelled(1);
  Scene scene([&](int n) {
    if (n != 3) return;
    inside.count_down();
    cancelled.wait();
  });
  std::thread canceller([&] {
    inside.wait();
    EXPECT_EQ(sqs_pipeline_cancel(scene.pipeline), SQS_OK);
    cancelled.count_down();
  });
  EXPECT_EQ(scene.evaluate().status, SQS_E_CANCELLED);
  EXPECT_EQ(scene.callbacks, 4);
  canceller.join();
}

TEST(Cancel, OfARunFromAnotherThread) {
  std::latch inside(1);
  std::latch cancelled(1);
  Scene scene([&](int n) {
    if (n != 3) return;
    inside.count_down();
    cancelled.wait();
  });
  Held<sqs_run> run = open_run(scene.pipeline);
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_run_add_array(run, "held", nullptr, e); }));
  std::thread canceller([&] {
    inside.wait();
    EXPECT_EQ(sqs_run_cancel(run), SQS_OK);
    cancelled.count_down();
  });
  EXPECT_TRUE(fails(SQS_E_CANCELLED, [&](auto e) { return sqs_run_execute(run, e); }));
  EXPECT_EQ(scene.callbacks, 4);
  canceller.join();
  run.reset();
  EXPECT_EQ(scene.evaluate().status, SQS_OK);
}

TEST(Cancel, OfAPipelineStopsItsOpenRun) {
  sqs_pipeline* handle = nullptr;
  Scene scene([&](int n) {
    if (n != 3) return;
    EXPECT_EQ(sqs_pipeline_cancel(handle), SQS_OK);
  });
  handle = scene.pipeline;
  const Held<sqs_run> run = open_run(scene.pipeline);
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_run_add_array(run, "held", nullptr, e); }));
  EXPECT_TRUE(fails(SQS_E_CANCELLED, [&](auto e) { return sqs_run_execute(run, e); }));
  EXPECT_EQ(scene.callbacks, 4);
}

TEST(Cancel, NothingToStopIsFine) {
  Scene scene([](int) {});
  EXPECT_EQ(sqs_pipeline_cancel(scene.pipeline), SQS_OK);
  EXPECT_EQ(scene.evaluate().status, SQS_OK) << "a cancel before a run is not a cancel of it";
  EXPECT_EQ(sqs_pipeline_cancel(scene.pipeline), SQS_OK);
}

TEST(Cancel, ByTheProgressCallback) {
  Scene scene([](int) {});
  const Held<sqs_run> run = open_run(scene.pipeline);
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_run_add_array(run, "held", nullptr, e); }));
  ASSERT_TRUE(succeeds([&](auto e) {
    return sqs_run_set_progress(run, [](void*, const sqs_progress* progress) {
      return progress->struct_size == sizeof *progress && progress->fraction <= 1 ? 0 : 1;
    }, nullptr, nullptr, e);
  }));
  // Progress comes at most every 50 ms, so a short run may end without it.
  const Outcome outcome = outcome_of([&](auto e) { return sqs_run_execute(run, e); });
  EXPECT_TRUE(outcome.status == SQS_OK || outcome.status == SQS_E_CANCELLED) << outcome.message;
}

// ---------------------------------------------------------------- signal handlers

std::atomic<sqs_pipeline*> signalled_pipeline{nullptr};
std::atomic<sqs_run*> signalled_run{nullptr};
std::atomic<int> answered{0};
static_assert(std::atomic<sqs_pipeline*>::is_always_lock_free);

extern "C" void cancel_on_signal(int) {
  sqs_pipeline* const pipeline = signalled_pipeline.load();
  sqs_run* const run = signalled_run.load();
  if (pipeline != nullptr && sqs_pipeline_cancel(pipeline) == SQS_OK) answered.fetch_add(1);
  if (run != nullptr && sqs_run_cancel(run) == SQS_OK) answered.fetch_add(1);
}

class CancelBySignal : public testing::Test {
 protected:
  void SetUp() override {
    signalled_pipeline = nullptr;
    signalled_run = nullptr;
    answered = 0;
    struct sigaction action = {};
    action.sa_handler = cancel_on_signal;
    ASSERT_EQ(sigaction(SIGUSR1, &action, &former_), 0);
  }
  void TearDown() override { sigaction(SIGUSR1, &former_, nullptr); }

 private:
  struct sigaction former_ = {};
};

TEST_F(CancelBySignal, OnTheThreadThatRuns) {
  Scene scene([&](int n) {
    if (n == 3) raise(SIGUSR1);
  });
  signalled_pipeline = static_cast<sqs_pipeline*>(scene.pipeline);
  EXPECT_EQ(scene.evaluate().status, SQS_E_CANCELLED);
  EXPECT_EQ(scene.callbacks, 4);
  EXPECT_EQ(answered, 1);
}

TEST_F(CancelBySignal, OfARunOnTheThreadThatRuns) {
  Scene scene([&](int n) {
    if (n == 3) raise(SIGUSR1);
  });
  const Held<sqs_run> run = open_run(scene.pipeline);
  signalled_run = static_cast<sqs_run*>(run);
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_run_add_array(run, "held", nullptr, e); }));
  EXPECT_TRUE(fails(SQS_E_CANCELLED, [&](auto e) { return sqs_run_execute(run, e); }));
  EXPECT_EQ(scene.callbacks, 4);
}

TEST_F(CancelBySignal, SentByAnotherThreadAtAnyMoment) {
  Scene scene([](int) {});
  signalled_pipeline = static_cast<sqs_pipeline*>(scene.pipeline);
  const pthread_t runner = pthread_self();
  std::atomic<bool> enough{false};
  std::thread sender([&] {
    while (!enough) pthread_kill(runner, SIGUSR1);
  });
  // Signals hit planning, callbacks, the way in and out of calls; each evaluation ends or is cancelled.
  int cancelled = 0;
  for (int i = 0; i < 20; ++i) {
    const int32_t status = scene.evaluate().status;
    EXPECT_TRUE(status == SQS_OK || status == SQS_E_CANCELLED) << sqs_status_name(status);
    if (status == SQS_E_CANCELLED) ++cancelled;
  }
  enough = true;
  sender.join();
  EXPECT_GT(answered, 0);
  EXPECT_EQ(scene.evaluate().status, SQS_OK);
}

TEST_F(CancelBySignal, OfWhatIsBeingDestroyed) {
  const pthread_t runner = pthread_self();
  std::atomic<bool> enough{false};
  std::thread sender([&] {
    while (!enough) pthread_kill(runner, SIGUSR1);
  });
  for (int i = 0; i < 200; ++i) {
    sqs_pipeline* pipeline = nullptr;
    const sqs_format format = small_format();
    ASSERT_EQ(sqs_pipeline_create(&format, &pipeline, nullptr), SQS_OK);
    signalled_pipeline = pipeline;
    sqs_pipeline_destroy(pipeline);  // the handler goes on cancelling the dead handle
  }
  enough = true;
  sender.join();
}

TEST(Cancel, OfWhatIsBeingDestroyedByAnotherThread) {
  for (int i = 0; i < 500; ++i) {
    sqs_pipeline* pipeline = nullptr;
    const sqs_format format = small_format();
    ASSERT_EQ(sqs_pipeline_create(&format, &pipeline, nullptr), SQS_OK);
    std::latch start(2);
    std::thread canceller([&] {
      start.arrive_and_wait();
      int32_t status = SQS_OK;
      while (status == SQS_OK) status = sqs_pipeline_cancel(pipeline);
      EXPECT_EQ(status, SQS_E_HANDLE);
    });
    start.arrive_and_wait();
    sqs_pipeline_destroy(pipeline);
    canceller.join();
  }
}

}  // namespace
