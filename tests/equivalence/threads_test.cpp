// Random graphs on two to four threads, and frames pushed by one thread while another evaluates.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
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

}  // namespace
}  // namespace eq
