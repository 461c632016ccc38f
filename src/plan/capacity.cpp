#include "plan/capacity.hpp"

#include <algorithm>
#include <cassert>
#include <numeric>

namespace sqs {
namespace {

__extension__ typedef unsigned __int128 Word;  // sums whose differences fit, though they may wrap

constexpr uint32_t kUsualLevels = 4;

// C(n - 1 + p, p) from C(n - 2 + p, p - 1), with no product greater than the result.
Wide next_multichoose(Wide previous, Wide n, uint32_t p) {
  constexpr Wide kShort = Wide(1) << 31;  // products take a word, whose division is short
  if (previous < kShort && n < kShort) return static_cast<uint64_t>(previous) * (static_cast<uint64_t>(n) - 1 + p) / p;
  const Wide common = std::gcd(static_cast<uint64_t>(previous % p), static_cast<uint64_t>(p));
  return (previous / common) * ((n - 1 + p) / (p / common));
}

// C(n + k, k); n >= 0.
Word binomial(Wide n, uint32_t k) {
  Wide c = 1;
  for (uint32_t p = 1; p <= k; ++p) c = next_multichoose(c, n + 1, p);
  return static_cast<Word>(c);
}

// What a full part of `level` at `column` costs less than `level` evaluations for each of its tiles, in units of K(b_0):
// the segments at column 0, which save nothing, are evaluated less often.
Word spared(uint32_t level, Wide column) { return level < 2 ? 0 : binomial(column + 1, level - 2); }

// Runs of kept outputs in a full part: as many as ways lead down to level 1 or column 0.
Word kept_runs_of_full(uint32_t level, Wide column) { return binomial(column, level - 1); }

// K of one column after another, without a division for each.
class KeptColumns {
 public:
  KeptColumns(Wide least, Wide state, Wide tile)
      : tile_(static_cast<uint64_t>(tile)),
        more_(static_cast<uint64_t>(state / tile)),
        more_rest_(static_cast<uint64_t>(state % tile)),
        kept_(static_cast<uint64_t>(least / tile) + 1),
        rest_(static_cast<uint64_t>(least % tile)) {}

  uint64_t kept() const { return kept_; }
  void next_column() {
    kept_ += more_;
    rest_ += more_rest_;
    if (rest_ < tile_) return;
    rest_ -= tile_;
    ++kept_;
  }

