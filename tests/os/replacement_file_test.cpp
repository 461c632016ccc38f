#include "os/replacement_file.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <vector>

#include "scripted_files.hpp"
#include "temporary_directory.hpp"

namespace sqs::os {
namespace {

using test::ScriptedFiles;
using test::TemporaryDirectory;
using test::text_of;

// As one file alone is replaced.
Status commit(ReplacementFile& file) {
  SQS_TRY(file.complete());
  SQS_TRY(file.put_in_place());
  file.settle();
  return ok();
}

TEST(ReplacementFile, ReplacesOnlyWhenCommitted) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("out");
  test::write_text(path, "former");
  ReplacementFile replacement = ReplacementFile::create(path).value();
  ASSERT_TRUE(replacement.file().write(0, "new", 3).ok());
  EXPECT_EQ(text_of(path), "former");
  ASSERT_TRUE(commit(replacement).ok());
  EXPECT_EQ(text_of(path), "new");
  EXPECT_EQ(directory.names(), std::vector<std::string>{"out"});
}

TEST(ReplacementFile, LeavesNothingWhenAbandoned) {
  const TemporaryDirectory directory;
  {
    ReplacementFile replacement = ReplacementFile::create(directory.file("out")).value();
    ASSERT_TRUE(replacement.file().write(0, "new", 3).ok());
    const ReplacementFile moved = std::move(replacement);
    EXPECT_EQ(directory.names().size(), 1u);
  }
  EXPECT_TRUE(directory.names().empty());
}

TEST(ReplacementFile, SyncsBeforeItRenamesAndTheDirectoryAfter) {
  const TemporaryDirectory directory;
  ScriptedFiles files;
  ReplacementFile replacement = ReplacementFile::create(directory.file("out")).value();
  ASSERT_TRUE(replacement.complete().ok());
  EXPECT_EQ(files.calls("fsync"), 1);
  EXPECT_TRUE(text_of(directory.file("out")).empty());
  ASSERT_TRUE(replacement.put_in_place().ok());
  EXPECT_EQ(files.calls("fsync"), 2);
  EXPECT_EQ(files.calls("renameat"), 1);
}

class ReplacementFileFault : public testing::TestWithParam<const char*> {};

TEST_P(ReplacementFileFault, KeepsTheFormerFileAndRemovesTheNewOne) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("out");
  test::write_text(path, "former");
  ScriptedFiles files;
  {
    ReplacementFile replacement = ReplacementFile::create(path).value();
    // create() has closed one descriptor, with which it looked at the path.
    for (int passed = files.calls(GetParam()); passed > 0; --passed) files.fail(GetParam(), 0);
    files.fail(GetParam(), EIO);
    const Status committed = commit(replacement);
    ASSERT_FALSE(committed.ok());
    EXPECT_EQ(committed.error().code, SQS_E_IO);
    EXPECT_EQ(text_of(path), "former");
  }
  EXPECT_EQ(text_of(path), "former");
  EXPECT_EQ(directory.names(), std::vector<std::string>{"out"});
}

INSTANTIATE_TEST_SUITE_P(Calls, ReplacementFileFault, testing::Values("fsync", "close", "renameat2"));

TEST(ReplacementFile, IsTakenBackIfTheDirectoryCannotBeSynced) {
  const TemporaryDirectory directory;
  test::write_text(directory.file("out"), "former");
  ScriptedFiles files;
  ReplacementFile replacement = ReplacementFile::create(directory.file("out")).value();
  ASSERT_TRUE(replacement.complete().ok());
  files.fail("fsync", 0);
  files.fail("fsync", EIO);
  EXPECT_FALSE(replacement.put_in_place().ok());
  EXPECT_EQ(text_of(directory.file("out")), "former");
  EXPECT_EQ(directory.names(), std::vector<std::string>{"out"});
}

TEST(ReplacementFile, CompleteTellsThatTheDirectoryIsGoneOrThePathTaken) {
  const TemporaryDirectory directory;
  std::filesystem::create_directory(directory.file("in"));
  ReplacementFile lost = ReplacementFile::create(directory.file("in/out")).value();
  ReplacementFile taken = ReplacementFile::create(directory.file("out")).value();
  std::filesystem::rename(directory.file("in"), directory.file("elsewhere"));
  std::filesystem::create_directory(directory.file("out"));
  const Status without_directory = lost.complete();
  ASSERT_FALSE(without_directory.ok());
  EXPECT_NE(without_directory.error().message.find(directory.file("in/out")), std::string::npos) << without_directory.error().message;
  EXPECT_FALSE(taken.complete().ok());
}

// What a file system may not know, and whether the former file can come back there.
struct Missing {
  const char* what;
  std::vector<const char*> calls;
  int number;
  bool comes_back;
};

class ReplacementFileUndo : public testing::TestWithParam<Missing> {};

TEST_P(ReplacementFileUndo, BringsTheFormerFileBackOrSaysThatItCannot) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("out");
  for (const bool settled : {true, false}) {
    test::write_text(path, "former");
    ScriptedFiles files;
    for (const char* call : GetParam().calls) files.fail(call, GetParam().number);
    {
      ReplacementFile replacement = ReplacementFile::create(path).value();
      ASSERT_TRUE(replacement.file().write(0, "new", 3).ok());
      ASSERT_TRUE(replacement.complete().ok());
      ASSERT_TRUE(replacement.put_in_place().ok());
      EXPECT_EQ(text_of(path), "new");
      if (settled) {
        replacement.settle();
      } else {
        const Status undone = replacement.undo();
        EXPECT_EQ(undone.ok(), GetParam().comes_back);
        if (!undone.ok()) {
          EXPECT_NE(undone.error().message.find("'" + path + "' has been replaced already"), std::string::npos);
        }
      }
    }
    EXPECT_EQ(text_of(path), settled || !GetParam().comes_back ? "new" : "former");
    EXPECT_EQ(directory.names(), std::vector<std::string>{"out"});
  }
}

