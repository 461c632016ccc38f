// Callbacks that fail, throw, or return nothing: stages, sinks and readers. The error names who and where, and the pipeline
// works again once the fault is gone.
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "fixture.hpp"

namespace errors_test {
namespace {

class CallbackErrors : public Errors {
 protected:
  void SetUp() override {
    Errors::SetUp();
    set_memory();
  }
  // A hook that fires in the tile that holds row `at`.
  static Hook on_row(uint64_t at, std::function<int64_t(sqs_call*)> action) {
    return [=](sqs_call* call) -> std::optional<int64_t> {
      if (at < call->first_row || at >= call->first_row + call->rows) return std::nullopt;
      return action(call);
    };
  }
};

int64_t refuse_with_message(sqs_call* call) {
  std::snprintf(call->message, SQS_MESSAGE_BYTES, "sensor 7 went missing");
  return -5;
}

TEST_F(CallbackErrors, AFailingStageIsNamedWithItsRowAndItsOwnWords) {
  for (const int32_t mode : {SQS_CLASSIC, SQS_SQRT}) {
    set_tile(1, mode);
    hook_ = on_row(37, refuse_with_message);
    const api::Answer failed = evaluate("sum");
    expect_answer(failed, SQS_E_STAGE, {"double", "sensor 7 went missing"});
    EXPECT_EQ(failed.stage, "double");
    if (mode == SQS_SQRT) {
      EXPECT_EQ(failed.row, 37U) << "tiles of one frame";
    }
    EXPECT_LE(failed.row, 37U);
    EXPECT_EQ(result_.get(), nullptr);
    expect_usable();
  }
}

TEST_F(CallbackErrors, OfALongerTileTheRowIsTheTilesFirstIfNothingElseIsTold) {
  set_tile(10);
  hook_ = on_row(37, refuse_with_message);
  const api::Answer failed = evaluate("rest");
  expect_answer(failed, SQS_E_STAGE, {"double", "in rows [30, 40)", "sensor 7"});
  EXPECT_EQ(failed.row, 30U);
  expect_usable();
}

TEST_F(CallbackErrors, ACallbackThatDidFewerRowsHasFailedAtTheNext) {
  for (const int32_t mode : {SQS_CLASSIC, SQS_SQRT})
    for (const uint32_t threads : {1U, 3U}) {
      set_tile(10, mode, threads);
      hook_ = on_row(37, [](sqs_call* call) {
        refuse_with_message(call);
        return static_cast<int64_t>(37 - call->first_row);
      });
      const api::Answer failed = evaluate("sum");
      expect_answer(failed, SQS_E_STAGE, {"'double' failed in process at row 37: sensor 7"});
      EXPECT_EQ(failed.row, 37U);
      expect_usable();
    }
}

// A stage with a state that fails at one row, which it meets on its way through the tile.
struct FailsAt {
  uint64_t row;
  bool backward;

