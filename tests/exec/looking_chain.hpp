// Chains of scans in turns over whole tiles, run inside the test with every row counted: how often each stage made each row,
// which rows came out, and what the run's own statistics say. One run at a time.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exec/pipeline.hpp"
#include "exec/told_plan.hpp"
#include "plan/plan.hpp"

namespace sqs {

// frames -> forward -> backward -> forward ...: the first stage runs forward, unless it is told otherwise. Frames are u32, one
// value each; rows are so many values wide.
struct ChainSpec {
  uint64_t tiles = 1;
  uint64_t tile_frames = 1;
  std::vector<uint64_t> state_bytes;  // by stage: at least 8
  std::vector<uint64_t> row_values;   // by stage
  bool any_order = true;
  uint64_t budget = 0;
  uint64_t checkpoint_every = 0;
  std::string spill_dir;
  double cost_ns = 0;  // of a row, as the stages tell
  uint32_t max_ratio = 0;
  bool once_before = false;  // a map that must run once lies before the first stage
  bool once_after = false;   // or behind the last one, and is the target
  bool backward_first = false;
  bool stepped = false;      // tile by tile

  uint64_t stages() const { return state_bytes.size(); }
  uint64_t frames() const { return tiles * tile_frames; }
  std::string text() const {
    std::string out = "tiles " + std::to_string(tiles) + ", tile_frames " + std::to_string(tile_frames) + ", budget " +
                      std::to_string(budget) + ", checkpoint_every " + std::to_string(checkpoint_every) +
                      (any_order ? ", any order" : ", row order") + (spill_dir.empty() ? "" : ", with a disk");
    for (size_t j = 0; j < stages(); ++j)
      out += ", stage " + std::to_string(j) + ": a state of " + std::to_string(state_bytes[j]) + " bytes, rows of " +
             std::to_string(row_values[j]) + " values";
    return out;
  }
};

// What one stage did.
struct Counted {
  bool backward = false;
  uint64_t calls = 0;
  std::vector<uint32_t> times;  // by row
  std::function<void()> at_call;
};

class CountedChain {
 public:
  explicit CountedChain(const ChainSpec& spec) : spec_(spec), frames_(spec.frames()) {
    for (uint64_t t = 0; t < frames_.size(); ++t) frames_[t] = static_cast<uint32_t>(t * 2654435761U + 12345);
    Format format;
    format.dtype = SQS_U32;
    format.window = format.hop = 1;
    pipeline_ = *Pipeline::create(format);
    if (spec.once_before) add_once("once", "frames");
    for (uint64_t j = 0; j < spec.stages(); ++j) add(j);
    once_.times.assign(frames_.size(), 0);
    if (spec.once_after) add_once("after", name(spec.stages() - 1));
    EXPECT_TRUE(pipeline_->set_memory(frames_.data(), frames_.size(), nullptr).ok());
    Settings settings;
    settings.mode = SQS_SQRT;
    settings.memory_budget = spec.budget;
    settings.lru_bytes = SQS_NONE;
    settings.tile_frames = spec.tile_frames;
    settings.checkpoint_every = spec.checkpoint_every;
    settings.spill_dir = spec.spill_dir;
    settings.max_ratio = spec.max_ratio;
    EXPECT_TRUE(pipeline_->configure(settings).ok());
  }

  std::shared_ptr<const Plan> plan() {
    const Result<std::shared_ptr<const ToldPlan>> made = pipeline_->plan({target()}, 0, SQS_END, true, spec_.any_order);
    EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error().message) << "\n" << spec_.text();
    return made.ok() ? (*made)->plan() : nullptr;
  }

  // Runs it, well or not; stats() are those of a run that succeeded.
  Status execute() {
    rows_out_.assign(frames_.size(), 0);
    pieces_ = 0;
    wrong_ = 0;
    told_ = {};
    digest_.reset();
    expected_ = expected_rows();
    Result<std::unique_ptr<Run>> run = pipeline_->open_run();
    EXPECT_TRUE(run.ok()) << run.error().message;
    EXPECT_TRUE((*run)->add_callback(target(), spec_.any_order, take, User(this, [](void*) {})).ok());
    EXPECT_TRUE((*run)->set_progress(hear, User(this, [](void*) {})).ok());
    for (auto stepped = Run::Stepped::Pending; stepped != Run::Stepped::Done;) {
      SQS_TRY_ASSIGN(stepped, (*run)->step(spec_.stepped ? 0 : UINT64_MAX));
    }
    stats_ = *(*run)->stats();
    report_ = (*run)->report_text();
    std::array<uint8_t, 16> digest{};
    if ((*run)->digest(0, digest.data()).ok()) digest_ = digest;
    return ok();
  }

