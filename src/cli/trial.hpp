// One run of `demo` in a process of its own, and the numbers it reported: what compare and bench are made of.
// Thread safety: call from the main thread.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "options.hpp"

namespace sqs::cli {

struct Trial {
  bool refused = false;      // no plan fits the budget
  std::string refusal;       // the library's sentence
  nlohmann::json document;   // what `demo --json` printed; null if refused

  double seconds() const { return document.at("stats").at("seconds").get<double>(); }
  uint64_t number(const char* field) const { return document.at("stats").at(field).get<uint64_t>(); }
  std::string mode() const { return document.at("stats").at("mode").get<std::string>(); }
  std::string digest() const { return document.at("targets").at(0).at("digest").get<std::string>(); }
};

// Failure if the child fails for another reason than the budget.
Trial run_trial(const Options& options);

}  // namespace sqs::cli
