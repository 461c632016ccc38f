// Stages through the engine: the bytes of the harness, in every mode, tile size, number of threads and range, and the contract
// check of every target.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "array_pipeline.hpp"
#include "sqrtspace/dsp.h"
#include "stage_harness.hpp"

namespace sqs::dsp::test {
namespace {

struct Shape {
  uint64_t channels, window, hop, frames;
};

Array random_stream(std::mt19937_64& random, const Shape& shape) {
  Array stream(SQS_F32, {shape.frames, shape.channels});
  for (uint64_t i = 0; i < stream.count(); ++i) {
    const double unit = static_cast<double>(random() >> 11) * 0x1p-53;
    stream.set(i, static_cast<float>(std::sin(0.05 * static_cast<double>(i)) + unit));
  }
  return stream;
}

sqs_access access_to(const char* stage, uint64_t before = 0, uint64_t after = 0, uint64_t stride = 1, int32_t edge = SQS_VALID) {
  return api::access(stage, edge, before, after, stride);
}

// With a stage of every kind: on windows, on frames before windows, a reduce and its reader.
class Engine : public ArrayPipeline {
 public:
  Engine(const Shape& shape, const Array& stream) : ArrayPipeline(stream, shape.window, shape.hop, 1000) {
    add("rfft", "spectrum", {access_to("input")}, "window=hann");
    add("band_sums", "bands", {access_to("spectrum")}, "bands=0,100,50,500 n=" + std::to_string(shape.window));
    add("magnitude", "magnitude", {access_to("spectrum")}, "");
    add("argmax", "peak", {access_to("magnitude")}, "");
    add("quantile", "quantile", {access_to("input")}, "p=0.5,0.95");
    add("running_quantile", "running", {access_to("input")}, "p=0.5,0.95");
    add("threshold", "alert", {access_to("running")}, "limit=0.5");
    add("histogram", "histogram", {access_to("input")}, "bins=16 lo=-1 hi=2");
    add("sosfilt", "filtered", {access_to("frames")}, "butter=bandpass order=2 low=20 high=200 init=steady");
    add("mean_var", "statistics", {access_to("filtered")}, "");
    add("normalise", "z", {access_to("filtered"), access_to("statistics")}, "");
    add("local_max", "beats", {access_to("z", 5, 5, 1, SQS_CLAMP)}, "height=1");
    add("running_quantile", "median of z", {access_to("z", 0, shape.window - 1, shape.hop)}, "");
    add("rfft", "spectrum of z", {access_to("z", 0, shape.window - 1, shape.hop)}, "output=power");
    add("log", "decibels", {access_to("spectrum of z")}, "base=10 factor=10 floor=1e-9");
  }

  static std::vector<const char*> targets() {
    return {"spectrum", "bands", "peak", "quantile", "running", "alert", "histogram", "filtered", "statistics", "z", "beats",
            "median of z", "decibels"};
  }
};

Shape random_shape(std::mt19937_64& random) {
  Shape shape;
  shape.channels = 1 + random() % 3;
  shape.window = 2 * (3 + random() % 80) + random() % 2;
  shape.hop = 1 + random() % 90;
  shape.frames = shape.window + random() % 1500;
  return shape;
}

std::string words(const Shape& shape) {
  return std::to_string(shape.channels) + " channels, window " + std::to_string(shape.window) + ", hop " + std::to_string(shape.hop) + ", " +
         std::to_string(shape.frames) + " frames";
}

TEST(Engine, GivesTheBytesOfTheHarness) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 15; ++round) {
    const Shape shape = random_shape(random);
    SCOPED_TRACE(words(shape));
    const Array stream = random_stream(random, shape);
    Engine engine(shape, stream);
    engine.configure(SQS_SQRT, 1 + random() % 200, 1);
    const Input windows = Input::windows(stream, shape.window, shape.hop);
    Setting setting;
    setting.sample_rate = 1000;
    const auto by_hand = [&](const char* type, const std::string& params) { return StageUnderTest(type, params, {windows}).run(setting).bytes; };
    EXPECT_EQ(engine.evaluate("spectrum").bytes, by_hand("rfft", "window=hann"));
    EXPECT_EQ(engine.evaluate("quantile").bytes, by_hand("quantile", "p=0.5,0.95"));
    EXPECT_EQ(engine.evaluate("running").bytes, by_hand("quantile", "p=0.5,0.95"));
    EXPECT_EQ(engine.evaluate("histogram").bytes, by_hand("histogram", "bins=16 lo=-1 hi=2"));
    const Array filtered = run_stage("sosfilt", "butter=bandpass order=2 low=20 high=200 init=steady", stream, setting);
    EXPECT_EQ(engine.evaluate("filtered").bytes, filtered.bytes);
    EXPECT_EQ(engine.evaluate("statistics").bytes, run_stage("mean_var", "", filtered).bytes);
  }
}