  static int64_t process(void* user, sqs_call* call) {
    const FailsAt& self = *static_cast<FailsAt*>(user);
    for (uint64_t done = 0; done < call->rows; ++done) {
      const uint64_t r = self.backward ? call->rows - 1 - done : done;
      if (call->first_row + r == self.row) return static_cast<int64_t>(done);
      if (call->output.data != nullptr) *row_i64(call->output, r) = 1;
    }
    return static_cast<int64_t>(call->rows);
  }
};

TEST_F(CallbackErrors, ScansAndReducesInEitherDirectionFailAtTheirRow) {
  FailsAt fault{0, false};
  for (const bool backward : {false, true})
    for (const int32_t kind : {SQS_SCAN, SQS_REDUCE}) {
      sqs_stage stage = api::stage(kind, SQS_I64, {}, FailsAt::process);
      stage.direction = backward ? SQS_BACKWARD : SQS_FORWARD;
      stage.state_bytes = sizeof(int64_t);
      if (kind == SQS_REDUCE) stage.finish = write_sum;
      const std::string name = std::string(backward ? "backward " : "forward ") + (kind == SQS_SCAN ? "scan" : "reduce");
      add(name.c_str(), stage, {plain("sum")}, &fault);
      for (const int32_t mode : {SQS_CLASSIC, SQS_SQRT})
        for (const uint64_t row : {30U, 37U, 39U, 0U, 99U}) {
          set_tile(10, mode);
          fault = {row, backward};
          const api::Answer failed = evaluate(name.c_str());
          expect_answer(failed, SQS_E_STAGE, {name, "at row " + std::to_string(row) + ":"});
          EXPECT_EQ(failed.row, row) << name;
          EXPECT_EQ(failed.stage, name);
        }
    }
  expect_usable();
}

TEST_F(CallbackErrors, TheRowsOfAScanWithALeadAreCountedFromItsFirstLeadRow) {
  FailsAt fault{12, false};
  sqs_stage stage = api::stage(SQS_SCAN, SQS_I64, {}, FailsAt::process);
  stage.state_bytes = sizeof(int64_t);
  stage.lead = 7;
  stage.extend_edge = SQS_CLAMP;
  add("led", stage, {plain("double")}, &fault);
  set_tile(10);
  EXPECT_EQ(evaluate("led").row, 12U);
}

TEST_F(CallbackErrors, AnyNumberButTheRowsIsAFailure) {
  set_tile(10);
  for (const int64_t returned : {int64_t{0}, int64_t{-1}, int64_t{9}, int64_t{11}, INT64_MIN, INT64_MAX}) {
    hook_ = on_row(55, [=](sqs_call*) { return returned; });
    const api::Answer failed = evaluate("sum");
    const bool tells_row = returned >= 0 && returned < 10;
    expect_answer(failed, SQS_E_STAGE, {"double", "it returned " + std::to_string(returned) + " instead of 10"});
    EXPECT_EQ(failed.row, tells_row ? 50U + static_cast<uint64_t>(returned) : 50U);
    EXPECT_EQ(failed.message.find("in rows [50, 60)") == std::string::npos, tells_row) << failed.message;
  }
  expect_usable();
}

TEST_F(CallbackErrors, AnExceptionBecomesAnErrorThatQuotesIt) {
  for (const uint32_t threads : {1U, 2U}) {
    set_tile(1, SQS_SQRT, threads);
    hook_ = on_row(12, [](sqs_call*) -> int64_t { throw std::runtime_error("no more coffee"); });
    const api::Answer failed = evaluate("sum");
    expect_answer(failed, SQS_E_STAGE, {"double", "no more coffee"});
    EXPECT_EQ(failed.row, 12U);
    hook_ = on_row(12, [](sqs_call*) -> int64_t { throw 42; });
    EXPECT_EQ(evaluate("sum").code, SQS_E_STAGE);
    expect_usable();
  }
}

TEST_F(CallbackErrors, AStageThatFailsOnAWorkerThread) {
  sqs_stage concurrent = twice_stage();
  concurrent.threading = SQS_CONCURRENT;
  add("parallel", concurrent, {plain("frames")}, &hook_);
  set_tile(1, SQS_SQRT, 4);
  hook_ = on_row(61, refuse_with_message);
  const api::Answer failed = evaluate("parallel");
  expect_answer(failed, SQS_E_STAGE, {"parallel", "sensor 7"});
  EXPECT_EQ(failed.row, 61U);
  expect_usable();
}

TEST_F(CallbackErrors, InitAndFinishThatReturnNothing) {
  sqs_stage scan = sum_stage();
  scan.init = [](void*, sqs_call*) -> int32_t { return 0; };
  add("cold", scan, {plain("double")});
  const api::Answer cold = evaluate("cold");
  expect_answer(cold, SQS_E_STAGE, {"cold", "init"});
  EXPECT_EQ(cold.stage, "cold");
  sqs_stage reduce = api::stage(SQS_REDUCE, SQS_I64, {}, add_up);
  reduce.state_bytes = sizeof(int64_t);
  reduce.finish = [](void*, sqs_call*) -> int32_t { return 0; };
  add("endless", reduce, {plain("double")});
  const api::Answer endless = evaluate("endless");
  expect_answer(endless, SQS_E_STAGE, {"endless", "finish"});
  EXPECT_EQ(endless.stage, "endless");
  expect_usable();
}

TEST_F(CallbackErrors, InitThatThrows) {
  sqs_stage scan = sum_stage();
  scan.init = [](void*, sqs_call*) -> int32_t { throw std::runtime_error("cold start"); };
  add("cold", scan, {plain("double")});
  expect_answer(evaluate("cold"), SQS_E_STAGE, {"cold", "cold start"});
  expect_usable();
}

int32_t save_sum(void*, const void* state, void* bytes, uint64_t, uint64_t* used) {
  std::memcpy(bytes, state, sizeof(int64_t));
  *used = sizeof(int64_t);
  return 1;
}
int32_t restore_sum(void*, void* state, const void* bytes, uint64_t) {
  std::memcpy(state, bytes, sizeof(int64_t));
  return 1;
}

TEST_F(CallbackErrors, SaveThatFailsOrWritesTooMuch) {
  const auto scan_with = [](sqs_save_fn save) {
    sqs_stage scan = sum_stage();
    scan.save = save;
    scan.restore = restore_sum;
    scan.saved_bytes = sizeof(int64_t);
    return scan;
  };
  add("mute", scan_with([](void*, const void*, void*, uint64_t, uint64_t*) -> int32_t { return 0; }), {plain("double")});
  add("loud", scan_with([](void*, const void*, void*, uint64_t capacity, uint64_t* used) -> int32_t {
        *used = capacity + 1;
        return 1;
      }),
      {plain("double")});
  sqs_settings settings = api::settings(SQS_SQRT);
  settings.tile_frames = 4;
  settings.checkpoint_every = 4;
  ASSERT_TRUE(api::configure(p(), settings).ok());
  for (const char* name : {"mute", "loud"}) {
    const api::Answer failed = evaluate(name, 10, 90);
    expect_answer(failed, SQS_E_STAGE, {name, "save"});
    EXPECT_EQ(failed.stage, name);
  }
  expect_usable();
}

TEST_F(CallbackErrors, RestoreThatFails) {
  sqs_stage scan = sum_stage();
  scan.save = save_sum;
  scan.restore = [](void*, void*, const void*, uint64_t) -> int32_t { return 0; };
  scan.saved_bytes = sizeof(int64_t);
  add("amnesia", scan, {plain("double")});
  sqs_settings settings = api::settings(SQS_SQRT);
  settings.tile_frames = 4;
  settings.checkpoint_every = 4;
  settings.lru_bytes = SQS_NONE;
  ASSERT_TRUE(api::configure(p(), settings).ok());
  ASSERT_TRUE(evaluate("amnesia", 0, 60).ok());
  const api::Answer failed = evaluate("amnesia", 50, 70);
  expect_answer(failed, SQS_E_STAGE, {"amnesia", "restore"});
  EXPECT_EQ(failed.stage, "amnesia");
  expect_usable();
}

// ---- sinks

struct SinkFault {
  int64_t at;
  int32_t returned;
  bool throws;
};

int32_t faulty_sink(void* user, const sqs_view* rows, char* message) {
  const SinkFault& fault = *static_cast<SinkFault*>(user);
  if (fault.at < rows->first_row || fault.at >= rows->first_row + rows->shape[0]) return 1;
  if (fault.throws) throw std::runtime_error("the pipe burst");
  std::snprintf(message, SQS_MESSAGE_BYTES, "the disk is full of cats");
  return fault.returned;
}

TEST_F(CallbackErrors, ASinkThatFailsOrThrows) {
  set_tile(5);
  for (SinkFault fault : {SinkFault{40, 0, false}, SinkFault{40, -1, false}, SinkFault{40, 5, false}, SinkFault{40, 1, true}}) {
    const api::Run run = open_run();
    ASSERT_EQ(sqs_run_add_callback(run.get(), "sum", faulty_sink, &fault, nullptr, nullptr, nullptr), SQS_OK);
    const api::Answer failed = api::answer([&](sqs_error** e) { return sqs_run_execute(run.get(), e); });
    expect_answer(failed, SQS_E_SINK, {"sum", fault.throws ? "the pipe burst" : "full of cats"});
    EXPECT_EQ(failed.stage, "sum");
    EXPECT_LE(failed.row, 40U);
    EXPECT_EQ(failed.row % 5, 0U) << "first row of what the sink was given";
  }
  expect_usable();
}

// ---- readers

struct Reader {
  const std::vector<int32_t>* frames;
  uint32_t* destroys;
  uint64_t fails_from = UINT64_MAX;
  int64_t returned = -1;
  bool throws = false;

