#include "plan/retention.hpp"

#include <algorithm>
#include <utility>

#include "core/size.hpp"

namespace sqs {
namespace {

// In several sweeps, each of which needs the rows in the same way: the first sweep, or one of them, could keep them for the others.
// Where sweeps only look back on each other, as deep as they are many, that is for the schedule to decide.
bool read_again(const Plan& plan, NodeId id) {
  std::vector<bool> at_depth;
  for (const Sweep& sweep : plan.sweeps)
    for (uint32_t d = 0; d <= sweep.replays.size(); ++d)
      for (const Unit& unit : sweep.layer(d).units) {
        if (unit.is_sink() || unit.kept || unit.node != id || (d == 0 && unit.range.count() == 0)) continue;
        if (at_depth.size() <= d) at_depth.resize(d + 1);
        if (at_depth[d]) return true;
        at_depth[d] = true;
      }
  return false;
}

constexpr size_t kMostCandidates = 8;  // each takes two plans to try

// What a stage's rows spare per byte at most: themselves, and all that they alone are made from.
double most_ns_per_byte(const Plan& plan, NodeId id) {
  const std::vector<bool> made = plan.graph->ancestors({id});
  double ns = 0;
  for (NodeId from = 0; from < made.size(); ++from)
    if (made[from] && plan.stages[from].sweeps > 1)
      ns += plan.costs.ns_per_row[from] * static_cast<double>(plan.stages[from].rows_spanned);
  const Size bytes = Size(plan.graph->node(id).row_bytes) * plan.stages[id].rows_spanned;
  return ns / static_cast<double>(std::max<uint64_t>(1, bytes.saturated()));
}

}  // namespace

std::vector<NodeId> worth_keeping(const Plan& plan) {
  std::vector<NodeId> nodes;
  for (NodeId id = 0; id < plan.graph->size(); ++id) {
    const Node& node = plan.graph->node(id);
    const bool borrowed = id == kFramesNode && plan.input.in_memory;
    if (plan.stages[id].sweeps < 2 || node.decl.kind == Kind::Reduce || node.global() || borrowed) continue;
    if (read_again(plan, id)) nodes.push_back(id);
  }
  if (nodes.size() <= kMostCandidates) return nodes;
  std::vector<std::pair<double, NodeId>> ranked;
  for (const NodeId id : nodes) ranked.emplace_back(-most_ns_per_byte(plan, id), id);
  std::sort(ranked.begin(), ranked.end());
  nodes.clear();
  for (size_t i = 0; i < kMostCandidates; ++i) nodes.push_back(ranked[i].second);
  return nodes;
}

Retention choose_retained(size_t nodes, const std::vector<NodeId>& candidates, uint64_t budget_bytes,
                          const std::function<Outlay(const std::vector<bool>&)>& outlay) {
  struct Candidate {
    NodeId node;
    double ns_per_byte;
  };
  Retention chosen;
  if (candidates.empty()) return chosen;
  std::vector<bool> retained(nodes, false);
  Outlay now = outlay(retained);
  std::vector<Candidate> worth;
  for (const NodeId id : candidates) {
    retained[id] = true;
    const Outlay with = outlay(retained);
    retained[id] = false;
    if (with.ns < now.ns) worth.push_back({id, (now.ns - with.ns) / static_cast<double>(with.kept_bytes + 1)});
  }
  std::stable_sort(worth.begin(), worth.end(), [](const Candidate& a, const Candidate& b) { return a.ns_per_byte > b.ns_per_byte; });
  for (const Candidate& candidate : worth) {
    retained[candidate.node] = true;
    const Outlay with = outlay(retained);
    const bool spares = with.ns < now.ns;
    if (spares && with.run_bytes <= budget_bytes) {
      now = with;
      chosen.retained = retained;
      continue;
    }
    retained[candidate.node] = false;
    if (spares && (chosen.next_budget_bytes == 0 || with.run_bytes < chosen.next_budget_bytes)) chosen.next_budget_bytes = with.run_bytes;
  }
  return chosen;
}

}  // namespace sqs
