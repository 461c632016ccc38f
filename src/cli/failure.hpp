// How a command ends when it can't go on: an exit code and one sentence. Thrown anywhere in the command line and caught
// once, in main(), as are the library's own errors. Thread safety: values.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include "sqrtspace/sqrtspace.h"

namespace sqs::cli {

// The exit codes that scripts may rely on.
enum class Exit : int { kOk = 0, kFailed = 1, kUsage = 2, kInput = 3, kBudget = 4, kCancelled = 130 };

class Failure : public std::runtime_error {
 public:
  Failure(Exit exit, const std::string& sentence) : std::runtime_error(sentence), exit_(exit) {}
  Exit exit() const { return exit_; }

 private:
  Exit exit_;
};

// What an error of the library means to a script. Files that can't be opened have one status whether they are input or
// output, so who opens an input makes a Failure of it.
inline Exit exit_of(int32_t status) {
  if (status == SQS_E_CANCELLED) return Exit::kCancelled;
  if (status == SQS_E_BUDGET) return Exit::kBudget;
  if (status == SQS_E_SOURCE) return Exit::kInput;
  if (status == SQS_E_INVALID || status == SQS_E_RANGE) return Exit::kUsage;  // all values here come from options
  return status < SQS_OK ? Exit::kFailed : Exit::kOk;
}

}  // namespace sqs::cli
