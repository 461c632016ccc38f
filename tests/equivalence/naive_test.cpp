// The reference itself, against values worked out by hand and by numpy.pad and scipy.signal's odd_ext, and the generator's
// reach: a reference that is wrong, or graphs that leave half of the header out, would make the other tests worthless.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <set>

#include "mix.hpp"
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

// ---- looking back

StageSpec backward_stage(const std::string& name, int32_t kind, const std::string& input) {
  StageSpec stage;
  stage.name = name;
  stage.kind = kind;
  stage.direction = SQS_BACKWARD;
  stage.dtype = SQS_U64;
  stage.inputs = {access_to(input, SQS_VALID, 0, 0, 1)};
  stage.seed = 77;
  return stage;
}

// What row t of a stage with one plain input hashes, if the input's row shows `value`.
template <class Value>
uint64_t hash_of(const StageSpec& stage, uint64_t t, Value value) {
  Mixer mixer(stage.seed);
  mixer.absorb(t);
  mixer.absorb_element(&value, sizeof value);
  return mixer.value();
}

std::vector<uint64_t> words(const Rows& rows) {
  std::vector<uint64_t> values(rows.bytes.size() / sizeof(uint64_t));
  if (!values.empty()) std::memcpy(values.data(), rows.bytes.data(), rows.bytes.size());
  return values;
}

// What a stage of u64 scalars writes from a hash.
uint64_t word(uint64_t hash) {
  uint64_t value = 0;
  write_elements(SQS_U64, 1, hash, false, &value);
  return value;
}

using Words = std::vector<uint64_t>;

TEST(NaiveBackward, WalksAScanFromItsLastRowToItsFirst) {
  GraphSpec graph = ramp(3, 1, 1);
  graph.stages = {backward_stage("back", SQS_SCAN, "frames")};
  const StageSpec& back = graph.stages.front();
  Carry carry;
  carry_first(carry, back.seed, hash_of(back, 2, 30.0F));
  const uint64_t row2 = carry_row(carry, 2, hash_of(back, 2, 30.0F));
  const uint64_t row1 = carry_row(carry, 1, hash_of(back, 1, 20.0F));
  const uint64_t row0 = carry_row(carry, 0, hash_of(back, 0, 10.0F));
  EXPECT_EQ(words(Naive(graph).rows("back")), (Words{word(row0), word(row1), word(row2)}));
}

TEST(NaiveBackward, BeginsWithAnEmptyStateWithoutInit) {
  GraphSpec graph = ramp(2, 1, 1);
  graph.stages = {backward_stage("back", SQS_SCAN, "frames")};
  graph.stages.front().has_init = false;
  graph.stages.front().state_extra_bytes = 8;
  const StageSpec& back = graph.stages.front();
  uint64_t slot = 0;
  Carry carry{0, &slot, 1};
  const uint64_t row1 = carry_row(carry, 1, hash_of(back, 1, 20.0F));
  const uint64_t row0 = carry_row(carry, 0, hash_of(back, 0, 10.0F));
  EXPECT_EQ(words(Naive(graph).rows("back")), (Words{word(row0), word(row1)}));
}

TEST(NaiveBackward, BeginsInTheTailAndEndsInTheLead) {
  GraphSpec graph = ramp(3, 1, 1);
  StageSpec back = backward_stage("whole", SQS_SCAN, "frames");
  back.extend_edge = SQS_ODD;
  back.lead = 1;
  back.tail = 2;
  graph.stages.push_back(back);
  back.name = "cropped";
  back.crop = "frames";
  graph.stages.push_back(back);
  const Naive naive(graph);
  Carry carry;
  Words rows(6);
  carry_first(carry, back.seed, hash_of(back, 5, 50.0F));
  rows[5] = word(carry_row(carry, 5, hash_of(back, 5, 50.0F)));
  rows[4] = word(carry_row(carry, 4, hash_of(back, 4, 40.0F)));
  rows[3] = word(carry_row(carry, 3, hash_of(back, 3, 30.0F)));
  rows[2] = word(carry_row(carry, 2, hash_of(back, 2, 20.0F)));
  rows[1] = word(carry_row(carry, 1, hash_of(back, 1, 10.0F)));
  rows[0] = word(carry_row(carry, 0, hash_of(back, 0, 0.0F)));
  EXPECT_EQ(words(naive.rows("whole")), rows);
  EXPECT_EQ(naive.geometry("whole").origin, -1);
  EXPECT_EQ(words(naive.rows("cropped")), (Words{rows[1], rows[2], rows[3]}));
  EXPECT_EQ(naive.geometry("cropped").origin, 0);
}

