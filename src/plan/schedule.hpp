// The schedule of a reversal: which states the first forward sweep saves, and how many tiles are evaluated again so that
// all outputs can be handed over from the last tile to the first within a pool of bytes. Pure arithmetic: nothing here
// grows with the number of tiles. Counts and sizes up to 2^61 are exact; a number of evaluations above 2^64 saturates.
//
// Convention: the start state and one working output tile are free; saved states and kept outputs share the pool; every
// forward evaluation of a tile counts, the first sweep's included. plan/actions.hpp spells a schedule out step by step,
// plan/online_placement.hpp is for chains whose length is not known.
//
// Store and Spill evaluate every tile once; Shrink and ShrinkDisk take the fewest evaluations possible with states alone while no
// tile needs three (Shrink: for S <= T).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "plan/capacity.hpp"

namespace sqs {

enum class ScheduleKind {
  Store,       // all outputs are kept: every tile is evaluated once
  Shrink,      // states in memory; segments shrink as states take their room; at most two evaluations of a tile
  ShrinkDisk,  // the same after leftmost states on disk, K(B) tiles apart, each written and read once
  Multi,       // more evaluations: segments are reversed by inner checkpoints
  Fixed,       // checkpoints every so many tiles; at most two evaluations of a tile
  Spill,       // the newest outputs are kept, all others go to disk, each written and read once; no states
};

struct ScheduleLimits {
  uint64_t disk_states = 0;  // how many states may go to disk; 0: there is no disk
  uint32_t max_ratio = 4;    // evaluations of a tile at most; above CapacityTable::kMostLevels means that many
  uint64_t fixed_tiles = 0;  // != 0: checkpoints every so many tiles
  uint64_t disk_tiles = 0;   // the outputs of how many tiles may go to disk
  uint64_t disk_segment_tiles = 1;  // how many of them are written and read together; more than fit the pool mean so many
  double disk_tile_cost = 0; // of writing and reading back a tile's outputs, in evaluations of a tile
};

class Schedule {
 public:
  // The first that fits, or nullopt if none does:
  // - Store if n <= K(B).
  // - With fixed_tiles = k: Fixed, with checkpoints before tiles k, 2k, ... up to the tail of newest outputs, of which as
  //   many are kept as the pool has room for beside the states. (ceil(n / k) - 1) * S + (k - 1) * T bytes always suffice.
  //   Should memory not, the leftmost states go to disk as far as allowed. Nothing else is tried.
  // - Spill if n - K(B) <= disk_tiles and (n - K(B)) * disk_tile_cost is less than what any of the following evaluates again,
  //   or none of them fits.
  // - Shrink if n <= N2(B) = K(B) + K(B) + K(B - S) + ... + K(B - MS) + K(B - MS), M = floor(B / S).
  // - ShrinkDisk if n <= disk_states * K(B) + N2(B): with no states in memory, K(B) tiles apart, if the disk has room for
  //   so many, which takes the fewest evaluations; else with all the disk's states and the fewest in memory.
  // - Multi with the least ratio r <= max_ratio whose capacity is n; for S <= T within 6 % of the fewest evaluations.
  // max_ratio < 2 allows Store and Spill alone.
  static std::optional<Schedule> choose(const Chain& chain, const ScheduleLimits& limits);

  ScheduleKind kind() const { return kind_; }
  const Chain& chain() const { return chain_; }

  // Forward evaluations of tiles, the first sweep included: exactly what the actions do.
  uint64_t evaluations() const { return evaluations_; }
  // No tile is evaluated more often, and some tile so often.
  uint32_t most_evaluations_of_a_tile() const;
  // How often the first tile is, from which so many sweeps and replays begin.
  uint32_t evaluations_of_first_tile() const;
  // The most states in memory at once, and all states on disk.
  uint64_t states_in_memory() const { return memory_states_; }
  uint64_t disk_states() const { return disk_states_; }
  // Newest outputs kept from the first sweep, and the longest run of kept outputs; the working tile included.
  uint64_t tail_tiles() const { return tail_; }
  uint64_t most_segment_tiles() const;
  // The most bytes of states and kept outputs at any instant, the working tile apart.
  uint64_t peak_bytes() const;

