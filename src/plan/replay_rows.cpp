// How many rows replays evaluate: counted over the segments themselves, but where there are many of them, and all alike in the
// middle of the stream, without going through each.
#include <algorithm>
#include <optional>

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
    const auto excess = excesses(s, grid_tiles(turn, middle, middle + length));
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
        const int64_t beside = excess.has_value() ? std::max<int64_t>(0, (*excess)[at++]) : 0;
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
      count_segments(s, turn.segments(), [&](uint64_t j) { return segment_tiles(turn, j); },
                     [&](uint64_t j, size_t depth) { return j != first || in_first[depth]; });
    } else if (turn.schedule->kind() != ScheduleKind::Multi) {
      const Schedule& schedule = *turn.schedule;
      const auto edge = [&](uint64_t j) {  // where segment j begins, counted in tiles
        return j == 0 ? 0 : j <= schedule.checkpoints() ? schedule.position(j - 1) : turn.tiles() - schedule.tail_tiles();
      };
      const bool stored = schedule.most_evaluations_of_a_tile() <= 1;
      count_segments(s, stored ? 0 : schedule.checkpoints() + 1, [&](uint64_t j) { return grid_tiles(turn, edge(j), edge(j + 1)); },
                     [](uint64_t, size_t) { return true; });
    } else if (!count_in_whole_tiles(s)) {
      count_legs(s, 0);
    }
    for (NodeId id = 0; id < kept_.size(); ++id)
      if (kept_[id].sum > kept_[id].span.count()) plan_.stages[id].rows_halo += kept_[id].sum - kept_[id].span.count();
  }

  // Segments that join each other. In the middle of the stream those of all lengths have the same halo, so that a few at either
  // end and the two outermost of the others tell of all.
  template <class TilesOf, class AtWork>
  void count_segments(uint32_t s, uint64_t count, TilesOf tiles_of, AtWork at_work) {
    constexpr uint64_t kEnds = 64;
    if (count <= 4 * kEnds || !add_middle(s, tiles_of(kEnds), tiles_of(count - kEnds - 1), count - 2 * kEnds)) {
      for (uint64_t j = 0; j < count; ++j) add_segment(s, tiles_of(j), [&](size_t depth) { return at_work(j, depth); });
      return;
    }
    for (uint64_t j = 0; j < kEnds; ++j) add_segment(s, tiles_of(j), [&](size_t depth) { return at_work(j, depth); });
    for (uint64_t j = count - kEnds; j < count; ++j) add_segment(s, tiles_of(j), [&](size_t depth) { return at_work(j, depth); });
  }

  template <class AtWork>
  void add_segment(uint32_t s, TileSpan tiles, AtWork at_work) {
    if (tiles.first == tiles.last) return;
    segments_.set(s, tiles.first, tiles.last);
    for (size_t d = 1; d <= segments_.replays(s).size(); ++d) {
      if (!at_work(d)) continue;
      const Layer& layer = segments_.replays(s)[d - 1];
      add_tiles(static_cast<uint64_t>(tiles.last - tiles.first), layer);
      for (const Unit& unit : layer.units)
        if (!unit.kept) add(unit, true, kept_[unit.node]);
    }
  }

  // Rows of a unit beyond those of the tiles themselves; nothing if tiles are not whole numbers of rows, be it of the unit or of
  // what reads in the sweep.
  std::optional<int64_t> excess(const Unit& unit, uint64_t tiles) const {
    const uint64_t step = std::max<uint64_t>(1, unit.domain.step);
    if (plan_.tile_frames % step != 0) return std::nullopt;
    return static_cast<int64_t>(unit.range.count()) - static_cast<int64_t>(tiles * (plan_.tile_frames / step));
  }
  std::optional<std::vector<int64_t>> excesses(uint32_t s, TileSpan tiles) {
    segments_.set(s, tiles.first, tiles.last);
    return excesses_as_set(s, tiles);
  }
  std::optional<std::vector<int64_t>> excesses_as_set(uint32_t s, TileSpan tiles) const {
    std::vector<int64_t> all;
    const auto in_whole_rows = [&](const Unit& reader) { return plan_.tile_frames % std::max<uint64_t>(1, reader.domain.step) == 0; };
    if (!std::all_of(plan_.sweeps[s].units.begin(), plan_.sweeps[s].units.end(), in_whole_rows)) return std::nullopt;
    for (const Layer& layer : segments_.replays(s))
      for (const Unit& unit : layer.units) {
        const std::optional<int64_t> one = unit.kept ? 0 : excess(unit, static_cast<uint64_t>(tiles.last - tiles.first));
        if (!one.has_value()) return std::nullopt;
        all.push_back(*one);
      }
    return all;
  }

  bool add_middle(uint32_t s, TileSpan one, TileSpan other, uint64_t count) {
    const auto a = excesses(s, one);
    const auto b = excesses(s, other);
    if (!a.has_value() || a != b) return false;
    const auto tiles = static_cast<uint64_t>(std::max(one.last, other.last) - std::min(one.first, other.first));
    size_t at = 0;
    for (const Layer& layer : segments_.replays(s)) {
      add_tiles(tiles, layer);
      for (const Unit& unit : layer.units) {
        const auto rows = static_cast<uint64_t>(static_cast<int64_t>(tiles * (plan_.tile_frames / std::max<uint64_t>(1, unit.domain.step))) +
                                                (*a)[at++] * static_cast<int64_t>(count));
        if (unit.kept) continue;
        plan_.stages[unit.node].rows_predicted += rows;
        plan_.stages[unit.node].rows_replayed += rows;
        kept_[unit.node].sum += rows;
      }
    }
    return true;
  }

  // Of a schedule with inner checkpoints. Where nothing has a halo, every evaluation of a tile is its rows and no more, but for
  // the first, which may have rows of its own number, and for some before the recorded ones, which the end of the stream may be
  // near to: these are gone through, being the first that are replayed.
  bool count_in_whole_tiles(uint32_t s) {
    const TurnPlan& turn = plan_.turn;
    const uint64_t end = turn.tiles() - turn.schedule->tail_tiles();
    const std::optional<std::vector<int64_t>> at_start = end > 0 ? excesses_alike(s, 0, 1) : std::nullopt;
    if (!at_start.has_value()) return false;
    uint64_t plain = end;  // from there down to the second, tiles have no halo
    for (uint64_t more = 1;; more *= 2) {
      if (plain < 3 || more > 4096) return false;
      const auto last = excesses_alike(s, plain - 1, plain);
      const bool none = last.has_value() && std::all_of(last->begin(), last->end(), [](int64_t e) { return e == 0; });
      if (none && excesses_alike(s, 0, plain) == at_start) break;
      plain -= std::min(plain, more);
    }
    const Walked walked = count_legs(s, plain);
    const uint64_t tiles = turn.schedule->evaluations() - turn.tiles() - walked.tiles;
    const auto from_start = static_cast<int64_t>(turn.schedule->evaluations_of_first_tile() - 1 - walked.from_start);
    const Layer& layer = segments_.replays(s)[0];
    add_tiles(tiles, layer);
    size_t at = 0;
    for (const Unit& unit : layer.units) {
      const int64_t excess = (*at_start)[at++] * from_start;
      if (unit.kept) continue;
      const uint64_t rows = tiles * (plan_.tile_frames / std::max<uint64_t>(1, unit.domain.step)) + static_cast<uint64_t>(excess);
      plan_.stages[unit.node].rows_predicted += rows;
      plan_.stages[unit.node].rows_replayed += rows;
    }
    return true;
  }

  // Of tiles counted in the direction of the replay, if it is the same whether rows stay on the tape or not.
  std::optional<std::vector<int64_t>> excesses_alike(uint32_t s, uint64_t first, uint64_t last) {
    const TileSpan tiles = grid_tiles(plan_.turn, first, last);
    const auto kept = excesses(s, tiles);
    segments_.set_advance(s, tiles.first, tiles.last);
    return kept == excesses_as_set(s, tiles) ? kept : std::nullopt;
  }

  struct Walked {
    uint64_t tiles = 0;
    uint64_t from_start = 0;  // replays that began at the first tile
  };
  // Goes through the replays, until the sweep that looks back has come down to a tile.
  Walked count_legs(uint32_t s, uint64_t down_to) {
    const TurnPlan& turn = plan_.turn;
    Walked walked;
    Legs legs(plan_, s);
    while (const std::optional<Leg> leg = legs.next()) {
      const auto first = static_cast<uint64_t>(turn.from_last ? turn.tile_end - leg->last : leg->first - turn.first_tile);
      if (leg->what == Leg::What::Sweep && first <= down_to) break;
      if (leg->what != Leg::What::Replay) continue;
      if (leg->begins && leg->keep) segments_.set(s, leg->first, leg->last);
      if (leg->begins && !leg->keep) segments_.set_advance(s, leg->first, leg->last);
      if (leg->recorded) continue;
      const auto tiles = static_cast<uint64_t>(leg->last - leg->first);
      const Layer& layer = segments_.replays(s)[leg->depth - 1];
      walked.tiles += tiles;
      walked.from_start += first == 0 ? 1 : 0;
      add_tiles(tiles, layer);
      for (const Unit& unit : layer.units)
        if (!unit.kept) add(unit, leg->keep, kept_[unit.node]);
    }
    return walked;
  }

  void add_tiles(uint64_t tiles, const Layer& layer) {
    plan_.turn.replayed_tiles += tiles;
    plan_.turn.replayed_calls += tiles * layer.units.size();
  }

  void add(const Unit& unit, bool keep, SegmentRows& kept) {
    StagePlan& stage = plan_.stages[unit.node];
    stage.rows_predicted += unit.range.count();
    stage.rows_replayed += unit.range.count();
    if (!keep) return;
    kept.sum += unit.range.count();
    widen(kept.span, unit.range);
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
