// Rows that wait to be pulled when a disk fails under a run: nobody has seen them, so the run may start again without the disk,
// and then hands out each row once.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "looking_chain.hpp"
#include "scripted_files.hpp"
#include "temporary_directory.hpp"

namespace sqs {
namespace {

// A backward scan of a forward scan, whose rows go to disk, is pulled, and the frames too: 40 tiles, of which a few stay in
// memory.
class PullDisk : public ::testing::Test {
 protected:
  PullDisk() {
    spec_.tiles = 40;
    spec_.tile_frames = 5;
    spec_.state_bytes = {64, 16};
    spec_.row_values = {30, 2};
    spec_.cost_ns = 1e6;
    spec_.budget = uint64_t{1} << 30;
    least_ = CountedChain(spec_).plan()->least_budget_bytes;
    spec_.budget = least_ + 2000;  // replays will do as well
    spec_.spill_dir = directory_.path();
  }

  // What came of pulling everything.
  struct Outcome {
    int32_t code = SQS_OK;
    uint64_t disk_bytes = 0;  // written
    std::vector<uint32_t> frame_times;
    std::vector<uint32_t> back_times;
    uint64_t lent = 0;
  };
  Outcome pull_all(bool frames_too) {
    CountedChain chain(spec_);
    Outcome outcome;
    outcome.frame_times.resize(spec_.frames());
    outcome.back_times.resize(spec_.frames());
    const std::unique_ptr<sqs::Run> run = *chain.pipeline().open_run();
    EXPECT_TRUE(run->add_pull("s1", true).ok());
    if (frames_too) {
      EXPECT_TRUE(run->add_pull("frames", true).ok());
    }
    EXPECT_GT((*run->plan())->info().disk_bytes, 0U) << "the plan does not use the disk";
    for (;;) {
      const Result<Pulled> pulled = run->pull(SQS_ANY_TARGET);
      if (!pulled.ok()) {
        outcome.code = pulled.error().code;
        return outcome;
      }
      if (pulled->what == Pulled::What::End) break;
      const sqs_view& rows = pulled->rows;
      std::vector<uint32_t>& times = pulled->target == 1 ? outcome.frame_times : outcome.back_times;
      for (int64_t t = 0; t < rows.shape[0]; ++t) {
        const auto row = static_cast<uint64_t>(rows.first_row + t);
        ++times[row];
        uint32_t value = 0;
        std::memcpy(&value, static_cast<const uint8_t*>(rows.data) + t * rows.strides[0], sizeof value);
        EXPECT_EQ(value, pulled->target == 1 ? chain.frame(row) : chain.expected(row)) << "row " << row;
      }
      outcome.lent += static_cast<uint64_t>(rows.shape[0]);
    }
    outcome.disk_bytes = run->stats()->disk_written_bytes;
    return outcome;
  }
  void expect_each_once(const Outcome& outcome, bool frames_too) const {
    EXPECT_EQ(outcome.frame_times, std::vector<uint32_t>(spec_.frames(), frames_too ? 1 : 0));
    EXPECT_EQ(outcome.back_times, std::vector<uint32_t>(spec_.frames(), 1));
  }

  const test::TemporaryDirectory directory_;
  ChainSpec spec_;
  uint64_t least_ = 0;  // without the disk
};

TEST_F(PullDisk, RowsOnDiskComeBackAndEachIsLentOnce) {
  for (const bool frames_too : {false, true}) {
    const Outcome outcome = pull_all(frames_too);
    ASSERT_EQ(outcome.code, SQS_OK);
    EXPECT_GT(outcome.disk_bytes, 0U);
    expect_each_once(outcome, frames_too);
  }
}

// Whether it fails before rows are lent, between or behind; the second attempt passes over those that were.
TEST_F(PullDisk, WhenTheDiskFailsRowsThatWereLentDoNotComeAgain) {
  uint64_t after_rows = 0;
  for (const char* call : {"pwrite", "pread"})
    for (const bool frames_too : {false, true})
      for (int passed = 0; passed < 8; ++passed) {
        SCOPED_TRACE(std::to_string(passed) + " times " + call + (frames_too ? ", with frames" : ""));
        test::ScriptedFiles files;
        for (int i = 0; i < passed; ++i) files.fail(call, 0);
        files.fail(call, EIO);
        const Outcome outcome = pull_all(frames_too);
        ASSERT_EQ(outcome.code, SQS_OK);
        expect_each_once(outcome, frames_too);
        EXPECT_EQ(outcome.lent, (frames_too ? 2 : 1) * spec_.frames());
        if (std::string(call) == "pread") {
          EXPECT_GT(outcome.disk_bytes, 0U) << "what the first attempt has written counts";
        }
        after_rows += files.calls(call) == passed + 1 && passed > 0 ? 1 : 0;
      }
  EXPECT_GT(after_rows, 10U) << "of the calls that should have failed some were never made";
}

// In so little memory each tile goes to disk by itself: the write fails when frames of the same tile wait already.
TEST_F(PullDisk, WhatWaitsWhenTheFirstTileFailsIsNotLentTwice) {
  spec_.budget = least_;
  test::ScriptedFiles files;
  files.fail("pwrite", EIO);
  const Outcome outcome = pull_all(true);
  ASSERT_EQ(outcome.code, SQS_OK);
  EXPECT_EQ(files.calls("pwrite"), 1);
  EXPECT_EQ(outcome.disk_bytes, 0U);
  expect_each_once(outcome, true);
}

}  // namespace
}  // namespace sqs
