// Stages that look back, through the engine: against SciPy, and the bytes of the harness in every mode, tile size, number of
// threads, range and budget.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "array_pipeline.hpp"
#include "stage_harness.hpp"

namespace sqs::dsp::test {
namespace {

class Engine : public ArrayPipeline {
 public:
  explicit Engine(const Array& frames) : ArrayPipeline(frames, 8, 3, 360) {}

  // "" or the sentence of the refusal; `code` receives the status.
  std::string refusal(const char* type, const char* name, const char* input, const std::string& params, int32_t& code) {
    const api::Answer added = try_add(type, name, input, params);
    code = added.code;
    return added.message;
  }
};

constexpr int32_t kModes[] = {SQS_CLASSIC, SQS_SQRT};

Array filtered(const Array& x, const char* type, const std::string& params, int32_t mode, uint64_t tile) {
  Engine engine(x);
  engine.add(type, "f", "frames", params);
  engine.configure(mode, tile);
  return engine.evaluate("f");
}

TEST(EngineZeroPhase, AgreesWithScipyInBothModes) {
  const Vectors vectors("zero_phase");
  const std::string sos = list("sos", vectors["sos-bandpass-4"]);
  const std::string transfer = list("b", vectors["b"]) + " " + list("a", vectors["a"]);
  for (const int32_t mode : kModes) {
    const std::string suffix = mode == SQS_CLASSIC ? " classic" : " sqrt";
    for (const char* key : {"bandpass-4-28", "bandpass-4-29", "bandpass-4-100"})
      expect_near_scaled(key + suffix, filtered(vectors[std::string("x-") + key], "sosfiltfilt", sos, mode, 7), vectors[std::string("y-") + key],
                         1e-9);
    expect_near_scaled("bandpass-8-100" + suffix,
                       filtered(vectors["x-bandpass-8-100"], "sosfiltfilt", "butter=bandpass order=8 low=5 high=15", mode, 16),
                       vectors["y-bandpass-8-100"], 1e-9);
    expect_near_scaled("i16" + suffix, filtered(vectors["x-i16"], "sosfiltfilt", sos + " dtype=f64", mode, 5), vectors["y-i16"], 1e-9);
    expect_near_scaled("f32" + suffix, filtered(vectors["x-f32"], "sosfiltfilt", sos, mode, 5), vectors["y-f32"], 1e-7);
    for (const std::string padtype : {"odd", "even", "constant", "none"}) {
      for (const std::string padlen : {"default", "1", "40", "80"}) {
        const std::string label = padtype + "-" + padlen;
        if (!vectors.has("filtfilt-" + label)) continue;
        const std::string params = " padtype=" + padtype + (padlen == "default" ? "" : " padlen=" + padlen);
        expect_near_scaled("sosfiltfilt " + label + suffix, filtered(vectors["x"], "sosfiltfilt", sos + params, mode, 10),
                           vectors["sosfiltfilt-" + label], 1e-9);
        expect_near_scaled("filtfilt " + label + suffix, filtered(vectors["x"], "filtfilt", transfer + params, mode, 10),
                           vectors["filtfilt-" + label], 1e-9);
      }
    }
  }
}

TEST(EngineZeroPhase, RefusesASignalThatIsNotLongerThanItsOddExtension) {
  for (const int32_t mode : kModes) {
    Engine engine(Array(SQS_F64, {27, 2}));
    engine.add("sosfiltfilt", "f", "frames", "butter=bandpass order=4 low=0.5 high=40");
    engine.configure(mode);
    engine.try_evaluate("f");
    EXPECT_EQ(engine.answer().code, SQS_E_GRAPH);
    EXPECT_NE(engine.answer().message.find("mirrors 27 rows, but there are only 27; it needs at least one more than it mirrors"), std::string::npos)
        << engine.answer().message;
    EXPECT_EQ(engine.answer().stage, "f.forward");
  }
}

Array random_stream(std::mt19937_64& random, uint64_t frames, uint64_t channels) {
  Array stream(SQS_F32, {frames, channels});
  for (uint64_t i = 0; i < stream.count(); ++i) {
    const double unit = static_cast<double>(random() >> 11) * 0x1p-53;
    stream.set(i, static_cast<float>(std::sin(0.05 * static_cast<double>(i)) + unit));
  }
  return stream;
}

constexpr const char* kBand = "butter=bandpass order=2 low=5 high=40";

// Zero-phase filters, what reads them, and reduces in both directions.
void add_stages(Engine& engine) {
  engine.add("sosfiltfilt", "band", "frames", kBand);
  engine.add("mean_var", "stats", "band", "direction=backward");
  engine.add("mean_var", "forward stats", "band", "");
  engine.add("normalise", "z", {api::access("band", SQS_VALID, 0, 0), api::access("stats", SQS_VALID, 0, 0)}, "");
  engine.add("local_max", "beats", {api::access("z", SQS_ZERO, 6, 6)}, "");
  engine.add("filtfilt", "smooth", "frames", "b=1,2,1 a=4,-1.2,0.4 padtype=even");
  engine.add("sosfilt", "reverse", "frames", std::string(kBand) + " direction=backward init=steady");
  engine.add("exp_smooth", "trend", "smooth", "tau=0.05 direction=both");
  engine.add("lfilter", "after", "trend", "b=0.5,0.5");
}
constexpr const char* kTargets[] = {"band", "stats", "forward stats", "z", "beats", "smooth", "reverse", "trend", "after", "band.forward"};

TEST(EngineZeroPhase, GivesTheBytesOfTheHarness) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const Array stream = random_stream(random, 60 + random() % 900, 1 + random() % 5);
  Setting setting;
  setting.sample_rate = 360;
  const Array band = run_stage("sosfiltfilt", kBand, stream, setting);
  const Array smooth = run_stage("filtfilt", "b=1,2,1 a=4,-1.2,0.4 padtype=even", stream, setting);
  Engine engine(stream);
  add_stages(engine);
  for (const int32_t mode : kModes) {
    engine.configure(mode, 1 + random() % 200);
    EXPECT_EQ(engine.evaluate("band").bytes, band.bytes) << engine.answer().message;
    EXPECT_EQ(engine.evaluate("stats").bytes, run_stage("mean_var", "direction=backward", band).bytes) << engine.answer().message;
    EXPECT_EQ(engine.evaluate("forward stats").bytes, run_stage("mean_var", "", band).bytes) << engine.answer().message;
    EXPECT_EQ(engine.evaluate("smooth").bytes, smooth.bytes) << engine.answer().message;
    EXPECT_EQ(engine.evaluate("trend").bytes, run_stage("exp_smooth", "tau=0.05 direction=both", smooth, setting).bytes) << engine.answer().message;
    EXPECT_EQ(engine.evaluate("reverse").bytes,
              run_stage("sosfilt", std::string(kBand) + " direction=backward init=steady", stream, setting).bytes)
        << engine.answer().message;
  }
}

TEST(EngineZeroPhase, GivesTheSameBytesInEveryModeTileThreadRangeAndBudget) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 4; ++round) {
    const Array stream = random_stream(random, 60 + random() % 1500, 1 + random() % 3);
    Engine engine(stream);
    add_stages(engine);
    for (const char* target : kTargets) {
      SCOPED_TRACE(std::string(target) + ", frames " + std::to_string(stream.shape[0]));
      engine.configure(SQS_CLASSIC);
      const Array classic = engine.evaluate(target);
      ASSERT_EQ(engine.answer().code, SQS_OK) << engine.answer().message;
      const sqs_stage_info info = engine.describe(target);
      ASSERT_EQ(classic.bytes.size(), info.rows * info.row_bytes);
      for (const uint64_t tile : {uint64_t{1}, uint64_t{7}, 1 + random() % 300}) {
        engine.configure(SQS_SQRT, tile, 1 + static_cast<uint32_t>(random() % 3));
        ASSERT_EQ(engine.evaluate(target).bytes, classic.bytes) << "tile " << tile << " " << engine.answer().message;
        const uint64_t t0 = random() % info.rows, t1 = t0 + 1 + random() % (info.rows - t0);
        const Array part = engine.evaluate(target, t0, t1);
        ASSERT_EQ(engine.answer().code, SQS_OK) << engine.answer().message;
        ASSERT_TRUE(part.bytes == classic.rows(t0, t1 - t0).bytes) << "rows " << t0 << " to " << t1 << ", tile " << tile;
        const uint64_t least = engine.plan(target).least_budget_bytes;
        engine.configure(SQS_SQRT, tile, 1, least + random() % 2 * (random() % least));
        ASSERT_EQ(engine.evaluate(target).bytes, classic.bytes) << "tile " << tile << " in little memory: " << engine.answer().message;
      }
    }
  }
}

