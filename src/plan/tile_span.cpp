#include "plan/tile_span.hpp"

#include <algorithm>
#include <numeric>

#include "core/wide.hpp"

namespace sqs {
namespace {

constexpr uint64_t kTileBytes = 512 * 1024;
constexpr uint64_t kLargestTileBytes = 1024 * 1024;
constexpr double kTileNs = 100'000;
constexpr uint64_t kLargestTileFrames = uint64_t{1} << 40;

}  // namespace

uint64_t unit_frames(const Plan& plan) {
  uint64_t unit = 1;
  uint64_t largest = 1;
  for (const Sweep& sweep : plan.sweeps)
    for (const Unit& u : sweep.units) {  // replays have no other stages
      if (u.domain.step <= 1) continue;
      largest = std::max(largest, u.domain.step);
      const Wide common = static_cast<Wide>(unit / std::gcd(unit, u.domain.step)) * static_cast<Wide>(u.domain.step);
      unit = common > static_cast<Wide>(kLargestTileFrames) ? largest : static_cast<uint64_t>(common);
    }
  return unit > 64 * largest ? largest : unit;
}

uint64_t preferred_tile(const Plan& plan) {
  if (plan.settings.tile_frames != 0) return plan.settings.tile_frames;
  double bytes = 0;
  double ns = 0;
  uint64_t beside = 0;  // states and scratch want their place in the cache too
  for (NodeId id = 0; id < plan.graph->size(); ++id) {
    if (plan.stages[id].rows_predicted == 0) continue;
    const StageDecl& decl = plan.graph->node(id).decl;
    beside = std::max(beside, std::min(kTileBytes, decl.state_bytes) + std::min(kTileBytes, decl.scratch_bytes));
    const Rows& domain = plan.rows[id].domain;
    if (domain.step == 0) continue;
    const double per_frame = 1.0 / static_cast<double>(domain.step);
    if (plan.graph->node(id).decl.kind != Kind::Reduce) bytes += per_frame * static_cast<double>(plan.graph->node(id).row_bytes);
    ns += per_frame * plan.costs.ns_per_row[id];
  }
  const uint64_t unit = unit_frames(plan);
  const uint64_t room = kTileBytes - std::min(beside, kTileBytes * 3 / 4);
  double frames = static_cast<double>(room) / std::max(bytes, 1e-9);
  if (frames * ns < kTileNs)
    frames = std::min(kTileNs / std::max(ns, 1e-9), static_cast<double>(kLargestTileBytes) / std::max(bytes, 1e-9));
  const double units = std::clamp(frames / static_cast<double>(unit), 1.0, static_cast<double>(kLargestTileFrames / unit + 1));
  return static_cast<uint64_t>(units) * unit;
}

std::vector<uint64_t> tile_spans(const Plan& plan, uint64_t preferred) {
  if (plan.settings.tile_frames != 0) return {plan.settings.tile_frames};
  std::vector<uint64_t> spans;
  const uint64_t unit = unit_frames(plan);
  for (uint64_t f = preferred; f > unit; f = f / 2 / unit * unit) spans.push_back(f);
  for (uint64_t f = unit; f > 0; f /= 2) spans.push_back(f);
  return spans;
}

}  // namespace sqs
