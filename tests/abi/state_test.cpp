// Right call, wrong moment: SQS_E_STATE (or the code of the matter), with the object usable afterwards.
#include <gtest/gtest.h>

#include "fixture.hpp"

namespace {

using namespace border;

const char* const kInput = "input";
const char* const kSum = "sum";

TEST(State, WithoutInputThereIsNothingToRun) {
  const Held<sqs_pipeline> p = make_pipeline();
  add_stage(p, "sum", sum_stage());
  Held<sqs_result> result;
  Held<sqs_plan> plan;
  EXPECT_TRUE(fails(SQS_E_STATE, [&](sqs_error** e) { return sqs_pipeline_evaluate(p, kSum, 0, SQS_END, result.out(), e); }));
  EXPECT_TRUE(fails(SQS_E_STATE, [&](sqs_error** e) { return sqs_pipeline_verify(p, kSum, 0, SQS_END, e); }));
  EXPECT_TRUE(fails(SQS_E_STATE, [&](sqs_error** e) { return sqs_pipeline_probe(p, &kSum, 1, e); }));
  EXPECT_TRUE(fails(SQS_E_STATE, [&](sqs_error** e) { return sqs_pipeline_plan(p, &kSum, 1, 0, SQS_END, 0, plan.out(), e); }));
  sqs_stage_info info = {};
  info.struct_size = sizeof info;
  ASSERT_TRUE(succeeds([&](sqs_error** e) { return sqs_pipeline_describe(p, kSum, &info, e); }));
  EXPECT_EQ(info.rows, 0u);
}

TEST(State, WhileARunIsOpenThePipelineIsBorrowed) {
  const Held<sqs_pipeline> p = make_ready_pipeline();
  Held<sqs_run> run = open_run(p);
  Held<sqs_run> second;
  Held<sqs_result> result;
  const sqs_stage stage = sum_stage();
  sqs_access access;
  sqs_access_init(&access, sizeof access);
  access.stage = kInput;
  sqs_settings settings;
  sqs_settings_init(&settings, sizeof settings);
  sqs_reader reader;
  sqs_reader_init(&reader, sizeof reader);
  reader.frame_count = 1;
  reader.read = [](void*, uint64_t, uint64_t, void*, char*) { return int64_t{1}; };
  const double frame = 0;
  EXPECT_TRUE(fails(SQS_E_STATE, [&](auto e) { return sqs_run_create(p, second.out(), e); }));
  EXPECT_TRUE(fails(SQS_E_STATE, [&](auto e) { return sqs_pipeline_add_stage(p, "x", &stage, &access, 1, nullptr, nullptr, e); }));
  EXPECT_TRUE(fails(SQS_E_STATE, [&](auto e) { return sqs_pipeline_add_stage_on(p, "x", &stage, &kInput, 1, nullptr, nullptr, e); }));
  EXPECT_TRUE(fails(SQS_E_STATE, [&](auto e) { return sqs_pipeline_add_windows(p, "x", &access, e); }));
  EXPECT_TRUE(fails(SQS_E_STATE, [&](auto e) { return sqs_pipeline_set_memory(p, &frame, 1, nullptr, nullptr, e); }));
  EXPECT_TRUE(fails(SQS_E_STATE, [&](auto e) { return sqs_pipeline_set_reader(p, &reader, nullptr, nullptr, e); }));
  EXPECT_TRUE(fails(SQS_E_STATE, [&](auto e) { return sqs_pipeline_configure(p, &settings, e); }));
  EXPECT_TRUE(fails(SQS_E_STATE, [&](auto e) { return sqs_pipeline_evaluate(p, kSum, 0, SQS_END, result.out(), e); }));
  EXPECT_TRUE(fails(SQS_E_STATE, [&](auto e) { return sqs_pipeline_probe(p, &kSum, 1, e); }));
  EXPECT_TRUE(fails(SQS_E_STATE, [&](auto e) { return sqs_pipeline_verify(p, kSum, 0, SQS_END, e); }));
  EXPECT_TRUE(fails(SQS_E_STATE, [&](auto e) { return sqs_pipeline_trim(p, e); }));
  Held<sqs_plan> plan;
  EXPECT_TRUE(succeeds([&](auto e) { return sqs_pipeline_plan(p, &kSum, 1, 0, SQS_END, 0, plan.out(), e); })) << "a const call";
  run.reset();
  expect_ramp_sums(values_of(evaluate(p)));
  EXPECT_TRUE(succeeds([&](auto e) { return sqs_run_create(p, second.out(), e); }));
}

TEST(State, BeforeARunHasEnded) {
  const Held<sqs_pipeline> p = make_ready_pipeline();
  const Held<sqs_run> run = open_run(p);
  Held<sqs_result> result;
  uint8_t digest[16];
  sqs_stats stats = {};
  stats.struct_size = sizeof stats;
  sqs_stage_stats stage_stats = {};
  stage_stats.struct_size = sizeof stage_stats;
  EXPECT_TRUE(fails(SQS_E_STATE, [&](auto e) { return sqs_run_execute(run, e); })) << "no target";
  EXPECT_TRUE(fails(SQS_E_STATE, [&](auto e) { return sqs_run_step(run, 0, e); })) << "no target";
  Held<sqs_plan> plan;
  EXPECT_TRUE(fails(SQS_E_STATE, [&](auto e) { return sqs_run_plan(run, plan.out(), e); })) << "no target";
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_run_add_array(run, kSum, nullptr, e); }));
  EXPECT_TRUE(fails(SQS_E_STATE, [&](auto e) { return sqs_run_take_result(run, 0, result.out(), e); }));
  EXPECT_TRUE(fails(SQS_E_STATE, [&](auto e) { return sqs_run_digest(run, 0, digest, e); }));
  EXPECT_TRUE(fails(SQS_E_STATE, [&](auto e) { return sqs_run_stats(run, &stats, e); }));
  EXPECT_TRUE(fails(SQS_E_STATE, [&](auto e) { return sqs_run_stage_stats(run, 0, &stage_stats, e); }));
  EXPECT_STREQ(sqs_run_report_text(run), "");
  EXPECT_STREQ(sqs_run_report_json(run), "");
}

