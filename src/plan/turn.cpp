#include "plan/turn.hpp"

#include <algorithm>
#include <map>

#include "core/wide.hpp"
#include "plan/ranges.hpp"
#include "store/spill_file.hpp"

namespace sqs {
namespace {

constexpr uint64_t kRecordHeader = 16;  // of a saved state: its length and its hash

// Where the rows of a unit lie that a segment of frames [A, B) needs: from A + low to B + high, the last one included.
struct Spread {
  Wide low = 0;
  Wide high = 0;
  bool any = false;
  void join(Wide l, Wide h) {
    low = any ? std::min(low, l) : l;
    high = any ? std::max(high, h) : h;
    any = true;
  }
};

class Describer {
 public:
  explicit Describer(Plan& plan) : plan_(plan), turn_(plan.turn) {}

  void describe() {
    turn_ = {};
    uint32_t turning = 0;
    bool simple = true;
    for (uint32_t s = 0; s < plan_.sweeps.size(); ++s) {
      const Sweep& sweep = plan_.sweeps[s];
      if (sweep.replays.empty()) continue;
      if (turning++ == 0) {
        turn_.first_tile = sweep.first_tile;
        turn_.tile_end = sweep.tile_end;
      } else if (sweep.tile_end > sweep.first_tile) {
        const bool none = turn_.tile_end == turn_.first_tile;
        turn_.first_tile = none ? sweep.first_tile : std::min(turn_.first_tile, sweep.first_tile);
        turn_.tile_end = none ? sweep.tile_end : std::max(turn_.tile_end, sweep.tile_end);
      }
      simple = simple && sweep.replays.size() == 1 && sweep.recorded;
      turn_.sweep = s;
      turn_.from_last = sweep.replays[0].backward;
    }
    if (turning == 0) return;
    turn_.kind = turning == 1 && simple ? TurnPlan::Kind::Reversal : TurnPlan::Kind::Chain;
    find_states();
    find_tapes();
    turn_.extra_bytes = 2 * turn_.state_bytes;
  }

 private:
  void find_states() {
    std::vector<bool> seen(plan_.graph->size(), false);
    for (const Sweep& sweep : plan_.sweeps)
      for (const Layer& layer : sweep.replays)
        for (const Unit& unit : layer.units) {
          const StageDecl& decl = plan_.graph->node(unit.node).decl;
          if (unit.kept || decl.kind != Kind::Scan || seen[unit.node]) continue;
          seen[unit.node] = true;
          const uint64_t bytes = decl.save != nullptr ? decl.saved_bytes : decl.state_bytes;
          const uint64_t slot = (bytes + kRecordHeader + 15) / 16 * 16;
          turn_.saved.push_back({unit.node, turn_.state_bytes, slot});
          turn_.state_bytes += slot;
        }
  }

  using Spreads = std::vector<std::vector<Spread>>;  // by depth and unit

  Spread of_sweep_unit(const Unit& unit) const {
    const Slack slack = slack_of(unit, plan_.tile_frames);
    const int64_t ahead = unit.backward ? -unit.z : unit.z;
    Spread spread;
    spread.join(ahead + slack.low, static_cast<Wide>(ahead + slack.high) - static_cast<Wide>(unit.domain.step));
    return spread;
  }

