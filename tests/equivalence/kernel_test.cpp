// The checking callbacks and the collecting sink themselves, driven by hand as an engine would: honest calls give the naive
// bytes and no finding, and each way to call a stage wrongly is found. Checks that find nothing would prove nothing.
#include <gtest/gtest.h>

#include <cstring>
#include <memory>

#include "c_api.hpp"
#include "kernel.hpp"
#include "mix.hpp"
#include "naive.hpp"
#include "row_collector.hpp"

namespace eq {
namespace {

constexpr uint64_t kRows = 23;

// One scan or reduce over the frames 0, 1, 2, .. of u64.
GraphSpec one_stage(int32_t kind, int32_t direction, StateForm form) {
  GraphSpec graph;
  graph.dtype = SQS_U64;
  graph.frames = kRows;
  for (uint64_t i = 0; i < kRows; ++i) {
    graph.samples.insert(graph.samples.end(), reinterpret_cast<const uint8_t*>(&i), reinterpret_cast<const uint8_t*>(&i + 1));
  }
  StageSpec stage;
  stage.name = "stage";
  stage.kind = kind;
  stage.direction = direction;
  stage.dtype = SQS_U64;
  stage.inputs.resize(1);
  stage.inputs[0].stage = "frames";
  stage.state = form;
  stage.state_extra_bytes = 7 * 8;
  stage.seed = 5;
  graph.stages = {stage};
  return graph;
}

// A state as the engine keeps it: aligned, zero-filled.
struct alignas(64) State {
  uint8_t bytes[128] = {};
};

// Calls one kernel as an engine would.
class Engine {
 public:
  explicit Engine(const GraphSpec& graph)
      : graph_(graph), naive_(graph), kernel_(graph.stages[0], naive_.geometry("stage"), inputs(), 0, findings_),
        stage_(kernel_.declaration()), out_(kRows) {}

  int32_t init(State& state, uint64_t row) {
    sqs_call call = make(state, row, 1);
    call.output.data = nullptr;
    return stage_.init(&kernel_, &call);
  }
  int64_t process(State& state, uint64_t first, uint64_t rows) {
    sqs_call call = make(state, first, rows);
    if (graph_.stages[0].kind == SQS_REDUCE) call.output.data = nullptr;
    return stage_.process(&kernel_, &call);
  }
  uint64_t finish(State& state) {
    sqs_call call = make(state, 0, 0);
    call.output = view(out_.data(), 0, 1);
    call.output.ndim = 1;
    EXPECT_EQ(stage_.finish(&kernel_, &call), 1);
    return out_[0];
  }
  // Through the bytes that an engine would keep, into a fresh state.
  State copy(const State& state) {
    State fresh;
    if (stage_.save == nullptr) {
      std::memcpy(fresh.bytes, state.bytes, stage_.state_bytes);
      return fresh;
    }
    std::vector<uint8_t> bytes(stage_.saved_bytes);
    uint64_t used = 0;
    EXPECT_EQ(stage_.save(&kernel_, state.bytes, bytes.data(), bytes.size(), &used), 1);
    EXPECT_EQ(stage_.restore(&kernel_, fresh.bytes, bytes.data(), used), 1);
    return fresh;
  }
  void end(State& state) {
    if (stage_.fini != nullptr) stage_.fini(&kernel_, state.bytes);
  }

  std::string findings() const { return findings_.text(); }
  const Kernel& kernel() const { return kernel_; }
  bool gives_the_naive_rows() const {
    return std::memcmp(out_.data(), naive_.rows("stage").bytes.data(), naive_.rows("stage").bytes.size()) == 0;
  }

 private:
  std::vector<KernelInput> inputs() const {
    return {{graph_.stages[0].inputs[0], naive_.geometry("frames"), SQS_U64, {1}}};
  }
  static sqs_view view(const void* data, uint64_t first, uint64_t rows) {
    auto v = api::sized<sqs_view>();
    v.dtype = SQS_U64;
    v.ndim = 2;
    v.data = const_cast<uint8_t*>(static_cast<const uint8_t*>(data) + first * sizeof(uint64_t));
    v.first_row = static_cast<int64_t>(first);
    v.shape[0] = static_cast<int64_t>(rows);
    v.shape[1] = 1;
    v.strides[0] = v.strides[1] = sizeof(uint64_t);
    v.base_rows = rows;
    v.base_row_bytes = sizeof(uint64_t);
    return v;
  }
  sqs_call make(State& state, uint64_t first, uint64_t rows) {
    input_ = view(graph_.samples.data(), first, rows);
    auto call = api::sized<sqs_call>();
    call.input_count = 1;
    call.inputs = &input_;
    call.output = view(out_.data(), first, rows);
    call.output.ndim = 1;  // rows of scalars
    call.first_row = first;
    call.rows = rows;
    call.state = state.bytes;
    call.first_frame = static_cast<int64_t>(first);
    call.frames_per_row = 1;
    call.message = message_;
    return call;
  }

