// Paths and posteriors of hidden Markov models against dense recursions that keep every row: in NumPy, and for random models of
// every form here.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>

#include "model_params.hpp"
#include "stage_harness.hpp"

namespace sqs::dsp::test {
namespace {

Array path_of(const std::string& params, const Array& likelihoods) {
  return run_stage("viterbi_trace", "", run_stage("viterbi_forward", params, likelihoods));
}

TEST(Viterbi, FindsThePathOfNumpy) {
  const Vectors vectors("hmm");
  for (const auto& [name, params] : hmm_cases(vectors)) {
    const Array& likelihoods = vectors[name + "-likelihoods"];
    expect_equal("viterbi " + name, path_of(params, likelihoods), vectors[name + "-path"]);
    expect_equal("viterbi in one " + name, run_stage("viterbi", params, likelihoods), vectors[name + "-path"]);
  }
}

TEST(Posterior, AgreesWithNumpy) {
  const Vectors vectors("hmm");
  int compared = 0;
  for (const auto& [name, params] : hmm_cases(vectors)) {
    if (!vectors.has(name + "-posterior")) continue;
    ++compared;
    const Array& likelihoods = vectors[name + "-likelihoods"];
    const Array forward = run_stage("hmm_forward", params, likelihoods);
    expect_near_scaled("hmm_forward " + name, forward, vectors[name + "-forward"], 1e-13);
    std::vector<Input> inputs(2);
    inputs[0].array = forward;
    inputs[1].array = likelihoods;
    const std::string transitions = params.substr(0, params.find("initial"));
    const Array got = StageUnderTest("hmm_posterior", transitions, inputs).run();
    expect_near_scaled("hmm_posterior " + name, got, vectors[name + "-posterior"], 1e-12);
    EXPECT_EQ(run_stage("posterior", params, likelihoods).bytes, got.bytes) << name;
    // The forward rows in between are f32 too: what counts is the size of the logs.
    const double tolerance = name == "contradiction" ? 1e-3 : 1e-6;
    expect_near_scaled("posterior f32 " + name, run_stage("posterior", params + "dtype=f32", likelihoods), vectors[name + "-posterior"], tolerance);
  }
  EXPECT_GE(compared, 14);
}

// A model and rows whose numbers are quarters, so that sums are exact and often equal, with impossible entries among them.
template <class Real>
struct RandomModel {
  uint64_t states, half, rows;
  bool dense, renormalised;
  std::vector<double> weights;  // dense or band, as given
  std::vector<Real> likelihoods;
  std::string params;

  explicit RandomModel(std::mt19937_64& random) {
    states = random() % 4 == 0 ? 250 + random() % 20 : 1 + random() % 40;
    dense = states < 41 && random() % 2 == 0;
    half = states > 250 && random() % 2 == 0 ? 120 + random() % 20 : random() % 12;
    rows = 1 + random() % 25;
    renormalised = false;
    weights.resize(dense ? states * states : 2 * half + 1);
    for (double& weight : weights) weight = quarter(random);
    likelihoods.resize(rows * states);
    for (Real& value : likelihoods) value = static_cast<Real>(quarter(random));
    params = list_param(dense ? "transitions" : "band", Array::of<double>(SQS_F64, {weights.size()}, weights)) + "border=keep";
  }

  static double quarter(std::mt19937_64& random) {
    return random() % 9 == 0 ? -std::numeric_limits<double>::infinity() : -0.25 * static_cast<double>(random() % 9);
  }

  Real weight(uint64_t from, uint64_t to) const {
    if (dense) return static_cast<Real>(weights[from * states + to]);
    return static_cast<Real>(weights[to + half - from]);
  }
  bool can_move(uint64_t from, uint64_t to) const { return dense || (from <= to + half && to <= from + half); }

