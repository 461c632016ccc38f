// How a command ends when it can't go on: an exit code and one sentence. Thrown anywhere in the command line and caught
// once, in main(). Thread safety: values.
#pragma once

#include <stdexcept>
#include <string>

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

}  // namespace sqs::cli
