#include "plan/sweeps.hpp"

#include <algorithm>
#include <bit>
#include <optional>

namespace sqs {
namespace {

constexpr uint32_t kNone = UINT32_MAX;
constexpr uint32_t kMostTried = 8;    // sweeps up to which every order of directions is tried
constexpr uint32_t kMostDepth = 31;
constexpr uint32_t kTape = kMostDepth + 1;

// Directions of the sweeps, and from which sweep on the rows of each stage can be read.
struct Directions {
  std::vector<bool> backward;   // by sweep
  std::vector<uint32_t> ready;  // by node; of a scan: the sweep it first runs in
};

// A sweep computes what its roots need: the sinks of its targets, its reduces, and scans whose states later sweeps start from.
class SweepBuilder {
 public:
  SweepBuilder(Plan& plan, const std::vector<bool>& known)
      : plan_(plan), graph_(*plan.graph), known_(known), stateful_(graph_.size(), false), once_sweep_(graph_.size(), kNone) {}

  void build() {
    mark_needed();
    directions_ = fewest_sweeps();
    plan_.sweeps.resize(directions_.backward.size());
    place_targets();
    find_stateful();
    place_once_stages();
    depths_.assign(plan_.sweeps.size(), std::vector<uint32_t>(graph_.size(), 0));
    saves_.assign(plan_.sweeps.size(), std::vector<bool>(graph_.size(), false));
    pending_.assign(graph_.size(), false);
    select_all();
    for (uint32_t s = 0; s < depths_.size(); ++s) build_sweep(s);
    for (uint32_t s = 1; s < depths_.size(); ++s) mark_recorded(s);
    place_globals();
  }

 private:
  bool known(NodeId id) const { return id < known_.size() && known_[id]; }
  bool to_do(NodeId id) const { return plan_.stages[id].needed && !known(id); }
  bool is_scan(NodeId id) const { return graph_.node(id).decl.kind == Kind::Scan && !graph_.node(id).global(); }
  bool is_reduce(NodeId id) const { return graph_.node(id).decl.kind == Kind::Reduce; }
  bool backward(uint32_t sweep, uint32_t depth) const { return directions_.backward[sweep] != (depth % 2 != 0); }

  void mark_needed() {
    std::vector<NodeId> open;
    for (const TargetPlan& t : plan_.targets) open.push_back(t.node);
    while (!open.empty()) {
      const NodeId id = open.back();
      open.pop_back();
      if (plan_.stages[id].needed) continue;
      plan_.stages[id].needed = true;
      if (known(id)) continue;
      for (const Link& link : graph_.node(id).inputs) open.push_back(link.of);
    }
  }

  // ---- directions

  bool looks_back() const {
    for (NodeId id = 0; id < graph_.size(); ++id)
      if (to_do(id) && graph_.node(id).decl.backward) return true;
    return false;
  }

  // Of orders of directions that do, one of the shortest; forward comes first.
  Directions fewest_sweeps() const {
    const bool mixed = looks_back();
    for (uint32_t count = 1;; ++count) {
      if (!mixed) {
        if (std::optional<Directions> found = try_order(std::vector<bool>(count, false))) return *found;
      } else if (count <= kMostTried) {
        for (uint32_t bits = 0; bits < 1u << count; ++bits) {
          std::vector<bool> order(count);
          for (uint32_t s = 0; s < count; ++s) order[s] = (bits >> s & 1) != 0;
          if (std::optional<Directions> found = try_order(order)) return *found;
        }
      } else {  // in turns, which any graph can do in the end
        for (const bool first : {false, true}) {
          std::vector<bool> order(count);
          for (uint32_t s = 0; s < count; ++s) order[s] = first != (s % 2 != 0);
          if (std::optional<Directions> found = try_order(order)) return *found;
        }
      }
    }
  }