TEST(EngineZeroPhase, KeepsTheContract) {
  std::mt19937_64 random(1);
  Engine engine(random_stream(random, 400, 2));
  add_stages(engine);
  for (const char* target : kTargets) engine.expect_contract_kept(target);
}

TEST(EngineZeroPhase, SparesASweepByAReduceThatRunsBackward) {
  std::mt19937_64 random(1);
  Engine engine(random_stream(random, 4000, 1));
  add_stages(engine);
  engine.configure(SQS_SQRT, 64);
  EXPECT_LT(engine.plan("stats").sweeps, engine.plan("forward stats").sweeps);
}

TEST(EngineZeroPhase, AddsTheStagesThatItReads) {
  Engine engine(Array(SQS_I16, {100, 2}));
  engine.add("sosfiltfilt", "f", "frames", "butter=lowpass order=3 high=40");
  EXPECT_EQ(engine.describe("f").dtype, SQS_F32);
  EXPECT_EQ(engine.describe("f").rows, 100u);
  EXPECT_EQ(engine.describe("f").origin, 0);
  EXPECT_EQ(engine.describe("f.input").dtype, SQS_F32);
  EXPECT_EQ(engine.describe("f.forward").dtype, SQS_F64);
  EXPECT_EQ(engine.describe("f.forward").rows, 124u);
  EXPECT_EQ(engine.describe("f.forward").origin, -12);
  engine.add("sosfiltfilt", "g", "frames", "butter=lowpass order=3 high=40 padtype=even");
  EXPECT_FALSE(engine.has("g.input"));
}

