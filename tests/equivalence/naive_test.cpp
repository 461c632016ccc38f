// The reference itself, against values worked out by hand and by numpy.pad and scipy.signal's odd_ext, and the generator's
// reach: a reference that is wrong, or graphs that leave half of the header out, would make the other tests worthless.
#include <gtest/gtest.h>

#include <cstring>
#include <set>

#include "naive.hpp"
#include "random_graph.hpp"

namespace eq {
namespace {

// Frames 10, 20, 30, .. as one-channel f32.
GraphSpec ramp(uint64_t frames, uint64_t window, uint64_t hop) {
  GraphSpec graph;
  graph.dtype = SQS_F32;
  graph.window = window;
  graph.hop = hop;
  graph.frames = frames;
  graph.samples.resize(frames * sizeof(float));
  for (uint64_t i = 0; i < frames; ++i) {
    const auto value = static_cast<float>(10 * (i + 1));
    std::memcpy(graph.samples.data() + i * sizeof value, &value, sizeof value);
  }
  return graph;
}

StageSpec windows_over(const std::string& name, const AccessSpec& access) {
  StageSpec stage;
  stage.name = name;
  stage.windows = true;
  stage.inputs = {access};
  return stage;
}

AccessSpec access_to(const std::string& stage, int32_t edge, uint64_t before, uint64_t after, uint64_t stride) {
  AccessSpec access;
  access.stage = stage;
  access.edge = edge;
  access.before = before;
  access.after = after;
  access.stride = stride;
  return access;
}

std::vector<float> floats(const Rows& rows) {
  std::vector<float> values(rows.bytes.size() / sizeof(float));
  if (!values.empty()) std::memcpy(values.data(), rows.bytes.data(), rows.bytes.size());
  return values;
}

std::vector<float> extended(int32_t edge, uint64_t n, int64_t pad) {
  const GraphSpec graph = ramp(n, 1, 1);
  const Naive naive(graph);
  std::vector<float> values;
  for (int64_t i = -pad; i < static_cast<int64_t>(n) + pad; ++i) {
    float value = 0;
    extended_row(naive.rows("frames"), i, edge, reinterpret_cast<uint8_t*>(&value));
    values.push_back(value);
  }
  return values;
}

using Values = std::vector<float>;

TEST(Naive, ExtendsByTheFourEdgeRules) {
  EXPECT_EQ(extended(SQS_ZERO, 3, 2), (Values{0, 0, 10, 20, 30, 0, 0}));
  EXPECT_EQ(extended(SQS_CLAMP, 3, 2), (Values{10, 10, 10, 20, 30, 30, 30}));
  EXPECT_EQ(extended(SQS_REFLECT, 3, 2), (Values{30, 20, 10, 20, 30, 20, 10}));
  EXPECT_EQ(extended(SQS_ODD, 3, 2), (Values{-10, 0, 10, 20, 30, 40, 50}));
}

TEST(Naive, ReflectsAgainWhenThePadIsLongerThanTheArray) {
  // numpy.pad([10, 20, 30], 5, "reflect")
  EXPECT_EQ(extended(SQS_REFLECT, 3, 5), (Values{20, 10, 20, 30, 20, 10, 20, 30, 20, 10, 20, 30, 20}));
  EXPECT_EQ(extended(SQS_REFLECT, 1, 2), (Values{10, 10, 10, 10, 10}));
}

TEST(Naive, CountsWindowsOfTheRawStream) {
  EXPECT_EQ(Naive(ramp(10, 4, 2)).rows("input").rows, 4U);
  EXPECT_EQ(Naive(ramp(3, 4, 2)).rows("input").rows, 0U);
  EXPECT_EQ(Naive(ramp(4, 4, 2)).rows("input").rows, 1U);
  EXPECT_EQ(Naive(ramp(10, 2, 5)).rows("input").rows, 2U);
  EXPECT_EQ(floats(Naive(ramp(7, 2, 5)).rows("input")), (Values{10, 20, 60, 70}));
}

TEST(Naive, PadsWindowsUntilEveryFrameIsCovered) {
  GraphSpec graph = ramp(7, 4, 2);
  graph.pad_end = true;
  EXPECT_EQ(floats(Naive(graph).rows("input")), (Values{10, 20, 30, 40, 30, 40, 50, 60, 50, 60, 70, 0}));
  graph = ramp(2, 4, 3);
  graph.pad_end = true;
  EXPECT_EQ(floats(Naive(graph).rows("input")), (Values{10, 20, 0, 0}));
  graph = ramp(0, 4, 3);
  graph.pad_end = true;
  EXPECT_EQ(Naive(graph).rows("input").rows, 0U);
}

TEST(Naive, ReadsByTheAccessRule) {
  GraphSpec graph = ramp(6, 1, 1);
  graph.stages = {windows_over("valid", access_to("frames", SQS_VALID, 1, 1, 2)),
                  windows_over("padded", access_to("frames", SQS_CLAMP, 1, 1, 2))};
  AccessSpec late = access_to("frames", SQS_ZERO, 0, 1, 1);
  late.has_offset = true;
  late.offset = 4;
  graph.stages.push_back(windows_over("late", late));
  late.offset = -1;
  graph.stages.push_back(windows_over("early", late));
  const Naive naive(graph);
  EXPECT_EQ(floats(naive.rows("valid")), (Values{10, 20, 30, 30, 40, 50}));
  EXPECT_EQ(naive.geometry("valid").origin, 1);
  EXPECT_EQ(naive.geometry("valid").step, 2U);
  EXPECT_EQ(floats(naive.rows("padded")), (Values{10, 10, 20, 20, 30, 40, 40, 50, 60}));
  EXPECT_EQ(naive.geometry("padded").origin, 0);
  EXPECT_EQ(floats(naive.rows("late")), (Values{50, 60, 60, 0}));
  EXPECT_EQ(naive.geometry("late").origin, 4);
  EXPECT_EQ(naive.rows("early").rows, 7U);
  EXPECT_EQ(naive.geometry("early").origin, -1);
}

TEST(Naive, ExtendsAndCropsAScan) {
  GraphSpec graph = ramp(5, 1, 1);
  StageSpec scan;
  scan.name = "whole";
  scan.kind = SQS_SCAN;
  scan.dtype = SQS_I64;
  scan.inputs = {access_to("frames", SQS_VALID, 0, 0, 1)};
  scan.extend_edge = SQS_ODD;
  scan.lead = 3;
  scan.tail = 2;
  graph.stages.push_back(scan);
  scan.name = "cropped";
  scan.crop = "frames";
  graph.stages.push_back(scan);
  const Naive naive(graph);
  EXPECT_EQ(naive.geometry("whole").rows, 10U);
  EXPECT_EQ(naive.geometry("whole").origin, -3);
  EXPECT_EQ(naive.geometry("cropped").rows, 5U);
  EXPECT_EQ(naive.geometry("cropped").origin, 0);
  EXPECT_EQ(naive.geometry("cropped").crop_first, 3U);
  const std::vector<uint8_t>& whole = naive.rows("whole").bytes;
  EXPECT_EQ(naive.rows("cropped").bytes, std::vector<uint8_t>(whole.begin() + 24, whole.begin() + 64));
}

TEST(Naive, SeesMisalignedInputs) {
  const GraphSpec graph = ramp(20, 1, 1);
  Geometries geometries(graph);
  StageSpec map;
  map.name = "map";
  map.inputs = {access_to("frames", SQS_CLAMP, 1, 1, 1), access_to("frames", SQS_VALID, 1, 1, 1)};
  EXPECT_FALSE(geometries.add(map)) << "origins 0 and 1";
  map.inputs[1] = access_to("frames", SQS_VALID, 0, 1, 1);
  EXPECT_FALSE(geometries.add(map)) << "20 and 19 rows";
  map.inputs[1] = access_to("frames", SQS_CLAMP, 0, 0, 2);
  EXPECT_FALSE(geometries.add(map)) << "steps 1 and 2";
  map.inputs[1] = access_to("frames", SQS_VALID, 1, 1, 1);
  map.inputs[1].has_offset = true;
  ASSERT_TRUE(geometries.add(map));
  EXPECT_EQ(geometries.at("map").rows, 18U);
  EXPECT_EQ(geometries.at("map").origin, 0);
}

TEST(Naive, KnowsTheRowsThatNoLaterFrameCanChange) {
  GraphSpec graph = ramp(40, 4, 2);
  graph.stages = {windows_over("valid", access_to("frames", SQS_VALID, 1, 2, 1)),
                  windows_over("clamp", access_to("frames", SQS_CLAMP, 1, 2, 1)),
                  windows_over("reflect", access_to("frames", SQS_REFLECT, 6, 0, 1))};
  StageSpec reduce;
  reduce.name = "reduce";
  reduce.kind = SQS_REDUCE;
  reduce.inputs = {access_to("frames", SQS_VALID, 0, 0, 1)};
  graph.stages.push_back(reduce);
  const Naive naive(graph);
  const Geometries& geometries = naive.geometries();
  EXPECT_EQ(geometries.decided_rows(graph, "input", 9), 3U);
  EXPECT_EQ(geometries.decided_rows(graph, "valid", 9), 6U);
  EXPECT_EQ(geometries.decided_rows(graph, "clamp", 9), 7U);
  EXPECT_EQ(geometries.decided_rows(graph, "clamp", 2), 0U);
  EXPECT_EQ(geometries.decided_rows(graph, "reflect", 6), 0U) << "row 0 mirrors frame 6";
  EXPECT_EQ(geometries.decided_rows(graph, "reflect", 7), 7U);
  EXPECT_FALSE(geometries.decided_rows(graph, "reduce", 9));
}

TEST(RandomGraph, IsTheSameForTheSameSeed) {
  const GraphSpec a = random_graph(7);
  const GraphSpec b = random_graph(7);
  EXPECT_EQ(dump(a), dump(b));
  EXPECT_EQ(a.samples, b.samples);
  EXPECT_NE(dump(a), dump(random_graph(8)));
}

TEST(RandomGraph, ReachesEveryPartOfTheHeader) {
  std::set<std::string> seen;
  const auto note = [&](const char* what, bool holds) {
    if (holds) seen.insert(what);
  };
  for (uint64_t seed = 0; seed < 150; ++seed) {
    const GraphSpec graph = random_graph(seed);
    const Naive naive(graph);
    note("no frames", graph.frames == 0);
    note("shorter than a window", graph.frames > 0 && graph.frames < graph.window);
    note("hop beyond the window", graph.hop > graph.window);
    note("padded end", graph.pad_end);
    note("channels", graph.channels > 1);
    note("three targets", graph.targets.size() == 3);
    for (const StageSpec& stage : graph.stages) {
      const Geometry& geometry = naive.geometry(stage.name);
      seen.insert("dtype " + std::to_string(stage.dtype));
      note("windows", stage.windows);
      note("scan", stage.kind == SQS_SCAN && geometry.rows > 20);
      note("saved state", stage.kind == SQS_SCAN && stage.state == StateForm::Saved);
      note("reduce", stage.kind == SQS_REDUCE && geometry.computed_rows > 20);
      note("once", stage.purity == SQS_ONCE);
      note("lead", stage.lead > 0);
      note("crop", !stage.crop.empty());
      note("six dimensions", stage.shape.size() == SQS_MAX_DIMS);
      note("one row for the stream", stage.kind == SQS_MAP && geometry.constant);
      for (const AccessSpec& access : stage.inputs) {
        seen.insert("edge " + std::to_string(access.edge));
        note("long context", access.context() > 20);
        note("stride", access.stride > 1);
        note("negative offset", access.offset < 0);
        note("reads a reduce", naive.geometry(access.stage).constant);
        note("windows of a stage", stage.windows && access.stage != "frames" && access.stage != "input");
        note("unequal reach", stage.inputs.size() > 1 && access.before != stage.inputs.front().before);
      }
    }
  }
  EXPECT_EQ(seen.size(), 21U + 12U + 5U) << [&] {
    std::string all;
    for (const std::string& what : seen) all += what + ", ";
    return all;
  }();
}

}  // namespace
}  // namespace eq
