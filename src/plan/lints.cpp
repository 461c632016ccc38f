#include "plan/lints.hpp"

#include <algorithm>
#include <limits>

#include "core/words.hpp"

namespace sqs {
namespace {

// Each stage gets each advice once, however many sweeps it is in.
class Lints {
 public:
  explicit Lints(const Plan& plan)
      : plan_(plan), reaches_far_(plan.graph->size()), waits_(plan.graph->size()), stays_(plan.graph->size()) {}

  std::vector<std::string> find() {
    for (size_t s = 0; s < plan_.sweeps.size(); ++s)
      for (uint32_t d = 0; d <= plan_.sweeps[s].replays.size(); ++d) {
        const Layer& layer = plan_.sweeps[s].layer(d);
        for (const Unit& unit : layer.units) {
          if (unit.is_sink()) continue;
          if (unit.kept) {
            look_at_kept(unit, s);
            continue;
          }
          look_at_halos(unit);
          look_at_readers(layer, unit);
        }
      }
    look_at_states();
    return std::move(lints_);
  }

 private:
  std::string name(const Unit& unit) const { return "'" + plan_.graph->node(unit.node).name() + "'"; }
  bool first_time(std::vector<bool>& told, const Unit& unit) const {
    const bool told_before = told[unit.node];
    told[unit.node] = true;
    return !told_before;
  }

  // A reach of more than a tile over rows that windows share. Where they slide through memory, it is the reach that takes the
  // memory; where all are there, as in classic mode, they are still read again and again.
  void look_at_halos(const Unit& unit) {
    for (size_t i = 0; i < unit.paths.size(); ++i) {
      const Path& path = plan_.paths[unit.paths[i]];
      const auto halo = static_cast<uint64_t>(path.high - path.low) * plan_.rows[path.real].out.step;
      if (path.global || halo < plan_.tile_frames || halo < 2 * unit.domain.step || !first_time(reaches_far_, unit)) continue;
      const bool slides = plan_.mode == SQS_SQRT && plan_.buffers[unit.feeds[i].buffer].where != BufferPlan::Where::Source;
      lints_.push_back("stage " + name(unit) + " reads " + count_in_words(halo) + " frames beside each row of '" +
                       plan_.graph->node(path.real).name() + "', and a tile has " + count_in_words(plan_.tile_frames) +
                       (slides ? ": what is kept for that is larger than the tile"
                               : ": each of them is read by " + count_in_words(halo / unit.domain.step + 1) +
                                     " rows") +
                       "; a summary per hop and a combine over the summaries, or a scan, would " +
                       (slides ? "keep less" : "read it once"));
    }
  }

  // The frames beyond its tile, in the direction of the sweep, up to which and from which a reader needs rows.
  struct Reach {
    int64_t from = std::numeric_limits<int64_t>::max();
    int64_t to = std::numeric_limits<int64_t>::min();
  };
  Reach reach_of(const Unit& unit, const Unit& reader, const Path& path) const {
    const auto step = static_cast<int64_t>(unit.domain.step);
    const int64_t ahead = unit.backward ? path.back : path.ahead, back = unit.backward ? path.ahead : path.back;
    const int64_t at = reader.z - (unit.backward ? -path.delta : path.delta);
    return {at - back * step, at + ahead * step};
  }

  // Rows wait for the last of their readers: what that takes beyond the widest reach of one of them.
  void look_at_readers(const Layer& layer, const Unit& unit) {
    if (plan_.mode == SQS_CLASSIC || unit.readers.size() < 2) return;
    Reach all;
    int64_t widest = 0;
    const Unit *first = nullptr, *last = nullptr;
    for (const Reader& each : unit.readers) {
      const Unit& reader = layer.units[each.unit];
      const Reach reach = reach_of(unit, reader, plan_.paths[each.path]);
      widest = std::max(widest, reach.to - reach.from);
      if (reach.to > all.to) first = &reader;
      if (reach.from < all.from) last = &reader;
      all = {std::min(all.from, reach.from), std::max(all.to, reach.to)};
    }
    const int64_t apart = all.to - all.from - widest;
    if (apart <= static_cast<int64_t>(plan_.tile_frames) || !first_time(waits_, unit)) return;
    const auto reader_name = [&](const Unit& reader) { return reader.is_sink() ? "the target" : name(reader); };
    lints_.push_back("stage " + name(unit) + " is read by " + reader_name(*first) + " " +
                     count_in_words(static_cast<uint64_t>(apart)) + " frames before " + reader_name(*last) +
                     " comes to the same rows, and a tile has " + count_in_words(plan_.tile_frames) +
                     ": they are held meanwhile; a second stage like it for the later reader would make them again instead");
  }

  // All inputs can be read again; a stage that must run once can't, and so has all of its rows kept.
  void look_at_kept(const Unit& unit, size_t sweep) {
    const bool once = plan_.graph->node(unit.node).decl.once;  // else it was worth it
    const bool longer_than_a_tile = unit.range.count() > plan_.tile_frames / std::max<uint64_t>(1, unit.domain.step);
    if (plan_.mode == SQS_CLASSIC || !once || !longer_than_a_tile || !first_time(stays_, unit)) return;
    lints_.push_back("stage " + name(unit) + " must not run twice and is read again in sweep " + std::to_string(sweep + 1) +
                     ": all of its rows are kept for that (" + bytes_in_words(plan_.buffers[unit.buffer].bytes) +
                     "), more with a longer stream; if it is pure, declare it so");
  }

  void look_at_states() {
    const TurnPlan& turn = plan_.turn;
    if (turn.kind == TurnPlan::Kind::None || turn.state_bytes <= turn.tile_bytes || turn.tile_bytes == 0) return;
    lints_.push_back("a checkpoint takes " + bytes_in_words(turn.state_bytes) + ", more than the rows of a tile (" +
                     bytes_in_words(turn.tile_bytes) +
                     ") that it spares: smaller states, or larger tiles, would make looking back cheaper");
  }

  const Plan& plan_;
  std::vector<bool> reaches_far_, waits_, stays_;  // by node: whether that has been told
  std::vector<std::string> lints_;
};

}  // namespace

std::vector<std::string> find_lints(const Plan& plan) { return Lints(plan).find(); }

}  // namespace sqs
