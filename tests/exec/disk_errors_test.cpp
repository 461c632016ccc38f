// A disk that fails under a run whose rows or states are on it is done without: the run starts again, and no row comes twice.
#include "failing_chain.hpp"

#include "exec/state.hpp"
#include "os/clock.hpp"

namespace sqs {
namespace {

TEST_P(DiskErrors, ADiskThatIsFullAnywhereInTheFirstSweepIsDoneWithout) {
  ASSERT_NO_FATAL_FAILURE(expect_on_disk(spec_));
  for (const int number : {ENOSPC, EIO, EDQUOT}) {
    int failed = 0;
    for (bool more = true; more; ++failed) {
      SCOPED_TRACE("write " + std::to_string(failed));
      CountedChain chain(spec_);
      {
        test::ScriptedFiles files;
        fail_write(files, failed, number);
        more = runs_again(chain, number == EIO ? "EIO" : number == ENOSPC ? "ENOSPC" : "EDQUOT");
        ASSERT_EQ(more, files.calls("pwrite") > failed);
      }
      ASSERT_NO_FATAL_FAILURE(expect_usable(chain));
    }
    EXPECT_GT(failed, 10);
  }
}

// By then rows have been delivered, of which none may come again.
TEST_P(DiskErrors, WhatCantBeReadBackAnywhereIsDoneWithout) {
  std::optional<std::array<uint8_t, 16>> digest;
  ASSERT_NO_FATAL_FAILURE(expect_on_disk(spec_, &digest));
  EXPECT_EQ(digest.has_value(), GetParam().row_order);
  uint64_t delivered_most = 0;
  uint64_t number = 0;
  for (bool more = true; more; ++number) {
    SCOPED_TRACE("read " + std::to_string(number));
    CountedChain chain(spec_);
    {
      test::ScriptedFiles files;
      fail_read(chain, files, number);
      more = runs_again(chain, "EIO");
      ASSERT_FALSE(HasFailure());
    }
    EXPECT_EQ(chain.digest(), digest);
    if (more) delivered_most = std::max(delivered_most, chain.stats().rows_given_up);
    ASSERT_NO_FATAL_FAILURE(expect_usable(chain));
  }
  EXPECT_GT(number, 8U);
  EXPECT_GT(delivered_most, spec_.frames() * 3 / 2);  // the whole first sweep and much of the second
}

TEST_P(DiskErrors, WhatHasRottenIsDoneWithout) {
  for (const off_t at : {0, 8, 40, 447, 900, 1300}) {
    SCOPED_TRACE("byte " + std::to_string(at));
    CountedChain chain(spec_);
    {
      test::ScriptedFiles files;
      bool rotten = false;
      at_turnaround(chain, [&] { rotten = rot(files.last_opened(), at); });
      EXPECT_TRUE(runs_again(chain, "is not what was written"));
      EXPECT_TRUE(rotten);
    }
    ASSERT_NO_FATAL_FAILURE(expect_usable(chain));
  }
}

TEST_P(DiskErrors, AFileThatHasBecomeShortIsDoneWithout) {
  CountedChain chain(spec_);
  {
    test::ScriptedFiles files;
    at_turnaround(chain, [&] { EXPECT_EQ(ftruncate(files.last_opened(), 500), 0); });
    EXPECT_TRUE(runs_again(chain, "the file ends at offset "));
  }
  expect_usable(chain);
}

TEST_P(DiskErrors, ShortTransfersAreGoneOnWith) {
  CountedChain chain(spec_);
  test::ScriptedFiles files;
  files.move_at_most(100);
  expect_usable(chain);
}

TEST_P(DiskErrors, ADirectoryWithoutRoomOrRightsIsDoneWithout) {
  for (const auto& [call, number] : {std::pair<const char*, int>{"fallocate", ENOSPC}, {"openat", EACCES}, {"fstat", EIO}}) {
    SCOPED_TRACE(call);
    CountedChain chain(spec_);
    {
      test::ScriptedFiles files;
      for (int i = 0; i < 4; ++i) files.fail(call, number);
      const size_t open = open_files();
      ASSERT_NO_FATAL_FAILURE(chain.run());
      EXPECT_EQ(chain.stats().disk_written_bytes, 0U);
      EXPECT_GT(chain.stats().rows_replayed, 0U);
      EXPECT_EQ(chain.stats().rows_given_up, 0U);
      EXPECT_NE(chain.report().find("disk failed   the run did without it: no spill file"), std::string::npos) << chain.report();
      expect_clean(open);
    }
    ASSERT_NO_FATAL_FAILURE(expect_usable(chain));
    CountedChain without(bound());
    test::ScriptedFiles files;
    for (int i = 0; i < 4; ++i) files.fail(call, number);
    const Status done = without.execute();
    ASSERT_FALSE(done.ok());
    EXPECT_EQ(done.error().code, SQS_E_IO) << done.error().message;
    EXPECT_NE(done.error().message.find("the run can't do without the disk: "), std::string::npos) << done.error().message;
  }
}

// A run that starts again has less to tell of, but what it has told stays true.
TEST_P(DiskErrors, ProgressNeverGoesBack) {
  CountedChain chain(spec_);
  uint64_t told_before = 0;
  test::ScriptedFiles files;
  fail_read(chain, files, 6);
  const auto let_it_tell = [] {
    const uint64_t start = os::monotonic_ns();
    while (os::monotonic_ns() - start < 51'000'000) {
    }
  };
  uint64_t calls = 0;
  chain.counted()[0]->at_call = [&] {  // at the end of the first sweep, and at the start of the next one
    if (calls++ == spec_.tiles - 2) let_it_tell();
    if (chain.counted()[0]->times[spec_.backward_first ? spec_.frames() - 1 : 0] < 2 || told_before != 0) return;
    told_before = chain.times_told();
    let_it_tell();
  };
  EXPECT_TRUE(runs_again(chain, "EIO"));
  EXPECT_GE(told_before, 1U);
  EXPECT_GE(chain.times_told(), told_before + 1);
}

// Memory and files are filled again from the start, with the same bytes.
TEST_P(DiskErrors, ArraysAndFilesAreFilledAgain) {
  ChainSpec roomy = spec_;
  roomy.spill_dir.clear();
  roomy.budget = uint64_t{1} << 30;
  CountedChain planned(roomy);
  spec_.budget = (*open_filling(planned)->plan())->info().least_budget_bytes + 2000;
  std::vector<uint8_t> bytes;
  std::array<uint8_t, 16> digest{};
  for (const int failed : {-1, 0, 5}) {
    SCOPED_TRACE("read " + std::to_string(failed));
    CountedChain chain(spec_);
    test::ScriptedFiles files;
    if (failed >= 0) fail_read(chain, files, static_cast<uint64_t>(failed));
    const auto run = open_filling(chain);
    ASSERT_EQ((*run->plan())->info().schedule, schedule());
    const Status done = run->execute();
    ASSERT_TRUE(done.ok()) << done.error().message;
    EXPECT_EQ(run->stats()->rows_given_up > 0, failed >= 0);
    EXPECT_EQ(run->stats()->sink_bytes > 2 * spec_.frames() * 2 * sizeof(uint32_t), failed >= 0);
    const std::string text = test::text_of(directory_.file("rows.npy"));
    const auto result = *run->take_result(0);
    const auto* rows = static_cast<const uint8_t*>(result->view.data);
    const size_t row_bytes = spec_.frames() * 2 * sizeof(uint32_t);
    ASSERT_GT(text.size(), row_bytes);
    EXPECT_TRUE(std::equal(rows, rows + row_bytes, reinterpret_cast<const uint8_t*>(text.data() + text.size() - row_bytes)));
    std::array<uint8_t, 16> of_array{};
    std::array<uint8_t, 16> of_file{};
    ASSERT_TRUE(run->digest(0, of_array.data()).ok());
    ASSERT_TRUE(run->digest(1, of_file.data()).ok());
    EXPECT_EQ(of_array, of_file);
    if (failed < 0) {
      bytes.assign(rows, rows + row_bytes);
      digest = of_array;
    }
    EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), rows));
    EXPECT_EQ(of_array, digest);
    EXPECT_EQ(directory_.names(), std::vector<std::string>{"rows.npy"});
  }
}

INSTANTIATE_TEST_SUITE_P(Disk, DiskErrors, disk_cases(), disk_case_name);

}  // namespace
}  // namespace sqs
