#include "messages.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

#include "engine.hpp"

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
std::string one_line(const std::string& text) {
  std::string line;
  for (const char c : text) {
    const bool space = c == '\n' || c == '\r' || c == '\t' || c == ' ';
    if (!space) line += c;
    if (space && !line.empty() && line.back() != ' ') line += ' ';
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

void on_log(void*, int32_t level, const char* message) {
  const std::string line = one_line(message);
  if (level >= SQS_LOG_ERROR) logger().error("{}", line);
  else if (level == SQS_LOG_WARNING) say_warning(line);
  else if (level == SQS_LOG_INFO) logger().info("{}", line);
  else logger().debug("{}", line);
}

}  // namespace

void set_loudness(Loudness loudness) {
  if (loudness == Loudness::kQuiet) logger().set_level(spdlog::level::err);
  if (loudness == Loudness::kNormal) logger().set_level(spdlog::level::warn);
  if (loudness == Loudness::kVerbose) logger().set_level(spdlog::level::debug);
}

void say_error(const std::string& sentence) { logger().error("{}", one_line(sentence)); }

void say_warning(const std::string& sentence) { logger().warn("warning: {}", one_line(sentence)); }

void forward_log(sqs_pipeline* pipeline) {
  Call call;
  call.done(sqs_pipeline_set_log(pipeline, on_log, nullptr, nullptr, call.error()));
}

}  // namespace sqs::cli
