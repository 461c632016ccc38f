// The handle table by itself: tokens, calls, deferred release, pins, reuse, many threads.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <latch>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "../../capi/handles.hpp"
#include "sqrtspace/sqrtspace.h"

namespace {

using namespace sqs::capi;

std::atomic<int> released{0};
void count_release(void*) { released.fetch_add(1); }

// Runs in the test's own table, which lives as long as the process as the library's does.
class HandleTableTest : public testing::Test {
 protected:
  void SetUp() override { released = 0; }
  static HandleTable& table() {
    static constinit HandleTable made;
    return made;
  }
  static Token publish(HandleType type = HandleType::Pipeline, void* object = nullptr) {
    HandleSlot* slot = table().reserve();
    EXPECT_NE(slot, nullptr);
    return table().publish(slot, type, object, count_release);
  }
  static int32_t enter_and_leave(Token token, HandleType type, Use use) {
    HandleSlot* slot = nullptr;
    const int32_t code = table().enter(token, type, use, &slot);
    if (code == SQS_OK) table().leave(slot, use);
    return code;
  }
  // The answer another thread gets.
  static int32_t elsewhere(Token token, HandleType type, Use use) {
    int32_t code = SQS_OK;
    std::thread([&] { code = enter_and_leave(token, type, use); }).join();
    return code;
  }
};

TEST_F(HandleTableTest, ATokenFindsItsObjectUntilItIsDestroyed) {
  int object = 7;
  const Token token = publish(HandleType::Run, &object);
  HandleSlot* slot = nullptr;
  ASSERT_EQ(table().enter(token, HandleType::Run, Use::Shared, &slot), SQS_OK);
  EXPECT_EQ(slot->object.load(), &object);
  table().leave(slot, Use::Shared);
  EXPECT_EQ(released, 0);
  EXPECT_EQ(table().destroy(token, HandleType::Run), SQS_OK);
  EXPECT_EQ(released, 1);
  EXPECT_EQ(enter_and_leave(token, HandleType::Run, Use::Shared), SQS_E_HANDLE);
  EXPECT_EQ(table().destroy(token, HandleType::Run), SQS_E_HANDLE);
  EXPECT_EQ(released, 1);
}

TEST_F(HandleTableTest, ATokenOfAnotherTypeIsRefused) {
  const Token token = publish(HandleType::Plan);
  for (int type = 1; type <= 6; ++type) {
    const int32_t expected = type == static_cast<int>(HandleType::Plan) ? SQS_OK : SQS_E_HANDLE;
    EXPECT_EQ(enter_and_leave(token, static_cast<HandleType>(type), Use::Exclusive), expected) << type;
  }
  EXPECT_EQ(table().destroy(token, HandleType::Run), SQS_E_HANDLE);
  EXPECT_EQ(table().destroy(token, HandleType::Plan), SQS_OK);
}

TEST_F(HandleTableTest, ATokenIsNeverAnAddressOfThisMachine) {
  const Token token = publish();
  EXPECT_NE(token >> 47, 0u);
  EXPECT_NE(token >> 47, 0x1FFFFu);
  table().destroy(token, HandleType::Pipeline);
}

TEST_F(HandleTableTest, AReusedSlotDoesNotAnswerToItsFormerTokens) {
  std::set<Token> former;
  for (int i = 0; i < 1000; ++i) {
    const Token token = publish();
    EXPECT_TRUE(former.insert(token).second) << "token given twice";
    EXPECT_EQ(table().destroy(token, HandleType::Pipeline), SQS_OK);
  }
  const Token live = publish();
  for (const Token token : former) EXPECT_EQ(enter_and_leave(token, HandleType::Pipeline, Use::Shared), SQS_E_HANDLE);
  EXPECT_EQ(enter_and_leave(live, HandleType::Pipeline, Use::Shared), SQS_OK);
  table().destroy(live, HandleType::Pipeline);
}

TEST_F(HandleTableTest, AnAbandonedSlotIsUsedAgain) {
  HandleSlot* const slot = table().reserve();
  table().abandon(slot);
  HandleSlot* const again = table().reserve();
  EXPECT_EQ(slot, again);
  table().abandon(again);
}

TEST_F(HandleTableTest, ASlotWhoseGenerationsAreUsedUpIsNeverUsedAgain) {
  HandleSlot* const slot = table().reserve();
  slot->word.store(((uint64_t{1} << 24) - 2) << 40);
  const Token last_but_one = table().publish(slot, HandleType::Pipeline, nullptr, count_release);
  table().destroy(last_but_one, HandleType::Pipeline);
  HandleSlot* const again = table().reserve();
  ASSERT_EQ(again, slot);
  const Token last = table().publish(again, HandleType::Pipeline, nullptr, count_release);
  EXPECT_NE(last, last_but_one);
  table().destroy(last, HandleType::Pipeline);
  EXPECT_EQ(released, 2);
  HandleSlot* const other = table().reserve();
  EXPECT_NE(other, slot);
  EXPECT_EQ(enter_and_leave(last, HandleType::Pipeline, Use::Shared), SQS_E_HANDLE);
  table().abandon(other);
}

TEST_F(HandleTableTest, HoldsManyHandlesAtOnce) {
  std::vector<int> objects(5000);
  std::vector<Token> tokens;
  for (int& object : objects) tokens.push_back(publish(HandleType::Result, &object));
  EXPECT_EQ(std::set<Token>(tokens.begin(), tokens.end()).size(), tokens.size());
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    HandleSlot* slot = nullptr;
    ASSERT_EQ(table().enter(tokens[i], HandleType::Result, Use::Shared, &slot), SQS_OK);
    EXPECT_EQ(slot->object.load(), &objects[i]);
    table().leave(slot, Use::Shared);
  }
  for (const Token token : tokens) EXPECT_EQ(table().destroy(token, HandleType::Result), SQS_OK);
  EXPECT_EQ(released, 5000);
}

