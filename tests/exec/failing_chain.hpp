// Chains whose rows or states go to a disk that fails as a test says, and what must hold of every run of them: nothing is left
// behind, the statistics add up, and the pipeline works again.
#pragma once

#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "looking_chain.hpp"
#include "scripted_files.hpp"
#include "temporary_directory.hpp"

namespace sqs {

struct DiskCase {
  bool states = false;     // on disk, else rows
  bool row_order = false;  // of what is delivered; else it comes from the last row to the first
  bool stepped = false;
};

inline std::string disk_case_name(const ::testing::TestParamInfo<DiskCase>& tested) {
  const DiskCase& c = tested.param;
  return std::string(c.states ? "states" : "rows") + (c.row_order ? "_in_row_order" : "_from_the_last") +
         (c.stepped ? "_stepped" : "");
}

// frames -> s0 -> s1, which runs against it: tiles of which a few stay in memory.
class DiskErrors : public ::testing::TestWithParam<DiskCase> {
 protected:
  DiskErrors() {
    spec_.tile_frames = 5;
    spec_.backward_first = GetParam().row_order;
    spec_.any_order = !GetParam().row_order;
    spec_.stepped = GetParam().stepped;
    spec_.tiles = states() ? 90 : 40;
    spec_.state_bytes = {states() ? uint64_t{400} : 64, 16};
    spec_.row_values = {30, 2};
    spec_.cost_ns = states() ? 1e-3 : 1e6;  // of rows that are cheap only states go to disk
    choose_budget(spec_);
    spec_.spill_dir = directory_.path();
  }

  static bool states() { return GetParam().states; }
  static int32_t schedule() { return states() ? SQS_SHRINK_DISK : SQS_SPILL; }

  // One in which replays without a disk will do as well.
  static void choose_budget(ChainSpec& spec) {
    spec.budget = uint64_t{1} << 30;
    spec.budget = CountedChain(spec).plan()->least_budget_bytes + 2000;
  }

  // So that there is no plan without a disk.
  ChainSpec bound() const {
    ChainSpec spec = spec_;
    spec.max_ratio = states() ? 2 : 1;
    return spec;
  }

  static size_t open_files() {
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) count += entry.exists() ? 1 : 0;
    return count;
  }

  // Makes a chain's first call that is not of its first stage do something: the first sweep is over.
  static void at_turnaround(CountedChain& chain, std::function<void()> act) {
    Counted& counted = *chain.counted()[1];
    counted.at_call = [&counted, act = std::move(act)] {
      const std::function<void()> now = act;
      counted.at_call = nullptr;  // and with it this function
      now();
    };
  }

  // Reads are counted from there: others ask the system for its memory before.
  static void fail_read(CountedChain& chain, test::ScriptedFiles& files, uint64_t number, int with = EIO) {
    at_turnaround(chain, [&files, number, with] {
      const uint64_t passing = static_cast<uint64_t>(files.calls("pread")) + number;
      for (uint64_t i = 0; i < passing; ++i) files.fail("pread", 0);
      files.fail("pread", with);
    });
  }

  static void fail_write(test::ScriptedFiles& files, int number, int with = EIO) {
    for (int i = 0; i < number; ++i) files.fail("pwrite", 0);
    files.fail("pwrite", with);
  }

  // Flips a bit of the spill file, and says whether it could.
  static bool rot(int file, off_t at) {
    char byte = 0;
    if (pread(file, &byte, 1, at) != 1) return false;
    byte = static_cast<char>(byte ^ 0x10);
    return pwrite(file, &byte, 1, at) == 1;
  }

  void expect_clean(size_t open_before) const {
    EXPECT_EQ(open_files(), open_before);
    EXPECT_TRUE(directory_.names().empty());
  }

  // What every run tells of itself when it has succeeded, however it came to that.
  void expect_told_right(CountedChain& chain) const {
    const sqs_stats& stats = chain.stats();
    uint64_t rows = 0;
    uint64_t calls = 0;
    for (const auto& stage : chain.counted()) {
      for (const uint32_t times : stage->times) rows += times;
      calls += stage->calls;
    }
    EXPECT_EQ(stats.rows_evaluated, rows);
    EXPECT_EQ(stats.callbacks, calls);
    EXPECT_EQ(stats.rows_evaluated + stats.rows_from_cache + stats.rows_skipped, stats.rows_predicted + stats.rows_given_up);
    const uint64_t once_each = spec_.stages() * spec_.frames();
    EXPECT_EQ(stats.rows_evaluated, once_each + stats.rows_replayed + stats.rows_swept_again + stats.rows_given_up);
    EXPECT_LE(stats.measured_bytes, stats.predicted_bytes);
    EXPECT_LE(stats.measured_bytes, stats.reserved_bytes);
    EXPECT_LE(stats.predicted_bytes, stats.budget_bytes);
  }