INSTANTIATE_TEST_SUITE_P(FileSystems, ReplacementFileUndo,
                         testing::Values(Missing{"nothing", {}, 0, true}, Missing{"exchange", {"renameat2"}, EINVAL, true},
                                         Missing{"exchange in old kernels", {"renameat2"}, ENOSYS, true},
                                         Missing{"exchange and links", {"renameat2", "linkat"}, EOPNOTSUPP, false}));

TEST(ReplacementFile, DestroyedBeforeItIsSettledItWasNeverThere) {
  const TemporaryDirectory directory;
  test::write_text(directory.file("there"), "former");
  for (const char* name : {"there", "fresh"}) {
    ReplacementFile replacement = ReplacementFile::create(directory.file(name)).value();
    ASSERT_TRUE(replacement.complete().ok());
    ASSERT_TRUE(replacement.put_in_place().ok());
    EXPECT_EQ(text_of(directory.file(name)), "");
  }
  EXPECT_EQ(text_of(directory.file("there")), "former");
  EXPECT_EQ(directory.names(), std::vector<std::string>{"there"});
}

TEST(ReplacementFile, ReplacesWhatALinkLeadsTo) {
  for (const bool there : {true, false}) {  // or will be
    const TemporaryDirectory directory;
    if (there) test::write_text(directory.file("there"), "former");
    std::filesystem::create_symlink("there", directory.file("link"));
    ReplacementFile replacement = ReplacementFile::create(directory.file("link")).value();
    ASSERT_TRUE(replacement.file().write(0, "new", 3).ok());
    ASSERT_TRUE(commit(replacement).ok());
    EXPECT_TRUE(std::filesystem::is_symlink(directory.file("link")));
    EXPECT_EQ(text_of(directory.file("there")), "new");
  }
}

TEST(ReplacementFile, TwoPathsMayNameOneFile) {
  const TemporaryDirectory directory;
  std::filesystem::create_directory(directory.file("in"));
  std::filesystem::create_symlink("in", directory.file("link"));
  EXPECT_TRUE(same_path(directory.file("in/out"), directory.file("in/./out")));
  EXPECT_TRUE(same_path(directory.file("in/out"), directory.file("link/out")));
  EXPECT_FALSE(same_path(directory.file("in/out"), directory.file("out")));
  // Where nothing is yet.
  const std::string here = std::filesystem::current_path().string() + "/";
  EXPECT_TRUE(same_path("sqs-not-there.npy", "./sqs-not-there.npy"));
  EXPECT_TRUE(same_path("sqs-not-there.npy", here + "sqs-not-there.npy"));
  EXPECT_FALSE(same_path("sqs-not-there.npy", "sqs-nor-there.npy"));
  std::filesystem::create_symlink("out", directory.file("to_out"));
  EXPECT_TRUE(same_path(directory.file("to_out"), directory.file("out")));
  std::filesystem::create_symlink("round", directory.file("round"));
  EXPECT_FALSE(same_path(directory.file("round"), directory.file("out")));
}

// SIGXFSZ would end this process.
TEST(ReplacementFile, AFileLongerThanTheProcessMayWriteIsAnError) {
  const TemporaryDirectory directory;
  ReplacementFile replacement = ReplacementFile::create(directory.file("out")).value();
  rlimit former{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &former), 0);
  rlimit small = former;
  small.rlim_cur = 4096;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::vector<char> bytes(4096, 'x');
  const Status fits = replacement.file().write(0, bytes.data(), bytes.size());
  const Status beyond = replacement.file().write(1, bytes.data(), bytes.size());
  setrlimit(RLIMIT_FSIZE, &former);
  EXPECT_TRUE(fits.ok());
  ASSERT_FALSE(beyond.ok());
  EXPECT_NE(beyond.error().message.find("RLIMIT_FSIZE"), std::string::npos) << beyond.error().message;
}

TEST(ReplacementFile, PassesOverNamesLeftBehind) {
  const TemporaryDirectory directory;
  ScriptedFiles files;
  files.fail("openat", 0);
  files.fail("openat", EEXIST);
  files.fail("openat", EEXIST);
  const auto replacement = ReplacementFile::create(directory.file("out"));
  ASSERT_TRUE(replacement.ok());
  EXPECT_EQ(files.calls("openat"), 4);
}

TEST(ReplacementFile, RefusesWhatIsNoRegularFile) {
  const TemporaryDirectory directory;
  std::filesystem::create_directory(directory.file("d"));
  ASSERT_EQ(mkfifo(directory.file("p").c_str(), 0600), 0);
  for (const std::string& path : {directory.file("d"), directory.file("p"), std::string("/dev/null")}) {
    const auto replacement = ReplacementFile::create(path);
    ASSERT_FALSE(replacement.ok()) << path;
    EXPECT_EQ(replacement.error().message,
              "cannot replace '" + path + "': it is not a regular file; give the path of a file");
  }
}

TEST(ReplacementFile, NamesADirectoryThatIsNotThere) {
  const TemporaryDirectory directory;
  const auto replacement = ReplacementFile::create(directory.file("none/out"));
  ASSERT_FALSE(replacement.ok());
  EXPECT_EQ(replacement.error().code, SQS_E_IO);
  EXPECT_NE(replacement.error().message.find(directory.file("none/out")), std::string::npos);
  EXPECT_NE(replacement.error().message.find("ENOENT"), std::string::npos);
}

}  // namespace
}  // namespace sqs::os
