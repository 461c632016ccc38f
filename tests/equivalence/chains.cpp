#include "chains.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "checks.hpp"
#include "mix.hpp"
#include "naive.hpp"

namespace eq {
namespace {

// Frames of one u32, seen through windows of 4 frames, 2 apart.
GraphSpec frames_of(uint64_t frames) {
  GraphSpec graph;
  graph.dtype = SQS_U32;
  graph.window = 4;
  graph.hop = 2;
  graph.frames = frames;
  graph.samples.reserve(16);
  graph.samples.resize(frames * 4);
  if (frames > 0) write_elements(SQS_U32, frames, 31, false, graph.samples.data());
  return graph;
}

StageSpec& add(GraphSpec& graph, const std::string& name, int32_t kind, const AccessSpec& input) {
  StageSpec stage;
  stage.name = name;
  stage.kind = kind;
  stage.dtype = SQS_F32;
  stage.inputs = {input};
  stage.seed = graph.stages.size();
  stage.state = graph.stages.size() % 2 == 0 ? StateForm::Saved : StateForm::Plain;
  stage.state_extra_bytes = 40;
  graph.stages.push_back(stage);
  return graph.stages.back();
}

StageSpec& add_scan(GraphSpec& graph, const std::string& name, int32_t direction, const std::string& input) {
  StageSpec& stage = add(graph, name, SQS_SCAN, {input, SQS_VALID, 0, 0, 1, 0, false});
  stage.direction = direction;
  return stage;
}

// Forth over an extension of the frames.
void add_forth(GraphSpec& graph) {
  StageSpec& forth = add_scan(graph, "forth", SQS_FORWARD, "frames");
  forth.lead = 5;
  forth.tail = 3;
  forth.extend_edge = SQS_REFLECT;
}

// As a filter without phase: forth over an extension of the frames, back over that, cropped to the frames, then the slope.
GraphSpec there_and_back(uint64_t frames) {
  GraphSpec graph = frames_of(frames);
  add_forth(graph);
  add_scan(graph, "back", SQS_BACKWARD, "forth").crop = "frames";
  add(graph, "slope", SQS_MAP, {"back", SQS_CLAMP, 1, 2, 1, 0, false});
  graph.targets = {"slope", "back", "forth"};
  return graph;
}

// Five scans in turns, with context, windows and a stride between them, and a map that joins the first to the last.
GraphSpec in_turns(uint64_t frames) {
  GraphSpec graph = frames_of(frames);
  add_scan(graph, "a", SQS_FORWARD, "frames");
  add(graph, "around", SQS_MAP, {"a", SQS_REFLECT, 2, 3, 1, 0, false});
  add_scan(graph, "b", SQS_BACKWARD, "around");
  add_scan(graph, "c", SQS_FORWARD, "b");
  add_scan(graph, "d", SQS_BACKWARD, "c").inputs = {{"c", SQS_ZERO, 1, 1, 2, 0, false}};
  add_scan(graph, "e", SQS_FORWARD, "d");
  add(graph, "joined", SQS_MAP, {"e", SQS_CLAMP, 1, 1, 1, 0, false}).inputs.push_back({"a", SQS_CLAMP, 0, 3, 2, 0, false});
  graph.targets = {"joined", "e", "c"};
  return graph;
}

// Normalises by what a first pass sums up from the end, then looks back; a stage in between may run only once.
GraphSpec two_passes(uint64_t frames) {
  GraphSpec graph = frames_of(frames);
  add_scan(graph, "once", SQS_FORWARD, "frames").purity = SQS_ONCE;
  StageSpec& sum = add(graph, "sum", SQS_REDUCE, {"once", SQS_VALID, 0, 0, 1, 0, false});
  sum.direction = SQS_BACKWARD;
  add(graph, "scaled", SQS_MAP, {"once", SQS_VALID, 0, 0, 1, 0, false}).inputs.push_back({"sum", SQS_VALID, 0, 0, 1, 0, false});
  add_scan(graph, "back", SQS_BACKWARD, "scaled");
  add(graph, "both", SQS_MAP, {"back", SQS_VALID, 0, 0, 1, 0, false}).inputs.push_back({"once", SQS_VALID, 0, 0, 1, 0, false});
  graph.targets = {"both", "back", "sum"};
  return graph;
}

// Forth over an extension, back and cropped, with readers on either side of each row.
GraphSpec around_and_back(uint64_t frames) {
  GraphSpec graph = frames_of(frames);
  add_forth(graph);
  add(graph, "around", SQS_MAP, {"forth", SQS_CLAMP, 3, 1, 1, 0, false});
  add_scan(graph, "back", SQS_BACKWARD, "around").inputs.push_back({"forth", SQS_CLAMP, 1, 4, 1, 0, false});
  graph.stages.back().crop = "frames";
  StageSpec& both = add(graph, "both", SQS_MAP, {"back", SQS_CLAMP, 1, 2, 2, 0, false});
  both.inputs.push_back({"around", SQS_CLAMP, 2, 2, 2, 0, true});
  graph.targets = {"back", "both"};
  return graph;
}

// Rows that two sweeps look back on, in part by the second, and too wide to keep all for so little.
GraphSpec back_twice(uint64_t frames) {
  GraphSpec graph = frames_of(frames);
  add_forth(graph);
  graph.stages.back().shape = {2000};
  graph.stages.back().cost_ns_per_row = 0.01;
  const AccessSpec forth{"forth", SQS_VALID, 0, 0, 1, 0, false};
  add(graph, "from_end", SQS_REDUCE, forth).direction = SQS_BACKWARD;
  add(graph, "from_start", SQS_REDUCE, forth).inputs.push_back({"from_end", SQS_VALID, 0, 0, 1, 0, false});
  add(graph, "scaled", SQS_MAP, forth).inputs.push_back({"from_start", SQS_VALID, 0, 0, 1, 0, false});
  add_scan(graph, "back", SQS_BACKWARD, "scaled").inputs = {{"scaled", SQS_ZERO, 0, 0, 4, 0, false}};
  graph.targets = {"back", "scaled"};
  return graph;
}

// Who wants both from the first row on finds one in a replay, and the other beside it.
GraphSpec kept_behind(uint64_t frames) {
  GraphSpec graph = frames_of(frames);
  add_scan(graph, "once", SQS_BACKWARD, "frames").purity = SQS_ONCE;
  add_scan(graph, "back", SQS_BACKWARD, "once");
  graph.targets = {"back", "once"};
  return graph;
}

// The least budget in which every part of every target can be had, each by itself.
void find_least_budget(const GraphSpec& graph, const Naive& naive, const sqs_settings& settings, uint64_t& least) {
  Session session(graph, naive);
  ASSERT_NO_FATAL_FAILURE(build_and_feed(session, graph));
  session.configure(settings);
  least = 1;
  for (const std::string& target : graph.targets) {
    for (const RowRange& part : parts_of(naive.rows(target).rows)) {
      sqs_plan_info info;
      ASSERT_EQ(session.plan({target}, part, false, info), SQS_OK) << session.refusal();
      least = std::max(least, info.least_budget_bytes);
    }
  }
}

}  // namespace

GraphSpec chain(const std::string& chain, uint64_t frames) {
  if (chain == "there_and_back") return there_and_back(frames);
  if (chain == "around_and_back") return around_and_back(frames);
  if (chain == "back_twice") return back_twice(frames);
  if (chain == "kept_behind") return kept_behind(frames);
  return chain == "in_turns" ? in_turns(frames) : two_passes(frames);
}

GraphSpec chain_on_any_thread(const std::string& name, uint64_t frames) {
  GraphSpec graph = chain(name, frames);
  for (StageSpec& stage : graph.stages) stage.threading = stage.kind == SQS_MAP ? SQS_CONCURRENT : SQS_ANY_THREAD;
  return graph;
}

std::vector<RowRange> parts_of(uint64_t rows) {
  std::vector<RowRange> parts = {{}, {0, rows}, {rows / 2, rows}, {0, rows / 2}, {rows / 3, rows - rows / 4}, {rows, SQS_END}};
  for (uint64_t t = 0; t < rows; t += 1 + rows / 6) {
    parts.push_back({rows - t - 1, rows - t});
    parts.push_back({t, t + 1});
  }
  return parts;
}

void build_and_feed(Session& session, const GraphSpec& graph) {
  ASSERT_EQ(session.build(), SQS_OK) << session.refusal();
  Rng rng(graph.frames);
  ASSERT_EQ(session.feed(Feed::Memory, rng), SQS_OK) << session.refusal();
}

void try_parts(const GraphSpec& graph, sqs_settings settings, const std::vector<uint64_t>& sixteenths) {
  const Naive naive(graph);
  uint64_t least = 0;
  ASSERT_NO_FATAL_FAILURE(find_least_budget(graph, naive, settings, least));
  for (const uint64_t more : sixteenths) {
    Session session(graph, naive);
    ASSERT_NO_FATAL_FAILURE(build_and_feed(session, graph));
    settings.memory_budget = least + least * more / 16;
    session.configure(settings);
    for (const std::string& target : graph.targets) {
      ASSERT_EQ(ask_in_turn(session, naive, target, parts_of(naive.rows(target).rows)), "")
          << describe(settings) << "\n" << dump(graph);
    }
    ASSERT_EQ(session.close() + session.findings(), "") << describe(settings) << "\n" << dump(graph);
  }
}

}  // namespace eq
