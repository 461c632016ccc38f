#include <iostream>

#include "commands.hpp"
#include "session.hpp"

namespace sqs::cli {

Exit plan(const Options& options) {
  Session session(options);
  const sqrtspace::Plan made = session.plan();
  std::cout << (options.json ? made.json() : made.text()) << '\n';
  return Exit::kOk;
}

}  // namespace sqs::cli
