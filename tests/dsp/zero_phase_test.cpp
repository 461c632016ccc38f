// Stages that look back, through the engine: against SciPy, and the bytes of the harness in every mode, tile size, number of
// threads, range and budget.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <random>

#include "sqrtspace/dsp.h"
#include "stage_harness.hpp"

namespace sqs::dsp::test {
namespace {

std::string list(const char* key, const Array& values) {
  std::string out = std::string(key) + "=";
  for (uint64_t i = 0; i < values.count(); ++i) {
    char digits[40];
    std::snprintf(digits, sizeof digits, "%s%.17g", i > 0 ? "," : "", values.real(i));
    out += digits;
  }
  return out;
}

// A pipeline over an array (frames, channels), or (frames), in memory.
class Engine {
 public:
  explicit Engine(const Array& frames, uint64_t window = 8, uint64_t hop = 3) : frames_(frames) {
    sqs_format format;
    sqs_format_init(&format, sizeof format);
    format.dtype = frames.dtype;
    format.channels = frames.shape.size() > 1 ? frames.shape[1] : 1;
    format.window = window;
    format.hop = hop;
    format.sample_rate = 360;
    EXPECT_EQ(sqs_pipeline_create(&format, &pipeline_, nullptr), SQS_OK);
    EXPECT_EQ(sqs_pipeline_set_memory(pipeline_, frames_.bytes.data(), frames_.shape[0], nullptr, nullptr, nullptr), SQS_OK);
  }
  ~Engine() { sqs_pipeline_destroy(pipeline_); }
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // "" or the sentence of the refusal; `code`, if not NULL, receives the status.
  std::string try_add(const char* type, const char* name, const char* input, const std::string& params, int32_t* code = nullptr) {
    sqs_error* error = nullptr;
    const int32_t status = sqs_dsp_add_on(pipeline_, type, name, input, params.c_str(), &error);
    const std::string message = sqs_error_message(error);
    sqs_error_destroy(error);
    if (code != nullptr) *code = status;
    return message;
  }
  void add(const char* type, const char* name, const char* input, const std::string& params) {
    EXPECT_EQ(try_add(type, name, input, params), "") << name;
  }
  void add_normalise(const char* name, const char* x, const char* stats) {
    sqs_access accesses[2];
    for (sqs_access& access : accesses) sqs_access_init(&access, sizeof access);
    accesses[0].stage = x;
    accesses[1].stage = stats;
    EXPECT_EQ(sqs_dsp_add(pipeline_, "normalise", name, accesses, 2, nullptr, nullptr), SQS_OK);
  }
  void add_local_max(const char* name, const char* x, uint64_t reach) {
    sqs_access access;
    sqs_access_init(&access, sizeof access);
    access.stage = x;
    access.before = access.after = reach;
    access.edge = SQS_ZERO;
    EXPECT_EQ(sqs_dsp_add(pipeline_, "local_max", name, &access, 1, nullptr, nullptr), SQS_OK);
  }

  void configure(int32_t mode, uint64_t tile_frames = 0, uint32_t threads = 1, uint64_t budget = 0) {
    sqs_settings settings;
    sqs_settings_init(&settings, sizeof settings);
    settings.mode = mode;
    settings.tile_frames = tile_frames;
    settings.threads = threads;
    settings.memory_budget = budget;
    EXPECT_EQ(sqs_pipeline_configure(pipeline_, &settings, nullptr), SQS_OK);
  }

  // An array without rows if it fails; then message() has the sentence.
  Array evaluate(const char* target, uint64_t t0 = 0, uint64_t t1 = SQS_END) {
    sqs_result* result = nullptr;
    sqs_error* error = nullptr;
    status_ = sqs_pipeline_evaluate(pipeline_, target, t0, t1, &result, &error);
    message_ = sqs_error_message(error);
    stage_ = sqs_error_stage(error);
    sqs_error_destroy(error);
    sqs_view view = {};
    view.struct_size = sizeof view;
    Array out;
    if (status_ == SQS_OK && sqs_result_view(result, &view, nullptr) == SQS_OK) {
      out = Array(view.dtype, std::vector<uint64_t>(view.shape, view.shape + view.ndim));
      if (view.data != nullptr) std::memcpy(out.bytes.data(), view.data, out.bytes.size());
    }
    sqs_result_destroy(result);
    return out;
  }
  int32_t status() const { return status_; }
  const std::string& message() const { return message_; }
  const std::string& stage() const { return stage_; }

  sqs_stage_info describe(const char* stage) const {
    sqs_stage_info info = {};
    info.struct_size = sizeof info;
    described_ = sqs_pipeline_describe(pipeline_, stage, &info, nullptr);
    return info;
  }
  bool has(const char* stage) const {
    describe(stage);
    return described_ == SQS_OK;
  }

  sqs_plan_info plan(const char* target) const {
    sqs_plan* plan = nullptr;
    EXPECT_EQ(sqs_pipeline_plan(pipeline_, &target, 1, 0, SQS_END, 0, &plan, nullptr), SQS_OK);
    sqs_plan_info info = {};
    info.struct_size = sizeof info;
    EXPECT_EQ(sqs_plan_info_get(plan, &info, nullptr), SQS_OK);
    sqs_plan_destroy(plan);
    return info;
  }

