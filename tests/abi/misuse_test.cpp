// Misuse gives a code, not a crash: every function with a NULL, destroyed, foreign or made-up handle, with each of its other
// pointers NULL, and on an object that is not ready for it.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <set>

#include "fixture.hpp"
#include "handle_calls.hpp"
#include "zoo.hpp"

namespace {

using namespace border;

TEST(Misuse, TheTableIsComplete) {
  std::set<std::string> exported;
  std::ifstream file(SQS_ABI_TEST_DIR "/exports.txt");
  ASSERT_TRUE(file) << "no exports.txt";
  for (std::string name; std::getline(file, name);) exported.insert(name);
  std::set<std::string> tested(calls_without_handle().begin(), calls_without_handle().end());
  for (const HandleCall& call : handle_calls()) EXPECT_TRUE(tested.insert(call.name).second) << call.name << " twice";
  EXPECT_EQ(tested, exported);
}

TEST(Misuse, NullHandles) {
  for (const HandleCall& call : handle_calls()) expect_refused(call, nullptr, SQS_E_NULL);
}

TEST(Misuse, DestroyedHandles) {
  std::vector<void*> destroyed;
  {
    const Zoo zoo;
    for (const HandleKind kind : kKinds) destroyed.push_back(zoo.handle(kind));
  }
  for (const HandleCall& call : handle_calls())
    expect_refused(call, destroyed[static_cast<std::size_t>(call.kind)], SQS_E_HANDLE);
  const Zoo later;  // takes the places of the former objects
  for (const HandleCall& call : handle_calls())
    expect_refused(call, destroyed[static_cast<std::size_t>(call.kind)], SQS_E_HANDLE);
}

TEST(Misuse, HandlesOfAnotherType) {
  const Zoo zoo;
  for (const HandleCall& call : handle_calls())
    for (const HandleKind kind : kKinds)
      if (kind != call.kind) expect_refused(call, zoo.handle(kind), SQS_E_HANDLE);
  // A wrong destroy destroys nothing.
  EXPECT_EQ(sqs_error_code(zoo.error), SQS_E_IO);
  EXPECT_EQ(values_of(zoo.result).size(), kRampRows);
  EXPECT_STRNE(sqs_plan_text(zoo.plan), "");
}

TEST(Misuse, MadeUpHandles) {
  const Zoo zoo;
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  int on_stack = 0;
  for (const HandleCall& call : handle_calls()) {
    const auto live = reinterpret_cast<uint64_t>(zoo.handle(call.kind));
    std::vector<uint64_t> tokens = {1, 8, UINT64_MAX, reinterpret_cast<uint64_t>(&on_stack), live + 1, live + (uint64_t{1} << 32)};
    for (int i = 0; i < 50; ++i) tokens.push_back(random());
    for (int bit = 0; bit < 64; ++bit) tokens.push_back(live ^ (uint64_t{1} << bit));
    for (const uint64_t token : tokens) {
      // Flipping a bit of the index may name another live object, but never of the same type and generation.
      bool is_live = token == live;
      for (const HandleKind kind : kKinds) is_live = is_live || token == reinterpret_cast<uint64_t>(zoo.handle(kind));
      if (!is_live) expect_refused(call, reinterpret_cast<void*>(token), SQS_E_HANDLE);
    }
  }
}

// ---------------------------------------------------------------- other pointers

using Call = std::function<int32_t(sqs_error**)>;
struct Case {
  std::string what;
  int32_t code;
  Call call;
};

void expect_codes(const std::vector<Case>& cases) {
  for (const Case& one : cases) EXPECT_TRUE(fails(one.code, one.call)) << one.what;
}

template <class Struct>
Struct sized() {
  Struct value = {};
  value.struct_size = sizeof value;
  return value;
}

TEST(Misuse, NullArgumentsOfPipelineCalls) {
  const Held<sqs_pipeline> p = make_ready_pipeline();
  const sqs_format format = small_format();
  const sqs_stage stage = sum_stage();
  sqs_stage no_process = stage;
  no_process.process = nullptr;
  sqs_access access;
  sqs_access_init(&access, sizeof access);
  sqs_access named = access;
  named.stage = "input";
  sqs_reader reader;
  sqs_reader_init(&reader, sizeof reader);
  const char* const input = "input";
  const char* const nothing = nullptr;
  Held<sqs_plan> plan;
  Held<sqs_pipeline> made;
  auto info = sized<sqs_stage_info>();
  expect_codes({
      {"create: format", SQS_E_NULL, [&](auto e) { return sqs_pipeline_create(nullptr, made.out(), e); }},
      {"create: out", SQS_E_NULL, [&](auto e) { return sqs_pipeline_create(&format, nullptr, e); }},
      {"add_stage: name", SQS_E_NULL,
       [&](auto e) { return sqs_pipeline_add_stage(p, nullptr, &stage, &named, 1, nullptr, nullptr, e); }},
      {"add_stage: stage", SQS_E_NULL,
       [&](auto e) { return sqs_pipeline_add_stage(p, "x", nullptr, &named, 1, nullptr, nullptr, e); }},
      {"add_stage: process", SQS_E_NULL,
       [&](auto e) { return sqs_pipeline_add_stage(p, "x", &no_process, &named, 1, nullptr, nullptr, e); }},
      {"add_stage: accesses", SQS_E_NULL,
       [&](auto e) { return sqs_pipeline_add_stage(p, "x", &stage, nullptr, 1, nullptr, nullptr, e); }},
      {"add_stage: accesses[0].stage", SQS_E_NULL,
       [&](auto e) { return sqs_pipeline_add_stage(p, "x", &stage, &access, 1, nullptr, nullptr, e); }},
      {"add_stage_on: name", SQS_E_NULL,
       [&](auto e) { return sqs_pipeline_add_stage_on(p, nullptr, &stage, &input, 1, nullptr, nullptr, e); }},
      {"add_stage_on: stage", SQS_E_NULL,
       [&](auto e) { return sqs_pipeline_add_stage_on(p, "x", nullptr, &input, 1, nullptr, nullptr, e); }},
      {"add_stage_on: inputs", SQS_E_NULL,
       [&](auto e) { return sqs_pipeline_add_stage_on(p, "x", &stage, nullptr, 1, nullptr, nullptr, e); }},
      {"add_stage_on: inputs[0]", SQS_E_NULL,
       [&](auto e) { return sqs_pipeline_add_stage_on(p, "x", &stage, &nothing, 1, nullptr, nullptr, e); }},
      {"add_windows: name", SQS_E_NULL, [&](auto e) { return sqs_pipeline_add_windows(p, nullptr, &named, e); }},
      {"add_windows: access", SQS_E_NULL, [&](auto e) { return sqs_pipeline_add_windows(p, "x", nullptr, e); }},
      {"add_windows: access.stage", SQS_E_NULL, [&](auto e) { return sqs_pipeline_add_windows(p, "x", &access, e); }},
      {"describe: stage", SQS_E_NULL, [&](auto e) { return sqs_pipeline_describe(p, nullptr, &info, e); }},
      {"describe: out", SQS_E_NULL, [&](auto e) { return sqs_pipeline_describe(p, "sum", nullptr, e); }},
      {"set_memory: frames", SQS_E_NULL, [&](auto e) { return sqs_pipeline_set_memory(p, nullptr, 4, nullptr, nullptr, e); }},
      {"set_reader: reader", SQS_E_NULL, [&](auto e) { return sqs_pipeline_set_reader(p, nullptr, nullptr, nullptr, e); }},
      {"set_reader: read", SQS_E_NULL, [&](auto e) { return sqs_pipeline_set_reader(p, &reader, nullptr, nullptr, e); }},
      {"push: frames", SQS_E_NULL, [&](auto e) { return sqs_pipeline_push_samples(p, nullptr, 4, e); }},
      {"input_create: out", SQS_E_NULL, [&](auto e) { return sqs_input_create(p, nullptr, e); }},
      {"configure: settings", SQS_E_NULL, [&](auto e) { return sqs_pipeline_configure(p, nullptr, e); }},
      {"settings: out", SQS_E_NULL, [&](auto e) { return sqs_pipeline_settings(p, nullptr, e); }},
      {"evaluate: target", SQS_E_NULL,
       [&](auto e) {
         Held<sqs_result> result;
         return sqs_pipeline_evaluate(p, nullptr, 0, SQS_END, result.out(), e);
       }},
      {"evaluate: out", SQS_E_NULL, [&](auto e) { return sqs_pipeline_evaluate(p, "sum", 0, SQS_END, nullptr, e); }},
      {"probe: targets", SQS_E_NULL, [&](auto e) { return sqs_pipeline_probe(p, nullptr, 1, e); }},
      {"probe: targets[0]", SQS_E_NULL, [&](auto e) { return sqs_pipeline_probe(p, &nothing, 1, e); }},
      {"verify: target", SQS_E_NULL, [&](auto e) { return sqs_pipeline_verify(p, nullptr, 0, SQS_END, e); }},
      {"plan: targets", SQS_E_NULL, [&](auto e) { return sqs_pipeline_plan(p, nullptr, 1, 0, SQS_END, 0, plan.out(), e); }},
      {"plan: targets[0]", SQS_E_NULL, [&](auto e) { return sqs_pipeline_plan(p, &nothing, 1, 0, SQS_END, 0, plan.out(), e); }},
      {"plan: out", SQS_E_NULL, [&](auto e) { return sqs_pipeline_plan(p, &input, 1, 0, SQS_END, 0, nullptr, e); }},
      {"run_create: out", SQS_E_NULL, [&](auto e) { return sqs_run_create(p, nullptr, e); }},
  });
  expect_ramp_sums(values_of(evaluate(p)));  // the pipeline is as before
}

TEST(Misuse, NullArgumentsOfOtherCalls) {
  const Zoo zoo;
  double buffer[1];
  expect_codes({
      {"input_push: frames", SQS_E_NULL, [&](auto e) { return sqs_input_push_samples(zoo.input, nullptr, 4, e); }},
      {"plan_info: out", SQS_E_NULL, [&](auto e) { return sqs_plan_info_get(zoo.plan, nullptr, e); }},
      {"add_array: target", SQS_E_NULL, [&](auto e) { return sqs_run_add_array(zoo.run, nullptr, nullptr, e); }},
      {"add_buffer: target", SQS_E_NULL,
       [&](auto e) { return sqs_run_add_buffer(zoo.run, nullptr, buffer, sizeof buffer, nullptr, e); }},
      {"add_buffer: data", SQS_E_NULL, [&](auto e) { return sqs_run_add_buffer(zoo.run, "sum", nullptr, 8, nullptr, e); }},
      {"add_callback: target", SQS_E_NULL,
       [&](auto e) {
         return sqs_run_add_callback(zoo.run, nullptr, [](void*, const sqs_view*, char*) { return 1; }, nullptr, nullptr, nullptr, e);
       }},
      {"add_callback: fn", SQS_E_NULL,
       [&](auto e) { return sqs_run_add_callback(zoo.run, "sum", nullptr, nullptr, nullptr, nullptr, e); }},
      {"add_pull: target", SQS_E_NULL, [&](auto e) { return sqs_run_add_pull(zoo.run, nullptr, SQS_ROW_ORDER, nullptr, e); }},
      {"pull: rows", SQS_E_NULL, [&](auto e) { return sqs_run_pull(zoo.run, SQS_ANY_TARGET, nullptr, nullptr, e); }},
      {"add_npy: target", SQS_E_NULL, [&](auto e) { return sqs_run_add_npy(zoo.run, nullptr, "x.npy", nullptr, e); }},
      {"add_npy: path", SQS_E_NULL, [&](auto e) { return sqs_run_add_npy(zoo.run, "sum", nullptr, nullptr, e); }},
      {"run_plan: out", SQS_E_NULL, [&](auto e) { return sqs_run_plan(zoo.run, nullptr, e); }},
      {"run_stats: out", SQS_E_NULL, [&](auto e) { return sqs_run_stats(zoo.run, nullptr, e); }},
      {"run_stage_stats: out", SQS_E_NULL, [&](auto e) { return sqs_run_stage_stats(zoo.run, 0, nullptr, e); }},
      {"run_digest: out", SQS_E_NULL, [&](auto e) { return sqs_run_digest(zoo.run, 0, nullptr, e); }},
      {"take_result: out", SQS_E_NULL, [&](auto e) { return sqs_run_take_result(zoo.run, 0, nullptr, e); }},
      {"result_view: out", SQS_E_NULL, [&](auto e) { return sqs_result_view(zoo.result, nullptr, e); }},
      {"result_row_time: out", SQS_E_NULL, [&](auto e) { return sqs_result_row_time(zoo.result, 0, nullptr, e); }},
      {"result_digest: out", SQS_E_NULL, [&](auto e) { return sqs_result_digest(zoo.result, nullptr, e); }},
      {"result_stats: out", SQS_E_NULL, [&](auto e) { return sqs_result_stats(zoo.result, nullptr, e); }},
  });
}

TEST(Misuse, NothingToPushIsNoNullPointer) {
  const Held<sqs_pipeline> p = make_pipeline();
  EXPECT_TRUE(succeeds([&](auto e) { return sqs_pipeline_push_samples(p, nullptr, 0, e); }));
  EXPECT_TRUE(succeeds([&](auto e) { return sqs_pipeline_set_memory(p, nullptr, 0, nullptr, nullptr, e); }));
}

TEST(Misuse, CallsWithoutHandle) {
  EXPECT_EQ(sqs_format_init(nullptr, sizeof(sqs_format)), SQS_E_NULL);
  EXPECT_EQ(sqs_access_init(nullptr, sizeof(sqs_access)), SQS_E_NULL);
  EXPECT_EQ(sqs_stage_init(nullptr, sizeof(sqs_stage)), SQS_E_NULL);
  EXPECT_EQ(sqs_reader_init(nullptr, sizeof(sqs_reader)), SQS_E_NULL);
  EXPECT_EQ(sqs_settings_init(nullptr, sizeof(sqs_settings)), SQS_E_NULL);
  for (const int32_t code : {-1000, -25, 4, 1000}) EXPECT_STREQ(sqs_status_name(code), "unknown status");
  for (const int32_t dtype : {-1, 0, 13, 1 << 20}) {
    EXPECT_STREQ(sqs_dtype_name(dtype), "unknown dtype");
    EXPECT_EQ(sqs_dtype_bytes(dtype), 0u);
  }
  EXPECT_STREQ(sqs_dtype_name(SQS_C128), "c128");
  EXPECT_EQ(sqs_dtype_bytes(SQS_C128), 16u);
  EXPECT_EQ(sqs_abi_version(), static_cast<uint32_t>(SQS_ABI_VERSION));
  EXPECT_STREQ(sqs_version(), SQS_TEST_VERSION);
  for (int32_t code = SQS_E_INTERNAL; code < 0; ++code) EXPECT_EQ(std::string(sqs_status_name(code)).rfind("SQS_E_", 0), 0u) << code;
}

TEST(Misuse, ErrorObjectsOfOtherLibraries) {
  HeldError error;
  EXPECT_EQ(sqs_error_create(SQS_E_STAGE, "fft", 12, "a sentence", error.out()), SQS_E_STAGE);
  EXPECT_EQ(sqs_error_code(error), SQS_E_STAGE);
  EXPECT_STREQ(sqs_error_stage(error), "fft");
  EXPECT_STREQ(sqs_error_message(error), "a sentence");
  EXPECT_EQ(sqs_error_row(error), 12u);
  EXPECT_EQ(sqs_error_create(SQS_E_IO, nullptr, SQS_NONE, nullptr, error.out()), SQS_E_IO);
  EXPECT_STREQ(sqs_error_stage(error), "");
  EXPECT_STREQ(sqs_error_message(error), "");
  EXPECT_EQ(sqs_error_row(error), SQS_NONE);
  EXPECT_EQ(sqs_error_create(SQS_E_IO, "x", 1, "y", nullptr), SQS_E_IO);
  EXPECT_EQ(sqs_error_create(SQS_OK, "x", 1, "y", error.out()), SQS_E_INVALID);
  EXPECT_EQ(sqs_error_code(error), SQS_E_INVALID);
}

}  // namespace
