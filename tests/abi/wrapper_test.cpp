// The C++ wrapper: the whole life of a pipeline with lambdas as stages, readers and sinks, what they throw, and ownership. Built
// as C++17 and as C++20.
#include "sqrtspace/sqrtspace.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <stdexcept>
#include <thread>

#include "temporary_directory.hpp"
#include "thrown_by.hpp"

namespace {

namespace sq = sqrtspace;
using sqs::test::thrown_by;

sq::Format small_format() {
  sq::Format format;
  format.dtype = sq::Dtype::f32;
  format.window = 4;
  format.hop = 2;
  format.sample_rate = 10;
  return format;
}

std::vector<float> ramp(std::size_t frames) {
  std::vector<float> values(frames);
  std::iota(values.begin(), values.end(), 0.0f);
  return values;
}

// The sum of a window, by element access.
void sum_window(sq::Call& call) {
  const auto windows = call.input<float>();
  const auto sums = call.output<double>();
  for (std::int64_t t = 0; t < windows.rows(); ++t) {
    double sum = 0;
    for (std::int64_t i = 0; i < windows.extent(1); ++i) sum += static_cast<double>(windows(t, i, 0));
    sums(t) = sum;
  }
}

sq::Pipeline ready_pipeline() {
  sq::Pipeline pipeline(small_format());
  pipeline.add("sum", sq::map<double>({}, sum_window), {"input"});
  const std::vector<float> frames = ramp(20);
  pipeline.push(frames.data(), frames.size());
  pipeline.end_input();
  return pipeline;
}

const std::vector<double> kSums = {6, 14, 22, 30, 38, 46, 54, 62, 70};

TEST(Wrapper, VersionsAndNames) {
  EXPECT_STREQ(sq::version(), sqs_version());
  EXPECT_EQ(sq::abi_version(), static_cast<std::uint32_t>(SQS_ABI_VERSION));
  EXPECT_STREQ(sq::status_name(SQS_E_BUDGET), "SQS_E_BUDGET");
  EXPECT_STREQ(sq::name(sq::Dtype::c64), "c64");
  EXPECT_EQ(sq::bytes_of(sq::dtype_of<std::complex<double>>), 16u);
  static_assert(sq::dtype_of<const float> == sq::Dtype::f32);
}

TEST(Wrapper, ALambdaIsAStage) {
  sq::Pipeline pipeline = ready_pipeline();
  const sq::Result result = pipeline.evaluate("sum");
  EXPECT_EQ(result.to_vector<double>(), kSums);
  EXPECT_EQ(result.rows(), 9);
  EXPECT_EQ(result.as<double>()(3), 30);
  EXPECT_DOUBLE_EQ(result.row_time(5), 1.0);
  EXPECT_EQ(pipeline.evaluate("sum", 2, 4).to_vector<double>(), (std::vector<double>{22, 30}));
  EXPECT_EQ(result.digest(), pipeline.evaluate("sum").digest());
  EXPECT_NE(result.digest(), pipeline.evaluate("sum", 1).digest());
  EXPECT_EQ(result.stats().rows_predicted, result.stats().rows_evaluated + result.stats().rows_from_cache + result.stats().rows_skipped);
  EXPECT_STRNE(result.report_text(), "");
  EXPECT_EQ(result.report_json()[0], '{');
}

TEST(Wrapper, ScansAndReducesHaveTypedStates) {
  struct Mean {
    double sum;
    std::int64_t rows;
  };
  sq::Pipeline pipeline = ready_pipeline();
  pipeline.add("so far", sq::scan<double, double>({}, [](sq::Call& call, double& sum) {
    const auto in = call.input<double>();
    const auto out = call.output<double>();
    for (std::int64_t t = 0; t < in.rows(); ++t) out(t) = sum += in(t);
  }, [](sq::Call&, double& sum) { sum = 100; }), {"sum"});
  pipeline.add("mean", sq::reduce<double, Mean>({}, [](sq::Call& call, Mean& mean) {
    const auto in = call.input<double>();
    for (std::int64_t t = 0; t < in.rows(); ++t) mean.sum += in(t);
    mean.rows += in.rows();
  }, [](sq::Call& call, Mean& mean) { call.output<double>()(0) = mean.sum / static_cast<double>(mean.rows); }), {"sum"});
  pipeline.add("centred", sq::map<double>({}, [](sq::Call& call) {
    const auto sums = call.input<double>(0);
    const auto means = call.input<double>(1);
    for (std::int64_t t = 0; t < sums.rows(); ++t) call.output<double>()(t) = sums(t) - means(t);
  }), {"sum", "mean"});
  std::vector<double> so_far = kSums;
  so_far[0] += 100;
  std::partial_sum(so_far.begin(), so_far.end(), so_far.begin());
  EXPECT_EQ(pipeline.evaluate("so far").to_vector<double>(), so_far);
  EXPECT_EQ(pipeline.evaluate("mean").to_vector<double>(), std::vector<double>{38});
  EXPECT_EQ(pipeline.evaluate("centred").to_vector<double>(), (std::vector<double>{-32, -24, -16, -8, 0, 8, 16, 24, 32}));
}

TEST(Wrapper, AccessRulesAndWindows) {
  sq::Pipeline pipeline = ready_pipeline();
  const auto largest = [](sq::Call& call) {
    const auto in = call.input<double>();
    for (std::int64_t t = 0; t < in.rows(); ++t)
      call.output<double>()(t) = *std::max_element(in.row(t), in.row(t) + in.row_elements());
  };
  pipeline.add("trend", sq::map<double>({}, largest), {sq::Access("sum", 1, 1, 2, sq::Edge::clamp)});
  EXPECT_EQ(pipeline.evaluate("trend").to_vector<double>(), (std::vector<double>{14, 30, 46, 62, 70}));
  pipeline.add_windows("pairs", sq::Access("sum", 0, 1));
  const sq::StageInfo info = pipeline.describe("pairs");
  EXPECT_EQ(info.shape, (std::vector<std::int64_t>{2}));
  EXPECT_EQ(info.rows, 8u);
  EXPECT_EQ(info.dtype, sq::Dtype::f64);
  EXPECT_EQ(info.kind, sq::Kind::windows);
  EXPECT_EQ(info.step, 2u);
  EXPECT_EQ(pipeline.describe("trend").kind, sq::Kind::map);
}

TEST(Wrapper, ScratchAndRowShapes) {
  sq::Pipeline pipeline(small_format());
  sq::Stage stage = sq::map<std::complex<float>>({2, 3}, [](sq::Call& call) {
    auto* const scratch = call.scratch<float>();
    const auto in = call.input<float>();
    const auto out = call.output<std::complex<float>>();
    for (std::int64_t t = 0; t < in.rows(); ++t) {
      std::copy_n(in.row(t), 4, scratch);
      for (std::int64_t i = 0; i < 2; ++i)
        for (std::int64_t j = 0; j < 3; ++j) out(t, i, j) = {scratch[i], scratch[j]};
    }
  });
  stage.scratch_bytes = 4 * sizeof(float);
  pipeline.add("outer", stage, {"input"});
  const std::vector<float> frames = ramp(6);
  pipeline.push(frames.data(), frames.size());
  pipeline.end_input();
  const sq::Result result = pipeline.evaluate("outer");
  const auto rows = result.as<std::complex<float>>();
  EXPECT_EQ(result.view().shape(), (std::vector<std::int64_t>{2, 2, 3}));
  EXPECT_EQ(rows(1, 1, 2), std::complex<float>(3, 4));
  EXPECT_EQ(rows(0, 0, 1), std::complex<float>(0, 1));
}

// ---------------------------------------------------------------- what lambdas throw

TEST(Wrapper, AStageThatThrowsEndsTheRunWithItsText) {
  sq::Pipeline pipeline = ready_pipeline();
  bool throwing = true;
  pipeline.add("moody", sq::map<double>({}, [&](sq::Call& call) {
    if (throwing) throw std::runtime_error("no luck today");
    sum_window(call);
  }), {"input"});
  const sq::Error error = thrown_by([&] { pipeline.evaluate("moody"); });
  EXPECT_EQ(error.code(), SQS_E_STAGE);
  EXPECT_EQ(error.stage(), "moody");
  EXPECT_EQ(error.row(), 0u);
  EXPECT_NE(std::string(error.what()).find("no luck today"), std::string::npos) << error.what();
  throwing = false;
  EXPECT_EQ(pipeline.evaluate("moody").to_vector<double>(), kSums);
}

// A stage in each direction of each kind says at which row it failed.
TEST(Wrapper, AStageCanSayAtWhichRowItFailed) {
  std::uint64_t bad = 0;
  bool thrown_by_hand = false;
  const auto fail_at_bad = [&](sq::Call& call) {
    if (bad < call.first_row() || bad >= call.first_row() + call.rows()) return;
    if (thrown_by_hand) throw sq::RowError(bad, "row of bad luck");
    call.fail_at(bad, "row of bad luck");
  };
  const auto scan = [&](sq::Direction direction) {
    sq::Stage stage = sq::scan<double, double>({}, [&](sq::Call& call, double&) { fail_at_bad(call); });
    stage.direction = direction;
    return stage;
  };
  const auto reduce = [&](sq::Direction direction) {
    sq::Stage stage = sq::reduce<double, double>({}, [&](sq::Call& call, double&) { fail_at_bad(call); }, [](sq::Call&, double&) {});
    stage.direction = direction;
    return stage;
  };
  sq::Pipeline pipeline = ready_pipeline();
  pipeline.add("map", sq::map<double>({}, fail_at_bad), {"sum"});
  pipeline.add("forward", scan(sq::Direction::forward), {"sum"});
  pipeline.add("backward", scan(sq::Direction::backward), {"sum"});
  pipeline.add("reduce", reduce(sq::Direction::forward), {"sum"});
  pipeline.add("reduce back", reduce(sq::Direction::backward), {"sum"});
  for (const char* const stage : {"map", "forward", "backward", "reduce", "reduce back"})
    for (bad = 0; bad < 9; bad += 4) {
      thrown_by_hand = bad == 4;
      const sq::Error error = thrown_by([&] { pipeline.evaluate(stage); });
      EXPECT_EQ(error.code(), SQS_E_STAGE);
      EXPECT_EQ(error.stage(), stage);
      EXPECT_EQ(error.row(), bad) << stage;
      EXPECT_NE(std::string(error.what()).find("at row " + std::to_string(bad) + ": row of bad luck"), std::string::npos)
          << error.what();
    }
}

TEST(Wrapper, ARowThatIsNoneOfTheTilesTellsNothing) {
  sq::Pipeline pipeline = ready_pipeline();
  pipeline.add("lost", sq::map<double>({}, [](sq::Call& call) { call.fail_at(call.first_row() + call.rows(), "beyond"); }), {"sum"});
  const sq::Error error = thrown_by([&] { pipeline.evaluate("lost"); });
  EXPECT_EQ(error.row(), 0U);
  EXPECT_NE(std::string(error.what()).find("in rows [0, 9): beyond"), std::string::npos) << error.what();
}

TEST(Wrapper, WhateverIsThrownIsCaught) {
  sq::Pipeline pipeline = ready_pipeline();
  pipeline.add("odd", sq::map<double>({}, [](sq::Call&) { throw 42; }), {"input"});
  EXPECT_EQ(thrown_by([&] { pipeline.evaluate("odd"); }).code(), SQS_E_STAGE);
  pipeline.add("long", sq::map<double>({}, [](sq::Call&) { throw std::runtime_error(std::string(5000, 'x')); }), {"input"});
  const sq::Error error = thrown_by([&] { pipeline.evaluate("long"); });
  EXPECT_NE(std::string(error.what()).find(std::string(400, 'x')), std::string::npos);
}

TEST(Wrapper, AnArrayOfTheWrongTypeIsRefusedInACallback) {
  sq::Pipeline pipeline = ready_pipeline();
  pipeline.add("wrong", sq::map<double>({}, [](sq::Call& call) { call.input<double>(); }), {"input"});
  const sq::Error error = thrown_by([&] { pipeline.evaluate("wrong"); });
  EXPECT_EQ(error.code(), SQS_E_STAGE);
  EXPECT_NE(std::string(error.what()).find("f32"), std::string::npos) << error.what();
  pipeline.add("missing", sq::map<double>({}, [](sq::Call& call) { call.input<float>(1); }), {"input"});
  EXPECT_EQ(thrown_by([&] { pipeline.evaluate("missing"); }).code(), SQS_E_STAGE);
}

TEST(Wrapper, ErrorsCarryTheirCode) {
  sq::Format format = small_format();
  format.hop = 0;
  EXPECT_EQ(thrown_by([&] { sq::Pipeline{format}; }).code(), SQS_E_INVALID);
  sq::Pipeline pipeline = ready_pipeline();
  EXPECT_EQ(thrown_by([&] { pipeline.evaluate("nowhere"); }).code(), SQS_E_NAME);
  EXPECT_EQ(thrown_by([&] { pipeline.evaluate("sum", 5, 4); }).code(), SQS_E_RANGE);
  const sq::Error error = thrown_by([&] { pipeline.add("sum", sq::map<double>({}, sum_window), {"input"}); });
  EXPECT_EQ(error.code(), SQS_E_NAME);
  sqs_error* c_error = nullptr;
  EXPECT_EQ(error.hand_over(&c_error), SQS_E_NAME);
  EXPECT_STREQ(sqs_error_message(c_error), error.what());
  sqs_error_destroy(c_error);
  EXPECT_THROW(pipeline.evaluate("sum").as<float>(), sq::Error);
}

// ---------------------------------------------------------------- inputs

TEST(Wrapper, AReaderIsALambdaToo) {
  sq::Pipeline pipeline(small_format());
  pipeline.add("sum", sq::map<double>({}, sum_window), {"input"});
  bool failing = false;
  sq::Reader reader;
  reader.frame_count = 20;
  reader.dtype = sq::Dtype::f32;
  reader.read = [&](std::uint64_t first, std::uint64_t frames, void* dst) {
    if (failing) throw std::runtime_error("the tape broke");
    for (std::uint64_t i = 0; i < frames; ++i) static_cast<float*>(dst)[i] = static_cast<float>(first + i);
  };
  pipeline.set_reader(reader);
  EXPECT_EQ(pipeline.evaluate("sum").to_vector<double>(), kSums);
  failing = true;
  pipeline.trim();
  pipeline.set_reader(reader);
  const sq::Error error = thrown_by([&] { pipeline.evaluate("sum"); });
  EXPECT_EQ(error.code(), SQS_E_SOURCE);
  EXPECT_NE(std::string(error.what()).find("the tape broke"), std::string::npos) << error.what();
}

TEST(Wrapper, BorrowedMemoryIsKeptAsLongAsItIsNeeded) {
  const auto frames = std::make_shared<std::vector<float>>(ramp(20));
  std::weak_ptr<const void> kept = frames;
  {
    sq::Pipeline pipeline(small_format());
    pipeline.add("sum", sq::map<double>({}, sum_window), {"input"});
    pipeline.set_memory(frames->data(), frames->size(), frames);
    EXPECT_EQ(frames.use_count(), 2);
    EXPECT_EQ(pipeline.evaluate("sum").to_vector<double>(), kSums);
  }
  EXPECT_EQ(frames.use_count(), 1);
}

TEST(Wrapper, AnInputOfItsOwnPushesFromAnotherThread) {
  sq::Pipeline pipeline(small_format());
  pipeline.add("sum", sq::map<double>({}, sum_window), {"input"});
  sq::Input input = pipeline.make_input();
  std::thread pusher([&] {
    const std::vector<float> frames = ramp(20);
    for (const float frame : frames) input.push(&frame, 1);
    input.end();
  });
  pusher.join();
  EXPECT_EQ(pipeline.evaluate("sum").to_vector<double>(), kSums);
  EXPECT_EQ(thrown_by([&] { pipeline.make_input(); }).code(), SQS_E_STATE);
}

// ---------------------------------------------------------------- runs, plans, settings

TEST(Wrapper, ARunWithEverySink) {
  sq::Pipeline pipeline = ready_pipeline();
  const sqs::test::TemporaryDirectory directory;
  const std::string path = directory.file("sum.npy");
  double buffer[9] = {};
  std::vector<double> streamed;
  std::uint64_t first_row = 99;
  sq::Run run = pipeline.open_run();
  EXPECT_EQ(run.add_array("sum"), 0u);
  EXPECT_EQ(run.add_buffer("sum", buffer, sizeof buffer), 1u);
  EXPECT_EQ(run.add_callback("sum", [&](const sq::View& rows) {
    if (streamed.empty()) first_row = static_cast<std::uint64_t>(rows.first_row());
    const auto values = rows.as<double>();
    for (std::int64_t t = 0; t < values.rows(); ++t) streamed.push_back(values(t));
  }), 2u);
  EXPECT_EQ(run.add_npy("sum", path), 3u);
  run.set_range(1, 8);
  run.set_progress([](const sqs_progress&) { return true; });
  EXPECT_STRNE(run.plan().text(), "");
  EXPECT_STREQ(run.report_text(), "");
  while (!run.step(std::chrono::nanoseconds(1))) {
  }
  const std::vector<double> expected(kSums.begin() + 1, kSums.begin() + 8);
  EXPECT_EQ(run.take_result(0).to_vector<double>(), expected);
  EXPECT_EQ(std::vector<double>(buffer, buffer + 7), expected);
  EXPECT_EQ(streamed, expected);
  EXPECT_EQ(first_row, 1u);
  EXPECT_EQ(run.digest(0), run.digest(2));
  EXPECT_GT(run.stats().rows_evaluated, 0u);
  bool found = false;
  for (std::uint32_t i = 0; i < run.stats().stage_count; ++i) found = found || std::string(run.stage_stats(i).name) == "sum";
  EXPECT_TRUE(found);
  EXPECT_STRNE(run.report_text(), "");
  std::FILE* const file = std::fopen(path.c_str(), "rb");
  ASSERT_NE(file, nullptr);
  char magic[6] = {};
  EXPECT_EQ(std::fread(magic, 1, 6, file), 6u);
  EXPECT_EQ(std::memcmp(magic, "\x93NUMPY", 6), 0);
  std::fclose(file);
}

TEST(Wrapper, RowsArePulledPieceByPiece) {
  sq::Pipeline pipeline = ready_pipeline();
  sq::Settings settings;
  settings.mode = sq::Mode::sqrt;
  settings.tile_frames = 4;
  pipeline.configure(settings);
  const auto append = [](std::vector<double>& to, const sq::View& rows) {
    for (std::int64_t t = 0; t < rows.rows(); ++t) to.push_back(rows.as<double>()(t));
  };
  {
    sq::Run run = pipeline.open_run();
    const std::uint32_t sums = run.add_pull("sum");
    std::vector<double> pulled;
    int pieces = 0;
    for (const sq::View& rows : run.pulled(sums)) {
      append(pulled, rows);
      ++pieces;
    }
    EXPECT_EQ(pulled, kSums);
    EXPECT_GT(pieces, 2);
    EXPECT_FALSE(run.pull(sums).has_value());
    EXPECT_GT(run.stats().rows_evaluated, 0u);
  }
  sq::Run run = pipeline.open_run();
  run.add_pull("sum", sq::Order::any);
  run.add_pull("sum");
  std::vector<double> pulled[2];
  const std::optional<sq::View> first = run.pull(1);
  ASSERT_TRUE(first.has_value());
  append(pulled[1], *first);
  const sq::Error error = thrown_by([&] { run.pull(1); });
  EXPECT_EQ(error.code(), SQS_E_STATE);
  EXPECT_NE(std::string(error.what()).find("target 0"), std::string::npos) << error.what();
  EXPECT_FALSE(run.step(std::chrono::nanoseconds(1)));
  while (const std::optional<sq::Piece> piece = run.pull()) append(pulled[piece->target], piece->rows);
  EXPECT_EQ(pulled[0], kSums);
  EXPECT_EQ(pulled[1], kSums);
}

TEST(Wrapper, ASinkThatThrowsEndsTheRun) {
  sq::Pipeline pipeline = ready_pipeline();
  sq::Run run = pipeline.open_run();
  run.add_callback("sum", [](const sq::View&) { throw std::runtime_error("the disk is full"); });
  const sq::Error error = thrown_by([&] { run.execute(); });
  EXPECT_EQ(error.code(), SQS_E_SINK);
  EXPECT_NE(std::string(error.what()).find("the disk is full"), std::string::npos) << error.what();
}

TEST(Wrapper, ARunThatIsCancelled) {
  sq::Pipeline pipeline = ready_pipeline();
  const sq::Run* self = nullptr;
  sq::Run run = pipeline.open_run();
  self = &run;
  run.add_callback("sum", [&](const sq::View&) { self->cancel(); });
  const std::int32_t before = run.cancel();
  EXPECT_EQ(before, SQS_OK);
  // Either the cancel before or the one inside ends it.
  EXPECT_EQ(thrown_by([&] { run.execute(); }).code(), SQS_E_CANCELLED);
}

TEST(Wrapper, PlansAndSettings) {
  sq::Pipeline pipeline = ready_pipeline();
  sq::Settings settings;
  settings.mode = sq::Mode::classic;
  settings.memory_budget = 1 << 20;
  settings.lru_bytes = sq::no_cache;
  pipeline.configure(settings);
  EXPECT_EQ(pipeline.settings().mode, sq::Mode::classic);
  EXPECT_EQ(pipeline.settings().memory_budget, 1u << 20);
  EXPECT_EQ(pipeline.settings().lru_bytes, sq::no_cache);
  const sq::Plan plan = pipeline.plan({"sum"});
  EXPECT_EQ(plan.info().mode, SQS_CLASSIC);
  EXPECT_EQ(plan.info().dependency_span, 2u);
  EXPECT_STRNE(plan.text(), "");
  EXPECT_EQ(plan.json()[0], '{');
  EXPECT_EQ(plan.info().frontier_count, 0u);
  EXPECT_EQ(thrown_by([&] { plan.frontier(0); }).code(), SQS_E_RANGE);
  EXPECT_TRUE(plan.advice().empty());
  EXPECT_LT(pipeline.plan({"sum"}, 0, sq::to_end, true, sq::Order::any).info().output_bytes, plan.info().output_bytes);
  EXPECT_EQ(pipeline.evaluate("sum").to_vector<double>(), kSums);
  pipeline.probe({"sum"});
  pipeline.verify("sum");
  EXPECT_EQ(pipeline.cancel(), SQS_OK);
}

// Rows that are made from the last to the first come in their order only by another pass.
TEST(Wrapper, PlansForSinksInEitherOrder) {
  sq::Pipeline pipeline = ready_pipeline();
  struct Nothing {};
  sq::Stage back = sq::scan<double, Nothing>({}, [](sq::Call&, Nothing&) {});
  back.direction = sq::Direction::backward;
  pipeline.add("back", std::move(back), {"sum"});
  sq::Settings settings;
  settings.mode = sq::Mode::sqrt;
  pipeline.configure(settings);
  EXPECT_EQ(pipeline.plan({"back"}, 0, sq::to_end, true, sq::Order::any).info().sweeps, 1u);
  EXPECT_EQ(pipeline.plan({"back"}, 0, sq::to_end, true).info().sweeps, 2u);
}

TEST(Wrapper, VerifyNamesAStageThatBreaksItsContract) {
  sq::Pipeline pipeline = ready_pipeline();
  int calls = 0;
  pipeline.add("fickle", sq::map<double>({}, [&](sq::Call& call) {
    ++calls;
    for (std::uint64_t t = 0; t < call.rows(); ++t) call.output<double>()(t) = calls;
  }), {"input"});
  const sq::Error error = thrown_by([&] { pipeline.verify("fickle"); });
  EXPECT_EQ(error.code(), SQS_E_CONTRACT);
  EXPECT_EQ(error.stage(), "fickle");
}

TEST(Wrapper, LogMayBeALambdaAndMayThrow) {
  sq::Pipeline pipeline = ready_pipeline();
  int messages = 0;
  pipeline.set_log([&](sq::LogLevel, std::string_view message) {
    EXPECT_FALSE(message.empty());
    ++messages;
    throw std::runtime_error("dropped");
  });
  EXPECT_EQ(pipeline.evaluate("sum").to_vector<double>(), kSums);
  pipeline.set_log({});
  const int before = messages;
  EXPECT_EQ(pipeline.evaluate("sum").to_vector<double>(), kSums);
  EXPECT_EQ(messages, before);
}

TEST(Wrapper, LambdasLiveAsLongAsTheyAreNeeded) {
  const auto token = std::make_shared<int>(0);
  {
    sq::Pipeline pipeline = ready_pipeline();
    pipeline.add("holds", sq::map<double>({}, [token](sq::Call& call) { sum_window(call); }), {"input"});
    EXPECT_EQ(token.use_count(), 2);
    EXPECT_EQ(thrown_by([&] {
      pipeline.add("holds", sq::map<double>({}, [token](sq::Call& call) { sum_window(call); }), {"input"});
    }).code(), SQS_E_NAME);
    EXPECT_EQ(token.use_count(), 2);
    sq::Run run = pipeline.open_run();
    run.add_callback("holds", [token](const sq::View&) {});
    EXPECT_EQ(token.use_count(), 3);
    run.execute();
  }
  EXPECT_EQ(token.use_count(), 1);
}

TEST(Wrapper, ObjectsMoveAndAdopt) {
  sq::Pipeline first = ready_pipeline();
  sq::Pipeline second = std::move(first);
  EXPECT_EQ(first.get(), nullptr);
  EXPECT_EQ(second.evaluate("sum").to_vector<double>(), kSums);
  sq::Pipeline third(second.release());
  EXPECT_EQ(third.evaluate("sum").to_vector<double>(), kSums);
  EXPECT_EQ(thrown_by([&] { second.evaluate("sum"); }).code(), SQS_E_NULL);
  sq::Result result = third.evaluate("sum");
  third = sq::Pipeline(small_format());
  EXPECT_EQ(result.to_vector<double>(), kSums) << "a result outlives its pipeline";
}

TEST(Wrapper, EmptyResults) {
  sq::Pipeline pipeline(small_format());
  pipeline.add("sum", sq::map<double>({}, sum_window), {"input"});
  pipeline.push(nullptr, 0);
  pipeline.end_input();
  const sq::Result result = pipeline.evaluate("sum");
  EXPECT_EQ(result.rows(), 0);
  EXPECT_TRUE(result.to_vector<double>().empty());
}

#if __cplusplus >= 202002L
TEST(Wrapper, SpansInCpp20) {
  sq::Format format = small_format();
  format.channels = 2;
  sq::Pipeline pipeline(format);
  pipeline.add("first", sq::map<float>({}, [](sq::Call& call) {
    const auto in = call.input<float>();
    for (std::int64_t t = 0; t < in.rows(); ++t) call.output<float>()(t) = in.row_span(t)[0];
  }), {"input"});
  const std::vector<float> samples = ramp(20);  // 10 frames
  pipeline.push(std::span(samples));
  pipeline.end_input();
  const sq::Result result = pipeline.evaluate("first");
  const std::span<const float> rows = result.elements<float>();
  EXPECT_EQ(std::vector<float>(rows.begin(), rows.end()), (std::vector<float>{0, 4, 8, 12}));
  EXPECT_EQ(thrown_by([&] { pipeline.set_memory(std::span(samples).first(3)); }).code(), SQS_E_INVALID);
  const std::vector<double> wrong(4);
  EXPECT_EQ(thrown_by([&] { pipeline.push(std::span(wrong)); }).code(), SQS_E_INVALID);
  std::array<float, 4> buffer = {};
  sq::Run run = pipeline.open_run();
  run.add_buffer("first", std::span(buffer));
  run.execute();
  EXPECT_EQ(buffer, (std::array<float, 4>{0, 4, 8, 12}));
}
#endif

}  // namespace
