// One line on a terminal that says how far a run is; nothing at all if stderr is not a terminal. Thread safety: none.
#pragma once

#include <string>

#include "sqrtspace/sqrtspace.hpp"

namespace sqs::cli {

class ProgressLine {
 public:
  ProgressLine(std::string title, bool wanted);
  ~ProgressLine();  // wipes the line
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // Must outlive the run's execution.
  void watch(sqrtspace::Run& run);

 private:
  void show(const sqs_progress& progress);

  std::string title_;
  bool on_terminal_;
  bool shown_ = false;
};

}  // namespace sqs::cli