  void expect_contract_kept(const char* target) {
    sqs_error* error = nullptr;
    EXPECT_EQ(sqs_pipeline_verify(pipeline_, target, 0, SQS_END, &error), SQS_OK) << target << ": " << sqs_error_message(error);
    sqs_error_destroy(error);
  }

 private:
  Array frames_;
  sqs_pipeline* pipeline_ = nullptr;
  int32_t status_ = SQS_OK;
  mutable int32_t described_ = SQS_OK;
  std::string message_, stage_;
};

constexpr int32_t kModes[] = {SQS_CLASSIC, SQS_SQRT};

Array filtered(const Array& x, const char* type, const std::string& params, int32_t mode, uint64_t tile) {
  Engine engine(x);
  engine.add(type, "f", "frames", params);
  engine.configure(mode, tile);
  const Array out = engine.evaluate("f");
  EXPECT_EQ(engine.status(), SQS_OK) << engine.message();
  return out;
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
    engine.evaluate("f");
    EXPECT_EQ(engine.status(), SQS_E_GRAPH);
    EXPECT_NE(engine.message().find("mirrors 27 rows, but there are only 27; it needs at least one more than it mirrors"), std::string::npos)
        << engine.message();
    EXPECT_EQ(engine.stage(), "f.forward");
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
  engine.add_normalise("z", "band", "stats");
  engine.add_local_max("beats", "z", 6);
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
    EXPECT_EQ(engine.evaluate("band").bytes, band.bytes) << engine.message();
    EXPECT_EQ(engine.evaluate("stats").bytes, run_stage("mean_var", "direction=backward", band).bytes) << engine.message();
    EXPECT_EQ(engine.evaluate("forward stats").bytes, run_stage("mean_var", "", band).bytes) << engine.message();
    EXPECT_EQ(engine.evaluate("smooth").bytes, smooth.bytes) << engine.message();
    EXPECT_EQ(engine.evaluate("trend").bytes, run_stage("exp_smooth", "tau=0.05 direction=both", smooth, setting).bytes) << engine.message();
    EXPECT_EQ(engine.evaluate("reverse").bytes,
              run_stage("sosfilt", std::string(kBand) + " direction=backward init=steady", stream, setting).bytes)
        << engine.message();
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
      ASSERT_EQ(engine.status(), SQS_OK) << engine.message();
      const sqs_stage_info info = engine.describe(target);
      ASSERT_EQ(classic.bytes.size(), info.rows * info.row_bytes);
      for (const uint64_t tile : {uint64_t{1}, uint64_t{7}, 1 + random() % 300}) {
        engine.configure(SQS_SQRT, tile, 1 + static_cast<uint32_t>(random() % 3));
        ASSERT_EQ(engine.evaluate(target).bytes, classic.bytes) << "tile " << tile << " " << engine.message();
        const uint64_t t0 = random() % info.rows, t1 = t0 + 1 + random() % (info.rows - t0);
        const Array part = engine.evaluate(target, t0, t1);
        ASSERT_EQ(engine.status(), SQS_OK) << engine.message();
        ASSERT_TRUE(part.bytes == classic.rows(t0, t1 - t0).bytes) << "rows " << t0 << " to " << t1 << ", tile " << tile;
        const uint64_t least = engine.plan(target).least_budget_bytes;
        engine.configure(SQS_SQRT, tile, 1, least + random() % 2 * (random() % least));
        ASSERT_EQ(engine.evaluate(target).bytes, classic.bytes) << "tile " << tile << " in little memory: " << engine.message();
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
  EXPECT_EQ(engine.try_add("filtfilt", "taken", "frames", params, &code), "there is already a stage \"taken\": choose another name");
  EXPECT_EQ(code, SQS_E_NAME);
  EXPECT_FALSE(engine.has("taken.forward"));
  EXPECT_NE(engine.try_add("filtfilt", "frames", "frames", params, &code), "");
  EXPECT_EQ(code, SQS_E_NAME);
  EXPECT_FALSE(engine.has("frames.forward"));
  EXPECT_EQ(engine.try_add("filtfilt", "", "frames", params, &code), "the name is empty: a stage needs a name");
  EXPECT_FALSE(engine.has(".forward"));
  EXPECT_EQ(engine.try_add("filtfilt", "other", "frames", params, &code),
            "there is already a stage \"other.forward\": choose another name");
  EXPECT_EQ(code, SQS_E_NAME);
  EXPECT_FALSE(engine.has("other"));
  EXPECT_NE(engine.try_add("filtfilt", "of windows", "input", params, &code).find("odd edge can't be put on windows"), std::string::npos);
  EXPECT_EQ(code, SQS_E_GRAPH);
  EXPECT_FALSE(engine.has("of windows.forward"));
  engine.add("mean_var", "stats", "frames", "");
  EXPECT_EQ(engine.try_add("filtfilt", "of stats", "stats", params, &code),
            "filtfilt: \"stats\" has one row for the whole stream, which can't be extended: use padtype=none");
  engine.add("filtfilt", "free", "frames", params);
}

}  // namespace
}  // namespace sqs::dsp::test
