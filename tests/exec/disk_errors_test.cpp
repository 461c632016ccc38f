// A disk that fails under a run whose rows are on it: the run goes on without, if it may, or ends with an error that says whose
// rows are gone; nothing is left behind and the pipeline works again.
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "scripted_files.hpp"
#include "temporary_directory.hpp"
#include "looking_chain.hpp"

namespace sqs {
namespace {

// frames -> s0, forward -> s1, backward: 40 tiles, of which a few stay in memory.
class DiskErrors : public ::testing::Test {
 protected:
  DiskErrors() {
    spec_.tiles = 40;
    spec_.tile_frames = 5;
    spec_.state_bytes = {64, 16};
    spec_.row_values = {30, 2};
    spec_.cost_ns = 1e6;
    spec_.budget = uint64_t{1} << 30;
    spec_.budget = CountedChain(spec_).plan()->least_budget_bytes + 2000;  // replays will do as well
    spec_.spill_dir = directory_.path();
  }

  static size_t open_files() {
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) count += entry.exists() ? 1 : 0;
    return count;
  }

  // A run that must end by telling that rows of the first stage are gone.
  void expect_named(CountedChain& chain, const std::string& what) {
    const size_t open = open_files();
    const Status done = chain.execute();
    ASSERT_FALSE(done.ok());
    const Error& error = done.error();
    EXPECT_EQ(error.code, SQS_E_IO) << error.message;
    EXPECT_EQ(error.stage, "s0") << error.message;
    EXPECT_LT(error.row, spec_.frames());
    const std::string rows = "stage 's0': rows [" + std::to_string(error.row) + ", ";
    EXPECT_NE(error.message.find(rows), std::string::npos) << error.message;
    EXPECT_NE(error.message.find(what), std::string::npos) << error.message;
    EXPECT_EQ(open_files(), open);
    EXPECT_TRUE(directory_.names().empty());
  }

  // One that must succeed without the disk, and has evaluated rows of the first stage again.
  void expect_without_disk(CountedChain& chain) {
    const size_t open = open_files();
    ASSERT_NO_FATAL_FAILURE(chain.run());
    EXPECT_EQ(chain.stats().disk_written_bytes, 0U);
    EXPECT_GT(chain.stats().rows_replayed, 0U);
    EXPECT_EQ(open_files(), open);
    EXPECT_TRUE(directory_.names().empty());
  }

  // Reads are counted from where the first sweep is over: others ask the system for its memory before.
  void fail_read(CountedChain& chain, test::ScriptedFiles& files, uint64_t number) {
    chain.counted()[1]->at_call = [&, number] {
      const uint64_t passing = static_cast<uint64_t>(files.calls("pread")) + number;
      for (uint64_t i = 0; i < passing; ++i) files.fail("pread", 0);
      files.fail("pread", EIO);
      chain.counted()[1]->at_call = nullptr;
    };
  }

  void expect_spilled(CountedChain& chain) {
    ASSERT_NO_FATAL_FAILURE(chain.run());
    EXPECT_GT(chain.stats().disk_written_bytes, 0U);
    EXPECT_EQ(chain.stats().rows_replayed, 0U);
  }