  // Runs it and checks every row that comes out; counted() and stats() are those of this run.
  void run() {
    const Status done = execute();
    ASSERT_TRUE(done.ok()) << done.error().message << "\n" << spec_.text();
    for (uint64_t t = 0; t < rows_out_.size(); ++t) ASSERT_EQ(rows_out_[t], 1U) << "row " << t << " of " << spec_.text();
    ASSERT_EQ(wrong_, 0U) << spec_.text();
  }

  const std::vector<std::unique_ptr<Counted>>& counted() const { return counted_; }
  const sqs_stats& stats() const { return stats_; }
  const std::string& report() const { return report_; }
  // None of rows that came from the last to the first.
  const std::optional<std::array<uint8_t, 16>>& digest() const { return digest_; }
  // How often the run has told its progress; it must never go back.
  uint64_t times_told() const { return told_.times; }

  std::string target() const { return spec_.once_after ? "after" : name(spec_.stages() - 1); }
  Pipeline& pipeline() { return *pipeline_; }
  // The callback fails when it is given its piece of that number, counted from 0.
  void refuse_piece(uint64_t number) { refused_ = number; }
  uint64_t pieces() const { return pieces_; }
  // What its rows are made of and begin with.
  uint32_t frame(uint64_t row) const { return frames_[row]; }
  uint32_t expected(uint64_t row) const { return expected_rows()[row]; }
  // How often the map that must run once has made each row.
  const std::vector<uint32_t>& once_times() const { return once_.times; }

  // How often each tile was made by a stage: all its rows alike.
  std::vector<uint32_t> tile_times(uint64_t stage) const {
    std::vector<uint32_t> out(spec_.tiles);
    for (uint64_t i = 0; i < spec_.tiles; ++i) {
      out[i] = counted_[stage]->times[i * spec_.tile_frames];
      for (uint64_t r = 1; r < spec_.tile_frames; ++r)
        EXPECT_EQ(counted_[stage]->times[i * spec_.tile_frames + r], out[i])
            << "row " << r << " of tile " << i << ", " << spec_.text();
    }
    return out;
  }

 private:
  static std::string name(uint64_t stage) { return "s" + std::to_string(stage); }

  // A row from the state and the first value of the input's row; the last value of a row tells whether its width is right.
  static uint32_t next(uint64_t& state, uint32_t value) {
    state = (state + value + 1) * 6364136223846793005U;
    return static_cast<uint32_t>(state >> 29);
  }

  void add(uint64_t j) {
    StageDecl decl;
    decl.name = name(j);
    decl.kind = Kind::Scan;
    decl.backward = (j % 2 == 1) != spec_.backward_first;
    decl.dtype = SQS_U32;
    decl.shape = {spec_.row_values[j]};
    Access access;
    access.stage = j > 0 ? name(j - 1) : spec_.once_before ? "once" : "frames";
    decl.inputs = {access};
    decl.state_bytes = spec_.state_bytes[j];
    decl.cost_ns_per_row = spec_.cost_ns;
    decl.process = scan;
    counted_.push_back(std::make_unique<Counted>());
    counted_.back()->backward = decl.backward;
    counted_.back()->times.assign(frames_.size(), 0);
    decl.user = User(counted_.back().get(), [](void*) {});
    const Status added = pipeline_->add_stage(std::move(decl));
    EXPECT_TRUE(added.ok()) << (added.ok() ? "" : added.error().message);
  }

  void add_once(const std::string& name, const std::string& input) {
    StageDecl decl;
    decl.name = name;
    decl.kind = Kind::Map;
    decl.once = true;
    decl.dtype = SQS_U32;
    if (spec_.once_after) decl.shape = {1};
    Access access;
    access.stage = input;
    decl.inputs = {access};
    decl.process = copy_once;
    decl.user = User(&once_, [](void*) {});
    EXPECT_TRUE(pipeline_->add_stage(std::move(decl)).ok());
  }

