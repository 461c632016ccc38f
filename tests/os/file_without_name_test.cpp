// Files without a name, the space set aside for them and the space there is.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

#include "child_process.hpp"
#include "os/file.hpp"
#include "scripted_files.hpp"
#include "temporary_directory.hpp"

namespace sqs::os {
namespace {

using test::ScriptedFiles;
using test::TemporaryDirectory;

// The first call looks at the directory, the second asks for a file without a name.
void refuse_unnamed(ScriptedFiles& files, int number) {
  files.fail("openat", 0);
  files.fail("openat", number);
}

void expect_usable_and_invisible(const TemporaryDirectory& directory) {
  File file = File::create_unnamed(directory.path()).value();
  EXPECT_EQ(file.path(), directory.path());
  EXPECT_TRUE(directory.names().empty());
  ASSERT_TRUE(file.write(10, "hello", 5).ok());
  std::string back(5, '?');
  ASSERT_TRUE(file.read(10, back.data(), 5).ok());
  EXPECT_EQ(back, "hello");
}

TEST(UnnamedFile, CanBeUsedAndNotBeSeen) {
  const TemporaryDirectory directory;
  expect_usable_and_invisible(directory);
  EXPECT_TRUE(directory.names().empty());
}

TEST(UnnamedFile, ExistsWhereTheFileSystemHasNone) {
  for (const int number : {EOPNOTSUPP, EISDIR, EINVAL}) {
    const TemporaryDirectory directory;
    ScriptedFiles files;
    refuse_unnamed(files, number);
    expect_usable_and_invisible(directory);
    EXPECT_EQ(files.calls("unlinkat"), 1);
    EXPECT_TRUE(directory.names().empty());
  }
}

TEST(UnnamedFile, IsOfItsUserAloneAndClosedByExec) {
  const TemporaryDirectory directory;
  for (const bool fallback : {false, true}) {
    ScriptedFiles files;
    if (fallback) refuse_unnamed(files, EOPNOTSUPP);
    const File file = File::create_unnamed(directory.path()).value();
    struct stat status {};
    ASSERT_EQ(fstat(files.last_opened(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600u);
    EXPECT_EQ(status.st_nlink, 0u);
    EXPECT_EQ(fcntl(files.last_opened(), F_GETFD), FD_CLOEXEC);
  }
}

TEST(UnnamedFile, BadDirectoriesAreNamed) {
  const TemporaryDirectory directory;
  test::write_text(directory.file("f"), "text");
  EXPECT_EQ(File::create_unnamed("").error().message, "the name of the directory is empty; give the path of one");
  EXPECT_EQ(File::create_unnamed(directory.file("none")).error().message,
            "cannot use the directory '" + directory.file("none") + "': No such file or directory (ENOENT)");
  EXPECT_EQ(File::create_unnamed(directory.file("f")).error().message,
            "cannot use the directory '" + directory.file("f") + "': Not a directory (ENOTDIR)");
  EXPECT_EQ(test::text_of(directory.file("f")), "text");
}

TEST(UnnamedFile, ReportsADirectoryItMayNotWrite) {
  const TemporaryDirectory directory;
  for (const bool fallback : {false, true}) {
    ScriptedFiles files;
    refuse_unnamed(files, fallback ? EOPNOTSUPP : EACCES);
    if (fallback) files.fail("openat", EACCES);
    const Result<File> made = File::create_unnamed(directory.path());
    ASSERT_FALSE(made.ok());
    EXPECT_EQ(made.error().code, SQS_E_IO);
    EXPECT_NE(made.error().message.find(directory.path()), std::string::npos) << made.error().message;
    EXPECT_NE(made.error().message.find("EACCES"), std::string::npos) << made.error().message;
    EXPECT_EQ(files.calls("openat"), fallback ? 3 : 2);
  }
}

TEST(UnnamedFile, ANameThatCannotBeRemovedIsToldAndTheFileClosed) {
  const TemporaryDirectory directory;
  ScriptedFiles files;
  refuse_unnamed(files, EOPNOTSUPP);
  files.fail("unlinkat", EPERM);
  const Result<File> made = File::create_unnamed(directory.path());
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().message, "cannot create and at once remove '" + directory.file(".sqrtspace-unnamed-0") +
                                      "': Operation not permitted (EPERM)");
  EXPECT_EQ(files.calls("close"), 2);
}

TEST(UnnamedFile, ANameRemovedByAnotherProcessIsNoError) {
  const TemporaryDirectory directory;
  ScriptedFiles files;
  refuse_unnamed(files, EOPNOTSUPP);
  files.fail("unlinkat", ENOENT);
  EXPECT_TRUE(File::create_unnamed(directory.path()).ok());
}

TEST(UnnamedFile, RemovesWhatAKilledProcessLeftAndNothingElse) {
  const TemporaryDirectory directory;
  test::write_text(directory.file(".sqrtspace-unnamed-0"), "");
  test::write_text(directory.file("empty"), "");
  {
    ScriptedFiles files;
    refuse_unnamed(files, EOPNOTSUPP);
    ASSERT_TRUE(File::create_unnamed(directory.path()).ok());
  }
  EXPECT_EQ(directory.names(), std::vector<std::string>{"empty"});

  test::write_text(directory.file(".sqrtspace-unnamed-0"), "of somebody else");
  std::filesystem::create_directory(directory.file(".sqrtspace-unnamed-1"));
  std::filesystem::create_symlink(directory.file("empty"), directory.file(".sqrtspace-unnamed-2"));
  {
    ScriptedFiles files;
    refuse_unnamed(files, EOPNOTSUPP);
    ASSERT_TRUE(File::create_unnamed(directory.path()).ok());
  }
  EXPECT_EQ(directory.names().size(), 4u);
  EXPECT_EQ(test::text_of(directory.file(".sqrtspace-unnamed-0")), "of somebody else");
}

TEST(UnnamedFile, NothingStaysOfAProcessKilledAtAnyCall) {
  for (const bool fallback : {false, true}) {
    int kills = 0;
    int leftovers = 0;
    for (bool killed = true; killed; ++kills) {
      const TemporaryDirectory directory;
      killed = test::is_killed([&] {
        ScriptedFiles files;
        if (fallback) refuse_unnamed(files, EOPNOTSUPP);
        files.kill_after(kills);
        File file = File::create_unnamed(directory.path()).value();
        return file.reserve(1 << 20).ok() && file.write(0, "data", 4).ok() && file.close().ok();
      });
      if (directory.names().empty()) continue;
      ++leftovers;
      EXPECT_EQ(std::filesystem::file_size(directory.file(".sqrtspace-unnamed-0")), 0u);
      ScriptedFiles files;
      refuse_unnamed(files, EOPNOTSUPP);
      expect_usable_and_invisible(directory);
    }
    // Open and close the directory, open (and create and unlink), reserve, write, close; and once to the end.
    EXPECT_EQ(kills, fallback ? 9 : 7);
    // The instant between creating and removing a name shows, until the next file is made.
    EXPECT_EQ(leftovers, fallback ? 1 : 0);
  }
}

TEST(FileReserve, SetsSpaceAsideInPieces) {
  const TemporaryDirectory directory;
  ScriptedFiles files;
  files.fail("fallocate", EINTR);
  files.fail("fallocate", 0);
  files.fail("fallocate", EINTR);
  File file = File::create_unnamed(directory.path()).value();
  constexpr uint64_t kBytes = (uint64_t{64} << 20) + 1;
  ASSERT_TRUE(file.reserve(kBytes).value()) << "the tests want a temporary directory where fallocate works";
  EXPECT_EQ(files.calls("fallocate"), 4);
  EXPECT_EQ(file.bytes().value(), kBytes);
  struct stat status {};
  ASSERT_EQ(fstat(files.last_opened(), &status), 0);
  EXPECT_GE(static_cast<uint64_t>(status.st_blocks) * 512, kBytes);
}

TEST(FileReserve, SaysWhereItCannot) {
  const TemporaryDirectory directory;
  ScriptedFiles files;
  for (const int number : {EOPNOTSUPP, ENOSYS, ENOSPC}) files.fail("fallocate", number);
  File file = File::create_unnamed(directory.path()).value();
  EXPECT_FALSE(file.reserve(4096).value());
  EXPECT_FALSE(file.reserve(4096).value());
  const Result<bool> full = file.reserve(4096);
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().message,
            "cannot reserve 4096 bytes in '" + directory.path() + "': No space left on device (ENOSPC)");
  EXPECT_EQ(file.reserve(uint64_t{1} << 63).error().code, SQS_E_OVERFLOW);
}

// A write past the limit is answered by a signal that ends the process.
TEST(FileReserve, KnowsTheLongestFileThatMayBeWritten) {
  const TemporaryDirectory directory;
  EXPECT_TRUE(test::holds_in_child([&] {
    const rlimit limit{.rlim_cur = 10000, .rlim_max = 10000};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return false;
    File file = File::create_unnamed(directory.path()).value();
    const Result<bool> refused = file.reserve(10001);
    return file.reserve(10000).ok() && !refused.ok() && refused.error().code == SQS_E_IO &&
           refused.error().message.find("10000 bytes at most (RLIMIT_FSIZE") != std::string::npos;
  }));
}

TEST(DiskSpace, IsThatOfTheFileSystem) {
  const TemporaryDirectory directory;
  const DiskSpace space = disk_space(directory.path()).value();
  const uint64_t capacity = std::filesystem::space(directory.path()).capacity;
  EXPECT_GT(space.free_bytes, 0u);
  EXPECT_LE(space.free_bytes, capacity);
  EXPECT_TRUE(disk_space("/dev/shm").value().in_memory);
  EXPECT_FALSE(disk_space("/proc").value().in_memory);
  EXPECT_FALSE(disk_space("").ok());
}

TEST(DiskSpace, ReportsWhatTheSystemRefuses) {
  const TemporaryDirectory directory;
  ScriptedFiles files;
  files.fail("fstatfs", EINTR);
  files.fail("fstatfs", EIO);
  const Result<DiskSpace> space = disk_space(directory.path());
  ASSERT_FALSE(space.ok());
  EXPECT_EQ(space.error().message,
            "cannot ask for the free space of '" + directory.path() + "': Input/output error (EIO)");
  EXPECT_EQ(files.calls("close"), 1);
}

}  // namespace
}  // namespace sqs::os
