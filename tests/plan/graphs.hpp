// Small graphs for planning; nothing here is ever run.
#pragma once

#include <gtest/gtest.h>

#include "plan/explain.hpp"
#include "plan/planner.hpp"

namespace sqs {

inline int64_t never_called(void*, sqs_call*) { return 0; }
inline int32_t never_finished(void*, sqs_call*) { return 1; }

inline Access reads(const std::string& stage, Edge edge = Edge::Valid, uint64_t before = 0, uint64_t after = 0,
                    uint64_t stride = 1) {
  Access a;
  a.stage = stage;
  a.edge = edge;
  a.before = before;
  a.after = after;
  a.stride = stride;
  return a;
}

class GraphBuilder {
 public:
  GraphBuilder(uint64_t window, uint64_t hop) {
    Format f;
    f.dtype = SQS_F32;
    f.window = window;
    f.hop = hop;
    graph_ = *Graph::create(f);
  }

  GraphBuilder& stage(const std::string& name, std::vector<Access> inputs, uint64_t values = 1, Kind kind = Kind::Map,
                      bool once = false, bool backward = false) {
    StageDecl decl;
    decl.name = name;
    decl.kind = kind;
    decl.dtype = SQS_F32;
    decl.shape = {values};
    decl.inputs = std::move(inputs);
    decl.once = once;
    decl.backward = backward;
    decl.threading = Threading::Concurrent;
    decl.process = never_called;
    if (kind == Kind::Reduce) decl.finish = never_finished;
    if (kind != Kind::Map) decl.state_bytes = 8;
    Result<std::shared_ptr<const Graph>> added = graph_->with_stage(std::move(decl));
    EXPECT_TRUE(added.ok()) << (added.ok() ? "" : added.error().message);
    if (added.ok()) graph_ = *added;
    return *this;
  }

  // A scan that runs from the last row to the first.
  GraphBuilder& back(const std::string& name, std::vector<Access> inputs, uint64_t values = 1, bool once = false) {
    return stage(name, std::move(inputs), values, Kind::Scan, once, true);
  }

  std::shared_ptr<const Graph> graph() const { return graph_; }
  NodeId id(const std::string& name) const { return *graph_->find(name); }

  Request request(const std::vector<std::string>& targets, uint64_t frames) const {
    Request r;
    r.graph = graph_;
    for (const std::string& t : targets) r.targets.push_back({id(t), SinkKind::Callback, false});
    r.input.frames = frames;
    r.budget_bytes = uint64_t{1} << 30;
    r.settings.mode = SQS_SQRT;
    return r;
  }

 private:
  std::shared_ptr<const Graph> graph_;
};

// With texts and advice.
inline std::shared_ptr<const Plan> planned(const Request& request) {
  const Result<std::shared_ptr<const Plan>> made = make_plan(request);
  EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error().message);
  if (!made.ok()) return nullptr;
  auto plan = std::make_shared<Plan>(**made);
  explain(*plan);
  return plan;
}

// What a plan calls: each unit of a sweep once a tile, and what replays call.
inline uint64_t calls_of(const Plan& plan) {
  uint64_t calls = plan.turn.replayed_calls;
  for (const Sweep& sweep : plan.sweeps) calls += sweep.units.size() * static_cast<uint64_t>(sweep.tile_end - sweep.first_tile);
  return calls;
}

}  // namespace sqs