TEST(EngineZeroPhase, AddsNothingIfItCannotAddAll) {
  Engine engine(Array(SQS_F32, {100, 2}));
  engine.add("scale", "taken", "frames", "");
  engine.add("scale", "other.forward", "frames", "");
  int32_t code = SQS_OK;
  const std::string params = "b=1,1";
  EXPECT_EQ(engine.refusal("filtfilt", "taken", "frames", params, code), "there is already a stage \"taken\": choose another name");
  EXPECT_EQ(code, SQS_E_NAME);
  EXPECT_FALSE(engine.has("taken.forward"));
  EXPECT_NE(engine.refusal("filtfilt", "frames", "frames", params, code), "");
  EXPECT_EQ(code, SQS_E_NAME);
  EXPECT_FALSE(engine.has("frames.forward"));
  EXPECT_EQ(engine.refusal("filtfilt", "", "frames", params, code), "the name is empty: a stage needs a name");
  EXPECT_FALSE(engine.has(".forward"));
  EXPECT_EQ(engine.refusal("filtfilt", "other", "frames", params, code),
            "there is already a stage \"other.forward\": choose another name");
  EXPECT_EQ(code, SQS_E_NAME);
  EXPECT_FALSE(engine.has("other"));
  EXPECT_NE(engine.refusal("filtfilt", "of windows", "input", params, code).find("odd edge can't be put on windows"), std::string::npos);
  EXPECT_EQ(code, SQS_E_GRAPH);
  EXPECT_FALSE(engine.has("of windows.forward"));
  engine.add("mean_var", "stats", "frames", "");
  EXPECT_EQ(engine.refusal("filtfilt", "of stats", "stats", params, code),
            "filtfilt: \"stats\" has one row for the whole stream, which can't be extended: use padtype=none");
  engine.add("filtfilt", "free", "frames", params);
}

}  // namespace
}  // namespace sqs::dsp::test