  // A scan starts where any sweep needs it to: starts_ has the widest, by node.
  Spreads spreads_of(const Sweep& sweep) {
    Spreads all(sweep.replays.size() + 1);
    for (const Unit& unit : sweep.units) all[0].push_back(of_sweep_unit(unit));
    for (uint32_t d = 1; d <= sweep.replays.size(); ++d) {
      const std::vector<Unit>& units = sweep.layer(d).units;
      all[d].resize(units.size());
      for (size_t u = units.size(); u-- > 0;) {
        const Unit& unit = units[u];
        Spread& spread = all[d][u];
        const auto join = [&](const Reader& reader) {
          const Spread& r = all[reader.depth][reader.unit];
          const Path& path = plan_.paths[reader.path];
          const auto step = static_cast<Wide>(unit.domain.step);
          if (r.any) spread.join(r.low - path.delta - path.back * step, r.high - path.delta + path.ahead * step);
        };
        for (const Reader& reader : unit.readers) join(reader);
        for (const Reader& reader : unit.outside) join(reader);
        if (unit.kept || !spread.any || plan_.graph->node(unit.node).decl.kind != Kind::Scan) continue;
        Spread& start = starts_[unit.node];
        const Wide was = unit.backward ? start.high : start.low;
        const bool there = start.any;
        start.join(spread.low, spread.high);
        moved_ = moved_ || !there || was != (unit.backward ? start.high : start.low);
        if (unit.backward) spread.high = start.high;
        else spread.low = start.low;
      }
    }
    return all;
  }

  void find_tapes() {
    for (moved_ = true; moved_;) {
      moved_ = false;
      for (const Sweep& sweep : plan_.sweeps)
        if (!sweep.replays.empty()) spreads_of(sweep);
    }
    std::map<NodeId, Tape> tapes;
    for (const Sweep& sweep : plan_.sweeps) {
      if (sweep.replays.empty()) continue;
      const Spreads all = spreads_of(sweep);
      for (uint32_t d = 1; d <= sweep.replays.size(); ++d)
        for (size_t u = 0; u < sweep.layer(d).units.size(); ++u) {
          const Unit& unit = sweep.layer(d).units[u];
          if (unit.is_tape() && !unit.kept && all[d][u].any) add_tape(tapes[unit.node], sweep.layer(d), unit, all[d][u]);
        }
    }
    for (const auto& [node, tape] : tapes) {
      turn_.tapes.push_back(tape);
      turn_.tile_bytes += tape.rows_per_tile * tape.row_bytes;
      turn_.beside_bytes += aligned(Size(tape.beside_rows) * tape.row_bytes).saturated() + kAlign;
      turn_.beside_tiles = std::max(turn_.beside_tiles, (tape.beside_rows + tape.rows_per_tile - 1) / tape.rows_per_tile);
    }
  }

  void add_tape(Tape& tape, const Layer& layer, const Unit& unit, const Spread& spread) {
    const uint64_t step = std::max<uint64_t>(1, unit.domain.step);
    const bool whole = plan_.tile_frames % step == 0;
    tape.node = unit.node;
    tape.row_bytes = plan_.graph->node(unit.node).row_bytes;
    tape.rows_per_tile = plan_.tile_frames / step + (whole ? 0 : 1);
    const Wide beside = floor_div(spread.high - spread.low, static_cast<Wide>(step)) + 1 + (whole ? 0 : 1);
    // Where no rows are kept the buffer slides, which may take more than a tile.
    const uint64_t sliding = row_capacity(plan_, layer, unit, plan_.tile_frames, 1);
    const Wide more = static_cast<Wide>(sliding) - static_cast<Wide>(tape.rows_per_tile);
    tape.beside_rows = std::max(tape.beside_rows, static_cast<uint64_t>(std::max<Wide>(0, std::max(beside, more))));
  }

