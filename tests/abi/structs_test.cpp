// Sized structs, from both sides of time: a caller with an older header, one with a newer one, and what structs may say.
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "fixture.hpp"

namespace {

using namespace border;

// A struct with room behind it, as a newer header would declare.
template <class Struct>
class Longer {
 public:
  static constexpr uint32_t kMore = 16;
  explicit Longer(const Struct& value) : bytes_(sizeof(Struct) + kMore + kMore) {
    std::memcpy(bytes_.data(), &value, sizeof value);
    set_size(sizeof(Struct) + kMore);
  }
  Struct* get() { return reinterpret_cast<Struct*>(bytes_.data()); }
  void set_size(uint32_t struct_size) { std::memcpy(bytes_.data(), &struct_size, sizeof struct_size); }
  unsigned char& tail(uint32_t i) { return bytes_[sizeof(Struct) + i]; }

 private:
  std::vector<unsigned char> bytes_;
};

// Calls with a struct of the right size, too small ones, too large ones, and longer ones; `good` can be used repeatedly.
template <class Struct, class Call>
void expect_sized_input(const char* type, const Struct& good, Call call) {
  SCOPED_TRACE(type);
  const auto call_with = [&](Struct* value) { return [&call, value](sqs_error** e) { return call(value, e); }; };

  Longer<Struct> longer(good);
  EXPECT_TRUE(succeeds(call_with(longer.get()))) << "a newer caller that uses nothing new";
  longer.tail(Longer<Struct>::kMore) = 1;
  EXPECT_TRUE(succeeds(call_with(longer.get()))) << "bytes behind the struct are nobody's business";
  for (const uint32_t set : {0u, Longer<Struct>::kMore - 1}) {
    Longer<Struct> unknown(good);
    unknown.tail(set) = 1;
    const Outcome outcome = outcome_of(call_with(unknown.get()));
    EXPECT_EQ(outcome.status, SQS_E_ABI) << "a newer caller that uses something new";
    EXPECT_NE(outcome.message.find(type), std::string::npos) << outcome.message;
  }
  for (const uint32_t size : {0u, 4u, static_cast<uint32_t>(sizeof(Struct)) - 1}) {
    Struct small = good;
    small.struct_size = size;
    const Outcome outcome = outcome_of(call_with(&small));
    EXPECT_EQ(outcome.status, SQS_E_ABI) << size;
    EXPECT_EQ(outcome.code, SQS_E_ABI);
    for (const std::string& part : {std::string(type), std::to_string(size), std::to_string(sizeof(Struct))})
      EXPECT_NE(outcome.message.find(part), std::string::npos) << part << " is not in: " << outcome.message;
  }
  for (const uint32_t size : {4097u, 0xCCCCCCCCu, UINT32_MAX}) {
    Struct wild = good;
    wild.struct_size = size;
    EXPECT_TRUE(fails(SQS_E_ABI, call_with(&wild))) << size;
  }
}

template <class Struct, class Call>
void expect_sized_output(const char* type, Call call) {
  SCOPED_TRACE(type);
  const auto call_with = [&](Struct* value) { return [&call, value](sqs_error** e) { return call(value, e); }; };

  Struct expected;
  std::memset(static_cast<void*>(&expected), 0, sizeof expected);
  expected.struct_size = sizeof expected;
  ASSERT_TRUE(succeeds(call_with(&expected)));
  EXPECT_EQ(expected.struct_size, sizeof expected);

  Struct noise;
  std::memset(static_cast<void*>(&noise), 0xA5, sizeof noise);
  Longer<Struct> longer(noise);
  for (uint32_t i = 0; i < 2 * Longer<Struct>::kMore; ++i) longer.tail(i) = 0x5A;
  ASSERT_TRUE(succeeds(call_with(longer.get())));
  EXPECT_EQ(longer.get()->struct_size, sizeof(Struct) + Longer<Struct>::kMore) << "struct_size is the caller's";
  longer.get()->struct_size = sizeof(Struct);
  EXPECT_EQ(std::memcmp(longer.get(), &expected, sizeof expected), 0) << "what is known is filled, padding included";
  for (uint32_t i = 0; i < Longer<Struct>::kMore; ++i) EXPECT_EQ(longer.tail(i), 0) << "what is not known reads as zero";
  for (uint32_t i = 0; i < Longer<Struct>::kMore; ++i)
    EXPECT_EQ(longer.tail(Longer<Struct>::kMore + i), 0x5A) << "what is behind struct_size is not touched";

  for (const uint32_t size : {0u, 4u, static_cast<uint32_t>(sizeof(Struct)) - 1, 4097u, UINT32_MAX}) {
    Struct wrong = noise;
    wrong.struct_size = size;
    const Struct before = wrong;
    EXPECT_TRUE(fails(SQS_E_ABI, call_with(&wrong))) << size;
    EXPECT_EQ(std::memcmp(&wrong, &before, sizeof wrong), 0) << "nothing is written on failure";
  }
}

// ---------------------------------------------------------------- every struct

TEST(Structs, Format) {
  expect_sized_input("sqs_format", small_format(), [](sqs_format* format, sqs_error** e) {
    Held<sqs_pipeline> pipeline;
    return sqs_pipeline_create(format, pipeline.out(), e);
  });
}

TEST(Structs, Stage) {
  const char* const input = "input";
  expect_sized_input("sqs_stage", sum_stage(), [&](sqs_stage* stage, sqs_error** e) {
    const Held<sqs_pipeline> pipeline = make_pipeline();
    return sqs_pipeline_add_stage_on(pipeline, "x", stage, &input, 1, nullptr, nullptr, e);
  });
  expect_sized_input("sqs_stage", sum_stage(), [&](sqs_stage* stage, sqs_error** e) {
    const Held<sqs_pipeline> pipeline = make_pipeline();
    sqs_access access;
    sqs_access_init(&access, sizeof access);
    access.stage = input;
    return sqs_pipeline_add_stage(pipeline, "x", stage, &access, 1, nullptr, nullptr, e);
  });
}

sqs_access access_of(const char* stage) {
  sqs_access access;
  sqs_access_init(&access, sizeof access);
  access.stage = stage;
  return access;
}

TEST(Structs, Access) {
  expect_sized_input("sqs_access", access_of("input"), [](sqs_access* access, sqs_error** e) {
    const Held<sqs_pipeline> pipeline = make_pipeline();
    const sqs_stage stage = sum_stage();
    return sqs_pipeline_add_stage(pipeline, "x", &stage, access, 1, nullptr, nullptr, e);
  });
  expect_sized_input("sqs_access", access_of("input"), [](sqs_access* access, sqs_error** e) {
    const Held<sqs_pipeline> pipeline = make_pipeline();
    return sqs_pipeline_add_windows(pipeline, "x", access, e);
  });
}

// Two inputs whose sum tells which stages they were.
int64_t first_minus_second(void*, sqs_call* call) {
  for (uint64_t t = 0; t < call->rows; ++t) {
    const auto at = [&](const sqs_view& view) {
      return *reinterpret_cast<double*>(static_cast<char*>(view.data) + static_cast<int64_t>(t) * view.strides[0]);
    };
    *reinterpret_cast<double*>(static_cast<char*>(call->output.data) + static_cast<int64_t>(t) * call->output.strides[0]) =
        at(call->inputs[0]) - at(call->inputs[1]);
  }
  return static_cast<int64_t>(call->rows);
}

TEST(Structs, AccessesLieAsFarApartAsTheFirstOneSays) {
  struct NewerAccess {
    sqs_access known;
    uint64_t more[2];
  };
  const Held<sqs_pipeline> pipeline = make_ready_pipeline();
  sqs_stage twice = sum_stage();
  twice.process = [](void*, sqs_call* call) {
    const int64_t rows = sum_window(nullptr, call);
    for (uint64_t t = 0; t < call->rows; ++t)
      *reinterpret_cast<double*>(static_cast<char*>(call->output.data) + static_cast<int64_t>(t) * call->output.strides[0]) *= 2;
    return rows;
  };
  add_stage(pipeline, "twice", twice);
  sqs_stage stage = sum_stage();
  stage.process = first_minus_second;
  NewerAccess accesses[2] = {{access_of("twice"), {0, 0}}, {access_of("sum"), {0, 0}}};
  for (NewerAccess& access : accesses) access.known.struct_size = sizeof access;
  ASSERT_TRUE(succeeds([&](sqs_error** e) {
    return sqs_pipeline_add_stage(pipeline, "difference", &stage, &accesses[0].known, 2, nullptr, nullptr, e);
  }));
  expect_ramp_sums(values_of(evaluate(pipeline, "difference")));

  accesses[1].known.struct_size = sizeof(sqs_access);
  EXPECT_TRUE(fails(SQS_E_ABI, [&](sqs_error** e) {
    return sqs_pipeline_add_stage(pipeline, "mixed", &stage, &accesses[0].known, 2, nullptr, nullptr, e);
  }));
  accesses[1].known.struct_size = sizeof(NewerAccess);
  accesses[1].more[1] = 1;
  EXPECT_TRUE(fails(SQS_E_ABI, [&](sqs_error** e) {
    return sqs_pipeline_add_stage(pipeline, "newer", &stage, &accesses[0].known, 2, nullptr, nullptr, e);
  }));
}

int64_t read_zeros(void*, uint64_t, uint64_t frames, void* dst, char*) {
  std::memset(dst, 0, frames * sizeof(double));
  return static_cast<int64_t>(frames);
}

TEST(Structs, Reader) {
  sqs_reader reader;
  sqs_reader_init(&reader, sizeof reader);
  reader.frame_count = 100;
  reader.read = read_zeros;
  const Held<sqs_pipeline> pipeline = make_pipeline();
  expect_sized_input("sqs_reader", reader, [&](sqs_reader* taken, sqs_error** e) {
    return sqs_pipeline_set_reader(pipeline, taken, nullptr, nullptr, e);
  });
}

TEST(Structs, Settings) {
  sqs_settings settings;
  sqs_settings_init(&settings, sizeof settings);
  settings.mode = SQS_CLASSIC;
  const Held<sqs_pipeline> pipeline = make_pipeline();
  expect_sized_input("sqs_settings", settings, [&](sqs_settings* taken, sqs_error** e) {
    return sqs_pipeline_configure(pipeline, taken, e);
  });
  expect_sized_output<sqs_settings>("sqs_settings", [&](sqs_settings* out, sqs_error** e) {
    return sqs_pipeline_settings(pipeline, out, e);
  });
  settings = {};
  settings.struct_size = sizeof settings;
  ASSERT_TRUE(succeeds([&](sqs_error** e) { return sqs_pipeline_settings(pipeline, &settings, e); }));
  EXPECT_EQ(settings.mode, SQS_CLASSIC);
  EXPECT_EQ(settings.threads, 1u) << "0 means 1";
}

TEST(Structs, StageInfo) {
  const Held<sqs_pipeline> pipeline = make_ready_pipeline();
  expect_sized_output<sqs_stage_info>("sqs_stage_info", [&](sqs_stage_info* out, sqs_error** e) {
    return sqs_pipeline_describe(pipeline, "input", out, e);
  });
}

TEST(Structs, PlanInfo) {
  const Held<sqs_pipeline> pipeline = make_ready_pipeline();
  const char* const sum = "sum";
  Held<sqs_plan> plan;
  ASSERT_TRUE(succeeds([&](sqs_error** e) { return sqs_pipeline_plan(pipeline, &sum, 1, 0, SQS_END, 0, plan.out(), e); }));
  expect_sized_output<sqs_plan_info>("sqs_plan_info", [&](sqs_plan_info* out, sqs_error** e) {
    return sqs_plan_info_get(plan, out, e);
  });
}

TEST(Structs, StatsOfARun) {
  const Held<sqs_pipeline> pipeline = make_ready_pipeline();
  const Held<sqs_run> run = open_run(pipeline);
  ASSERT_TRUE(succeeds([&](sqs_error** e) { return sqs_run_add_array(run, "sum", nullptr, e); }));
  ASSERT_TRUE(succeeds([&](sqs_error** e) { return sqs_run_execute(run, e); }));
  expect_sized_output<sqs_stats>("sqs_stats", [&](sqs_stats* out, sqs_error** e) { return sqs_run_stats(run, out, e); });
  expect_sized_output<sqs_stage_stats>("sqs_stage_stats", [&](sqs_stage_stats* out, sqs_error** e) {
    return sqs_run_stage_stats(run, 0, out, e);
  });
}

TEST(Structs, ViewAndStatsOfAResult) {
  const Held<sqs_pipeline> pipeline = make_ready_pipeline();
  const Held<sqs_result> result = evaluate(pipeline);
  expect_sized_output<sqs_view>("sqs_view", [&](sqs_view* out, sqs_error** e) { return sqs_result_view(result, out, e); });
  expect_sized_output<sqs_stats>("sqs_stats", [&](sqs_stats* out, sqs_error** e) { return sqs_result_stats(result, out, e); });
}

// ---------------------------------------------------------------- what the library hands out

struct Seen {
  std::vector<uint32_t> call_sizes, view_sizes, rows_sizes;
};

TEST(Structs, WhatCallbacksGetSaysItsSize) {
  Seen seen;
  sqs_stage stage = sum_stage();
  stage.process = [](void* user, sqs_call* call) {
    static_cast<Seen*>(user)->call_sizes.push_back(call->struct_size);
    static_cast<Seen*>(user)->view_sizes.push_back(call->inputs[0].struct_size);
    static_cast<Seen*>(user)->view_sizes.push_back(call->output.struct_size);
    return sum_window(nullptr, call);
  };
  const Held<sqs_pipeline> pipeline = make_ready_pipeline();
  add_stage(pipeline, "seen", stage, &seen);
  const Held<sqs_run> run = open_run(pipeline);
  ASSERT_TRUE(succeeds([&](sqs_error** e) {
    return sqs_run_add_callback(run, "seen", [](void* user, const sqs_view* rows, char*) {
      static_cast<Seen*>(user)->rows_sizes.push_back(rows->struct_size);
      return 1;
    }, &seen, nullptr, nullptr, e);
  }));
  ASSERT_TRUE(succeeds([&](sqs_error** e) { return sqs_run_execute(run, e); }));
  ASSERT_FALSE(seen.call_sizes.empty());
  ASSERT_FALSE(seen.rows_sizes.empty());
  for (const uint32_t size : seen.call_sizes) EXPECT_EQ(size, sizeof(sqs_call));
  for (const uint32_t size : seen.view_sizes) EXPECT_EQ(size, sizeof(sqs_view));
  for (const uint32_t size : seen.rows_sizes) EXPECT_EQ(size, sizeof(sqs_view));
}

// ---------------------------------------------------------------- init

template <class Struct>
void expect_init(int32_t (*init)(Struct*, uint64_t)) {
  constexpr uint64_t kMore = 32;
  std::vector<unsigned char> bytes(sizeof(Struct) + kMore + 1, 0xEE);
  auto* const at = reinterpret_cast<Struct*>(bytes.data());
  EXPECT_EQ(init(at, sizeof(Struct) - 1), SQS_E_ABI);
  EXPECT_EQ(init(at, 0), SQS_E_ABI);
  EXPECT_EQ(init(at, 4097), SQS_E_ABI);
  EXPECT_EQ(init(at, UINT64_MAX), SQS_E_ABI);
  EXPECT_EQ(bytes[0], 0xEE) << "a refused init writes nothing";
  for (const uint64_t size : {uint64_t{sizeof(Struct)}, sizeof(Struct) + kMore}) {
    std::fill(bytes.begin(), bytes.end(), static_cast<unsigned char>(0xEE));
    EXPECT_EQ(init(at, size), SQS_OK);
    EXPECT_EQ(at->struct_size, size);
    for (uint64_t i = sizeof(uint32_t); i < size; ++i) EXPECT_EQ(bytes[i], 0) << i;
    EXPECT_EQ(bytes[size], 0xEE);
  }
}

TEST(Structs, InitZeroFills) {
  expect_init(sqs_format_init);
  expect_init(sqs_access_init);
  expect_init(sqs_stage_init);
  expect_init(sqs_reader_init);
  expect_init(sqs_settings_init);
}

}  // namespace
