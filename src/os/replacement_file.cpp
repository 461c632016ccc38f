#include "os/replacement_file.hpp"

#include <fcntl.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <utility>

namespace sqs::os {
namespace {

// O_PATH looks at what is there without opening it: opening a FIFO would wait, opening a device may act.
Status check_replaceable(const std::string& path) {
  const int fd = file_ops().openat(AT_FDCWD, path.c_str(), O_PATH | O_CLOEXEC, 0);
  if (fd < 0) return errno == ENOENT ? ok() : io_error("cannot replace", path, errno);
  struct stat status {};
  const int failure = file_ops().fstat(fd, &status) == 0 ? 0 : errno;
  file_ops().close(fd);
  if (failure != 0) return io_error("cannot look at", path, failure);
  if (S_ISREG(status.st_mode)) return ok();
  return Error{SQS_E_IO, "cannot replace '" + path + "': it is not a regular file; give the path of a file"};
}

// What a symbolic link leads to is replaced, not the link.
std::string behind_links(const std::string& path) {
  std::error_code unreadable;
  if (!std::filesystem::is_symlink(path, unreadable)) return path;
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), std::free);
  return real != nullptr ? real.get() : path;
}

Status write_out(File& file, const std::string& path) {
  SQS_TRY(file.sync());
  SQS_TRY(file.close());
  return rename_file(file.path(), path);
}

// Nothing to tell: the failure that led here is told already, or nobody asked for the file.
void remove_quietly(const std::string& path) { static_cast<void>(remove_file(path)); }

}  // namespace

bool same_path(const std::string& a, const std::string& b) {
  std::error_code unreadable;
  return a == b || std::filesystem::weakly_canonical(a, unreadable) == std::filesystem::weakly_canonical(b, unreadable);
}

Result<ReplacementFile> ReplacementFile::create(const std::string& given) {
  const std::string path = behind_links(given);
  SQS_TRY(check_replaceable(path));
  SQS_TRY_ASSIGN(File file, File::create_beside(path));
  return ReplacementFile(std::move(file), path);
}

ReplacementFile::~ReplacementFile() {
  if (file_.is_open()) remove_quietly(file_.path());
}

Status ReplacementFile::commit() {
  File file = std::move(file_);
  Status written = write_out(file, path_);
  if (!written.ok()) {
    remove_quietly(file.path());
    return written;
  }
  return sync_directory_of(path_);
}

}  // namespace sqs::os
