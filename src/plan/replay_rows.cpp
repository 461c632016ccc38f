// How many rows replays evaluate: counted over the replays themselves near the ends of the stream, and without going through each
// of them where they are all alike, in its middle.
#include <algorithm>
#include <optional>

#include "core/wide.hpp"
#include "plan/inner_replays.hpp"
#include "plan/legs.hpp"
#include "plan/segments.hpp"
#include "plan/turn.hpp"

namespace sqs {
namespace {

// Rows of one stage in the segments of one sweep.
struct SegmentRows {
  uint64_t sum = 0;
  Range span;
};

// By how much the rows of a unit begin and end beside those of the tiles of a replay; not any: it has none.
struct Overhang {
  bool any = false;
  int64_t low = 0;
  int64_t high = 0;
  int64_t rows() const { return high - low; }
  bool operator==(const Overhang&) const = default;
};
using Overhangs = std::vector<Overhang>;  // by unit, layer after layer

// Tiles in which all replays that lie in them are alike.
struct Middle {
  Schedule::Span tiles;
  Overhangs kept;      // of replays whose rows are kept,
  Overhangs advanced;  // and of those that lead from one state to another
};

// The first number of [from, to) that `holds` is not true of, which it is of all before; or `to`.
template <class Holds>
uint64_t first_without(uint64_t from, uint64_t to, Holds&& holds) {
  while (from < to) {
    const uint64_t middle = from + (to - from) / 2;
    if (holds(middle)) from = middle + 1;
    else to = middle;
  }
  return from;
}

class ReplayCounter {
 public:
  explicit ReplayCounter(Plan& plan) : plan_(plan), segments_(plan) {}

  void count() {
    for (uint32_t s = 0; s < plan_.sweeps.size(); ++s)
      if (!plan_.sweeps[s].replays.empty()) count_sweep(s);
  }

  // As if no replay needed more than the rows of its tiles, but for halos of segments that lie alike.
  void estimate() {
    const TurnPlan& turn = plan_.turn;
    for (uint32_t s = 0; s < plan_.sweeps.size(); ++s) {
      if (plan_.sweeps[s].replays.empty()) continue;
      uint64_t tiles = turn.tiles(), segments = turn.segments();
      if (turn.kind == TurnPlan::Kind::Reversal) {
        tiles = turn.schedule->evaluations() - turn.tiles();
        segments = turn.schedule->checkpoints() + 1;
      }
      if (tiles > 0) estimate_sweep(s, tiles, segments);
    }
  }

 private:
  void estimate_sweep(uint32_t s, uint64_t tiles, uint64_t segments) {
    const TurnPlan& turn = plan_.turn;
    const uint64_t middle = turn.tiles() / 2;
    const uint64_t length = std::min(tiles / segments + 1, turn.tiles() - middle);
    const Overhangs overhangs = in_whole_rows(s) ? kept_overhangs(s, grid_tiles(turn, middle, middle + length)) : Overhangs();
    const bool chain = turn.kind == TurnPlan::Kind::Chain;  // whose first segment is on the tapes from the sweep before
    const std::vector<bool> in_first = chain ? layers_in_first_segment(plan_.sweeps[s]) : std::vector<bool>();
    const TileSpan first = chain ? segment_tiles(turn, plan_.sweeps[s].backward ? turn.segments() - 1 : 0) : TileSpan{};
    size_t at = 0;
    const std::vector<Layer>& layers = segments_.replays(s);
    for (size_t depth = 0; depth < layers.size(); ++depth) {
      const bool spared = chain && !in_first[depth];
      const uint64_t made = tiles - (spared ? static_cast<uint64_t>(first.last - first.first) : 0);
      const uint64_t halos = segments - (spared ? 1 : 0);
      add_tiles(made, layers[depth]);
      for (const Unit& unit : layers[depth].units) {
        const int64_t beside = overhangs.empty() ? 0 : std::max<int64_t>(0, overhangs[at++].rows());
        if (unit.kept) continue;
        const uint64_t frames = (Size(made) * plan_.tile_frames).saturated();
        const Size rows = Size(frames / std::max<uint64_t>(1, unit.domain.step)) + Size(static_cast<uint64_t>(beside)) * halos;
        plan_.stages[unit.node].rows_predicted += rows.saturated();
        plan_.stages[unit.node].rows_replayed += rows.saturated();
      }
    }
  }

