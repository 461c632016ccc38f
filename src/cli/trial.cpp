#include "trial.hpp"

#include <cstdio>
#include <vector>

#include "child.hpp"
#include "failure.hpp"

namespace sqs::cli {
namespace {

std::string text_of(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.17g", value);
  return text;
}

// The command line that means `options`; the inverse of parsing them.
std::vector<std::string> demo_arguments(const Options& options) {
  std::vector<std::string> arguments = {"demo", options.workload, "--json", "--quiet", "--mode", mode_name(options.mode)};
  const auto add = [&arguments](const char* name, const std::string& value) {
    arguments.emplace_back(name);
    arguments.push_back(value);
  };
  if (!options.input.empty()) add("--input", options.input);
  if (!options.dtype.empty()) add("--dtype", options.dtype);
  if (!options.container.empty()) add("--container", options.container);
  if (options.channels) add("--channels", std::to_string(*options.channels));
  if (options.skip) add("--skip", std::to_string(*options.skip));
  if (options.rate) add("--rate", text_of(*options.rate));
  if (options.minutes) add("--minutes", text_of(*options.minutes));
  if (options.frames) add("--frames", std::to_string(*options.frames));
  if (options.seed) add("--seed", std::to_string(*options.seed));
  if (options.window) add("--window", std::to_string(*options.window));
  if (options.hop) add("--hop", std::to_string(*options.hop));
  if (options.limit) add("--limit", text_of(*options.limit));
  if (options.deep) arguments.emplace_back("--deep");
  if (options.budget != 0) add("--budget", std::to_string(options.budget));
  if (options.lru != 0) add("--lru", options.lru == SQS_NONE ? "none" : std::to_string(options.lru));
  add("--checkpoint-every", std::to_string(options.checkpoint_every));
  add("--tile-frames", std::to_string(options.tile_frames));
  if (!options.spill_dir.empty()) add("--spill-dir", options.spill_dir);
  if (options.disk != 0) add("--disk", std::to_string(options.disk));
  if (options.max_ratio != 0) add("--max-ratio", std::to_string(options.max_ratio));
  add("--threads", std::to_string(options.threads));
  if (options.probe) arguments.emplace_back("--probe");
  if (options.rows)
    add("--rows", std::to_string(options.rows->begin) + ":" +
                      (options.rows->end == sqrtspace::to_end ? "" : std::to_string(options.rows->end)));
  return arguments;
}

// The sentence without the prefix that the child gave it.
std::string sentence_of(const std::string& errors) {
  const std::string prefix = "sqrtspace: ";
  const size_t begin = errors.rfind(prefix);
  std::string sentence = begin == std::string::npos ? errors : errors.substr(begin + prefix.size());
  while (!sentence.empty() && sentence.back() == '\n') sentence.pop_back();
  return sentence;
}

}  // namespace

Trial run_trial(const Options& options) {
  const ChildResult child = run_self(demo_arguments(options));
  Trial trial;
  if (child.exit_code == static_cast<int>(Exit::kBudget)) {
    trial.refused = true;
    trial.refusal = sentence_of(child.errors);
    return trial;
  }
  if (child.exit_code != 0) {
    std::string sentence = sentence_of(child.errors);
    if (sentence.empty()) sentence = "the run ended with exit code " + std::to_string(child.exit_code);
    const bool known = child.exit_code <= static_cast<int>(Exit::kInput);
    throw Failure(known ? static_cast<Exit>(child.exit_code) : Exit::kFailed,
                  std::string(mode_name(options.mode)) + " mode: " + sentence);
  }
  trial.document = nlohmann::json::parse(child.output);
  return trial;
}

}  // namespace sqs::cli
