// Arguments out of their range: each is refused with the documented code and a sentence that names it and its value, and leaves
// the pipeline as it was.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "fixture.hpp"

namespace {

using namespace border;

// The outcome must have the code and name every part.
void expect_refusal(int32_t code, const std::vector<std::string>& parts, const std::function<int32_t(sqs_error**)>& call) {
  const Outcome outcome = outcome_of(call);
  EXPECT_EQ(outcome.status, code) << sqs_status_name(outcome.status) << ": " << outcome.message;
  EXPECT_EQ(outcome.code, code);
  for (const std::string& part : parts)
    EXPECT_NE(outcome.message.find(part), std::string::npos) << "'" << part << "' is not in: " << outcome.message;
}

class Arguments : public testing::Test {
 protected:
  void TearDown() override { expect_ramp_sums(values_of(evaluate(pipeline))); }

  void refuse_stage(int32_t code, const std::vector<std::string>& parts, const std::function<void(sqs_stage&)>& change) {
    sqs_stage stage = sum_stage();
    change(stage);
    const char* const input = "input";
    expect_refusal(code, parts, [&](sqs_error** e) {
      return sqs_pipeline_add_stage_on(pipeline, "bad one", &stage, &input, 1, nullptr, nullptr, e);
    });
  }
  void refuse_access(int32_t code, const std::vector<std::string>& parts, const std::function<void(sqs_access&)>& change) {
    sqs_access access;
    sqs_access_init(&access, sizeof access);
    access.stage = "input";
    change(access);
    const sqs_stage stage = sum_stage();
    expect_refusal(code, parts, [&](sqs_error** e) {
      return sqs_pipeline_add_stage(pipeline, "bad one", &stage, &access, 1, nullptr, nullptr, e);
    });
    expect_refusal(code, {}, [&](sqs_error** e) { return sqs_pipeline_add_windows(pipeline, "bad one", &access, e); });
  }
  void refuse_format(const std::vector<std::string>& parts, const std::function<void(sqs_format&)>& change) {
    sqs_format format = small_format();
    change(format);
    expect_refusal(SQS_E_INVALID, parts, [&](sqs_error** e) {
      Held<sqs_pipeline> made;
      const int32_t status = sqs_pipeline_create(&format, made.out(), e);
      EXPECT_EQ(static_cast<sqs_pipeline*>(made), nullptr);
      return status;
    });
  }
  void refuse_settings(const std::vector<std::string>& parts, const std::function<void(sqs_settings&)>& change) {
    sqs_settings settings;
    sqs_settings_init(&settings, sizeof settings);
    change(settings);
    expect_refusal(SQS_E_INVALID, parts, [&](sqs_error** e) { return sqs_pipeline_configure(pipeline, &settings, e); });
  }
  void refuse_name(const char* name) {
    const char* const input = "input";
    const sqs_stage stage = sum_stage();
    EXPECT_TRUE(fails(SQS_E_NAME, [&](sqs_error** e) {
      return sqs_pipeline_add_stage_on(pipeline, name, &stage, &input, 1, nullptr, nullptr, e);
    })) << testing::PrintToString(name);
  }

