#include "plan/memory.hpp"

#include <algorithm>

#include "core/wide.hpp"
#include "plan/chains.hpp"
#include "plan/ranges.hpp"
#include "plan/turn.hpp"

namespace sqs {
namespace {

constexpr uint64_t kStagingBytes = 64 * 1024;
constexpr uint64_t kInPlaceBytes = 512 * 1024;  // frames up to this stay in a cache where they lie

Size buffer_bytes(const Plan& plan, NodeId id, uint64_t rows) { return aligned(Size(rows) * plan.graph->node(id).row_bytes); }

// Adds up arena regions, one after the other, each aligned.
class Bump {
 public:
  uint64_t take(Size bytes) {
    const uint64_t offset = total_.saturated();
    total_ += aligned(bytes);
    return offset;
  }
  Size total() const { return total_; }

 private:
  Size total_;
};

uint64_t staging_bytes_of(const Plan& plan, const std::vector<uint32_t>& paths, Range range) {
  Size bytes;
  for (const uint32_t p : paths) {
    const Path& path = plan.paths[p];
    if (path.global || (path.interior_begin <= range.first && path.interior_end >= range.last)) continue;
    const uint64_t seen = seen_bytes(*plan.graph, path);
    bytes += aligned(Size(seen) * staging_rows(seen));
  }
  return bytes.saturated();
}

// visit(unit, sweep, depth)
template <class Visit>
void for_each_unit(const Plan& plan, Visit&& visit) {
  for (uint32_t s = 0; s < plan.sweeps.size(); ++s)
    for (uint32_t d = 0; d <= plan.sweeps[s].replays.size(); ++d)
      for (const Unit& unit : plan.sweeps[s].layer(d).units) visit(unit, s, d);
}

// States, scratch and file buffers: the same in both modes.
void lay_out_fixed(Plan& plan, uint32_t threads, Bump& bump) {
  uint64_t scratch = 0;
  uint64_t staging = 0;
  const Graph& graph = *plan.graph;
  plan.states.assign(graph.size(), {});
  plan.bytes[static_cast<size_t>(Memory::Other)] = 0;
  for (NodeId id = 0; id < graph.size(); ++id) {
    if (plan.stages[id].rows_distinct == 0 && graph.node(id).decl.kind != Kind::Reduce) continue;
    if (!plan.stages[id].needed) continue;
    const StageDecl& decl = graph.node(id).decl;
    scratch = std::max(scratch, aligned(Size(decl.scratch_bytes)).saturated());
    if (decl.kind != Kind::Scan && decl.kind != Kind::Reduce) continue;
    const Size bytes = aligned(Size(std::max<uint64_t>(1, decl.state_bytes)));
    plan.states[id] = {bump.take(bytes), bytes.saturated()};
    plan.bytes[static_cast<size_t>(Memory::Other)] += bytes.saturated();
  }
  for_each_unit(plan, [&](const Unit& unit, uint32_t, uint32_t) {
    staging = std::max(staging, staging_bytes_of(plan, unit.paths, unit.range));
  });
  plan.staging_offset_in_scratch = scratch;
  const Size per_worker = aligned(Size(scratch) + staging);
  plan.scratch_bytes_per_worker = per_worker.saturated();
  plan.scratch_offset = bump.take(per_worker * threads);
  uint64_t files = 0;
  for (const TargetPlan& t : plan.targets) files += t.sink == SinkKind::File ? 1 : 0;
  plan.file_buffer_offset = bump.take(Size(files) * kFileBufferBytes);
  plan.bytes[static_cast<size_t>(Memory::Scratch)] = (per_worker * threads + Size(files) * kFileBufferBytes).saturated();
}

void charge_rows(Plan& plan, NodeId id, uint64_t bytes) {
  const Memory kind = id == kFramesNode ? Memory::Source : Memory::Rows;
  plan.bytes[static_cast<size_t>(kind)] += bytes;
}

constexpr uint32_t kAnySweep = UINT32_MAX;

// The sink whose memory a stage can write into: the only rows it makes are those the sink wants.
uint32_t direct_target(const Plan& plan, NodeId id, Range evaluated, uint32_t sweeps, uint32_t sweep) {
  const Node& node = plan.graph->node(id);
  if (node.global() || node.is_virtual() || id == kFramesNode || sweeps != 1 || node.row_bytes == 0) return kNoUnit;
  for (uint32_t t = 0; t < plan.targets.size(); ++t) {
    const TargetPlan& target = plan.targets[t];
    const bool here = sweep == kAnySweep || target.sweep == sweep;
    if (target.node == id && target.direct && here && target.rows.first == evaluated.first && target.rows.last == evaluated.last)
      return t;
  }
  return kNoUnit;
}

struct Use {
  uint64_t rows = 0;     // capacity
  uint64_t own_rows = 0; // capacity of one thread, in sweeps where each has its own
  Range hull;
  uint32_t sweeps = 0;   // evaluated in
  uint32_t sweep = 0;    // the last of them
  bool retained = false; // read again in a later sweep without being evaluated again
  bool tape = false;     // kept for a segment at a time, in the pool
};

// By buffer.
std::vector<Use> uses_of(const Plan& plan, const Shape& shape) {
  std::vector<Use> uses(plan.buffers.size());
  for_each_unit(plan, [&](const Unit& unit, uint32_t s, uint32_t d) {
    if (unit.is_sink() || plan.graph->node(unit.node).decl.kind == Kind::Reduce) return;
    Use& use = uses[unit.buffer];
    if (unit.kept) {
      use.retained = true;
      return;
    }
    if (unit.range.count() == 0) return;
    if (d > 0 && unit.is_tape() && !plan.turn.rolls()) {
      use.tape = true;
      return;
    }
    widen(use.hull, unit.range);
    use.sweeps += 1;
    use.sweep = s;
    uint64_t rows = row_capacity(plan, plan.sweeps[s].layer(d), unit, shape.tile_frames, unit.own ? 1 : shape.batch_tiles);
    if (unit.own) {
      use.own_rows = std::max(use.own_rows, rows);
      return;
    }
    if (shape.roomy) {
      const uint64_t step = std::max<uint64_t>(1, unit.domain.step);
      const uint64_t fresh = (Size(shape.tile_frames) * shape.batch_tiles).saturated() / step + 1;
      rows += rows > fresh ? rows - fresh : 0;
      if (unit.node == kFramesNode) rows += plan.read_ahead_rows;
    }
    use.rows = std::max(use.rows, std::min(rows, unit.range.count()));
  });
  for (Use& use : uses)
    if (use.retained) use.rows = use.hull.count();
  return uses;
}

// Whether a reader comes back to frames it has read, as maps of windows that overlap do. A scan carries what windows share.
bool frames_are_read_again(const Plan& plan) {
  bool again = false;
  for_each_unit(plan, [&](const Unit& unit, uint32_t, uint32_t) {
    if (!unit.is_sink() && plan.graph->node(unit.node).decl.kind == Kind::Scan) return;
    for (const uint32_t p : unit.paths) {
      const Path& path = plan.paths[p];
      again = again || (path.real == kFramesNode && static_cast<Wide>(path.high) - path.low >= static_cast<Wide>(path.stride));
    }
  });
  return again;
}

// A copy is no hotter than borrowed frames of which there are few, or which are read in passing.
bool in_place(const Plan& plan, Range hull, uint64_t rows) {
  if (!plan.input.in_memory) return false;
  if (rows == hull.count() || buffer_bytes(plan, kFramesNode, hull.count()).saturated() <= kInPlaceBytes) return true;
  return !frames_are_read_again(plan);
}

void lay_out_globals(Plan& plan, Bump& bump) {
  for (NodeId id = 0; id < plan.graph->size(); ++id) {
    const Node& node = plan.graph->node(id);
    if (!plan.stages[id].needed || !node.global() || node.is_virtual()) continue;
    const Size bytes = aligned(Size(node.row_bytes));
    plan.buffers[id].where = BufferPlan::Where::Arena;
    plan.buffers[id].row_capacity = 1;
    plan.buffers[id].bytes = bytes.saturated();
    plan.buffers[id].offset = bump.take(bytes);
    charge_rows(plan, id, bytes.saturated());
  }
}

void reset(Plan& plan) {
  plan.buffers.assign(plan.graph->size() + plan.replay_buffers.size(), {});
  plan.bytes[static_cast<size_t>(Memory::Tapes)] = 0;
  plan.bytes[static_cast<size_t>(Memory::Source)] = 0;
  plan.bytes[static_cast<size_t>(Memory::Rows)] = 0;
}

// Places regions with lifetimes so that those alive together don't overlap: first fit by offset, largest first.
Size first_fit(std::vector<BufferPlan*> regions, uint64_t base) {
  std::sort(regions.begin(), regions.end(), [](const BufferPlan* a, const BufferPlan* b) { return a->bytes > b->bytes; });
  std::vector<const BufferPlan*> placed;
  Size top = base;
  for (BufferPlan* region : regions) {
    uint64_t offset = base;
    std::sort(placed.begin(), placed.end(), [](const BufferPlan* a, const BufferPlan* b) { return a->offset < b->offset; });
    for (const BufferPlan* other : placed) {
      const bool together = region->first_use <= other->last_use && other->first_use <= region->last_use;
      if (!together || other->offset + other->bytes <= offset) continue;
      if (other->offset >= offset && other->offset - offset >= region->bytes) break;
      offset = other->offset + other->bytes;
    }
    region->offset = offset;
    placed.push_back(region);
    const Size end = Size(offset) + region->bytes;
    if (end.saturated() > top.saturated()) top = end;
  }
  return top;
}

}  // namespace

uint64_t staging_rows(uint64_t bytes_per_row) {
  return std::clamp<uint64_t>(bytes_per_row == 0 ? 1 : kStagingBytes / bytes_per_row, 1, 32);
}

uint64_t seen_bytes(const Graph& graph, const Path& path) {
  const PathLevel& outer = path.levels.front();
  return (Size(graph.node(outer.of).row_bytes) * outer.reach.context()).saturated();
}

namespace {

// The pool comes last in the arena, so that its size can still be chosen. What it takes at least.
Size lay_out_turn(Plan& plan, Bump& bump) {
  TurnPlan& turn = plan.turn;
  if (turn.kind == TurnPlan::Kind::None) return Size(0);
  uint64_t largest = 0;
  for (const SavedState& saved : turn.saved) largest = std::max(largest, saved.bytes);
  turn.staging_offset = bump.take(Size(largest));
  turn.pool_offset = bump.take(Size(0));
  plan.bytes[static_cast<size_t>(Memory::Other)] += aligned(Size(largest)).saturated();
  const Size bytes = turn.least_area_bytes();
  plan.bytes[static_cast<size_t>(Memory::Tapes)] = bytes.saturated();
  return bytes;
}

}  // namespace

Size lay_out_tiled(Plan& plan, const Shape& shape) {
  set_leads(plan, shape.tile_frames);
  set_own_rows(plan, shape.threads > 1 && !shape.replays_ahead);
  describe_turn(plan);
  plan.turn.replays_ahead = shape.replays_ahead;
  plan.threads = shape.threads;
  plan.batch_tiles = shape.batch_tiles;
  const uint64_t frame_bytes = std::max<uint64_t>(1, plan.graph->node(kFramesNode).row_bytes);
  plan.read_ahead_rows = shape.roomy && !plan.input.in_memory ? std::max<uint64_t>(1, kReadBytes / frame_bytes) : 0;
  reset(plan);
  Bump bump;
  lay_out_fixed(plan, shape.threads, bump);
  lay_out_globals(plan, bump);
  const std::vector<Use> uses = uses_of(plan, shape);
  for (uint32_t index = 0; index < uses.size(); ++index) {
    const Use& use = uses[index];
    const NodeId id = index < plan.graph->size() ? index : plan.replay_buffers[index - plan.graph->size()].first;
    BufferPlan& buffer = plan.buffers[index];
    if (use.tape) buffer.where = BufferPlan::Where::Tape;
    const uint64_t most = std::max(use.rows, use.own_rows);
    if (most == 0 || use.tape) continue;
    if (id == kFramesNode && in_place(plan, use.hull, most)) {
      buffer.where = BufferPlan::Where::Source;
      buffer.row_capacity = use.hull.count();
      continue;
    }
    if (index == id && !use.retained) buffer.target = direct_target(plan, id, use.hull, use.sweeps, use.sweep);
    if (buffer.target != kNoUnit) {
      buffer.where = BufferPlan::Where::Result;
      buffer.row_capacity = use.hull.count();
      continue;
    }
    const Size own = buffer_bytes(plan, id, use.own_rows);
    const Size bytes = std::max(buffer_bytes(plan, id, use.rows).saturated(), (own * shape.threads).saturated());
    buffer.where = BufferPlan::Where::Arena;
    buffer.row_capacity = use.rows;
    buffer.own_row_capacity = use.own_rows;
    buffer.own_bytes = own.saturated();
    buffer.bytes = bytes.saturated();
    buffer.offset = bump.take(bytes);
    charge_rows(plan, id, bytes.saturated());
  }
  const Size turn = lay_out_turn(plan, bump);
  return bump.total() + turn;
}

std::vector<NodeId> classic_order(const Plan& plan) {
  std::vector<bool> wanted(plan.graph->size(), false);
  for_each_unit(plan, [&](const Unit& unit, uint32_t, uint32_t) {
    const bool read = unit.range.count() > 0 || (!unit.is_sink() && plan.graph->node(unit.node).decl.kind == Kind::Reduce);
    // A target on a window rule is delivered after what it reads, even if its rows are nothing but padding.
    if (read) wanted[unit.is_sink() ? plan.paths[unit.paths[0]].real : unit.node] = true;
  });
  for (const Sweep& sweep : plan.sweeps)
    for (const NodeId id : sweep.globals) wanted[id] = true;
  std::vector<NodeId> order;
  for (NodeId id = 0; id < wanted.size(); ++id)
    if (wanted[id]) order.push_back(id);
  return order;
}

Size lay_out_whole(Plan& plan) {
  reset(plan);
  Bump bump;
  lay_out_fixed(plan, 1, bump);
  const std::vector<NodeId> order = classic_order(plan);
  std::vector<uint32_t> step_of(plan.graph->size(), 0);
  for (uint32_t i = 0; i < order.size(); ++i) step_of[order[i]] = i;
  std::vector<uint32_t> last_use = step_of;
  std::vector<Range> hull(plan.graph->size());
  auto read_at = [&](uint32_t path, uint32_t step) {
    const NodeId real = plan.paths[path].real;
    last_use[real] = std::max(last_use[real], step);
  };
  for_each_unit(plan, [&](const Unit& unit, uint32_t, uint32_t) {
    for (const uint32_t p : unit.paths) read_at(p, unit.is_sink() ? step_of[plan.paths[p].real] : step_of[unit.node]);
    if (!unit.is_sink() && !unit.kept) widen(hull[unit.node], unit.range);
  });
  for (const Sweep& sweep : plan.sweeps)
    for (const NodeId id : sweep.globals)
      for (const uint32_t p : plan.global_paths[id]) read_at(p, step_of[id]);
  for (const TargetPlan& t : plan.targets)  // whole-stream rows are delivered at the end
    if (plan.graph->node(t.node).global()) last_use[t.node] = static_cast<uint32_t>(order.size());
  std::vector<BufferPlan*> regions;
  for (const NodeId id : order) {
    const Node& node = plan.graph->node(id);
    BufferPlan& buffer = plan.buffers[id];
    buffer.row_capacity = node.global() ? 1 : hull[id].count();
    buffer.first_use = step_of[id];
    buffer.last_use = last_use[id];
    if (id == kFramesNode && plan.input.in_memory) {
      buffer.where = BufferPlan::Where::Source;
      continue;
    }
    buffer.target = direct_target(plan, id, hull[id], 1, kAnySweep);
    if (buffer.target != kNoUnit) {
      buffer.where = BufferPlan::Where::Result;
      continue;
    }
    buffer.where = BufferPlan::Where::Arena;
    buffer.bytes = buffer_bytes(plan, id, buffer.row_capacity).saturated();
    regions.push_back(&buffer);
  }
  const Size fixed = bump.total();
  const Size total = first_fit(regions, fixed.saturated());
  if (total.saturated() >= uint64_t{1} << 62) return Size(UINT64_MAX) * 2;
  charge_rows(plan, kFramesNode, plan.buffers[kFramesNode].bytes);
  charge_rows(plan, kFramesNode + 1, total.saturated() - fixed.saturated() -
                                         std::min(plan.buffers[kFramesNode].bytes, total.saturated() - fixed.saturated()));
  return total;
}

}  // namespace sqs