  std::optional<Directions> try_order(const std::vector<bool>& order) const {
    Directions made{order, std::vector<uint32_t>(graph_.size(), 0)};
    const auto count = static_cast<uint32_t>(order.size());
    const auto next = [&](uint32_t s, bool wanted) {
      while (s < count && order[s] != wanted) ++s;
      return s;
    };
    for (NodeId id = 0; id < graph_.size(); ++id) {
      if (!to_do(id)) continue;
      const Node& node = graph_.node(id);
      uint32_t ready = 0;
      for (const Link& link : node.inputs) ready = std::max(ready, made.ready[link.of]);
      if (is_scan(id) || is_reduce(id)) {
        ready = next(ready, node.decl.backward);
        if (ready == count) return std::nullopt;
      }
      made.ready[id] = is_reduce(id) ? ready + 1 : ready;
    }
    for (const TargetPlan& t : plan_.targets)
      if (!graph_.node(t.node).global() && delivery(made, t) >= count) return std::nullopt;
    return made;
  }

  // The sweep that hands a target over.
  uint32_t delivery(const Directions& directions, const TargetPlan& t) const {
    uint32_t s = directions.ready[t.node];
    const auto count = static_cast<uint32_t>(directions.backward.size());
    while (s < count && directions.backward[s] && !t.any_order) ++s;
    return s;
  }

  void place_targets() {
    for (TargetPlan& t : plan_.targets) {
      const uint32_t ready = directions_.ready[t.node];
      t.sweep = !graph_.node(t.node).global() ? delivery(directions_, t) : ready == 0 ? 0 : ready - 1;
    }
  }

  // ---- what is at work in which sweep, and how deep

  // Rows of a stateful stage can't be made anywhere at will: a scan comes before them.
  void find_stateful() {
    for (NodeId id = 0; id < graph_.size(); ++id) {
      stateful_[id] = is_scan(id);
      for (const Link& link : graph_.node(id).inputs)
        stateful_[id] = stateful_[id] || (stateful_[link.of] && !graph_.node(link.of).global() && !plan_.keeps(link.of));
    }
  }

  // Where a run looks back, a stage whose rows are kept makes them in the first sweep that can do it: in no replay.
  void place_once_stages() {
    if (!looks_back()) return;
    for (NodeId id = 0; id < graph_.size(); ++id)
      if (to_do(id) && plan_.keeps(id) && !graph_.node(id).global()) once_sweep_[id] = directions_.ready[id];
  }

  bool kept(NodeId id, uint32_t s) const { return plan_.keeps(id) && once_sweep_[id] < s; }
  bool starts_reduce(NodeId id, uint32_t s) const { return is_reduce(id) && to_do(id) && directions_.ready[id] == s + 1; }

  // Later sweeps first, since they say what must be saved before them. Without looking back nothing is saved, and a stage whose
  // rows are kept makes them in the first sweep that reads it.
  void select_all() {
    const auto count = static_cast<uint32_t>(depths_.size());
    if (looks_back()) {
      for (uint32_t s = count; s-- > 0;) select(s);
      return;
    }
    for (uint32_t s = 0; s < count; ++s) {
      select(s);
      for (NodeId id = 0; id < graph_.size(); ++id)
        if (depths_[s][id] != 0 && plan_.keeps(id) && once_sweep_[id] == kNone) once_sweep_[id] = s;
    }
  }

  void select(uint32_t s) {
    std::vector<uint32_t>& mask = depths_[s];  // bit d: at work in depth d
    for (NodeId id = 0; id < graph_.size(); ++id) {
      const bool once_here = once_sweep_[id] == s;
      if (starts_reduce(id, s) || once_here || (pending_[id] && directions_.ready[id] == s)) mask[id] |= 1;
    }
    for (const TargetPlan& t : plan_.targets)
      if (t.sweep == s && !graph_.node(t.node).global()) want(mask, t.node, 0, s);
    for (NodeId id = graph_.size(); id-- > 0;) {
      if (mask[id] == 0) continue;
      const Node& node = graph_.node(id);
      if (node.global() && !starts_reduce(id, s)) mask[id] = 0;
      if (stateful_[id] && !node.is_virtual() && mask[id] != 0) mask[id] = std::bit_floor(mask[id]);
      if (kept(id, s)) continue;
      for (uint32_t d = 0; d <= kMostDepth; ++d)
        if ((mask[id] >> d & 1) != 0)
          for (const Link& link : node.inputs)
            if (!graph_.node(link.of).global()) want(mask, link.of, d, s);
    }
    for (NodeId id = 0; id < graph_.size(); ++id) {
      if (!is_scan(id) || mask[id] == 0 || kept(id, s)) continue;
      if (mask[id] > 1) pending_[id] = true;
      if (mask[id] == 1 && pending_[id]) {
        saves_[s][id] = true;
        pending_[id] = false;
      }
    }
  }

