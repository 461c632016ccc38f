// The table of types, and what sqs_dsp_add says to parameters and inputs it can't use. Through the C functions.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>
#include <map>
#include <set>
#include <string>

#include "sqrtspace/dsp.h"

namespace {

struct Failed {
  int32_t code;
  std::string message;
  std::string stage;
};

Failed taken(int32_t code, sqs_error* error) {
  EXPECT_EQ(sqs_error_code(error), code);
  const Failed failed{code, sqs_error_message(error), sqs_error_stage(error)};
  sqs_error_destroy(error);
  return failed;
}

// A pipeline of two channels, windows of 16 frames 4 apart.
class Dsp : public ::testing::Test {
 protected:
  void SetUp() override { pipeline_ = make(SQS_F32); }
  void TearDown() override { sqs_pipeline_destroy(pipeline_); }

  static sqs_pipeline* make(int32_t dtype) {
    sqs_format format;
    sqs_format_init(&format, sizeof format);
    format.dtype = dtype;
    format.channels = 2;
    format.window = 16;
    format.hop = 4;
    sqs_pipeline* pipeline = nullptr;
    EXPECT_EQ(sqs_pipeline_create(&format, &pipeline, nullptr), SQS_OK);
    return pipeline;
  }

  void expect_refused(const char* type, const char* input, const char* params, int32_t code, const std::string& message) {
    sqs_error* error = nullptr;
    const int32_t got = sqs_dsp_add_on(pipeline_, type, "s", input, params, &error);
    ASSERT_EQ(got, code) << type << " " << params << ": " << sqs_error_message(error);
    const Failed failed = taken(got, error);
    EXPECT_EQ(failed.message, message);
    EXPECT_EQ(failed.stage, "s");
    // The name is still free and the pipeline as before.
    ASSERT_EQ(sqs_dsp_add_on(pipeline_, "magnitude", ("after " + std::to_string(++refused_)).c_str(), "input", nullptr, nullptr), SQS_OK);
  }

  sqs_stage_info describe(const char* stage) {
    sqs_stage_info info = {};
    info.struct_size = sizeof info;
    EXPECT_EQ(sqs_pipeline_describe(pipeline_, stage, &info, nullptr), SQS_OK);
    return info;
  }

