#include "units.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <spdlog/fmt/fmt.h>
#include <sstream>
#include <string_view>

namespace sqs::cli {
namespace {

constexpr double kKibi = 1024.0;

std::optional<double> unit_factor(std::string_view unit) {
  struct Unit {
    std::string_view binary, short_binary, decimal;
    double power;
  };
  static constexpr Unit kUnits[] = {
      {"kib", "k", "kb", 1}, {"mib", "m", "mb", 2}, {"gib", "g", "gb", 3}, {"tib", "t", "tb", 4}};
  if (unit.empty() || unit == "b") return 1.0;
  for (const Unit& known : kUnits) {
    if (unit == known.binary || unit == known.short_binary) return std::pow(kKibi, known.power);
    if (unit == known.decimal) return std::pow(1000.0, known.power);
  }
  return std::nullopt;
}

std::optional<uint64_t> read_number(const std::string& path) {
  std::ifstream file(path);
  uint64_t value = 0;
  if (file >> value) return value;  // "max" and absent files are no limit
  return std::nullopt;
}

// The limits of the group at `path` below `root` and of all groups above it.
uint64_t group_limit(const std::string& root, std::string path, const char* file) {
  uint64_t limit = UINT64_MAX;
  for (;;) {
    if (auto value = read_number(root + path + "/" + file)) limit = std::min(limit, *value);
    const size_t slash = path.find_last_of('/');
    if (slash == std::string::npos) return limit;
    path.resize(slash);
  }
}

uint64_t control_group_limit() {
  std::ifstream groups("/proc/self/cgroup");
  uint64_t limit = UINT64_MAX;
  for (std::string line; std::getline(groups, line);) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1) == "/" ? "" : line.substr(second + 1);
    if (controllers.empty()) limit = std::min(limit, group_limit("/sys/fs/cgroup", path, "memory.max"));
    if (controllers == "memory")
      limit = std::min(limit, group_limit("/sys/fs/cgroup/memory", path, "memory.limit_in_bytes"));
  }
  return limit;
}

std::optional<uint64_t> parse_position(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<uint64_t> parse_bytes(const std::string& text) {
  double number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (error != std::errc() || !std::isfinite(number) || number <= 0) return std::nullopt;
  const char* unit_begin = end;
  while (unit_begin != last && *unit_begin == ' ') ++unit_begin;
  std::string unit(unit_begin, last);
  for (char& c : unit)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');

  double bytes = 0;
  if (unit == "%") {
    bytes = number / 100.0 * static_cast<double>(memory_limit_bytes());
  } else if (auto factor = unit_factor(unit)) {
    bytes = number * *factor;
  } else {
    return std::nullopt;
  }
  if (bytes < 1.0 || bytes >= 0x1p63) return std::nullopt;
  return static_cast<uint64_t>(bytes);
}

std::optional<RowRange> parse_rows(const std::string& text) {
  const size_t colon = text.find(':');
  if (colon == std::string::npos || text.size() == 1) return std::nullopt;
  const std::string_view view(text);
  RowRange range{0, UINT64_MAX};
  if (colon > 0) {
    const auto begin = parse_position(view.substr(0, colon));
    if (!begin) return std::nullopt;
    range.begin = *begin;
  }
  if (colon + 1 < text.size()) {
    const auto end = parse_position(view.substr(colon + 1));
    if (!end) return std::nullopt;
    range.end = *end;
  }
  return range;
}

uint64_t memory_limit_bytes() {
  const uint64_t ram = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return std::min(ram, control_group_limit());
}

std::string format_number(double value, int decimals) { return fmt::format("{:.{}f}", value, decimals); }

std::string format_bytes(uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  static constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes) / kKibi;
  size_t unit = 0;
  while (value >= kKibi && unit + 1 < std::size(kUnits)) {
    value /= kKibi;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string format_mib(uint64_t bytes) { return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / kKibi / kKibi); }

std::string format_seconds(double seconds) {
  if (seconds < 0) return "-" + format_seconds(-seconds);
  if (seconds == 0) return "0 s";
  if (seconds < 1e-3) return fmt::format("{:.3g} us", seconds * 1e6);
  if (seconds < 1) return fmt::format("{:.3g} ms", seconds * 1e3);
  if (seconds < 60) return fmt::format("{:.3g} s", seconds);
  const auto whole = static_cast<uint64_t>(std::llround(seconds));
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

std::string format_count(uint64_t count) {
  std::string digits = std::to_string(count);
  for (size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, 1, ' ');
  }
  return digits;
}

}  // namespace sqs::cli
