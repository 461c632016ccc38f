#include "os/replacement_file.hpp"

#include <fcntl.h>

#include <cerrno>
#include <filesystem>
#include <new>
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

// Where a path leads, whether there is a file yet or not: links are followed, the last one too. As given if that can't be told.
std::filesystem::path place_of(const std::string& path) {
  constexpr int kMostLinks = 40;  // as the kernel follows
  std::error_code unreadable;
  std::filesystem::path place = std::filesystem::absolute(path, unreadable);
  if (unreadable) return path;
  for (int links = 0; links < kMostLinks && std::filesystem::is_symlink(place, unreadable); ++links) {
    const std::filesystem::path target = std::filesystem::read_symlink(place, unreadable);
    if (unreadable) return path;
    place = place.parent_path() / target;  // of an absolute one, itself
  }
  const std::filesystem::path directory = std::filesystem::weakly_canonical(place.parent_path(), unreadable);
  return unreadable ? std::filesystem::path(path) : directory / place.filename();
}

// What a symbolic link leads to is replaced, not the link.
std::string behind_links(const std::string& path) {
  std::error_code unreadable;
  return std::filesystem::is_symlink(path, unreadable) ? place_of(path).string() : path;
}

// Nothing to tell: the failure that led here is told already, or nobody asked for the file. There may be no memory for a sentence.
template <class Work>
void quietly(const Work& work) noexcept {
  try {
    static_cast<void>(work());
  } catch (const std::bad_alloc&) {
  }
}

void remove_quietly(const std::string& path) {
  quietly([&] { return remove_file(path); });
}

}  // namespace

bool same_path(const std::string& a, const std::string& b) {
  return a == b || place_of(a) == place_of(b);
}

Result<ReplacementFile> ReplacementFile::create(const std::string& given) {
  ReplacementFile made(behind_links(given));
  SQS_TRY(check_replaceable(made.path_));
  SQS_TRY_ASSIGN(made.file_, File::create_beside(made.path_));
  made.phase_ = Phase::Writing;
  return made;
}

ReplacementFile::ReplacementFile(ReplacementFile&& other) noexcept
    : file_(std::move(other.file_)), path_(std::move(other.path_)), link_(std::move(other.link_)), former_(other.former_),
      phase_(std::exchange(other.phase_, Phase::Over)) {}

ReplacementFile::~ReplacementFile() {
  if (phase_ == Phase::InPlace) quietly([&] { return undo(); });
  if (phase_ == Phase::Writing) remove_quietly(file_.path());
}

Status ReplacementFile::complete() {
  SQS_TRY(file_.sync());
  SQS_TRY(file_.close());
  SQS_TRY(check_there(file_.path()));
  return check_replaceable(path_);
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
  SQS_TRY_ASSIGN(const Naming exchanged, exchange_files(file_.path(), path_));
  if (exchanged == Naming::NotPossible) return keep_and_rename();
  if (exchanged == Naming::NoneThere) return rename_file(file_.path(), path_);
  former_ = Former::Exchanged;
  return ok();
}

// A second name keeps the former file when the new one takes the first.
Status ReplacementFile::keep_and_rename() {
  link_ = file_.path() + "-former";  // nobody else's, since the name before it is not
  remove_quietly(link_);
  SQS_TRY_ASSIGN(const Naming linked, link_file(path_, link_));
  Status renamed = rename_file(file_.path(), path_);
  if (!renamed.ok() && linked == Naming::Done) remove_quietly(link_);
  if (linked != Naming::NoneThere) former_ = linked == Naming::Done ? Former::Linked : Former::Gone;
  return renamed;
}

Status ReplacementFile::undo() {
  phase_ = Phase::Over;
  if (former_ == Former::Gone)
    return Error{SQS_E_IO, "'" + path_ + "' has been replaced already, on a file system that could not keep the former file"};
  Status undone = former_ == Former::None ? remove_file(path_) : rename_file(former_name(), path_);
  if (undone.ok()) return sync_directory_of(path_);
  Error error = std::move(undone).error();
  error.message = "'" + path_ + "' has been replaced already, and the former file can't be put back: " + error.message;
  return error;
}

void ReplacementFile::settle() {
  phase_ = Phase::Over;
  if (former_ == Former::Exchanged || former_ == Former::Linked) remove_quietly(former_name());
}

}  // namespace sqs::os
