// Calls of libsqrtspace-dsp at the wrong moment: while a run is open, inside a callback, from another thread, after fork(), and
// on an input that has begun. The pipeline is usable afterwards, and files that were opened in vain are closed.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "dsp_calls.hpp"
#include "fixture.hpp"
#include "sqrtspace/dsp.h"
#include "zoo.hpp"

namespace {

using namespace border;

void expect_all_refused(sqs_pipeline* p, int32_t code) {
  const std::size_t files = open_files();
  for (const HandleCall& call : dsp_handle_calls()) expect_refused(call, p, code);
  EXPECT_EQ(open_files(), files);
}

// A ready pipeline whose stage "held" runs `inside` in its callback, once.
struct Scene {
  explicit Scene(std::function<void()> inside) : hook{[this, inside = std::move(inside)] {
    if (!std::exchange(entered, true)) inside();
  }} {
    add_stage(pipeline, "held", hook_stage(), &hook);
  }
  bool entered = false;
  Hook hook;
  Held<sqs_pipeline> pipeline = make_ready_pipeline();
};

TEST(DspState, WhileARunIsOpenThePipelineIsBorrowed) {
  const Held<sqs_pipeline> p = make_ready_pipeline();
  Held<sqs_run> run = open_run(p);
  expect_all_refused(p, SQS_E_STATE);
  run.reset();
  expect_ramp_sums(values_of(evaluate(p)));
  EXPECT_TRUE(succeeds([&](auto e) { return sqs_dsp_add_on(p, "argmax", "added", "input", nullptr, e); }));
}

TEST(DspState, InsideACallbackOfThePipeline) {
  Scene* self = nullptr;
  Scene scene([&] { expect_all_refused(self->pipeline, SQS_E_REENTRANT); });
  self = &scene;
  expect_ramp_sums(values_of(evaluate(scene.pipeline, "held")));
  EXPECT_TRUE(scene.entered);
}

TEST(DspState, InsideACallbackOfARun) {
  Scene* self = nullptr;
  Scene scene([&] { expect_all_refused(self->pipeline, SQS_E_STATE); });
  self = &scene;
  const Held<sqs_run> run = open_run(scene.pipeline);
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_run_add_array(run, "held", nullptr, e); }));
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_run_execute(run, e); }));
  EXPECT_TRUE(scene.entered);
}

TEST(DspState, WhileAnotherThreadUsesThePipeline) {
  Scene* self = nullptr;
  Scene scene([&] { std::thread([&] { expect_all_refused(self->pipeline, SQS_E_BUSY); }).join(); });
  self = &scene;
  expect_ramp_sums(values_of(evaluate(scene.pipeline, "held")));
  EXPECT_TRUE(scene.entered);
}

TEST(DspState, AfterFork) {
  const Held<sqs_pipeline> p = make_ready_pipeline();
  const pid_t child = fork();
  if (child == 0) {
    expect_all_refused(p, SQS_E_FORKED);
    _exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "wait status " << status;
}

// ---------------------------------------------------------------- inputs that have begun

int32_t set_ramp(sqs_pipeline* p, sqs_error** e) { return sqs_dsp_set_file(p, ramp_file().c_str(), kRampOptions, e); }

// As any input takes the place of the one before it.
TEST(DspState, AFileTakesThePlaceOfPushedFrames) {
  const Held<sqs_pipeline> p = make_pipeline();
  add_stage(p, "sum", sum_stage());
  const std::vector<double> others(50, 7.0);
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_pipeline_push_samples(p, others.data(), others.size(), e); }));
  ASSERT_TRUE(succeeds([&](auto e) { return set_ramp(p, e); }));
  expect_ramp_sums(values_of(evaluate(p)));
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_pipeline_push_samples(p, others.data(), others.size(), e); }));
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_pipeline_end_input(p, e); }));
  EXPECT_EQ(values_of(evaluate(p)).size(), 24u) << "the pushed frames again";
  ASSERT_TRUE(succeeds([&](auto e) { return set_ramp(p, e); })) << "after their end too";
  expect_ramp_sums(values_of(evaluate(p)));
}

TEST(DspState, AFileThatIsReplacedIsClosed) {
  const std::size_t files = open_files();
  Held<sqs_pipeline> p = make_pipeline();
  add_stage(p, "sum", sum_stage());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(succeeds([&](auto e) { return set_ramp(p, e); }));
  EXPECT_EQ(open_files(), files + 1);
  const double frame = 0;
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_pipeline_push_samples(p, &frame, 1, e); }));
  EXPECT_EQ(open_files(), files);
  ASSERT_TRUE(succeeds([&](auto e) { return set_ramp(p, e); }));
  p.reset();
  EXPECT_EQ(open_files(), files);
}

TEST(DspState, AFileThatIsRefusedLeavesTheInputAsItWas) {
  const Held<sqs_pipeline> p = make_pipeline();
  add_stage(p, "sum", sum_stage());
  ASSERT_TRUE(succeeds([&](auto e) { return set_ramp(p, e); }));
  const std::size_t files = open_files();
  EXPECT_TRUE(fails(SQS_E_INVALID, [&](auto e) { return sqs_dsp_set_file(p, ramp_file().c_str(), "dtype=f32", e); }));
  EXPECT_TRUE(fails(SQS_E_IO, [&](auto e) { return sqs_dsp_set_file(p, "/no/such/file", kRampOptions, e); }));
  EXPECT_EQ(open_files(), files);
  expect_ramp_sums(values_of(evaluate(p)));
}

TEST(DspState, StagesCanBeAddedWhileFramesAreBeingPushed) {
  const Held<sqs_pipeline> p = make_pipeline();
  const std::vector<double> frames = ramp();
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_pipeline_push_samples(p, frames.data(), 10, e); }));
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_dsp_add_on(p, "quantile", "last", "input", "p=1", e); }));
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_pipeline_push_samples(p, frames.data() + 10, 10, e); }));
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_pipeline_end_input(p, e); }));
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_dsp_add_on(p, "quantile", "first", "input", "p=0", e); }));
  const std::vector<double> last = values_of(evaluate(p, "last")), first = values_of(evaluate(p, "first"));
  ASSERT_EQ(last.size(), kRampRows);
  for (uint64_t t = 0; t < kRampRows; ++t) {
    EXPECT_EQ(last[t], 2.0 * static_cast<double>(t) + 3);
    EXPECT_EQ(first[t], 2.0 * static_cast<double>(t));
  }
}

}  // namespace
