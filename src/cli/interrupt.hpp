// Ctrl-C: the first SIGINT or SIGTERM cancels what is going on, so that it ends cleanly; the second one kills. Thread
// safety: the handler touches atomics only; the rest belongs to the main thread.
#pragma once

#include <sys/types.h>

#include "sqrtspace/sqrtspace.h"

namespace sqs::cli {

void install_interrupt_handler();
bool interrupted();
void throw_if_interrupted();

// While one of these lives, an interrupt cancels its object: a run, a pipeline (probe, verify), or a child process, which
// gets the signal passed on. One at a time.
class CancelOnInterrupt {
 public:
  explicit CancelOnInterrupt(const sqs_run* run);
  explicit CancelOnInterrupt(const sqs_pipeline* pipeline);
  explicit CancelOnInterrupt(pid_t child);
  ~CancelOnInterrupt();
  CancelOnInterrupt(const CancelOnInterrupt&) = delete;
  CancelOnInterrupt& operator=(const CancelOnInterrupt&) = delete;
};

}  // namespace sqs::cli