  Held<sqs_pipeline> pipeline = make_ready_pipeline();
};

TEST_F(Arguments, Format) {
  for (const int32_t dtype : {0, -1, 13}) refuse_format({"dtype", std::to_string(dtype)}, [&](auto& f) { f.dtype = dtype; });
  for (const double rate : {-1.0, std::numeric_limits<double>::infinity(), std::nan("")})
    refuse_format({"sample_rate"}, [&](auto& f) { f.sample_rate = rate; });
  for (const int32_t pad : {-1, 2}) refuse_format({"pad_end", std::to_string(pad)}, [&](auto& f) { f.pad_end = pad; });
  refuse_format({"reserved", "5"}, [](auto& f) { f.reserved = 5; });
  refuse_format({"window", "0"}, [](auto& f) { f.window = 0; });
  refuse_format({"hop", "0"}, [](auto& f) { f.hop = 0; });
}

TEST_F(Arguments, StageCodes) {
  for (const int32_t kind : {0, -1, 4}) refuse_stage(SQS_E_INVALID, {"bad one", "kind", std::to_string(kind)}, [&](auto& s) { s.kind = kind; });
  for (const int32_t v : {-1, 2}) refuse_stage(SQS_E_INVALID, {"bad one", "direction", std::to_string(v)}, [&](auto& s) { s.direction = v; });
  for (const int32_t v : {-1, 3}) refuse_stage(SQS_E_INVALID, {"bad one", "threading", std::to_string(v)}, [&](auto& s) { s.threading = v; });
  for (const int32_t v : {-1, 2}) refuse_stage(SQS_E_INVALID, {"bad one", "purity", std::to_string(v)}, [&](auto& s) { s.purity = v; });
  for (const int32_t v : {0, -1, 13}) refuse_stage(SQS_E_GRAPH, {"bad one", "dtype", std::to_string(v)}, [&](auto& s) { s.dtype = v; });
  for (const int32_t v : {-1, 5}) refuse_stage(SQS_E_INVALID, {"bad one", "extend_edge", std::to_string(v)}, [&](auto& s) { s.extend_edge = v; });
  for (const int32_t v : {-1, 7}) refuse_stage(SQS_E_GRAPH, {"bad one", "ndim", std::to_string(v)}, [&](auto& s) { s.ndim = v; });
  for (const int64_t v : {int64_t{0}, int64_t{-3}, INT64_MIN})
    refuse_stage(SQS_E_GRAPH, {"bad one", "shape[1]", std::to_string(v)}, [&](auto& s) {
      s.ndim = 2;
      s.shape[0] = 4;
      s.shape[1] = v;
    });
  for (const double v : {-1.0, std::nan("")}) refuse_stage(SQS_E_INVALID, {"bad one", "cost_ns_per_row"}, [&](auto& s) { s.cost_ns_per_row = v; });
}

TEST_F(Arguments, StageCallbacks) {
  refuse_stage(SQS_E_INVALID, {"bad one", "finish"}, [](auto& s) { s.finish = [](void*, sqs_call*) { return 1; }; });
  refuse_stage(SQS_E_INVALID, {"bad one", "finish"}, [](auto& s) { s.kind = SQS_REDUCE; });
  refuse_stage(SQS_E_INVALID, {"bad one", "save", "restore"}, [](auto& s) {
    s.kind = SQS_SCAN;
    s.state_bytes = s.saved_bytes = 8;
    s.save = [](void*, const void*, void*, uint64_t, uint64_t*) { return 1; };
  });
}

TEST_F(Arguments, TheErrorNamesTheStage) {
  sqs_stage stage = sum_stage();
  stage.kind = 9;
  const char* const input = "input";
  const Outcome outcome = outcome_of([&](sqs_error** e) {
    return sqs_pipeline_add_stage_on(pipeline, "bad one", &stage, &input, 1, nullptr, nullptr, e);
  });
  EXPECT_EQ(outcome.stage, "bad one");
  EXPECT_EQ(outcome.row, SQS_NONE);
}

TEST_F(Arguments, Access) {
  for (const int32_t v : {-1, 5}) refuse_access(SQS_E_INVALID, {"accesses[0].edge", std::to_string(v)}, [&](auto& a) { a.edge = v; });
  for (const int32_t v : {-1, 2})
    refuse_access(SQS_E_INVALID, {"accesses[0].has_offset", std::to_string(v)}, [&](auto& a) { a.has_offset = v; });
  refuse_access(SQS_E_INVALID, {"accesses[0].reserved", "9"}, [](auto& a) { a.reserved = 9; });
  refuse_access(SQS_E_NAME, {"nowhere"}, [](auto& a) { a.stage = "nowhere"; });
}

TEST_F(Arguments, AStageReadsAtLeastOneInput) {
  const sqs_stage stage = sum_stage();
  EXPECT_TRUE(fails(SQS_E_INVALID, [&](sqs_error** e) {
    return sqs_pipeline_add_stage(pipeline, "x", &stage, nullptr, 0, nullptr, nullptr, e);
  }));
  EXPECT_TRUE(fails(SQS_E_INVALID, [&](sqs_error** e) {
    return sqs_pipeline_add_stage_on(pipeline, "x", &stage, nullptr, 0, nullptr, nullptr, e);
  }));
}

TEST_F(Arguments, Names) {
  for (const char* const name : {"", "a\nb", "tab\t", "\x1b[0m", "\x7f", "\xff", "\xc0\x80", "\xed\xa0\x80", "\xe2\x82", "frames", "input", "sum"})
    refuse_name(name);
  const char* const input = "input";
  const sqs_stage stage = sum_stage();
  for (const char* const name : {"größe", "窓", "emoji \xf0\x9f\x98\x80", "with space", "-"}) {
    EXPECT_TRUE(succeeds([&](sqs_error** e) {
      return sqs_pipeline_add_stage_on(pipeline, name, &stage, &input, 1, nullptr, nullptr, e);
    })) << name;
    expect_ramp_sums(values_of(evaluate(pipeline, name)));
  }
}

TEST_F(Arguments, NamesAreCopied) {
  char name[] = "copied";
  char input[] = "input";
  const char* const inputs[] = {input};
  const sqs_stage stage = sum_stage();
  ASSERT_TRUE(succeeds([&](sqs_error** e) {
    return sqs_pipeline_add_stage_on(pipeline, name, &stage, inputs, 1, nullptr, nullptr, e);
  }));
  name[0] = input[0] = 'X';
  expect_ramp_sums(values_of(evaluate(pipeline, "copied")));
}

TEST_F(Arguments, Settings) {
  for (const int32_t v : {-1, 3}) refuse_settings({"mode", std::to_string(v)}, [&](auto& s) { s.mode = v; });
  refuse_settings({"flags", "1"}, [](auto& s) { s.flags = 1; });
}

TEST_F(Arguments, Reader) {
  sqs_reader reader;
  sqs_reader_init(&reader, sizeof reader);
  reader.frame_count = 4;
  reader.read = [](void*, uint64_t, uint64_t frames, void*, char*) { return static_cast<int64_t>(frames); };
  const auto set = [&](sqs_error** e) { return sqs_pipeline_set_reader(pipeline, &reader, nullptr, nullptr, e); };
  reader.dtype = 99;
  expect_refusal(SQS_E_INVALID, {"sqs_reader.dtype", "99"}, set);
  reader.dtype = SQS_F32;  // the pipeline's is f64
  EXPECT_NE(outcome_of(set).status, SQS_OK);
  reader.dtype = 0;
  reader.sample_rate = -1;
  expect_refusal(SQS_E_INVALID, {"sqs_reader.sample_rate"}, set);
  reader.sample_rate = 0;
  for (const int32_t v : {-1, 3}) {
    reader.threading = v;
    expect_refusal(SQS_E_INVALID, {"sqs_reader.threading", std::to_string(v)}, set);
  }
  reader.threading = SQS_CALLER_THREAD;
  reader.reserved = 1;
  expect_refusal(SQS_E_INVALID, {"sqs_reader.reserved", "1"}, set);
  reader.reserved = 0;
  reader.channels = 3;
  EXPECT_NE(outcome_of(set).status, SQS_OK);
}

TEST_F(Arguments, Targets) {
  const char* const sum = "sum";
  const char* const nowhere = "nowhere";
  Held<sqs_plan> plan;
  Held<sqs_result> result;
  EXPECT_TRUE(fails(SQS_E_INVALID, [&](sqs_error** e) { return sqs_pipeline_plan(pipeline, &sum, 0, 0, SQS_END, 0, plan.out(), e); }));
  EXPECT_TRUE(fails(SQS_E_INVALID, [&](sqs_error** e) { return sqs_pipeline_plan(pipeline, &sum, 1, 0, SQS_END, 3, plan.out(), e); }));
  EXPECT_TRUE(fails(SQS_E_INVALID, [&](sqs_error** e) { return sqs_pipeline_probe(pipeline, &sum, 0, e); }));
  EXPECT_TRUE(fails(SQS_E_NAME, [&](sqs_error** e) { return sqs_pipeline_plan(pipeline, &nowhere, 1, 0, SQS_END, 0, plan.out(), e); }));
  EXPECT_TRUE(fails(SQS_E_NAME, [&](sqs_error** e) { return sqs_pipeline_evaluate(pipeline, nowhere, 0, SQS_END, result.out(), e); }));
  EXPECT_EQ(static_cast<sqs_result*>(result), nullptr);
}

TEST_F(Arguments, Ranges) {
  Held<sqs_result> result;
  EXPECT_TRUE(fails(SQS_E_RANGE, [&](sqs_error** e) { return sqs_pipeline_evaluate(pipeline, "sum", 3, 2, result.out(), e); }));
  EXPECT_TRUE(fails(SQS_E_RANGE, [&](sqs_error** e) { return sqs_pipeline_evaluate(pipeline, "sum", 0, kRampRows + 1, result.out(), e); }));
  ASSERT_TRUE(succeeds([&](sqs_error** e) { return sqs_pipeline_evaluate(pipeline, "sum", 2, 5, result.out(), e); }));
  EXPECT_EQ(values_of(result), (std::vector<double>{ramp_sum(2), ramp_sum(3), ramp_sum(4)}));
  double seconds = 0;
  EXPECT_TRUE(fails(SQS_E_RANGE, [&](sqs_error** e) { return sqs_result_row_time(result, 3, &seconds, e); }));
  ASSERT_TRUE(succeeds([&](sqs_error** e) { return sqs_result_row_time(result, 2, &seconds, e); }));
  EXPECT_EQ(seconds, 8.0) << "row 4 starts at frame 8; frames if the rate is unknown";
}

}  // namespace
