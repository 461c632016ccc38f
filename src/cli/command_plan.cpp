#include <iostream>

#include "commands.hpp"
#include "session.hpp"

namespace sqs::cli {

Exit plan(const Options& options) {
  Session session(options);
  const sqrtspace::Plan made = session.plan();
  if (options.json) std::cout << made.json() << '\n';
  else std::cout << made.text();
  return Exit::kOk;
}

}  // namespace sqs::cli
