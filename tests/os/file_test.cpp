#include "os/file.hpp"

#include <gtest/gtest.h>

#include <cerrno>

#include "scripted_files.hpp"
#include "temporary_directory.hpp"

namespace sqs::os {
namespace {

using test::ScriptedFiles;
using test::TemporaryDirectory;

std::string alphabet(size_t bytes) {
  std::string text(bytes, 'a');
  for (size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>('a' + i % 26);
  return text;
}

TEST(File, WritesAndReadsByPosition) {
  const TemporaryDirectory directory;
  File file = File::create_new(directory.file("f")).value();
  ASSERT_TRUE(file.write(3, "def", 3).ok());
  ASSERT_TRUE(file.write(0, "abc", 3).ok());
  EXPECT_EQ(file.bytes().value(), 6u);
  std::string back(4, '?');
  ASSERT_TRUE(file.read(1, back.data(), 4).ok());
  EXPECT_EQ(back, "bcde");
}

TEST(File, CompletesShortTransfersAndInterruptedCalls) {
  const TemporaryDirectory directory;
  const std::string text = alphabet(1000);
  std::string back(text.size(), '?');
  ScriptedFiles files;
  files.move_at_most(7);
  files.fail("openat", EINTR);
  for (const int number : {EINTR, 0, EINTR, EINTR, 0}) {
    files.fail("pwrite", number);
    files.fail("pread", number);
  }
  File file = File::create_new(directory.file("f")).value();
  ASSERT_TRUE(file.write(5, text.data(), text.size()).ok());
  ASSERT_TRUE(file.read(5, back.data(), back.size()).ok());
  EXPECT_EQ(back, text);
  EXPECT_EQ(files.calls("openat"), 2);
  EXPECT_EQ(files.calls("pwrite"), 1000 / 7 + 1 + 3);
  EXPECT_EQ(files.calls("pread"), 1000 / 7 + 1 + 3);
}

TEST(File, TellsWhereADiskWasFull) {
  const TemporaryDirectory directory;
  const std::string text = alphabet(100);
  ScriptedFiles files;
  files.move_at_most(30);
  files.fail("pwrite", 0);
  files.fail("pwrite", ENOSPC);
  File file = File::create_new(directory.file("full")).value();
  const Status written = file.write(1000, text.data(), text.size());
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code, SQS_E_IO);
  EXPECT_EQ(written.error().message, "cannot write 70 bytes at offset 1030 of '" + directory.file("full") +
                                         "': No space left on device (ENOSPC)");
  EXPECT_EQ(files.calls("pwrite"), 2);
}

TEST(File, AWriteThatMovesNothingIsAnErrorAndNotALoop) {
  const TemporaryDirectory directory;
  ScriptedFiles files;
  files.move_at_most(0);
  File file = File::create_new(directory.file("f")).value();
  const Status written = file.write(0, "abc", 3);
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code, SQS_E_IO);
}

TEST(File, ReadTellsWhereTheFileEnds) {
  const TemporaryDirectory directory;
  test::write_text(directory.file("f"), "0123456789");
  const File file = File::open_for_reading(directory.file("f")).value();
  std::string back(8, '?');
  const Status read = file.read(6, back.data(), 8);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().message,
            "cannot read 8 bytes at offset 6 of '" + directory.file("f") + "': the file ends at offset 10");
  EXPECT_EQ(file.read_up_to(6, back.data(), 8).value(), 4u);
  EXPECT_EQ(back, "6789????");
  EXPECT_EQ(file.read_up_to(99, back.data(), 8).value(), 0u);
}

TEST(File, ReportsAFailedRead) {
  const TemporaryDirectory directory;
  test::write_text(directory.file("f"), "0123456789");
  ScriptedFiles files;
  files.fail("pread", EIO);
  const File file = File::open_for_reading(directory.file("f")).value();
  char byte = 0;
  const Status read = file.read(2, &byte, 1);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().message,
            "cannot read 1 bytes at offset 2 of '" + directory.file("f") + "': Input/output error (EIO)");
}

TEST(File, PositionsPastTheLargestAreRefused) {
  const TemporaryDirectory directory;
  File file = File::create_new(directory.file("f")).value();
  char byte = 0;
  EXPECT_EQ(file.write(INT64_MAX, "ab", 2).error().code, SQS_E_OVERFLOW);
  EXPECT_EQ(file.read(UINT64_MAX, &byte, 1).error().code, SQS_E_OVERFLOW);
  EXPECT_EQ(file.read_up_to(1, &byte, UINT64_MAX).error().code, SQS_E_OVERFLOW);
  EXPECT_EQ(file.truncate(uint64_t{1} << 63).error().code, SQS_E_OVERFLOW);
}

TEST(File, AFailedSyncIsNotRetried) {
  const TemporaryDirectory directory;
  ScriptedFiles files;
  files.fail("fsync", EINTR);
  File file = File::create_new(directory.file("f")).value();
  EXPECT_FALSE(file.sync().ok());
  EXPECT_EQ(files.calls("fsync"), 1);
}

TEST(File, TruncateSetsTheSize) {
  const TemporaryDirectory directory;
  ScriptedFiles files;
  files.fail("ftruncate", EINTR);
  files.fail("ftruncate", 0);
  files.fail("ftruncate", EFBIG);
  File file = File::create_new(directory.file("f")).value();
  ASSERT_TRUE(file.truncate(12345).ok());
  EXPECT_EQ(file.bytes().value(), 12345u);
  EXPECT_FALSE(file.truncate(99999).ok());
}

TEST(File, MissingAndExistingPathsAreNamed) {
  const TemporaryDirectory directory;
  const auto missing = File::open_for_reading(directory.file("none"));
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().message,
            "cannot open '" + directory.file("none") + "': No such file or directory (ENOENT)");
  test::write_text(directory.file("old"), "old");
  EXPECT_FALSE(File::create_new(directory.file("old")).ok());
  EXPECT_EQ(test::text_of(directory.file("old")), "old");
}

TEST(File, AMovedFileIsClosedOnce) {
  const TemporaryDirectory directory;
  ScriptedFiles files;
  {
    File first = File::create_new(directory.file("f")).value();
    File second = std::move(first);
    EXPECT_FALSE(first.is_open());  // NOLINT: what a moved-from file promises
    EXPECT_TRUE(second.is_open());
    const int before = files.calls("close");
    ASSERT_TRUE(second.close().ok());
    EXPECT_EQ(files.calls("close"), before + 1);
  }
  EXPECT_EQ(files.calls("close"), 1);
}

TEST(File, CloseReportsLateWriteErrors) {
  const TemporaryDirectory directory;
  ScriptedFiles files;
  files.fail("close", EDQUOT);
  File file = File::create_new(directory.file("f")).value();
  EXPECT_FALSE(file.close().ok());
  EXPECT_FALSE(file.is_open());
}

TEST(ReadText, ReadsLongAndEmptyFiles) {
  const TemporaryDirectory directory;
  for (const size_t bytes : {size_t{0}, size_t{1}, size_t{4095}, size_t{4096}, size_t{4097}, size_t{100000}}) {
    test::write_text(directory.file("f"), alphabet(bytes));
    EXPECT_EQ(read_text(directory.file("f")).value(), alphabet(bytes));
  }
  EXPECT_NE(read_text("/proc/self/status").value().find("VmRSS:"), std::string::npos);
}

}  // namespace
}  // namespace sqs::os
