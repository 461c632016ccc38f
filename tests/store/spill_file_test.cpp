// The spill file gives back what was written or an error, whatever the disk does, and leaves nothing behind.
#include "store/spill_file.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <random>
#include <thread>
#include <vector>

#include "child_process.hpp"
#include "scripted_files.hpp"
#include "temporary_directory.hpp"

namespace sqs {
namespace {

using test::ScriptedFiles;
using test::TemporaryDirectory;
using Bytes = std::vector<uint8_t>;

constexpr SpillFile::Shape kShape{.block_bytes = 1000, .blocks = 8};
constexpr uint64_t kStride = 1088;  // 1000 bytes and a header, up to the next multiple of 64

SpillFile open_in(const TemporaryDirectory& directory, const SpillFile::Shape& shape = kShape) {
  return std::move(SpillFile::open(directory.path(), shape)).value();
}

Bytes content(uint64_t seed, size_t bytes = kShape.block_bytes) {
  std::mt19937_64 random(seed);
  Bytes data(bytes);
  for (uint8_t& byte : data) byte = static_cast<uint8_t>(random());
  return data;
}

Status put(SpillFile& file, uint64_t block, uint64_t key) {
  const Bytes data = content(key);
  return file.write(block, key, data.data(), data.size());
}

void expect_there(SpillFile& file, uint64_t block, uint64_t key) {
  Bytes back(kShape.block_bytes, 0xEE);
  const Status read = file.read(block, key, back.data(), back.size());
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(back, content(key));
}

// The message, after checking that it is an error of input or output that names the directory and the way out.
std::string message_of_failure(const Status& status, const TemporaryDirectory& directory) {
  if (status.ok()) return "no error";
  const std::string& message = status.error().message;
  EXPECT_EQ(status.error().code, SQS_E_IO) << message;
  EXPECT_NE(message.find("'" + directory.path() + "'"), std::string::npos) << message;
  EXPECT_NE(message.find("give a spill directory"), std::string::npos) << message;
  EXPECT_NE(message.find("memory_budget"), std::string::npos) << message;
  return message;
}

void expect_unreadable(SpillFile& file, uint64_t block, uint64_t key, const TemporaryDirectory& directory) {
  Bytes back(kShape.block_bytes);
  const std::string message = message_of_failure(file.read(block, key, back.data(), back.size()), directory);
  EXPECT_NE(message.find("block " + std::to_string(block) + " (1000 bytes)"), std::string::npos) << message;
}

void expect_contains(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << "no \"" << part << "\" in: " << text;
}

TEST(SpillFile, GivesBackInLifoOrderWhatWasWritten) {
  const TemporaryDirectory directory;
  SpillFile file = open_in(directory);
  for (uint64_t block = 0; block < kShape.blocks; ++block) ASSERT_TRUE(put(file, block, 100 + block).ok());
  for (uint64_t block = kShape.blocks; block-- > 0;) expect_there(file, block, 100 + block);
  EXPECT_EQ(file.bytes_written(), 8 * 1032u);
  EXPECT_EQ(file.bytes_read(), 8 * 1032u);
  EXPECT_TRUE(directory.names().empty());
}

TEST(SpillFile, HoldsAnyContentInAnyOrder) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const TemporaryDirectory directory;
  const SpillFile::Shape shape{.block_bytes = random() % 5000 + 1, .blocks = random() % 20 + 1};
  SpillFile file = open_in(directory, shape);
  std::vector<std::pair<uint64_t, Bytes>> held(shape.blocks);  // key and content
  std::vector<bool> written(shape.blocks, false);
  for (int step = 0; step < 500; ++step) {
    const uint64_t block = random() % shape.blocks;
    auto& [key, data] = held[block];
    if (random() % 2 == 0) {
      key = random();
      data = content(random(), random() % (shape.block_bytes + 1));
      written[block] = true;
      ASSERT_TRUE(file.write(block, key, data.data(), data.size()).ok());
    } else if (written[block]) {
      Bytes back(data.size());
      ASSERT_TRUE(file.read(block, key, back.data(), back.size()).ok());
      ASSERT_EQ(back, data);
    }
  }
}

TEST(SpillFile, CompletesTransfersOfOneByteAndStormsOfInterruptions) {
  const TemporaryDirectory directory;
  ScriptedFiles files;
  files.move_at_most(1);
  for (int i = 0; i < 3000; ++i) {
    files.fail("pwrite", i % 3 == 0 ? 0 : EINTR);
    files.fail("pread", i % 3 == 0 ? 0 : EINTR);
  }
  for (const std::string call : {"openat", "fallocate"}) files.fail(call, EINTR);
  SpillFile file = open_in(directory);
  ASSERT_TRUE(put(file, 5, 77).ok());
  expect_there(file, 5, 77);
  EXPECT_EQ(files.calls("pwrite"), 1032 + 2000);
  EXPECT_EQ(files.calls("pread"), 1032 + 2000);
}

TEST(SpillFile, TellsThatThereIsNoRoomBeforeAnythingIsWritten) {
  const TemporaryDirectory directory;
  for (const int number : {ENOSPC, EDQUOT, EFBIG, EIO}) {
    ScriptedFiles files;
    files.fail("fallocate", number);
    const Result<SpillFile> made = SpillFile::open(directory.path(), kShape);
    ASSERT_FALSE(made.ok());
    const std::string message = message_of_failure(made.error(), directory);
    expect_contains(message, "cannot reserve " + std::to_string(8 * kStride) + " bytes");
    expect_contains(message, "bytes are free there");
    EXPECT_EQ(files.calls("pwrite"), 0);
    EXPECT_EQ(files.calls("close"), 3);  // the directory twice, the file once
    EXPECT_TRUE(directory.names().empty());
  }
}

TEST(SpillFile, WorksWhereSpaceCannotBeSetAside) {
  const TemporaryDirectory directory;
  ScriptedFiles files;
  files.fail("fallocate", EOPNOTSUPP);
  SpillFile file = open_in(directory);
  EXPECT_FALSE(file.is_reserved());
  expect_unreadable(file, 3, 0, directory);  // past the end of the file
  ASSERT_TRUE(put(file, 3, 9).ok());
  expect_there(file, 3, 9);
  expect_unreadable(file, 2, 0, directory);  // in a hole
}

TEST(SpillFile, ADiskThatFillsUpIsToldAtEveryWrite) {
  for (int writes_before = 0; writes_before < 6; ++writes_before) {
    for (const int number : {ENOSPC, EDQUOT, EIO}) {
      const TemporaryDirectory directory;
      ScriptedFiles files;
      files.fail("fallocate", EOPNOTSUPP);
      for (int i = 0; i < writes_before; ++i) files.fail("pwrite", 0);
      files.fail("pwrite", number);
      SpillFile file = open_in(directory);
      for (uint64_t block = 0; block < 4; ++block) {
        const Status written = put(file, block, block);
        const bool failed = block == static_cast<uint64_t>(writes_before) / 2;  // a header and the data are a write each
        ASSERT_EQ(written.ok(), !failed);
        if (failed) {
          expect_contains(message_of_failure(written, directory),
                          "cannot spill block " + std::to_string(block) + " (1000 bytes): cannot write ");
          expect_unreadable(file, block, block, directory);
        } else {
          expect_there(file, block, block);
        }
      }
      EXPECT_EQ(file.bytes_written(), 3 * 1032u);
    }
  }
}

TEST(SpillFile, TheSentenceSaysWhatWhereAndWhatToDo) {
  const TemporaryDirectory directory;
  ScriptedFiles files;
  files.fail("pwrite", 0);
  files.fail("pwrite", ENOSPC);
  SpillFile file = open_in(directory);
  EXPECT_EQ(put(file, 7, 1).error().message,
            "cannot spill block 7 (1000 bytes): cannot write 1000 bytes at offset 7648 of '" + directory.path() +
                "': No space left on device (ENOSPC); give a spill directory with more room, or a larger memory_budget so "
                "that no disk is needed");
}

TEST(SpillFile, AFailedReadIsAnErrorAndCanBeTriedAgain) {
  const TemporaryDirectory directory;
  for (int reads_before = 0; reads_before < 2; ++reads_before) {
    ScriptedFiles files;
    for (int i = 0; i < reads_before; ++i) files.fail("pread", 0);
    files.fail("pread", EIO);
    SpillFile file = open_in(directory);
    ASSERT_TRUE(put(file, 1, 4).ok());
    expect_unreadable(file, 1, 4, directory);
    EXPECT_EQ(file.bytes_read(), 0u);
    expect_there(file, 1, 4);
  }
}

TEST(SpillFile, EveryFlippedBitOfABlockIsFound) {
  const TemporaryDirectory directory;
  ScriptedFiles files;
  SpillFile file = open_in(directory);
  ASSERT_TRUE(put(file, 2, 11).ok());
  for (uint64_t at = 0; at < 1032; ++at) {
    const auto offset = static_cast<off_t>(2 * kStride + at);
    uint8_t byte = 0;
    ASSERT_EQ(pread(files.last_opened(), &byte, 1, offset), 1);
    for (int bit = 0; bit < 8; ++bit) {
      const auto flipped = static_cast<uint8_t>(byte ^ (1 << bit));
      ASSERT_EQ(pwrite(files.last_opened(), &flipped, 1, offset), 1);
      Bytes back(kShape.block_bytes);
      ASSERT_FALSE(file.read(2, 11, back.data(), back.size()).ok()) << "byte " << at << " bit " << bit;
    }
    ASSERT_EQ(pwrite(files.last_opened(), &byte, 1, offset), 1);
  }
  expect_there(file, 2, 11);
}

Bytes raw_block(int fd, uint64_t block) {
  Bytes raw(kStride);
  EXPECT_EQ(pread(fd, raw.data(), raw.size(), static_cast<off_t>(block * kStride)), static_cast<ssize_t>(kStride));
  return raw;
}

void write_raw_block(int fd, uint64_t block, const Bytes& raw) {
  EXPECT_EQ(pwrite(fd, raw.data(), raw.size(), static_cast<off_t>(block * kStride)), static_cast<ssize_t>(kStride));
}

TEST(SpillFile, SwappedBlocksAreFoundEvenWithTheSameKey) {
  const TemporaryDirectory directory;
  ScriptedFiles files;
  SpillFile file = open_in(directory);
  ASSERT_TRUE(put(file, 0, 5).ok());
  ASSERT_TRUE(put(file, 1, 5).ok());
  const int fd = files.last_opened();
  const Bytes first = raw_block(fd, 0);
  write_raw_block(fd, 0, raw_block(fd, 1));
  write_raw_block(fd, 1, first);
  expect_unreadable(file, 0, 5, directory);
  expect_unreadable(file, 1, 5, directory);
  Bytes back(kShape.block_bytes);
  const std::string message = file.read(1, 5, back.data(), back.size()).error().message;
  expect_contains(message, "at offset 1088 is not what was written");
  expect_contains(message, "as block 1 with key 5, its header says checksum");
  expect_contains(message, ", block 0, key 5, 1000 bytes");
}

TEST(SpillFile, ALostWriteIsFoundByItsKey) {
  const TemporaryDirectory directory;
  ScriptedFiles files;
  SpillFile file = open_in(directory);
  ASSERT_TRUE(put(file, 3, 40).ok());
  const Bytes former = raw_block(files.last_opened(), 3);
  ASSERT_TRUE(put(file, 3, 41).ok());
  write_raw_block(files.last_opened(), 3, former);
  expect_unreadable(file, 3, 41, directory);
}

TEST(SpillFile, BlocksOfAnotherFileAreFound) {
  const TemporaryDirectory directory;
  ScriptedFiles files;
  SpillFile first = open_in(directory);
  ASSERT_TRUE(put(first, 0, 1).ok());
  const Bytes foreign = raw_block(files.last_opened(), 0);
  SpillFile second = open_in(directory);
  ASSERT_TRUE(put(second, 0, 1).ok());
  write_raw_block(files.last_opened(), 0, foreign);
  expect_unreadable(second, 0, 1, directory);
  expect_there(first, 0, 1);
}

TEST(SpillFile, AnotherKeyOrLengthThanWrittenIsAnError) {
  const TemporaryDirectory directory;
  SpillFile file = open_in(directory);
  ASSERT_TRUE(put(file, 0, 1).ok());
  expect_unreadable(file, 0, 2, directory);
  Bytes back(kShape.block_bytes);
  EXPECT_FALSE(file.read(0, 1, back.data(), 999).ok());
  EXPECT_FALSE(file.read(0, 1, nullptr, 0).ok());
  EXPECT_FALSE(file.read(4, 0, nullptr, 0).ok());  // never written
  expect_there(file, 0, 1);
}

TEST(SpillFile, ATruncatedFileIsAnError) {
  const TemporaryDirectory directory;
  for (const uint64_t bytes : {uint64_t{0}, kStride, kStride + 31, kStride + 32, kStride + 1031}) {
    ScriptedFiles files;
    SpillFile file = open_in(directory);
    ASSERT_TRUE(put(file, 0, 6).ok());
    ASSERT_TRUE(put(file, 1, 7).ok());
    ASSERT_EQ(ftruncate(files.last_opened(), static_cast<off_t>(bytes)), 0);
    expect_unreadable(file, 1, 7, directory);
    if (bytes > 0) expect_there(file, 0, 6);
  }
}

TEST(SpillFile, UsesOutsideItsShapeTouchNothing) {
  const TemporaryDirectory directory;
  ScriptedFiles files;
  SpillFile file = open_in(directory);
  Bytes data(kShape.block_bytes + 1);
  for (const auto& [block, bytes] : {std::pair{uint64_t{8}, uint64_t{1}}, {UINT64_MAX, 1}, {0, 1001}, {0, UINT64_MAX}}) {
    EXPECT_EQ(file.write(block, 0, data.data(), bytes).error().code, SQS_E_INTERNAL);
    EXPECT_EQ(file.read(block, 0, data.data(), bytes).error().code, SQS_E_INTERNAL);
  }
  EXPECT_EQ(files.calls("pwrite") + files.calls("pread"), 0);
}

TEST(SpillFile, SizesThatOverflowAreRefusedBeforeAFileIsMade) {
  const TemporaryDirectory directory;
  ScriptedFiles files;
  for (const SpillFile::Shape& shape :
       {SpillFile::Shape{UINT64_MAX, 1}, {UINT64_MAX - 40, 1}, {1, UINT64_MAX}, {uint64_t{1} << 40, uint64_t{1} << 23},
        {uint64_t{1} << 63, 2}}) {
    const Result<SpillFile> made = SpillFile::open(directory.path(), shape);
    ASSERT_FALSE(made.ok());
    EXPECT_EQ(made.error().code, SQS_E_OVERFLOW);
    expect_contains(made.error().message, std::to_string(shape.blocks) + " blocks of " + std::to_string(shape.block_bytes));
  }
  EXPECT_EQ(files.calls(), 0);
  EXPECT_EQ(SpillFile::file_bytes(kShape).value(), 8 * kStride);
  EXPECT_EQ(SpillFile::file_bytes({0, 3}).value(), 3 * 64u);
  EXPECT_EQ(SpillFile::file_bytes({32, 3}).value(), 3 * 64u);
  EXPECT_EQ(SpillFile::file_bytes({33, 3}).value(), 3 * 128u);
}

TEST(SpillFile, BadDirectoriesAreTold) {
  const TemporaryDirectory directory;
  test::write_text(directory.file("f"), "text");
  for (const std::string& path : {std::string(), directory.file("none"), directory.file("f"), directory.file("f") + "/g"}) {
    const Result<SpillFile> made = SpillFile::open(path, kShape);
    ASSERT_FALSE(made.ok());
    EXPECT_EQ(made.error().code, SQS_E_IO);
    expect_contains(made.error().message, "give a spill directory that exists, can be written and has room");
    if (!path.empty()) expect_contains(made.error().message, "'" + path + "'");
  }
  for (const int number : {EACCES, EROFS, ENOSPC, EMFILE}) {
    ScriptedFiles files;
    files.fail("openat", 0);
    files.fail("openat", number);
    EXPECT_EQ(SpillFile::open(directory.path(), kShape).error().code, SQS_E_IO);
  }
  EXPECT_EQ(directory.names().size(), 1u);
}

TEST(SpillFile, AFileWithoutIdentityIsNotUsed) {
  const TemporaryDirectory directory;
  ScriptedFiles files;
  files.fail("fstat", EIO);
  EXPECT_FALSE(SpillFile::open(directory.path(), kShape).ok());
  EXPECT_EQ(files.calls("close"), 2);
}

TEST(SpillFile, MovesWithAllItHolds) {
  const TemporaryDirectory directory;
  ScriptedFiles files;
  {
    SpillFile first = open_in(directory);
    ASSERT_TRUE(put(first, 6, 3).ok());
    SpillFile second = std::move(first);
    expect_there(second, 6, 3);
    SpillFile third = open_in(directory);
    third = std::move(second);
    expect_there(third, 6, 3);
    EXPECT_EQ(third.bytes_written(), 1032u);
    EXPECT_EQ(third.bytes_read(), 2 * 1032u);
  }
  EXPECT_EQ(files.calls("openat"), files.calls("close"));
}

TEST(SpillFile, ThreadsUseDifferentBlocksAtOnce) {
  const TemporaryDirectory directory;
  SpillFile file = open_in(directory);
  std::vector<std::thread> threads;
  std::vector<int> failures(kShape.blocks, 0);
  for (uint64_t block = 0; block < kShape.blocks; ++block)
    threads.emplace_back([&, block] {
      Bytes back(kShape.block_bytes);
      for (uint64_t key = block; key < 50 * kShape.blocks; key += kShape.blocks)
        if (!put(file, block, key).ok() || !file.read(block, key, back.data(), back.size()).ok() || back != content(key))
          ++failures[block];
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, std::vector<int>(kShape.blocks, 0));
  EXPECT_EQ(file.bytes_written(), 50 * 8 * 1032u);
}

TEST(SpillFile, AForkedChildIsRefusedAndTheParentGoesOn) {
  const TemporaryDirectory directory;
  SpillFile file = open_in(directory);
  ASSERT_TRUE(put(file, 0, 1).ok());
  EXPECT_TRUE(test::holds_in_child([&] {
    Bytes data(kShape.block_bytes);
    SpillFile of_child = open_in(directory);
    const bool refused = file.write(0, 2, data.data(), data.size()).error().code == SQS_E_FORKED &&
                         file.read(0, 1, data.data(), data.size()).error().code == SQS_E_FORKED;
    const SpillFile closed = std::move(file);
    return refused && put(of_child, 0, 3).ok();
  }));
  expect_there(file, 0, 1);
}

TEST(SpillFile, NothingStaysOfAProcessKilledAtAnyCall) {
  int kills = 0;
  for (bool killed = true; killed; ++kills) {
    const TemporaryDirectory directory;
    killed = test::is_killed([&] {
      ScriptedFiles files;
      files.kill_after(kills);
      SpillFile file = open_in(directory);
      Bytes back(kShape.block_bytes);
      for (uint64_t block = 0; block < 3; ++block)
        if (!put(file, block, block).ok()) return false;
      for (uint64_t block = 3; block-- > 0;)
        if (!file.read(block, block, back.data(), back.size()).ok()) return false;
      return true;
    });
    EXPECT_TRUE(directory.names().empty()) << "killed after " << kills << " calls";
  }
  // Open and close the directory, open, reserve, identity, 12 transfers, close; and once to the end.
  EXPECT_EQ(kills, 2 + 3 + 12 + 1 + 1);
}

TEST(SpillFile, NothingStaysOfAProcessKilledFromOutside) {
  const TemporaryDirectory directory;
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    SpillFile file = open_in(directory);
    for (uint64_t key = 0;; ++key) {
      if (!put(file, key % kShape.blocks, key).ok()) _exit(1);
      if (key == 20 && write(ends[1], "!", 1) != 1) _exit(1);
    }
  }
  char ready = 0;
  ASSERT_EQ(read(ends[0], &ready, 1), 1);
  kill(child, SIGKILL);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_TRUE(directory.names().empty());
  close(ends[0]);
  close(ends[1]);
}

TEST(SpillFile, ALimitOnTheLengthOfFilesIsAnErrorAndNoSignal) {
  const TemporaryDirectory directory;
  EXPECT_TRUE(test::holds_in_child([&] {
    const rlimit limit{.rlim_cur = 8 * kStride - 1, .rlim_max = 8 * kStride - 1};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return false;
    const Result<SpillFile> refused = SpillFile::open(directory.path(), kShape);
    return !refused.ok() && refused.error().code == SQS_E_IO && SpillFile::open(directory.path(), {1000, 7}).ok();
  }));
}

}  // namespace
}  // namespace sqs
