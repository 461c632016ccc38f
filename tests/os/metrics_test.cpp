#include "os/metrics.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "os/clock.hpp"
#include "os/memory.hpp"
#include "scripted_files.hpp"
#include "temporary_directory.hpp"

namespace sqs::os {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;
// The kernel keeps counts per processor and adds them up late.
constexpr uint64_t kCountingSlackBytes = 2 * kMiB;

TEST(NumberOf, FindsAKeyAtTheStartOfALine) {
  const std::string_view text = "Name:\tVmRSS: 5\nVmRSSX:\t 6 kB\nVmRSS:\t    1234 kB\nVmHWM:\t99 kB";
  EXPECT_EQ(number_of(text, "VmRSS"), 1234u);
  EXPECT_EQ(number_of(text, "VmHWM"), 99u);
  EXPECT_EQ(number_of(text, "RssAnon"), std::nullopt);
  EXPECT_EQ(number_of(text, "Name"), std::nullopt);
  EXPECT_EQ(number_of("", "VmRSS"), std::nullopt);
}

TEST(Metrics, FollowMemoryThatIsTouchedAndReleased) {
  constexpr uint64_t kBytes = 64 * kMiB;
  const MemoryUse before = memory_use();
  ASSERT_GT(before.rss_bytes, 0u);
  Mapping mapping = Mapping::reserve(kBytes).value();
  EXPECT_LT(memory_use().rss_anon_bytes, before.rss_anon_bytes + kCountingSlackBytes);
  std::memset(mapping.data(), 1, kBytes);
  const MemoryUse touched = memory_use();
  EXPECT_GE(touched.rss_bytes + kCountingSlackBytes, before.rss_bytes + kBytes);
  EXPECT_GE(touched.rss_anon_bytes + kCountingSlackBytes, before.rss_anon_bytes + kBytes);
  EXPECT_GE(touched.rss_peak_bytes + kCountingSlackBytes, touched.rss_bytes);
  mapping.release(0, kBytes);
  const MemoryUse released = memory_use();
  EXPECT_LE(released.rss_anon_bytes + kBytes, touched.rss_anon_bytes + kCountingSlackBytes);
  EXPECT_GE(released.rss_peak_bytes + kCountingSlackBytes, before.rss_bytes + kBytes);
}

TEST(Metrics, CountPageFaults) {
  constexpr uint64_t kPages = 100;
  const PageFaults before = page_faults();
  const Mapping mapping = Mapping::reserve(kPages * page_bytes()).value();
  for (uint64_t page = 0; page < kPages; ++page) mapping.data()[page * page_bytes()] = std::byte{1};
  EXPECT_GE(page_faults().minor, before.minor + kPages);
}

TEST(Metrics, CountBytesReadAndWritten) {
  const test::TemporaryDirectory directory;
  const std::string text(100'000, 'x');
  std::string back(text.size(), '?');
  const IoCounters before = io_counters();
  File file = File::create_new(directory.file("f")).value();
  ASSERT_TRUE(file.write(0, text.data(), text.size()).ok());
  ASSERT_TRUE(file.read(0, back.data(), back.size()).ok());
  const IoCounters after = io_counters();
  EXPECT_GE(after.read_bytes, before.read_bytes + text.size());
  EXPECT_GE(after.written_bytes, before.written_bytes + text.size());
}

TEST(Metrics, AreZeroWhereProcIsMissing) {
  test::ScriptedFiles files;
  files.fail("openat", ENOENT);
  files.fail("openat", ENOENT);
  EXPECT_EQ(memory_use().rss_bytes, 0u);
  EXPECT_EQ(io_counters().read_bytes, 0u);
}

TEST(Metrics, SurviveInterruptedAndShortReads) {
  test::ScriptedFiles files;
  files.move_at_most(10);
  files.fail("pread", EINTR);
  EXPECT_GT(memory_use().rss_bytes, 0u);
}

TEST(Clock, DoesNotGoBack) {
  const uint64_t first = monotonic_ns();
  EXPECT_GT(first, 0u);
  EXPECT_GE(monotonic_ns(), first);
}

}  // namespace
}  // namespace sqs::os
