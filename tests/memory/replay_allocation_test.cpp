// A run that looks back allocates nothing between its first and its last callback: neither where all rows are kept, nor where
// replays start from checkpoints, once or over and over, nor in chains of directions, whatever the drive, sink and threads.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "allocation_counter.hpp"
#include "workload.hpp"

namespace memory_test {
namespace {

constexpr uint64_t kFrames = 30'000;
constexpr uint64_t kTile = 128;
constexpr uint64_t kRing = 500;  // a state of 4 KB
constexpr int64_t kValues = 16;
constexpr uint64_t kTapeOfATile = kTile * kValues * sizeof(float);

struct Ring {
  uint64_t next;
  double values[kRing];
};

// y[t] = x[t] + y[t -+ kRing] / 2, in the direction of the stage.
template <bool kBackward>
int64_t comb(void*, sqs_call* call) {
  watch().callback();
  auto& ring = *static_cast<Ring*>(call->state);
  const auto rows = static_cast<int64_t>(call->rows);
  for (int64_t i = 0; i < rows; ++i) {
    const int64_t r = kBackward ? rows - 1 - i : i;
    float x = 0;
    std::memcpy(&x, static_cast<const uint8_t*>(call->inputs[0].data) + r * call->inputs[0].strides[0], sizeof x);
    double& slot = ring.values[ring.next++ % kRing];
    slot = static_cast<double>(x) + slot / 2;
    auto* row = static_cast<uint8_t*>(call->output.data) + r * call->output.strides[0];
    for (int64_t v = 0; v < kValues; ++v) {
      const auto y = static_cast<float>(slot + static_cast<double>(v));
      std::memcpy(row + v * call->output.strides[1], &y, sizeof y);
    }
  }
  return rows;
}

int32_t save_ring(void*, const void* state, void* bytes, uint64_t, uint64_t* used) {
  watch().callback();
  std::memcpy(bytes, state, sizeof(Ring));
  *used = sizeof(Ring);
  return 1;
}

int32_t restore_ring(void*, void* state, const void* bytes, uint64_t used) {
  watch().callback();
  std::memcpy(state, bytes, used);
  return 1;
}

int64_t read_ramp(void*, uint64_t first, uint64_t frames, void* dst, char*) {
  watch().callback();
  for (uint64_t i = 0; i < frames; ++i) {
    const auto sample = static_cast<float>((first + i) % 1009);
    std::memcpy(static_cast<uint8_t*>(dst) + i * sizeof sample, &sample, sizeof sample);
  }
  return static_cast<int64_t>(frames);
}

int32_t count_rows(void* user, const sqs_view* rows, char*) {
  watch().callback();
  *static_cast<uint64_t*>(user) += static_cast<uint64_t>(rows->shape[0]);
  return 1;
}

std::string name_of(uint64_t stage) { return "s" + std::to_string(stage); }

// frames -> forward -> backward -> ...; every other stage saves its state itself.
api::Pipeline chain_of(uint64_t stages) {
  api::Pipeline p = api::pipeline(api::format(SQS_F32, 1, 1, 1));
  std::string input = "frames";
  for (uint64_t s = 0; s < stages; ++s) {
    sqs_stage stage = api::stage(SQS_SCAN, SQS_F32, {kValues}, s % 2 == 0 ? comb<false> : comb<true>);
    stage.direction = s % 2 == 0 ? SQS_FORWARD : SQS_BACKWARD;
    stage.state_bytes = sizeof(Ring);
    if (s % 2 == 1) {
      stage.saved_bytes = sizeof(Ring);
      stage.save = save_ring;
      stage.restore = restore_ring;
    }
    const api::Answer added = api::add(p.get(), name_of(s).c_str(), stage, {api::access(input.c_str(), SQS_VALID, 0, 0)});
    EXPECT_TRUE(added.ok()) << added.message;
    input = name_of(s);
  }
  auto reader = api::sized<sqs_reader>();
  reader.frame_count = kFrames;
  reader.read = read_ramp;
  EXPECT_EQ(sqs_pipeline_set_reader(p.get(), &reader, nullptr, nullptr, nullptr), SQS_OK);
  return p;
}

enum class Sink { AnyOrder, RowOrder, Array, File };

class ReplayAllocations : public ::testing::TestWithParam<std::tuple<bool, uint32_t>> {
 protected:
  bool stepwise() const { return std::get<0>(GetParam()); }

  sqs_settings settings() const {
    sqs_settings s = api::settings(SQS_SQRT);
    s.threads = std::get<1>(GetParam());
    s.tile_frames = kTile;
    s.lru_bytes = SQS_NONE;
    if (spills_) {
      s.spill_dir = directory_.c_str();
      s.max_ratio = 1;  // rows that memory has no room for go to disk
    }
    return s;
  }

  // A run into one sink.
  api::Run run_into(sqs_pipeline* p, uint64_t stages, Sink sink, uint64_t& rows) const {
    sqs_run* made = nullptr;
    EXPECT_EQ(sqs_run_create(p, &made, nullptr), SQS_OK);
    const std::string target = name_of(stages - 1);
    const int32_t order = sink == Sink::AnyOrder ? SQS_ANY_ORDER : SQS_ROW_ORDER;
    const int32_t added =
        sink == Sink::Array  ? sqs_run_add_array(made, target.c_str(), nullptr, nullptr)
        : sink == Sink::File ? sqs_run_add_npy(made, target.c_str(), file().c_str(), nullptr, nullptr)
                             : sqs_run_add_callback_in(made, target.c_str(), order, count_rows, &rows, nullptr, nullptr, nullptr);
    EXPECT_EQ(added, SQS_OK);
    return api::Run(made);
  }

