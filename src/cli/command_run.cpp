#include <algorithm>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "session.hpp"

namespace sqs::cli {
namespace {

// Looked at before anything is computed; the library writes beside the path and renames only when the run has succeeded.
void check_output(const Options& options) {
  std::error_code error;
  const auto status = std::filesystem::status(options.output, error);
  if (!std::filesystem::exists(status)) return;
  if (std::filesystem::is_directory(status)) throw Failure(Exit::kFailed, options.output + " is a directory");
  if (!options.force) throw Failure(Exit::kFailed, options.output + " exists; --force replaces it");
}

std::string choose_target(const Session& session, const std::string& wanted) {
  const auto& targets = session.targets();
  if (wanted.empty()) return targets.front();
  if (std::find(targets.begin(), targets.end(), wanted) != targets.end()) return wanted;
  std::string known;
  for (const std::string& target : targets) known += (known.empty() ? "" : ", ") + target;
  throw Failure(Exit::kUsage, std::string(session.workload().name()) + " has no result '" + wanted + "', but " + known);
}

}  // namespace

Exit run(const Options& options) {
  check_output(options);
  Session session(options);
  const std::string target = choose_target(session, options.target);
  const Outcome outcome = session.run_to_file(target, options.output);
  if (options.json) {
    const nlohmann::json document = {{"command", "run"},
                                     {"workload", session.workload().name()},
                                     {"input", to_json(session.input())},
                                     {"output", options.output},
                                     {"targets", {to_json(outcome.targets.front())}},
                                     {"stats", to_json(outcome.stats)},
                                     {"report", outcome.report}};
    std::cout << document.dump(2) << '\n';
  } else {
    std::cout << options.output << ": " << describe_target(outcome.targets.front()) << '\n';
  }
  std::cout.flush();
  if (!options.quiet) std::cerr << outcome.report_text;
  return Exit::kOk;
}

}  // namespace sqs::cli
