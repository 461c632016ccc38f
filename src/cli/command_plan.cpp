#include <iostream>
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "document.hpp"
#include "frontier_table.hpp"
#include "session.hpp"

namespace sqs::cli {

Exit plan(const Options& options) {
  Session session(options);
  const sqrtspace::Plan made = session.plan();
  const std::vector<sqs_frontier_point> frontier = session.frontier(made);
  if (options.json) {
    nlohmann::json document = nlohmann::json::parse(made.json());
    document["frontier"] = to_json(frontier);
    print_document(document);
  } else {
    std::cout << made.text();
    print_frontier(frontier, options, std::cout);
  }
  return Exit::kOk;
}

}  // namespace sqs::cli
