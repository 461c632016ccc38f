#include "sink/npy_sink.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "os/file.hpp"
#include "temporary_directory.hpp"
#include "sink/file_buffer.hpp"

namespace sqs {
namespace {

TEST(NpySink, TheHeaderIsNumPysAndEndsOnAMultipleOf64) {
  const std::string header = NpySink::header(SQS_I32, {3}, 90);
  EXPECT_EQ(header.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  EXPECT_EQ(header.size() % 64, 0u);
  EXPECT_EQ(static_cast<unsigned char>(header[8]) + 256u * static_cast<unsigned char>(header[9]), header.size() - 10);
  EXPECT_EQ(header.substr(10, 60).find("{'descr': '<i4', 'fortran_order': False, 'shape': (90, 3), }"), 0u) << header;
  EXPECT_EQ(header.back(), '\n');
  EXPECT_NE(NpySink::header(SQS_U8, {}, 7).find("'|u1', 'fortran_order': False, 'shape': (7,), }"), std::string::npos);
}

sqs_view rows_of(std::vector<uint16_t>& values, int64_t first) {
  sqs_view v{};
  v.dtype = SQS_U16;
  v.ndim = 1;
  v.data = values.data();
  v.first_row = first;
  v.shape[0] = static_cast<int64_t>(values.size());
  v.strides[0] = 2;
  return v;
}

TEST(NpySink, RowsOfAnySizeArriveInOrderAndTheFileAppearsAtTheEnd) {
  const test::TemporaryDirectory directory;
  const std::string path = directory.file("out.npy");
  std::vector<std::byte> buffer(kFileBufferBytes);
  std::vector<uint16_t> all;
  NpySink sink("target", path, SQS_U16, {}, 0, 200'000);
  ASSERT_TRUE(sink.start(buffer.data()).ok());
  for (const size_t piece : {1u, 99'999u, 40'000u, 60'000u}) {
    std::vector<uint16_t> rows(piece);
    const auto first = static_cast<int64_t>(all.size());
    for (uint16_t& r : rows) r = static_cast<uint16_t>(all.size() * 7), all.push_back(r);
    ASSERT_TRUE(sink.write(rows_of(rows, first)).ok());
  }
  EXPECT_FALSE(os::File::open_for_reading(path).ok());
  ASSERT_TRUE(sink.finish().ok());
  EXPECT_FALSE(os::File::open_for_reading(directory.file("out.npy")).ok());
  ASSERT_TRUE(sink.show().ok());
  sink.settle();
  const std::string text = *os::read_text(path);
  const std::string header = NpySink::header(SQS_U16, {}, 200'000);
  ASSERT_EQ(text.size(), header.size() + 400'000);
  EXPECT_EQ(text.substr(0, header.size()), header);
  EXPECT_EQ(std::memcmp(text.data() + header.size(), all.data(), 400'000), 0);
}

TEST(NpySink, RowsFromTheLastToTheFirstMakeTheSameFileAndCanBeReadBack) {
  const test::TemporaryDirectory directory;
  std::vector<std::byte> buffer(kFileBufferBytes);
  std::vector<uint16_t> all(200'000);
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<uint16_t>(i * 7);
  NpySink sink("target", directory.file("out.npy"), SQS_U16, {}, 1000, all.size());
  ASSERT_TRUE(sink.start(buffer.data()).ok());
  size_t end = all.size();
  for (const size_t piece : {1u, 33'000u, 7u, 40'000u, 99'999u, 20'000u, 6'993u}) {
    std::vector<uint16_t> rows(all.begin() + static_cast<std::ptrdiff_t>(end - piece), all.begin() + static_cast<std::ptrdiff_t>(end));
    end -= piece;
    ASSERT_TRUE(sink.write(rows_of(rows, static_cast<int64_t>(1000 + end))).ok());
  }
  ASSERT_EQ(end, 0u);
  std::vector<std::byte> back;
  const Result<bool> read = sink.read_back([&](const std::byte* bytes, size_t count) { back.insert(back.end(), bytes, bytes + count); });
  ASSERT_TRUE(read.ok() && *read);
  ASSERT_EQ(back.size(), all.size() * 2);
  EXPECT_EQ(std::memcmp(back.data(), all.data(), back.size()), 0);
  ASSERT_TRUE(sink.finish().ok());
  EXPECT_FALSE(os::File::open_for_reading(directory.file("out.npy")).ok());
  ASSERT_TRUE(sink.show().ok());
  sink.settle();
  const std::string text = *os::read_text(directory.file("out.npy"));
  ASSERT_EQ(text.size(), NpySink::header(SQS_U16, {}, all.size()).size() + back.size());
  EXPECT_EQ(std::memcmp(text.data() + text.size() - back.size(), all.data(), back.size()), 0);
}

TEST(NpySink, AnAbandonedFileLeavesNothingAndNamesWhyAPathCannotBeWritten) {
  const test::TemporaryDirectory directory;
  std::vector<std::byte> buffer(kFileBufferBytes);
  {
    NpySink sink("target", directory.file("out.npy"), SQS_U16, {}, 0, 1);
    ASSERT_TRUE(sink.start(buffer.data()).ok());
  }
  EXPECT_FALSE(os::File::open_for_reading(directory.file("out.npy")).ok());
  NpySink lost("target", directory.file("no/such/out.npy"), SQS_U16, {}, 0, 1);
  const Status refused = lost.start(buffer.data());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, SQS_E_SINK);
  EXPECT_EQ(refused.error().stage, "target");
  EXPECT_NE(refused.error().message.find("no/such/out.npy"), std::string::npos);
}

}  // namespace
}  // namespace sqs
