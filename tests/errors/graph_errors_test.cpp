// What can't be declared: names, cycles, shapes, alignment, sizes. Each with its code and its sentence, and with a pipeline
// that is afterwards as it was before.
#include "fixture.hpp"

namespace errors_test {
namespace {

class GraphErrors : public Errors {};

TEST_F(GraphErrors, UnknownTargetNamesItAndWhatThereIs) {
  set_memory();
  expect_answer(evaluate("spectrum"), SQS_E_NAME, {"spectrum", "double", "rest"});
  auto info = api::sized<sqs_stage_info>();
  expect_answer(api::answer([&](sqs_error** e) { return sqs_pipeline_describe(p(), "spectrum", &info, e); }), SQS_E_NAME,
                {"spectrum"});
  const api::Run run = open_run();
  expect_answer(api::answer([&](sqs_error** e) { return sqs_run_add_array(run.get(), "spectrum", nullptr, e); }), SQS_E_NAME,
                {"spectrum"});
}

TEST_F(GraphErrors, UnknownInputNamesStageAndInput) {
  const api::Answer refused = try_add("late", twice_stage(), {plain("filtered")}, &hook_);
  expect_answer(refused, SQS_E_NAME, {"late", "filtered", "added before"});
  EXPECT_EQ(refused.stage, "late");
  set_memory();
  expect_usable();
}

TEST_F(GraphErrors, AStageThatReadsItselfIsACycle) {
  const api::Answer refused = try_add("loop", twice_stage(), {plain("loop")}, &hook_);
  expect_answer(refused, SQS_E_GRAPH, {"loop", "cycle"});
  EXPECT_EQ(refused.stage, "loop");
}

TEST_F(GraphErrors, ACycleOfTwoNeedsAStageThatIsNotThereYet) {
  expect_answer(try_add("a", twice_stage(), {plain("b")}, &hook_), SQS_E_NAME, {"'b'", "added before"});
  add("b", twice_stage(), {plain("double")}, &hook_);
  add("a", twice_stage(), {plain("b")}, &hook_);
  set_memory();
  ASSERT_TRUE(evaluate("a").ok());
  EXPECT_EQ(api::values<int32_t>(result_.get())[99], 800);
}

TEST_F(GraphErrors, DuplicateAndReservedNames) {
  expect_answer(try_add("double", twice_stage(), {plain("frames")}, &hook_), SQS_E_NAME, {"double", "already"});
  expect_answer(try_add("frames", twice_stage(), {plain("frames")}, &hook_), SQS_E_NAME, {"frames", "reserved"});
  expect_answer(try_add("input", twice_stage(), {plain("frames")}, &hook_), SQS_E_NAME, {"input", "reserved"});
  EXPECT_LT(try_add("", twice_stage(), {plain("frames")}, &hook_).code, 0) << "an empty name";
  set_memory();
  expect_usable();
}

TEST_F(GraphErrors, ImpossibleShapesAndDtypes) {
  sqs_stage stage = twice_stage();
  stage.dtype = 77;
  expect_answer(try_add("s", stage, {plain("frames")}, &hook_), SQS_E_GRAPH, {"'s'", "77"});
  stage = twice_stage();
  stage.ndim = SQS_MAX_DIMS + 1;
  expect_answer(try_add("s", stage, {plain("frames")}, &hook_), SQS_E_GRAPH, {"'s'", "7", "6"});
  stage.ndim = -1;
  EXPECT_LT(try_add("s", stage, {plain("frames")}, &hook_).code, 0) << "negative ndim";
  for (const int64_t extent : {int64_t{0}, int64_t{-3}}) {
    stage = api::stage(SQS_MAP, SQS_I32, {2, extent}, twice);
    expect_answer(try_add("s", stage, {plain("frames")}, &hook_), SQS_E_GRAPH, {"'s'", std::to_string(extent)});
  }
  set_memory();
  expect_usable();
}

TEST_F(GraphErrors, ViewsOfMoreThanEightDimensions) {
  const sqs_access windows = api::access("deep", SQS_VALID, 0, 1);
  add("deep", api::stage(SQS_MAP, SQS_I32, {1, 1, 1, 1, 1, 1}, twice), {plain("frames")}, &hook_);
  ASSERT_EQ(sqs_pipeline_add_windows(p(), "deeper", &windows, nullptr), SQS_OK);
  expect_answer(try_add("s", twice_stage(), {api::access("deeper", SQS_VALID, 1, 1)}, &hook_), SQS_E_GRAPH, {"'s'", "deeper", "8"});
}

TEST_F(GraphErrors, AnOddEdgeNeedsFloats) {
  expect_answer(try_add("s", twice_stage(), {api::access("frames", SQS_ODD, 1, 1)}, &hook_), SQS_E_GRAPH,
                {"'s'", "odd", "i32"});
}

TEST_F(GraphErrors, UnknownKindEdgeDirectionThreadingAndPurity) {
  for (int which = 0; which < 4; ++which) {
    sqs_stage stage = twice_stage();
    (which == 0 ? stage.kind : which == 1 ? stage.direction : which == 2 ? stage.threading : stage.purity) = 9;
    expect_answer(try_add("s", stage, {plain("frames")}, &hook_), SQS_E_INVALID, {"'s'"});
  }
  sqs_access access = plain("frames");
  access.edge = 9;
  expect_answer(try_add("s", twice_stage(), {access}, &hook_), SQS_E_INVALID, {"9"});
  EXPECT_EQ(try_add("s", twice_stage(), {}, &hook_).code, SQS_E_INVALID) << "no input";
  sqs_stage stage = twice_stage();
  stage.process = nullptr;
  expect_answer(try_add("s", stage, {plain("frames")}, &hook_), SQS_E_NULL, {"'s'", "process"});
}

TEST_F(GraphErrors, AMapHasNoDirection) {
  sqs_stage stage = twice_stage();
  stage.direction = SQS_BACKWARD;
  expect_answer(try_add("s", stage, {plain("frames")}), SQS_E_INVALID, {"'s'", "direction"});
}

TEST_F(GraphErrors, InputsThatStartElsewhere) {
  add("later", twice_stage(), {api::access("frames", SQS_VALID, 3, 0)}, &hook_);
  const api::Answer refused = try_add("both", twice_stage(), {plain("frames"), plain("later")}, &hook_);
  expect_answer(refused, SQS_E_GRAPH, {"both", "frames", "later", "3", "offset"});
  EXPECT_EQ(refused.stage, "both");
  sqs_access stated = plain("later");
  stated.has_offset = 1;
  add("both", twice_stage(), {plain("frames"), stated}, &hook_);
}

TEST_F(GraphErrors, InputsOfOtherLengthsAndSteps) {
  expect_answer(try_add("both", twice_stage(), {plain("frames"), api::access("frames", SQS_VALID, 0, 5)}, &hook_), SQS_E_GRAPH,
                {"both", "frames"});
  expect_answer(try_add("both", twice_stage(), {plain("frames"), plain("input")}, &hook_), SQS_E_GRAPH,
                {"both", "frames", "input", "2"});
  sqs_access stated = plain("input");
  stated.has_offset = 1;
  expect_answer(try_add("both", twice_stage(), {plain("frames"), stated}, &hook_), SQS_E_GRAPH, {"both", "2"});
}

TEST_F(GraphErrors, ANegativeOffsetNeedsAnEdge) {
  sqs_access access = plain("frames");
  access.has_offset = 1;
  access.offset = -2;
  expect_answer(try_add("s", twice_stage(), {access}, &hook_), SQS_E_INVALID, {"'s'", "-2", "valid"});
}

TEST_F(GraphErrors, LeadNeedsAnEdgeAScanAndOnePlainInput) {
  sqs_stage stage = sum_stage();
  stage.lead = 3;
  expect_answer(try_add("s", stage, {plain("double")}), SQS_E_INVALID, {"'s'", "extend_edge"});
  stage.extend_edge = SQS_CLAMP;
  EXPECT_EQ(try_add("s", stage, {api::access("double", SQS_CLAMP, 1, 1)}).code, SQS_E_GRAPH);
  sqs_stage map = twice_stage();
  map.lead = 3;
  map.extend_edge = SQS_CLAMP;
  expect_answer(try_add("s", map, {plain("frames")}, &hook_), SQS_E_INVALID, {"'s'", "scan"});
  stage.crop = "nothing";
  expect_answer(try_add("s", stage, {plain("double")}), SQS_E_NAME, {"'s'", "nothing"});
  stage.crop = "total";
  expect_answer(try_add("s", stage, {plain("double")}), SQS_E_GRAPH, {"'s'", "total"});
  stage.crop = "double";
  add("s", stage, {plain("double")});
}

TEST_F(GraphErrors, CallbacksThatDoNotBelongTogether) {
  sqs_stage scan = sum_stage();
  scan.save = [](void*, const void*, void*, uint64_t, uint64_t*) { return 1; };
  expect_answer(try_add("s", scan, {plain("double")}), SQS_E_INVALID, {"'s'", "restore"});
  sqs_stage reduce = api::stage(SQS_REDUCE, SQS_I64, {}, add_up);
  expect_answer(try_add("s", reduce, {plain("double")}), SQS_E_INVALID, {"'s'", "finish"});
  sqs_stage map = twice_stage();
  map.state_bytes = 8;
  expect_answer(try_add("s", map, {plain("double")}, &hook_), SQS_E_INVALID, {"'s'", "state"});
}

TEST_F(GraphErrors, WindowsOverNothing) {
  sqs_access access = plain("nowhere");
  expect_answer(api::answer([&](sqs_error** e) { return sqs_pipeline_add_windows(p(), "w", &access, e); }), SQS_E_NAME,
                {"nowhere"});
  access = plain("total");
  expect_answer(api::answer([&](sqs_error** e) { return sqs_pipeline_add_windows(p(), "w", &access, e); }), SQS_E_GRAPH,
                {"'w'", "total"});
  access = plain("double");
  expect_answer(api::answer([&](sqs_error** e) { return sqs_pipeline_add_windows(p(), "sum", &access, e); }), SQS_E_NAME,
                {"sum"});
}

TEST_F(GraphErrors, SizesThatOverflow) {
  const int64_t huge = int64_t{1} << 31;
  expect_answer(try_add("s", api::stage(SQS_MAP, SQS_C128, {huge, huge, huge}, twice), {plain("frames")}, &hook_),
                SQS_E_OVERFLOW, {"a row of stage 's'", "63 bits", "make", "the shape", "smaller"});
  const uint64_t most = UINT64_MAX;
  sqs_access far = plain("frames");
  far.has_offset = 1;
  far.offset = INT64_MIN;
  const std::pair<const char*, sqs_access> accesses[] = {{"before", api::access("frames", SQS_CLAMP, most, most)},
                                                         {"after", api::access("frames", SQS_CLAMP, 0, most)},
                                                         {"stride", api::access("frames", SQS_CLAMP, 0, 0, most)},
                                                         {"offset", far}};
  for (const auto& [what, access] : accesses) {
    const api::Answer refused = try_add("s", twice_stage(), {access}, &hook_);
    expect_answer(refused, SQS_E_OVERFLOW, {"'s'", "'frames': ", what, " rows; it must be below 2^40"});
    EXPECT_EQ(refused.stage, "s");
  }
  sqs_stage scan = sum_stage();
  scan.state_bytes = most;
  expect_answer(try_add("s", scan, {plain("double")}), SQS_E_OVERFLOW, {"'s'", "state_bytes is " + std::to_string(most)});
  scan = sum_stage();
  scan.lead = scan.tail = most;
  scan.extend_edge = SQS_ZERO;
  expect_answer(try_add("s", scan, {plain("double")}), SQS_E_OVERFLOW, {"'s'", "lead is " + std::to_string(most) + " rows", "below 2^40"});
  set_memory();
  expect_usable();
}

// sqs_pipeline_create with one number changed.
api::Answer create(const sqs_format& format) {
  sqs_pipeline* p = nullptr;
  const api::Answer a = api::answer([&](sqs_error** e) { return sqs_pipeline_create(&format, &p, e); });
  EXPECT_EQ(p == nullptr, !a.ok());
  sqs_pipeline_destroy(p);
  return a;
}

class FormatErrors : public Errors {};

TEST_F(FormatErrors, WindowHopDtypeAndRateOutOfRange) {
  EXPECT_EQ(create(api::format(SQS_F32, 1, 0, 1)).code, SQS_E_INVALID);
  EXPECT_NE(create(api::format(SQS_F32, 1, 0, 1)).message.find("window"), std::string::npos);
  EXPECT_EQ(create(api::format(SQS_F32, 1, 1, 0)).code, SQS_E_INVALID);
  EXPECT_NE(create(api::format(SQS_F32, 1, 1, 0)).message.find("hop"), std::string::npos);
  EXPECT_EQ(create(api::format(0, 1, 1, 1)).code, SQS_E_INVALID);
  EXPECT_EQ(create(api::format(13, 1, 1, 1)).code, SQS_E_INVALID);
  sqs_format format = api::format(SQS_F32, 1, 4, 2);
  format.sample_rate = -1;
  EXPECT_EQ(create(format).code, SQS_E_INVALID);
  format.sample_rate = 0;
  format.channels = 0;
  EXPECT_EQ(create(format).code, SQS_OK) << "0 channels means 1";
}

TEST_F(FormatErrors, AWindowThatDoesNotFitSixtyFourBits) {
  expect_answer(create(api::format(SQS_C128, UINT64_MAX / 2, 1, 1)), SQS_E_OVERFLOW,
                {"a frame of " + std::to_string(UINT64_MAX / 2) + " channels of c128", "63 bits", "make channels smaller"});
  expect_answer(create(api::format(SQS_C128, uint64_t{1} << 40, uint64_t{1} << 30, 1)), SQS_E_OVERFLOW,
                {"a window of 1073741824 frames of 1099511627776 channels", "63 bits", "make window or channels smaller"});
  const std::string huge = std::to_string(UINT64_MAX);
  expect_answer(create(api::format(SQS_F32, 1, UINT64_MAX, 1)), SQS_E_OVERFLOW, {"window " + huge, "hop 1 ", "2^40"});
  expect_answer(create(api::format(SQS_F32, 1, 1, UINT64_MAX)), SQS_E_OVERFLOW, {"window 1 ", "hop " + huge, "2^40"});
}

TEST_F(FormatErrors, StructsOfAnotherSize) {
  sqs_format format = api::format(SQS_F32, 1, 4, 2);
  format.struct_size = 4;
  EXPECT_EQ(create(format).code, SQS_E_ABI);
  struct {
    sqs_format known;
    uint64_t unknown;
  } longer = {api::format(SQS_F32, 1, 4, 2), 0};
  longer.known.struct_size = sizeof longer;
  EXPECT_EQ(create(longer.known).code, SQS_OK) << "a zero tail is taken";
  longer.unknown = 1;
  EXPECT_EQ(create(longer.known).code, SQS_E_ABI);
}

}  // namespace
}  // namespace errors_test
