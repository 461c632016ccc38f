#include "os/cgroup.hpp"

#include <algorithm>
#include <charconv>

namespace sqs::os {
namespace {

// v1 writes "no limit" as 2^63 less one page of the machine, and no machine has as much as 2^62 bytes.
constexpr uint64_t kNoLimit = uint64_t{1} << 62;

// Takes the text up to the separator off the front.
std::string_view take(std::string_view& rest, char separator) {
  const size_t end = rest.find(separator);
  const std::string_view head = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  return head;
}

bool lists(std::string_view commas, std::string_view word) {
  while (!commas.empty()) {
    if (take(commas, ',') == word) return true;
  }
  return false;
}

// The kernel writes blanks and backslashes of paths in octal: "\040".
std::string unescape(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    unsigned code = 0;
    if (text.size() >= 4 && text[0] == '\\' && std::from_chars(&text[1], &text[0] + 4, code, 8).ec == std::errc{}) {
      plain += static_cast<char>(code);
      text.remove_prefix(4);
    } else {
      plain += text[0];
      text.remove_prefix(1);
    }
  }
  return plain;
}

struct Hierarchy {
  bool unified = false;  // v2
  std::string group;     // of the process, as /proc/self/cgroup names it
};

// Lines are "id:controllers:path"; v2's is "0::path".
std::vector<Hierarchy> memory_hierarchies(std::string_view cgroup) {
  std::vector<Hierarchy> found;
  while (!cgroup.empty()) {
    std::string_view line = take(cgroup, '\n');
    const std::string_view id = take(line, ':');
    const std::string_view controllers = take(line, ':');
    if (id == "0" && controllers.empty()) found.push_back({true, std::string(line)});
    if (lists(controllers, "memory")) found.push_back({false, std::string(line)});
  }
  return found;
}

struct Mount {
  bool unified = false;
  std::string root;   // the group that the mount point shows
  std::string point;
};

// Lines are "id parent device root point options [tags...] - type source superoptions".
std::vector<Mount> memory_mounts(std::string_view mountinfo) {
  std::vector<Mount> found;
  while (!mountinfo.empty()) {
    std::string_view line = take(mountinfo, '\n');
    for (int skipped = 0; skipped < 3; ++skipped) take(line, ' ');
    const std::string_view root = take(line, ' ');
    const std::string_view point = take(line, ' ');
    while (!line.empty() && take(line, ' ') != "-") continue;
    const std::string_view type = take(line, ' ');
    take(line, ' ');
    if (type == "cgroup2") found.push_back({true, unescape(root), unescape(point)});
    if (type == "cgroup" && lists(line, "memory")) found.push_back({false, unescape(root), unescape(point)});
  }
  return found;
}

bool is_under(std::string_view path, std::string_view root) {
  return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
}

// The group as a path below the mount point. A group outside of what the mount shows (a container that sees the host's
// names) is taken for the mount point itself.
std::string below_mount(const std::string& group, const Mount& mount) {
  if (group.find("/..") != std::string::npos) return "";
  if (mount.root == "/") return group == "/" ? "" : group;
  return is_under(group, mount.root) ? group.substr(mount.root.size()) : "";
}

void append_limit_files(const Hierarchy& hierarchy, const Mount& mount, std::vector<std::string>& files) {
  std::string below = below_mount(hierarchy.group, mount);
  for (;;) {
    const std::string directory = mount.point + below;
    if (hierarchy.unified) {
      files.push_back(directory + "/memory.max");
      files.push_back(directory + "/memory.high");  // above it the kernel slows the group down to a crawl
    } else {
      files.push_back(directory + "/memory.limit_in_bytes");
    }
    if (below.empty()) return;
    const size_t slash = below.rfind('/');
    below.resize(slash == std::string::npos ? 0 : slash);
  }
}

}  // namespace

std::optional<uint64_t> parse_memory_limit(std::string_view text) {
  uint64_t bytes = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (failure != std::errc{} || bytes >= kNoLimit) return std::nullopt;
  return bytes;
}

std::vector<std::string> memory_limit_files(std::string_view cgroup, std::string_view mountinfo) {
  std::vector<std::string> files;
  const std::vector<Mount> mounts = memory_mounts(mountinfo);
  for (const Hierarchy& hierarchy : memory_hierarchies(cgroup)) {
    for (const Mount& mount : mounts) {
      if (mount.unified == hierarchy.unified) append_limit_files(hierarchy, mount, files);
    }
  }
  return files;
}

std::optional<uint64_t> cgroup_memory_limit(
    const std::function<std::optional<std::string>(const std::string& path)>& read) {
  const std::optional<std::string> cgroup = read("/proc/self/cgroup");
  const std::optional<std::string> mountinfo = read("/proc/self/mountinfo");
  if (!cgroup || !mountinfo) return std::nullopt;
  std::optional<uint64_t> smallest;
  for (const std::string& file : memory_limit_files(*cgroup, *mountinfo)) {
    const std::optional<std::string> text = read(file);
    const std::optional<uint64_t> limit = text ? parse_memory_limit(*text) : std::nullopt;
    if (limit) smallest = std::min(smallest.value_or(*limit), *limit);
  }
  return smallest;
}

}  // namespace sqs::os
