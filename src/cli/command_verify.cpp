#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "document.hpp"
#include "interrupt.hpp"
#include "session.hpp"

namespace sqs::cli {

Exit verify(const Options& options) {
  Session session(options);
  const RowRange rows = session.rows();
  const CancelOnInterrupt cancel(session.pipeline().get());
  for (const std::string& target : session.targets()) {
    throw_if_interrupted();
    session.pipeline().verify(target, rows.begin, rows.end);
  }

  nlohmann::json verified = nlohmann::json::array();
  for (const std::string& target : session.targets()) {
    const uint64_t end = std::min(rows.end, session.pipeline().describe(target).rows);
    verified.push_back({{"target", target}, {"rows", {rows.begin, end}}});
    if (!options.json)
      std::cout << session.workload().name() << ": " << target << " keeps the contract in rows " << rows.begin << " to "
                << end << '\n';
  }
  if (options.json) {
    const nlohmann::json document = {{"command", "verify"},
                                     {"workload", session.workload().name()},
                                     {"input", to_json(session.input())},
                                     {"verified", verified}};
    print_document(document);
  }
  return Exit::kOk;
}

}  // namespace sqs::cli