TEST(NaiveBackward, ReadsContextAroundEachRowByTheEdgeRule) {
  GraphSpec graph = ramp(4, 1, 1);
  graph.stages = {backward_stage("back", SQS_SCAN, "frames")};
  StageSpec& back = graph.stages.front();
  back.inputs = {access_to("frames", SQS_CLAMP, 1, 1, 2)};  // rows 0, 2: 10 10 20 and 20 30 40
  const auto hash = [&](uint64_t t, const Values& context) {
    Mixer mixer(back.seed);
    mixer.absorb(t);
    for (const float value : context) mixer.absorb_element(&value, sizeof value);
    return mixer.value();
  };
  Carry carry;
  carry_first(carry, back.seed, hash(1, {20, 30, 40}));
  const uint64_t row1 = carry_row(carry, 1, hash(1, {20, 30, 40}));
  const uint64_t row0 = carry_row(carry, 0, hash(0, {10, 10, 20}));
  EXPECT_EQ(words(Naive(graph).rows("back")), (Words{word(row0), word(row1)}));
}

TEST(NaiveBackward, AReduceConsumesItsRowsFromTheLastToTheFirst) {
  GraphSpec graph = ramp(3, 1, 1);
  graph.stages = {backward_stage("reduce", SQS_REDUCE, "frames")};
  StageSpec& reduce = graph.stages.front();
  reduce.state_extra_bytes = 16;
  uint64_t slots[2] = {0, 0};
  Carry carry{0, slots, 2};
  carry_first(carry, reduce.seed, hash_of(reduce, 2, 30.0F));
  carry_row(carry, 2, hash_of(reduce, 2, 30.0F));
  carry_row(carry, 1, hash_of(reduce, 1, 20.0F));
  carry_row(carry, 0, hash_of(reduce, 0, 10.0F));
  EXPECT_EQ(words(Naive(graph).rows("reduce")), (Words{word(carry_end(carry, reduce.seed))}));
  GraphSpec forward = graph;
  forward.stages.front().direction = SQS_FORWARD;
  EXPECT_NE(words(Naive(forward).rows("reduce")), words(Naive(graph).rows("reduce")));
  graph.frames = 0;
  EXPECT_EQ(Naive(graph).rows("reduce").rows, 1U) << "of no rows";
}

TEST(NaiveBackward, AForwardScanReadsTheRowsOfABackwardOne) {
  GraphSpec graph = ramp(2, 1, 1);
  graph.stages = {backward_stage("back", SQS_SCAN, "frames"), backward_stage("forth", SQS_SCAN, "back")};
  graph.stages[1].direction = SQS_FORWARD;
  const Naive naive(graph);
  const Words back = words(naive.rows("back"));
  const StageSpec& forth = graph.stages[1];
  Carry carry;
  carry_first(carry, forth.seed, hash_of(forth, 0, back[0]));
  const uint64_t row0 = carry_row(carry, 0, hash_of(forth, 0, back[0]));
  const uint64_t row1 = carry_row(carry, 1, hash_of(forth, 1, back[1]));
  EXPECT_EQ(words(naive.rows("forth")), (Words{word(row0), word(row1)}));
}

TEST(NaiveBackward, ARowDependsOnTheRowsFromItOnAndOnNoOther) {
  const auto rows_with = [](uint64_t frame, float value) {
    GraphSpec graph = ramp(6, 1, 1);
    std::memcpy(graph.samples.data() + frame * sizeof value, &value, sizeof value);
    graph.stages = {backward_stage("back", SQS_SCAN, "frames")};
    return words(Naive(graph).rows("back"));
  };
  const Words original = rows_with(0, 10);
  const Words changed = rows_with(3, -1);
  for (size_t t = 0; t < original.size(); ++t) EXPECT_EQ(original[t] == changed[t], t > 3) << "row " << t;
}

TEST(NaiveBackward, NoRowIsDecidedBeforeTheEnd) {
  GraphSpec graph = ramp(40, 4, 2);
  StageSpec back = backward_stage("back", SQS_SCAN, "frames");
  StageSpec cropped = backward_stage("cropped", SQS_SCAN, "frames");
  cropped.crop = "input";
  StageSpec reader = backward_stage("reader", SQS_SCAN, "cropped");
  reader.direction = SQS_FORWARD;
  StageSpec map = backward_stage("map", SQS_MAP, "frames");
  map.inputs.push_back(access_to("back", SQS_VALID, 0, 0, 1));
  StageSpec to_back = backward_stage("to back", SQS_SCAN, "frames");
  to_back.direction = SQS_FORWARD;
  to_back.crop = "cropped";
  StageSpec beside = backward_stage("beside", SQS_SCAN, "frames");
  beside.direction = SQS_FORWARD;
  graph.stages = {back, cropped, reader, map, to_back, beside, windows_over("windows", access_to("back", SQS_VALID, 0, 2, 1)),
                  backward_stage("reduce", SQS_REDUCE, "frames")};
  const Naive naive(graph);
  for (const char* stage : {"back", "cropped", "reader", "map", "to back", "windows", "reduce"}) {
    EXPECT_FALSE(naive.geometries().decided_rows(graph, stage, 30)) << stage;
  }
  EXPECT_EQ(naive.geometries().decided_rows(graph, "beside", 30), 30U);
  EXPECT_EQ(stages_that_look_back(graph), (std::set<std::string>{"back", "cropped", "reader", "map", "windows"}));
}