  const test::TemporaryDirectory directory_;
  ChainSpec spec_;
};

TEST_F(DiskErrors, ADiskThatIsFullAnywhereInTheFirstSweepIsDoneWithout) {
  for (const int number : {ENOSPC, EIO, EDQUOT}) {
    int failed = 0;
    for (bool more = true; more; ++failed) {
      SCOPED_TRACE("write " + std::to_string(failed));
      CountedChain chain(spec_);
      ASSERT_EQ(chain.plan()->info.schedule, SQS_SPILL);
      test::ScriptedFiles files;
      for (int i = 0; i < failed; ++i) files.fail("pwrite", 0);
      files.fail("pwrite", number);
      ASSERT_NO_FATAL_FAILURE(chain.run());
      more = files.calls("pwrite") > failed;
      EXPECT_EQ(chain.stats().disk_written_bytes == 0, more);
      EXPECT_EQ(chain.stats().rows_replayed > 0, more);
      EXPECT_TRUE(directory_.names().empty());
    }
    EXPECT_GT(failed, 10);
  }
}

TEST_F(DiskErrors, ADiskThatIsFullEndsARunThatHasNoOtherWay) {
  spec_.max_ratio = 1;
  CountedChain chain(spec_);
  ASSERT_EQ(chain.plan()->info.schedule, SQS_SPILL);
  {
    test::ScriptedFiles files;
    for (int i = 0; i < 5; ++i) files.fail("pwrite", 0);
    files.fail("pwrite", ENOSPC);
    expect_named(chain, "ENOSPC");
  }
  expect_spilled(chain);
}

TEST_F(DiskErrors, AStageThatMustRunOnceIsNotRunAgainWithoutTheDisk) {
  spec_.once_before = true;
  spec_.budget = uint64_t{1} << 30;
  spec_.budget = CountedChain(spec_).plan()->least_budget_bytes + 2000;
  CountedChain chain(spec_);
  ASSERT_EQ(chain.plan()->info.schedule, SQS_SPILL);
  {
    test::ScriptedFiles files;
    for (int i = 0; i < 5; ++i) files.fail("pwrite", 0);
    files.fail("pwrite", ENOSPC);
    const Status done = chain.execute();
    ASSERT_FALSE(done.ok());
    EXPECT_EQ(done.error().code, SQS_E_IO) << done.error().message;
  }
  EXPECT_EQ(*std::max_element(chain.once_times().begin(), chain.once_times().end()), 1U);
  expect_spilled(chain);
}

TEST_F(DiskErrors, RowsThatCantBeReadBackAreNamed) {
  CountedChain chain(spec_);
  const uint64_t reads = 2 * chain.plan()->turn.schedule->disk_segments();  // of headers and of rows
  ASSERT_GT(reads, 10U);
  for (uint64_t number = 0; number < reads; ++number) {
    SCOPED_TRACE("read " + std::to_string(number));
    {
      test::ScriptedFiles files;
      fail_read(chain, files, number);
      expect_named(chain, "EIO");
    }
    expect_spilled(chain);
  }
}

TEST_F(DiskErrors, RowsThatHaveRottenAreNamed) {
  for (const off_t at : {0, 8, 40, 700, 1500, 4000}) {
    SCOPED_TRACE("byte " + std::to_string(at));
    CountedChain chain(spec_);
    {
      test::ScriptedFiles files;
      bool done = false;
      chain.counted()[1]->at_call = [&] {  // the first sweep is over
        if (std::exchange(done, true)) return;
        char byte = 0;
        ASSERT_EQ(pread(files.last_opened(), &byte, 1, at), 1);
        byte = static_cast<char>(byte ^ 0x10);
        ASSERT_EQ(pwrite(files.last_opened(), &byte, 1, at), 1);
      };
      expect_named(chain, "is not what was written");
      chain.counted()[1]->at_call = nullptr;
    }
    expect_spilled(chain);
  }
}

TEST_F(DiskErrors, ShortTransfersAreGoneOnWith) {
  CountedChain chain(spec_);
  test::ScriptedFiles files;
  files.move_at_most(100);
  expect_spilled(chain);
}

TEST_F(DiskErrors, ADirectoryWithoutRoomOrRightsIsDoneWithout) {
  for (const auto& [call, number] : {std::pair<const char*, int>{"fallocate", ENOSPC}, {"openat", EACCES}, {"fstat", EIO}}) {
    SCOPED_TRACE(call);
    CountedChain chain(spec_);
    {
      test::ScriptedFiles files;
      for (int i = 0; i < 4; ++i) files.fail(call, number);
      expect_without_disk(chain);
    }
    expect_spilled(chain);
    spec_.max_ratio = 1;
    CountedChain bound(spec_);
    spec_.max_ratio = 0;
    test::ScriptedFiles files;
    for (int i = 0; i < 4; ++i) files.fail(call, number);
    const Status done = bound.execute();
    ASSERT_FALSE(done.ok());
    EXPECT_EQ(done.error().code, SQS_E_IO) << done.error().message;
  }
}

}  // namespace
}  // namespace sqs
