#include "os/metrics.hpp"

#include <fcntl.h>
#include <sys/resource.h>

#include <array>
#include <cerrno>
#include <charconv>

#include "os/file.hpp"

namespace sqs::os {
namespace {

// /proc/self/status is about 1.5 KB; a long list of groups stands before the memory lines.
using TextBuffer = std::array<char, 16384>;

std::string_view read_into(TextBuffer& buffer, const char* path) {
  const FileOps& ops = file_ops();
  const int fd = ops.openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) return {};
  size_t filled = 0;
  while (filled < buffer.size()) {
    const ssize_t got = ops.pread(fd, buffer.data() + filled, buffer.size() - filled, static_cast<off_t>(filled));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    filled += static_cast<size_t>(got);
  }
  ops.close(fd);
  return {buffer.data(), filled};
}

}  // namespace

std::optional<uint64_t> number_of(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const size_t newline = text.find('\n');
    std::string_view line = text.substr(0, newline);
    text = newline == std::string_view::npos ? std::string_view{} : text.substr(newline + 1);
    if (!line.starts_with(key) || line.size() == key.size() || line[key.size()] != ':') continue;
    line.remove_prefix(key.size() + 1);
    while (line.starts_with(' ') || line.starts_with('\t')) line.remove_prefix(1);
    uint64_t number = 0;
    const auto [end, failure] = std::from_chars(line.data(), line.data() + line.size(), number);
    if (failure != std::errc{}) return std::nullopt;
    return number;
  }
  return std::nullopt;
}

MemoryUse memory_use() {
  TextBuffer buffer;
  const std::string_view status = read_into(buffer, "/proc/self/status");
  const auto bytes = [&](std::string_view key) { return number_of(status, key).value_or(0) * 1024; };
  return {bytes("VmRSS"), bytes("VmHWM"), bytes("RssAnon")};
}

PageFaults page_faults() {
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) != 0) return {};
  return {static_cast<uint64_t>(usage.ru_minflt), static_cast<uint64_t>(usage.ru_majflt)};
}

IoCounters io_counters() {
  TextBuffer buffer;
  const std::string_view io = read_into(buffer, "/proc/self/io");
  return {number_of(io, "rchar").value_or(0), number_of(io, "wchar").value_or(0)};
}

}  // namespace sqs::os
