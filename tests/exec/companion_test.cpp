// That a companion works through its pieces step by step, rests when it is told to, and stops at a failure.
#include "exec/companion.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "no_threads.hpp"
#include "os/clock.hpp"

namespace sqs {
namespace {

constexpr Companion::Done kStep = Companion::Done::Step, kPiece = Companion::Done::Piece, kNothing = Companion::Done::Nothing;

TEST(Companion, DoesAllStepsOfEachPieceBeforeItsEndIsTold) {
  uint64_t steps = 0, piece = 0;  // plain: begin() and wait() must order what both threads see
  Companion companion([&]() -> Result<Companion::Done> { return ++steps == piece ? kPiece : kStep; });
  for (piece = 1; piece <= 200; ++piece) {
    steps = 0;
    companion.begin();
    const Result<bool> done = companion.wait(UINT64_MAX);
    ASSERT_TRUE(done.ok() && *done);
    ASSERT_EQ(steps, piece);
  }
}

TEST(Companion, RestsBetweenPauseAndResume) {
  std::atomic<uint64_t> steps{0};
  std::atomic<bool> last{false};
  Companion companion([&]() -> Result<Companion::Done> {
    ++steps;
    return last.load() ? kPiece : kStep;
  });
  companion.begin();
  for (int i = 0; i < 50; ++i) {
    companion.pause();
    const uint64_t seen = steps.load();
    std::this_thread::sleep_for(std::chrono::microseconds(100));
    ASSERT_EQ(steps.load(), seen);
    companion.resume();
    while (steps.load() == seen) std::this_thread::yield();
  }
  const Result<bool> early = companion.wait(os::monotonic_ns() + 1'000'000);
  ASSERT_TRUE(early.ok());
  EXPECT_FALSE(*early) << "the piece goes on";
  last = true;
  const Result<bool> done = companion.wait(UINT64_MAX);
  EXPECT_TRUE(done.ok() && *done);
}

TEST(Companion, WaitsForANudgeWhereNothingCanBeDone) {
  std::atomic<uint64_t> allowed{0}, tried{0};
  uint64_t steps = 0;
  Companion companion([&]() -> Result<Companion::Done> {
    ++tried;
    if (steps == allowed.load()) return kNothing;
    return ++steps == 100 ? kPiece : kStep;
  });
  companion.begin();
  for (uint64_t i = 1; i <= 100; ++i) {
    allowed = i;
    companion.nudge();
  }
  const Result<bool> done = companion.wait(UINT64_MAX);
  EXPECT_TRUE(done.ok() && *done);
  EXPECT_EQ(steps, 100u);
  EXPECT_LE(tried.load(), 100u + 101u) << "at most once in vain for each nudge, and once before the first";
}

TEST(Companion, TellsAFailureOnceAndWorksOnAfterwards) {
  uint64_t steps = 0;
  Companion companion([&]() -> Result<Companion::Done> {
    if (++steps == 3) return Error{SQS_E_STAGE, "step 3"};
    return steps == 5 ? kPiece : kStep;
  });
  companion.begin();
  const Result<bool> failed = companion.wait(UINT64_MAX);
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().message, "step 3");
  EXPECT_EQ(steps, 3u);
  companion.begin();
  EXPECT_TRUE(companion.wait(UINT64_MAX).ok());
  EXPECT_EQ(steps, 5u);
}

TEST(Companion, EndsInTheMiddleOfAPiece) {
  std::atomic<uint64_t> steps{0};
  {
    Companion companion([&]() -> Result<Companion::Done> {
      ++steps;
      return kStep;
    });
    companion.begin();
    while (steps.load() == 0) std::this_thread::yield();
    companion.pause();
  }
  EXPECT_GT(steps.load(), 0u);
}

TEST(Companion, MakesTheStepsWhereItIsWaitedForIfNoThreadStarts) {
  const NoThreads none;
  uint64_t steps = 0;
  const std::thread::id here = std::this_thread::get_id();
  Companion companion([&]() -> Result<Companion::Done> {
    EXPECT_EQ(std::this_thread::get_id(), here);
    if (++steps == 7) return Error{SQS_E_STAGE, "seven"};
    return steps == 3 ? kPiece : kStep;
  });
  EXPECT_FALSE(companion.has_thread());
  companion.resume();
  companion.begin();
  const Result<bool> early = companion.wait(0);
  ASSERT_TRUE(early.ok());
  EXPECT_FALSE(*early);
  companion.pause();
  const Result<bool> done = companion.wait(UINT64_MAX);
  EXPECT_TRUE(done.ok() && *done);
  EXPECT_EQ(steps, 3U);
  companion.begin();
  const Result<bool> failed = companion.wait(UINT64_MAX);
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().message, "seven");
}

}  // namespace
}  // namespace sqs
