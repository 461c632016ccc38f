#include <iostream>

#include "commands.hpp"
#include "session.hpp"

namespace sqs::cli {

Exit plan(const Options& options) {
  const Session session(options);
  session.probe_if_asked();
  const PlanHandle made = plan_streamed(session.pipeline(), session.targets(), session.rows().begin, session.rows().end);
  std::cout << (options.json ? sqs_plan_json(made.get()) : sqs_plan_text(made.get())) << std::endl;
  return Exit::kOk;
}

}  // namespace sqs::cli
