// Random graphs: every way to run one gives the bytes of the naive evaluator, and the counters agree.
#include <gtest/gtest.h>

#include "trial.hpp"

namespace {

TEST(Equivalence, AnyRunOfARandomGraphGivesTheBytesOfTheNaiveEvaluator) {
  eq::TrialOptions options;
  options.threads_max = 4;
  eq::try_graphs(20'000, 300, options);
}

}  // namespace
