// This program again, as a child process: the only way to an honest peak RSS of one run. Thread safety: call it from a
// program that has one thread.
#pragma once

#include <string>
#include <vector>

namespace sqs::cli {

struct ChildResult {
  int exit_code;       // 128 + n if signal n killed it
  std::string output;  // its stdout
  std::string errors;  // its stderr
};

// arguments without the program's name. An interrupt of this process is passed on once.
ChildResult run_self(const std::vector<std::string>& arguments);

}  // namespace sqs::cli
