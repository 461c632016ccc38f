#include "progress.hpp"

#include <unistd.h>

#include <cstdio>

#include "units.hpp"

namespace sqs::cli {

ProgressLine::ProgressLine(std::string title, bool wanted)
    : title_(std::move(title)), on_terminal_(wanted && isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() {
  if (shown_) std::fputs("\r\033[K", stderr);
}

void ProgressLine::watch(sqrtspace::Run& run) {
  if (!on_terminal_) return;
  run.set_progress([this](const sqs_progress& progress) {
    show(progress);
    return true;
  });
}

void ProgressLine::show(const sqs_progress& progress) {
  if (progress.seconds < 0.5 && !shown_) return;  // short runs stay silent
  shown_ = true;
  std::fprintf(stderr, "\r\033[K%s: %.0f %%, %s left", title_.c_str(), 100.0 * progress.fraction,
               format_seconds(progress.eta_seconds).c_str());
  std::fflush(stderr);
}

}  // namespace sqs::cli
