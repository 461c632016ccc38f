// A reference for reversals: an executor that checks every rule as it follows the actions, and the exact optimum.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <vector>

#include "plan/actions.hpp"

namespace sqs {

inline std::ostream& operator<<(std::ostream& out, const Chain& c) {
  return out << "n=" << c.tiles << " S=" << c.state_bytes << " T=" << c.tile_bytes << " B=" << c.pool_bytes;
}

// What an execution did.
struct Replayed {
  bool legal = true;
  uint64_t evaluations = 0;
  uint64_t most_of_a_tile = 0;
  uint64_t of_first_tile = 0;
  uint64_t peak_bytes = 0;
  uint64_t memory_states = 0, disk_states = 0;  // at most at once
  uint64_t memory_saves = 0, disk_saves = 0;
  uint64_t memory_loads = 0, disk_loads = 0;
  uint64_t segments_written = 0, segments_read = 0;
  uint64_t tiles_written = 0;
  uint64_t longest_kept = 0;
  uint64_t tail = 0;                     // the first kept run
  std::vector<uint64_t> checkpoints;     // saved before the first Reverse
};

// Follows actions over a chain. States and kept outputs are what it was told to hold, and nothing else.
class ReferenceExecutor {
 public:
  explicit ReferenceExecutor(const Chain& chain) : chain_(chain), end_(chain.tiles), times_(chain.tiles) {}

  // As an online first sweep of `tiles` tiles leaves things.
  void begin_after(uint64_t kept, std::vector<uint64_t> disk, std::vector<uint64_t> memory) {
    kept_first_ = chain_.tiles - kept;
    kept_last_ = here_ = chain_.tiles;
    disk_ = std::move(disk);
    memory_ = std::move(memory);
    for (uint64_t& t : times_) t = 1;
    r_.evaluations = chain_.tiles;
    r_.longest_kept = r_.tail = kept;
    account();
  }

  Replayed run(Actions actions) {
    for (Action a = actions.next(); r_.legal && a.what != Action::What::End; a = actions.next()) follow(a);
    check(end_ == 0, "not all tiles were reversed");
    check(memory_.empty() && disk_.empty() && segments_.empty(), "states or outputs are left over");
    check(actions.next().what == Action::What::End, "the end is not the end");
    if (!times_.empty()) r_.of_first_tile = times_[0];
    for (const uint64_t t : times_) r_.most_of_a_tile = std::max(r_.most_of_a_tile, t);
    return r_;
  }

 private:
  void check(bool good, const char* what) {
    if (!good && r_.legal) ADD_FAILURE() << what << " (" << chain_ << ")";
    r_.legal = r_.legal && good;
  }

  void account() {
    const uint64_t kept = kept_last_ - kept_first_;
    const uint64_t bytes = memory_.size() * chain_.state_bytes + (kept == 0 ? 0 : kept - 1) * chain_.tile_bytes;
    check(bytes <= chain_.pool_bytes, "the pool is exceeded");
    r_.peak_bytes = std::max(r_.peak_bytes, bytes);
    r_.memory_states = std::max<uint64_t>(r_.memory_states, memory_.size());
    r_.disk_states = std::max<uint64_t>(r_.disk_states, disk_.size());
  }

  void follow(const Action& a) {
    std::vector<uint64_t>& tier = a.to_disk ? disk_ : memory_;
    switch (a.what) {
      case Action::What::Advance:
        check(here_ == a.first && a.first < a.last && a.last <= end_, "an advance from elsewhere, of nothing, or past the end");
        check(kept_first_ == kept_last_, "outputs are held while another part is evaluated");
        if (!r_.legal) return;
        for (uint64_t t = a.first; t < a.last; ++t) ++times_[t];
        r_.evaluations += a.last - a.first;
        here_ = a.last;
        if (!a.keep) return;
        kept_first_ = a.first;
        kept_last_ = a.last;
        r_.longest_kept = std::max(r_.longest_kept, a.last - a.first);
        if (!reversed_) r_.tail = a.last - a.first;
        return account();
      case Action::What::Save:
        check(here_ == a.first && a.first > 0, "a state saved that is not the current one");
        check(kept_first_ == kept_last_, "a state saved beside kept outputs");
        check(a.state == tier.size() && (tier.empty() || tier.back() < a.first), "a save that does not push");
        check(a.to_disk ? memory_.empty() : disk_.empty() || disk_.back() < a.first, "tiers out of order");
        tier.push_back(a.first);
        ++(a.to_disk ? r_.disk_saves : r_.memory_saves);
        if (!reversed_) r_.checkpoints.push_back(a.first);
        return account();
      case Action::What::Load:
        here_ = a.first;
        if (a.first == 0) return;
        check(!tier.empty() && tier.back() == a.first && a.state == tier.size() - 1, "a load of what is not the newest state");
        check(!a.to_disk || memory_.empty(), "a load from disk while newer states are in memory");
        ++(a.to_disk ? r_.disk_loads : r_.memory_loads);
        return;
      case Action::What::Drop:
        check(!tier.empty() && tier.back() == a.first && a.state == tier.size() - 1, "a drop that does not pop");
        if (r_.legal) tier.pop_back();
        return;
      case Action::What::Write:
        check(a.first == kept_first_ && a.last == kept_last_ && a.first < a.last, "written what is not kept");
        check(a.to_disk && a.state == segments_.size() && !reversed_, "a write that does not push");
        segments_.push_back(a.first);
        ++r_.segments_written;
        r_.tiles_written += a.last - a.first;
        kept_first_ = kept_last_ = 0;
        return;
      case Action::What::Read:
        check(kept_first_ == kept_last_, "outputs are held while others are read");
        check(!segments_.empty() && segments_.back() == a.first && a.last == end_ && a.state == segments_.size() - 1,
              "a read of what is not the newest segment");
        if (!r_.legal) return;
        segments_.pop_back();
        ++r_.segments_read;
        kept_first_ = a.first;
        kept_last_ = a.last;
        r_.longest_kept = std::max(r_.longest_kept, a.last - a.first);
        return account();
      case Action::What::Reverse:
        check(a.last == end_ && a.first == kept_first_ && a.last == kept_last_ && a.first < a.last, "reversed what is not kept");
        reversed_ = true;
        end_ = a.first;
        kept_first_ = kept_last_ = 0;
        return;
      case Action::What::End: return;
    }
  }

