// Files by position: every read, write and rename of the engine goes through the FileOps table below, which is where tests
// inject faults. A File owns one descriptor, opened close-on-exec; its calls loop over short transfers and EINTR, so that a
// call has moved all bytes or failed. Errors are SQS_E_IO with path, offset and the system's reason.
// Thread-safe: reads and writes of one File may overlap; opening, closing and moving may not.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/result.hpp"

namespace sqs::os {

// Each entry has the meaning, the return value and the errno of the system call it is named after.
struct FileOps {
  int (*openat)(int directory, const char* path, int flags, mode_t mode);
  ssize_t (*pread)(int fd, void* dst, size_t bytes, off_t offset);
  ssize_t (*pwrite)(int fd, const void* src, size_t bytes, off_t offset);
  int (*fstat)(int fd, struct stat* out);
  int (*ftruncate)(int fd, off_t bytes);
  int (*fsync)(int fd);
  int (*close)(int fd);
  int (*renameat)(int from_directory, const char* from, int to_directory, const char* to);
  int (*unlinkat)(int directory, const char* path, int flags);
};

const FileOps& system_file_ops();
const FileOps& file_ops();

// For tests: routes all file calls through `ops` until it is destroyed. One at a time, while no file is in use.
class ScopedFileOps {
 public:
  explicit ScopedFileOps(const FileOps& ops);
  ~ScopedFileOps();
  ScopedFileOps(const ScopedFileOps&) = delete;
  ScopedFileOps& operator=(const ScopedFileOps&) = delete;
};

class File {
 public:
  static Result<File> open_for_reading(const std::string& path);
  // Creates the file, for reading and writing; fails if the path exists.
  static Result<File> create_new(const std::string& path);
  // The same under a name nobody uses, in the directory of `path` and beginning like it.
  static Result<File> create_beside(const std::string& path);

  File() = default;
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  bool is_open() const { return fd_ >= 0; }
  const std::string& path() const { return path_; }

  Result<uint64_t> bytes() const;
  // Reads until `bytes` are there or the file ends; returns how many there were.
  Result<uint64_t> read_up_to(uint64_t offset, void* dst, uint64_t bytes) const;
  // A file that ends before offset + bytes is an error.
  Status read(uint64_t offset, void* dst, uint64_t bytes) const;
  Status write(uint64_t offset, const void* src, uint64_t bytes);
  Status truncate(uint64_t bytes);
  // Never retried: after a failure the kernel may have dropped the dirty pages and would report success.
  Status sync();
  // The destructor closes too, but can't tell what went wrong.
  Status close();

 private:
  File(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

  int fd_ = -1;
  std::string path_;
};

Status rename_file(const std::string& from, const std::string& to);
Status remove_file(const std::string& path);
// Makes names created or changed in the directory of `path` survive a power cut.
Status sync_directory_of(const std::string& path);

// The whole of a file whose size the system does not tell, such as those in /proc.
Result<std::string> read_text(const std::string& path);

// SQS_E_IO for what the system call that just failed left in errno: "<what> '<path>': <reason> (<NAME>)".
Error io_error(const std::string& what, const std::string& path, int system_errno);

}  // namespace sqs::os
