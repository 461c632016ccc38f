// File calls that fail as a test says, and reach the system otherwise. One ScriptedFiles at a time.
#pragma once

#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "os/file.hpp"

namespace sqs::test {

class ScriptedFiles {
 public:
  ScriptedFiles() : scope_((active() = this, table())) {}
  ~ScriptedFiles() { active() = nullptr; }

  // The next call of that name fails with this errno, after those scripted before; 0 lets one pass.
  void fail(const std::string& call, int number) { script_[call].push_back(number); }
  // No read or write moves more bytes than that.
  void move_at_most(size_t bytes) { most_bytes_ = bytes; }
  // The process is killed in place of the call before which that many others were made.
  void kill_after(int calls) { calls_until_kill_ = calls; }
  int calls(const std::string& call) const { return counts_.contains(call) ? counts_.at(call) : 0; }
  int calls() const { return calls_; }
  // The descriptor of the last file opened, for tests that change a file without a name.
  int last_opened() const { return last_opened_; }

 private:
  static ScriptedFiles*& active() {
    static ScriptedFiles* scripted = nullptr;
    return scripted;
  }

  // True if the call must fail; errno is set then.
  static bool fails(const std::string& call) {
    ScriptedFiles& self = *active();
    if (self.calls_++ == self.calls_until_kill_) raise(SIGKILL);
    const auto done = static_cast<size_t>(self.counts_[call]++);
    const std::vector<int>& script = self.script_[call];
    if (done >= script.size() || script[done] == 0) return false;
    errno = script[done];
    return true;
  }
  static size_t limited(size_t bytes) { return std::min(bytes, active()->most_bytes_); }

  static const os::FileOps& table() {
    static const os::FileOps ops = {
        [](int directory, const char* path, int flags, mode_t mode) {
          const int fd = fails("openat") ? -1 : os::system_file_ops().openat(directory, path, flags, mode);
          if (fd >= 0) active()->last_opened_ = fd;
          return fd;
        },
        [](int fd, void* dst, size_t bytes, off_t offset) {
          return fails("pread") ? -1 : os::system_file_ops().pread(fd, dst, limited(bytes), offset);
        },
        [](int fd, const void* src, size_t bytes, off_t offset) {
          return fails("pwrite") ? -1 : os::system_file_ops().pwrite(fd, src, limited(bytes), offset);
        },
        [](int fd, struct stat* out) { return fails("fstat") ? -1 : os::system_file_ops().fstat(fd, out); },
        [](int fd, off_t bytes) { return fails("ftruncate") ? -1 : os::system_file_ops().ftruncate(fd, bytes); },
        [](int fd, int mode, off_t offset, off_t bytes) {
          return fails("fallocate") ? -1 : os::system_file_ops().fallocate(fd, mode, offset, bytes);
        },
        [](int fd, struct statfs* out) { return fails("fstatfs") ? -1 : os::system_file_ops().fstatfs(fd, out); },
        [](int fd) { return fails("fsync") ? -1 : os::system_file_ops().fsync(fd); },
        [](int fd) {  // a failing close releases the descriptor all the same
          const bool failing = fails("close");
          const int number = errno;
          const int closed = os::system_file_ops().close(fd);
          if (failing) errno = number;
          return failing ? -1 : closed;
        },
        [](int from_directory, const char* from, int to_directory, const char* to) {
          return fails("renameat") ? -1 : os::system_file_ops().renameat(from_directory, from, to_directory, to);
        },
        [](int directory, const char* path, int flags) {
          return fails("unlinkat") ? -1 : os::system_file_ops().unlinkat(directory, path, flags);
        },
        [](int from_directory, const char* from, int to_directory, const char* to, unsigned flags) {
          return fails("renameat2") ? -1 : os::system_file_ops().renameat2(from_directory, from, to_directory, to, flags);
        },
        [](int from_directory, const char* from, int to_directory, const char* to, int flags) {
          return fails("linkat") ? -1 : os::system_file_ops().linkat(from_directory, from, to_directory, to, flags);
        },
    };
    return ops;
  }

  os::ScopedFileOps scope_;
  std::map<std::string, std::vector<int>> script_;
  std::map<std::string, int> counts_;
  size_t most_bytes_ = SIZE_MAX;
  int calls_ = 0;
  int calls_until_kill_ = -1;
  int last_opened_ = -1;
};

}  // namespace sqs::test
