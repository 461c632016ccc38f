// A user pointer's destroy function runs exactly once: before a failing call returns, or when the last object that needs it is
// gone, whatever the order of destroying.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "fixture.hpp"

namespace {

using namespace border;

// Every function that takes a destroy function is made to fail in each of its ways.
class Ownership : public testing::Test {
 protected:
  void TearDown() override {
    EXPECT_EQ(user.destroyed, expected) << "at the end of the test";
  }
  // The call fails with code and has then destroyed its user pointer.
  void fails_and_destroys(int32_t code, const std::string& what, const std::function<int32_t(sqs_error**)>& call) {
    const int before = user.destroyed;
    EXPECT_TRUE(fails(code, call)) << what;
    EXPECT_EQ(user.destroyed, before + 1) << what;
    ++expected;
  }

  Counted user;
  int expected = 0;
  const char* const input = "input";
  const char* const nowhere = "nowhere";
  const sqs_stage stage = sum_stage();
};

TEST_F(Ownership, OfAStageThatIsRefused) {
  const Held<sqs_pipeline> p = make_ready_pipeline();
  sqs_stage old = stage;
  old.struct_size = 8;
  sqs_stage wrong_kind = stage;
  wrong_kind.kind = 77;
  sqs_stage impossible = stage;
  impossible.finish = [](void*, sqs_call*) { return 1; };
  sqs_access access;
  sqs_access_init(&access, sizeof access);
  access.stage = input;
  sqs_access old_access = access;
  old_access.struct_size = 8;

  const auto add = [&](const char* name, const sqs_stage* s, const sqs_access* a, uint32_t n) {
    return [=, this, &p](sqs_error** e) { return sqs_pipeline_add_stage(p, name, s, a, n, &user, Counted::destroy, e); };
  };
  fails_and_destroys(SQS_E_NULL, "name", add(nullptr, &stage, &access, 1));
  fails_and_destroys(SQS_E_NAME, "empty name", add("", &stage, &access, 1));
  fails_and_destroys(SQS_E_NAME, "duplicate", add("sum", &stage, &access, 1));
  fails_and_destroys(SQS_E_NAME, "reserved", add("frames", &stage, &access, 1));
  fails_and_destroys(SQS_E_NULL, "stage", add("x", nullptr, &access, 1));
  fails_and_destroys(SQS_E_ABI, "stage size", add("x", &old, &access, 1));
  fails_and_destroys(SQS_E_INVALID, "kind", add("x", &wrong_kind, &access, 1));
  fails_and_destroys(SQS_E_INVALID, "by the engine", add("x", &impossible, &access, 1));
  fails_and_destroys(SQS_E_NULL, "accesses", add("x", &stage, nullptr, 1));
  fails_and_destroys(SQS_E_INVALID, "no accesses", add("x", &stage, &access, 0));
  fails_and_destroys(SQS_E_ABI, "access size", add("x", &stage, &old_access, 1));

  const auto add_on = [&](const char* name, const char* const* inputs, uint32_t n) {
    return [=, this, &p](sqs_error** e) {
      return sqs_pipeline_add_stage_on(p, name, &stage, inputs, n, &user, Counted::destroy, e);
    };
  };
  fails_and_destroys(SQS_E_NULL, "name", add_on(nullptr, &input, 1));
  fails_and_destroys(SQS_E_NULL, "inputs", add_on("x", nullptr, 1));
  fails_and_destroys(SQS_E_NAME, "unknown input", add_on("x", &nowhere, 1));
  {
    const Held<sqs_run> run = open_run(p);
    fails_and_destroys(SQS_E_STATE, "open run", add("x", &stage, &access, 1));
    fails_and_destroys(SQS_E_STATE, "open run", add_on("x", &input, 1));
  }
}

TEST_F(Ownership, OfAnInputThatIsRefused) {
  const Held<sqs_pipeline> p = make_ready_pipeline();
  const double frames[2] = {};
  sqs_reader reader;
  sqs_reader_init(&reader, sizeof reader);
  reader.frame_count = 2;
  reader.read = [](void*, uint64_t, uint64_t, void*, char*) { return int64_t{-1}; };
  sqs_reader old = reader;
  old.struct_size = 8;
  sqs_reader unset = reader;
  unset.read = nullptr;
  sqs_reader other_dtype = reader;
  other_dtype.dtype = SQS_I16;
  const auto set_reader = [&](const sqs_reader* r) {
    return [=, this, &p](sqs_error** e) { return sqs_pipeline_set_reader(p, r, &user, Counted::destroy, e); };
  };
  fails_and_destroys(SQS_E_NULL, "reader", set_reader(nullptr));
  fails_and_destroys(SQS_E_ABI, "reader size", set_reader(&old));
  fails_and_destroys(SQS_E_NULL, "read", set_reader(&unset));
  fails_and_destroys(SQS_E_INVALID, "dtype", set_reader(&other_dtype));
  const auto set_memory = [&](const void* at, uint64_t n) {
    return [=, this, &p](sqs_error** e) { return sqs_pipeline_set_memory(p, at, n, &user, Counted::destroy, e); };
  };
  fails_and_destroys(SQS_E_NULL, "frames", set_memory(nullptr, 1));
  const Held<sqs_run> run = open_run(p);
  fails_and_destroys(SQS_E_STATE, "open run", set_reader(&reader));
  fails_and_destroys(SQS_E_STATE, "open run", set_memory(frames, 2));
}

TEST_F(Ownership, OfASinkThatIsRefused) {
  const Held<sqs_pipeline> p = make_ready_pipeline();
  const Held<sqs_run> run = open_run(p);
  const sqs_rows_fn take = [](void*, const sqs_view*, char*) { return 1; };
  const auto add = [&](const char* target, sqs_rows_fn fn) {
    return [=, this, &run](sqs_error** e) {
      return sqs_run_add_callback(run, target, fn, &user, Counted::destroy, nullptr, e);
    };
  };
  fails_and_destroys(SQS_E_NULL, "target", add(nullptr, take));
  fails_and_destroys(SQS_E_NAME, "target", add("nowhere", take));
  fails_and_destroys(SQS_E_NULL, "fn", add("sum", nullptr));
  ASSERT_TRUE(succeeds([&](sqs_error** e) { return sqs_run_add_array(run, "sum", nullptr, e); }));
  ASSERT_TRUE(succeeds([&](sqs_error** e) { return sqs_run_execute(run, e); }));
  fails_and_destroys(SQS_E_STATE, "after the end", add("sum", take));
  fails_and_destroys(SQS_E_STATE, "after the end", [&](sqs_error** e) {
    return sqs_run_set_progress(run, [](void*, const sqs_progress*) { return 1; }, &user, Counted::destroy, e);
  });
}

TEST_F(Ownership, OfANullUserPointer) {
  static int destroyed_null = 0;
  destroyed_null = 0;
  const sqs_destroy_fn count_null = [](void* held) { destroyed_null += held == nullptr ? 1 : 1000; };
  {
    const Held<sqs_pipeline> p = make_pipeline();
    ASSERT_TRUE(succeeds([&](sqs_error** e) {
      return sqs_pipeline_add_stage_on(p, "x", &stage, &input, 1, nullptr, count_null, e);
    }));
    EXPECT_EQ(destroyed_null, 0);
    EXPECT_TRUE(fails(SQS_E_NAME, [&](sqs_error** e) {
      return sqs_pipeline_add_stage_on(p, "x", &stage, &input, 1, nullptr, count_null, e);
    }));
    EXPECT_EQ(destroyed_null, 1);
  }
  EXPECT_EQ(destroyed_null, 2);
}

// ---------------------------------------------------------------- on success

TEST_F(Ownership, OfAStageEndsWithItsPipeline) {
  {
    const Held<sqs_pipeline> p = make_pipeline();
    add_stage(p, "x", stage, &user, Counted::destroy);
    EXPECT_EQ(user.destroyed, 0);
  }
  expected = 1;
}

TEST_F(Ownership, OfAStageLastsAsLongAsARun) {
  Held<sqs_pipeline> p = make_ready_pipeline();
  add_stage(p, "x", stage, &user, Counted::destroy);
  Held<sqs_run> run = open_run(p);
  ASSERT_TRUE(succeeds([&](sqs_error** e) { return sqs_run_add_array(run, "x", nullptr, e); }));
  p.reset();
  EXPECT_EQ(user.destroyed, 0);
  ASSERT_TRUE(succeeds([&](sqs_error** e) { return sqs_run_execute(run, e); }));
  Held<sqs_result> result;
  ASSERT_TRUE(succeeds([&](sqs_error** e) { return sqs_run_take_result(run, 0, result.out(), e); }));
  EXPECT_EQ(user.destroyed, 0);
  run.reset();
  expect_ramp_sums(values_of(result));
  result.reset();
  expected = 1;
}

TEST_F(Ownership, OfAStageLastsAsLongAsAnInput) {
  Held<sqs_pipeline> p = make_pipeline();
  add_stage(p, "x", stage, &user, Counted::destroy);
  Held<sqs_input> pushed;
  ASSERT_TRUE(succeeds([&](sqs_error** e) { return sqs_input_create(p, pushed.out(), e); }));
  p.reset();
  EXPECT_EQ(user.destroyed, 0);
  const double frame = 1;
  EXPECT_TRUE(succeeds([&](sqs_error** e) { return sqs_input_push_samples(pushed, &frame, 1, e); }));
  pushed.reset();
  expected = 1;
}

TEST_F(Ownership, OfBorrowedMemoryEndsWhenItIsReplaced) {
  const Held<sqs_pipeline> p = make_pipeline();
  add_stage(p, "sum", stage);
  const std::vector<double> frames = ramp();
  ASSERT_TRUE(succeeds([&](sqs_error** e) {
    return sqs_pipeline_set_memory(p, frames.data(), frames.size(), &user, Counted::destroy, e);
  }));
  expect_ramp_sums(values_of(evaluate(p)));
  EXPECT_EQ(user.destroyed, 0);
  Counted other;
  ASSERT_TRUE(succeeds([&](sqs_error** e) {
    return sqs_pipeline_set_memory(p, frames.data(), frames.size(), &other, Counted::destroy, e);
  }));
  EXPECT_EQ(user.destroyed, 1);
  EXPECT_EQ(other.destroyed, 0);
  ASSERT_TRUE(succeeds([&](sqs_error** e) { return sqs_pipeline_push_samples(p, frames.data(), 4, e); }));
  EXPECT_EQ(other.destroyed, 1) << "the first push replaces any former input";
  expected = 1;
}

TEST_F(Ownership, OfAReaderEndsWithItsPipeline) {
  {
    const Held<sqs_pipeline> p = make_pipeline();
    sqs_reader reader;
    sqs_reader_init(&reader, sizeof reader);
    reader.frame_count = 2;
    reader.read = [](void*, uint64_t, uint64_t frames, void*, char*) { return static_cast<int64_t>(frames); };
    ASSERT_TRUE(succeeds([&](sqs_error** e) { return sqs_pipeline_set_reader(p, &reader, &user, Counted::destroy, e); }));
    EXPECT_EQ(user.destroyed, 0);
  }
  expected = 1;
}

TEST_F(Ownership, OfALogEndsWhenItIsReplaced) {
  const Held<sqs_pipeline> p = make_pipeline();
  const sqs_log_fn drop = [](void*, int32_t, const char*) {};
  ASSERT_TRUE(succeeds([&](sqs_error** e) { return sqs_pipeline_set_log(p, drop, &user, Counted::destroy, e); }));
  EXPECT_EQ(user.destroyed, 0);
  ASSERT_TRUE(succeeds([&](sqs_error** e) { return sqs_pipeline_set_log(p, nullptr, nullptr, nullptr, e); }));
  EXPECT_EQ(user.destroyed, 1);
  expected = 1;
}

TEST_F(Ownership, OfSinksAndProgressEndsWithTheRun) {
  const Held<sqs_pipeline> p = make_ready_pipeline();
  Counted progress;
  {
    const Held<sqs_run> run = open_run(p);
    ASSERT_TRUE(succeeds([&](sqs_error** e) {
      return sqs_run_add_callback(run, "sum", [](void*, const sqs_view*, char*) { return 1; }, &user, Counted::destroy, nullptr, e);
    }));
    ASSERT_TRUE(succeeds([&](sqs_error** e) {
      return sqs_run_set_progress(run, [](void*, const sqs_progress*) { return 1; }, &progress, Counted::destroy, e);
    }));
    ASSERT_TRUE(succeeds([&](sqs_error** e) { return sqs_run_execute(run, e); }));
    EXPECT_EQ(user.destroyed, 0);
    EXPECT_EQ(progress.destroyed, 0);
  }
  EXPECT_EQ(progress.destroyed, 1);
  expected = 1;
}

TEST_F(Ownership, ADestroyFunctionMayThrow) {
  const sqs_destroy_fn thrower = [](void* held) {
    Counted::destroy(held);
    throw 42;
  };
  {
    const Held<sqs_pipeline> p = make_pipeline();
    ASSERT_TRUE(succeeds([&](sqs_error** e) { return sqs_pipeline_add_stage_on(p, "x", &stage, &input, 1, &user, thrower, e); }));
    EXPECT_TRUE(fails(SQS_E_NAME, [&](sqs_error** e) {
      return sqs_pipeline_add_stage_on(p, "x", &stage, &input, 1, &user, thrower, e);
    }));
    EXPECT_EQ(user.destroyed, 1);
  }
  expected = 2;
}

// ---------------------------------------------------------------- objects

TEST(Lifetime, AnyOrderOfDestroyingIsFine) {
  // pipeline, plan, run, result, input: all 120 orders
  std::vector<int> order = {0, 1, 2, 3, 4};
  const char* const sum = "sum";
  do {
    Counted user;
    {
      Held<sqs_pipeline> pipeline = make_ready_pipeline();
      add_stage(pipeline, "x", sum_stage(), &user, Counted::destroy);
      Held<sqs_result> result = evaluate(pipeline);
      Held<sqs_plan> plan;
      ASSERT_TRUE(succeeds([&](sqs_error** e) { return sqs_pipeline_plan(pipeline, &sum, 1, 0, SQS_END, 0, plan.out(), e); }));
      Held<sqs_input> input;
      ASSERT_TRUE(succeeds([&](sqs_error** e) { return sqs_input_create(pipeline, input.out(), e); }));
      Held<sqs_run> run = open_run(pipeline);
      ASSERT_TRUE(succeeds([&](sqs_error** e) { return sqs_run_add_array(run, "x", nullptr, e); }));
      ASSERT_TRUE(succeeds([&](sqs_error** e) { return sqs_run_execute(run, e); }));
      for (const int which : order) {
        if (which == 0) pipeline.reset();
        if (which == 1) plan.reset();
        if (which == 2) run.reset();
        if (which == 3) result.reset();
        if (which == 4) input.reset();
        if (result != nullptr) expect_ramp_sums(values_of(result));
        if (plan != nullptr) {
          EXPECT_STRNE(sqs_plan_text(plan), "");
        }
      }
    }
    ASSERT_EQ(user.destroyed, 1);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(Lifetime, OnePushSideAtATime) {
  const Held<sqs_pipeline> p = make_pipeline();
  Held<sqs_input> first;
  Held<sqs_input> second;
  ASSERT_TRUE(succeeds([&](sqs_error** e) { return sqs_input_create(p, first.out(), e); }));
  EXPECT_TRUE(fails(SQS_E_STATE, [&](sqs_error** e) { return sqs_input_create(p, second.out(), e); }));
  EXPECT_EQ(static_cast<sqs_input*>(second), nullptr);
  first.reset();
  EXPECT_TRUE(succeeds([&](sqs_error** e) { return sqs_input_create(p, second.out(), e); }));
}

TEST(Lifetime, DestroyAcceptsNull) {
  sqs_pipeline_destroy(nullptr);
  sqs_input_destroy(nullptr);
  sqs_plan_destroy(nullptr);
  sqs_run_destroy(nullptr);
  sqs_result_destroy(nullptr);
  sqs_error_destroy(nullptr);
}

}  // namespace