// ---- the generator

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

// How often the direction changes on the way to a stage, at most.
uint64_t turns(const GraphSpec& graph, const std::string& name, int32_t direction) {
  for (const StageSpec& stage : graph.stages) {
    if (stage.name != name) continue;
    const bool scan = stage.carries() && stage.kind == SQS_SCAN;
    const int32_t here = scan ? stage.direction : direction;
    uint64_t most = 0;
    for (const AccessSpec& access : stage.inputs) most = std::max(most, turns(graph, access.stage, here));
    return most + (scan && here != direction ? 1 : 0);
  }
  return 0;
}

TEST(RandomGraph, LooksBackAsOftenAsAsked) {
  const auto count = [](unsigned percent) {
    GraphLimits limits;
    limits.looking_back = percent;
    uint64_t graphs = 0;
    for (uint64_t seed = 0; seed < 200; ++seed) {
      const GraphSpec graph = random_graph(seed, limits);
      const bool backward = std::any_of(graph.stages.begin(), graph.stages.end(),
                                        [](const StageSpec& stage) { return stage.backward(); });
      if (backward) ++graphs;
    }
    return graphs;
  };
  EXPECT_EQ(count(0), 0U);
  EXPECT_EQ(count(100), 200U);
  EXPECT_GT(count(20), 20U);
  EXPECT_LT(count(20), 60U);
}

TEST(RandomGraph, ReachesEveryWayOfLookingBack) {
  GraphLimits limits;
  limits.looking_back = 100;
  limits.long_streams = 1;
  std::map<std::string, int> seen;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const GraphSpec graph = random_graph(seed, limits);
    ASSERT_LE(graph.frames, limits.frames);
    const Naive naive(graph);
    const std::set<std::string> back = stages_that_look_back(graph);
    const auto note = [&](const std::string& what, bool holds) { seen[what] += holds ? 1 : 0; };
    uint64_t targets_back = 0;
    for (const std::string& target : graph.targets) {
      targets_back += back.contains(target) ? 1 : 0;
      const bool many = naive.rows(target).rows > 20;
      for (uint64_t deep = 1; deep <= 5; ++deep) {
        note(std::to_string(deep) + " turns", many && turns(graph, target, SQS_FORWARD) >= deep);
      }
    }
    ASSERT_GE(targets_back, 1U) << dump(graph);
    note("a target on either side", targets_back < graph.targets.size());
    for (const StageSpec& stage : graph.stages) {
      const bool scan = stage.backward() && stage.kind == SQS_SCAN;
      const bool many = naive.geometry(stage.name).computed_rows > 20;
      note("backward scan", scan && many);
      note("backward reduce", stage.backward() && stage.kind == SQS_REDUCE && many);
      note("backward scan with saved state", scan && many && stage.state == StateForm::Saved);
      note("backward scan without init", scan && many && !stage.has_init);
      note("backward scan with lead", scan && stage.lead > 0);
      note("backward scan with tail", scan && stage.tail > 0);
      note("backward scan cropped", scan && !stage.crop.empty());
      note("cropped to what looks back", back.contains(stage.crop));
      note("backward once", scan && stage.purity == SQS_ONCE);
      note("once behind a turn", !scan && back.contains(stage.name) && stage.purity == SQS_ONCE);
      note("windows over a backward scan", stage.windows && back.contains(stage.inputs.front().stage));
      note("reduce of what looks back", stage.carries() && stage.kind == SQS_REDUCE && back.contains(stage.name));
      bool reads_back = false;
      bool reads_other = false;
      for (const AccessSpec& access : stage.inputs) {
        const bool varies = !naive.geometry(access.stage).constant;
        if (scan) note("edge " + std::to_string(access.edge) + " in a backward scan", many);
        if (scan && stage.lead + stage.tail > 0) note("extended by " + std::to_string(stage.extend_edge), many);
        note("stride in a backward scan", scan && many && access.stride > 1);
        note("context in a backward scan", scan && many && access.context() > 3);
        if (back.contains(access.stage) && varies) {
          reads_back = true;
          note("edge " + std::to_string(access.edge) + " over what looks back", access.context() > 1);
        } else if (varies) {
          reads_other = true;
        }
      }
      note("a map joins both", stage.kind == SQS_MAP && !stage.windows && reads_back && reads_other);
      note("a scan joins both", stage.carries() && reads_back && reads_other);
    }
  }
  EXPECT_EQ(seen.size(), 5U + 1U + 12U + 5U + 4U + 2U + 5U + 2U);
  for (const auto& [what, times] : seen) EXPECT_GE(times, 3) << what;
}

}  // namespace
}  // namespace eq
