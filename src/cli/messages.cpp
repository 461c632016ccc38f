#include "messages.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <string_view>

namespace sqs::cli {
namespace {

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    auto made = spdlog::stderr_logger_mt("sqrtspace");
    made->set_pattern("sqrtspace: %v");
    made->set_level(spdlog::level::warn);
    return made;
  }();
  return *instance;
}

// Scripts read one line per message.
std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool space = c == '\n' || c == '\r' || c == '\t' || c == ' ';
    if (!space) line += c;
    if (space && !line.empty() && line.back() != ' ') line += ' ';
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

void say_of_library(sqrtspace::LogLevel level, const std::string& line) {
  using sqrtspace::LogLevel;
  if (level == LogLevel::error) logger().error("{}", line);
  if (level == LogLevel::warning) say_warning(line);
  if (level == LogLevel::info) logger().info("{}", line);
  if (level == LogLevel::debug) logger().debug("{}", line);
}

}  // namespace

void set_loudness(Loudness loudness) {
  if (loudness == Loudness::kQuiet) logger().set_level(spdlog::level::err);
  if (loudness == Loudness::kNormal) logger().set_level(spdlog::level::warn);
  if (loudness == Loudness::kVerbose) logger().set_level(spdlog::level::debug);
}

void say_error(const std::string& sentence) { logger().error("{}", one_line(sentence)); }

void say_warning(const std::string& sentence) { logger().warn("warning: {}", one_line(sentence)); }

std::string in_options(std::string sentence) {
  constexpr std::string_view kSetting = "memory_budget", kOption = "--budget";
  for (size_t at = sentence.find(kSetting); at != std::string::npos; at = sentence.find(kSetting, at + kOption.size()))
    sentence.replace(at, kSetting.size(), kOption);
  return sentence;
}

void forward_log(sqrtspace::Pipeline& pipeline) {
  pipeline.set_log([](sqrtspace::LogLevel level, std::string_view message) {
    say_of_library(level, in_options(one_line(message)));
  });
}

}  // namespace sqs::cli