TEST_F(HandleTableTest, GarbageIsRefused) {
  const Token live = publish();
  const uint64_t seed = std::random_device()();
  std::mt19937_64 random(seed);
  SCOPED_TRACE("seed " + std::to_string(seed));
  for (int i = 0; i < 200000; ++i) {
    // Half of it near the truth: a live token with a few bits flipped.
    Token garbage = random();
    if (i % 2 == 0) garbage = live ^ (uint64_t{1} << (garbage % 64)) ^ (i % 4 == 0 ? uint64_t{1} << (garbage >> 8 & 63) : 0);
    if (garbage == live) continue;
    EXPECT_EQ(enter_and_leave(garbage, HandleType::Pipeline, Use::Exclusive), SQS_E_HANDLE) << std::hex << garbage;
    EXPECT_EQ(table().destroy(garbage, HandleType::Pipeline), SQS_E_HANDLE) << std::hex << garbage;
  }
  EXPECT_EQ(table().destroy(live, HandleType::Pipeline), SQS_OK);
}

// ---------------------------------------------------------------- who may be inside

TEST_F(HandleTableTest, SharedCallsOverlapAndExclusiveOnesDoNot) {
  const Token token = publish();
  HandleSlot* slot = nullptr;
  ASSERT_EQ(table().enter(token, HandleType::Pipeline, Use::Shared, &slot), SQS_OK);
  EXPECT_EQ(elsewhere(token, HandleType::Pipeline, Use::Shared), SQS_OK);
  EXPECT_EQ(enter_and_leave(token, HandleType::Pipeline, Use::Shared), SQS_OK);
  EXPECT_EQ(elsewhere(token, HandleType::Pipeline, Use::Exclusive), SQS_E_BUSY);
  EXPECT_EQ(enter_and_leave(token, HandleType::Pipeline, Use::Exclusive), SQS_E_REENTRANT);
  table().leave(slot, Use::Shared);

  ASSERT_EQ(table().enter(token, HandleType::Pipeline, Use::Exclusive, &slot), SQS_OK);
  EXPECT_EQ(elsewhere(token, HandleType::Pipeline, Use::Shared), SQS_E_BUSY);
  EXPECT_EQ(elsewhere(token, HandleType::Pipeline, Use::Exclusive), SQS_E_BUSY);
  EXPECT_EQ(enter_and_leave(token, HandleType::Pipeline, Use::Shared), SQS_E_REENTRANT);
  EXPECT_EQ(enter_and_leave(token, HandleType::Pipeline, Use::Exclusive), SQS_E_REENTRANT);
  table().leave(slot, Use::Exclusive);
  EXPECT_EQ(elsewhere(token, HandleType::Pipeline, Use::Exclusive), SQS_OK);
  table().destroy(token, HandleType::Pipeline);
}