  Chain chain_;
  Replayed r_;
  uint64_t end_;  // tiles not reversed yet
  uint64_t here_ = 0;
  uint64_t kept_first_ = 0, kept_last_ = 0;
  bool reversed_ = false;
  std::vector<uint64_t> times_, memory_, disk_, segments_;
};

inline Replayed replayed(const Schedule& schedule) { return ReferenceExecutor(schedule.chain()).run(Actions(schedule)); }

// Follows a schedule and holds it to all it says of itself.
inline Replayed expect_true_to_its_word(const Schedule& s) {
  const Replayed r = replayed(s);
  EXPECT_TRUE(r.legal) << s.chain();
  EXPECT_EQ(r.evaluations, s.evaluations()) << s.chain();
  EXPECT_EQ(r.most_of_a_tile, s.most_evaluations_of_a_tile()) << s.chain();
  EXPECT_EQ(r.of_first_tile, s.evaluations_of_first_tile()) << s.chain();
  EXPECT_EQ(r.memory_states, s.states_in_memory()) << s.chain();
  EXPECT_EQ(r.disk_states, s.disk_states()) << s.chain();
  EXPECT_EQ(r.disk_saves, s.disk_states()) << s.chain();
  EXPECT_EQ(r.disk_loads, s.disk_states()) << s.chain();
  EXPECT_EQ(r.segments_written, s.disk_segments()) << s.chain();
  EXPECT_EQ(r.segments_read, s.disk_segments()) << s.chain();
  EXPECT_EQ(r.tail, s.tail_tiles()) << s.chain();
  EXPECT_EQ(r.longest_kept, s.most_segment_tiles()) << s.chain();
  EXPECT_EQ(r.peak_bytes, s.peak_bytes()) << s.chain();
  EXPECT_LE(s.peak_bytes(), s.chain().pool_bytes) << s.chain();
  if (s.kind() == ScheduleKind::Multi) return r;
  EXPECT_EQ(r.memory_saves, s.states_in_memory()) << s.chain();
  EXPECT_EQ(r.memory_loads, s.states_in_memory()) << s.chain();
  EXPECT_EQ(r.checkpoints.size(), s.checkpoints()) << s.chain();
  for (size_t j = 0; j < r.checkpoints.size(); ++j) EXPECT_EQ(s.position(j), r.checkpoints[j]) << s.chain() << " j=" << j;
  return r;
}

// The fewest forward evaluations that reverse a chain in a pool, for all lengths and pools up to a limit, by trying every
// first decision. `bytes` are free:
//   working_[n][b]  the start is only in the working memory
//   stored_[n][b]   the start is saved, outside of b; its bytes come back when it is used for the last time
//   free_[n][b]     the start costs nothing
class ExactOptimum {
 public:
  ExactOptimum(uint64_t tiles, uint64_t pool, uint64_t state_bytes, uint64_t tile_bytes)
      : width_(pool + state_bytes + tile_bytes + 1), working_((tiles + 1) * width_, kNever), stored_(working_), free_(working_) {
    for (uint64_t n = 1; n <= tiles; ++n)
      for (uint64_t b = 0; b < width_; ++b) fill(n, b, state_bytes, tile_bytes);
  }
  uint64_t evaluations(uint64_t tiles, uint64_t pool) const { return tiles == 0 ? 0 : free_[at(tiles, pool)]; }

 private:
  static constexpr uint64_t kNever = uint64_t(1) << 40;
  size_t at(uint64_t n, uint64_t b) const { return n * width_ + b; }

  void fill(uint64_t n, uint64_t b, uint64_t state, uint64_t tile) {
    const size_t here = at(n, b);
    if (n == 1) {
      working_[here] = stored_[here] = free_[here] = 1;
      return;
    }
    uint64_t stored = kNever, unbound = kNever;
    for (uint64_t a = 1; a < n; ++a) {
      const uint64_t ahead = a + working_[at(n - a, b)];
      stored = std::min(stored, ahead + stored_[at(a, b)]);
      unbound = std::min(unbound, ahead + free_[at(a, b)]);
    }
    const uint64_t keep_first = b >= tile ? 1 + working_[at(n - 1, b - tile)] : kNever;
    const uint64_t more = std::min(b + state, width_ - 1);  // past the width only pools that nobody asks for are short
    if (more >= tile) stored = std::min(stored, 1 + working_[at(n - 1, more - tile)]);
    stored_[here] = stored;
    free_[here] = std::min(unbound, keep_first);
    working_[here] = std::min(keep_first, b >= state ? stored_[at(n, b - state)] : kNever);
  }

  uint64_t width_;
  std::vector<uint64_t> working_, stored_, free_;
};

}  // namespace sqs
