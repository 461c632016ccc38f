#include "plan/schedule.hpp"

#include <algorithm>
#include <cassert>

namespace sqs {
namespace {

constexpr uint64_t kMostPool = uint64_t(1) << 62;

uint64_t saturated(Wide value) { return value > Wide(UINT64_MAX) ? UINT64_MAX : static_cast<uint64_t>(value); }

// The least value in [low, high] from which `enough` holds; it holds for high.
template <class Enough>
uint64_t least(uint64_t low, uint64_t high, Enough enough) {
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    if (enough(middle))
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

}  // namespace

std::optional<std::optional<Schedule>> Schedule::without_table(const Chain& chain, const ScheduleLimits& limits) {
  using Decided = std::optional<std::optional<Schedule>>;
  Schedule s(chain);
  const Capacity capacity = s.capacity();
  const Wide n = chain.tiles, most_kept = capacity.beside(0);
  if (n <= most_kept) {
    s.tail_ = s.evaluations_ = chain.tiles;
    return Decided(s);
  }
  if (limits.max_ratio < 2) return Decided(std::optional<Schedule>());
  if (limits.fixed_tiles != 0) {
    if (const auto in_memory = fixed(chain, limits.fixed_tiles, 0)) return Decided(in_memory);
    return Decided(limits.disk_states == 0 ? std::nullopt : fixed(chain, limits.fixed_tiles, limits.disk_states));
  }
  const auto spacing = static_cast<uint64_t>(most_kept);
  if (const auto states = capacity.states_for(n)) {
    s.finish_sweep(ScheduleKind::Shrink, spacing, 0, *states);
    return Decided(s);
  }
  const Wide all_on_disk = ceil_div(n - 2 * most_kept, most_kept);  // with them the tail alone is left to memory
  if (all_on_disk <= limits.disk_states) {
    s.finish_sweep(ScheduleKind::ShrinkDisk, spacing, static_cast<uint64_t>(all_on_disk), 0);
    return Decided(s);
  }
  if (const auto states = capacity.states_for(n - limits.disk_states * most_kept)) {
    s.finish_sweep(ScheduleKind::ShrinkDisk, spacing, limits.disk_states, *states);
    return Decided(s);
  }
  return std::nullopt;
}

bool Schedule::exists(const Chain& chain, const ScheduleLimits& limits) {
  if (can_spill(chain, limits)) return true;
  if (const auto decided = without_table(chain, limits)) return decided->has_value();
  const uint32_t levels = std::clamp(limits.max_ratio, 1u, CapacityTable::kMostLevels);
  if (levels <= 2) return false;  // states do as well as a table can
  return CapacityTable::serves(chain.tiles, chain.pool_bytes, chain.state_bytes, chain.tile_bytes, levels);
}

bool Schedule::can_spill(const Chain& chain, const ScheduleLimits& limits) {
  const Wide on_disk = chain.tiles - Schedule(chain).capacity().beside(0);
  return limits.fixed_tiles == 0 && on_disk > 0 && on_disk <= limits.disk_tiles;
}

std::optional<Schedule> Schedule::choose(const Chain& chain, const ScheduleLimits& limits) {
  std::optional<Schedule> other = without_spilling(chain, limits);
  if (!can_spill(chain, limits)) return other;
  Schedule s(chain);
  s.kind_ = ScheduleKind::Spill;
  s.tail_ = static_cast<uint64_t>(s.capacity().beside(0));
  s.spacing_ = std::clamp<uint64_t>(limits.disk_segment_tiles, 1, s.tail_);
  s.evaluations_ = chain.tiles;
  const double price = static_cast<double>(chain.tiles - s.tail_) * limits.disk_tile_cost;
  if (other.has_value() && price >= static_cast<double>(other->evaluations_ - chain.tiles)) return other;
  return s;
}

// One more state may shorten the segments by more than it spares, where it takes the room of several outputs. The largest pool
// that has not got it then serves better; no smaller one does better still (found by trying, see the test that more memory never
// costs evaluations).
std::optional<Schedule> Schedule::without_spilling(const Chain& chain, const ScheduleLimits& limits) {
  std::optional<Schedule> whole = of_whole_pool(chain, limits);
  if (!whole || whole->evaluations_ == chain.tiles || limits.fixed_tiles != 0) return whole;
  if (chain.state_bytes <= chain.tile_bytes || chain.pool_bytes < chain.state_bytes) return whole;
  Chain fewer = chain;
  fewer.pool_bytes -= chain.pool_bytes % chain.state_bytes + 1;
  ScheduleLimits no_more_disk = limits;
  no_more_disk.disk_states = std::min(limits.disk_states, whole->disk_states_);
  const std::optional<Schedule> part = of_whole_pool(fewer, no_more_disk);
  return part && part->evaluations_ < whole->evaluations_ ? part : whole;
}

std::optional<Schedule> Schedule::of_whole_pool(const Chain& chain, const ScheduleLimits& limits) {
  if (const auto decided = without_table(chain, limits)) return *decided;
  Schedule s(chain);
  const Wide n = chain.tiles;
  auto table = std::make_shared<const CapacityTable>(chain.tiles, chain.pool_bytes, chain.state_bytes, chain.tile_bytes,
                                                     limits.max_ratio);
  if (table->tiles(table->levels(), Wide(table->free_start())) < n) return std::nullopt;
  s.kind_ = ScheduleKind::Multi;
  s.memory_states_ = table->most_states();
  s.tail_ = table->first_kept(chain.tiles, Wide(table->free_start()));
  s.evaluations_ = saturated(table->evaluations(chain.tiles, Wide(table->free_start())));
  s.table_ = std::move(table);
  return s;
}

void Schedule::finish_sweep(ScheduleKind kind, uint64_t spacing, uint64_t disk_states, uint64_t memory_states) {
  kind_ = kind;
  spacing_ = spacing;
  disk_states_ = disk_states;
  memory_states_ = memory_states;
  tail_ = saturated(std::min<Wide>(chain_.tiles, capacity().beside(Wide(memory_states))));
  evaluations_ = saturated(2 * Wide(chain_.tiles) - tail_);
}

// With m states in memory, the tail may begin anywhere up to (m + 1) * k tiles after the last checkpoint on disk. The more
// states, the farther the end that is reached, or, if a state takes the room of k outputs, the nearer: so the least m
// serves best, and if it does not fit, none does.
std::optional<Schedule> Schedule::fixed(const Chain& chain, uint64_t spacing, uint64_t disk_limit) {
  Schedule s(chain);
  const Capacity capacity = s.capacity();
  const Wide n = chain.tiles, k = spacing;
  const Wide on_disk = std::min<Wide>(disk_limit, std::max<Wide>(ceil_div(n - capacity.beside(0), k) - 1, 0));
  const Wide rest = n - on_disk * k;
  const auto serves = [&](uint64_t m) { return (Wide(m) + 1) * k + capacity.beside(Wide(m)) >= rest; };
  const auto most = static_cast<uint64_t>(std::min<Wide>(capacity.most_states(), ceil_div(rest, k) - 1));
  if (!serves(0) && !serves(most)) return std::nullopt;
  const uint64_t states = serves(0) ? 0 : least(1, most, serves);
  s.finish_sweep(ScheduleKind::Fixed, spacing, static_cast<uint64_t>(on_disk), states);
  return s.peak_bytes() <= chain.pool_bytes ? std::optional(s) : std::nullopt;
}

uint64_t Schedule::position(uint64_t checkpoint) const {
  assert(checkpoint < checkpoints());
  const Wide on_grid = (Wide(checkpoint) + 1) * spacing_;
  if (kind_ == ScheduleKind::Fixed || checkpoint <= disk_states_) return static_cast<uint64_t>(on_grid);
  return static_cast<uint64_t>((Wide(disk_states_) + 1) * spacing_ + capacity().segments(Wide(checkpoint - disk_states_)));
}

uint32_t Schedule::most_evaluations_of_a_tile() const {
  if (chain_.tiles == 0) return 0;
  if (kind_ == ScheduleKind::Store || kind_ == ScheduleKind::Spill) return 1;
  return kind_ == ScheduleKind::Multi ? table_->levels() : 2;
}

uint32_t Schedule::evaluations_of_first_tile() const {
  if (kind_ != ScheduleKind::Multi) return most_evaluations_of_a_tile();
  uint32_t times = 1;
  const Wide column = Wide(table_->free_start());
  for (uint64_t tiles = chain_.tiles; (tiles = table_->split(tiles, column).advance) > 0;) ++times;
  return times;
}

uint64_t Schedule::most_segment_tiles() const {
  // Some part of a Multi schedule is always full, and its first segment has all of the pool.
  if (kind_ == ScheduleKind::Multi) return static_cast<uint64_t>(table_->tiles(1, Wide(table_->free_start())));
  return std::max(tail_, checkpoints() == 0 && kind_ != ScheduleKind::Spill ? chain_.tiles - tail_ : spacing_);
}

uint64_t Schedule::disk_segments() const {
  if (kind_ != ScheduleKind::Spill) return 0;
  return static_cast<uint64_t>(ceil_div(Wide(chain_.tiles) - tail_, Wide(spacing_)));
}

Schedule::Span Schedule::disk_segment(uint64_t segment) const {
  assert(segment < disk_segments());
  const uint64_t last = chain_.tiles - tail_ - (disk_segments() - 1 - segment) * spacing_;
  return {segment == 0 ? 0 : last - spacing_, last};
}

uint64_t Schedule::peak_bytes() const {
  if (chain_.tiles == 0) return 0;
  const Wide size = chain_.tile_bytes, state = chain_.state_bytes, m = memory_states_;
  if (kind_ == ScheduleKind::Multi) {
    // A full segment at each depth: j states and the outputs that fit beside them.
    const Capacity used(table_->pool_bytes(), chain_.state_bytes, chain_.tile_bytes);
    return table_->pool_bytes() - used.least_remainder(m + 1);
  }
  Wide peak = m * state + (Wide(tail_) - 1) * size;
  if (kind_ == ScheduleKind::Store || kind_ == ScheduleKind::Spill) return saturated(peak);
  // The last replayed segment may be short, those before it are as long as they can be.
  const Wide last = Wide(chain_.tiles) - tail_ - (checkpoints() == 0 ? 0 : position(checkpoints() - 1));
  peak = std::max(peak, std::max<Wide>(m - 1, 0) * state + (last - 1) * size);
  if (checkpoints() == 0) return saturated(peak);
  const Wide long_ones = kind_ == ScheduleKind::Fixed
                             ? std::max<Wide>(m - 2, 0) * state + (Wide(spacing_) - 1) * size
                             : Wide(chain_.pool_bytes) - capacity().least_remainder(std::max<Wide>(m - 1, 1));
  return saturated(std::max(peak, long_ones));
}

std::optional<uint64_t> least_pool(const Chain& chain, const ScheduleLimits& limits, uint64_t below) {
  const auto found = [&](uint64_t pool) {
    Chain with_pool = chain;
    with_pool.pool_bytes = pool;
    return Schedule::exists(with_pool, limits);
  };
  const Wide all_kept = std::max<Wide>(Wide(chain.tiles) - 1, 0) * chain.tile_bytes;
  uint64_t high = kMostPool;
  if (all_kept <= kMostPool)
    high = static_cast<uint64_t>(all_kept);
  else if (!found(high))
    return std::nullopt;
  if (below <= high) {
    if (below == 0 || !found(below - 1)) return std::nullopt;
    high = below - 1;
  }
  return least(0, high, found);
}

// Without rounding, k tiles between checkpoints need (n / k - 1) * S + k * T bytes, and s segments (s - 1) * S + (n / s) * T:
// a parabola either way, between whose roots the answer lies. Rounding costs less than S in the first form and less than T
// in the second; with the smaller of the two the answer is a few steps away from the root, n^(1/4) at the vertex.
std::optional<uint64_t> chain_spacing(uint64_t tiles, uint64_t state_bytes, uint64_t tile_bytes, uint64_t pool_bytes) {
  const Wide n = std::max<uint64_t>(tiles, 1), state = state_bytes, size = tile_bytes, pool = pool_bytes;
  if (n * size <= pool) return static_cast<uint64_t>(n);
  const Wide more = std::max(state, size), less = std::min(state, size);
  const auto fits_unrounded = [&](Wide x) { return x * x * more - (pool + state) * x + n * less <= 0; };
  Wide vertex = std::max<Wide>((pool + state) / (2 * more), 1);
  if (!fits_unrounded(vertex)) ++vertex;
  if (vertex > pool / more + 1 || !fits_unrounded(vertex)) return std::nullopt;
  const auto root = [&](Wide outside) {  // the last that fits on the way from the vertex
    Wide inside = vertex;
    while (outside - inside > 1 || inside - outside > 1) {
      const Wide middle = (inside + outside) / 2;
      (fits_unrounded(middle) ? inside : outside) = middle;
    }
    return inside;
  };
  if (size >= state) {
    for (Wide k = root(pool / size + 1); k >= 1 && fits_unrounded(k); --k)
      if ((ceil_div(n, k) - 1) * state + k * size <= pool) return static_cast<uint64_t>(k);
  } else {
    // The fewest segments allow the most tiles each.
    for (Wide s = root(1); fits_unrounded(s); ++s)
      if ((s - 1) * state + ceil_div(n, s) * size <= pool)
        return static_cast<uint64_t>(std::min(n, (pool - (s - 1) * state) / size));
  }
  return std::nullopt;
}

std::optional<uint64_t> chain_least_pool(uint64_t tiles, uint64_t state_bytes, uint64_t tile_bytes) {
  const Wide n = std::max<uint64_t>(tiles, 1);
  const auto high = static_cast<uint64_t>(
      std::min({n * tile_bytes, (n - 1) * state_bytes + tile_bytes, Wide(kMostPool)}));
  const auto found = [&](uint64_t pool) { return chain_spacing(tiles, state_bytes, tile_bytes, pool).has_value(); };
  if (!found(high)) return std::nullopt;
  return least(0, high, found);
}

uint64_t chain_evaluations(uint64_t sweeps, uint64_t tiles) {
  const Wide d = sweeps;
  const Wide per_tile = d % 2 == 0 ? d / 2 * (d + 1) : d * ((d + 1) / 2);
  uint64_t sum = 0;
  if (tiles == 0) return 0;
  return __builtin_mul_overflow(saturated(per_tile), tiles, &sum) ? UINT64_MAX : sum;
}

}  // namespace sqs
