#include <iostream>
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "document.hpp"
#include "paths.hpp"
#include "report_page.hpp"
#include "session.hpp"

namespace sqs::cli {
namespace {

nlohmann::json to_json(const Session& session, const Summary& summary, const Outcome& outcome) {
  nlohmann::json targets = nlohmann::json::array();
  for (const TargetOutcome& target : outcome.targets) targets.push_back(cli::to_json(target));
  nlohmann::json told = summary.json();
  const std::string channels = session.workload().channels_told(session.input().format);
  if (!channels.empty()) told["channels"] = channels;
  return {{"command", "demo"},
          {"workload", session.workload().name()},
          {"input", cli::to_json(session.input())},
          {"targets", targets},
          {"summary", told},
          {"stats", cli::to_json(outcome.stats)},
          {"report", outcome.report}};
}

void print(const Session& session, const Summary& summary, const Outcome& outcome) {
  std::cout << session.workload().name() << ": " << describe_input(session.input()) << '\n';
  for (const TargetOutcome& target : outcome.targets) std::cout << describe_target(target) << '\n';
  const std::string channels = session.workload().channels_told(session.input().format);
  if (!channels.empty()) std::cout << "of " << channels << ":\n";
  summary.print(std::cout);
}

}  // namespace

Exit demo(const Options& options) {
  if (!options.report.empty()) check_output_path(options.report, options.force);
  Session session(options);
  const auto summary = session.summary();
  const Outcome outcome = session.run_past(*summary);
  if (options.json) print_document(to_json(session, *summary, outcome));
  else print(session, *summary, outcome);
  std::cout.flush();
  draw_report(options, "demo", session, outcome);
  if (!options.quiet) std::cerr << outcome.report_text;
  return Exit::kOk;
}

}  // namespace sqs::cli
