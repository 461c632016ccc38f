#include "source/push_source.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <random>
#include <thread>

namespace sqs {
namespace {

constexpr uint64_t kBudget = uint64_t{1} << 30;

std::vector<uint32_t> counting(size_t n) {
  std::vector<uint32_t> frames(n);
  std::iota(frames.begin(), frames.end(), 0u);
  return frames;
}

TEST(PushSource, GivesBackWhatWasPushedInPiecesOfAnySize) {
  const std::vector<uint32_t> frames = counting(300'000);
  PushSource source(std::make_shared<Ledger>(), 4);
  std::mt19937_64 random(7);
  for (size_t at = 0; at < frames.size();) {
    const size_t piece = std::min<size_t>(frames.size() - at, random() % 40'000);
    ASSERT_TRUE(source.push(frames.data() + at, piece, kBudget).ok());
    at += piece;
  }
  EXPECT_EQ(source.frame_count(), frames.size());
  for (int i = 0; i < 200; ++i) {
    const uint64_t first = random() % frames.size();
    const uint64_t count = random() % (frames.size() - first + 1);
    std::vector<uint32_t> got(count);
    ASSERT_TRUE(source.read(first, count, reinterpret_cast<std::byte*>(got.data())).ok());
    EXPECT_TRUE(std::equal(got.begin(), got.end(), frames.begin() + static_cast<std::ptrdiff_t>(first)));
  }
}

TEST(PushSource, APieceThatDoesNotFitIsRefusedWhole) {
  auto ledger = std::make_shared<Ledger>();
  PushSource source(ledger, 4);
  const std::vector<uint32_t> frames = counting(100'000);
  ASSERT_TRUE(source.push(frames.data(), 50'000, 300'000).ok());
  const uint64_t held = ledger->held();
  const Status refused = source.push(frames.data(), 100'000, 300'000);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, SQS_E_BUDGET);
  EXPECT_EQ(source.frame_count(), 50'000u);
  EXPECT_EQ(ledger->held(), held);
  EXPECT_LE(held, 300'000u);
}

// Every slab takes whole pages, whatever it is charged.
TEST(PushSource, SmallPiecesNearTheBudgetTakeFewSlabs) {
  constexpr uint64_t kSmallBudget = uint64_t{1} << 20;
  auto ledger = std::make_shared<Ledger>();
  PushSource source(ledger, 4);
  const uint32_t frame = 5;
  uint64_t slabs = 0, held = 0;
  while (source.push(&frame, 1, kSmallBudget).ok()) {
    slabs += ledger->held() > held ? 1 : 0;
    held = ledger->held();
  }
  EXPECT_EQ(ledger->held(), kSmallBudget);
  EXPECT_EQ(source.retained_bytes(), kSmallBudget);
  EXPECT_EQ(source.frame_count(), kSmallBudget / 4);
  EXPECT_LT(slabs, 150U);
}

TEST(PushSource, NothingComesAfterTheEnd) {
  PushSource source(std::make_shared<Ledger>(), 4);
  const uint32_t frame = 1;
  ASSERT_TRUE(source.end().ok());
  EXPECT_EQ(source.push(&frame, 1, kBudget).error().code, SQS_E_STATE);
  EXPECT_EQ(source.end().error().code, SQS_E_STATE);
}

TEST(PushSource, FramesThatWereCountedCanBeReadWhileMoreArePushed) {
  const std::vector<uint32_t> frames = counting(400'000);
  PushSource source(std::make_shared<Ledger>(), 4);
  std::thread pusher([&] {
    for (size_t at = 0; at < frames.size(); at += 1000) EXPECT_TRUE(source.push(frames.data() + at, 1000, kBudget).ok());
    EXPECT_TRUE(source.end().ok());
  });
  while (!source.ended()) {
    const uint64_t count = source.frame_count();
    std::vector<uint32_t> got(count);
    ASSERT_TRUE(source.read(0, count, reinterpret_cast<std::byte*>(got.data())).ok());
    ASSERT_TRUE(std::equal(got.begin(), got.end(), frames.begin()));
  }
  pusher.join();
  EXPECT_EQ(source.frame_count(), frames.size());
}

}  // namespace
}  // namespace sqs
