#include "graph/graph.hpp"

#include <gtest/gtest.h>

namespace sqs {
namespace {

using GraphPtr = std::shared_ptr<const Graph>;

Format format() {
  Format f;
  f.dtype = SQS_F32;
  f.window = 8;
  f.hop = 4;
  return f;
}

GraphPtr empty() {
  Result<GraphPtr> graph = Graph::create(format());
  return graph.ok() ? *graph : nullptr;
}

int64_t process(void*, sqs_call*) { return 0; }
int32_t finish(void*, sqs_call*) { return 1; }

StageDecl stage(const std::string& name, std::vector<Access> inputs, Kind kind = Kind::Map) {
  StageDecl decl;
  decl.name = name;
  decl.kind = kind;
  decl.dtype = SQS_F32;
  decl.inputs = std::move(inputs);
  decl.process = process;
  if (kind == Kind::Reduce) decl.finish = finish;
  return decl;
}

Access on(const std::string& name, Edge edge = Edge::Valid, uint64_t before = 0, uint64_t after = 0, uint64_t stride = 1) {
  Access a;
  a.stage = name;
  a.edge = edge;
  a.before = before;
  a.after = after;
  a.stride = stride;
  return a;
}

// Adds stages one after the other; the last result is the verdict.
Result<GraphPtr> add(GraphPtr graph, std::vector<StageDecl> stages) {
  Result<GraphPtr> last = graph;
  for (StageDecl& decl : stages) {
    last = (*last)->with_stage(std::move(decl));
    if (!last.ok()) return last;
  }
  return last;
}

void expect_refused(const Result<GraphPtr>& result, int32_t code, const std::string& stage, const std::string& words) {
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, code) << result.error().message;
  EXPECT_EQ(result.error().stage, stage);
  EXPECT_NE(result.error().message.find(words), std::string::npos) << result.error().message;
}

TEST(Graph, AddingAStageLeavesTheOldGraphAsItWas) {
  const GraphPtr graph = empty();
  const Result<GraphPtr> larger = graph->with_stage(stage("a", {on("frames")}));
  ASSERT_TRUE(larger.ok());
  EXPECT_EQ(graph->size(), 2u);
  EXPECT_EQ((*larger)->size(), 3u);
  EXPECT_FALSE(graph->find("a").ok());
}

TEST(Graph, InputsOfOneStageMustShareOrigin) {
  expect_refused(add(empty(), {stage("late", {on("frames", Edge::Valid, 2, 2)}), stage("sum", {on("frames"), on("late")})}), SQS_E_GRAPH,
                 "sum", "frame 2");
}

TEST(Graph, InputsOfOneStageMustShareStep) {
  expect_refused(add(empty(), {stage("half", {on("frames", Edge::Zero, 0, 0, 2)}), stage("sum", {on("frames"), on("half")})}), SQS_E_GRAPH,
                 "sum", "every 2 frames");
}

TEST(Graph, InputsOfOneStageMustShareLength) {
  expect_refused(add(empty(), {stage("sum", {on("frames", Edge::Valid, 0, 3), on("frames")})}), SQS_E_GRAPH, "sum", "crop one");
}

TEST(Graph, AStatedOffsetTakesTheRowsAllInputsHave) {
  Access shifted = on("frames", Edge::Valid, 0, 3);
  shifted.has_offset = true;
  shifted.offset = 2;
  const Result<GraphPtr> graph = add(empty(), {stage("sum", {shifted, on("frames")})});
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ((*graph)->rows(20, true)->at(2).out.count, 15u);  // 20 - 2 - 3
}

TEST(Graph, AReduceIsReadAtEveryRow) {
  const Result<GraphPtr> graph = add(empty(), {stage("mean", {on("input")}, Kind::Reduce), stage("norm", {on("input"), on("mean")})});
  ASSERT_TRUE(graph.ok());
  const auto rows = (*graph)->rows(100, true);
  EXPECT_TRUE((*graph)->node(2).global());
  EXPECT_EQ(rows->at(2).domain.count, 24u);
  EXPECT_EQ(rows->at(3).out.count, 24u);
}

TEST(Graph, ACropKeepsTheRowsThatLieOnAnotherStage) {
  StageDecl filter = stage("filter", {on("frames")}, Kind::Scan);
  filter.lead = 6;
  filter.tail = 5;
  filter.extend_edge = Edge::Odd;
  filter.crop = "frames";
  const Result<GraphPtr> graph = add(empty(), {std::move(filter)});
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  const NodeId view = *(*graph)->find("filter");
  const auto rows = (*graph)->rows(50, true);
  EXPECT_EQ(rows->at(view - 1).out.count, 61u);
  EXPECT_EQ(rows->at(view - 1).out.origin, -6);
  EXPECT_EQ(rows->at(view).out.count, 50u);
  EXPECT_EQ(rows->at(view).out.origin, 0);
}

TEST(Graph, AnOddEdgeThatMirrorsMoreThanThereIsIsRefusedWhenPlanned) {
  const Result<GraphPtr> graph = add(empty(), {stage("a", {on("frames", Edge::Odd, 5, 0)})});
  ASSERT_TRUE(graph.ok());
  EXPECT_TRUE((*graph)->rows(6, true).ok());
  const auto refused = (*graph)->rows(5, true);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, SQS_E_GRAPH);
  EXPECT_NE(refused.error().message.find("mirrors 5 rows"), std::string::npos);
}

TEST(Graph, AWindowOfTooManyBytesIsRefused) {
  Format f = format();
  f.window = uint64_t{1} << 39;
  f.channels = uint64_t{1} << 39;
  const Result<GraphPtr> graph = Graph::create(f);
  ASSERT_FALSE(graph.ok());
  EXPECT_EQ(graph.error().code, SQS_E_OVERFLOW);
}

}  // namespace
}  // namespace sqs
