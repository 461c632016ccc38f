// Random graphs on two to four threads, and frames pushed by one thread while another evaluates.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <thread>

#include "c_api.hpp"
#include "checks.hpp"
#include "random_graph.hpp"
#include "session.hpp"
#include "trial.hpp"

namespace eq {
namespace {

class ThreadsOnRandomGraphs : public ::testing::TestWithParam<uint64_t> {};

TEST_P(ThreadsOnRandomGraphs, ARandomGraphGivesTheSameBytesOnAnyNumber) {
  TrialOptions options;
  options.threads_min = 2;
  options.threads_max = 4;
  options.limits.looking_back = 20;
  options.graphs_variable = "SQS_THREAD_GRAPHS";
  try_graphs(70'000, 200, options, GetParam());
}

INSTANTIATE_TEST_SUITE_P(Share, ThreadsOnRandomGraphs, ::testing::Range(uint64_t{0}, kShares));

// Pushes all frames in pieces, then ends the input.
void push_all(sqs_input* input, const GraphSpec& graph, uint64_t seed, std::atomic<bool>& ended) {
  Rng rng(seed);
  const uint64_t frame_bytes = graph.channels * sqs_dtype_bytes(graph.dtype);
  for (uint64_t at = 0; at < graph.frames;) {
    const uint64_t piece = std::min(graph.frames - at, rng.between(1, 12));
    EXPECT_EQ(sqs_input_push_samples(input, graph.samples.data() + at * frame_bytes, piece, nullptr), SQS_OK);
    at += piece;
  }
  EXPECT_EQ(sqs_input_end(input, nullptr), SQS_OK);
  ended = true;
}

TEST(Threads, RowsEvaluatedWhileAnotherThreadPushesArePrefixesOfTheWhole) {
  GraphLimits limits;
  limits.looking_back = 30;
  for (uint64_t seed = 80'000; seed < 80'030; ++seed) {
    const GraphSpec graph = random_graph(seed, limits);
    const Naive naive(graph);
    Session session(graph, naive);
    if (session.build() != SQS_OK) continue;
    sqs_settings settings = api::settings(SQS_SQRT);
    settings.threads = seed % 2 == 0 ? 1 : 3;
    settings.tile_frames = 16;
    session.configure(settings);
    sqs_input* input = nullptr;
    ASSERT_EQ(sqs_input_create(session.pipeline(), &input, nullptr), SQS_OK);
    const api::Input owner(input);
    std::atomic<bool> ended{false};
    std::thread pusher([&] { push_all(input, graph, seed, ended); });
    const std::string& target = graph.targets.front();
    std::string wrong;
    bool last = false;
    while (!last && wrong.empty()) {
      last = ended;
      const Outcome outcome = session.evaluate(target, {});
      if (outcome.status == SQS_E_NOT_ENDED && !last) continue;
      if (outcome.status == SQS_E_STATE && !last) continue;  // nothing had been pushed yet
      if (outcome.status == SQS_E_GRAPH && last) break;  // refused for its length, as when offline
      if (!outcome.ok()) {
        wrong = outcome.message;
        break;
      }
      const uint64_t rows = outcome.delivered.front().rows;
      wrong = check_bytes(naive, outcome, {0, rows}) + check_counts(session, outcome);
      if (last && rows != naive.rows(target).rows) wrong += "rows are missing at the end";
    }
    pusher.join();
    ASSERT_EQ(wrong, "") << dump(graph);
  }
}

double first_value(const sqs_view& in, int64_t row) {
  double value = 0;
  std::memcpy(&value, static_cast<const char*>(in.data) + row * in.strides[0], sizeof value);
  return value;
}

int64_t copy_rows(void*, sqs_call* call) {
  for (int64_t row = 0; row < static_cast<int64_t>(call->rows); ++row) {
    const double value = first_value(call->inputs[0], row);
    std::memcpy(static_cast<char*>(call->output.data) + row * call->output.strides[0], &value, sizeof value);
  }
  return static_cast<int64_t>(call->rows);
}

int64_t count_rows(void*, sqs_call* call) {
  *static_cast<double*>(call->state) += static_cast<double>(call->rows);
  return static_cast<int64_t>(call->rows);
}

int32_t give_count(void*, sqs_call* call) {
  std::memcpy(call->output.data, call->state, sizeof(double));
  return 1;
}

// 'sparse' has no row in the range, so that 'copy', whose rows lie in the result, has nothing to do in the second pass.
TEST(Threads, AStageMayHaveNothingToDoInALaterPass) {
  const std::vector<double> frames{5, 6, 7, 8, 9, 10, 11, 12};
  const api::Pipeline p = api::pipeline(api::format(SQS_F64, 1, 1, 1));
  sqs_stage map = api::stage(SQS_MAP, SQS_F64, {}, copy_rows);
  map.threading = SQS_CONCURRENT;
  sqs_stage reduce = api::stage(SQS_REDUCE, SQS_F64, {}, count_rows);
  reduce.finish = give_count;
  reduce.state_bytes = sizeof(double);
  ASSERT_TRUE(api::add(p.get(), "copy", map, {api::access("frames", SQS_CLAMP, 0, 0)}).ok());
  ASSERT_TRUE(api::add(p.get(), "count", reduce, {api::access("frames", SQS_CLAMP, 0, 0)}).ok());
  ASSERT_TRUE(api::add(p.get(), "sparse", map, {api::access("copy", SQS_CLAMP, 0, 0, 5), api::access("count", SQS_CLAMP, 0, 0)}).ok());
  ASSERT_TRUE(api::add(p.get(), "other", map, {api::access("frames", SQS_CLAMP, 0, 0), api::access("count", SQS_CLAMP, 0, 0)}).ok());
  sqs_settings settings = api::settings(SQS_SQRT);
  settings.tile_frames = 1;
  settings.threads = 2;
  ASSERT_TRUE(api::configure(p.get(), settings).ok());
  ASSERT_EQ(sqs_pipeline_set_memory(p.get(), frames.data(), frames.size(), nullptr, nullptr, nullptr), SQS_OK);
  sqs_run* made = nullptr;
  ASSERT_EQ(sqs_run_create(p.get(), &made, nullptr), SQS_OK);
  const api::Run run(made);
  ASSERT_EQ(sqs_run_set_range(made, 1, 4, nullptr), SQS_OK);
  ASSERT_EQ(sqs_run_add_array(made, "copy", nullptr, nullptr), SQS_OK);
  ASSERT_EQ(sqs_run_add_array(made, "sparse", nullptr, nullptr), SQS_OK);
  ASSERT_EQ(sqs_run_add_array(made, "other", nullptr, nullptr), SQS_OK);
  const api::Answer ran = api::answer([&](sqs_error** e) { return sqs_run_execute(made, e); });
  ASSERT_TRUE(ran.ok()) << ran.message;
  sqs_result* result = nullptr;
  ASSERT_EQ(sqs_run_take_result(made, 0, &result, nullptr), SQS_OK);
  const api::ResultHandle owner(result);
  EXPECT_EQ(api::values<double>(result), (std::vector<double>{6, 7, 8}));
}

}  // namespace
}  // namespace eq
