#include "os/fork_guard.hpp"

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

#include "child_process.hpp"

namespace sqs::os {
namespace {

using test::holds_in_child;

TEST(ForkGuard, KnowsTheChildAndNotTheParent) {
  const ForkGuard guard;
  EXPECT_FALSE(guard.forked());
  EXPECT_TRUE(holds_in_child([&] { return guard.forked(); }));
  EXPECT_FALSE(guard.forked());
}

TEST(ForkGuard, OneMadeInTheChildIsAtHomeThere) {
  const ForkGuard of_parent;
  EXPECT_TRUE(holds_in_child([&] {
    const ForkGuard of_child;
    return !of_child.forked() && of_parent.forked() &&
           holds_in_child([&] { return of_child.forked() && of_parent.forked(); }) && !of_child.forked();
  }));
}

TEST(ForkGuard, AGrandchildIsForkedEvenIfTheChildNeverAsked) {
  const ForkGuard guard;
  EXPECT_TRUE(holds_in_child([&] { return holds_in_child([&] { return guard.forked(); }); }));
}

TEST(ForkGuard, ThreadsOfAChildAgreeOnItsGeneration) {
  const uint64_t parent = fork_generation();
  EXPECT_TRUE(holds_in_child([&] {
    std::vector<uint64_t> seen(8);
    std::vector<std::thread> threads;
    for (uint64_t& generation : seen) threads.emplace_back([&generation] { generation = fork_generation(); });
    for (std::thread& thread : threads) thread.join();
    const std::set<uint64_t> distinct(seen.begin(), seen.end());
    return distinct.size() == 1 && *distinct.begin() != parent;
  }));
}

}  // namespace
}  // namespace sqs::os
