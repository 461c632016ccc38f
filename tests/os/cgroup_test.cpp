#include "os/cgroup.hpp"

#include <gtest/gtest.h>

#include <map>

namespace sqs::os {
namespace {

constexpr std::string_view kUnifiedMount =
    "30 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
constexpr std::string_view kHybridMounts =
    "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
    "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:7 - cgroup cgroup rw,cpu,cpuacct\n"
    "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 master:2 - cgroup cgroup rw,memory\n"
    "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

using Paths = std::vector<std::string>;

TEST(CgroupLimit, ParsesNumbersAndTheWordsForNoLimit) {
  EXPECT_EQ(parse_memory_limit("67108864\n"), 67108864u);
  EXPECT_EQ(parse_memory_limit("0\n"), 0u);
  EXPECT_EQ(parse_memory_limit("max\n"), std::nullopt);
  EXPECT_EQ(parse_memory_limit("9223372036854771712\n"), std::nullopt);  // v1, pages of 4 KiB
  EXPECT_EQ(parse_memory_limit("9223372036854710272\n"), std::nullopt);  // v1, pages of 64 KiB
  EXPECT_EQ(parse_memory_limit("18446744073709551616\n"), std::nullopt);
  EXPECT_EQ(parse_memory_limit(""), std::nullopt);
}

TEST(CgroupFiles, WalksAUnifiedHierarchyUpToTheRoot) {
  EXPECT_EQ(memory_limit_files("0::/user.slice/app.scope\n", kUnifiedMount),
            (Paths{"/sys/fs/cgroup/user.slice/app.scope/memory.max", "/sys/fs/cgroup/user.slice/app.scope/memory.high",
                   "/sys/fs/cgroup/user.slice/memory.max", "/sys/fs/cgroup/user.slice/memory.high",
                   "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.high"}));
}

TEST(CgroupFiles, FindsTheMemoryControllerAmongOthers) {
  EXPECT_EQ(memory_limit_files("5:cpuset:/jobs\n4:hugetlb,memory:/jobs/17\n1:name=memory:/no\n", kHybridMounts),
            (Paths{"/sys/fs/cgroup/memory/jobs/17/memory.limit_in_bytes", "/sys/fs/cgroup/memory/jobs/memory.limit_in_bytes",
                   "/sys/fs/cgroup/memory/memory.limit_in_bytes"}));
}

TEST(CgroupFiles, LooksAtBothHierarchiesOfAHybridSystem) {
  EXPECT_EQ(memory_limit_files("4:memory:/a\n0::/b\n", kHybridMounts),
            (Paths{"/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.limit_in_bytes",
                   "/sys/fs/cgroup/unified/b/memory.max", "/sys/fs/cgroup/unified/b/memory.high",
                   "/sys/fs/cgroup/unified/memory.max", "/sys/fs/cgroup/unified/memory.high"}));
}

TEST(CgroupFiles, TakesAContainersViewOfItsGroupForTheMountPoint) {
  const std::string mount = "1 2 0:3 /docker/abc /sys/fs/cgroup/memory ro,relatime master:11 - cgroup cgroup rw,memory\n";
  const Paths root = {"/sys/fs/cgroup/memory/memory.limit_in_bytes"};
  EXPECT_EQ(memory_limit_files("4:memory:/docker/abc\n", mount), root);
  EXPECT_EQ(memory_limit_files("4:memory:/docker/abcdef\n", mount), root);
  EXPECT_EQ(memory_limit_files("4:memory:/../../outside\n", mount), root);
  EXPECT_EQ(memory_limit_files("4:memory:/docker/abc/inner\n", mount),
            (Paths{"/sys/fs/cgroup/memory/inner/memory.limit_in_bytes", root[0]}));
}

TEST(CgroupFiles, DecodesBlanksInMountPoints) {
  EXPECT_EQ(memory_limit_files("0::/\n", "1 2 0:3 / /mnt/my\\040groups\\134x rw - cgroup2 none rw\n"),
            (Paths{"/mnt/my groups\\x/memory.max", "/mnt/my groups\\x/memory.high"}));
}

TEST(CgroupFiles, SurvivesTextThatIsNotWhatTheKernelWrites) {
  EXPECT_TRUE(memory_limit_files("", "").empty());
  EXPECT_TRUE(memory_limit_files("memory\n::\n0", "1 2 3\n - cgroup\n\n").empty());
  EXPECT_EQ(memory_limit_files("0::noslash\n", kUnifiedMount).size(), 4u);
}

std::optional<uint64_t> limit_of(const std::map<std::string, std::string>& files) {
  return cgroup_memory_limit([&](const std::string& path) -> std::optional<std::string> {
    const auto found = files.find(path);
    if (found == files.end()) return std::nullopt;
    return found->second;
  });
}

TEST(CgroupMemoryLimit, IsTheSmallestOnTheWayUp) {
  std::map<std::string, std::string> files = {{"/proc/self/cgroup", "0::/a/b\n"},
                                              {"/proc/self/mountinfo", std::string(kUnifiedMount)},
                                              {"/sys/fs/cgroup/a/b/memory.max", "4000000\n"},
                                              {"/sys/fs/cgroup/a/memory.max", "3000000\n"},
                                              {"/sys/fs/cgroup/a/memory.high", "max\n"}};
  EXPECT_EQ(limit_of(files), 3000000u);
  files["/sys/fs/cgroup/a/b/memory.high"] = "2000000\n";
  EXPECT_EQ(limit_of(files), 2000000u);
}

TEST(CgroupMemoryLimit, IsNoneWithoutGroupsOrLimits) {
  EXPECT_EQ(limit_of({}), std::nullopt);
  EXPECT_EQ(limit_of({{"/proc/self/cgroup", "4:memory:/\n"},
                      {"/proc/self/mountinfo", std::string(kHybridMounts)},
                      {"/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"}}),
            std::nullopt);
}

}  // namespace
}  // namespace sqs::os
