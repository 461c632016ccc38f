#include "plan/sweeps.hpp"

#include <algorithm>
#include <limits>

#include "core/wide.hpp"

namespace sqs {
namespace {

// What a sweep computes is what its roots need: the sinks of its targets and its reduces.
class SweepBuilder {
 public:
  SweepBuilder(Plan& plan, const std::vector<bool>& known)
      : plan_(plan), graph_(*plan.graph), known_(known), ready_(graph_.size(), 0), first_sweep_(graph_.size(), kNone) {}

  void build() {
    mark_needed();
    find_levels();
    const uint32_t count = sweep_count();
    plan_.sweeps.resize(count);
    for (uint32_t s = 0; s < count; ++s) build_sweep(s);
    place_globals();
  }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;

  bool known(NodeId id) const { return id < known_.size() && known_[id]; }

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

  // ready_[id]: the first sweep in which a reader of `id` can work.
  void find_levels() {
    for (NodeId id = 0; id < graph_.size(); ++id) {
      const Node& node = graph_.node(id);
      if (!plan_.stages[id].needed || known(id)) continue;
      uint32_t level = 0;
      for (const Link& link : node.inputs) level = std::max(level, ready_[link.of]);
      ready_[id] = node.decl.kind == Kind::Reduce ? level + 1 : level;
    }
  }

  uint32_t sweep_count() const {
    uint32_t count = 1;
    for (const TargetPlan& t : plan_.targets) count = std::max(count, ready_[t.node] + (graph_.node(t.node).global() ? 0 : 1));
    for (NodeId id = 0; id < graph_.size(); ++id)
      if (plan_.stages[id].needed && !known(id) && graph_.node(id).decl.kind == Kind::Reduce)
        count = std::max(count, ready_[id]);
    return count;
  }

  void build_sweep(uint32_t s) {
    Sweep& sweep = plan_.sweeps[s];
    std::vector<bool> active(graph_.size(), false);
    for (NodeId id = 0; id < graph_.size(); ++id) {
      const bool reduce = graph_.node(id).decl.kind == Kind::Reduce && plan_.stages[id].needed && !known(id);
      if (!reduce || ready_[id] != s + 1) continue;
      activate(id, s, active);
      sweep.reduces.push_back(id);
    }
    for (TargetPlan& t : plan_.targets) {
      if (graph_.node(t.node).global()) {
        t.sweep = ready_[t.node] == 0 ? 0 : ready_[t.node] - 1;
        continue;
      }
      t.sweep = ready_[t.node];
      if (t.sweep == s) activate(t.node, s, active);
    }
    for (NodeId id = 0; id < graph_.size(); ++id) {
      if (active[id] && !graph_.node(id).is_virtual()) add_stage_unit(sweep, id, s);
      for (uint32_t t = 0; t < plan_.targets.size(); ++t)
        if (plan_.targets[t].node == id && plan_.targets[t].sweep == s && !graph_.node(id).global()) add_sink_unit(sweep, t);
    }
    connect(sweep);
  }

  void activate(NodeId id, uint32_t s, std::vector<bool>& active) {
    const Node& node = graph_.node(id);
    if (active[id] || (node.global() && node.decl.kind != Kind::Reduce)) return;
    if (node.global() && ready_[id] != s + 1) return;
    active[id] = true;
    if (node.decl.once && first_sweep_[id] != kNone) return;
    if (first_sweep_[id] == kNone) first_sweep_[id] = s;
    for (const Link& link : node.inputs)
      if (!graph_.node(link.of).global()) activate(link.of, s, active);
  }

  uint32_t add_path(const Link& link, const Rows& domain) {
    plan_.paths.push_back(resolve(graph_, plan_.rows, link, domain));
    return static_cast<uint32_t>(plan_.paths.size() - 1);
  }

  void add_stage_unit(Sweep& sweep, NodeId id, uint32_t s) {
    const Node& node = graph_.node(id);
    Unit unit;
    unit.node = id;
    unit.domain = plan_.rows[id].domain;
    unit.kept = node.decl.once && first_sweep_[id] < s;
    if (!unit.kept)
      for (const Link& link : node.inputs) unit.paths.push_back(add_path(link, unit.domain));
    sweep.units.push_back(std::move(unit));
  }

  void add_sink_unit(Sweep& sweep, uint32_t target) {
    Unit unit;
    unit.node = plan_.targets[target].node;
    unit.target = target;
    unit.domain = plan_.rows[unit.node].out;
    unit.paths.push_back(add_path(Link{unit.node, Reach{}, false}, unit.domain));
    sweep.units.push_back(std::move(unit));
  }