  // A run without an accident, by the plan with a disk.
  void expect_on_disk(const ChainSpec& spec, std::optional<std::array<uint8_t, 16>>* digest = nullptr) {
    CountedChain chain(spec);
    ASSERT_EQ(chain.plan()->info.schedule, schedule());
    const size_t open = open_files();
    ASSERT_NO_FATAL_FAILURE(chain.run());
    EXPECT_GT(chain.stats().disk_written_bytes, 0U);
    EXPECT_EQ(chain.stats().disk_written_bytes, chain.stats().disk_read_bytes);
    EXPECT_EQ(chain.stats().rows_given_up, 0U);
    EXPECT_EQ(chain.report().find("disk failed"), std::string::npos) << chain.report();
    expect_told_right(chain);
    expect_clean(open);
    if (digest != nullptr) *digest = chain.digest();
  }

  // One that succeeds; true if it has started again.
  bool runs_again(CountedChain& chain, const std::string& cause) {
    const size_t open = open_files();
    chain.run();
    expect_clean(open);
    if (HasFatalFailure()) return false;
    expect_told_right(chain);
    const sqs_stats& stats = chain.stats();
    if (stats.rows_given_up == 0) {
      EXPECT_EQ(chain.report().find("disk failed"), std::string::npos) << chain.report();
      return false;
    }
    EXPECT_NE(chain.report().find("disk failed   the run started again without it: stage 's0': "), std::string::npos);
    for (const std::string& words : {cause, std::string(" before the disk failed"), std::string(" - given up ")})
      EXPECT_NE(chain.report().find(words), std::string::npos) << chain.report();
    return true;
  }

  // One that must end by telling what of the first stage is gone, and why there is no other way.
  void expect_named(CountedChain& chain, bool in_reading, const std::string& what, const std::string& why) {
    const size_t open = open_files();
    const Status done = chain.execute();
    ASSERT_FALSE(done.ok());
    const Error& error = done.error();
    EXPECT_EQ(error.code, SQS_E_IO) << error.message;
    EXPECT_EQ(error.stage, "s0") << error.message;
    EXPECT_LE(error.row, spec_.frames());
    const std::string state = "its state at row " + std::to_string(error.row);
    std::string lost = "rows [" + std::to_string(error.row) + ", ";
    if (states()) lost = state + (in_reading ? ", from which rows [" : " can't be put on disk: ");
    for (const std::string& words : {"stage 's0': " + lost, what, std::string(" at offset "), "the run can't do without the disk: " + why})
      EXPECT_NE(error.message.find(words), std::string::npos) << "no '" << words << "' in: " << error.message;
    expect_clean(open);
  }

  // A run into an array and a file.
  std::unique_ptr<sqs::Run> open_filling(CountedChain& chain) const {
    std::unique_ptr<sqs::Run> run = *chain.pipeline().open_run();
    EXPECT_TRUE(run->add_array(chain.target()).ok());
    EXPECT_TRUE(run->add_npy(chain.target(), directory_.file("rows.npy")).ok());
    return run;
  }

  // The pipeline works as if nothing had been.
  void expect_usable(CountedChain& chain) {
    const size_t open = open_files();
    ASSERT_NO_FATAL_FAILURE(chain.run());
    EXPECT_GT(chain.stats().disk_written_bytes, 0U);
    EXPECT_EQ(chain.stats().rows_given_up, 0U);
    expect_clean(open);
  }

  const test::TemporaryDirectory directory_;
  ChainSpec spec_;
};

inline auto disk_cases() {
  return ::testing::Values(DiskCase{false, false, false}, DiskCase{false, false, true}, DiskCase{false, true, false},
                           DiskCase{false, true, true}, DiskCase{true, false, false}, DiskCase{true, false, true},
                           DiskCase{true, true, false}, DiskCase{true, true, true});
}

}  // namespace sqs
