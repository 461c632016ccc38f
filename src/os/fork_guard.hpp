// Tells an object in a forked child that it was made in the parent, so that locks, threads and file positions it shares
// with the parent are left alone. The kernel wipes one page in the child (MADV_WIPEONFORK), so a check is one load; where it
// refuses that, process ids are compared. Thread-safe and async-signal-safe, but for the first generation of a process.
#pragma once

#include <cstdint>

namespace sqs::os {

// A number that differs between a process and the children it forks; never 0.
uint64_t fork_generation();

class ForkGuard {
 public:
  ForkGuard() : made_in_(fork_generation()) {}
  // True in a child forked since this guard was made.
  bool forked() const { return fork_generation() != made_in_; }

 private:
  uint64_t made_in_;
};

}  // namespace sqs::os