  sqs_pipeline* pipeline_ = nullptr;
  int refused_ = 0;
};

TEST_F(Dsp, TellsWhatIsWrongWithParameters) {
  expect_refused("rfft", "input", "window=welch", SQS_E_INVALID,
                 "rfft: window=welch is none of boxcar|hann|hamming|blackman|blackmanharris|flattop|kaiser");
  expect_refused("rfft", "input", "beta=900", SQS_E_INVALID, "rfft: beta=900 is outside the range 0..500");
  expect_refused("rfft", "input", "beta=nan", SQS_E_INVALID, "rfft: beta=nan is outside the range 0..500");
  expect_refused("rfft", "input", "beta=1.5x", SQS_E_INVALID, "rfft: beta=1.5x is not a number; the range is 0..500");
  expect_refused("rfft", "input", "n=1.5", SQS_E_INVALID, "rfft: n=1.5 is not a whole number; the range is 0..2^27");
  expect_refused("rfft", "input", "n=-1", SQS_E_INVALID, "rfft: n=-1 is outside the range 0..2^27");
  expect_refused("rfft", "input", "n=134217729", SQS_E_INVALID, "rfft: n=134217729 is outside the range 0..2^27");
  expect_refused("rfft", "input", "size=3", SQS_E_INVALID, "rfft: no parameter \"size\"; known are window beta sym output n");
  expect_refused("argmax", "input", "n=3", SQS_E_INVALID, "argmax: no parameter \"n\"; it has none");
  expect_refused("rfft", "input", "hann", SQS_E_INVALID, "rfft: \"hann\" is not of the form key=value");
  expect_refused("rfft", "input", "n=4 n=5", SQS_E_INVALID, "rfft: n is given twice");
  expect_refused("quantile", "input", "p=0.5,1.5", SQS_E_INVALID, "quantile: p takes 1 to 64 values, each from 0 to 1; value 1 is 1.5");
  expect_refused("quantile", "input", "p=0.5,", SQS_E_INVALID, 
                 "quantile: p takes 1 to 64 values, each from 0 to 1; value 1 is \"\", which is no number");
  expect_refused("quantile", "input", "p=", SQS_E_INVALID, "quantile: p takes 1 to 64 values, each from 0 to 1; there are 0");
  std::string seventy = "p=0";
  for (int i = 1; i < 70; ++i) seventy += ",0";
  expect_refused("quantile", "input", seventy.c_str(), SQS_E_INVALID,
                 "quantile: p takes 1 to 64 values, each from 0 to 1; there are 70");
  expect_refused("band_sums", "input", "bands=5", SQS_E_INVALID,
                 "band_sums: bands takes 2 to 512 values, each a finite number; there is 1");
  expect_refused("band_sums", "input", "", SQS_E_INVALID,
                 "band_sums: bands must be given: 2 to 512 values, each a finite number");
  expect_refused("viterbi", "frames", "band=0,inf", SQS_E_INVALID,
                 "viterbi: band takes 1 to 131071 values, each a finite number or -inf; value 1 is inf");
  expect_refused("histogram", "input", "lo=0", SQS_E_INVALID, "histogram: hi must be given: any finite number");
  expect_refused("histogram", "input", "lo=2 hi=2", SQS_E_INVALID, "histogram: hi=2 is not above lo=2");
  expect_refused("histogram", "input", "lo=0 hi=inf", SQS_E_INVALID, "histogram: hi=inf is outside the range of finite numbers");
  expect_refused("band_sums", "input", "bands=1,2,3", SQS_E_INVALID, "band_sums: bands has 3 values; it takes pairs lo,hi");
  expect_refused("band_sums", "input", "bands=5,2", SQS_E_INVALID, "band_sums: band 0 ends at 2, which is not above its begin 5");
  expect_refused("band_sums", "input", "unit=bins bands=0,1.5", SQS_E_INVALID, "band_sums: band 0 is not of whole bins");
  expect_refused("sosfilt", "frames", "", SQS_E_INVALID, "sosfilt: give either sos or butter");
  expect_refused("sosfilt", "frames", "sos=1,0,0,2,0,0", SQS_E_INVALID, "sosfilt: a0 of section 0 is 2; it must be 1");
  expect_refused("sosfilt", "frames", "sos=1,0,0,1,0,0,1", SQS_E_INVALID, "sosfilt: sos has 7 values; a section is b0,b1,b2,a0,a1,a2");
  expect_refused("sosfilt", "frames", "sos=1,0,0,1,-2,1 init=steady", SQS_E_INVALID,
                 "sosfilt: section 0 has a pole at z = 1, so it has no steady state: use init=zero");
  expect_refused("sosfilt", "frames", "butter=bandpass low=5", SQS_E_INVALID, "sosfilt: butter=bandpass needs high");
  expect_refused("sosfilt", "frames", "butter=lowpass high=50 rate=100", SQS_E_INVALID,
                 "sosfilt: high=50 is not between 0 and half the rate, 50 Hz");
  expect_refused("sosfilt", "frames", "butter=bandstop low=30 high=20 rate=100", SQS_E_INVALID, "sosfilt: low=30 is not below high=20");
}

TEST_F(Dsp, TellsWhatIsWrongWithInputs) {
  expect_refused("fft", "input", "", SQS_E_GRAPH, "fft: \"input\" is real (f32); use rfft, or convert it first");
  expect_refused("band_sums", "input", "unit=bins bands=0,17", SQS_E_GRAPH,
                 "band_sums: band 0 is bins 0 to 17, but rows of \"input\" have 16");
  expect_refused("band_sums", "input", "bands=0,17 n=32", SQS_E_GRAPH,
                 "band_sums: a transform of n=32 has 17 bins, but rows of \"input\" have 16");
  expect_refused("local_max", "frames", "", SQS_E_GRAPH,
                 "local_max: \"frames\" is read without context; before and after are how far it looks");
  expect_refused("normalise", "frames", "", SQS_E_GRAPH, "normalise reads 2 inputs, not 1");
  ASSERT_EQ(sqs_dsp_add_on(pipeline_, "argmax", "peaks", "input", nullptr, nullptr), SQS_OK);
  expect_refused("running_quantile", "peaks", "", SQS_E_GRAPH,
                 "running_quantile: rows of \"peaks\" are not windows, so it does not know how they overlap: give hop, or read "
                 "with before or after");
  ASSERT_EQ(sqs_dsp_add_on(pipeline_, "argmax", "loudest channel", "peaks", nullptr, nullptr), SQS_OK);
  expect_refused("quantile", "loudest channel", "", SQS_E_GRAPH,
                 "quantile: a row of \"loudest channel\" is a single value; read it with before or after, or read a stage with an axis");
  ASSERT_EQ(sqs_dsp_add_on(pipeline_, "rfft", "spectrum", "input", nullptr, nullptr), SQS_OK);
  expect_refused("argmax", "spectrum", "", SQS_E_GRAPH, "argmax: \"spectrum\" is complex (c64); take its magnitude first");
  expect_refused("rfft", "spectrum", "", SQS_E_GRAPH, "rfft: \"spectrum\" is complex; use fft");
  expect_refused("convert", "spectrum", "dtype=f32", SQS_E_GRAPH, "convert: \"spectrum\" is complex and f32 is not; use magnitude");
}

TEST_F(Dsp, RefusesStatisticsThatDoNotFit) {
  ASSERT_EQ(sqs_dsp_add_on(pipeline_, "mean_var", "stats of windows", "input", nullptr, nullptr), SQS_OK);
  sqs_access accesses[2];
  for (sqs_access& access : accesses) sqs_access_init(&access, sizeof access);
  accesses[0].stage = "frames";
  accesses[1].stage = "stats of windows";
  sqs_error* error = nullptr;
  const int32_t code = sqs_dsp_add(pipeline_, "normalise", "z", accesses, 2, nullptr, &error);
  ASSERT_EQ(code, SQS_E_GRAPH);
  EXPECT_EQ(taken(code, error).message, "normalise: statistics of shape (16, 2) do not fit rows of shape (2)");
  accesses[1].stage = "frames";
  error = nullptr;
  ASSERT_EQ(sqs_dsp_add(pipeline_, "normalise", "z", accesses, 2, nullptr, &error), SQS_E_GRAPH);
  EXPECT_EQ(taken(SQS_E_GRAPH, error).message, "normalise: \"frames\" is not f64 of shape (2, ..), as mean_var gives");
}

TEST_F(Dsp, PassesOnWhatTheEngineSaysOfNames) {
  sqs_error* error = nullptr;
  int32_t code = sqs_dsp_add_on(pipeline_, "welch", "s", "input", nullptr, &error);
  EXPECT_EQ(code, SQS_E_NAME);
  EXPECT_EQ(taken(code, error).message.rfind("no stage type \"welch\"; known are rfft fft", 0), 0u);
  error = nullptr;
  code = sqs_dsp_add_on(pipeline_, "argmax", "s", "nowhere", nullptr, &error);
  EXPECT_EQ(code, SQS_E_NAME);
  EXPECT_NE(taken(code, error).message.find("nowhere"), std::string::npos);
  error = nullptr;
  code = sqs_dsp_add_on(pipeline_, "argmax", "input", "input", nullptr, &error);
  EXPECT_EQ(code, SQS_E_NAME);
  EXPECT_NE(taken(code, error).message, "");
}

TEST_F(Dsp, AnswersNullAndWrongStructsWithCodes) {
  sqs_access access;
  sqs_access_init(&access, sizeof access);
  access.stage = "input";
  EXPECT_EQ(sqs_dsp_add(nullptr, "argmax", "s", &access, 1, nullptr, nullptr), SQS_E_NULL);
  EXPECT_EQ(sqs_dsp_add(pipeline_, nullptr, "s", &access, 1, nullptr, nullptr), SQS_E_NULL);
  EXPECT_EQ(sqs_dsp_add(pipeline_, "argmax", nullptr, &access, 1, nullptr, nullptr), SQS_E_NULL);
  EXPECT_EQ(sqs_dsp_add(pipeline_, "argmax", "s", nullptr, 1, nullptr, nullptr), SQS_E_NULL);
  EXPECT_EQ(sqs_dsp_add_on(pipeline_, "argmax", "s", nullptr, nullptr, nullptr), SQS_E_NULL);
  access.stage = nullptr;
  EXPECT_EQ(sqs_dsp_add(pipeline_, "argmax", "s", &access, 1, nullptr, nullptr), SQS_E_NULL);
  access.stage = "input";
  access.struct_size = 8;
  EXPECT_EQ(sqs_dsp_add(pipeline_, "argmax", "s", &access, 1, nullptr, nullptr), SQS_E_ABI);
  sqs_error* error = nullptr;
  EXPECT_EQ(sqs_dsp_add_on(reinterpret_cast<sqs_pipeline*>(uintptr_t{0x12345678}), "argmax", "s", "input", nullptr, &error), SQS_E_HANDLE);
  sqs_error_destroy(error);
  sqs_pipeline* gone = make(SQS_F32);
  sqs_pipeline_destroy(gone);
  EXPECT_EQ(sqs_dsp_add_on(gone, "argmax", "s", "input", nullptr, nullptr), SQS_E_HANDLE);
}

TEST_F(Dsp, ReadsAccessesByTheCallersStructSize) {
  struct Longer {
    sqs_access access;
    uint64_t tail;
  } accesses[2] = {};
  for (Longer& each : accesses) {
    sqs_access_init(&each.access, sizeof each.access);
    each.access.struct_size = sizeof each;
  }
  ASSERT_EQ(sqs_dsp_add_on(pipeline_, "mean_var", "stats", "frames", nullptr, nullptr), SQS_OK);
  accesses[0].access.stage = "frames";
  accesses[1].access.stage = "stats";
  sqs_error* error = nullptr;
  ASSERT_EQ(sqs_dsp_add(pipeline_, "normalise", "z", &accesses[0].access, 2, nullptr, &error), SQS_OK) << sqs_error_message(error);
  EXPECT_EQ(describe("z").shape[0], 2);
}

TEST_F(Dsp, DeclaresShapesAndDtypes) {
  const auto added = [&](const char* type, const char* name, const char* input, const char* params) {
    sqs_error* error = nullptr;
    EXPECT_EQ(sqs_dsp_add_on(pipeline_, type, name, input, params, &error), SQS_OK) << sqs_error_message(error);
    const sqs_stage_info info = describe(name);
    std::string text = sqs_dtype_name(info.dtype);
    for (int32_t axis = 0; axis < info.ndim; ++axis) text += " " + std::to_string(info.shape[axis]);
    return text;
  };
  EXPECT_EQ(added("rfft", "spectrum", "input", "window=hann"), "c64 9 2");
  EXPECT_EQ(added("rfft", "power", "input", "output=power n=32"), "f32 17 2");
  EXPECT_EQ(added("argmax", "peak", "power", ""), "i32 2");
  EXPECT_EQ(added("quantile", "q", "input", "p=0.5,0.9,0.95"), "f32 3 2");
  EXPECT_EQ(added("running_quantile", "rq", "input", "  p=0.5,0.9,0.95  "), "f32 3 2");
  EXPECT_EQ(added("histogram", "h", "input", "bins=5 lo=0 hi=1"), "u32 5 2");
  EXPECT_EQ(added("band_sums", "b", "spectrum", "bands=0,100,100,200 rate=400"), "f32 2 2");
  EXPECT_EQ(added("mean_var", "m", "frames", ""), "f64 2 2");
  EXPECT_EQ(added("sosfilt", "f", "frames", "butter=lowpass high=10 rate=100 dtype=f64"), "f64 2");
  EXPECT_EQ(added("lfilter", "l", "frames", "b=1,1 direction=backward"), "f32 2");
  EXPECT_EQ(added("sosfiltfilt", "zero phase", "frames", "butter=lowpass high=10 rate=100"), "f32 2");
  EXPECT_EQ(added("filtfilt", "ff", "frames", "b=1,1 dtype=f64"), "f64 2");
  EXPECT_EQ(added("exp_smooth", "e", "power", "alpha=0.1 direction=both"), "f32 17 2");
  EXPECT_EQ(added("kalman", "k", "frames", "F=1,1,0,1 H=1,0,1,0 Q=1,0,0,1 R=1,0,0,1 P0=1,0,0,1"), "f64 3 2");
  EXPECT_EQ(added("kalman", "kp", "frames", "F=1,1,0,1 H=1,0,1,0 Q=1,0,0,1 R=1,0,0,1 P0=1,0,0,1 output=packed"), "f64 5");
  EXPECT_EQ(added("rts", "smooth", "k", "F=1,1,0,1 Q=1,0,0,1"), "f64 3 2");
  EXPECT_EQ(added("rts", "smooth mean", "kp", "F=1,1,0,1 Q=1,0,0,1 output=mean"), "f64 2");
  EXPECT_EQ(added("kalman_smooth", "ks", "frames", "F=1 H=1,1 Q=1 R=1,0,0,1 P0=1"), "f64 2 1");
  EXPECT_EQ(added("viterbi_forward", "vf", "power", "band=0,0,0"), "u8 36");
  EXPECT_EQ(added("viterbi_trace", "vt", "vf", ""), "i32");
  EXPECT_EQ(added("viterbi", "v", "frames", "transitions=0,-inf,-1,0 initial=0,-inf"), "i32");
  EXPECT_EQ(added("posterior", "p", "frames", "band=-1,0,-1 dtype=f64"), "f64 2");
  EXPECT_EQ(describe("p.forward").dtype, SQS_F64);
  EXPECT_EQ(describe("v.forward").shape[0], 4);
  EXPECT_EQ(describe("ks.filter").shape[0], 2);
  EXPECT_EQ(added("threshold", "t", "q", "limit=1 dtype=i32"), "i32 3 2");
  EXPECT_EQ(added("convert", "c", "input", "dtype=c128"), "c128 16 2");
  EXPECT_EQ(added("fft", "z", "c", "output=magnitude"), "f64 16 2");
}

TEST(DspTable, ListsEveryTypeWithParametersThatItTakes) {
  std::set<std::string> names;
  ASSERT_GE(sqs_dsp_type_count(), 30u);
  for (uint32_t t = 0; t < sqs_dsp_type_count(); ++t) {
    sqs_dsp_type type = {};
    type.struct_size = sizeof type;
    ASSERT_EQ(sqs_dsp_type_get(t, &type), SQS_OK);
    EXPECT_TRUE(names.insert(type.name).second) << type.name;
    EXPECT_GT(std::strlen(type.doc), 40u) << type.name;
    EXPECT_TRUE(type.kind == SQS_MAP || type.kind == SQS_SCAN || type.kind == SQS_REDUCE);
    std::set<std::string> params;
    for (uint32_t i = 0; i < type.param_count; ++i) {
      sqs_dsp_param param = {};
      param.struct_size = sizeof param;
      ASSERT_EQ(sqs_dsp_param_get(t, i, &param), SQS_OK);
      EXPECT_TRUE(params.insert(param.name).second) << type.name << " " << param.name;
      EXPECT_GT(std::strlen(param.doc), 5u) << type.name << " " << param.name;
      EXPECT_NE(std::string(param.range), "") << type.name << " " << param.name;
      EXPECT_TRUE(param.required == 0 || std::string(param.default_value).empty()) << type.name << " " << param.name;
      const std::set<std::string> kinds = {"int", "float", "float list", "choice"};
      EXPECT_EQ(kinds.count(param.type), 1u) << param.type;
    }
    sqs_dsp_param past = {};
    past.struct_size = sizeof past;
    EXPECT_EQ(sqs_dsp_param_get(t, type.param_count, &past), SQS_E_RANGE);
  }
}

TEST(DspTable, TellsOfInputsThatATypeCanBeGivenBesides) {
  for (uint32_t t = 0; t < sqs_dsp_type_count(); ++t) {
    sqs_dsp_type type = {};
    type.struct_size = sizeof type;
    ASSERT_EQ(sqs_dsp_type_get(t, &type), SQS_OK);
    EXPECT_EQ(type.optional_input_count, std::string(type.name).rfind("kalman", 0) == 0 ? 2u : 0u) << type.name;
  }
}

// A program that was built when the struct ended with input_count.
TEST(DspTable, FillsNoMoreThanTheCallersStruct) {
  sqs_dsp_type type;
  std::memset(&type, 0x5A, sizeof type);
  type.struct_size = offsetof(sqs_dsp_type, optional_input_count);
  ASSERT_EQ(sqs_dsp_type_get(0, &type), SQS_OK);
  EXPECT_EQ(type.input_count, 1u);
  EXPECT_EQ(type.optional_input_count, 0x5A5A5A5Au);
}

TEST_F(Dsp, CountsTheInputsOfAType) {
  sqs_access accesses[4];
  for (sqs_access& access : accesses) {
    sqs_access_init(&access, sizeof access);
    access.stage = "frames";
  }
  const auto refused = [&](const char* type, uint32_t count, const char* params) {
    sqs_error* error = nullptr;
    EXPECT_EQ(sqs_dsp_add(pipeline_, type, "s", accesses, count, params, &error), SQS_E_GRAPH);
    return taken(SQS_E_GRAPH, error).message;
  };
  EXPECT_EQ(refused("kalman", 4, "F=1 Q=1 P0=1"), "kalman reads 1 to 3 inputs, not 4");
  EXPECT_EQ(refused("kalman_smooth", 0, "F=1 Q=1 P0=1"), "kalman_smooth reads 1 to 3 inputs, not 0");
  EXPECT_EQ(refused("rts", 2, "F=1 Q=1"), "rts reads 1 input, not 2");
}

// Each row of y has its row of H, or the engine says which do not lie together; nothing of the chain is left behind.
TEST_F(Dsp, RefusesRowsOfAModelThatDoNotLieOnTheObservations) {
  ASSERT_EQ(sqs_dsp_add_on(pipeline_, "quantile", "of windows", "input", "p=0.5", nullptr), SQS_OK);
  ASSERT_EQ(sqs_dsp_add_on(pipeline_, "scale", "of frames", "frames", nullptr, nullptr), SQS_OK);
  sqs_access accesses[2];
  for (sqs_access& access : accesses) sqs_access_init(&access, sizeof access);
  accesses[0].stage = "frames";
  accesses[1].stage = "of windows";
  const char* const model = "F=1 Q=1 R=1,0,0,1 P0=1";
  sqs_error* error = nullptr;
  EXPECT_EQ(sqs_dsp_add(pipeline_, "kalman_smooth", "s", accesses, 2, model, &error), SQS_E_GRAPH);
  EXPECT_NE(taken(SQS_E_GRAPH, error).message.find("of windows"), std::string::npos);
  sqs_stage_info info = {};
  info.struct_size = sizeof info;
  EXPECT_EQ(sqs_pipeline_describe(pipeline_, "s.filter", &info, nullptr), SQS_E_NAME);
  accesses[1].stage = "of frames";
  EXPECT_EQ(sqs_dsp_add(pipeline_, "kalman_smooth", "s", accesses, 2, model, nullptr), SQS_OK);
}

TEST(DspTable, AnswersWrongIndicesAndStructsWithCodes) {
  sqs_dsp_type type = {};
  sqs_dsp_param param = {};
  EXPECT_EQ(sqs_dsp_type_get(0, nullptr), SQS_E_NULL);
  EXPECT_EQ(sqs_dsp_type_get(0, &type), SQS_E_ABI);
  EXPECT_EQ(sqs_dsp_param_get(0, 0, nullptr), SQS_E_NULL);
  EXPECT_EQ(sqs_dsp_param_get(0, 0, &param), SQS_E_ABI);
  type.struct_size = sizeof type;
  param.struct_size = sizeof param;
  EXPECT_EQ(sqs_dsp_type_get(sqs_dsp_type_count(), &type), SQS_E_RANGE);
  EXPECT_EQ(sqs_dsp_param_get(sqs_dsp_type_count(), 0, &param), SQS_E_RANGE);
}

// Passing every default in words must be the same as passing nothing, so a default that its own range refuses shows.
TEST_F(Dsp, TakesEveryDefaultInWords) {
  const std::map<std::string, std::string> required = {{"lo", "-1"}, {"hi", "1"}, {"bands", "0,10"}, {"limit", "3"}, {"dtype", "f32"}, {"b", "1,1"},
                                                       {"F", "1"}, {"Q", "1"}, {"P0", "1"}};
  // Types that read what another one makes, and the likelihoods behind it.
  const std::map<std::string, std::pair<const char*, const char*>> made_by = {
      {"rts", {"kalman", "F=1 H=1,1 Q=1 R=1,0,0,1 P0=1"}}, {"viterbi_trace", {"viterbi_forward", "band=0"}}, {"hmm_posterior", {"hmm_forward", "band=0"}}};
  const std::set<std::string> of_states = {"viterbi_forward", "viterbi", "hmm_forward", "hmm_posterior", "posterior"};
  for (uint32_t t = 0; t < sqs_dsp_type_count(); ++t) {
    sqs_dsp_type type = {};
    type.struct_size = sizeof type;
    ASSERT_EQ(sqs_dsp_type_get(t, &type), SQS_OK);
    std::string params;
    for (uint32_t i = 0; i < type.param_count; ++i) {
      sqs_dsp_param param = {};
      param.struct_size = sizeof param;
      ASSERT_EQ(sqs_dsp_param_get(t, i, &param), SQS_OK);
      const std::string value = param.required != 0 ? required.at(param.name) : param.default_value;
      if (!value.empty() && std::string(param.name) != "low" && std::string(param.name) != "high" && std::string(param.name) != "butter")
        params += std::string(param.name) + "=" + value + " ";
    }
    if (std::string(type.name).rfind("sosfilt", 0) == 0) params += "butter=bandpass low=1 high=2";
    if (std::string(type.name) == "exp_smooth") params += "alpha=0.5";
    if (of_states.count(type.name) != 0) params += "band=0,0,0";
    if (std::string(type.name).rfind("kalman", 0) == 0) params += "H=1,1 R=1,0,0,1";
    sqs_pipeline* pipeline = make(std::string(type.name) == "fft" ? SQS_C64 : SQS_F32);
    ASSERT_EQ(sqs_dsp_add_on(pipeline, "mean_var", "stats", "frames", nullptr, nullptr) == SQS_OK, std::string(type.name) != "fft");
    sqs_access accesses[2];
    for (sqs_access& access : accesses) sqs_access_init(&access, sizeof access);
    // Windows can't be extended; a filter is of frames. A Kalman filter sees at most 16 elements.
    const bool of_frames = std::string(type.name) == "local_max" || std::string(type.name).find("filtfilt") != std::string::npos ||
                           std::string(type.name).rfind("kalman", 0) == 0;
    accesses[0].stage = of_frames ? "frames" : "input";
    accesses[0].before = std::string(type.name) == "local_max" ? 2 : 0;
    accesses[1].stage = "stats";
    if (const auto made = made_by.find(type.name); made != made_by.end()) {
      ASSERT_EQ(sqs_dsp_add_on(pipeline, made->second.first, "made", "frames", made->second.second, nullptr), SQS_OK) << type.name;
      accesses[0].stage = "made";
      accesses[1].stage = "frames";
    }
    sqs_error* error = nullptr;
    EXPECT_EQ(sqs_dsp_add(pipeline, type.name, "s", accesses, type.input_count, params.c_str(), &error), SQS_OK)
        << type.name << " " << params << ": " << sqs_error_message(error);
    sqs_error_destroy(error);
    sqs_pipeline_destroy(pipeline);
  }
}

}  // namespace
