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

// The name may be gone, with its directory, though the file was written by its descriptor.
Status check_there(const std::string& path) {
  const int fd = file_ops().openat(AT_FDCWD, path.c_str(), O_PATH | O_CLOEXEC, 0);
  if (fd < 0) return io_error("cannot find what was written to", path, errno);
  file_ops().close(fd);
  return ok();
}

// What a symbolic link leads to is replaced, not the link.
std::string behind_links(const std::string& path) {
  std::error_code unreadable;
  if (!std::filesystem::is_symlink(path, unreadable)) return path;
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), std::free);
  return real != nullptr ? real.get() : path;
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

ReplacementFile::ReplacementFile(ReplacementFile&& other) noexcept
    : file_(std::move(other.file_)), partial_(std::move(other.partial_)), path_(std::move(other.path_)),
      former_(std::move(other.former_)), kept_(other.kept_), phase_(std::exchange(other.phase_, Phase::Over)) {}

ReplacementFile::~ReplacementFile() {
  if (phase_ == Phase::InPlace) static_cast<void>(undo());
  else if (phase_ != Phase::Over) remove_quietly(partial_);
}

Status ReplacementFile::complete() {
  File file = std::move(file_);
  SQS_TRY(file.sync());
  SQS_TRY(file.close());
  SQS_TRY(check_there(partial_));
  SQS_TRY(check_replaceable(path_));
  phase_ = Phase::Complete;
  return ok();
}

Status ReplacementFile::put_in_place() {
  SQS_TRY(rename_into_place());
  phase_ = Phase::InPlace;
  Status synced = sync_directory_of(path_);
  if (synced.ok()) return ok();
  Error error = std::move(synced).error();
  const Status undone = undo();
  if (!undone.ok()) error.message += "; " + undone.error().message;
  return error;
}

// Two names exchanged in one step keep the former file; where there is none, the new one is just renamed.
Status ReplacementFile::rename_into_place() {
  SQS_TRY_ASSIGN(const Naming exchanged, exchange_files(partial_, path_));
  if (exchanged == Naming::NotPossible) return keep_and_rename();
  if (exchanged == Naming::NoneThere) return rename_file(partial_, path_);
  kept_ = Former::Kept;
  former_ = partial_;
  return ok();
}

// A second name keeps the former file when the new one takes the first.
Status ReplacementFile::keep_and_rename() {
  former_ = partial_ + "-former";  // nobody else's, since the name before it is not
  remove_quietly(former_);
  SQS_TRY_ASSIGN(const Naming linked, link_file(path_, former_));
  Status renamed = rename_file(partial_, path_);
  if (!renamed.ok() && linked == Naming::Done) remove_quietly(former_);
  if (linked != Naming::NoneThere) kept_ = linked == Naming::Done ? Former::Kept : Former::Gone;
  return renamed;
}

Status ReplacementFile::undo() {
  phase_ = Phase::Over;
  if (kept_ == Former::Gone)
    return Error{SQS_E_IO, "'" + path_ + "' has been replaced already, on a file system that could not keep the former file"};
  Status undone = kept_ == Former::Kept ? rename_file(former_, path_) : remove_file(path_);
  if (undone.ok()) return sync_directory_of(path_);
  Error error = std::move(undone).error();
  error.message = "'" + path_ + "' has been replaced already, and the former file can't be put back: " + error.message;
  return error;
}

void ReplacementFile::settle() {
  phase_ = Phase::Over;
  if (kept_ == Former::Kept) remove_quietly(former_);
}

}  // namespace sqs::os