  uint64_t least_budget(sqs_pipeline* p, uint64_t stages, Sink sink) const {
    EXPECT_TRUE(api::configure(p, settings()).ok());
    uint64_t rows = 0;
    const api::Run run = run_into(p, stages, sink, rows);
    sqs_plan* made = nullptr;
    EXPECT_EQ(sqs_run_plan(run.get(), &made, nullptr), SQS_OK);
    const api::Plan plan(made);
    auto info = api::sized<sqs_plan_info>();
    EXPECT_EQ(sqs_plan_info_get(made, &info, nullptr), SQS_OK);
    return info.least_budget_bytes;
  }

  // In so many bytes above the least budget; UINT64_MAX: in all there is. Returns how often each row of the first stage was
  // evaluated.
  double run(uint64_t stages, Sink sink, uint64_t spare) const {
    const api::Pipeline p = chain_of(stages);
    sqs_settings s = settings();
    s.memory_budget = spare == UINT64_MAX ? 0 : least_budget(p.get(), stages, sink) + spare;
    EXPECT_TRUE(api::configure(p.get(), s).ok());
    uint64_t rows = 0;
    const api::Run run = run_into(p.get(), stages, sink, rows);
    watch().begin(false);
    const api::Answer done = api::answer([&](sqs_error** e) {
      if (!stepwise()) return sqs_run_execute(run.get(), e);
      int32_t status = SQS_PENDING;
      while (status == SQS_PENDING) status = sqs_run_step(run.get(), 20'000, e);
      return status;
    });
    std::remove(file().c_str());
    EXPECT_TRUE(done.ok()) << done.message;
    if (!done.ok()) return 0;
    EXPECT_EQ(rows, sink == Sink::AnyOrder || sink == Sink::RowOrder ? kFrames : 0);
    EXPECT_GT(watch().callbacks(), 100U);
    EXPECT_EQ(watch().allocations(), 0U);
    auto stats = api::sized<sqs_stats>();
    EXPECT_EQ(sqs_run_stats(run.get(), &stats, nullptr), SQS_OK);
    EXPECT_EQ(stats.disk_written_bytes > 0, spills_);
    EXPECT_EQ(stats.disk_read_bytes, stats.disk_written_bytes);
    EXPECT_LE(stats.measured_bytes, stats.predicted_bytes);
    EXPECT_LE(stats.reserved_bytes, stats.budget_bytes);
    auto stage = api::sized<sqs_stage_stats>();
    for (uint32_t i = 0; sqs_run_stage_stats(run.get(), i, &stage, nullptr) == SQS_OK; ++i)
      if (stage.name == name_of(0)) return stage.recompute_ratio;
    return 0;
  }

  bool spills_ = false;
  const std::string directory_ = ::testing::TempDir();

 private:
  // A file of this test program's own, whichever of its tests run at the same time.
  std::string file() const {
    const std::string tested = std::to_string(stepwise()) + std::to_string(std::get<1>(GetParam()));
    return ::testing::TempDir() + "sqs_replay_allocation_" + tested + ".npy";
  }
};

TEST_P(ReplayAllocations, NoneWhereAllRowsAreKept) { EXPECT_EQ(run(2, Sink::AnyOrder, UINT64_MAX), 1.0); }

TEST_P(ReplayAllocations, NoneWhereSegmentsAreReplayedOnce) {
  const double ratio = run(2, Sink::AnyOrder, 16 * kTapeOfATile);
  EXPECT_GT(ratio, 1.5);
  EXPECT_LT(ratio, 2.0);
}

TEST_P(ReplayAllocations, NoneWhereSegmentsAreReplayedOverAndOver) { EXPECT_GT(run(2, Sink::AnyOrder, 0), 2.0); }

TEST_P(ReplayAllocations, NoneWhereRowsGoToDisk) {
  spills_ = true;
  for (const Sink sink : {Sink::AnyOrder, Sink::Array, Sink::File})
    for (const uint64_t spare : {uint64_t{0}, kTapeOfATile, 40 * kTapeOfATile}) {
      SCOPED_TRACE("sink " + std::to_string(static_cast<int>(sink)) + ", spare " + std::to_string(spare));
      EXPECT_EQ(run(2, sink, spare), 1.0);
    }
}

TEST_P(ReplayAllocations, NoneInChainsOfDirections) {
  for (const uint64_t spare : {uint64_t{0}, 40 * kTapeOfATile, uint64_t{UINT64_MAX}}) {
    SCOPED_TRACE("spare " + std::to_string(spare));
    const double three = run(3, Sink::AnyOrder, spare);
    const double four = run(4, Sink::AnyOrder, spare);
    if (spare == UINT64_MAX) continue;
    EXPECT_GT(three, 2.0);
    EXPECT_LE(three, 3.0);
    EXPECT_GT(four, 3.0);
    EXPECT_LE(four, 4.0);
  }
}

TEST_P(ReplayAllocations, NoneInRowOrderWhateverTheSink) {
  for (const Sink sink : {Sink::RowOrder, Sink::Array, Sink::File}) {
    SCOPED_TRACE("sink " + std::to_string(static_cast<int>(sink)));
    EXPECT_GT(run(2, sink, 2 * kTapeOfATile), 1.5);
  }
}

INSTANTIATE_TEST_SUITE_P(Runs, ReplayAllocations, ::testing::Combine(::testing::Bool(), ::testing::Values(1U, 3U)),
                         [](const ::testing::TestParamInfo<ReplayAllocations::ParamType>& tested) {
                           return std::string(std::get<0>(tested.param) ? "stepwise_" : "in_one_go_") +
                                  std::to_string(std::get<1>(tested.param)) + "_threads";
                         });

}  // namespace
}  // namespace memory_test
