#include "plan/chains.hpp"

#include <algorithm>

#include "plan/ranges.hpp"

namespace sqs {
namespace {

Order order_of(const Plan& plan, const Unit& unit) {
  if (unit.is_sink()) return Order::Caller;
  const StageDecl& decl = plan.graph->node(unit.node).decl;
  const Threading threading = unit.node == kFramesNode ? plan.input.threading : decl.threading;
  if (unit.kept || threading == Threading::Caller) return Order::Caller;
  const bool free = decl.kind == Kind::Map || decl.kind == Kind::Frames;
  return free && threading == Threading::Concurrent ? Order::Free : Order::Tiles;
}

// Whether, wherever a tile begins, the first row that is still to be made is the first that readers still need.
bool begins_with_tile(const Plan& plan, const Sweep& sweep, const Unit& unit) {
  const int64_t first = unit.z + slack_of(unit, plan.tile_frames).high;
  return std::all_of(unit.readers.begin(), unit.readers.end(), [&](const Reader& reader) {
    const Unit& r = sweep.units[reader.unit];
    const Path& path = plan.paths[reader.path];
    return r.z + slack_of(r, plan.tile_frames).low - path.delta - path.back * static_cast<int64_t>(unit.domain.step) >= first;
  });
}

}  // namespace

// A unit's level counts the units in order between it and the source. Those free of order on one level make one chain; no chain
// can then come to wait for itself, since units in order read their own level and below, and are read from above.
std::vector<UnitChain> chains_of(const std::vector<Unit>& units) {
  constexpr uint32_t kNone = UINT32_MAX;
  std::vector<std::vector<uint32_t>> inputs(units.size());
  for (uint32_t u = 0; u < units.size(); ++u)
    for (const Reader& reader : units[u].readers) inputs[reader.unit].push_back(u);
  std::vector<uint32_t> level(units.size(), 0), chain_of(units.size()), free_chain(units.size() + 1, kNone);
  std::vector<UnitChain> chains;
  for (uint32_t u = 0; u < units.size(); ++u) {
    for (const uint32_t input : inputs[u])
      level[u] = std::max(level[u], level[input] + (units[input].order == Order::Free ? 0 : 1));
    uint32_t& shared = free_chain[level[u]];
    const bool free = units[u].order == Order::Free;
    if (free && shared != kNone) {
      chain_of[u] = shared;
    } else {
      chain_of[u] = static_cast<uint32_t>(chains.size());
      if (free) shared = chain_of[u];
      chains.emplace_back().order = units[u].order;
    }
    UnitChain& chain = chains[chain_of[u]];
    chain.units.push_back(u);
    for (const uint32_t input : inputs[u]) {
      const uint32_t other = chain_of[input];
      if (other != chain_of[u] && std::find(chain.inputs.begin(), chain.inputs.end(), other) == chain.inputs.end())
        chain.inputs.push_back(other);
    }
  }
  return chains;
}

void set_chains(Plan& plan) {
  for (Sweep& sweep : plan.sweeps) {
    for (uint32_t d = 0; d <= sweep.replays.size(); ++d)
      for (Unit& unit : sweep.layer(d).units) unit.order = order_of(plan, unit);
    sweep.chains = chains_of(sweep.units);
  }
}

bool can_replay_ahead(const Plan& plan) {
  if (plan.turn.kind == TurnPlan::Kind::None) return false;
  const auto can_replay = [](const Sweep& sweep, const Unit& unit) {
    const auto is_above = [&](const Unit& above) { return !above.is_sink() && !above.kept && above.node == unit.node; };
    return unit.kept || unit.order == Order::Free ||
           (unit.order == Order::Tiles && std::none_of(sweep.units.begin(), sweep.units.end(), is_above));
  };
  for (const Sweep& sweep : plan.sweeps)
    for (const Layer& layer : sweep.replays)
      for (const Unit& unit : layer.units)
        if (!can_replay(sweep, unit)) return false;
  return true;
}

void set_own_rows(Plan& plan, bool wanted) {
  for (Sweep& sweep : plan.sweeps)
    for (const UnitChain& chain : sweep.chains) {
      const auto in_chain = [&](const Reader& reader) {
        return std::binary_search(chain.units.begin(), chain.units.end(), reader.unit);
      };
      for (const uint32_t u : chain.units) {
        Unit& unit = sweep.units[u];
        unit.own = wanted && chain.order == Order::Free && !plan.keeps(unit.node) &&
                   std::all_of(unit.readers.begin(), unit.readers.end(), in_chain) &&
                   (unit.node == kFramesNode || begins_with_tile(plan, sweep, unit));
      }
    }
}

bool shares_rows(const Plan& plan) {
  for (const Sweep& sweep : plan.sweeps)
    for (const Unit& unit : sweep.units) {
      if (unit.is_sink() || unit.kept || plan.buffers[unit.buffer].where != BufferPlan::Where::Arena) continue;
      if (plan.buffers[unit.buffer].row_capacity > 0 && !plan.has_own_rows(unit) && unit.range.count() > 0) return true;
    }
  return false;
}

}  // namespace sqs
