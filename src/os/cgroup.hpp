// The memory limits of the control groups (v1 and v2) this process is in. Pure functions over the texts of /proc and
// /sys/fs/cgroup, so that they are tested without them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sqs::os {

// Bytes in a limit file; nothing for "max", for v1's "no limit" (the largest multiple of a page in 63 bits) and for text
// that is no number.
std::optional<uint64_t> parse_memory_limit(std::string_view text);

// The files that may hold a limit, from the process's own groups up to the roots. cgroup is the text of /proc/self/cgroup,
// mountinfo that of /proc/self/mountinfo.
std::vector<std::string> memory_limit_files(std::string_view cgroup, std::string_view mountinfo);

// The smallest limit there is. read returns a file's text, or nothing if it can't be read.
std::optional<uint64_t> cgroup_memory_limit(
    const std::function<std::optional<std::string>(const std::string& path)>& read);

}  // namespace sqs::os