  // The checkpoints of the first sweep, oldest first, those on disk before those in memory; none for Store. Not for Multi,
  // whose inner checkpoints come and go. O(log) each.
  uint64_t checkpoints() const { return kind_ == ScheduleKind::Multi ? 0 : disk_states_ + memory_states_; }
  uint64_t position(uint64_t checkpoint) const;  // the tile before which it is taken

  // Tiles [first, last) whose outputs are on disk together, oldest first, of which the first may be fewer; none but for Spill.
  struct Span {
    uint64_t first = 0;
    uint64_t last = 0;
  };
  uint64_t disk_segments() const;
  Span disk_segment(uint64_t segment) const;
  uint64_t disk_segment_tiles() const { return kind_ == ScheduleKind::Spill ? spacing_ : 0; }

  // The capacities by which Multi splits; nullptr for others.
  const std::shared_ptr<const CapacityTable>& table() const { return table_; }

  // Whether choose() would find one; takes less time.
  static bool exists(const Chain& chain, const ScheduleLimits& limits);

 private:
  explicit Schedule(const Chain& chain) : chain_(chain) {}
  Capacity capacity() const { return {chain_.pool_bytes, chain_.state_bytes, chain_.tile_bytes}; }
  // All but Multi and Spill: what choose() answers, or nothing where Multi is to be tried.
  static std::optional<std::optional<Schedule>> without_table(const Chain& chain, const ScheduleLimits& limits);
  static std::optional<Schedule> without_spilling(const Chain& chain, const ScheduleLimits& limits);
  static std::optional<Schedule> of_whole_pool(const Chain& chain, const ScheduleLimits& limits);
  static bool can_spill(const Chain& chain, const ScheduleLimits& limits);
  static std::optional<Schedule> fixed(const Chain& chain, uint64_t spacing, uint64_t disk_limit);
  void finish_sweep(ScheduleKind kind, uint64_t spacing, uint64_t disk_states, uint64_t memory_states);

  Chain chain_;
  ScheduleKind kind_ = ScheduleKind::Store;
  uint64_t spacing_ = 0;  // of the checkpoints on disk, or all of a Fixed schedule; of Spill: tiles of a segment
  uint64_t disk_states_ = 0;
  uint64_t memory_states_ = 0;
  uint64_t tail_ = 0;
  uint64_t evaluations_ = 0;
  std::shared_ptr<const CapacityTable> table_;
};

// The least pool with which choose() finds a schedule; nullopt if 2^62 bytes do not suffice. With limits.max_ratio = 2 or 3
// the least for so many evaluations. chain.pool_bytes is not read.
// Nor is there one if it is not less than `below`.
std::optional<uint64_t> least_pool(const Chain& chain, const ScheduleLimits& limits, uint64_t below = UINT64_MAX);

// Chains of sweeps in alternating directions (forward, backward, forward, ...), each reading the one before. All of them
// checkpoint at the same tiles, every k: at a boundary the states of all sweeps but the last, `state_bytes` together, are
// held until the last sweep has passed, and a segment of k tiles, `tile_bytes` each, is held of the outputs between two
// neighbouring sweeps.
//
// The most tiles k, at most n, with (ceil(n / k) - 1) * state_bytes + k * tile_bytes <= pool_bytes; nullopt if none.
std::optional<uint64_t> chain_spacing(uint64_t tiles, uint64_t state_bytes, uint64_t tile_bytes, uint64_t pool_bytes);
// The least pool for which there is a spacing; nullopt above 2^62 bytes.
std::optional<uint64_t> chain_least_pool(uint64_t tiles, uint64_t state_bytes, uint64_t tile_bytes);
// Evaluations of each tile by sweep j = 1 ... sweeps: once, and once more for each later sweep.
inline constexpr uint64_t chain_evaluations_of_sweep(uint64_t sweeps, uint64_t j) { return sweeps - j + 1; }
// Evaluations by all sweeps: tiles * sweeps * (sweeps + 1) / 2, saturating.
uint64_t chain_evaluations(uint64_t sweeps, uint64_t tiles);

}  // namespace sqs
