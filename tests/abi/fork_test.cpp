// After fork() a child can destroy what its parent made, which only forgets it, and nothing else; it can make its own.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zoo.hpp"

namespace {

using namespace border;

// Runs `check` in a forked child; its failed expectations and its own exit code are the child's.
void in_child(const std::function<void()>& check) {
  const pid_t child = fork();
  if (child == 0) {
    check();
    _exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "wait status " << status;
}

// What the parent made, and what a stage of it holds.
struct Family {
  Counted user;
  Zoo zoo{&user};

  Family() {
    EXPECT_TRUE(succeeds([&](auto e) { return sqs_run_add_array(zoo.run, "sum", nullptr, e); }));
  }
};

TEST(Fork, EveryCallOnAnObjectOfTheParentSaysSo) {
  Family family;
  in_child([&] {
    for (const HandleCall& call : handle_calls()) {
      SCOPED_TRACE(call.name);
      void* const handle = family.zoo.handle(call.kind);
      if (call.answer == Answer::Nothing) continue;
      if (call.answer == Answer::Text) {
        EXPECT_STREQ(call.text(handle), "");
        continue;
      }
      Counted user;
      void* out = nullptr;
      const Outcome outcome = outcome_of([&](sqs_error** e) { return call.status(handle, &out, &user, e); });
      EXPECT_EQ(outcome.status, SQS_E_FORKED);
      EXPECT_EQ(user.destroyed, call.has_destroy ? 1 : 0);
      EXPECT_EQ(outcome.has_error, call.answer == Answer::Status);
      EXPECT_EQ(outcome.code, outcome.has_error ? SQS_E_FORKED : SQS_OK) << "errors made in the child are the child's";
    }
  });
  EXPECT_TRUE(succeeds([&](auto e) { return sqs_run_execute(family.zoo.run, e); })) << "the parent is not affected";
}

TEST(Fork, DestroyInTheChildOnlyForgets) {
  Family family;
  in_child([&] {
    family.zoo.run.reset();
    family.zoo.input.reset();
    family.zoo.result.reset();
    family.zoo.plan.reset();
    sqs_pipeline* const pipeline = family.zoo.pipeline;
    family.zoo.pipeline.reset();
    family.zoo.error.reset();
    EXPECT_EQ(family.user.destroyed, 0) << "what the stage holds is the parent's";
    EXPECT_EQ(sqs_pipeline_cancel(pipeline), SQS_E_HANDLE);
  });
  EXPECT_EQ(sqs_error_code(family.zoo.error), SQS_E_IO);
  expect_ramp_sums(values_of(family.zoo.result));
  family.zoo.run.reset();
  family.zoo.input.reset();
  family.zoo.plan.reset();
  family.zoo.result.reset();
  EXPECT_EQ(family.user.destroyed, 0);
  family.zoo.pipeline.reset();
  EXPECT_EQ(family.user.destroyed, 1);
}

TEST(Fork, TheChildCanMakeItsOwn) {
  const Family family;
  in_child([&] {
    Counted user;
    {
      const Held<sqs_pipeline> own = make_ready_pipeline();
      add_stage(own, "counted", sum_stage(), &user, Counted::destroy);
      expect_ramp_sums(values_of(evaluate(own, "counted")));
    }
    EXPECT_EQ(user.destroyed, 1);
  });
}

TEST(Fork, FromInsideACallback) {
  // The child leaves by _exit() in the callback; what matters is what it can do there and that the parent goes on.
  Hook hook;
  bool forked = false;
  Held<sqs_pipeline> pipeline = make_ready_pipeline();
  hook.before = [&] {
    if (std::exchange(forked, true)) return;
    in_child([&] {
      Held<sqs_result> result;
      EXPECT_TRUE(fails(SQS_E_FORKED, [&](auto e) { return sqs_pipeline_evaluate(pipeline, "sum", 0, 1, result.out(), e); }));
      EXPECT_EQ(sqs_pipeline_cancel(pipeline), SQS_E_FORKED);
      pipeline.reset();
      expect_ramp_sums(values_of(evaluate(make_ready_pipeline())));
    });
  };
  add_stage(pipeline, "forks", hook_stage(), &hook);
  expect_ramp_sums(values_of(evaluate(pipeline, "forks")));
  EXPECT_TRUE(forked);
}

}  // namespace
