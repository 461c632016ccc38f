#include "plan/lints.hpp"

#include "core/words.hpp"

namespace sqs {

std::vector<std::string> find_lints(const Plan& plan) {
  std::vector<std::string> lints;
  if (plan.mode == SQS_CLASSIC) return lints;
  std::vector<bool> told(plan.graph->size(), false);
  for (const Sweep& sweep : plan.sweeps)
    for (uint32_t d = 0; d <= sweep.replays.size(); ++d)
      for (const Unit& unit : sweep.layer(d).units) {
        if (unit.is_sink() || unit.kept || told[unit.node]) continue;
        const std::string& name = plan.graph->node(unit.node).name();
        for (const uint32_t p : unit.paths) {
          const Path& path = plan.paths[p];
          const uint64_t step = plan.rows[path.real].out.step;
          const auto halo = static_cast<uint64_t>(path.high - path.low) * step;
          if (path.global || halo < plan.tile_frames || halo < 2 * unit.domain.step) continue;
          told[unit.node] = true;
          lints.push_back("stage '" + name + "' reads " + count_in_words(halo) + " frames beside each row of '" +
                          plan.graph->node(path.real).name() + "', and a tile has " + count_in_words(plan.tile_frames) +
                          ": what is kept for that is larger than the tile; a summary per hop and a combine over the summaries, or a scan, would keep less");
          break;
        }
        if (unit.readers.size() > 1 && unit.z > static_cast<int64_t>(plan.tile_frames)) {
          told[unit.node] = true;
          lints.push_back("stage '" + name + "' runs " + count_in_words(static_cast<uint64_t>(unit.z)) +
                          " frames ahead for one of its readers while another waits: its rows are held for more than a tile");
        }
      }
  const TurnPlan& turn = plan.turn;
  if (turn.kind != TurnPlan::Kind::None && turn.state_bytes > turn.tile_bytes && turn.tile_bytes > 0)
    lints.push_back("a checkpoint takes " + bytes_in_words(turn.state_bytes) + ", more than the rows of a tile (" +
                    bytes_in_words(turn.tile_bytes) + ") that it spares: smaller states, or larger tiles, would make looking back cheaper");
  return lints;
}

}  // namespace sqs
