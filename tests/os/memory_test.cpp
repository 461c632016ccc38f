#include "os/memory.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>
#include <vector>

#include "os/metrics.hpp"
#include "scripted_files.hpp"

namespace sqs::os {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

// Pages of [data, data + bytes) that are in memory.
uint64_t resident_pages(const Mapping& mapping) {
  std::vector<unsigned char> in_memory(mapping.bytes() / page_bytes());
  EXPECT_EQ(mincore(mapping.data(), mapping.bytes(), in_memory.data()), 0);
  uint64_t count = 0;
  for (const unsigned char page : in_memory) count += page & 1u;
  return count;
}

TEST(Mapping, IsRoundedToPagesAndZero) {
  const Mapping mapping = Mapping::reserve(page_bytes() + 1).value();
  ASSERT_EQ(mapping.bytes(), 2 * page_bytes());
  EXPECT_EQ(reinterpret_cast<uintptr_t>(mapping.data()) % page_bytes(), 0u);
  for (uint64_t i = 0; i < mapping.bytes(); ++i) ASSERT_EQ(mapping.data()[i], std::byte{0});
}

TEST(Mapping, OfNothingIsEmpty) {
  const Mapping mapping = Mapping::reserve(0).value();
  EXPECT_EQ(mapping.data(), nullptr);
  EXPECT_EQ(mapping.bytes(), 0u);
}

TEST(Mapping, LargeOnesStartOnAHugePageAndAreWholeAndAlone) {
  const Mapping mapping = Mapping::reserve(5 * kMiB + 1).value();
  EXPECT_EQ(mapping.bytes(), 5 * kMiB + page_bytes());
  EXPECT_EQ(reinterpret_cast<uintptr_t>(mapping.data()) % (2 * kMiB), 0u);
  std::memset(mapping.data(), 1, mapping.bytes());
  EXPECT_EQ(resident_pages(mapping), mapping.bytes() / page_bytes());
}

TEST(Mapping, CostsNothingUntilTouched) {
  const Mapping mapping = Mapping::reserve(64 * kMiB).value();
  EXPECT_EQ(resident_pages(mapping), 0u);
}

TEST(Mapping, ReleaseGivesBackWholePagesOnly) {
  Mapping mapping = Mapping::reserve(8 * page_bytes()).value();
  std::memset(mapping.data(), 7, mapping.bytes());
  mapping.release(page_bytes() + 1, 3 * page_bytes());
  EXPECT_EQ(resident_pages(mapping), 6u);
  EXPECT_EQ(mapping.data()[2 * page_bytes() - 1], std::byte{7});
  EXPECT_EQ(mapping.data()[2 * page_bytes()], std::byte{0});
  EXPECT_EQ(mapping.data()[4 * page_bytes() - 1], std::byte{0});
  EXPECT_EQ(mapping.data()[4 * page_bytes()], std::byte{7});
  mapping.release(5 * page_bytes() + 1, page_bytes() - 2);
  EXPECT_EQ(mapping.data()[5 * page_bytes() + 1], std::byte{7});
}

TEST(Mapping, MovesItsPagesAndUnmapsThemOnce) {
  Mapping first = Mapping::reserve(4 * kMiB).value();
  std::byte* data = first.data();
  data[100] = std::byte{42};
  Mapping second = std::move(first);
  EXPECT_EQ(second.data(), data);
  EXPECT_EQ(second.data()[100], std::byte{42});
  second = Mapping{};
  unsigned char page = 0;
  EXPECT_EQ(mincore(data, page_bytes(), &page), -1);
  EXPECT_EQ(errno, ENOMEM);
}

TEST(Mapping, ImpossibleSizesAreRefused) {
  for (const uint64_t bytes : {uint64_t{1} << 50, uint64_t{1} << 63, UINT64_MAX}) {
    const auto mapping = Mapping::reserve(bytes);
    ASSERT_FALSE(mapping.ok());
    EXPECT_EQ(mapping.error().code, SQS_E_NO_MEMORY);
    EXPECT_NE(mapping.error().message.find(std::to_string(bytes)), std::string::npos);
  }
}

TEST(DefaultBudget, IsHalfOfMemoryAtMost) {
  EXPECT_GT(total_ram_bytes(), 16 * kMiB);
  EXPECT_GT(default_budget(), 0u);
  EXPECT_LE(default_budget(), total_ram_bytes() / 2);
}

TEST(DefaultBudget, DoesNotNeedTheProcFileSystem) {
  test::ScriptedFiles files;
  for (int call = 0; call < 10; ++call) files.fail("openat", ENOENT);
  EXPECT_EQ(default_budget(), total_ram_bytes() / 2);
}

}  // namespace
}  // namespace sqs::os
