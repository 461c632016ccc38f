#include <iostream>
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "document.hpp"
#include "paths.hpp"
#include "report_page.hpp"
#include "session.hpp"

namespace sqs::cli {

Exit run(const Options& options) {
  check_output_is_not(options.input, options.output);
  check_output_path(options.output, options.force);
  if (!options.report.empty()) {
    check_output_is_not(options.input, options.report);
    if (options.report == options.output) throw Failure(Exit::kUsage, "--report and --output name the same file");
    check_output_path(options.report, options.force);
  }
  Session session(options);
  const Outcome outcome = session.run_to_file();
  if (options.json) {
    const nlohmann::json document = {{"command", "run"},
                                     {"workload", session.workload().name()},
                                     {"input", to_json(session.input())},
                                     {"output", options.output},
                                     {"targets", {to_json(outcome.targets.front())}},
                                     {"stats", to_json(outcome.stats)},
                                     {"report", outcome.report}};
    print_document(document);
  } else {
    std::cout << options.output << ": " << describe_target(outcome.targets.front()) << '\n';
  }
  std::cout.flush();
  draw_report(options, "run", session, outcome);
  if (!options.quiet) std::cerr << outcome.report_text;
  return Exit::kOk;
}

}  // namespace sqs::cli
