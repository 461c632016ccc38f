// State-space models through the engine: what looks back gives the bytes of the harness in every mode, tile size, budget, number
// of threads and range, keeps its contract, and runs in less memory than the rows that it looks back on.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "array_pipeline.hpp"
#include "model_params.hpp"
#include "stage_harness.hpp"

namespace sqs::dsp::test {
namespace {

constexpr const char* kBand = "band=-3,-2,-1,-2.5,-4";
constexpr const char* kDynamics = "F=1,0.1,0,1 Q=0.01,0,0,0.02 m0=1,-1 P0=3,0,0,3";
constexpr const char* kKalman = "F=1,0.1,0,1 Q=0.01,0,0,0.02 H=1,0,0,1 R=1,0.2,0.2,2 m0=1,-1 P0=3,0,0,3";

// Frames of log likelihoods; every ninth element of a model of observations is missing.
Array random_frames(std::mt19937_64& random, uint64_t rows, uint64_t channels, bool missing) {
  Array frames(SQS_F32, {rows, channels});
  for (uint64_t i = 0; i < frames.count(); ++i) {
    const double unit = static_cast<double>(random() >> 11) * 0x1p-53;
    frames.set(i, missing && random() % 9 == 0 ? std::nanf("") : static_cast<float>(std::sin(0.01 * static_cast<double>(i)) * 3 - 5 * unit));
  }
  return frames;
}

// What a model of states is run on: frames, or stages that take their elements apart, so many each.
struct Trial {
  const char* type;
  std::string params;
  Array frames;
  std::vector<uint64_t> parts = {};  // empty: the frames themselves

  // What the stages hold.
  std::vector<Array> inputs() const {
    if (parts.empty()) return {frames};
    const uint64_t rows = frames.shape[0], elements = frames.shape[1];
    std::vector<Array> out;
    uint64_t first = 0;
    for (const uint64_t part : parts) {
      Array& input = out.emplace_back(SQS_F32, std::vector<uint64_t>{rows, part});
      for (uint64_t i = 0; i < rows * part; ++i) input.set(i, frames.at<float>(i / part * elements + first + i % part));
      first += part;
    }
    return out;
  }
  Array by_hand() const { return run_stage(type, params, inputs()); }
};

class Model : public ArrayPipeline {
 public:
  Model(const char* type, const std::string& params, const Array& frames) : Model(Trial{type, params, frames}) {}
  explicit Model(const Trial& trial) : ArrayPipeline(trial.frames, 1, 1, 0) {
    if (trial.parts.empty()) {
      add(trial.type, "model", "frames", trial.params);
      return;
    }
    std::vector<std::string> names;
    uint64_t first = 0;
    for (const uint64_t part : trial.parts) {
      names.push_back("part " + std::to_string(first));
      add("band_sums", names.back().c_str(), "frames", "unit=bins " + bins(first, part));
      first += part;
    }
    std::vector<sqs_access> accesses;
    for (const std::string& name : names) accesses.push_back(api::access(name.c_str(), SQS_VALID, 0, 0));
    add(trial.type, "model", accesses, trial.params);
  }

  void configure(int32_t mode, uint64_t tile_frames = 0, uint32_t threads = 1, uint64_t budget = 0) {
    ArrayPipeline::configure(mode, tile_frames, threads, budget, SQS_NONE);
  }

  // Configures for sqrt mode first, in which it is asked for.
  uint64_t least_budget() {
    configure(SQS_SQRT);
    return plan("model").least_budget_bytes;
  }

  // All rows, in the shape of `like`.
  Array evaluate_as(const Array& like) {
    const std::vector<std::byte> bytes = evaluate();
    Array out(like.dtype, like.shape);
    EXPECT_EQ(bytes.size(), out.bytes.size());
    if (bytes.size() == out.bytes.size()) out.bytes = bytes;
    return out;
  }

  // The bytes of rows [t0, t1).
  std::vector<std::byte> evaluate(uint64_t t0 = 0, uint64_t t1 = SQS_END) {
    return ArrayPipeline::evaluate("model", t0, t1).bytes;
  }