  void count_sweep(uint32_t s) {
    kept_.assign(plan_.stages.size(), {});
    const TurnPlan& turn = plan_.turn;
    if (turn.kind == TurnPlan::Kind::Chain) {
      const std::vector<bool> in_first = layers_in_first_segment(plan_.sweeps[s]);
      const uint64_t first = plan_.sweeps[s].backward ? turn.segments() - 1 : 0;
      count_segments(s, turn.segments(), [&](uint64_t j) { return std::min(j * turn.spacing, turn.tiles()); },
                     [&](uint64_t j, size_t depth) { return j != first || in_first[depth]; });
    } else if (turn.schedule->kind() != ScheduleKind::Multi) {
      const Schedule& schedule = *turn.schedule;
      const auto edge = [&](uint64_t j) {  // where segment j begins
        return j == 0 ? 0 : j <= schedule.checkpoints() ? schedule.position(j - 1) : turn.tiles() - schedule.tail_tiles();
      };
      const bool stored = schedule.most_evaluations_of_a_tile() <= 1;
      count_segments(s, stored ? 0 : schedule.checkpoints() + 1, edge, [](uint64_t, size_t) { return true; });
    } else {
      count_inner_replays(s);
    }
    for (NodeId id = 0; id < kept_.size(); ++id)
      if (kept_[id].sum > kept_[id].span.count()) plan_.stages[id].rows_halo += kept_[id].sum - kept_[id].span.count();
  }

  // Segments that join each other, of which the first and the last may be special.
  template <class Edge, class AtWork>
  void count_segments(uint32_t s, uint64_t count, Edge edge, AtWork at_work) {
    constexpr uint64_t kFew = 8;
    uint64_t alike_from = count, alike_to = count;
    if (count > kFew) {
      const Middle middle = find_middle(s, false);
      alike_from = first_without(1, count - 1, [&](uint64_t j) { return edge(j) < middle.tiles.first; });
      alike_to = first_without(alike_from, count - 1, [&](uint64_t j) { return edge(j + 1) <= middle.tiles.last; });
      const Schedule::Span between = {edge(alike_from), edge(alike_to)};
      if (alike_from < alike_to) add_alike(s, middle.kept, alike_to - alike_from, between.last - between.first, true, between);
    }
    for (uint64_t j = 0; j < count; ++j) {
      if (j == alike_from) j = alike_to;
      add_replay(s, tiles_between(edge(j), edge(j + 1)), true, [&](size_t depth) { return at_work(j, depth); });
    }
  }

  void count_inner_replays(uint32_t s) {
    const auto always = [](size_t) { return true; };
    const Middle middle = find_middle(s, true);
    const InnerReplays inside = inner_replays(*plan_.turn.schedule, middle.tiles, [&](uint64_t first, uint64_t last, bool keep) {
      add_replay(s, tiles_between(first, last), keep, always);
    });
    if (inside.kept == 0) return;
    add_alike(s, middle.kept, inside.kept, inside.kept_tiles, true, inside.kept_span);
    add_alike(s, middle.advanced, inside.advances, inside.advanced_tiles, false, {});
  }

  // Of a reversal, tiles are counted in the direction of the replays; of a chain, from the first one.
  TileSpan tiles_between(uint64_t first, uint64_t last) const {
    const TurnPlan& turn = plan_.turn;
    if (turn.kind == TurnPlan::Kind::Reversal) return grid_tiles(turn, first, last);
    return {turn.first_tile + static_cast<int64_t>(first), turn.first_tile + static_cast<int64_t>(last)};
  }

