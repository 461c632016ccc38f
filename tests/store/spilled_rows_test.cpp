// Spilled rows come back as they were written, however sweeps cut them into stretches.
#include "store/spilled_rows.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <random>
#include <vector>

#include "../os/scripted_files.hpp"
#include "../os/temporary_directory.hpp"

namespace sqs {
namespace {

using test::ScriptedFiles;
using test::TemporaryDirectory;
using Rows = std::vector<std::byte>;

Rows rows_of(const SpilledRows::Shape& shape) {
  std::mt19937_64 random(shape.rows);
  Rows rows(shape.rows * shape.row_bytes);
  for (std::byte& byte : rows) byte = static_cast<std::byte>(random());
  return rows;
}

SpilledRows open_in(const TemporaryDirectory& directory, const SpilledRows::Shape& shape,
                    std::shared_ptr<Ledger> ledger = std::make_shared<Ledger>()) {
  return std::move(SpilledRows::open(directory.path(), shape, std::move(ledger))).value();
}

// Writes all rows by stretches of the given length, upwards or downwards.
Status write_all(SpilledRows& spilled, const SpilledRows::Shape& shape, const Rows& rows, uint64_t stretch, bool upwards) {
  for (uint64_t done = 0; done < shape.rows;) {
    const uint64_t count = std::min(stretch, shape.rows - done);
    const uint64_t first = upwards ? done : shape.rows - done - count;
    SQS_TRY(spilled.write(first, first + count, rows.data() + first * shape.row_bytes));
    done += count;
  }
  return ok();
}

void expect_stretch(SpilledRows& spilled, const SpilledRows::Shape& shape, const Rows& rows, uint64_t first, uint64_t end) {
  Rows back((end - first) * shape.row_bytes, std::byte{0xEE});
  const Status read = spilled.read(first, end, back.data());
  ASSERT_TRUE(read.ok()) << read.error().message;
  const auto at = [&](uint64_t row) { return rows.begin() + static_cast<std::ptrdiff_t>(row * shape.row_bytes); };
  ASSERT_TRUE(std::equal(back.begin(), back.end(), at(first), at(end))) << "rows [" << first << ", " << end << ")";
}

TEST(SpilledRows, ComeBackForAnyStretchesBothWays) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const TemporaryDirectory directory;
  for (int trial = 0; trial < 60; ++trial) {
    const SpilledRows::Shape shape{
        .rows = random() % 200, .row_bytes = random() % 40 + 1, .rows_per_block = random() % 30 + 1};
    const bool upwards = random() % 2 == 0;
    SCOPED_TRACE(std::to_string(shape.rows) + " rows of " + std::to_string(shape.row_bytes) + " bytes by " +
                 std::to_string(shape.rows_per_block) + (upwards ? ", upwards" : ", downwards"));
    const Rows rows = rows_of(shape);
    SpilledRows spilled = open_in(directory, shape);
    for (uint64_t done = 0; done < shape.rows;) {
      const uint64_t count = std::min(random() % 70, shape.rows - done);  // no rows at times
      const uint64_t first = upwards ? done : shape.rows - done - count;
      ASSERT_TRUE(spilled.write(first, first + count, rows.data() + first * shape.row_bytes).ok());
      done += count;
    }
    ASSERT_TRUE(spilled.is_complete());
    for (int read = 0; read < 20; ++read) {
      const uint64_t first = random() % (shape.rows + 1);
      expect_stretch(spilled, shape, rows, first, first + random() % (shape.rows - first + 1));
    }
  }
}

TEST(SpilledRows, EveryBlockIsWrittenAndReadOnceByASweep) {
  const TemporaryDirectory directory;
  const SpilledRows::Shape shape{.rows = 103, .row_bytes = 8, .rows_per_block = 10};
  const Rows rows = rows_of(shape);
  const uint64_t moved = 103 * 8 + 11 * SpillFile::kHeaderBytes;
  for (const bool upwards : {true, false}) {
    SpilledRows spilled = open_in(directory, shape);
    ASSERT_TRUE(write_all(spilled, shape, rows, 7, upwards).ok());
    EXPECT_EQ(spilled.file().bytes_written(), moved);
    for (uint64_t row = 0; row < shape.rows; ++row) expect_stretch(spilled, shape, rows, row, row + 1);
    EXPECT_EQ(spilled.file().bytes_read(), moved);
  }
}

TEST(SpilledRows, HoldOneBlockInMemory) {
  const TemporaryDirectory directory;
  const SpilledRows::Shape shape{.rows = 1000, .row_bytes = 100, .rows_per_block = 10};
  const auto ledger = std::make_shared<Ledger>();
  {
    const SpilledRows spilled = open_in(directory, shape, ledger);
    EXPECT_EQ(ledger->held(), 1000u);
    EXPECT_EQ(SpilledRows::memory_bytes(shape).value(), 1000u);
    EXPECT_EQ(SpilledRows::file_bytes(shape).value(), 100 * 1088u);
  }
  EXPECT_EQ(ledger->held(), 0u);
  EXPECT_EQ(SpilledRows::memory_bytes({.rows = 3, .row_bytes = 8, .rows_per_block = 1000}).value(), 24u);
}

TEST(SpilledRows, StretchesThatLeaveAGapAreRefused) {
  const TemporaryDirectory directory;
  const SpilledRows::Shape shape{.rows = 20, .row_bytes = 1, .rows_per_block = 8};
  const Rows rows = rows_of(shape);
  SpilledRows spilled = open_in(directory, shape);
  const auto refused = [&](uint64_t first, uint64_t end) {
    const Status written = spilled.write(first, end, rows.data());
    return !written.ok() && written.error().code == SQS_E_INTERNAL;
  };
  EXPECT_TRUE(refused(1, 19));
  ASSERT_TRUE(spilled.write(0, 5, rows.data()).ok());
  EXPECT_TRUE(refused(6, 7));
  EXPECT_TRUE(refused(4, 7));
  EXPECT_TRUE(refused(15, 20));  // the other way
  EXPECT_TRUE(refused(5, 21));
  EXPECT_TRUE(refused(7, 5));
  Rows back(20);
  EXPECT_EQ(spilled.read(0, 1, back.data()).error().code, SQS_E_INTERNAL);  // not complete
  ASSERT_TRUE(spilled.write(5, 20, rows.data() + 5).ok());
  EXPECT_EQ(spilled.read(0, 21, back.data()).error().code, SQS_E_INTERNAL);
  EXPECT_EQ(spilled.read(2, 1, back.data()).error().code, SQS_E_INTERNAL);
  expect_stretch(spilled, shape, rows, 0, 20);
}

TEST(SpilledRows, AStretchThatFailedCanBeWrittenAgain) {
  const TemporaryDirectory directory;
  const SpilledRows::Shape shape{.rows = 50, .row_bytes = 3, .rows_per_block = 8};
  const Rows rows = rows_of(shape);
  for (const bool upwards : {true, false}) {
    for (int writes_before = 0; writes_before < 14; ++writes_before) {  // seven blocks, a header and data each
      ScriptedFiles files;
      for (int i = 0; i < writes_before; ++i) files.fail("pwrite", 0);
      files.fail("pwrite", ENOSPC);
      SpilledRows spilled = open_in(directory, shape);
      int failures = 0;
      for (uint64_t done = 0; done < shape.rows;) {
        const uint64_t count = std::min<uint64_t>(21, shape.rows - done);
        const uint64_t first = upwards ? done : shape.rows - done - count;
        if (spilled.write(first, first + count, rows.data() + first * shape.row_bytes).ok())
          done += count;
        else
          ASSERT_EQ(++failures, 1);
      }
      EXPECT_EQ(failures, 1);
      expect_stretch(spilled, shape, rows, 0, shape.rows);
    }
  }
}

TEST(SpilledRows, AFailedReadLeavesNoHalfBlockBehind) {
  const TemporaryDirectory directory;
  const SpilledRows::Shape shape{.rows = 50, .row_bytes = 3, .rows_per_block = 8};
  const Rows rows = rows_of(shape);
  for (int reads_before = 0; reads_before < 4; ++reads_before) {
    ScriptedFiles files;
    for (int i = 0; i < reads_before; ++i) files.fail("pread", 0);
    files.fail("pread", EIO);
    SpilledRows spilled = open_in(directory, shape);
    ASSERT_TRUE(write_all(spilled, shape, rows, 50, true).ok());
    Rows back(shape.rows * shape.row_bytes);
    EXPECT_EQ(spilled.read(5, 11, back.data()).error().code, SQS_E_IO);
    expect_stretch(spilled, shape, rows, 5, 11);
    expect_stretch(spilled, shape, rows, 1, 3);
  }
}

TEST(SpilledRows, ImpossibleShapesAreRefused) {
  const TemporaryDirectory directory;
  const auto code = [&](const SpilledRows::Shape& shape) {
    return SpilledRows::open(directory.path(), shape, std::make_shared<Ledger>()).error().code;
  };
  EXPECT_EQ(code({.rows = 1, .row_bytes = 1, .rows_per_block = 0}), SQS_E_INTERNAL);
  EXPECT_EQ(code({.rows = UINT64_MAX, .row_bytes = 16, .rows_per_block = UINT64_MAX}), SQS_E_OVERFLOW);
  EXPECT_EQ(code({.rows = UINT64_MAX, .row_bytes = 1, .rows_per_block = 1}), SQS_E_OVERFLOW);
}

}  // namespace
}  // namespace sqs
