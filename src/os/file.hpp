// Files by position: every read, write and rename of the engine goes through the FileOps table below, which is where tests
// inject faults. A File owns one descriptor, opened close-on-exec; its calls loop over short transfers and EINTR, so that a
// call has moved all bytes or failed. Errors are SQS_E_IO with path, offset and the system's reason.
// Thread-safe: reads and writes of one File may overlap; opening, closing and moving may not.
#pragma once

#include <sys/stat.h>
#include <sys/statfs.h>
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
  int (*fallocate)(int fd, int mode, off_t offset, off_t bytes);
  int (*fstatfs)(int fd, struct statfs* out);
  int (*fsync)(int fd);
  int (*close)(int fd);
  int (*renameat)(int from_directory, const char* from, int to_directory, const char* to);
  int (*unlinkat)(int directory, const char* path, int flags);
  int (*renameat2)(int from_directory, const char* from, int to_directory, const char* to, unsigned flags);
  int (*linkat)(int from_directory, const char* from, int to_directory, const char* to, int flags);
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
  // Creates a file without a name in `directory`, for reading and writing by this user alone: the system frees its space when
  // the last descriptor closes, however the process ends. path() is the directory. Where the file system has no such files,
  // one is created under a name of the form ".sqrtspace-unnamed-N" and the name removed by the next system call; a kill
  // between the two leaves that name with an empty file, which the next call in the same directory removes. (NFS keeps a
  // name of its own for such a file until it is closed.)
  static Result<File> create_unnamed(const std::string& directory);

  File() = default;
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  bool is_open() const { return fd_ >= 0; }
  const std::string& path() const { return path_; }

  Result<uint64_t> bytes() const;
  // Differs between files that exist at the same time.
  struct Identity {
    uint64_t device = 0;
    uint64_t number = 0;
  };
  Result<Identity> identity() const;
  // Reads until `bytes` are there or the file ends; returns how many there were.
  Result<uint64_t> read_up_to(uint64_t offset, void* dst, uint64_t bytes) const;
  // A file that ends before offset + bytes is an error.
  Status read(uint64_t offset, void* dst, uint64_t bytes) const;
  Status write(uint64_t offset, const void* src, uint64_t bytes);
  Status truncate(uint64_t bytes);
  // Makes the file at least `bytes` long and sets that space aside, so that writing there finds room on file systems that
  // overwrite in place. False if the file system cannot set space aside; nothing has changed then. SQS_E_IO too if the
  // process may not write files that long, where a write would be answered by SIGXFSZ.
  Result<bool> reserve(uint64_t bytes);
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
// What came of asking the file system for something it may not know.
enum class Naming { Done, NoneThere, NotPossible };  // NoneThere: no file has one of the names
// Two files take each other's names in one step.
Result<Naming> exchange_files(const std::string& a, const std::string& b);
// The file gets a second name.
Result<Naming> link_file(const std::string& path, const std::string& second);
// Makes names created or changed in the directory of `path` survive a power cut.
Status sync_directory_of(const std::string& path);

struct DiskSpace {
  uint64_t free_bytes = 0;  // for users without privileges
  bool in_memory = false;   // tmpfs or ramfs: what is written there takes RAM
};
// Of the file system that `directory` is in.
Result<DiskSpace> disk_space(const std::string& directory);

// The whole of a file whose size the system does not tell, such as those in /proc.
Result<std::string> read_text(const std::string& path);

// SQS_E_IO for what the system call that just failed left in errno: "<what> '<path>': <reason> (<NAME>)".
Error io_error(const std::string& what, const std::string& path, int system_errno);

}  // namespace sqs::os
