#include "plan/retention.hpp"

#include <algorithm>

namespace sqs {

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