  static int64_t copy_once(void* user, sqs_call* call) {
    const auto rows = static_cast<int64_t>(call->rows);
    for (int64_t r = 0; r < rows; ++r) {
      ++static_cast<Counted*>(user)->times[call->first_row + static_cast<uint64_t>(r)];
      std::memcpy(static_cast<uint8_t*>(call->output.data) + r * call->output.strides[0],
                  static_cast<const uint8_t*>(call->inputs[0].data) + r * call->inputs[0].strides[0], sizeof(uint32_t));
    }
    return rows;
  }

  static int64_t scan(void* user, sqs_call* call) {
    auto& counted = *static_cast<Counted*>(user);
    ++counted.calls;
    if (counted.at_call) counted.at_call();
    const auto rows = static_cast<int64_t>(call->rows);
    uint64_t state = 0;
    std::memcpy(&state, call->state, sizeof state);
    for (int64_t i = 0; i < rows; ++i) {
      const int64_t r = counted.backward ? rows - 1 - i : i;
      ++counted.times[call->first_row + static_cast<uint64_t>(r)];
      uint32_t value = 0;
      std::memcpy(&value, static_cast<const uint8_t*>(call->inputs[0].data) + r * call->inputs[0].strides[0], sizeof value);
      const uint32_t made = next(state, value);
      uint8_t* out = static_cast<uint8_t*>(call->output.data) + r * call->output.strides[0];
      for (int64_t v = 0; v < call->output.shape[1]; ++v) {
        const uint32_t element = made + static_cast<uint32_t>(v);
        std::memcpy(out + v * call->output.strides[1], &element, sizeof element);
      }
    }
    std::memcpy(call->state, &state, sizeof state);
    return rows;
  }

  std::vector<uint32_t> expected_rows() const {
    std::vector<uint32_t> rows = frames_;
    for (uint64_t j = 0; j < spec_.stages(); ++j) {
      uint64_t state = 0;
      if ((j % 2 == 0) != spec_.backward_first)
        for (size_t t = 0; t < rows.size(); ++t) rows[t] = next(state, rows[t]);
      else
        for (size_t t = rows.size(); t-- > 0;) rows[t] = next(state, rows[t]);
    }
    return rows;
  }

  static int32_t take(void* user, const sqs_view* view, char*) {
    auto& self = *static_cast<CountedChain*>(user);
    if (self.pieces_++ == self.refused_) return 0;
    for (int64_t r = 0; r < view->shape[0]; ++r) {
      const auto t = static_cast<uint64_t>(view->first_row + r);
      ++self.rows_out_[t];
      for (int64_t v = 0; v < view->shape[1]; ++v) {
        uint32_t value = 0;
        std::memcpy(&value, static_cast<const uint8_t*>(view->data) + r * view->strides[0] + v * view->strides[1], sizeof value);
        if (value != self.expected_[t] + static_cast<uint32_t>(v)) ++self.wrong_;
      }
    }
    return 1;
  }

  static int32_t hear(void* user, const sqs_progress* progress) {
    Told& told = static_cast<CountedChain*>(user)->told_;
    EXPECT_GE(progress->fraction, told.fraction);
    EXPECT_GE(progress->rows_done, told.rows_done);
    EXPECT_LE(progress->fraction, 1.0);
    told = {told.times + 1, progress->fraction, progress->rows_done};
    return 1;
  }

  struct Told {
    uint64_t times = 0;
    double fraction = 0;
    uint64_t rows_done = 0;
  };

  ChainSpec spec_;
  std::vector<uint32_t> frames_;
  std::vector<uint32_t> expected_;
  std::vector<uint32_t> rows_out_;
  uint64_t wrong_ = 0;
  std::vector<std::unique_ptr<Counted>> counted_;
  Counted once_;
  std::shared_ptr<Pipeline> pipeline_;
  sqs_stats stats_ = {};
  std::string report_;
  std::optional<std::array<uint8_t, 16>> digest_;
  Told told_;
  uint64_t pieces_ = 0;  // the callback has been given
  uint64_t refused_ = UINT64_MAX;
};

}  // namespace sqs