TEST(Engine, GivesTheSameBytesInEveryModeTileAndThread) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 8; ++round) {
    const Shape shape = random_shape(random);
    SCOPED_TRACE(words(shape));
    const Array stream = random_stream(random, shape);
    Engine engine(shape, stream);
    for (const char* target : Engine::targets()) {
      SCOPED_TRACE(target);
      engine.configure(SQS_CLASSIC, 0, 1);
      const std::vector<std::byte> classic = engine.evaluate(target).bytes;
      ASSERT_EQ(classic.size(), engine.describe(target).rows * engine.describe(target).row_bytes);
      for (const uint64_t tile : {uint64_t{1}, uint64_t{7}, 1 + random() % 300}) {
        engine.configure(SQS_SQRT, tile, 1 + static_cast<uint32_t>(random() % 3));
        ASSERT_EQ(engine.evaluate(target).bytes, classic) << "tile " << tile;
        const sqs_stage_info info = engine.describe(target);
        if (info.rows == 0) continue;
        const uint64_t t0 = random() % info.rows, t1 = t0 + random() % (info.rows - t0 + 1);
        const auto part = engine.evaluate(target, t0, t1).bytes;
        ASSERT_EQ(part.size(), (t1 - t0) * info.row_bytes);
        ASSERT_TRUE(std::equal(part.begin(), part.end(), classic.begin() + static_cast<ptrdiff_t>(t0 * info.row_bytes)))
            << "rows " << t0 << " to " << t1 << ", tile " << tile;
      }
    }
  }
}

TEST(Engine, FindsThatEveryStageKeepsItsContract) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  Shape shape = random_shape(random);
  shape.frames = shape.window + 400;
  SCOPED_TRACE(words(shape));
  const Array stream = random_stream(random, shape);
  Engine engine(shape, stream);
  for (const char* target : Engine::targets()) engine.expect_contract_kept(target);
}

// A filter whose corners wait for the sample rate learns it from the source.
TEST(Engine, TellsWhichStageMissesTheSampleRate) {
  sqs_format format;
  sqs_format_init(&format, sizeof format);
  format.dtype = SQS_F32;
  format.window = format.hop = 4;
  sqs_pipeline* pipeline = nullptr;
  ASSERT_EQ(sqs_pipeline_create(&format, &pipeline, nullptr), SQS_OK);
  ASSERT_EQ(sqs_dsp_add_on(pipeline, "sosfilt", "low", "frames", "butter=lowpass high=10", nullptr), SQS_OK);
  const std::vector<float> samples(100, 1.0f);
  ASSERT_EQ(sqs_pipeline_push_samples(pipeline, samples.data(), samples.size(), nullptr), SQS_OK);
  ASSERT_EQ(sqs_pipeline_end_input(pipeline, nullptr), SQS_OK);
  sqs_result* result = nullptr;
  sqs_error* error = nullptr;
  ASSERT_EQ(sqs_pipeline_evaluate(pipeline, "low", 0, SQS_END, &result, &error), SQS_E_STAGE);
  EXPECT_STREQ(sqs_error_stage(error), "low");
  EXPECT_NE(std::string(sqs_error_message(error)).find("sosfilt: the sample rate is not known: give rate"), std::string::npos)
      << sqs_error_message(error);
  sqs_error_destroy(error);
  sqs_pipeline_destroy(pipeline);
}

}  // namespace
}  // namespace sqs::dsp::test
