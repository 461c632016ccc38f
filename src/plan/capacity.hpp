// How many tiles of a chain can be reversed in how many bytes: pure arithmetic in 128 bits, exact for counts and sizes up
// to 2^61. A pool of B bytes holds any mix of states (S bytes each) and kept tile outputs (T bytes each); the start state
// and one working output tile are free. Values, immutable once made: any thread may read them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/wide.hpp"

namespace sqs {

// A reversal: the outputs of `tiles` forward tiles are asked for from the last to the first.
struct Chain {
  uint64_t tiles = 0;
  uint64_t state_bytes = 0;  // of one saved state
  uint64_t tile_bytes = 0;   // of one tile's output; 0: outputs are kept for nothing
  uint64_t pool_bytes = 0;   // for saved states and kept outputs together
};

// Sum of floor((a * i + b) / m) over 0 <= i < count, in O(log m) steps; a, b >= 0, m > 0.
Wide floor_sum(Wide count, Wide m, Wide a, Wide b);

// The part of the theory in which a tile is evaluated once or twice. K(b) = floor(b / T) + 1 outputs are at hand with b
// bytes, the working one included. After a first sweep that saved m states in memory, each replay starts with the release
// of the state it starts from, so that segments of K(B), K(B), K(B - S), K(B - 2S), ... tiles and a tail of K(B - mS)
// tiles, kept from the first sweep, fit.
class Capacity {
 public:
  Capacity(uint64_t pool_bytes, uint64_t state_bytes, uint64_t tile_bytes)
      : pool_(pool_bytes), state_(state_bytes), tile_(tile_bytes) {}

  static constexpr Wide kEndless = Wide(1) << 64;  // more tiles than there can be

  // K, and K of what m states leave of the pool; m * S <= B.
  Wide kept(Wide bytes) const { return tile_ == 0 ? kEndless : bytes / tile_ + 1; }
  Wide beside(Wide m) const { return kept(pool_ - m * state_); }
  // Sum of K(B - jS) over j < m.
  Wide segments(Wide m) const;
  // Tiles that m states in memory serve with at most two evaluations each.
  Wide with_states(Wide m) const { return beside(0) + segments(m) + beside(m); }
  // The most states the pool holds; UINT64_MAX if they take no bytes.
  uint64_t most_states() const;
  // The fewest states that serve `tiles` with at most two evaluations each, if any number does.
  std::optional<uint64_t> states_for(Wide tiles) const;
  // The least remainder of (B - jS) / T over j < m; m > 0, T > 0.
  uint64_t least_remainder(Wide m) const;

 private:
  Wide pool_, state_, tile_;
};

// Tiles that r evaluations each serve, for all r up to a limit. Let M = floor(B / S) and b_x = B mod S + xS. A chain whose
// start is in the working memory and which has b_x bytes is reversible with at most q evaluations per tile if it has at
// most tiles(q, x) tiles, where
//     tiles(1, x) = K(b_x),   tiles(q, 0) = K(b_0),   tiles(q, x) = tiles(q - 1, x) + tiles(q, x - 1):
// its start is saved, so many tiles as q - 1 evaluations serve are advanced over, the rest is reversed with one state less
// to spend, and then the first part from the saved start, whose bytes its last replay gets back. Column M + 1 stands for a
// chain whose start costs nothing: the real start, or a state on disk; its first level is K(B).
//
// With S < T, K is constant over runs of columns, and only the first column of a run is held: the others follow by
// binomials. So there are about levels * B / max(S, T) numbers, made once; pools of more than kMostRows such rows are used
// up to so many: with more, two evaluations serve above 10^8 tiles.
class CapacityTable {
 public:
  static constexpr uint64_t kMostRows = 16384;
  static constexpr uint32_t kMostLevels = 4096;

  // A table with the least number of levels with which the whole pool serves `tiles`, or with `levels` if none up to that
  // does. state_bytes > 0, tile_bytes > 0, levels >= 1.
  CapacityTable(uint64_t tiles, uint64_t pool_bytes, uint64_t state_bytes, uint64_t tile_bytes, uint32_t levels);

  // Whether `levels` evaluations serve so many tiles with the whole pool, without a table. Mostly told by bounds in O(levels):
  // what ends the paths of the recurrence sums up but for the rounding of K. Between them column after column is added up.
  static bool serves(uint64_t tiles, uint64_t pool_bytes, uint64_t state_bytes, uint64_t tile_bytes, uint32_t levels);

  // The part of a pool that a table makes use of.
  static uint64_t usable_pool(uint64_t pool_bytes, uint64_t state_bytes, uint64_t tile_bytes);

  uint32_t levels() const { return static_cast<uint32_t>(top_.size()); }
  uint64_t most_states() const { return static_cast<uint64_t>(states_); }  // M
  uint64_t free_start() const { return most_states() + 1; }                // the column M + 1
  uint64_t pool_bytes() const { return static_cast<uint64_t>(least_ + states_ * state_); }  // of which M is reckoned
  Wide tiles(uint32_t level, Wide column) const;

  // What is done with `tiles` tiles from a start at `column`: if `advance` is 0, all of them are kept and reversed;
  // otherwise so many are advanced over before the next state, and `level` evaluations per tile are needed.
  // `full` tells that the part left behind has exactly tiles(level - 1, column) tiles, which makes the deficit
  // tiles(level, column) - `tiles` pass unchanged to the part ahead at column - 1.
  struct Split {
    uint64_t advance = 0;
    uint32_t level = 1;
    bool full = false;
  };
  Split split(uint64_t tiles, Wide column) const;

  // What splits lead to: forward evaluations of tiles, and runs of outputs that are kept together. Each split but the last of a
  // run of kept outputs parts one in two, so that there is one advance less than there are such runs.
  struct Work {
    Wide evaluations = 0;
    Wide kept_runs = 0;
  };
  // From a start at `column`; walks levels, not tiles.
  Work work(uint64_t tiles, Wide column) const;
  Wide evaluations(uint64_t tiles, Wide column) const { return work(tiles, column).evaluations; }
  // Of splits at `level` that leave full parts behind, one for each column from `column` down to the one above `below`: their
  // advances, and the parts left behind.
  Work work_of_full_splits(uint32_t level, Wide column, Wide below) const;
  // The lowest column down to which splits at `level` with this deficit leave full parts behind.
  Wide last_full_split(uint32_t level, Wide column, Wide deficit) const;
  // Tiles of the first run of kept outputs that they lead to.
  uint64_t first_kept(uint64_t tiles, Wide column) const;

 private:
  Wide kept(Wide column) const { return (least_ + column * state_) / tile_ + 1; }
  Wide& row(uint32_t level, uint64_t index) { return rows_[(level - 2) * row_count_ + index]; }
  Wide row(uint32_t level, uint64_t index) const { return rows_[(level - 2) * row_count_ + index]; }
  void add_level();
  void add_columns(uint32_t level);
  void add_runs(uint32_t level);
  Wide within_run(uint64_t index, Wide steps, uint32_t level) const;
  Wide run_start(uint64_t index) const;
  Wide evaluations_of_full(uint32_t level, Wide column) const;

  Wide state_, tile_;
  Wide states_ = 0;          // M
  Wide least_ = 0;           // b_0
  Wide kept_least_ = 0;      // K of it
  uint64_t row_count_ = 0;   // columns held per level
  std::vector<Wide> rows_;   // level 2, level 3, ...
  std::vector<Wide> top_;    // tiles(q, M + 1)
};

}  // namespace sqs