TEST(State, AfterARunHasEnded) {
  const Held<sqs_pipeline> p = make_ready_pipeline();
  const Held<sqs_run> run = open_run(p);
  double buffer[kRampRows];
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_run_add_array(run, kSum, nullptr, e); }));
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_run_add_buffer(run, kSum, buffer, sizeof buffer, nullptr, e); }));
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_run_execute(run, e); }));
  EXPECT_TRUE(fails(SQS_E_STATE, [&](auto e) { return sqs_run_add_array(run, kSum, nullptr, e); }));
  EXPECT_TRUE(fails(SQS_E_STATE, [&](auto e) { return sqs_run_add_buffer(run, kSum, buffer, sizeof buffer, nullptr, e); }));
  EXPECT_TRUE(fails(SQS_E_STATE, [&](auto e) { return sqs_run_add_npy(run, kSum, "never.npy", nullptr, e); }));
  EXPECT_TRUE(fails(SQS_E_STATE, [&](auto e) { return sqs_run_set_range(run, 0, 1, e); }));
  EXPECT_TRUE(fails(SQS_E_STATE, [&](auto e) { return sqs_run_execute(run, e); })) << "once";
  EXPECT_STRNE(sqs_run_report_text(run), "");
  EXPECT_EQ(sqs_run_report_json(run)[0], '{');

  Held<sqs_result> result;
  Held<sqs_result> again;
  EXPECT_NE(outcome_of([&](auto e) { return sqs_run_take_result(run, 1, again.out(), e); }).status, SQS_OK) << "not an array";
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_run_take_result(run, 0, result.out(), e); }));
  EXPECT_TRUE(fails(SQS_E_STATE, [&](auto e) { return sqs_run_take_result(run, 0, again.out(), e); })) << "once";
  EXPECT_EQ(static_cast<sqs_result*>(again), nullptr);
  EXPECT_TRUE(fails(SQS_E_RANGE, [&](auto e) { return sqs_run_take_result(run, 2, again.out(), e); }));
  uint8_t digest[16];
  EXPECT_TRUE(fails(SQS_E_RANGE, [&](auto e) { return sqs_run_digest(run, 2, digest, e); }));
  sqs_stage_stats stats = {};
  stats.struct_size = sizeof stats;
  EXPECT_TRUE(fails(SQS_E_RANGE, [&](auto e) { return sqs_run_stage_stats(run, 99, &stats, e); }));
  expect_ramp_sums(values_of(result));
  expect_ramp_sums({buffer, buffer + kRampRows});
}

TEST(State, AfterTheEndOfTheInput) {
  const Held<sqs_pipeline> p = make_ready_pipeline();
  const double frame = 0;
  EXPECT_TRUE(fails(SQS_E_STATE, [&](auto e) { return sqs_pipeline_push_samples(p, &frame, 1, e); }));
  Held<sqs_input> input;
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_input_create(p, input.out(), e); }));
  EXPECT_TRUE(fails(SQS_E_STATE, [&](auto e) { return sqs_input_push_samples(input, &frame, 1, e); }));
  expect_ramp_sums(values_of(evaluate(p)));
}

TEST(State, BeforeTheEndOfTheInput) {
  const Held<sqs_pipeline> p = make_pipeline();
  add_stage(p, "sum", sum_stage());
  sqs_stage total;
  sqs_stage_init(&total, sizeof total);
  total.kind = SQS_REDUCE;
  total.dtype = SQS_F64;
  total.process = [](void*, sqs_call* call) { return static_cast<int64_t>(call->rows); };
  total.finish = [](void*, sqs_call* call) {
    *static_cast<double*>(call->output.data) = 5;
    return 1;
  };
  add_stage(p, "total", total);
  const std::vector<double> frames = ramp(8);
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_pipeline_push_samples(p, frames.data(), frames.size(), e); }));
  EXPECT_EQ(values_of(evaluate(p)), (std::vector<double>{ramp_sum(0), ramp_sum(1), ramp_sum(2)}));
  Held<sqs_result> result;
  EXPECT_TRUE(fails(SQS_E_NOT_ENDED, [&](auto e) { return sqs_pipeline_evaluate(p, "total", 0, SQS_END, result.out(), e); }));
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_pipeline_end_input(p, e); }));
  EXPECT_EQ(values_of(evaluate(p, "total")), std::vector<double>{5});
}

}  // namespace