TEST_F(HandleTableTest, BeingInsideOneObjectIsNotBeingInsideAnother) {
  const Token a = publish();
  const Token b = publish();
  HandleSlot* slot = nullptr;
  ASSERT_EQ(table().enter(a, HandleType::Pipeline, Use::Exclusive, &slot), SQS_OK);
  EXPECT_EQ(enter_and_leave(b, HandleType::Pipeline, Use::Exclusive), SQS_OK);
  table().leave(slot, Use::Exclusive);
  table().destroy(a, HandleType::Pipeline);
  table().destroy(b, HandleType::Pipeline);
}

TEST_F(HandleTableTest, DeepNestingStaysBalanced) {
  std::vector<Token> tokens;
  std::vector<HandleSlot*> slots;
  for (int i = 0; i < 40; ++i) {
    tokens.push_back(publish());
    HandleSlot* slot = nullptr;
    ASSERT_EQ(table().enter(tokens.back(), HandleType::Pipeline, Use::Exclusive, &slot), SQS_OK);
    slots.push_back(slot);
  }
  EXPECT_EQ(enter_and_leave(tokens.front(), HandleType::Pipeline, Use::Exclusive), SQS_E_REENTRANT);
  const int32_t deep = enter_and_leave(tokens.back(), HandleType::Pipeline, Use::Exclusive);
  EXPECT_TRUE(deep == SQS_E_REENTRANT || deep == SQS_E_BUSY) << deep;
  while (!slots.empty()) {
    table().leave(slots.back(), Use::Exclusive);
    slots.pop_back();
  }
  for (const Token token : tokens) {
    EXPECT_EQ(enter_and_leave(token, HandleType::Pipeline, Use::Exclusive), SQS_OK);
    EXPECT_EQ(table().destroy(token, HandleType::Pipeline), SQS_OK);
  }
  EXPECT_EQ(released, 40);
}

// ---------------------------------------------------------------- the end of an object

TEST_F(HandleTableTest, DestroyDuringACallIsDoneByTheLastToLeave) {
  const Token token = publish();
  HandleSlot* slot = nullptr;
  ASSERT_EQ(table().enter(token, HandleType::Pipeline, Use::Shared, &slot), SQS_OK);
  ASSERT_EQ(table().enter(token, HandleType::Pipeline, Use::Shared, &slot), SQS_OK);
  EXPECT_EQ(table().destroy(token, HandleType::Pipeline), SQS_OK);
  EXPECT_EQ(enter_and_leave(token, HandleType::Pipeline, Use::Shared), SQS_E_HANDLE);
  EXPECT_EQ(table().destroy(token, HandleType::Pipeline), SQS_E_HANDLE);
  table().leave(slot, Use::Shared);
  EXPECT_EQ(released, 0);
  table().leave(slot, Use::Shared);
  EXPECT_EQ(released, 1);
}

TEST_F(HandleTableTest, APinIgnoresWhoIsInsideButNotTheEnd) {
  const Token token = publish();
  HandleSlot* inside = nullptr;
  ASSERT_EQ(table().enter(token, HandleType::Pipeline, Use::Exclusive, &inside), SQS_OK);
  HandleSlot* pinned = nullptr;
  EXPECT_EQ(table().pin(token, HandleType::Pipeline, &pinned), SQS_OK);
  EXPECT_EQ(pinned, inside);
  table().unpin(pinned);
  EXPECT_EQ(table().pin(token, HandleType::Run, &pinned), SQS_E_HANDLE);
  table().destroy(token, HandleType::Pipeline);
  EXPECT_EQ(table().pin(token, HandleType::Pipeline, &pinned), SQS_E_HANDLE);
  table().leave(inside, Use::Exclusive);
  EXPECT_EQ(released, 1);
}

TEST_F(HandleTableTest, ReleaseWaitsForPins) {
  const Token token = publish();
  HandleSlot* pinned = nullptr;
  ASSERT_EQ(table().pin(token, HandleType::Pipeline, &pinned), SQS_OK);
  std::latch destroying(1);
  std::thread destroyer([&] {
    destroying.count_down();
    table().destroy(token, HandleType::Pipeline);
  });
  destroying.wait();
  // Once the token is refused the destroyer has nothing left to wait for but the pin.
  HandleSlot* other = nullptr;
  while (table().pin(token, HandleType::Pipeline, &other) == SQS_OK) table().unpin(other);
  EXPECT_EQ(released, 0);
  table().unpin(pinned);
  destroyer.join();
  EXPECT_EQ(released, 1);
}