  const GraphSpec graph_;
  const Naive naive_;
  Findings findings_;
  Kernel kernel_;
  const sqs_stage stage_;
  std::vector<uint64_t> out_;
  sqs_view input_{};
  char message_[SQS_MESSAGE_BYTES] = {};
};

// Walks all rows in tiles, each in a state restored from the last.
void walk(Engine& engine, bool backward, uint64_t tile) {
  State state;
  ASSERT_EQ(engine.init(state, backward ? kRows - 1 : 0), 1);
  const uint64_t tiles = (kRows + tile - 1) / tile;
  for (uint64_t i = 0; i < tiles; ++i) {
    const uint64_t first = (backward ? tiles - 1 - i : i) * tile;
    const uint64_t rows = std::min(tile, kRows - first);
    State next = engine.copy(state);
    ASSERT_EQ(engine.process(next, first, rows), static_cast<int64_t>(rows));
    engine.end(state);
    state = next;
  }
  engine.end(state);
}

class EveryForm : public ::testing::TestWithParam<std::tuple<int32_t, StateForm>> {
 protected:
  bool backward() const { return std::get<0>(GetParam()) == SQS_BACKWARD; }
  GraphSpec graph(int32_t kind) const { return one_stage(kind, std::get<0>(GetParam()), std::get<1>(GetParam())); }
  uint64_t start() const { return backward() ? kRows - 1 : 0; }
  // The first row of the n-th tile of four rows in the stage's direction.
  uint64_t nth_tile(uint64_t n) const { return backward() ? kRows - 4 * (n + 1) : 4 * n; }
};

TEST_P(EveryForm, HonestCallsGiveTheNaiveRowsWhateverTheTile) {
  for (const uint64_t tile : {1U, 2U, 5U, 7U, 22U, 23U, 40U}) {
    Engine engine(graph(SQS_SCAN));
    walk(engine, backward(), tile);
    EXPECT_TRUE(engine.gives_the_naive_rows()) << "tiles of " << tile;
    EXPECT_EQ(engine.findings(), "");
    EXPECT_EQ(engine.kernel().rows_seen(), kRows);
    EXPECT_EQ(engine.kernel().distinct_rows_seen(), kRows);
    EXPECT_EQ(engine.kernel().most_often_seen(), 1U);
    EXPECT_EQ(engine.kernel().live_states(), 0);
  }
}

TEST_P(EveryForm, HonestCallsOfAReduceGiveTheNaiveRow) {
  Engine engine(graph(SQS_REDUCE));
  State state;
  ASSERT_EQ(engine.init(state, start()), 1);
  ASSERT_EQ(engine.process(state, backward() ? 9 : 0, backward() ? kRows - 9 : 9), backward() ? 14 : 9);
  ASSERT_EQ(engine.process(state, backward() ? 0 : 9, backward() ? 9 : kRows - 9), backward() ? 9 : 14);
  engine.finish(state);
  engine.end(state);
  EXPECT_TRUE(engine.gives_the_naive_rows());
  EXPECT_EQ(engine.findings(), "");
}

TEST_P(EveryForm, AReplayFromASavedStateIsHonest) {
  Engine engine(graph(SQS_SCAN));
  State state;
  ASSERT_EQ(engine.init(state, start()), 1);
  ASSERT_EQ(engine.process(state, nth_tile(0), 4), 4);
  State saved = engine.copy(state);
  ASSERT_EQ(engine.process(state, nth_tile(1), 4), 4);
  ASSERT_EQ(engine.process(saved, nth_tile(1), 4), 4);
  EXPECT_EQ(engine.findings(), "");
  EXPECT_EQ(engine.kernel().most_often_seen(), 2U);
  EXPECT_EQ(engine.kernel().distinct_rows_seen(), 8U);
  engine.end(state);
  engine.end(saved);
}

TEST_P(EveryForm, FindsAnInitAtTheWrongEnd) {
  Engine engine(graph(SQS_SCAN));
  State state;
  EXPECT_EQ(engine.init(state, backward() ? 0 : kRows - 1), 1);
  EXPECT_NE(engine.findings().find("first row in init"), std::string::npos) << engine.findings();
  engine.end(state);
}

TEST_P(EveryForm, FindsAWalkInTheWrongDirection) {
  Engine engine(graph(SQS_SCAN));
  State state;
  ASSERT_EQ(engine.init(state, start()), 1);
  engine.process(state, nth_tile(1), 4);
  EXPECT_NE(engine.findings().find("next row of a state"), std::string::npos) << engine.findings();
  engine.end(state);
}

TEST_P(EveryForm, FindsAGapAndARepetition) {
  for (const uint64_t next : {0U, 2U}) {
    Engine engine(graph(SQS_SCAN));
    State state;
    ASSERT_EQ(engine.init(state, start()), 1);
    engine.process(state, nth_tile(0), 4);
    ASSERT_EQ(engine.findings(), "");
    engine.process(state, nth_tile(next), 4);
    EXPECT_NE(engine.findings().find("next row of a state"), std::string::npos) << engine.findings();
    engine.end(state);
  }
}

TEST_P(EveryForm, FindsAStateRestoredAtAnotherRow) {
  Engine engine(graph(SQS_SCAN));
  State state;
  ASSERT_EQ(engine.init(state, start()), 1);
  engine.process(state, nth_tile(0), 4);
  State saved = engine.copy(state);
  engine.process(state, nth_tile(1), 4);
  ASSERT_EQ(engine.findings(), "");
  engine.process(saved, nth_tile(2), 4);
  EXPECT_NE(engine.findings().find("next row of a state"), std::string::npos) << engine.findings();
  engine.end(state);
  engine.end(saved);
}

TEST_P(EveryForm, FindsAFinishBeforeAllRowsWereTakenIn) {
  Engine engine(graph(SQS_REDUCE));
  State state;
  ASSERT_EQ(engine.init(state, start()), 1);
  engine.process(state, nth_tile(0), 4);
  engine.finish(state);
  EXPECT_NE(engine.findings().find("rows taken in"), std::string::npos) << engine.findings();
  engine.end(state);
}

TEST(Kernel, FindsASavedStateThatWasNeverInitialised) {
  Engine engine(one_stage(SQS_SCAN, SQS_BACKWARD, StateForm::Saved));
  State state;
  EXPECT_EQ(engine.process(state, kRows - 4, 4), 0) << "ends the run";
  EXPECT_NE(engine.findings().find("initialised"), std::string::npos) << engine.findings();
}

INSTANTIATE_TEST_SUITE_P(Kernel, EveryForm,
                         ::testing::Combine(::testing::Values(SQS_FORWARD, SQS_BACKWARD),
                                            ::testing::Values(StateForm::Plain, StateForm::Saved)));

// ---- the collecting sink

class Collector : public ::testing::Test {
 protected:
  Collector() {
    rows_.dtype = SQS_U64;
    rows_.row_bytes = sizeof(uint64_t);
  }
  void send(RowCollector& collector, uint64_t first, uint64_t count) {
    std::vector<uint64_t> values;
    for (uint64_t t = first; t < first + count; ++t) values.push_back(100 + t);
    auto v = api::sized<sqs_view>();
    v.dtype = SQS_U64;
    v.ndim = 1;
    v.data = values.data();
    v.first_row = static_cast<int64_t>(first);
    v.shape[0] = static_cast<int64_t>(count);
    v.strides[0] = sizeof(uint64_t);
    EXPECT_EQ(RowCollector::take(&collector, &v, nullptr), 1);
  }
  // The rows as values, from `first` on.
  void expect_rows(const Delivered& delivered, uint64_t first, uint64_t count) {
    EXPECT_EQ(delivered.first_row, first);
    EXPECT_EQ(delivered.rows, count);
    ASSERT_EQ(delivered.bytes.size(), count * sizeof(uint64_t));
    for (uint64_t i = 0; i < count; ++i) {
      uint64_t value = 0;
      std::memcpy(&value, delivered.bytes.data() + i * sizeof value, sizeof value);
      EXPECT_EQ(value, 100 + first + i);
    }
  }

