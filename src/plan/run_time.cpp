#include "plan/run_time.hpp"

#include <algorithm>
#include <vector>

#include "core/size.hpp"
#include "plan/turn.hpp"

namespace sqs {
namespace {

constexpr double kCallNs = 120;  // of a unit, for a tile: as bench's bookkeeping/empty has it
constexpr uint64_t kCachedBytes = uint64_t{2} << 20;  // a longer buffer has left a core's caches when it is read again

}  // namespace

double told_cost(const Node& node, const Costs& costs, NodeId id) {
  if (id < costs.ns_per_row.size() && costs.ns_per_row[id] > 0) return costs.ns_per_row[id];
  return node.decl.cost_ns_per_row;
}

double cached_row_ns(const Node& node) { return 100 + 0.4 * static_cast<double>(node.row_bytes); }

bool costs_known(const Plan& plan, const Costs& costs) {
  for (NodeId id = kFramesNode + 1; id < plan.graph->size(); ++id) {
    const Node& node = plan.graph->node(id);
    if (!node.is_virtual() && plan.stages[id].rows_predicted > 0 && told_cost(node, costs, id) == 0) return false;
  }
  return true;
}

double cost_of(const Graph& graph, const Costs& costs, NodeId id) {
  const Node& node = graph.node(id);
  if (node.is_virtual()) return 0;
  if (const double told = told_cost(node, costs, id); told > 0) return told;
  double bytes = static_cast<double>(node.row_bytes);
  for (const Link& link : node.inputs)
    bytes += static_cast<double>(graph.node(link.of).row_bytes) * static_cast<double>(link.reach.context());
  return node.decl.kind == Kind::Frames ? 0.1 * bytes : 5 + 0.25 * bytes;
}

double tile_overhead_ns(const Sweep& sweep) { return kCallNs * static_cast<double>(sweep.units.size()); }

namespace {

// What a second thread takes off the first one at most: of each tile one replay, beside a tile of the sweep.
double beside_ns(const Plan& plan) {
  const auto tiles = static_cast<double>(plan.turn.tiles());
  double beside = 0;
  for (const Sweep& sweep : plan.sweeps) {
    if (sweep.replays.empty()) continue;
    double looking_back = tile_overhead_ns(sweep) * tiles, replays = 0;
    for (const Unit& unit : sweep.units)
      if (!unit.is_sink()) looking_back += plan.costs.ns_per_row[unit.node] * static_cast<double>(unit.range.count());
    for (const Layer& layer : sweep.replays)
      replays += (kCallNs * static_cast<double>(layer.units.size()) + tile_ns(plan, layer)) * tiles;
    beside += std::min(replays, looking_back);
  }
  return beside;
}

}  // namespace

double sqrt_ns(const Plan& plan) {
  double replays = kCallNs * static_cast<double>(plan.turn.replayed_calls);
  double ns = replays + disk_ns(plan);
  for (const Sweep& sweep : plan.sweeps)
    ns += tile_overhead_ns(sweep) * static_cast<double>(sweep.tile_end - sweep.first_tile);
  for (NodeId id = 0; id < plan.graph->size(); ++id) {
    const double cost = plan.costs.ns_per_row[id];
    ns += cost * static_cast<double>(plan.stages[id].rows_predicted);
    replays += cost * static_cast<double>(plan.stages[id].rows_replayed);
  }
  return plan.turn.replays_ahead ? ns - std::min(replays, beside_ns(plan)) : ns;
}

double reread_kept_ns(const Plan& plan) {
  Size reread;
  for (const Sweep& sweep : plan.sweeps)
    for (const Unit& unit : sweep.units)
      if (unit.kept && plan.buffers[unit.buffer].bytes > kCachedBytes) reread += plan.buffers[unit.buffer].bytes;
  return plan.costs.reread_ns_per_byte * static_cast<double>(reread.saturated());
}

uint64_t classic_reread_bytes(const Plan& plan) {
  std::vector<uint64_t> readers(plan.graph->size(), 0);
  for (NodeId id = 0; id < plan.graph->size(); ++id) {
    if (plan.graph->node(id).is_virtual() || plan.stages[id].rows_distinct == 0) continue;
    for (const Link& link : plan.graph->node(id).inputs) {
      NodeId of = link.of;
      while (plan.graph->node(of).is_virtual()) of = plan.graph->node(of).inputs[0].of;
      ++readers[of];
    }
  }
  Size bytes;
  for (NodeId id = 0; id < plan.graph->size(); ++id) {
    const BufferPlan& buffer = plan.buffers[id];
    if (buffer.where == BufferPlan::Where::Arena && buffer.bytes > kCachedBytes) bytes += Size(readers[id]) * buffer.bytes;
  }
  return bytes.saturated();
}

}  // namespace sqs