  // A reader in depth d wants the rows of `id`.
  void want(std::vector<uint32_t>& mask, NodeId id, uint32_t d, uint32_t s) const {
    const bool against = is_scan(id) && !kept(id, s) && graph_.node(id).decl.backward != backward(s, d);
    mask[id] |= 1u << std::min(kMostDepth, d + (against ? 1 : 0));
  }

  // ---- units

  void build_sweep(uint32_t s) {
    Sweep& sweep = plan_.sweeps[s];
    const std::vector<uint32_t>& mask = depths_[s];
    uint32_t deepest = 0;
    for (NodeId id = 0; id < graph_.size(); ++id)
      if (mask[id] != 0 && !graph_.node(id).is_virtual()) deepest = std::max(deepest, static_cast<uint32_t>(std::bit_width(mask[id])) - 1);
    sweep.replays.resize(deepest);
    for (uint32_t d = 0; d <= deepest; ++d) {
      Layer& layer = sweep.layer(d);
      layer.backward = backward(s, d);
      for (NodeId id = 0; id < graph_.size(); ++id) {
        if ((mask[id] >> d & 1) != 0 && !graph_.node(id).is_virtual()) add_stage_unit(layer, id, s, d);
        for (uint32_t t = 0; d == 0 && t < plan_.targets.size(); ++t)
          if (plan_.targets[t].node == id && plan_.targets[t].sweep == s && !graph_.node(id).global()) add_sink_unit(layer, t);
      }
    }
    for (NodeId id = 0; id < graph_.size(); ++id)
      if (starts_reduce(id, s)) sweep.reduces.push_back(id);
    connect(sweep);
  }

  uint32_t add_path(const Link& link, const Rows& domain) {
    plan_.paths.push_back(resolve(graph_, plan_.rows, link, domain));
    return static_cast<uint32_t>(plan_.paths.size() - 1);
  }

  void add_stage_unit(Layer& layer, NodeId id, uint32_t s, uint32_t depth) {
    const Node& node = graph_.node(id);
    Unit unit;
    unit.node = id;
    unit.backward = layer.backward;
    unit.domain = plan_.rows[id].domain;
    unit.kept = kept(id, s);
    unit.saves = depth == 0 && saves_[s][id];
    unit.buffer = id;
    if (!unit.kept)
      for (const Link& link : node.inputs) unit.paths.push_back(add_path(link, unit.domain));
    layer.units.push_back(std::move(unit));
  }

  uint32_t replay_buffer(NodeId id, uint32_t depth) {
    auto& all = plan_.replay_buffers;
    const std::pair<NodeId, uint32_t> key{id, depth};
    const auto found = std::find(all.begin(), all.end(), key);
    const auto index = static_cast<uint32_t>(found - all.begin());
    if (found == all.end()) all.push_back(key);
    return graph_.size() + index;
  }

  void add_sink_unit(Layer& layer, uint32_t target) {
    Unit unit;
    unit.node = plan_.targets[target].node;
    unit.target = target;
    unit.backward = layer.backward;
    unit.domain = plan_.rows[unit.node].out;
    unit.paths.push_back(add_path(Link{unit.node, Reach{}, false}, unit.domain));
    layer.units.push_back(std::move(unit));
  }

  // A reader finds rows in its own layer, or in one below.
  void connect(Sweep& sweep) {
    for (uint32_t d = 0; d <= sweep.replays.size(); ++d) {
      Layer& layer = sweep.layer(d);
      for (uint32_t u = 0; u < layer.units.size(); ++u)
        for (const uint32_t p : layer.units[u].paths) {
          const Path& path = plan_.paths[p];
          layer.units[u].feeds.push_back(path.global ? Feed{} : provider(sweep, path.real, d));
          if (path.global) continue;
          const Feed& feed = layer.units[u].feeds.back();
          Unit& made_by = sweep.layer(feed.depth).units[feed.unit];
          (feed.depth == d ? made_by.readers : made_by.outside).push_back({u, p, d});
        }
    }
    place_rows(sweep);
  }

