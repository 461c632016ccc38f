// A disk that fails under a run whose rows or states are on it: the run starts again without, if it may, and no row comes twice;
// or it ends with an error that says what is gone. Nothing is left behind and the pipeline works again.
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "exec/state.hpp"
#include "looking_chain.hpp"
#include "os/clock.hpp"
#include "scripted_files.hpp"
#include "temporary_directory.hpp"

namespace sqs {
namespace {

struct Case {
  bool states = false;     // on disk, else rows
  bool row_order = false;  // of what is delivered; else it comes from the last row to the first
  bool stepped = false;
};

std::string case_name(const ::testing::TestParamInfo<Case>& tested) {
  const Case& c = tested.param;
  return std::string(c.states ? "states" : "rows") + (c.row_order ? "_in_row_order" : "_from_the_last") +
         (c.stepped ? "_stepped" : "");
}

// frames -> s0 -> s1, which runs against it: tiles of which a few stay in memory.
class DiskErrors : public ::testing::TestWithParam<Case> {
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
  static void expect_told_right(CountedChain& chain) {
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

  // One that must end by telling what of the first stage is gone.
  void expect_named(CountedChain& chain, const std::string& what, const std::string& why) {
    const size_t open = open_files();
    const Status done = chain.execute();
    ASSERT_FALSE(done.ok());
    const Error& error = done.error();
    EXPECT_EQ(error.code, SQS_E_IO) << error.message;
    EXPECT_EQ(error.stage, "s0") << error.message;
    EXPECT_LE(error.row, spec_.frames());
    const std::string place = std::to_string(error.row);
    const std::string named = states() ? "stage 's0': its state at row " + place + (what == "is not what was written" || what == "EIO" ? ", from which rows [" : " ")
                                       : "stage 's0': rows [" + place + ", ";
    for (const std::string& words : {named, what, std::string(" at offset "), "the run can't do without the disk: " + why})
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

TEST_P(DiskErrors, WithoutAnotherWayTheErrorNamesWhatIsLost) {
  const ChainSpec spec = bound();
  ASSERT_NO_FATAL_FAILURE(expect_on_disk(spec));
  CountedChain chain(spec);
  const std::string why = "the memory budget of ";
  for (const int number : {0, 1, 7}) {
    SCOPED_TRACE("number " + std::to_string(number));
    {
      test::ScriptedFiles files;
      fail_write(files, number, ENOSPC);
      ASSERT_NO_FATAL_FAILURE(expect_named(chain, "ENOSPC", why));
    }
    {
      test::ScriptedFiles files;
      fail_read(chain, files, static_cast<uint64_t>(number));
      ASSERT_NO_FATAL_FAILURE(expect_named(chain, "EIO", why));
    }
    {
      test::ScriptedFiles files;
      at_turnaround(chain, [&] { EXPECT_TRUE(rot(files.last_opened(), 40 + number)); });
      ASSERT_NO_FATAL_FAILURE(expect_named(chain, "is not what was written", why));
    }
    ASSERT_NO_FATAL_FAILURE(expect_usable(chain));
  }
}

TEST_P(DiskErrors, AStageThatMustRunOnceIsNotRunAgain) {
  spec_.once_before = true;
  spec_.spill_dir.clear();
  choose_budget(spec_);
  spec_.spill_dir = directory_.path();
  CountedChain chain(spec_);
  ASSERT_EQ(chain.plan()->info.schedule, schedule());
  {
    test::ScriptedFiles files;
    fail_write(files, 5, ENOSPC);
    expect_named(chain, "ENOSPC", "stage 'once' has run, and must not run twice (SQS_ONCE)");
  }
  EXPECT_EQ(*std::max_element(chain.once_times().begin(), chain.once_times().end()), 1U);
  expect_usable(chain);
}

TEST_P(DiskErrors, AStageThatMustRunOnceAndHasNotRunYetIsInNobodysWay) {
  spec_.once_after = true;
  spec_.row_values = {30, 1};
  CountedChain chain(spec_);
  ASSERT_EQ(chain.plan()->info.schedule, schedule());
  {
    test::ScriptedFiles files;
    fail_write(files, 5);
    ASSERT_NO_FATAL_FAILURE(chain.run());
    EXPECT_GT(chain.stats().rows_given_up, 0U);
    EXPECT_EQ(chain.once_times(), std::vector<uint32_t>(spec_.frames(), 1));
  }
  {
    test::ScriptedFiles files;
    fail_read(chain, files, 6);
    expect_named(chain, "EIO", "stage 'after' has run, and must not run twice (SQS_ONCE)");
  }
  EXPECT_LE(*std::max_element(chain.once_times().begin(), chain.once_times().end()), 2U);  // in two runs
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

TEST_P(DiskErrors, ARunThatIsCancelledOrRefusedLeavesNothing) {
  for (const bool again : {false, true}) {  // has the disk failed before?
    SCOPED_TRACE(again);
    for (const uint64_t piece : {1U, 5U, 30U}) {
      CountedChain chain(spec_);
      const size_t open = open_files();
      {
        test::ScriptedFiles files;
        if (again) fail_read(chain, files, 2);
        chain.refuse_piece(piece);
        const Status done = chain.execute();
        ASSERT_FALSE(done.ok());
        EXPECT_EQ(done.error().code, SQS_E_SINK) << done.error().message;
        expect_clean(open);
        chain.refuse_piece(UINT64_MAX);
      }
      ASSERT_NO_FATAL_FAILURE(expect_usable(chain));
      {
        test::ScriptedFiles files;
        if (again) fail_write(files, 4);
        Counted& counted = *chain.counted()[again ? 1 : 0];
        uint64_t calls = 0;
        counted.at_call = [&] {
          if (++calls == piece) chain.pipeline().cancel();
        };
        const Status done = chain.execute();
        counted.at_call = nullptr;
        ASSERT_FALSE(done.ok());
        EXPECT_EQ(done.error().code, SQS_E_CANCELLED) << done.error().message;
        expect_clean(open);
      }
      ASSERT_NO_FATAL_FAILURE(expect_usable(chain));
    }
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
  spec_.budget = (*open_filling(planned)->plan())->least_budget_bytes + 2000;
  std::vector<uint8_t> bytes;
  std::array<uint8_t, 16> digest{};
  for (const int failed : {-1, 0, 5}) {
    SCOPED_TRACE("read " + std::to_string(failed));
    CountedChain chain(spec_);
    test::ScriptedFiles files;
    if (failed >= 0) fail_read(chain, files, static_cast<uint64_t>(failed));
    const auto run = open_filling(chain);
    ASSERT_EQ((*run->plan())->info.schedule, schedule());
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

INSTANTIATE_TEST_SUITE_P(Disk, DiskErrors,
                         ::testing::Values(Case{false, false, false}, Case{false, false, true}, Case{false, true, false},
                                           Case{false, true, true}, Case{true, false, false}, Case{true, false, true},
                                           Case{true, true, false}, Case{true, true, true}),
                         case_name);

}  // namespace
}  // namespace sqs
