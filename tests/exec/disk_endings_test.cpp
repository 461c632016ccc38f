// A disk that fails under a run which has no other way: its error says what is gone and why; and what ends a run in the middle
// leaves nothing on the disk.
#include "child_process.hpp"
#include "failing_chain.hpp"

namespace sqs {
namespace {

class DiskEndings : public DiskErrors {};

TEST_P(DiskEndings, WithoutAnotherWayTheErrorNamesWhatIsLost) {
  const ChainSpec spec = bound();
  ASSERT_NO_FATAL_FAILURE(expect_on_disk(spec));
  CountedChain chain(spec);
  const std::string why = "the memory budget of ";
  for (const int number : {0, 1, 7}) {
    SCOPED_TRACE("number " + std::to_string(number));
    {
      test::ScriptedFiles files;
      fail_write(files, number, ENOSPC);
      ASSERT_NO_FATAL_FAILURE(expect_named(chain, false, "ENOSPC", why));
    }
    {
      test::ScriptedFiles files;
      fail_read(chain, files, static_cast<uint64_t>(number));
      ASSERT_NO_FATAL_FAILURE(expect_named(chain, true, "EIO", why));
    }
    {
      test::ScriptedFiles files;
      at_turnaround(chain, [&] { EXPECT_TRUE(rot(files.last_opened(), 40 + number)); });
      ASSERT_NO_FATAL_FAILURE(expect_named(chain, true, "is not what was written", why));
    }
    ASSERT_NO_FATAL_FAILURE(expect_usable(chain));
  }
}

TEST_P(DiskEndings, AStageThatMustRunOnceIsNotRunAgain) {
  spec_.once_before = true;
  spec_.spill_dir.clear();
  choose_budget(spec_);
  spec_.spill_dir = directory_.path();
  CountedChain chain(spec_);
  ASSERT_EQ(chain.plan()->info.schedule, schedule());
  {
    test::ScriptedFiles files;
    fail_write(files, 5, ENOSPC);
    expect_named(chain, false, "ENOSPC", "stage 'once' has run, and must not run twice (SQS_ONCE)");
  }
  EXPECT_EQ(*std::max_element(chain.once_times().begin(), chain.once_times().end()), 1U);
  expect_usable(chain);
}

TEST_P(DiskEndings, AStageThatMustRunOnceAndHasNotRunYetIsInNobodysWay) {
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
    expect_named(chain, true, "EIO", "stage 'after' has run, and must not run twice (SQS_ONCE)");
  }
  EXPECT_LE(*std::max_element(chain.once_times().begin(), chain.once_times().end()), 2U);  // in two runs
  expect_usable(chain);
}

TEST_P(DiskEndings, ARunThatIsCancelledOrRefusedLeavesNothing) {
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

// Wherever that is: while files are made, written, read and closed, by a run that succeeds and by one that starts again.
TEST_P(DiskEndings, AProcessThatIsKilledAnywhereLeavesNothing) {
  for (const bool again : {false, true}) {
    int kills = 0;
    for (bool killed = true; killed; kills += 1 + kills / 8) {
      SCOPED_TRACE("killed after " + std::to_string(kills) + " calls");
      killed = test::is_killed([&] {
        CountedChain chain(spec_);
        test::ScriptedFiles files;
        if (again) fail_write(files, 6);
        files.kill_after(kills);
        return chain.execute().ok();
      });
      EXPECT_TRUE(directory_.names().empty());
    }
    EXPECT_GT(kills, 20);
  }
}

INSTANTIATE_TEST_SUITE_P(Disk, DiskEndings, disk_cases(), disk_case_name);

}  // namespace
}  // namespace sqs
