// What a run takes from the row cache: the rows before and after those that are computed.
#include <algorithm>

#include "core/size.hpp"
#include "exec/dense_view.hpp"
#include "exec/run_state.hpp"
#include "plan/turn.hpp"

namespace sqs {

// A tile of the rows of what is delivered, but neither more than 64 KiB nor less than a row; and of other stages that it is for,
// if it is large enough.
uint64_t Run::State::cache_slot_bytes() const {
  constexpr uint64_t kLargestSlot = 64 * 1024;
  constexpr uint64_t kSmallestSlot = 256;
  const auto tile_of = [&](NodeId id) {
    const uint64_t step = std::max<uint64_t>(1, plan->rows[id].out.step);
    const uint64_t row_bytes = plan->graph->node(id).row_bytes;
    const Size tile = Size(std::max<uint64_t>(1, plan->tile_frames / step)) * row_bytes;
    return std::max(row_bytes, std::clamp(tile.saturated(), kSmallestSlot, kLargestSlot));
  };
  uint64_t bytes = plan->targets.size() == 1 ? tile_of(plan->targets[0].node) : kSmallestSlot;
  for (const NodeId id : plan->cached_stages)
    if (const uint64_t tile = tile_of(id); RowCache::suits(plan->cache_bytes, tile)) bytes = std::max(bytes, tile);
  return bytes;
}

// Leaves out the cached rows at both ends of the request, which are delivered before and after what is between.
Status Run::State::serve_from_cache() {
  Range& rest = context.wanted;
  never_cached = rest;
  from_cache_tail = {};
  if (plan->cache_bytes == 0 || wanted.size() != 1 || plan->graph->node(wanted[0].node).global()) return ok();
  const TargetPlan& target = plan->targets[0];
  if (plan->graph->node(target.node).decl.once) return ok();
  RowCache& cache = *shared->cache;
  const auto stretch_with = [&](uint64_t row) {
    const RowCache::Stretch stretch = cache.find(target.node, row, target.row_bytes);
    ++(stretch.rows != nullptr ? context.cache_hits : context.cache_misses);
    return stretch;
  };
  while (rest.count() > 0) {
    const RowCache::Stretch stretch = stretch_with(rest.first);
    if (stretch.rows == nullptr) break;
    rest.first = std::min(rest.last, stretch.end);
  }
  const uint64_t front_end = rest.first;
  cache.pin();  // what waits there for its turn must not be pushed out by the rows before it
  while (rest.count() > 0) {
    const RowCache::Stretch stretch = stretch_with(rest.last - 1);
    if (stretch.rows == nullptr) break;
    rest.last = std::max(rest.first, stretch.first);
  }
  context.cached_rows = front_end - target.rows.first;
  from_cache_front = {target.rows.first, front_end};
  from_cache_tail = {rest.last, target.rows.last};
  never_cached = without_cached(rest);
  outputs[0]->set_cache(&cache, &shared->cached);
  return ok();
}

// Leaves out the rows at both ends that the cache was once given.
Range Run::State::without_cached(Range rows) const {
  const NodeId id = plan->targets[0].node;
  if (rows.count() == 0) return rows;
  const RowRecord::Stretch front = shared->cached.find(id, rows.first);
  if (front.count() > 0) rows.first = std::min(rows.last, front.end);
  if (rows.count() == 0) return rows;
  const RowRecord::Stretch back = shared->cached.find(id, rows.last - 1);
  if (back.count() > 0) rows.last = std::max(rows.first, back.first);
  return rows;
}

// What each stage would evaluate if nothing but the cache helped.
Result<std::vector<StagePlan>> Run::State::rows_without_cache() const {
  const Range& all = plan->targets[0].rows;
  if (context.wanted.first == all.first && context.wanted.last == all.last) return plan->stages;
  Plan rest = *plan;
  rest.targets[0].rows = context.wanted;
  SQS_TRY(refit(rest, [](NodeId, uint64_t) { return uint64_t{0}; }));
  return std::move(rest.stages);
}

// Of rows that are pulled a stretch at a time.
Status Run::State::deliver_cached(Range& rest) {
  const TargetPlan& target = plan->targets[0];
  const Node& node = plan->graph->node(target.node);
  while (rest.count() > 0 && !outputs[0]->rows_wait()) {
    const RowCache::Stretch stretch = shared->cache->find(target.node, rest.first, target.row_bytes);
    const uint64_t next = std::min(rest.last, stretch.end);
    std::byte* data = const_cast<std::byte*>(stretch.rows) + (rest.first - stretch.first) * target.row_bytes;
    SQS_TRY(outputs[0]->deliver_known(dense_view(node, rest.first, next - rest.first, data)));
    rest.first = next;
  }
  return ok();
}

}  // namespace sqs