  Rows rows_;
  Findings findings_;
};

TEST_F(Collector, PutsPiecesOfAnyOrderIntoRowOrder) {
  RowCollector collector("target", rows_, Order::Any, findings_);
  send(collector, 9, 4);
  send(collector, 3, 2);
  send(collector, 5, 4);
  expect_rows(collector.delivered(), 3, 10);
  EXPECT_EQ(findings_.text(), "");
}

TEST_F(Collector, TakesPiecesInRowOrder) {
  RowCollector collector("target", rows_, Order::Row, findings_);
  send(collector, 2, 3);
  send(collector, 5, 1);
  expect_rows(collector.delivered(), 2, 4);
  EXPECT_EQ(findings_.text(), "");
  send(collector, 0, 2);
  EXPECT_NE(findings_.text().find("follow"), std::string::npos) << "out of row order";
}

TEST_F(Collector, GivesNothingIfNothingCame) {
  expect_rows(RowCollector("target", rows_, Order::Any, findings_).delivered(), 0, 0);
}

TEST_F(Collector, FindsRowsThatComeTwice) {
  for (const uint64_t again : {3U, 4U, 5U}) {
    Findings findings;
    RowCollector collector("target", rows_, Order::Any, findings);
    send(collector, 3, 3);
    send(collector, again, 1);
    collector.delivered();
    EXPECT_NE(findings.text(), "") << "row " << again;
  }
}

TEST_F(Collector, FindsRowsThatAreMissing) {
  RowCollector collector("target", rows_, Order::Any, findings_);
  send(collector, 8, 2);
  send(collector, 3, 3);
  collector.delivered();
  EXPECT_NE(findings_.text().find("no row 6"), std::string::npos) << findings_.text();
}

TEST_F(Collector, FindsAPieceWithoutRowsAndAnotherShape) {
  RowCollector collector("target", rows_, Order::Any, findings_);
  send(collector, 8, 0);
  EXPECT_NE(findings_.text().find("without rows"), std::string::npos) << findings_.text();
  rows_.shape = {2};
  send(collector, 8, 2);
  EXPECT_NE(findings_.text().find("dimensions"), std::string::npos) << findings_.text();
}

}  // namespace
}  // namespace eq
