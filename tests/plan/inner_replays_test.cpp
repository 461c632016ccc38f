// What is counted of a schedule with inner checkpoints is what its actions do.
#include "plan/inner_replays.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <tuple>

#include "reversal.hpp"

namespace sqs {
namespace {

using Replay = std::tuple<uint64_t, uint64_t, bool>;  // first, last, keep

std::vector<Replay> replays_of(const Schedule& schedule) {
  Actions actions(schedule);
  while (actions.next().what != Action::What::Reverse) {
  }
  std::vector<Replay> replays;
  for (Action a = actions.next(); a.what != Action::What::End; a = actions.next())
    if (a.what == Action::What::Advance) replays.emplace_back(a.first, a.last, a.keep);
  return replays;
}

// Moves those that lie in the middle from the list to what is counted.
InnerReplays take_counted(std::vector<Replay>& replays, const std::vector<Replay>& shown) {
  std::vector<Replay> counted;
  std::sort(replays.begin(), replays.end());
  std::set_difference(replays.begin(), replays.end(), shown.begin(), shown.end(), std::back_inserter(counted));
  InnerReplays sum;
  for (const auto& [first, last, keep] : counted) {
    (keep ? sum.kept : sum.advances) += 1;
    (keep ? sum.kept_tiles : sum.advanced_tiles) += last - first;
    if (!keep) continue;
    sum.kept_span.first = sum.kept == 1 ? first : std::min(sum.kept_span.first, first);
    sum.kept_span.last = std::max(sum.kept_span.last, last);
  }
  return sum;
}

void expect_as_the_actions_go(const Chain& chain, const Schedule& schedule, Schedule::Span middle) {
  std::vector<Replay> replays = replays_of(schedule), shown;
  const InnerReplays counted = inner_replays(schedule, middle, [&](uint64_t first, uint64_t last, bool keep) {
    shown.emplace_back(first, last, keep);
  });
  std::sort(shown.begin(), shown.end());
  const size_t all = replays.size();
  const InnerReplays expected = take_counted(replays, shown);
  EXPECT_EQ(shown.size() + counted.kept + counted.advances, all) << chain;
  EXPECT_EQ(counted.kept, expected.kept) << chain;
  EXPECT_EQ(counted.advances, expected.advances) << chain;
  EXPECT_EQ(counted.kept_tiles, expected.kept_tiles) << chain;
  EXPECT_EQ(counted.advanced_tiles, expected.advanced_tiles) << chain;
  EXPECT_EQ(counted.kept_span.first, expected.kept_span.first) << chain;
  EXPECT_EQ(counted.kept_span.last, expected.kept_span.last) << chain;
  for (const auto& [first, last, keep] : shown)
    EXPECT_FALSE(keep && first >= middle.first && last <= middle.last) << chain << ": " << first << " to " << last;
}

TEST(InnerReplays, AreThoseOfTheActionsWhateverIsCountedOrShown) {
  constexpr uint64_t kSeed = 7;
  std::mt19937_64 random(kSeed);
  const auto below = [&](uint64_t n) { return random() % n; };
  int multi = 0;
  for (int i = 0; i < 3000; ++i) {
    Chain chain{2 + below(600), 1 + below(12), 1 + below(12), below(60)};
    if (i % 3 == 0) chain.state_bytes = 1;
    const auto schedule = Schedule::choose(chain, {0, CapacityTable::kMostLevels, 0});
    if (!schedule || schedule->kind() != ScheduleKind::Multi) continue;
    ++multi;
    const uint64_t first = below(chain.tiles), last = first + below(chain.tiles - first + 1);
    for (const Schedule::Span middle : {Schedule::Span{0, 0}, {0, chain.tiles}, {1, chain.tiles - 1}, {first, last}})
      expect_as_the_actions_go(chain, *schedule, middle);
    if (HasFailure()) FAIL() << "seed " << kSeed << ", case " << i;
  }
  EXPECT_GT(multi, 1000);
}

TEST(InnerReplays, OfAHugeChainAreCountedWithoutGoingThroughThem) {
  const uint64_t n = 100'000'000;
  for (const Chain& chain : {Chain{n, 4096, 524288, 32 << 20}, {n, 64, 65536, 1 << 20}, {n, 1, 1, 5000}}) {
    const Schedule schedule = *Schedule::choose(chain, {0, 4, 0});
    ASSERT_EQ(schedule.kind(), ScheduleKind::Multi);
    uint64_t shown = 0, shown_tiles = 0;
    const InnerReplays counted = inner_replays(schedule, {1, n - 10}, [&](uint64_t first, uint64_t last, bool) {
      ++shown;
      shown_tiles += last - first;
    });
    EXPECT_LT(shown, 100u) << chain;
    EXPECT_EQ(counted.kept_tiles + counted.advanced_tiles + shown_tiles, schedule.evaluations() - n) << chain;
  }
}

}  // namespace
}  // namespace sqs