 private:
  // Bands of one bin each.
  static std::string bins(uint64_t first, uint64_t count) {
    std::string out;
    for (uint64_t i = first; i < first + count; ++i)
      out += (out.empty() ? "bands=" : ",") + std::to_string(i) + "," + std::to_string(i + 1);
    return out;
  }
};

// Rows of y (2 elements), H (2 x 2) and R (2 x 2); some elements of y are missing, and here and there a whole row.
Array random_varying_frames(std::mt19937_64& random, uint64_t rows) {
  Array frames = random_frames(random, rows, 10, false);
  for (uint64_t row = 0; row < rows; ++row) {
    const uint64_t y = row * 10, R = y + 6;
    for (uint64_t i = 0; i < 2; ++i)
      if (random() % 9 == 0 || row % 17 == 3) frames.set(y + i, std::nanf(""));
    const float covariance = std::fmod(frames.at<float>(R + 1), 0.5f);
    frames.set(R, 1 + std::abs(frames.at<float>(R)));
    frames.set(R + 1, covariance);
    frames.set(R + 2, covariance);
    frames.set(R + 3, 1 + std::abs(frames.at<float>(R + 3)));
  }
  return frames;
}

std::vector<Trial> trials(std::mt19937_64& random, uint64_t rows) {
  std::vector<Trial> out;
  out.push_back({"kalman_smooth", kKalman, random_frames(random, rows, 2, true)});
  out.push_back({"kalman_smooth", std::string(kKalman) + " output=mean", random_frames(random, rows, 2, true)});
  out.push_back({"kalman_smooth", kDynamics, random_varying_frames(random, rows), {2, 4, 4}});
  out.push_back({"viterbi", kBand, random_frames(random, rows, 30, false)});
  out.push_back({"viterbi", "transitions=-1,-2,-3,-1,-2,-inf,0,-1,-5 initial=0,-1,-2 dtype=f64", random_frames(random, rows, 3, false)});
  out.push_back({"posterior", kBand, random_frames(random, rows, 11, false)});
  out.push_back({"posterior", std::string(kBand) + " border=keep dtype=f64", random_frames(random, rows, 4, false)});
  return out;
}

TEST(Models, GiveTheSameBytesInEveryModeTileThreadAndRange) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (const Trial& trial : trials(random, 1 + random() % 700)) {
    SCOPED_TRACE(trial.type + (" " + trial.params));
    const std::vector<std::byte> expected = trial.by_hand().bytes;
    const uint64_t rows = trial.frames.shape[0], row_bytes = expected.size() / rows;
    Model model(trial);
    model.configure(SQS_CLASSIC);
    ASSERT_EQ(model.evaluate(), expected);
    for (const uint64_t tile : {uint64_t{1}, uint64_t{7}, 1 + random() % 300}) {
      model.configure(SQS_SQRT, tile, 1 + static_cast<uint32_t>(random() % 3));
      ASSERT_EQ(model.evaluate(), expected) << "tile " << tile;
      const uint64_t t0 = random() % rows, t1 = t0 + random() % (rows - t0 + 1);
      const std::vector<std::byte> part = model.evaluate(t0, t1);
      ASSERT_EQ(part.size(), (t1 - t0) * row_bytes);
      ASSERT_TRUE(std::equal(part.begin(), part.end(), expected.begin() + static_cast<ptrdiff_t>(t0 * row_bytes)))
          << "rows " << t0 << " to " << t1 << ", tile " << tile;
    }
  }
}

// In classic mode, and in sqrt mode in the least budget, a little above it and far above it.
template <class Check>
void in_modes_and_budgets(Model& model, const Array& like, const Check& check) {
  model.configure(SQS_CLASSIC);
  const Array classic = model.evaluate_as(like);
  check("classic", classic);
  const uint64_t least = model.least_budget();
  for (const uint64_t budget : {least, least + 1, least + least / 4, 2 * least, uint64_t{1} << 30}) {
    model.configure(SQS_SQRT, 0, 1, budget);
    EXPECT_EQ(model.evaluate_as(like).bytes, classic.bytes) << "budget " << budget << ", least " << least;
  }
}

TEST(Models, AgreeWithNumpyInEveryModeAndBudget) {
  const Vectors kalman("kalman"), hmm("hmm");
  for (const std::string shape : kKalmanCases) {
    for (const std::string& name : {shape, shape + "-missing"}) {
      const Array& expected = kalman[name + "-smoothed"];
      Model model("kalman_smooth", model_of(kalman, name), kalman[name + "-y"]);
      in_modes_and_budgets(model, expected, [&](const std::string& mode, const Array& got) {
        expect_near_scaled("kalman_smooth " + name + " " + mode, got, expected, 1e-10);
      });
    }
  }
  for (const auto& hmm_case : hmm_cases(hmm)) {
    const auto& name = hmm_case.name;  // no structured binding: Clang 14 lets no lambda see one
    const auto& params = hmm_case.params;
    SCOPED_TRACE(name);
    const Array& likelihoods = hmm[name + "-likelihoods"];
    const Array& path = hmm[name + "-path"];
    Model viterbi("viterbi", params, likelihoods);
    in_modes_and_budgets(viterbi, path, [&](const std::string& mode, const Array& got) {
      expect_equal("viterbi " + name + " " + mode, got, path);
    });
    if (!hmm.has(name + "-posterior")) continue;
    const Array& probabilities = hmm[name + "-posterior"];
    Model posterior("posterior", params, likelihoods);
    in_modes_and_budgets(posterior, probabilities, [&](const std::string& mode, const Array& got) {
      expect_near_scaled("posterior " + name + " " + mode, got, probabilities, 1e-12);
    });
  }
}

// Of enough rows that the least budget holds few of them.
TEST(Models, RunInTheLeastBudgetThatTheirPlanTells) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (const Trial& trial : trials(random, 3000 + random() % 3000)) {
    SCOPED_TRACE(trial.type + (" " + trial.params));
    Model model(trial);
    const Array expected = trial.by_hand();
    in_modes_and_budgets(model, expected, [&](const std::string&, const Array& got) { EXPECT_EQ(got.bytes, expected.bytes); });
    model.configure(SQS_SQRT, 0, 1, model.least_budget() - 1);
    model.try_evaluate("model");
    EXPECT_EQ(model.answer().code, SQS_E_BUDGET);
  }
}