  // Every score of every row, and the sources by looking at each in turn.
  std::vector<int32_t> path() const {
    std::vector<Real> scores(likelihoods.begin(), likelihoods.begin() + static_cast<ptrdiff_t>(states));
    std::vector<std::vector<uint64_t>> sources;
    normalise(scores);
    for (uint64_t row = 1; row < rows; ++row) {
      std::vector<Real> next(states);
      sources.emplace_back(states);
      for (uint64_t to = 0; to < states; ++to) {
        bool first = true;
        for (uint64_t from = 0; from < states; ++from) {
          if (!can_move(from, to)) continue;
          const Real candidate = scores[from] + weight(from, to);
          if (!first && !(candidate > next[to])) continue;
          first = false;
          next[to] = candidate;
          sources.back()[to] = from;
        }
        next[to] += likelihoods[row * states + to];
      }
      scores = next;
      normalise(scores);
    }
    std::vector<int32_t> out(rows);
    uint64_t at = static_cast<uint64_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
    for (uint64_t row = rows; row-- > 0; at = row > 0 ? sources[row - 1][at] : 0) out[row] = static_cast<int32_t>(at);
    return out;
  }

  static void normalise(std::vector<Real>& scores) {
    const Real largest = *std::max_element(scores.begin(), scores.end());
    if (!std::isfinite(largest)) return;
    for (Real& score : scores) score -= largest;
  }
};

template <class Real>
void expect_random_paths(int32_t dtype) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 150; ++round) {
    const RandomModel<Real> model(random);
    const Array likelihoods = Array::of<Real>(dtype, {model.rows, model.states}, model.likelihoods);
    const Array got = path_of(model.params, likelihoods);
    ASSERT_EQ(got.bytes, Array::of<int32_t>(SQS_I32, {model.rows}, model.path()).bytes)
        << "round " << round << ", " << model.states << " states, " << (model.dense ? "dense" : "band " + std::to_string(model.half));
  }
}

TEST(Viterbi, FindsThePathOfAFullSearchInDoubles) { expect_random_paths<double>(SQS_F64); }
TEST(Viterbi, FindsThePathOfAFullSearchInSingles) { expect_random_paths<float>(SQS_F32); }

TEST(Viterbi, GivesTiesToTheLowestState) {
  const Array same(SQS_F32, {6, 70});
  expect_equal("ties in a band", path_of("band=0,0,0,0,0", same), Array(SQS_I32, {6}));
  const Array high = Array::of<float>(SQS_F32, {3, 4}, {0, 0, 0, 0, 0, 0, 0, 0, -1, -1, 0, 0});
  expect_equal("ties kept", path_of("band=0,0,0 border=keep", high), Array::of<int32_t>(SQS_I32, {3}, {0, 1, 2}));
}

TEST(Viterbi, KeepsScoresFiniteOverManyRows) {
  const uint64_t rows = 20000;
  Array likelihoods(SQS_F32, {rows, 3});
  for (uint64_t i = 0; i < likelihoods.count(); ++i) likelihoods.set<float>(i, -1e36f);
  for (uint64_t row = 0; row < rows; ++row) likelihoods.set<float>(row * 3 + row % 2, -9e35f);
  const Array path = path_of("band=0,0,0", likelihoods);
  for (uint64_t row = 0; row < rows; ++row) ASSERT_EQ(path.at<int32_t>(row), static_cast<int32_t>(row % 2)) << row;
}

TEST(Viterbi, CountsNanAsImpossible) {
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  const Array got = path_of("band=0,0,0 border=keep", Array::of<double>(SQS_F64, {2, 3}, {nan, -5, nan, nan, nan, -7}));
  expect_equal("nan", got, Array::of<int32_t>(SQS_I32, {2}, {1, 2}));
  const Array impossible = path_of("band=0,0,0", Array::of<double>(SQS_F64, {3, 2}, {-1, -2, -inf, -inf, -3, -1}));
  expect_equal("no state", impossible, Array(SQS_I32, {3}));
}