  // A tape is a buffer by itself: another sweep may use the same stage, as deep, without one.
  void place_rows(Sweep& sweep) {
    for (uint32_t d = 1; d <= sweep.replays.size(); ++d)
      for (Unit& unit : sweep.layer(d).units)
        if (!unit.kept) unit.buffer = replay_buffer(unit.node, unit.is_tape() ? kTape : d);
    for (uint32_t d = 0; d <= sweep.replays.size(); ++d)
      for (Unit& unit : sweep.layer(d).units)
        for (size_t i = 0; i < unit.paths.size(); ++i) {
          const Path& path = plan_.paths[unit.paths[i]];
          Feed& feed = unit.feeds[i];
          feed.buffer = path.global ? path.real : sweep.layer(feed.depth).units[feed.unit].buffer;
        }
  }

  static Feed provider(const Sweep& sweep, NodeId id, uint32_t depth) {
    for (uint32_t d = depth; d <= sweep.replays.size(); ++d) {
      const std::vector<Unit>& units = sweep.layer(d).units;
      for (uint32_t u = 0; u < units.size(); ++u)
        if (!units[u].is_sink() && units[u].node == id) return {d, u, 0};
    }
    return {};
  }

  // A sweep begins where the one before it, which ran the other way, has ended: that one keeps the rows of its last tiles, if it
  // makes all that are read.
  void mark_recorded(uint32_t s) {
    Sweep& sweep = plan_.sweeps[s];
    if (sweep.replays.empty()) return;
    uint32_t from = s;  // sweeps before the last one that looks back don't count: it needs the tape for itself
    while (from > 0 && (from == s || plan_.sweeps[from].replays.empty())) --from;
    std::vector<Unit*> recorders;
    for (const Unit& tape : sweep.replays[0].units) {
      if (!tape.is_tape() || tape.kept) continue;
      Unit* made_by = nullptr;
      for (uint32_t p = from; p < s; ++p)
        for (Unit& unit : plan_.sweeps[p].units)
          if (!unit.is_sink() && !unit.kept && unit.node == tape.node && unit.backward != sweep.backward) made_by = &unit;
      if (made_by == nullptr) return;
      recorders.push_back(made_by);
    }
    for (Unit* unit : recorders) unit->records = true;
    sweep.recorded = true;
  }

  // A map of whole-stream rows alone runs between sweeps, as soon as the last of them is there.
  void place_globals() {
    plan_.global_paths.resize(graph_.size());
    for (NodeId id = 0; id < graph_.size(); ++id) {
      const Node& node = graph_.node(id);
      if (!to_do(id) || is_reduce(id) || !node.global()) continue;
      for (const Link& link : node.inputs) plan_.global_paths[id].push_back(add_path(link, plan_.rows[id].domain));
      globals_before(id).push_back(id);
    }
  }

  // Those ready only after the last sweep are kept in one more, empty sweep's list.
  std::vector<NodeId>& globals_before(NodeId id) {
    uint32_t s = 0;
    for (const Link& link : graph_.node(id).inputs) s = std::max(s, directions_.ready[link.of]);
    if (s >= plan_.sweeps.size()) plan_.sweeps.resize(s + 1);
    return plan_.sweeps[s].globals;
  }

  Plan& plan_;
  const Graph& graph_;
  const std::vector<bool>& known_;
  Directions directions_;
  std::vector<bool> stateful_;                 // by node
  std::vector<uint32_t> once_sweep_;           // of stages whose rows are kept: where they are evaluated
  std::vector<std::vector<uint32_t>> depths_;  // by sweep and node: in which layers it is at work
  std::vector<std::vector<bool>> saves_;       // by sweep and node
  std::vector<bool> pending_;                  // by node: a later sweep starts from states that are still to be saved
};

}  // namespace

void lay_out_sweeps(Plan& plan, const std::vector<bool>& known) { SweepBuilder(plan, known).build(); }

}  // namespace sqs