  void connect(Sweep& sweep) {
    std::vector<uint32_t> unit_of(graph_.size(), kNoUnit);
    for (uint32_t u = 0; u < sweep.units.size(); ++u)
      if (!sweep.units[u].is_sink()) unit_of[sweep.units[u].node] = u;
    for (uint32_t u = 0; u < sweep.units.size(); ++u)
      for (const uint32_t p : sweep.units[u].paths)
        if (!plan_.paths[p].global) sweep.units[unit_of[plan_.paths[p].real]].readers.push_back({u, p});
  }

  // A map of whole-stream rows alone runs between sweeps, as soon as the last of them is there.
  void place_globals() {
    plan_.global_paths.resize(graph_.size());
    for (NodeId id = 0; id < graph_.size(); ++id) {
      const Node& node = graph_.node(id);
      const StagePlan& stage = plan_.stages[id];
      if (!stage.needed || known(id) || node.decl.kind == Kind::Reduce || !node.global()) continue;
      for (const Link& link : node.inputs) plan_.global_paths[id].push_back(add_path(link, plan_.rows[id].domain));
      globals_before(id).push_back(id);
    }
  }

  // Those ready only after the last sweep are kept in one more, empty sweep's list.
  std::vector<NodeId>& globals_before(NodeId id) {
    uint32_t s = 0;
    for (const Link& link : graph_.node(id).inputs) s = std::max(s, ready_[link.of]);
    if (s >= plan_.sweeps.size()) plan_.sweeps.resize(s + 1);
    return plan_.sweeps[s].globals;
  }

