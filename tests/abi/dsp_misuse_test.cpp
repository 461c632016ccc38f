// Misuse of libsqrtspace-dsp gives a code, not a crash, and leaves no file open: every function with a NULL, destroyed, foreign
// or made-up handle, and with each of its other pointers NULL.
#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <set>

#include "dsp_calls.hpp"
#include "fixture.hpp"
#include "sqrtspace/dsp.h"
#include "zoo.hpp"

namespace {

using namespace border;

TEST(DspMisuse, TheTableIsComplete) {
  std::set<std::string> exported;
  std::ifstream file(SQS_ABI_TEST_DIR "/exports_dsp.txt");
  ASSERT_TRUE(file) << "no exports_dsp.txt";
  for (std::string name; std::getline(file, name);) exported.insert(name);
  std::set<std::string> tested(dsp_calls_without_handle().begin(), dsp_calls_without_handle().end());
  for (const HandleCall& call : dsp_handle_calls()) tested.insert(call.name);
  EXPECT_EQ(tested, exported);
}

// Or that they are refused would say nothing.
TEST(DspMisuse, TheCallsOfTheTableSucceedOnALiveHandle) {
  for (const HandleCall& call : dsp_handle_calls()) {
    const Held<sqs_pipeline> p = make_pipeline();
    EXPECT_TRUE(succeeds([&](auto e) { return call.status(static_cast<sqs_pipeline*>(p), nullptr, nullptr, e); })) << call.name;
  }
}

TEST(DspMisuse, NullHandles) {
  for (const HandleCall& call : dsp_handle_calls()) expect_refused(call, nullptr, SQS_E_NULL);
}

TEST(DspMisuse, DestroyedHandles) {
  std::vector<void*> destroyed;
  {
    const Zoo zoo;
    for (const HandleKind kind : kKinds) destroyed.push_back(zoo.handle(kind));
  }
  const std::size_t files = open_files();
  for (const HandleCall& call : dsp_handle_calls())
    for (void* const handle : destroyed) expect_refused(call, handle, SQS_E_HANDLE);
  const Zoo later;  // takes the places of the former objects
  for (const HandleCall& call : dsp_handle_calls())
    for (void* const handle : destroyed) expect_refused(call, handle, SQS_E_HANDLE);
  EXPECT_EQ(open_files(), files);
}

TEST(DspMisuse, HandlesOfAnotherType) {
  const Zoo zoo;
  for (const HandleCall& call : dsp_handle_calls())
    for (const HandleKind kind : kKinds)
      if (kind != call.kind) expect_refused(call, zoo.handle(kind), SQS_E_HANDLE);
  EXPECT_EQ(values_of(zoo.result).size(), kRampRows);
}

TEST(DspMisuse, MadeUpHandles) {
  const Zoo zoo;
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  int on_stack = 0;
  const auto live = reinterpret_cast<uint64_t>(zoo.handle(HandleKind::Pipeline));
  std::vector<uint64_t> tokens = {1, 8, UINT64_MAX, reinterpret_cast<uint64_t>(&on_stack), live + (uint64_t{1} << 32)};
  for (int i = 0; i < 20; ++i) tokens.push_back(random());
  for (const HandleCall& call : dsp_handle_calls()) {
    for (const uint64_t token : tokens) {
      bool is_live = false;
      for (const HandleKind kind : kKinds) is_live = is_live || token == reinterpret_cast<uint64_t>(zoo.handle(kind));
      if (!is_live) expect_refused(call, reinterpret_cast<void*>(token), SQS_E_HANDLE);
    }
  }
}

TEST(DspMisuse, TellsOfTheHandleAndNotOfTheInput) {
  sqs_pipeline* gone = nullptr;
  {
    const Held<sqs_pipeline> p = make_pipeline();
    gone = p;
  }
  const Outcome outcome = outcome_of([&](auto e) { return sqs_dsp_add_on(gone, "argmax", "s", "input", nullptr, e); });
  EXPECT_EQ(outcome.stage, "s");
  EXPECT_EQ(outcome.message.find("can't read"), std::string::npos) << outcome.message;
}

// ---------------------------------------------------------------- other pointers

TEST(DspMisuse, NullArguments) {
  const Held<sqs_pipeline> p = make_ready_pipeline();
  sqs_access access, named;
  sqs_access_init(&access, sizeof access);
  sqs_access_init(&named, sizeof named);
  named.stage = "input";
  sqs_file_info info = {};
  info.struct_size = sizeof info;
  const char* const path = ramp_file().c_str();
  const std::size_t files = open_files();
  EXPECT_TRUE(fails(SQS_E_NULL, [&](auto e) { return sqs_dsp_add(p, nullptr, "s", &named, 1, nullptr, e); }));
  EXPECT_TRUE(fails(SQS_E_NULL, [&](auto e) { return sqs_dsp_add(p, "argmax", nullptr, &named, 1, nullptr, e); }));
  EXPECT_TRUE(fails(SQS_E_NULL, [&](auto e) { return sqs_dsp_add(p, "argmax", "s", nullptr, 1, nullptr, e); }));
  EXPECT_TRUE(fails(SQS_E_NULL, [&](auto e) { return sqs_dsp_add(p, "argmax", "s", &access, 1, nullptr, e); }));
  EXPECT_TRUE(fails(SQS_E_GRAPH, [&](auto e) { return sqs_dsp_add(p, "argmax", "s", nullptr, 0, nullptr, e); })) << "no accesses";
  EXPECT_TRUE(fails(SQS_E_NULL, [&](auto e) { return sqs_dsp_add_on(p, nullptr, "s", "input", nullptr, e); }));
  EXPECT_TRUE(fails(SQS_E_NULL, [&](auto e) { return sqs_dsp_add_on(p, "argmax", nullptr, "input", nullptr, e); }));
  EXPECT_TRUE(fails(SQS_E_NULL, [&](auto e) { return sqs_dsp_add_on(p, "argmax", "s", nullptr, nullptr, e); }));
  EXPECT_TRUE(fails(SQS_E_NULL, [&](auto e) { return sqs_dsp_set_file(p, nullptr, kRampOptions, e); }));
  EXPECT_TRUE(fails(SQS_E_NULL, [&](auto e) { return sqs_dsp_file_info(nullptr, kRampOptions, &info, e); }));
  EXPECT_TRUE(fails(SQS_E_NULL, [&](auto e) { return sqs_dsp_file_info(path, kRampOptions, nullptr, e); }));
  EXPECT_EQ(sqs_dsp_type_get(0, nullptr), SQS_E_NULL);
  EXPECT_EQ(sqs_dsp_param_get(0, 0, nullptr), SQS_E_NULL);
  EXPECT_EQ(open_files(), files);
  expect_ramp_sums(values_of(evaluate(p)));  // the pipeline is as before
}

// Without an error object the code is the same; options that are NULL are none.
TEST(DspMisuse, NullErrorsAndOptions) {
  const Held<sqs_pipeline> p = make_pipeline();
  EXPECT_EQ(sqs_dsp_add_on(p, "argmax", "s", nullptr, nullptr, nullptr), SQS_E_NULL);
  EXPECT_EQ(sqs_dsp_add_on(p, "argmax", "s", "input", nullptr, nullptr), SQS_OK);
  EXPECT_EQ(sqs_dsp_set_file(p, ramp_file().c_str(), nullptr, nullptr), SQS_E_INVALID) << "a raw file has no dtype of its own";
  EXPECT_EQ(sqs_dsp_file_info(ramp_file().c_str(), nullptr, nullptr, nullptr), SQS_E_NULL);
}

TEST(DspMisuse, StructSizes) {
  sqs_file_info info = {};
  for (const uint32_t size : {0u, 8u, static_cast<uint32_t>(sizeof info) - 1, 1u << 30}) {
    info.struct_size = size;
    EXPECT_TRUE(fails(SQS_E_ABI, [&](auto e) { return sqs_dsp_file_info(ramp_file().c_str(), kRampOptions, &info, e); })) << size;
  }
  struct Longer {
    sqs_file_info info;
    uint64_t tail;
  } longer = {};
  longer.info.struct_size = sizeof longer;
  longer.tail = 7;
  ASSERT_TRUE(succeeds([&](auto e) { return sqs_dsp_file_info(ramp_file().c_str(), kRampOptions, &longer.info, e); }));
  EXPECT_EQ(longer.info.frame_count, 20u);
  EXPECT_EQ(longer.tail, 0u) << "what this library does not know is zeroed";
}

}  // namespace