TEST(Viterbi, EmitsBytesWhereTheyDo) {
  const auto dtype_of = [](uint64_t states, uint64_t half) {
    Input input;
    input.array = Array(SQS_F32, {2, states});
    return StageUnderTest("viterbi_forward", list_param("band", Array(SQS_F64, {2 * half + 1})), {input}).run();
  };
  EXPECT_EQ(dtype_of(256, 200).dtype, SQS_U8);
  EXPECT_EQ(dtype_of(256, 200).shape[1], 258u);
  EXPECT_EQ(dtype_of(1000, 127).dtype, SQS_U8);
  EXPECT_EQ(dtype_of(1000, 128).dtype, SQS_U16);
  EXPECT_EQ(dtype_of(1000, 128).shape[1], 1001u);
  EXPECT_EQ(dtype_of(65535, 1).shape[1], 65537u);
}

TEST(Posterior, IsNanWhereNoPathIsPossible) {
  const double inf = std::numeric_limits<double>::infinity();
  const Array got = run_stage("posterior", "band=0", Array::of<double>(SQS_F64, {2, 2}, {0, -inf, -inf, 0}));
  for (uint64_t i = 0; i < 4; ++i) EXPECT_TRUE(std::isnan(got.real(i))) << i;
}

TEST(Viterbi, TellsWhatIsWrongWithAModel) {
  const Array three(SQS_F32, {4, 3}), two(SQS_F64, {4, 2}), many(SQS_F32, {1, 65536}), complex(SQS_C64, {4});
  EXPECT_EQ(refusal("viterbi_forward", "", {three}), "viterbi_forward: give either transitions or band");
  EXPECT_EQ(refusal("viterbi", "band=0 transitions=0", {three}), "viterbi: give either transitions or band");
  EXPECT_EQ(refusal("viterbi", "band=0,0", {three}), "viterbi: band has 2 values; moves by -w .. w states take an odd number, 2w+1");
  EXPECT_EQ(refusal("viterbi", "transitions=0,0,0,0", {three}),
            "viterbi: transitions has 4 values; the input has 3 states, which take 9");
  EXPECT_EQ(refusal("viterbi", "band=0 initial=0,0", {three}), "viterbi: initial has 2 values, but the input has 3 states");
  EXPECT_EQ(refusal("posterior", "band=-inf,-inf,0", {three}),
            "posterior: by the band no move from state 2 stays inside the 3 states: give a weight that does, or border=keep");
  EXPECT_EQ(refusal("hmm_forward", "band=0", {many}), "hmm_forward: a row of \"an input\" has 65536 states; at most 65535 work");
  EXPECT_EQ(refusal("hmm_forward", "band=0", {complex}), "hmm_forward: \"an input\" is complex (c64); take its magnitude first");
  EXPECT_EQ(refusal("hmm_posterior", "band=0", {three, two}),
            "hmm_posterior: rows of \"an input\" (3 x f32) are not what hmm_forward makes of \"an input\" (2 states): read the forward "
            "stage first, then what that one reads");
  EXPECT_EQ(refusal("viterbi_trace", "", {three}),
            "viterbi_trace: rows of \"an input\" are not those of a viterbi_forward stage, u8 or u16 with an element for each state and "
            "the index of the best");
}

TEST(Viterbi, TellsOfRowsThatNoForwardStageMade) {
  const Array rows = Array::of<uint8_t>(SQS_U8, {2, 4}, {0, 0, 0, 0, 3, 3, 1, 0});
  try {
    run_stage("viterbi_trace", "", rows);
    ADD_FAILURE() << "went on in a state that there is not";
  } catch (const std::runtime_error& failure) {
    EXPECT_STREQ(failure.what(), "viterbi_trace: row 0 would be in state 4 of 2: its input is no row of viterbi_forward");
  }
}

}  // namespace
}  // namespace sqs::dsp::test
