// Work done in a forked child, for tests of forks and of processes that are killed. The child must not return from its work
// into the test program, so it leaves by _exit, without destructors.
#pragma once

#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

namespace sqs::test {

// The wait status of a child that does `work` and exits with 0 if it says true, with 1 if false.
inline int status_of_child(const std::function<bool()>& work) {
  const pid_t child = fork();
  if (child == 0) _exit(work() ? 0 : 1);
  int status = -1;
  return waitpid(child, &status, 0) == child ? status : -1;
}

inline bool holds_in_child(const std::function<bool()>& check) {
  const int status = status_of_child(check);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

inline bool is_killed(const std::function<bool()>& work) {
  const int status = status_of_child(work);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

}  // namespace sqs::test
