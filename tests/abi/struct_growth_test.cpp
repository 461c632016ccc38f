// Structs that have grown since the first release, which none has yet: an old caller's struct is shorter than the library's.
#include <gtest/gtest.h>

#include "../../capi/structs.hpp"

namespace {

using namespace sqs;
using namespace sqs::capi;

struct Grown {
  uint32_t struct_size;
  uint32_t old_field;
  uint64_t new_field;
};
constexpr StructSize kGrown = {"grown", 8, 16};

TEST(StructGrowth, AnOldCallersStructReadsAsZeroBeyondItsEnd) {
  const Grown caller = {8, 7, 0xFFFF};  // the last field lies behind what the caller declares
  Grown read = {};
  ASSERT_TRUE(read_bytes(&caller, &read, kGrown).ok());
  EXPECT_EQ(read.old_field, 7u);
  EXPECT_EQ(read.new_field, 0u);
}

TEST(StructGrowth, ANewCallersStructIsReadWhole) {
  const Grown caller = {16, 7, 9};
  Grown read = {};
  ASSERT_TRUE(read_bytes(&caller, &read, kGrown).ok());
  EXPECT_EQ(read.new_field, 9u);
}

TEST(StructGrowth, LessThanTheFirstReleaseIsRefused) {
  const Grown caller = {7, 7, 9};
  Grown read = {};
  const Status status = read_bytes(&caller, &read, kGrown);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, SQS_E_ABI);
}

TEST(StructGrowth, StructsNeedNotBeAligned) {
  alignas(8) unsigned char bytes[32] = {};
  const Grown caller = {16, 7, 9};
  std::memcpy(bytes + 1, &caller, sizeof caller);
  Grown read = {};
  ASSERT_TRUE(read_bytes(bytes + 1, &read, kGrown).ok());
  EXPECT_EQ(read.new_field, 9u);
}

}  // namespace

namespace sqs::capi {
template <>
struct StructTraits<Grown> {
  static constexpr const char* kName = "grown";
  static constexpr uint32_t kFirstBytes = 8;
};
}  // namespace sqs::capi

namespace {

TEST(StructGrowth, AnOldCallersStructIsFilledAsFarAsItGoes) {
  Grown caller = {8, 0, 0xFFFF};
  const Result<OutStruct<Grown>> out = OutStruct<Grown>::of(&caller);
  ASSERT_TRUE(out.ok());
  out->fill({16, 3, 4});
  EXPECT_EQ(caller.struct_size, 8u);
  EXPECT_EQ(caller.old_field, 3u);
  EXPECT_EQ(caller.new_field, 0xFFFFu) << "written behind struct_size";
}

}  // namespace