TEST(Models, KeepTheirContract) {
  std::mt19937_64 random(7);
  for (const Trial& trial : trials(random, 211)) {
    SCOPED_TRACE(trial.type + (" " + trial.params));
    Model model(trial);
    model.expect_contract_kept("model");
  }
}

// In whatever mode and tiles, and the pipeline can be used afterwards.
TEST(Models, NameTheRowThatCanNotBeObserved) {
  std::mt19937_64 random(5);
  Array frames = random_varying_frames(random, 300);
  for (uint64_t i = 0; i < 10; ++i) frames.set(137 * 10 + i, i < 2 ? 1.0f : 0.0f);
  const Trial trial = {"kalman_smooth", kDynamics, frames, {2, 4, 4}};
  Model model(trial);
  for (const auto& [mode, tile] : {std::pair<int32_t, uint64_t>{SQS_CLASSIC, 0}, {SQS_SQRT, 0}, {SQS_SQRT, 1}, {SQS_SQRT, 50}}) {
    model.configure(mode, tile);
    model.try_evaluate("model");
    EXPECT_EQ(model.answer().code, SQS_E_STAGE);
    EXPECT_EQ(model.answer().stage, "model.filter");
    EXPECT_EQ(model.answer().row, 137u);
    EXPECT_NE(model.answer().message.find("kalman: at row 137 the covariance of the innovation"), std::string::npos)
        << model.answer().message;
  }
  model.configure(SQS_SQRT, 7);
  EXPECT_EQ(static_cast<ArrayPipeline&>(model).evaluate("model.filter", 0, 137).shape[0], 137u);
}

// From a budget that holds everything down to one that no plan fits, by two thirds each time.
TEST(Models, RunInLessMemoryThanTheRowsTheyLookBackOn) {
  std::mt19937_64 random(11);
  const uint64_t rows = 60000, states = 64;
  const Array frames = random_frames(random, rows, states, false);
  Model model("viterbi", kBand, frames);
  model.configure(SQS_CLASSIC);
  const std::vector<std::byte> expected = model.evaluate();
  const uint64_t forward_rows = rows * (states + 2);
  uint64_t least = UINT64_MAX;
  for (uint64_t budget = 4 * forward_rows;; budget = budget / 3 * 2) {
    model.configure(SQS_SQRT, 0, 1, budget);
    const Array got = model.try_evaluate("model");
    if (model.answer().code == SQS_E_BUDGET) break;
    ASSERT_TRUE(model.answer().ok()) << "budget " << budget << ": " << model.answer().message;
    ASSERT_EQ(got.bytes, expected) << "budget " << budget;
    least = budget;
  }
  EXPECT_LT(least, forward_rows / 4);
}

// A row that no forward stage makes, read from the last to the first: the row before it is to blame, in whatever tile it is.
TEST(Models, ErrorsOfABackwardStageHaveTheirRow) {
  Array rows(SQS_U8, {9, 4});
  for (const uint64_t element : {0u, 1u}) rows.set(4 * 4 + element, uint8_t{3});
  ArrayPipeline pipeline(rows, 1, 1, 0);
  pipeline.add("viterbi_trace", "path", "frames", "");
  for (const auto& [mode, tile] : {std::pair<int32_t, uint64_t>{SQS_CLASSIC, 0}, {SQS_SQRT, 1}, {SQS_SQRT, 3}, {SQS_SQRT, 4}}) {
    pipeline.configure(mode, tile);
    pipeline.try_evaluate("path");
    EXPECT_EQ(pipeline.answer().code, SQS_E_STAGE);
    EXPECT_EQ(pipeline.answer().row, 3u) << pipeline.answer().message;
  }
}

}  // namespace
}  // namespace sqs::dsp::test
