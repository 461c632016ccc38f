#include "core/strided.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace sqs {
namespace {

sqs_view view_of(std::vector<uint8_t>& bytes, std::vector<int64_t> shape, std::vector<int64_t> strides) {
  sqs_view v{};
  v.dtype = SQS_U8;
  v.ndim = static_cast<int32_t>(shape.size());
  v.data = bytes.data();
  for (size_t d = 0; d < shape.size(); ++d) {
    v.shape[d] = shape[d];
    v.strides[d] = strides[d];
  }
  return v;
}

struct Walk {
  std::vector<uint8_t> bytes;
  size_t runs = 0;
};

Walk walk(const sqs_view& view) {
  Walk w;
  for_each_run(view, [&](const std::byte* from, size_t count) {
    ++w.runs;
    for (size_t i = 0; i < count; ++i) w.bytes.push_back(std::to_integer<uint8_t>(from[i]));
  });
  return w;
}

std::vector<uint8_t> counting(size_t n) {
  std::vector<uint8_t> bytes(n);
  for (size_t i = 0; i < n; ++i) bytes[i] = static_cast<uint8_t>(i);
  return bytes;
}

TEST(Strided, ADenseViewIsOneRun) {
  std::vector<uint8_t> bytes = counting(12);
  const Walk w = walk(view_of(bytes, {2, 3, 2}, {6, 2, 1}));
  EXPECT_EQ(w.runs, 1u);
  EXPECT_EQ(w.bytes, bytes);
}

TEST(Strided, OverlappingWindowsRepeatTheirBytes) {
  std::vector<uint8_t> bytes = counting(8);
  const Walk w = walk(view_of(bytes, {3, 4}, {2, 1}));
  EXPECT_EQ(w.runs, 3u);
  EXPECT_EQ(w.bytes, (std::vector<uint8_t>{0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7}));
}

TEST(Strided, AZeroStrideRepeatsTheRow) {
  std::vector<uint8_t> bytes = counting(2);
  EXPECT_EQ(walk(view_of(bytes, {3, 2}, {0, 1})).bytes, (std::vector<uint8_t>{0, 1, 0, 1, 0, 1}));
}

TEST(Strided, AnEmptyAxisHasNoRuns) {
  std::vector<uint8_t> bytes = counting(2);
  EXPECT_EQ(walk(view_of(bytes, {0, 2}, {2, 1})).runs, 0u);
}

TEST(Strided, AxesOfOneEntryDoNotBreakARun) {
  std::vector<uint8_t> bytes = counting(6);
  const Walk w = walk(view_of(bytes, {2, 1, 3}, {3, 77, 1}));
  EXPECT_EQ(w.runs, 1u);
  EXPECT_EQ(w.bytes, bytes);
}

}  // namespace
}  // namespace sqs