 private:
  uint64_t tile_, more_, more_rest_, kept_, rest_;
};

// What `levels` evaluations serve with the whole pool: the recurrence, all levels of one column after another.
Wide added_up(Wide states, Wide least, Wide state, Wide tile, uint32_t levels) {
  KeptColumns kept(least, state, tile);
  std::vector<Wide> column(levels, Wide(kept.kept()));
  for (Wide x = 1; x <= states; ++x) {
    kept.next_column();
    column[0] = kept.kept();
    for (uint32_t q = 1; q < levels; ++q) column[q] += column[q - 1];
  }
  return std::accumulate(column.begin(), column.end(), Wide(0));
}

}  // namespace

Wide floor_sum(Wide count, Wide m, Wide a, Wide b) {
  Wide sum = 0;
  while (count > 0) {
    sum += count * (count - 1) / 2 * (a / m) + count * (b / m);
    a %= m;
    b %= m;
    const Wide top = a * count + b;
    if (top < m) break;
    count = top / m;
    b = top % m;
    std::swap(m, a);
  }
  return sum;
}

Wide Capacity::segments(Wide m) const {
  if (m <= 0) return 0;
  if (tile_ == 0) return m * kEndless;
  return m + floor_sum(m, tile_, state_, pool_ - (m - 1) * state_);  // from the last one back
}

uint64_t Capacity::most_states() const { return state_ == 0 ? UINT64_MAX : static_cast<uint64_t>(pool_ / state_); }

std::optional<uint64_t> Capacity::states_for(Wide tiles) const {
  Wide low = 0, high = std::min<Wide>(most_states(), tiles);  // every state serves a tile at least
  if (tiles <= with_states(0)) return 0;
  if (with_states(high) < tiles) return std::nullopt;
  while (low < high) {
    const Wide middle = (low + high) / 2;
    if (with_states(middle) >= tiles)
      high = middle;
    else
      low = middle + 1;
  }
  return static_cast<uint64_t>(low);
}

uint64_t Capacity::least_remainder(Wide m) const {
  // A remainder is at most t for as many j as floor(b / T) and floor((b - t - 1) / T) differ for.
  const Wide last = pool_ - (m - 1) * state_;
  const Wide all = floor_sum(m, tile_, state_, last);
  Wide low = 0, high = tile_ - 1;
  while (low < high) {
    const Wide middle = (low + high) / 2;
    if (all > floor_sum(m, tile_, state_, last + tile_ - middle - 1) - m)
      high = middle;
    else
      low = middle + 1;
  }
  return static_cast<uint64_t>(low);
}

uint64_t CapacityTable::usable_pool(uint64_t pool_bytes, uint64_t state_bytes, uint64_t tile_bytes) {
  constexpr Wide kMostStates = Wide(1) << 40;  // keeps every number of a table below 2^127
  const Wide rows = (Wide(kMostRows) - 1) * std::max(state_bytes, tile_bytes);
  return static_cast<uint64_t>(std::min({Wide(pool_bytes), rows, kMostStates * state_bytes}));
}

// C(M + levels, levels - 1) paths lead from (levels, M + 1) to the columns x they end in, which sum up to
// C(M + levels, levels) - 1; each adds K(b_x) = floor((b_0 + x S) / T) + 1 tiles.
bool CapacityTable::serves(uint64_t tiles, uint64_t pool_bytes, uint64_t state_bytes, uint64_t tile_bytes, uint32_t levels) {
  const Wide pool = usable_pool(pool_bytes, state_bytes, tile_bytes);
  const Wide state = state_bytes, tile = tile_bytes, states = pool / state, least = pool % state, n = tiles;
  Wide paths = 1;
  for (uint32_t p = 1; p < levels && paths < n; ++p) paths = next_multichoose(paths, states + 2, p);
  if (paths >= n) return true;
  const Wide bytes = least * paths + state * (paths * (states + 1) / levels - 1);
  if (bytes / tile + paths < n) return false;
  if (bytes / tile >= n) return true;  // rounding takes less than a tile from each path
  constexpr Wide kManyStates = 1 << 16;
  if (states <= kManyStates) return added_up(states, least, state, tile, levels) >= n;
  const CapacityTable table(tiles, pool_bytes, state_bytes, tile_bytes, levels);
  return table.top_.back() >= n;
}

CapacityTable::CapacityTable(uint64_t tiles, uint64_t pool_bytes, uint64_t state_bytes, uint64_t tile_bytes,
                             uint32_t levels)
    : state_(state_bytes), tile_(tile_bytes) {
  const Wide pool = usable_pool(pool_bytes, state_bytes, tile_bytes);
  states_ = pool / state_;
  least_ = pool % state_;
  kept_least_ = kept(0);
  row_count_ = static_cast<uint64_t>(state_ >= tile_ ? states_ + 1 : kept(states_) - kept_least_ + 1);
  rows_.reserve(row_count_ * (std::min(levels, kUsualLevels) - 1));
  top_.push_back(kept(states_));
  while (top_.back() < tiles && this->levels() < std::min(levels, kMostLevels)) add_level();
}

void CapacityTable::add_level() {
  const uint32_t level = levels() + 1;
  rows_.resize(rows_.size() + row_count_);
  row(level, 0) = kept_least_;
  if (state_ >= tile_)
    add_columns(level);
  else
    add_runs(level);
  top_.push_back(top_.back() + tiles(level, states_));
}

void CapacityTable::add_columns(uint32_t level) {
  KeptColumns first_level(least_, state_, tile_);
  for (uint64_t i = 1; i < row_count_; ++i) {
    first_level.next_column();
    row(level, i) = row(level, i - 1) + (level == 2 ? Wide(first_level.kept()) : row(level - 1, i));
  }
}

void CapacityTable::add_runs(uint32_t level) {
  Wide start = 0;
  for (uint64_t i = 1; i < row_count_; ++i) {
    const Wide next = run_start(i);
    row(level, i) = within_run(i - 1, next - start, level);
    start = next;
  }
}

// Row i > 0 is that of the last column before K grows for the i-th time.
Wide CapacityTable::run_start(uint64_t index) const {
  if (index == 0) return 0;
  const Wide quotient = kept_least_ - 1 + Wide(index);
  return ceil_div(quotient * tile_ - least_, state_) - 1;
}

// `steps` columns after row `index`, K being the same in all of them: the recurrence, summed up.
Wide CapacityTable::within_run(uint64_t index, Wide steps, uint32_t level) const {
  if (steps == 0) return row(level, index);
  Wide choices = 1, sum = row(level, index);
  for (uint32_t p = 1; p + 1 < level; ++p) {
    choices = next_multichoose(choices, steps, p);
    sum += choices * row(level - p, index);
  }
  return sum + next_multichoose(choices, steps, level - 1) * (kept_least_ + Wide(index));
}

Wide CapacityTable::tiles(uint32_t level, Wide column) const {
  if (column > states_) return top_[level - 1];
  if (level == 1) return kept(column);
  if (state_ >= tile_) return row(level, static_cast<uint64_t>(column));
  const auto index = static_cast<uint64_t>(kept(column) - kept_least_);
  return within_run(index, column - run_start(index), level);
}

CapacityTable::Split CapacityTable::split(uint64_t tiles, Wide column) const {
  if (Wide(tiles) <= this->tiles(1, column) && column <= states_) return {};
  if (column > states_ && Wide(tiles) <= top_[0]) return {};
  assert(column > 0);
  uint32_t level = 2;
  while (level <= levels() && this->tiles(level, column) < Wide(tiles)) ++level;
  const Wide ahead = this->tiles(level - 1, column - 1);  // what is worth a level less
  const Wide behind = this->tiles(level - 1, column);
  // Beyond the last level any length is served, though not well: all that is too much stays behind.
  if (level <= levels() && Wide(tiles) >= behind + ahead) return {static_cast<uint64_t>(behind), level, true};
  return {static_cast<uint64_t>(Wide(tiles) - ahead), level, false};
}

Wide CapacityTable::evaluations_of_full(uint32_t level, Wide column) const {
  return static_cast<Wide>(static_cast<Word>(level * tiles(level, column)) -
                           static_cast<Word>(kept_least_) * spared(level, column));
}

// A split at column y leaves a full part behind if tiles(level, y - 2) >= deficit; at column 1 if there is no deficit.
Wide CapacityTable::last_full_split(uint32_t level, Wide column, Wide deficit) const {
  if (deficit == 0) return 1;
  Wide low = 2, high = column;
  while (low < high) {
    const Wide middle = (low + high) / 2;
    if (tiles(level, middle - 2) >= deficit)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

CapacityTable::Work CapacityTable::work_of_full_splits(uint32_t level, Wide column, Wide below) const {
  const Word advanced = static_cast<Word>(tiles(level, column) - tiles(level, below));
  const Word less = static_cast<Word>(kept_least_) * (spared(level, column) - spared(level, below));
  const Word runs = kept_runs_of_full(level, column) - kept_runs_of_full(level, below);
  return {static_cast<Wide>(level * advanced - less), static_cast<Wide>(runs)};
}

CapacityTable::Work CapacityTable::work(uint64_t tiles, Wide column) const {
  Work sum;
  for (;;) {
    const Split next = split(tiles, column);
    if (next.advance == 0) return {sum.evaluations + Wide(tiles), sum.kept_runs + 1};
    if (next.full) {
      const Wide deficit = this->tiles(next.level, column) - Wide(tiles);
      const Wide below = last_full_split(next.level, column, deficit) - 1;
      const Work run = work_of_full_splits(next.level, column, below);
      sum.evaluations += run.evaluations;
      sum.kept_runs += run.kept_runs;
      tiles = static_cast<uint64_t>(this->tiles(next.level, below) - deficit);
      column = below;
    } else {
      sum.evaluations += Wide(next.advance) + evaluations_of_full(next.level - 1, column - 1);
      sum.kept_runs += static_cast<Wide>(kept_runs_of_full(next.level - 1, column - 1));
      tiles = next.advance;
    }
  }
}

uint64_t CapacityTable::first_kept(uint64_t tiles, Wide column) const {
  for (;;) {
    const Split next = split(tiles, column);
    if (next.advance == 0) return tiles;
    if (!next.full) return static_cast<uint64_t>(next.level == 2 ? kept(column - 1) : kept_least_);
    const Wide deficit = this->tiles(next.level, column) - Wide(tiles);
    column = last_full_split(next.level, column, deficit) - 1;
    tiles = static_cast<uint64_t>(this->tiles(next.level, column) - deficit);
  }
}

}  // namespace sqs