  template <class AtWork>
  void add_replay(uint32_t s, TileSpan tiles, bool keep, AtWork at_work) {
    if (tiles.first == tiles.last) return;
    if (keep) segments_.set(s, tiles.first, tiles.last);
    else segments_.set_advance(s, tiles.first, tiles.last);
    for (size_t d = 1; d <= segments_.replays(s).size(); ++d) {
      if (!at_work(d)) continue;
      const Layer& layer = segments_.replays(s)[d - 1];
      add_tiles(static_cast<uint64_t>(tiles.last - tiles.first), layer);
      for (const Unit& unit : layer.units)
        if (!unit.kept) add(unit.node, unit.range.count(), keep, unit.range);
    }
  }

  // So many replays of so many tiles together; of rows that are kept, between which tiles.
  void add_alike(uint32_t s, const Overhangs& overhangs, uint64_t replays, uint64_t tiles, bool keep, Schedule::Span between) {
    const TileSpan grid = tiles_between(between.first, between.last);
    size_t at = 0;
    for (const Layer& layer : segments_.replays(s)) {
      add_tiles(tiles, layer);
      for (const Unit& unit : layer.units) {
        const Overhang& overhang = overhangs[at++];
        if (unit.kept || !overhang.any) continue;
        const auto per_tile = static_cast<int64_t>(rows_per_tile(unit));
        const int64_t rows = static_cast<int64_t>(tiles) * per_tile + overhang.rows() * static_cast<int64_t>(replays);
        const int64_t first = grid.first * per_tile + overhang.low, last = grid.last * per_tile + overhang.high;
        add(unit.node, static_cast<uint64_t>(rows), keep, {static_cast<uint64_t>(first), static_cast<uint64_t>(last)});
      }
    }
  }

  uint64_t rows_per_tile(const Unit& unit) const { return plan_.tile_frames / std::max<uint64_t>(1, unit.domain.step); }

  // Whether tiles are whole numbers of rows, of what is replayed as well as of what reads in the sweep.
  bool in_whole_rows(uint32_t s) const {
    const auto whole = [&](const Unit& unit) { return plan_.tile_frames % std::max<uint64_t>(1, unit.domain.step) == 0; };
    const auto whole_or_kept = [&](const Unit& unit) { return unit.kept || whole(unit); };
    const Sweep& sweep = plan_.sweeps[s];
    const auto layer_whole = [&](const Layer& layer) { return std::ranges::all_of(layer.units, whole_or_kept); };
    return std::ranges::all_of(sweep.units, whole) && std::ranges::all_of(sweep.replays, layer_whole);
  }

  Overhangs kept_overhangs(uint32_t s, TileSpan tiles) {
    segments_.set(s, tiles.first, tiles.last);
    return overhangs_as_set(s, tiles);
  }
  Overhangs advanced_overhangs(uint32_t s, TileSpan tiles) {
    segments_.set_advance(s, tiles.first, tiles.last);
    return overhangs_as_set(s, tiles);
  }
  Overhangs overhangs_as_set(uint32_t s, TileSpan tiles) const {
    Overhangs all;
    for (const Layer& layer : segments_.replays(s))
      for (const Unit& unit : layer.units) {
        Overhang& overhang = all.emplace_back();
        if (unit.kept || unit.range.count() == 0) continue;
        const auto per_tile = static_cast<int64_t>(rows_per_tile(unit));
        overhang.any = true;
        overhang.low = static_cast<int64_t>(unit.range.first) - tiles.first * per_tile;
        overhang.high = static_cast<int64_t>(unit.range.last) - tiles.last * per_tile;
      }
    return all;
  }