TEST_F(HandleTableTest, EveryObjectIsReleasedOnceWhateverThreadsDo) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 500;
  for (int round = 0; round < kRounds; ++round) {
    released = 0;
    const Token token = publish();
    std::atomic<int> destroyed{0};
    std::latch start(kThreads);
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t)
      threads.emplace_back([&, t] {
        start.arrive_and_wait();
        HandleSlot* slot = nullptr;
        const Use use = t % 2 == 0 ? Use::Shared : Use::Exclusive;
        const int32_t entered = table().enter(token, HandleType::Pipeline, use, &slot);
        EXPECT_TRUE(entered == SQS_OK || entered == SQS_E_BUSY || entered == SQS_E_HANDLE) << entered;
        if (table().destroy(token, HandleType::Pipeline) == SQS_OK) ++destroyed;
        HandleSlot* pinned = nullptr;
        if (table().pin(token, HandleType::Pipeline, &pinned) == SQS_OK) table().unpin(pinned);
        if (entered == SQS_OK) {
          EXPECT_EQ(released, 0) << "released while a call is inside";
          table().leave(slot, use);
        }
      });
    for (std::thread& thread : threads) thread.join();
    ASSERT_EQ(destroyed, 1);
    ASSERT_EQ(released, 1);
  }
}

TEST_F(HandleTableTest, ThreadsMakeAndDestroyWithoutSharingASlot) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 20000;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < kRounds; ++i) {
        int mine = 0;
        const Token token = publish(HandleType::Input, &mine);
        HandleSlot* slot = nullptr;
        ASSERT_EQ(table().enter(token, HandleType::Input, Use::Exclusive, &slot), SQS_OK);
        ASSERT_EQ(slot->object.load(), &mine);
        table().leave(slot, Use::Exclusive);
        ASSERT_EQ(table().destroy(token, HandleType::Input), SQS_OK);
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(released, kThreads * kRounds);
}

// ---------------------------------------------------------------- fork

// Runs check in a forked child, which passes by returning true.
bool holds_in_child(const std::function<bool()>& check) {
  const pid_t child = fork();
  if (child == 0) _exit(check() ? 0 : 1);
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST_F(HandleTableTest, AChildOnlyForgetsWhatItsParentMade) {
  const Token token = publish();
  EXPECT_TRUE(holds_in_child([&] {
    HandleSlot* slot = nullptr;
    const bool refused = enter_and_leave(token, HandleType::Pipeline, Use::Shared) == SQS_E_FORKED &&
                         enter_and_leave(token, HandleType::Pipeline, Use::Exclusive) == SQS_E_FORKED &&
                         table().pin(token, HandleType::Pipeline, &slot) == SQS_E_FORKED;
    const bool forgotten = table().destroy(token, HandleType::Pipeline) == SQS_OK && released == 0 &&
                           enter_and_leave(token, HandleType::Pipeline, Use::Shared) == SQS_E_HANDLE;
    const Token own = publish();
    const bool works = enter_and_leave(own, HandleType::Pipeline, Use::Exclusive) == SQS_OK &&
                       table().destroy(own, HandleType::Pipeline) == SQS_OK && released == 1;
    return refused && forgotten && works;
  }));
  EXPECT_EQ(enter_and_leave(token, HandleType::Pipeline, Use::Shared), SQS_OK);
  table().destroy(token, HandleType::Pipeline);
  EXPECT_EQ(released, 1);
}

TEST_F(HandleTableTest, AChildIsNotHeldUpByACallOfItsParent) {
  const Token token = publish();
  HandleSlot* slot = nullptr;
  ASSERT_EQ(table().enter(token, HandleType::Pipeline, Use::Exclusive, &slot), SQS_OK);
  EXPECT_TRUE(holds_in_child([&] {
    const bool refused = enter_and_leave(token, HandleType::Pipeline, Use::Shared) == SQS_E_FORKED;
    const bool forgotten = table().destroy(token, HandleType::Pipeline) == SQS_OK;
    table().leave(slot, Use::Exclusive);  // as a child does that returns from the callback it was forked in
    return refused && forgotten && released == 0;
  }));
  table().leave(slot, Use::Exclusive);
  table().destroy(token, HandleType::Pipeline);
  EXPECT_EQ(released, 1);
}

TEST_F(HandleTableTest, AGrandchildIsAProcessOfItsOwn) {
  EXPECT_TRUE(holds_in_child([&] {
    const Token childs = publish();
    return holds_in_child([&] { return enter_and_leave(childs, HandleType::Pipeline, Use::Shared) == SQS_E_FORKED; }) &&
           enter_and_leave(childs, HandleType::Pipeline, Use::Shared) == SQS_OK;
  }));
}

}  // namespace
