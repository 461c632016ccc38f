#include "child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "failure.hpp"
#include "interrupt.hpp"

namespace sqs::cli {
namespace {

struct Pipe {
  int read_end = -1;
  int write_end = -1;

  Pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
      throw Failure(Exit::kFailed, std::string("a pipe could not be made: ") + std::strerror(errno));
    read_end = ends[0];
    write_end = ends[1];
  }
  ~Pipe() {
    close_end(read_end);
    close_end(write_end);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  static void close_end(int& end) {
    if (end >= 0) close(end);
    end = -1;
  }
};

// In the child, where only system calls are allowed. A process group of its own keeps a Ctrl-C of the terminal from
// reaching it twice: once from the terminal and once passed on.
[[noreturn]] void become(char* const* arguments, int out, int err) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  setpgid(0, 0);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  execv("/proc/self/exe", arguments);
  _exit(127);
}

// Reads both pipes until the child has closed them.
void drain(Pipe& out, Pipe& err, ChildResult& result) {
  struct Stream {
    int* end;
    std::string* text;
  };
  const Stream streams[] = {{&out.read_end, &result.output}, {&err.read_end, &result.errors}};
  char buffer[4096];
  while (out.read_end >= 0 || err.read_end >= 0) {
    pollfd waits[] = {{out.read_end, POLLIN, 0}, {err.read_end, POLLIN, 0}};  // negative ends are passed over
    if (poll(waits, 2, -1) < 0 && errno != EINTR) break;
    for (size_t i = 0; i < 2; ++i) {
      if (waits[i].revents == 0) continue;
      const ssize_t count = read(*streams[i].end, buffer, sizeof buffer);
      if (count > 0) streams[i].text->append(buffer, static_cast<size_t>(count));
      if (count == 0 || (count < 0 && errno != EINTR)) Pipe::close_end(*streams[i].end);
    }
  }
}

int wait_for(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

ChildResult run_self(const std::vector<std::string>& arguments) {
  throw_if_interrupted();
  std::vector<std::string> owned = arguments;
  owned.insert(owned.begin(), "sqrtspace");
  std::vector<char*> pointers;
  for (std::string& argument : owned) pointers.push_back(argument.data());
  pointers.push_back(nullptr);

  Pipe out, err;
  const pid_t child = fork();
  if (child < 0) throw Failure(Exit::kFailed, std::string("a child process could not be started: ") + std::strerror(errno));
  if (child == 0) become(pointers.data(), out.write_end, err.write_end);
  Pipe::close_end(out.write_end);
  Pipe::close_end(err.write_end);

  ChildResult result{};
  {
    const CancelOnInterrupt cancel(child);
    drain(out, err, result);
    result.exit_code = wait_for(child);
  }
  throw_if_interrupted();
  return result;
}

}  // namespace sqs::cli
