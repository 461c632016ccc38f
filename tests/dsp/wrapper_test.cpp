// The C++ wrapper of the stage library: parameters from typed values, stages, the table of types, files, and what failing calls
// throw. Built as C++17 and as C++20.
#include "sqrtspace/dsp.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <limits>
#include <locale>
#include <numeric>

#include "temporary_directory.hpp"
#include "thrown_by.hpp"

namespace {

namespace sq = sqrtspace;
namespace dsp = sqrtspace::dsp;
using sqs::test::thrown_by;

sq::Format frames_of(sq::Dtype dtype, std::uint64_t channels) {
  sq::Format format;
  format.dtype = dtype;
  format.channels = channels;
  format.window = 4;
  format.hop = 4;
  return format;
}

sq::Pipeline pipeline_over(const std::vector<double>& frames, std::uint64_t channels = 1) {
  sq::Pipeline pipeline(frames_of(sq::Dtype::f64, channels));
  pipeline.push(frames.data(), frames.size() / channels);
  pipeline.end_input();
  return pipeline;
}

// ---------------------------------------------------------------- parameters

TEST(DspParams, AreWrittenFromTypedValues) {
  EXPECT_EQ(dsp::Params().text(), "");
  EXPECT_EQ(dsp::Params("n=4 window=hann").text(), "n=4 window=hann");
  EXPECT_EQ(dsp::Params(std::string("n=4")).text(), "n=4");
  EXPECT_EQ((dsp::Params{{"window", "hann"}}).text(), "window=hann");
  EXPECT_EQ((dsp::Params{{"window", std::string("hann")}, {"n", 1024}, {"sym", true}}).text(), "window=hann n=1024 sym=true");
  EXPECT_EQ((dsp::Params{{"p", {0.5, 0.95}}, {"q", {1}}, {"r", {}}}).text(), "p=0.5,0.95 q=1 r=");
  EXPECT_EQ((dsp::Params{{"v", std::vector<float>{0.5f, -2}}, {"i", std::array<int, 2>{3, -4}}}).text(), "v=0.5,-2 i=3,-4");
  EXPECT_EQ((dsp::Params{{"least", std::numeric_limits<std::int64_t>::min()}, {"byte", std::uint8_t{200}}}).text(),
            "least=-9223372036854775808 byte=200");
  EXPECT_EQ(dsp::Params("n=4").set("p", {0.5, 1}).set("window", "hann").set("x", 2.5).text(), "n=4 p=0.5,1 window=hann x=2.5");
  EXPECT_EQ((dsp::Params{{"band", {-INFINITY, 0}}}).text(), "band=-inf,0");
}

TEST(DspParams, KeepEveryBitOfANumber) {
  const std::vector<double> values = {
      0.1, 1.0 / 3, 5e-324, 1.7976931348623157e308, -0.0, 123456789012345678.0, 0x1.fffffffffffffp-1};
  for (const double value : values) {
    const double back = std::strtod(dsp::Param("x", value).value().c_str(), nullptr);
    EXPECT_EQ(std::memcmp(&back, &value, sizeof value), 0) << value;
  }
  // A float is the double that it stands for, which is not the double of its shortest digits.
  EXPECT_EQ(std::strtod(dsp::Param("x", 0.1f).value().c_str(), nullptr), static_cast<double>(0.1f));
}

struct CommaPoint : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

TEST(DspParams, DoNotKnowLocales) {
  const std::locale before = std::locale::global(std::locale(std::locale(), new CommaPoint));
  const std::string text = dsp::Params{{"x", 1234567.5}, {"n", 1234567}}.text();
  std::locale::global(before);
  EXPECT_EQ(text, "x=1234567.5 n=1234567");
}

TEST(DspParams, RefuseWhatKeyAndValueCanNotHold) {
  const sq::Error value = thrown_by([] { dsp::Param("window", "hann n=4"); });
  EXPECT_EQ(value.code(), SQS_E_INVALID);
  EXPECT_STREQ(value.what(), "parameter \"window\": its value \"hann n=4\" can't be written as key=value");
  EXPECT_STREQ(thrown_by([] { dsp::Param("n=4 p", 5); }).what(),
               "parameter \"n=4 p\": its name \"n=4 p\" can't be written as key=value");
}

// ---------------------------------------------------------------- stages

TEST(DspWrapper, AddsStagesOnNamesAndAccessRules) {
  sq::Pipeline pipeline = pipeline_over({1, 5, 2, 8, 3, 9, 4, 7});
  dsp::add(pipeline, "quantile", "by name", "input", {{"p", {0.5, 1.0}}});
  dsp::add(pipeline, "quantile", "by list", {"input"}, "p=0.5,1");
  dsp::add(pipeline, "argmax", "by access", sq::Access("frames", 1, 1, 2, sq::Edge::clamp));
  dsp::add(pipeline, "mean_var", "stats", std::string("frames"));
  dsp::add(pipeline, "normalise", "z", {"frames", "stats"}, {{"floor", 1e-3}});
  EXPECT_EQ(pipeline.evaluate("by name").to_vector<double>(), (std::vector<double>{2, 8, 4, 9}));
  EXPECT_EQ(pipeline.evaluate("by list").to_vector<double>(), (std::vector<double>{2, 8, 4, 9}));
  EXPECT_EQ(pipeline.evaluate("by access").to_vector<std::int32_t>(), (std::vector<std::int32_t>{2, 2, 2, 0}));
  const std::vector<double> z = pipeline.evaluate("z").to_vector<double>();
  EXPECT_NEAR(std::accumulate(z.begin(), z.end(), 0.0), 0, 1e-12);
}

TEST(DspWrapper, GivesAKalmanFilterItsModelRowByRow) {
  sq::Pipeline pipeline = pipeline_over({4, 2, 0.5, 1, 1, 2}, 3);  // y, H, R of two rows
  const auto part = [&](const std::string& name, double bin) {
    dsp::add(pipeline, "band_sums", name, "frames", {{"unit", "bins"}, {"bands", {bin, bin + 1}}});
  };
  part("y", 0);
  part("H", 1);
  part("R", 2);
  dsp::add(pipeline, "kalman", "x", {"y", "H", "R"}, {{"F", 1}, {"Q", 0}, {"P0", 2}, {"output", "mean"}});
  const std::vector<double> x = pipeline.evaluate("x").to_vector<double>();
  const double gain = 2 * 2 / (2 * 2 * 2 + 0.5), first = gain * 4, variance = 2 - gain * 2 * 2;
  const double second = first + variance / (variance + 2) * (1 - first);
  ASSERT_EQ(x.size(), 2u);
  EXPECT_DOUBLE_EQ(x[0], first);
  EXPECT_DOUBLE_EQ(x[1], second);
}

TEST(DspWrapper, ThrowsWhatACallSays) {
  sq::Pipeline pipeline = pipeline_over({1, 2, 3, 4});
  const sq::Error unknown = thrown_by([&] { dsp::add(pipeline, "welch", "s", "input"); });
  EXPECT_EQ(unknown.code(), SQS_E_NAME);
  EXPECT_EQ(unknown.stage(), "s");
  const sq::Error range = thrown_by([&] { dsp::add(pipeline, "rfft", "s", "input", {{"beta", 900}}); });
  EXPECT_EQ(range.code(), SQS_E_INVALID);
  EXPECT_STREQ(range.what(), "rfft: beta=900 is outside the range 0..500");
  EXPECT_EQ(thrown_by([&] { dsp::add(pipeline, "rfft", "s", "input", dsp::Params("n=4").set("n", 5)); }).code(), SQS_E_INVALID);
  EXPECT_EQ(thrown_by([&] { dsp::add(pipeline, "normalise", "s", "frames"); }).code(), SQS_E_GRAPH);
  EXPECT_EQ(thrown_by([&] { dsp::add(pipeline, "rfft", "s", std::vector<sq::Access>{}); }).code(), SQS_E_GRAPH);
  dsp::add(pipeline, "rfft", "s", "input");
}

// ---------------------------------------------------------------- what there is

TEST(DspWrapper, ListsTypesWithTheirParameters) {
  const std::vector<dsp::TypeInfo> types = dsp::types();
  ASSERT_EQ(types.size(), sqs_dsp_type_count());
  const auto find = [&](const char* name) {
    for (const dsp::TypeInfo& type : types)
      if (type.name == name) return type;
    ADD_FAILURE() << "no type " << name;
    return dsp::TypeInfo{};
  };
  const dsp::TypeInfo kalman = find("kalman");
  EXPECT_EQ(kalman.kind, sq::Kind::scan);
  EXPECT_EQ(kalman.input_count, 1u);
  EXPECT_EQ(kalman.optional_input_count, 2u);
  EXPECT_GT(kalman.doc.size(), 100u);
  ASSERT_FALSE(kalman.params.empty());
  EXPECT_EQ(kalman.params[0].name, "F");
  EXPECT_EQ(kalman.params[0].type, "float list");
  EXPECT_TRUE(kalman.params[0].required);
  const dsp::TypeInfo quantile = find("quantile");
  ASSERT_EQ(quantile.params.size(), 1u);
  EXPECT_EQ(quantile.params[0].default_value, "0.5");
  EXPECT_EQ(quantile.params[0].range, "0..1; 1..64 values");
  EXPECT_FALSE(quantile.params[0].required);
  EXPECT_EQ(find("rfft").kind, sq::Kind::map);
  EXPECT_EQ(find("mean_var").kind, sq::Kind::reduce);
}

// ---------------------------------------------------------------- files

TEST(DspWrapper, ReadsFiles) {
  const sqs::test::TemporaryDirectory directory;
  const std::string path = directory.file("frames.raw");
  const std::vector<float> samples = {9, 1, 2, 3, 4, 5, 6, 7, 8};
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(samples.data()), 9 * sizeof(float));
  const dsp::Params options = {{"dtype", "f32"}, {"channels", 2}, {"skip", sizeof(float)}, {"rate", 44100.5}};
  const dsp::FileInfo info = dsp::file_info(path, options);
  EXPECT_EQ(info.dtype, sq::Dtype::f32);
  EXPECT_EQ(info.channels, 2u);
  EXPECT_EQ(info.frame_count, 4u);
  EXPECT_EQ(info.sample_rate, 44100.5);
  EXPECT_EQ(info.container, "raw");
  sq::Pipeline pipeline(frames_of(sq::Dtype::f32, 2));
  dsp::set_file(pipeline, path, options);
  EXPECT_EQ(pipeline.evaluate("frames").to_vector<float>(), (std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8}));
  sq::Pipeline of_one_channel(frames_of(sq::Dtype::f32, 1));
  EXPECT_LT(thrown_by([&] { dsp::set_file(of_one_channel, path, options); }).code(), 0);
  const sq::Error missing = thrown_by([&] { dsp::file_info(directory.file("no such.npy")); });
  EXPECT_EQ(missing.code(), SQS_E_IO);
  EXPECT_NE(std::string(missing.what()).find("no such.npy"), std::string::npos);
}

}  // namespace
