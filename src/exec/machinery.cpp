#include "exec/machinery.hpp"

#include <algorithm>
#include <cstring>

#include "exec/dense_view.hpp"
#include "os/clock.hpp"

namespace sqs {

Machinery::Machinery(RunContext& context, const Plan& plan) : context_(context), plan_(plan) {
  place_buffers();
  place_own_buffers();
  if (plan.turn.replays_ahead) read_tapes_ = buffers_;
  place_workers();
  global_runners_.resize(plan.graph->size(), nullptr);
  for (const Sweep& sweep : plan.sweeps)
    for (const NodeId id : sweep.globals) global_runners_[id] = add_runner(id, plan.rows[id].domain, plan.global_paths[id]);
}

void Machinery::place_buffers() {
  const Graph& graph = *plan_.graph;
  buffers_.resize(plan_.buffers.size());
  for (uint32_t index = 0; index < buffers_.size(); ++index) {
    const NodeId id = index < graph.size() ? index : plan_.replay_buffers[index - graph.size()].first;
    const BufferPlan& planned = plan_.buffers[index];
    RowBuffer& buffer = buffers_[index];
    buffer.row_bytes = graph.node(id).row_bytes;
    buffer.capacity = planned.row_capacity;
    switch (planned.where) {
      case BufferPlan::Where::None:
      case BufferPlan::Where::Tape:
        break;
      case BufferPlan::Where::Arena:
        buffer.data = context_.arena + planned.offset;
        break;
      case BufferPlan::Where::Result:
        buffer.data = (*context_.outputs)[planned.target]->sink().memory();
        (*context_.outputs)[planned.target]->set_direct();
        break;
      case BufferPlan::Where::Source:
        buffer.data = const_cast<std::byte*>(context_.source->in_memory());  // only ever read
        break;
    }
    const auto* known = context_.known_rows;
    if (graph.node(id).global() && known != nullptr && id < known->size() && !(*known)[id].empty() && buffer.data != nullptr) {
      std::memcpy(buffer.data, (*known)[id].data(), buffer.row_bytes);
    }
  }
}

void Machinery::place_own_buffers() {
  if (plan_.threads == 1 || plan_.turn.replays_ahead) return;
  for (uint32_t worker = 0; worker < plan_.threads; ++worker)
    for (size_t index = 0; index < buffers_.size(); ++index) {
      const BufferPlan& planned = plan_.buffers[index];
      RowBuffer& buffer = own_buffers_.emplace_back(buffers_[index]);
      buffer.capacity = planned.own_row_capacity;
      if (buffer.capacity > 0) buffer.data = context_.arena + planned.offset + worker * planned.own_bytes;
    }
}

void Machinery::place_workers() {
  size_t views = 1;
  for (NodeId id = 0; id < plan_.graph->size(); ++id) views = std::max(views, plan_.graph->node(id).inputs.size());
  workers_.resize(plan_.threads);
  for (uint32_t w = 0; w < plan_.threads; ++w) {
    std::byte* memory = context_.arena + plan_.scratch_offset + w * plan_.scratch_bytes_per_worker;
    workers_[w].scratch = memory;
    workers_[w].staging = memory + plan_.staging_offset_in_scratch;
    workers_[w].views.resize(views);
  }
}

StageRunner* Machinery::add_runner(NodeId id, const Rows& domain, const std::vector<uint32_t>& paths) {
  const Node& node = plan_.graph->node(id);
  std::byte* state = plan_.states[id].bytes > 0 ? context_.arena + plan_.states[id].offset : nullptr;
  StageRunner& runner =
      runners_.emplace_back(node, domain, context_.sample_rate, state, &buffers_[id], &(*context_.counters)[id]);
  for (const uint32_t p : paths) runner.add_port(port(p));
  return &runner;
}

StageRunner* Machinery::add_runner(const Unit& unit, uint32_t depth) {
  const NodeId id = unit.node;
  std::byte* state = plan_.states[id].bytes > 0 ? context_.arena + plan_.states[id].offset : nullptr;
  StageRunner& runner = runners_.emplace_back(plan_.graph->node(id), unit.domain, context_.sample_rate, state,
                                              &buffers_[unit.buffer], &(*context_.counters)[id]);
  for (size_t i = 0; i < unit.paths.size(); ++i) runner.add_port(port(unit, depth, i));
  return &runner;
}

StageRunner* Machinery::add_runner(const Layer& layer, const Unit& unit, uint32_t worker) {
  StageRunner& runner = runners_.emplace_back(plan_.graph->node(unit.node), unit.domain, context_.sample_rate, nullptr,
                                              &buffer(unit, worker), &(*context_.counters)[unit.node]);
  for (size_t i = 0; i < unit.paths.size(); ++i) {
    const Feed& feed = unit.feeds[i];
    RowBuffer& from = feed.unit == kNoUnit ? buffers_[feed.buffer] : buffer(layer.units[feed.unit], worker);
    runner.add_port(Port(*plan_.graph, plan_.paths[unit.paths[i]], from));
  }
  return &runner;
}

// Rows that are kept for the whole run are no tape, wherever a sweep finds them.
Port Machinery::port(const Unit& unit, uint32_t depth, size_t input) const {
  const Feed& feed = unit.feeds[input];
  const bool replayed_ahead = plan_.turn.replays_ahead && depth == 0 && feed.depth > 0 && feed.buffer >= plan_.graph->size();
  return Port(*plan_.graph, plan_.paths[unit.paths[input]], (replayed_ahead ? read_tapes_ : buffers_)[feed.buffer]);
}

Port Machinery::port(uint32_t path) const {
  const Path& p = plan_.paths[path];
  return Port(*plan_.graph, p, buffers_[p.real]);
}

Status Machinery::run_global(NodeId id) {
  StageRunner& runner = *global_runners_[id];
  const uint64_t start = os::monotonic_ns();
  if (runner.has_state()) SQS_TRY(runner.init(workers_[0], 0));
  SQS_TRY(runner.process(workers_[0], 0, 1));
  runner.drop_state();
  (*context_.counters)[id].add_ns(os::monotonic_ns() - start);
  return ok();
}

Status Machinery::finish_reduce(StageRunner& runner) {
  SQS_TRY(runner.finish(workers_[0]));
  runner.drop_state();
  return ok();
}

Status Machinery::deliver_globals() {
  for (uint32_t t = 0; t < plan_.targets.size(); ++t) {
    const TargetPlan& target = plan_.targets[t];
    const Node& node = plan_.graph->node(target.node);
    if (!node.global() || target.rows.count() == 0) continue;
    SQS_TRY((*context_.outputs)[t]->deliver_known(dense_view(node, 0, 1, buffers_[target.node].data)));
  }
  return ok();
}

}  // namespace sqs
