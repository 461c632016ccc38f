#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "commands.hpp"
#include "document.hpp"
#include "interrupt.hpp"
#include "session.hpp"

namespace sqs::cli {
namespace {

// Verifying holds the rows of all stages, so that here it is not the library's other remedy that helps.
[[noreturn]] void refuse(const sqrtspace::Error& error) {
  if (error.code() != SQS_E_BUDGET) throw error;
  const std::string sentence = error.what();
  throw Failure(Exit::kBudget, sentence.substr(0, sentence.find("; raise memory_budget")) +
                                   "; raise --budget, or, where no stage looks back, verify fewer --rows: those of all "
                                   "stages are held");
}

}  // namespace

Exit verify(const Options& options) {
  Session session(options);
  const RowRange rows = session.rows();
  const CancelOnInterrupt cancel(session.pipeline().get());
  for (const std::string& target : session.targets()) {
    throw_if_interrupted();
    try {
      session.pipeline().verify(target, rows.begin, rows.end);
    } catch (const sqrtspace::Error& error) {
      refuse(error);
    }
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