  Plan& plan_;
  const Graph& graph_;
  const std::vector<bool>& known_;
  std::vector<uint32_t> ready_;
  std::vector<uint32_t> first_sweep_;  // of `once` stages: where they are evaluated
};

void widen(Range& range, Range by) {
  if (by.count() == 0) return;
  range = range.count() == 0 ? by : Range{std::min(range.first, by.first), std::max(range.last, by.last)};
}

// Rows of the real stage behind `path` that reader rows `range` touch.
Range touched(const Path& path, Range range, uint64_t n) {
  if (range.count() == 0 || n == 0) return {};
  const Wide first = static_cast<Wide>(range.first) * static_cast<Wide>(path.stride) + path.base - path.back;
  const Wide last = static_cast<Wide>(range.last - 1) * static_cast<Wide>(path.stride) + path.base + path.ahead;
  const Wide low = std::clamp<Wide>(first, 0, n);
  const Wide high = std::clamp<Wide>(last + 1, 0, n);
  return {static_cast<uint64_t>(low), static_cast<uint64_t>(std::max(low, high))};
}

// frames by which row positions may overshoot a multiple of the tile span: exact where the step divides it.
struct Slack {
  int64_t low = 0;
  int64_t high = 0;
};

Slack slack_of(const Unit& unit, uint64_t tile_frames) {
  const auto step = static_cast<int64_t>(unit.domain.step);
  if (step <= 1) return {};
  if (tile_frames % unit.domain.step != 0) return {0, step - 1};
  const int64_t over = (((unit.domain.origin - unit.z) % step) + step) % step;
  return {over, over};
}

}  // namespace

uint64_t Unit::end_row_at(int64_t frame) const {
  const int64_t position = frame + z - domain.origin;
  if (position <= 0) return range.first;
  const uint64_t step = domain.step == 0 ? 1 : domain.step;
  const uint64_t end = (static_cast<uint64_t>(position) + step - 1) / step;
  return std::clamp(end, range.first, std::max(range.first, range.last));
}

void lay_out_sweeps(Plan& plan, const std::vector<bool>& known) { SweepBuilder(plan, known).build(); }

void set_ranges(Plan& plan, const ScanStart& scan_start) {
  std::vector<Range> kept_needs(plan.graph->size());
  for (size_t s = plan.sweeps.size(); s-- > 0;) {
    Sweep& sweep = plan.sweeps[s];
    for (Unit& unit : sweep.units) unit.range = {};
    for (size_t u = sweep.units.size(); u-- > 0;) {
      Unit& unit = sweep.units[u];
      const Node& node = plan.graph->node(unit.node);
      if (unit.is_sink()) {
        unit.range = plan.targets[unit.target].rows;
      } else if (node.decl.kind == Kind::Reduce) {
        unit.range = {0, unit.domain.count};
      }
      if (!unit.is_sink() && node.decl.once) {
        if (unit.kept) {
          widen(kept_needs[unit.node], unit.range);
          continue;
        }
        widen(unit.range, kept_needs[unit.node]);
      }
      if (!unit.is_sink() && node.decl.kind == Kind::Scan && unit.range.count() > 0)
        unit.range.first = node.decl.once ? 0 : scan_start(unit.node, unit.range.first);
      for (const uint32_t p : unit.paths) {
        const Path& path = plan.paths[p];
        if (path.global) continue;
        for (Unit& input : sweep.units)
          if (!input.is_sink() && input.node == path.real)
            widen(input.range, touched(path, unit.range, plan.rows[path.real].out.count));
      }
    }
  }
}

void set_leads(Plan& plan, uint64_t tile_frames) {
  plan.tile_frames = tile_frames;
  plan.tiles = 0;
  const auto span = static_cast<int64_t>(tile_frames);
  for (Sweep& sweep : plan.sweeps) {
    sweep.first_tile = std::numeric_limits<int64_t>::max();
    sweep.tile_end = std::numeric_limits<int64_t>::min();
    for (size_t u = sweep.units.size(); u-- > 0;) {
      Unit& unit = sweep.units[u];
      unit.z = 0;
      if (!unit.readers.empty()) unit.z = std::numeric_limits<int64_t>::min();
      const auto step = static_cast<int64_t>(unit.domain.step);
      for (const Reader& reader : unit.readers) {
        const Unit& r = sweep.units[reader.unit];
        const Path& path = plan.paths[reader.path];
        const int64_t reader_step = static_cast<int64_t>(r.domain.step);
        const int64_t lead = r.z + slack_of(r, tile_frames).high - reader_step - path.delta + path.ahead * step + 1;
        unit.z = std::max(unit.z, lead);
      }
      if (unit.range.count() == 0 || unit.kept) continue;
      const auto place = [&](uint64_t row) {
        return floor_div(static_cast<Wide>(row) * step + unit.domain.origin - unit.z, span);
      };
      sweep.first_tile = std::min(sweep.first_tile, static_cast<int64_t>(place(unit.range.first)));
      sweep.tile_end = std::max(sweep.tile_end, static_cast<int64_t>(place(unit.range.last - 1)) + 1);
    }
    if (sweep.first_tile > sweep.tile_end) sweep.first_tile = sweep.tile_end = 0;
    plan.tiles += static_cast<uint64_t>(sweep.tile_end - sweep.first_tile);
  }
}

uint64_t row_capacity(const Plan& plan, const Sweep& sweep, const Unit& unit, uint64_t tile_frames, uint64_t batch) {
  if (unit.range.count() == 0) return 0;
  const auto step = static_cast<Wide>(std::max<uint64_t>(1, unit.domain.step));
  const Slack own = slack_of(unit, tile_frames);
  // The oldest frame position still needed when a batch begins, relative to the batch's start.
  Wide oldest = static_cast<Wide>(unit.z) + own.low;
  for (const Reader& reader : unit.readers) {
    const Unit& r = sweep.units[reader.unit];
    const Path& path = plan.paths[reader.path];
    oldest = std::min(oldest, static_cast<Wide>(r.z) + slack_of(r, tile_frames).low - path.delta - path.back * step);
  }
  const Wide newest = static_cast<Wide>(tile_frames) * static_cast<Wide>(batch) + unit.z + own.high;
  const Wide rows = std::min<Wide>((newest - oldest) / step, static_cast<Wide>(unit.range.count()));
  return static_cast<uint64_t>(std::max<Wide>(1, rows));
}

void count_rows(Plan& plan) {
  for (StagePlan& stage : plan.stages) stage.rows_predicted = stage.rows_distinct = stage.sweeps = 0;
  std::vector<Range> hull(plan.stages.size());
  for (const Sweep& sweep : plan.sweeps) {
    for (const Unit& unit : sweep.units) {
      if (unit.is_sink() || unit.kept || unit.range.count() == 0) continue;
      plan.stages[unit.node].rows_predicted += unit.range.count();
      plan.stages[unit.node].sweeps += 1;
      widen(hull[unit.node], unit.range);
    }
    for (const NodeId id : sweep.globals) {
      plan.stages[id].rows_predicted = 1;
      plan.stages[id].sweeps = 1;
      hull[id] = {0, 1};
    }
  }
  plan.rows_predicted = 0;
  for (NodeId id = 0; id < plan.stages.size(); ++id) {
    plan.stages[id].rows_distinct = hull[id].count();
    if (id != kFramesNode) plan.rows_predicted += plan.stages[id].rows_predicted;
  }
}

}  // namespace sqs