  static int64_t read(void* user, uint64_t first, uint64_t frames, void* dst, char* message) {
    const Reader& reader = *static_cast<Reader*>(user);
    if (first + frames > reader.fails_from) {
      if (reader.throws) throw std::runtime_error("the tape tore");
      std::snprintf(message, SQS_MESSAGE_BYTES, "the tape ends early");
      return reader.returned;
    }
    std::memcpy(dst, reader.frames->data() + first, frames * sizeof(int32_t));
    return static_cast<int64_t>(frames);
  }
  static void destroy(void* user) { ++*static_cast<Reader*>(user)->destroys; }
};

TEST_F(CallbackErrors, AReaderThatFailsComesShortOrThrows) {
  set_tile(4);
  for (const auto& [returned, throws] : {std::pair<int64_t, bool>{-1, false}, {0, false}, {1, false}, {1 << 20, false}, {0, true}}) {
    Reader reader{&frames_, &source_destroys_, 48, returned, throws};
    auto declared = api::sized<sqs_reader>();
    declared.frame_count = kFrames;
    declared.read = Reader::read;
    ++sources_set_;
    ASSERT_EQ(sqs_pipeline_set_reader(p(), &declared, &reader, Reader::destroy, nullptr), SQS_OK);
    const api::Answer failed = evaluate("sum");
    expect_answer(failed, SQS_E_SOURCE, {throws ? "the tape tore" : "the tape ends early"});
    EXPECT_LE(failed.row, 48U) << "the frame the failing read began at";
    reader.fails_from = UINT64_MAX;
    expect_usable();
    set_memory();
  }
}

TEST_F(CallbackErrors, AReaderOfAnotherFormat) {
  auto reader = api::sized<sqs_reader>();
  reader.read = Reader::read;
  reader.frame_count = kFrames;
  reader.dtype = SQS_F32;
  ++sources_set_;
  expect_answer(api::answer([&](sqs_error** e) {
                  return sqs_pipeline_set_reader(p(), &reader, &source_destroys_, add_one, e);
                }),
                SQS_E_INVALID, {"f32", "i32"});
  reader.dtype = 0;
  reader.channels = 3;
  ++sources_set_;
  expect_answer(api::answer([&](sqs_error** e) {
                  return sqs_pipeline_set_reader(p(), &reader, &source_destroys_, add_one, e);
                }),
                SQS_E_INVALID, {"3", "1"});
  expect_usable();
}

}  // namespace
}  // namespace errors_test