  // The longest stretch of tiles in which no stage begins or ends: where one does, in whatever sweep, states are others than
  // elsewhere.
  Schedule::Span longest_stretch() const {
    const TurnPlan& turn = plan_.turn;
    const auto count = static_cast<Wide>(turn.tiles());
    const bool turned = turn.kind == TurnPlan::Kind::Reversal && turn.from_last;
    std::vector<Wide> ends = {0, count};
    const auto add_end = [&](const Unit& unit, uint64_t row) {
      const Wide frame = static_cast<Wide>(unit.domain.origin) + static_cast<Wide>(row) * static_cast<Wide>(unit.domain.step);
      for (const int64_t lead : {int64_t{0}, unit.z, -unit.z}) {
        const Wide tile = floor_div(frame - lead, static_cast<Wide>(plan_.tile_frames));
        ends.push_back(std::clamp<Wide>(turned ? turn.tile_end - tile : tile - turn.first_tile, 0, count));
      }
    };
    for (const Sweep& sweep : plan_.sweeps)
      for (uint32_t d = 0; d <= sweep.replays.size() && !sweep.replays.empty(); ++d)
        for (const Unit& unit : sweep.layer(d).units) {
          if (unit.kept || unit.range.count() == 0) continue;
          add_end(unit, unit.range.first);
          add_end(unit, unit.range.last);
        }
    std::sort(ends.begin(), ends.end());
    Schedule::Span longest;
    for (size_t i = 1; i < ends.size(); ++i)
      if (ends[i] - ends[i - 1] > static_cast<Wide>(longest.last - longest.first))
        longest = {static_cast<uint64_t>(ends[i - 1]), static_cast<uint64_t>(ends[i])};
    return longest;
  }

  // Away from such ends the rows of a replay lie to its tiles as those of any other do. Empty if there is no such place.
  Middle find_middle(uint32_t s, bool advances) {
    constexpr uint64_t kBeside = 8;  // tiles in which that must show
    Middle middle;
    const Schedule::Span stretch = longest_stretch();
    uint64_t low = stretch.first, high = stretch.last;
    if (high - low < 4 * kBeside) return middle;
    const uint64_t centre = low + (high - low) / 2;
    for (uint32_t other = 0; other < plan_.sweeps.size(); ++other)  // whose scans start from the same states
      if (!plan_.sweeps[other].replays.empty() && !in_whole_rows(other)) return middle;
    middle.kept = kept_overhangs(s, tiles_between(centre, centre + 1));
    if (advances) middle.advanced = advanced_overhangs(s, tiles_between(centre, centre + 1));
    const auto alike = [&](uint64_t first, uint64_t last) {
      const TileSpan tiles = tiles_between(first, last);
      return kept_overhangs(s, tiles) == middle.kept && (!advances || advanced_overhangs(s, tiles) == middle.advanced);
    };
    const auto all_alike = [&](uint64_t first) {
      for (uint64_t t = first; t < first + kBeside; ++t)
        if (!alike(t, t + 1)) return false;
      return true;
    };
    for (uint64_t more = 1; !all_alike(low); more *= 2)
      if ((low += more) + kBeside >= centre) return middle;
    for (uint64_t less = 1; !all_alike(high - kBeside); less *= 2)
      if (less + kBeside + centre >= high) return middle;
      else high -= less;
    if (alike(low, high)) middle.tiles = {low, high};
    return middle;
  }

  void add_tiles(uint64_t tiles, const Layer& layer) {
    plan_.turn.replayed_tiles += tiles;
    plan_.turn.replayed_calls += tiles * layer.units.size();
  }

  void add(NodeId node, uint64_t rows, bool keep, Range range) {
    plan_.stages[node].rows_predicted += rows;
    plan_.stages[node].rows_replayed += rows;
    if (!keep) return;
    kept_[node].sum += rows;
    widen(kept_[node].span, range);
  }

  Plan& plan_;
  Segments segments_;
  std::vector<SegmentRows> kept_;  // by node, of the sweep at hand
};

}  // namespace

void count_replays(Plan& plan) {
  plan.turn.replayed_tiles = plan.turn.replayed_calls = 0;
  if (plan.turn.kind == TurnPlan::Kind::None || plan.turn.tiles() == 0) return;
  ReplayCounter(plan).count();
  plan.tiles += plan.turn.replayed_tiles;
}

void estimate_replays(Plan& plan) {
  plan.turn.replayed_tiles = plan.turn.replayed_calls = 0;
  if (plan.turn.kind == TurnPlan::Kind::None || plan.turn.tiles() == 0) return;
  ReplayCounter(plan).estimate();
  plan.tiles += plan.turn.replayed_tiles;
}

}  // namespace sqs