  Plan& plan_;
  TurnPlan& turn_;
  std::map<NodeId, Spread> starts_;
  bool moved_ = false;
};

uint64_t dependency_span(const Format& f) { return f.window / f.hop + (f.window % f.hop != 0 ? 1 : 0); }

// checkpoint_every in tiles; 0: as the schedule has it.
uint64_t asked_spacing(const Plan& plan) {
  const uint64_t every = plan.settings.checkpoint_every;
  if (every == 0) return 0;
  const Format& f = plan.graph->format();
  const Wide frames = static_cast<Wide>(std::max(every, dependency_span(f))) * static_cast<Wide>(f.hop);
  return static_cast<uint64_t>(std::clamp<Wide>(ceil_div(frames, static_cast<Wide>(plan.tile_frames)), 1, Wide{1} << 40));
}

constexpr uint32_t kMostEvaluations = 4;                   // of a tile, unless asked otherwise
constexpr uint64_t kDiskSegmentBytes = uint64_t{1} << 20;  // of rows written and read together: long, but still in a cache

uint64_t bytes_of(const std::vector<DiskFile>& files) {
  Size sum;
  for (const DiskFile& file : files) {
    const Result<uint64_t> bytes = SpillFile::file_bytes({file.block_bytes, file.blocks});
    if (!bytes.ok()) return UINT64_MAX;
    sum += *bytes;
  }
  return sum.saturated();
}

std::vector<DiskFile> files_of_states(const TurnPlan& turn, uint64_t states) {
  if (states == 0 || turn.saved.empty()) return {};
  uint64_t largest = 0;
  for (const SavedState& saved : turn.saved) largest = std::max(largest, saved.bytes);
  return {{0, largest, (Size(states) * turn.saved.size()).saturated()}};
}

std::vector<DiskFile> files_of_rows(const TurnPlan& turn, uint64_t tiles, uint64_t segment_tiles) {
  std::vector<DiskFile> files;
  const uint64_t blocks = tiles / segment_tiles + (tiles % segment_tiles != 0 ? 1 : 0);
  for (const Tape& tape : turn.tapes) {
    const Size rows = Size(tape.rows_per_tile) * segment_tiles + tape.beside_rows;
    files.push_back({tape.node, (rows * tape.row_bytes).saturated(), blocks});
  }
  return files;
}

}  // namespace

double tile_ns(const Plan& plan, const Layer& layer) {
  double ns = 0;
  for (const Unit& unit : layer.units) {
    const uint64_t step = std::max<uint64_t>(1, unit.domain.step);
    if (!unit.kept) ns += plan.costs.ns_per_row[unit.node] * static_cast<double>(plan.tile_frames) / static_cast<double>(step);
  }
  return ns;
}

double least_replay_ns(const Plan& plan, uint64_t pool_bytes) {
  const TurnPlan& turn = plan.turn;
  if (turn.kind != TurnPlan::Kind::Reversal || turn.replays_ahead || turn.tile_bytes == 0) return 0;
  const uint64_t kept = pool_bytes / turn.tile_bytes + 1;
  return turn.tiles() <= kept ? 0 : static_cast<double>(turn.tiles() - kept) * tile_ns(plan, plan.sweeps[turn.sweep].replays[0]);
}

namespace {

// What it takes to put rows on disk, and to get them back.
double spill_ns(const Plan& plan, uint64_t tiles, uint64_t segments) {
  return plan.costs.disk_ns_per_byte * static_cast<double>(plan.turn.tile_bytes) * static_cast<double>(tiles) +
         plan.costs.disk_ns_per_block * static_cast<double>(plan.turn.tapes.size()) * static_cast<double>(segments);
}

// Whatever fits on disk tile by tile does so in longer segments of some length as well. Where rows come from disk there is nothing
// for a second thread to replay.
void offer_disk_for_rows(const Plan& plan, uint64_t pool_bytes, uint64_t disk_bytes, ScheduleLimits& limits) {
  const TurnPlan& turn = plan.turn;
  if (turn.tile_bytes == 0 || turn.replays_ahead) return;
  limits.disk_tiles = disk_bytes / std::max<uint64_t>(1, bytes_of(files_of_rows(turn, 1, 1)));
  const uint64_t kept = pool_bytes / turn.tile_bytes + 1;
  if (turn.tiles() <= kept || turn.tiles() - kept > limits.disk_tiles) return;
  uint64_t segment = std::clamp<uint64_t>(kDiskSegmentBytes / turn.tile_bytes, 1, kept);
  while (segment > 1 && bytes_of(files_of_rows(turn, turn.tiles() - kept, segment)) > disk_bytes) segment /= 2;
  limits.disk_segment_tiles = segment;
  const double again_ns = tile_ns(plan, plan.sweeps[turn.sweep].replays[0]);
  limits.disk_tile_cost = spill_ns(plan, segment, 1) / static_cast<double>(segment) / std::max(1e-9, again_ns);
}

ScheduleLimits limits_of(const Plan& plan, uint64_t pool_bytes, uint64_t disk_bytes) {
  const TurnPlan& turn = plan.turn;
  ScheduleLimits limits;
  limits.fixed_tiles = asked_spacing(plan);
  limits.max_ratio = plan.settings.max_ratio == 0 ? kMostEvaluations : plan.settings.max_ratio;
  if (disk_bytes == 0) return limits;
  if (!turn.saved.empty()) limits.disk_states = disk_bytes / std::max<uint64_t>(1, bytes_of(files_of_states(turn, 1)));
  offer_disk_for_rows(plan, pool_bytes, disk_bytes, limits);
  return limits;
}

// Of a reversal; false if no schedule works.
bool choose_schedule(TurnPlan& turn, uint64_t pool_bytes, const ScheduleLimits& limits) {
  turn.schedule = Schedule::choose(Chain{turn.tiles(), turn.state_bytes, turn.tile_bytes, pool_bytes}, limits);
  if (!turn.schedule.has_value()) return false;
  const bool once = turn.schedule->most_evaluations_of_a_tile() <= 1;
  turn.pool_bytes = once ? turn.schedule->peak_bytes() : turn.schedule->chain().pool_bytes;
  turn.disk = turn.spills() ? files_of_rows(turn, turn.tiles() - turn.schedule->tail_tiles(), turn.schedule->disk_segment_tiles())
                            : files_of_states(turn, turn.schedule->disk_states());
  return true;
}

}  // namespace

void describe_turn(Plan& plan) { Describer(plan).describe(); }

namespace {

// What a chain keeps of each of a segment's tiles.
uint64_t chain_tile_bytes(const TurnPlan& turn) { return (Size(turn.tile_bytes) * turn.tape_copies()).saturated(); }

// Checkpoints at every segment's end, and the tapes of one.
std::optional<uint64_t> chain_bytes(const TurnPlan& turn, uint64_t spacing) {
  const uint64_t segments = turn.tiles() / spacing + (turn.tiles() % spacing != 0 ? 1 : 0);
  const Size bytes = Size(segments - 1) * turn.state_bytes + Size(spacing) * chain_tile_bytes(turn);
  if (bytes.overflowed()) return std::nullopt;
  return bytes.saturated();
}

}  // namespace

std::optional<uint64_t> least_turn_pool(const Plan& plan, uint64_t disk_bytes, uint64_t below) {
  const TurnPlan& turn = plan.turn;
  const uint64_t n = turn.tiles();
  if (turn.kind == TurnPlan::Kind::None || n == 0) return 0;
  if (turn.kind == TurnPlan::Kind::Reversal)
    return least_pool(Chain{n, turn.state_bytes, turn.tile_bytes, 0}, limits_of(plan, 0, disk_bytes), below);
  const uint64_t spacing = std::min(asked_spacing(plan), n);
  std::optional<uint64_t> least =
      spacing == 0 ? chain_least_pool(n, turn.state_bytes, chain_tile_bytes(turn)) : chain_bytes(turn, spacing);
  if (!least.has_value()) return least;
  *least -= std::min(*least, chain_tile_bytes(turn));  // one tile comes on top of the pool
  return *least < below ? least : std::nullopt;
}

bool schedule_turn(Plan& plan, uint64_t pool_bytes, uint64_t disk_bytes) {
  TurnPlan& turn = plan.turn;
  const uint64_t n = turn.tiles();
  turn.pool_bytes = 0;
  turn.spacing = 0;
  turn.disk.clear();
  turn.schedule.reset();
  if (turn.kind == TurnPlan::Kind::None) return true;
  if (turn.kind == TurnPlan::Kind::Reversal) return choose_schedule(turn, pool_bytes, limits_of(plan, pool_bytes, disk_bytes));
  if (n == 0) return true;
  const Size room = Size(pool_bytes) + chain_tile_bytes(turn);
  std::optional<uint64_t> spacing = asked_spacing(plan);
  if (*spacing == 0) spacing = chain_spacing(n, turn.state_bytes, chain_tile_bytes(turn), room.saturated());
  if (!spacing.has_value()) return false;
  turn.spacing = std::min(*spacing, n);
  const std::optional<uint64_t> bytes = chain_bytes(turn, turn.spacing);
  if (!bytes.has_value() || *bytes > room.saturated()) return false;
  turn.pool_bytes = *bytes - std::min(*bytes, chain_tile_bytes(turn));
  return true;
}

int32_t schedule_code(const Plan& plan) {
  if (plan.turn.kind == TurnPlan::Kind::Chain) return SQS_CHAIN;
  if (!plan.turn.schedule.has_value()) return SQS_NO_SCHEDULE;
  switch (plan.turn.schedule->kind()) {
    case ScheduleKind::Store: return SQS_STORE;
    case ScheduleKind::Shrink: return SQS_SHRINK;
    case ScheduleKind::ShrinkDisk: return SQS_SHRINK_DISK;
    case ScheduleKind::Multi: return SQS_MULTI;
    case ScheduleKind::Fixed: return SQS_FIXED;
    case ScheduleKind::Spill: return SQS_SPILL;
  }
  return SQS_NO_SCHEDULE;
}

uint64_t disk_bytes(const TurnPlan& turn) { return bytes_of(turn.disk); }

double disk_ns(const Plan& plan) {
  const TurnPlan& turn = plan.turn;
  if (turn.disk.empty()) return 0;
  if (turn.spills()) return spill_ns(plan, turn.tiles() - turn.schedule->tail_tiles(), turn.schedule->disk_segments());
  const DiskFile& states = turn.disk[0];
  return (plan.costs.disk_ns_per_byte * static_cast<double>(states.block_bytes) + plan.costs.disk_ns_per_block) *
         static_cast<double>(states.blocks);
}

namespace {

// Fewer tiles in the same pool, and on disk as before, where the files are there already.
bool schedule_again(Plan& plan, const TurnPlan& former) {
  if (plan.turn.kind != TurnPlan::Kind::Reversal) return schedule_turn(plan, former.pool_bytes, 0);
  ScheduleLimits limits = limits_of(plan, former.pool_bytes, 0);
  if (former.spills()) {
    limits.disk_tiles = former.tiles() - former.schedule->tail_tiles();
    limits.disk_segment_tiles = former.schedule->disk_segment_tiles();
  } else if (former.schedule.has_value()) {
    limits.disk_states = former.schedule->disk_states();
  }
  if (!choose_schedule(plan.turn, former.pool_bytes, limits)) return false;
  plan.turn.disk = former.disk;
  return true;
}

}  // namespace

Status refit(Plan& plan, const ScanStart& scan_start) {
  const TurnPlan former = std::move(plan.turn);
  set_ranges(plan, scan_start);
  set_leads(plan, plan.tile_frames);
  describe_turn(plan);
  plan.turn.pool_offset = former.pool_offset;
  plan.turn.staging_offset = former.staging_offset;
  plan.turn.replays_ahead = former.replays_ahead;
  const bool more_beside = plan.turn.beside_bytes > former.beside_bytes || plan.turn.beside_tiles > former.beside_tiles;
  if (more_beside || !schedule_again(plan, former))
    return Error{SQS_E_INTERNAL, "a part of the rows does not fit where all of them did; this is a defect of the library"};
  count_rows(plan);
  count_replays(plan);
  return ok();
}

}  // namespace sqs
