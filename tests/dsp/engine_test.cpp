// Stages through the engine: the bytes of the harness, in every mode, tile size, number of threads and range; several graphs
// under random settings, fed in every way; and the contract check of every target.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <random>

#include "array_pipeline.hpp"
#include "checks.hpp"
#include "sqrtspace/dsp.h"
#include "stage_graphs.hpp"
#include "stage_harness.hpp"

namespace sqs::dsp::test {
namespace {

Array random_stream(std::mt19937_64& random, const Shape& shape) {
  Array stream(SQS_F32, {shape.frames, shape.channels});
  for (uint64_t i = 0; i < stream.count(); ++i) {
    const double unit = static_cast<double>(random() >> 11) * 0x1p-53;
    stream.set(i, static_cast<float>(std::sin(0.05 * static_cast<double>(i)) + unit));
  }
  return stream;
}

// The graph with a stage of every kind.
class Engine : public ArrayPipeline {
 public:
  Engine(const Shape& shape, const Array& stream) : ArrayPipeline(stream, shape.window, shape.hop, 1000) {
    for (const StageSpec& stage : mixed_stages(shape)) add(stage.type, stage.name, stage.inputs, stage.params);
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

// Frames of any dtype: a wave and noise, in integers a few dozen high. Of complex ones the two parts count as two.
Array frames_of(const StageGraph& graph, const Shape& shape, eq::Rng& random) {
  Array stream(graph.dtype, {shape.frames, shape.channels});
  for (uint64_t i = 0; i < stream.real_count(); ++i) {
    const double value = std::sin(0.05 * static_cast<double>(i)) + static_cast<double>(random.next() >> 11) * 0x1p-53;
    if (graph.dtype == SQS_I16) stream.set(i, static_cast<int16_t>(20 * value));
    else if (graph.dtype == SQS_F64) stream.set(i, value);
    else stream.set(i, static_cast<float>(value));
  }
  return stream;
}

// Also hops past the window, and fewer frames than one window, or none. Rows of a stage that are cut into windows of one frame
// would be no windows, but rows.
Shape any_shape(eq::Rng& random) {
  Shape shape;
  shape.channels = random.between(1, 3);
  shape.window = random.between(2, 60);
  shape.hop = random.between(1, 70);
  shape.frames = random.chance(4) ? 0 : random.below(random.chance(8) ? shape.window : random.chance(20) ? 3000 : 700);
  return shape;
}

struct Request {
  std::string target;
  eq::RowRange range;
};

std::string words(const Request& request) { return request.target + " " + eq::describe(request.range); }

struct Outcome {
  api::Answer answer;
  std::vector<uint8_t> rows;
  std::string digest;
  sqs_stats stats{};
};

// A graph over frames that come in any of the ways there are. It keeps the frames.
class FedPipeline {
 public:
  FedPipeline(const StageGraph& graph, const Shape& shape, const Array& frames) : frames_(frames) {
    sqs_format format = api::format(graph.dtype, shape.channels, shape.window, shape.hop);
    format.sample_rate = 1000;
    pipeline_ = api::pipeline(format);
    for (const StageSpec& stage : graph.stages(shape)) add(stage);
  }

  void feed(eq::Feed how, eq::Rng& random) {
    const api::Answer fed = how == eq::Feed::Memory ? set_memory() : how == eq::Feed::Reader ? set_reader() : push_all(random);
    EXPECT_TRUE(fed.ok()) << fed.message;
  }
  void configure(const sqs_settings& settings) {
    const api::Answer configured = api::configure(pipeline_.get(), settings);
    EXPECT_TRUE(configured.ok()) << configured.message;
  }
  // 0 if the stream is too short for the graph, as one row is for an edge that reflects.
  uint64_t rows(const std::string& target) const {
    auto info = api::sized<sqs_stage_info>();
    const int32_t status = sqs_pipeline_describe(pipeline_.get(), target.c_str(), &info, nullptr);
    EXPECT_TRUE(status == SQS_OK || status == SQS_E_GRAPH) << target << ": " << sqs_status_name(status);
    return status == SQS_OK ? info.rows : 0;
  }
  api::Answer plan(const Request& request, sqs_plan_info& info) const {
    const char* target = request.target.c_str();
    sqs_plan* made = nullptr;
    const api::Answer planned = api::answer([&](sqs_error** e) {
      return sqs_pipeline_plan(pipeline_.get(), &target, 1, request.range.t0, request.range.t1, 0, &made, e);
    });
    const api::Plan owner(made);
    info = api::sized<sqs_plan_info>();
    if (planned.ok()) {
      EXPECT_EQ(sqs_plan_info_get(made, &info, nullptr), SQS_OK);
    }
    return planned;
  }
  Outcome evaluate(const Request& request) {
    Outcome outcome;
    api::ResultHandle result;
    outcome.answer = api::evaluate(pipeline_.get(), request.target.c_str(), result, request.range.t0, request.range.t1);
    if (!outcome.answer.ok()) return outcome;
    auto view = api::sized<sqs_view>();
    EXPECT_EQ(sqs_result_view(result.get(), &view, nullptr), SQS_OK);
    eq::append_rows(view, outcome.rows);
    outcome.digest = api::digest(result.get());
    outcome.stats = api::stats(result.get());
    return outcome;
  }

 private:
  void add(const StageSpec& stage) {
    const api::Answer added = api::answer([&](sqs_error** e) {
      return sqs_dsp_add(pipeline_.get(), stage.type, stage.name, stage.inputs.data(), static_cast<uint32_t>(stage.inputs.size()),
                         stage.params.c_str(), e);
    });
    EXPECT_TRUE(added.ok()) << stage.name << ": " << added.message;
  }
  uint64_t frame_bytes() const { return frames_.shape[1] * sqs_dtype_bytes(frames_.dtype); }
  api::Answer set_memory() {
    return api::answer([&](sqs_error** e) {
      return sqs_pipeline_set_memory(pipeline_.get(), frames_.bytes.data(), frames_.shape[0], nullptr, nullptr, e);
    });
  }
  static int64_t read(void* user, uint64_t first, uint64_t frames, void* dst, char*) {
    const FedPipeline& self = *static_cast<const FedPipeline*>(user);
    if (frames == 0 || first + frames > self.frames_.shape[0]) return -1;
    std::memcpy(dst, self.frames_.bytes.data() + first * self.frame_bytes(), frames * self.frame_bytes());
    return static_cast<int64_t>(frames);
  }
  api::Answer set_reader() {
    auto reader = api::sized<sqs_reader>();
    reader.frame_count = frames_.shape[0];
    reader.read = read;
    return api::answer([&](sqs_error** e) { return sqs_pipeline_set_reader(pipeline_.get(), &reader, this, nullptr, e); });
  }
  api::Answer push_all(eq::Rng& random) {
    for (uint64_t done = 0, piece = 0; done < frames_.shape[0]; done += piece) {
      piece = std::min(frames_.shape[0] - done, random.chance(30) ? 1 : random.between(1, 200));
      const api::Answer pushed = api::answer([&](sqs_error** e) {
        return sqs_pipeline_push_samples(pipeline_.get(), frames_.bytes.data() + done * frame_bytes(), piece, e);
      });
      if (!pushed.ok()) return pushed;
    }
    return api::answer([&](sqs_error** e) { return sqs_pipeline_end_input(pipeline_.get(), e); });
  }

  Array frames_;
  api::Pipeline pipeline_;  // goes first: it may read the frames
};

sqs_settings any_settings(eq::Rng& random) {
  sqs_settings settings = api::settings(random.chance(85) ? SQS_SQRT : SQS_AUTO);
  settings.threads = static_cast<uint32_t>(random.between(1, 4));
  settings.tile_frames = random.pick<uint64_t>({0, 1, 3, 7, 20, 64, 257, 1000, 100000});
  settings.checkpoint_every = random.chance(40) ? 0 : random.pick<uint64_t>({1, 2, 3, 8, 40, 1000});
  settings.lru_bytes = random.pick<uint64_t>({SQS_NONE, 0, 700, 20'000, 100'000, 4'000'000});
  return settings;
}

// Any range, often one of a few rows; most begin in the last one, or where it began or ended, so that it has left something.
eq::RowRange any_range(uint64_t rows, eq::RowRange last, eq::Rng& random) {
  if (random.chance(25)) return {};
  const uint64_t first = std::min(last.t0, rows), end = std::min(last.t1, rows);
  const uint64_t inside = random.between(first, end);
  const uint64_t t0 = random.pick<uint64_t>({0, first, first, inside, inside, end});
  const uint64_t room = rows - t0;
  const uint64_t length = random.chance(30) ? std::min(room, random.below(20)) : random.below(room + 1);
  return {t0, random.chance(25) ? SQS_END : t0 + length};
}

// One pipeline under random settings, asked a few times, so that later requests find cache and checkpoints of earlier ones; and
// beside it the classic one, which it must agree with.
class Case {
 public:
  Case(const StageGraph& graph, uint64_t seed)
      : random_(seed),
        graph_(graph),
        shape_(any_shape(random_)),
        frames_(frames_of(graph, shape_, random_)),
        classic_(graph, shape_, frames_),
        varied_(graph, shape_, frames_),
        settings_(any_settings(random_)),
        feed_(random_.pick({eq::Feed::Memory, eq::Feed::Reader, eq::Feed::Push})) {}

  void run();
  uint64_t asked() const { return asked_; }
  uint64_t refused() const { return refused_; }

 private:
  struct Asked {
    Request request;
    api::Answer planned;    // without a budget
    uint64_t least = 0;     // budget, if it can be planned
  };
  std::string words() const;
  std::vector<Asked> draw();
  uint64_t any_budget(const std::vector<Asked>& asked);
  void ask(const Asked& asked);
  void expect_same(const Outcome& outcome, const Request& request);
  void expect_counts(const sqs_stats& stats, const sqs_plan_info& plan) const;
  static void expect_refusal(const api::Answer& got, const api::Answer& wanted);

  eq::Rng random_;
  const StageGraph& graph_;
  const Shape shape_;
  const Array frames_;
  FedPipeline classic_, varied_;
  sqs_settings settings_;
  eq::Feed feed_;
  uint64_t asked_ = 0, refused_ = 0;
};

std::string Case::words() const {
  const char* feed = feed_ == eq::Feed::Memory ? "memory" : feed_ == eq::Feed::Reader ? "a reader" : "pushes";
  return test::words(shape_) + ", from " + feed + ", " + eq::describe(settings_);
}

std::vector<Case::Asked> Case::draw() {
  const Stages stages = graph_.stages(shape_);
  std::vector<Asked> all;
  for (uint64_t i = random_.between(2, 3); i > 0; --i) {
    Asked asked;
    asked.request.target = stages[random_.below(stages.size())].name;
    if (!all.empty() && random_.chance(80)) asked.request = all.back().request;
    asked.request.range = any_range(classic_.rows(asked.request.target), asked.request.range, random_);
    sqs_plan_info info;
    asked.planned = varied_.plan(asked.request, info);
    asked.least = info.least_budget_bytes;
    all.push_back(asked);
  }
  return all;
}

// From the least that works for all requests to no limit, with room for cache and checkpoints or without; sometimes one that is
// too small for a request or more.
uint64_t Case::any_budget(const std::vector<Asked>& asked) {
  uint64_t low = UINT64_MAX, high = 2;
  for (const Asked& one : asked) {
    if (!one.planned.ok()) continue;
    low = std::min(low, one.least);
    high = std::max(high, one.least);
  }
  if (random_.chance(12)) return random_.between(std::max<uint64_t>(std::min(low, high), 2) - 1, high);
  return random_.pick<uint64_t>({0, 0, high, high, high + random_.below(high), high + random_.below(16 * high), 1000 * high});
}

void Case::run() {
  classic_.configure(api::settings(SQS_CLASSIC));
  classic_.feed(eq::Feed::Memory, random_);
  varied_.feed(feed_, random_);
  varied_.configure(settings_);
  const std::vector<Asked> all = draw();
  settings_.memory_budget = any_budget(all);
  varied_.configure(settings_);
  SCOPED_TRACE(words());
  for (const Asked& asked : all) ask(asked);
}

// A budget below the least that the plan tells is refused, any other is enough.
void Case::ask(const Asked& asked) {
  SCOPED_TRACE(test::words(asked.request));
  ++asked_;
  sqs_plan_info plan;
  const api::Answer planned = varied_.plan(asked.request, plan);
  const Outcome outcome = varied_.evaluate(asked.request);
  if (outcome.answer.ok()) {
    ASSERT_TRUE(planned.ok()) << planned.message;
    EXPECT_EQ(plan.least_budget_bytes, asked.least);
    // Where auto runs classic, that may need less than sqrt does at least.
    const bool enough = settings_.memory_budget == 0 || settings_.memory_budget >= asked.least;
    EXPECT_TRUE(enough || plan.mode == SQS_CLASSIC) << asked.least;
    expect_counts(outcome.stats, plan);
    return expect_same(outcome, asked.request);
  }
  ++refused_;
  expect_refusal(planned, outcome.answer);
  if (!asked.planned.ok()) {  // the graph doesn't fit the stream, which the classic one finds too
    expect_refusal(outcome.answer, asked.planned);
    return expect_refusal(outcome.answer, classic_.evaluate(asked.request).answer);
  }
  EXPECT_EQ(outcome.answer.code, SQS_E_BUDGET) << outcome.answer.message;
  EXPECT_NE(outcome.answer.message.find(std::to_string(asked.least)), std::string::npos) << outcome.answer.message;
  EXPECT_TRUE(settings_.memory_budget != 0 && settings_.memory_budget < asked.least) << asked.least;
}

void Case::expect_refusal(const api::Answer& got, const api::Answer& wanted) {
  EXPECT_EQ(got.code, wanted.code) << got.message;
  EXPECT_EQ(got.message, wanted.message);
  EXPECT_EQ(got.stage, wanted.stage);
}

// The bytes are those of the whole target, the digest is that of the same request.
void Case::expect_same(const Outcome& outcome, const Request& request) {
  const Outcome whole = classic_.evaluate({request.target, {}});
  const Outcome part = classic_.evaluate(request);
  ASSERT_TRUE(whole.answer.ok()) << whole.answer.message;
  ASSERT_TRUE(part.answer.ok()) << part.answer.message;
  const uint64_t rows = classic_.rows(request.target);
  const uint64_t row_bytes = rows == 0 ? 0 : whole.rows.size() / rows;
  const uint64_t t1 = request.range.t1 == SQS_END ? rows : request.range.t1;
  ASSERT_EQ(outcome.rows.size(), (t1 - request.range.t0) * row_bytes);
  EXPECT_TRUE(std::equal(outcome.rows.begin(), outcome.rows.end(),
                         whole.rows.begin() + static_cast<std::ptrdiff_t>(request.range.t0 * row_bytes)))
      << "other bytes than classic";
  EXPECT_EQ(outcome.digest, part.digest) << "another digest than classic";
}

void Case::expect_counts(const sqs_stats& stats, const sqs_plan_info& plan) const {
  EXPECT_EQ(stats.rows_predicted, plan.rows_predicted);
  EXPECT_EQ(stats.rows_evaluated + stats.rows_from_cache + stats.rows_skipped, stats.rows_predicted);
  EXPECT_EQ(stats.mode, plan.mode);
  EXPECT_TRUE(settings_.mode == SQS_AUTO || stats.mode == settings_.mode) << stats.mode;
  EXPECT_EQ(stats.predicted_bytes, plan.predicted_bytes);
  EXPECT_LE(stats.measured_bytes, stats.predicted_bytes);
  EXPECT_LE(stats.predicted_bytes, stats.budget_bytes);
  EXPECT_TRUE(settings_.memory_budget == 0 || stats.budget_bytes == settings_.memory_budget) << stats.budget_bytes;
}

class RandomCases : public ::testing::TestWithParam<StageGraph> {};

// Each graph under settings, shapes and requests of its own seed; SQS_SEED makes another the first one.
TEST_P(RandomCases, GiveTheBytesOfClassicAndTheCountsOfThePlan) {
  const char* given = std::getenv("SQS_SEED");
  const uint64_t seed = given == nullptr ? 90'000 : std::strtoull(given, nullptr, 0);
  uint64_t asked = 0, refused = 0;
  for (uint64_t i = 0; i < 22 && !HasFailure(); ++i) {
    SCOPED_TRACE("reproduce: SQS_SEED=" + std::to_string(seed + i));
    Case one(GetParam(), seed + i);
    one.run();
    asked += one.asked();
    refused += one.refused();
  }
  std::cout << asked << " requests from seed " << seed << ", " << refused << " refused\n";
  EXPECT_LT(refused * 2, asked) << "too many requests are refused to test much";
}

INSTANTIATE_TEST_SUITE_P(Graphs, RandomCases, ::testing::ValuesIn(kStageGraphs),
                         [](const auto& graph) { return std::string(graph.param.name); });

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
