#include "os/file.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <limits>
#include <system_error>

#include "core/size.hpp"

namespace sqs::os {
namespace {

int system_openat(int directory, const char* path, int flags, mode_t mode) { return ::openat(directory, path, flags, mode); }

constexpr FileOps kSystemFileOps = {system_openat, ::pread,   ::pwrite, ::fstat, ::ftruncate, ::fallocate,
                                    ::fstatfs,     ::fsync,   ::close,  ::renameat, ::unlinkat,   ::renameat2,
                                    ::linkat};

std::atomic<const FileOps*> current_ops{&kSystemFileOps};

// Linux moves at most 0x7ffff000 bytes a call anyway.
constexpr uint64_t kMostBytesPerCall = uint64_t{1} << 30;
constexpr uint64_t kMostFileBytes = static_cast<uint64_t>(std::numeric_limits<off_t>::max());

size_t piece(uint64_t bytes_left) { return static_cast<size_t>(bytes_left < kMostBytesPerCall ? bytes_left : kMostBytesPerCall); }

template <class Call>
auto retry_interrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

std::string errno_text(int number) {
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 32)
  // The text without a locale, and the name people search for.
  const char* text = strerrordesc_np(number);
  const char* name = strerrorname_np(number);
  if (text && name) return std::string(text) + " (" + name + ")";
#endif
  return std::generic_category().message(number);
}

std::string at(uint64_t offset, uint64_t bytes) {
  return std::to_string(bytes) + " bytes at offset " + std::to_string(offset);
}

Status check_range(const std::string& path, uint64_t offset, uint64_t bytes) {
  if (offset <= kMostFileBytes && bytes <= kMostFileBytes - offset) return ok();
  return Error{SQS_E_OVERFLOW, at(offset, bytes) + " of '" + path + "' lie past the largest file position"};
}

int open_descriptor(const std::string& path, int flags, mode_t mode = 0666) {
  return retry_interrupted([&] { return file_ops().openat(AT_FDCWD, path.c_str(), flags | O_CLOEXEC, mode); });
}

constexpr int kCreateFlags = O_RDWR | O_CREAT | O_EXCL;

std::string directory_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Opens the directory only to look at it: enough for fstatfs, and it names what is wrong with the path.
Result<int> look_at_directory(const std::string& directory) {
  if (directory.empty()) return Error{SQS_E_IO, "the name of the directory is empty; give the path of one"};
  const int fd = open_descriptor(directory, O_PATH | O_DIRECTORY);
  if (fd < 0) return io_error("cannot use the directory", directory, errno);
  return fd;
}

constexpr mode_t kPrivate = 0600;

// Another process may be between the two calls as well, or was killed there: its name is free to be taken as long as an
// empty file has it, and it takes a name that is gone already for removed.
void remove_leftover(const std::string& name) {
  const int fd = open_descriptor(name, O_PATH | O_NOFOLLOW);
  if (fd < 0) return;
  struct stat status {};
  const bool leftover = file_ops().fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size == 0;
  file_ops().close(fd);
  if (leftover) static_cast<void>(file_ops().unlinkat(AT_FDCWD, name.c_str(), 0));
}

// A descriptor, or -1 with errno set and `name` the file it is about.
int create_and_remove_name(const std::string& directory, std::string& name) {
  constexpr int kAttempts = 1000;
  for (int attempt = 0;; ++attempt) {
    name = directory + "/.sqrtspace-unnamed-" + std::to_string(attempt);
    int fd = open_descriptor(name, kCreateFlags | O_NOFOLLOW, kPrivate);
    if (fd < 0 && errno == EEXIST) {
      remove_leftover(name);
      fd = open_descriptor(name, kCreateFlags | O_NOFOLLOW, kPrivate);
    }
    if (fd < 0 && errno == EEXIST && attempt < kAttempts) continue;
    if (fd < 0 || file_ops().unlinkat(AT_FDCWD, name.c_str(), 0) == 0 || errno == ENOENT) return fd;
    const int failure = errno;
    file_ops().close(fd);
    errno = failure;
    return -1;
  }
}

// The longest file the process may write.
uint64_t file_bytes_allowed() {
  rlimit limit{};
  if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return kMostFileBytes;
  return limit.rlim_cur;
}

// Beyond what is allowed the system answers a write with SIGXFSZ, which ends the process.
Error beyond_allowed(const std::string& what, const std::string& path) {
  return Error{SQS_E_IO, "cannot " + what + " '" + path + "': this process may write files of " +
                             std::to_string(file_bytes_allowed()) + " bytes at most (RLIMIT_FSIZE, ulimit -f)"};
}

}  // namespace

Error io_error(const std::string& what, const std::string& path, int system_errno) {
  return Error{SQS_E_IO, what + " '" + path + "': " + errno_text(system_errno)};
}

const FileOps& system_file_ops() { return kSystemFileOps; }
const FileOps& file_ops() { return *current_ops.load(std::memory_order_acquire); }

ScopedFileOps::ScopedFileOps(const FileOps& ops) { current_ops.store(&ops, std::memory_order_release); }
ScopedFileOps::~ScopedFileOps() { current_ops.store(&kSystemFileOps, std::memory_order_release); }

Result<File> File::open_for_reading(const std::string& path) {
  const int fd = open_descriptor(path, O_RDONLY);
  if (fd < 0) return io_error("cannot open", path, errno);
  return File(fd, path);
}

Result<File> File::create_new(const std::string& path) {
  const int fd = open_descriptor(path, kCreateFlags);
  if (fd < 0) return io_error("cannot create", path, errno);
  return File(fd, path);
}

Result<File> File::create_beside(const std::string& path) {
  // Names left behind by an earlier process of the same id are passed over.
  constexpr int kAttempts = 1000;
  const std::string stem = path + ".partial-" + std::to_string(getpid()) + "-";
  for (int attempt = 0;; ++attempt) {
    std::string name = stem + std::to_string(attempt);
    const int fd = open_descriptor(name, kCreateFlags);
    if (fd >= 0) return File(fd, std::move(name));
    if (errno != EEXIST || attempt == kAttempts) return io_error("cannot create", name, errno);
  }
}

Result<File> File::create_unnamed(const std::string& directory) {
  SQS_TRY_ASSIGN(const int looked, look_at_directory(directory));
  file_ops().close(looked);
  // O_EXCL: nobody can give the file a name later.
  int fd = open_descriptor(directory, O_TMPFILE | O_EXCL | O_RDWR, kPrivate);
  if (fd >= 0) return File(fd, directory);
  // EISDIR and EINVAL come from systems that don't know the flag.
  if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
    return io_error("cannot create a file in the directory", directory, errno);
  std::string name;
  fd = create_and_remove_name(directory, name);
  if (fd < 0) return io_error("cannot create and at once remove", name, errno);
  return File(fd, directory);
}

File::File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}

File& File::operator=(File&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(path_, other.path_);
  return *this;
}

File::~File() {
  if (is_open()) file_ops().close(fd_);
}

Result<uint64_t> File::bytes() const {
  struct stat status {};
  if (file_ops().fstat(fd_, &status) != 0) return io_error("cannot look at", path_, errno);
  return static_cast<uint64_t>(status.st_size);
}

Result<File::Identity> File::identity() const {
  struct stat status {};
  if (file_ops().fstat(fd_, &status) != 0) return io_error("cannot look at", path_, errno);
  return Identity{status.st_dev, status.st_ino};
}

Result<uint64_t> File::read_up_to(uint64_t offset, void* dst, uint64_t bytes) const {
  SQS_TRY(check_range(path_, offset, bytes));
  uint64_t done = 0;
  while (done < bytes) {
    const ssize_t moved = retry_interrupted([&] {
      return file_ops().pread(fd_, static_cast<char*>(dst) + done, piece(bytes - done), static_cast<off_t>(offset + done));
    });
    if (moved < 0) return io_error("cannot read " + at(offset + done, bytes - done) + " of", path_, errno);
    if (moved == 0) break;
    done += static_cast<uint64_t>(moved);
  }
  return done;
}

Status File::read(uint64_t offset, void* dst, uint64_t bytes) const {
  SQS_TRY_ASSIGN(const uint64_t done, read_up_to(offset, dst, bytes));
  if (done == bytes) return ok();
  return Error{SQS_E_IO, "cannot read " + at(offset, bytes) + " of '" + path_ + "': the file ends at offset " +
                             std::to_string(offset + done)};
}

Status File::write(uint64_t offset, const void* src, uint64_t bytes) {
  SQS_TRY(check_range(path_, offset, bytes));
  if (offset + bytes > file_bytes_allowed()) return beyond_allowed("write " + at(offset, bytes) + " of", path_);
  uint64_t done = 0;
  while (done < bytes) {
    const ssize_t moved = retry_interrupted([&] {
      return file_ops().pwrite(fd_, static_cast<const char*>(src) + done, piece(bytes - done),
                               static_cast<off_t>(offset + done));
    });
    // POSIX allows no progress without an error; asking again for ever would hang.
    if (moved <= 0)
      return io_error("cannot write " + at(offset + done, bytes - done) + " of", path_, moved < 0 ? errno : EIO);
    done += static_cast<uint64_t>(moved);
  }
  return ok();
}

Status File::truncate(uint64_t bytes) {
  SQS_TRY(check_range(path_, bytes, 0));
  if (retry_interrupted([&] { return file_ops().ftruncate(fd_, static_cast<off_t>(bytes)); }) == 0) return ok();
  return io_error("cannot set to " + std::to_string(bytes) + " bytes the size of", path_, errno);
}

Result<bool> File::reserve(uint64_t bytes) {
  SQS_TRY(check_range(path_, 0, bytes));
  if (bytes > file_bytes_allowed()) return beyond_allowed("reserve " + std::to_string(bytes) + " bytes in", path_);
  // Piece by piece, because some file systems undo an interrupted call, and a process with a timer would never finish a
  // large one.
  constexpr uint64_t kPieceBytes = uint64_t{64} << 20;
  for (uint64_t done = 0; done < bytes;) {
    const uint64_t piece_bytes = std::min(bytes - done, kPieceBytes);
    const int result = retry_interrupted(
        [&] { return file_ops().fallocate(fd_, 0, static_cast<off_t>(done), static_cast<off_t>(piece_bytes)); });
    if (result != 0 && (errno == EOPNOTSUPP || errno == ENOSYS)) return false;
    if (result != 0) return io_error("cannot reserve " + std::to_string(bytes) + " bytes in", path_, errno);
    done += piece_bytes;
  }
  return true;
}

Status File::sync() {
  if (file_ops().fsync(fd_) == 0) return ok();
  return io_error("cannot sync to the device", path_, errno);
}

Status File::close() {
  // Not retried after EINTR: Linux has released the descriptor then, and another thread may own its number.
  if (file_ops().close(std::exchange(fd_, -1)) == 0 || errno == EINTR) return ok();
  return io_error("cannot close", path_, errno);
}

Status rename_file(const std::string& from, const std::string& to) {
  if (file_ops().renameat(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str()) == 0) return ok();
  return io_error("cannot rename '" + from + "' to", to, errno);
}

Status remove_file(const std::string& path) {
  if (file_ops().unlinkat(AT_FDCWD, path.c_str(), 0) == 0) return ok();
  return io_error("cannot remove", path, errno);
}

Result<Naming> exchange_files(const std::string& a, const std::string& b) {
  if (file_ops().renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0) return Naming::Done;
  if (errno == ENOENT) return Naming::NoneThere;
  if (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP) return Naming::NotPossible;
  return io_error("cannot exchange '" + a + "' with", b, errno);
}

Result<Naming> link_file(const std::string& path, const std::string& second) {
  if (file_ops().linkat(AT_FDCWD, path.c_str(), AT_FDCWD, second.c_str(), 0) == 0) return Naming::Done;
  if (errno == ENOENT) return Naming::NoneThere;
  if (errno == EPERM || errno == ENOSYS || errno == EOPNOTSUPP || errno == EMLINK) return Naming::NotPossible;
  return io_error("cannot give a second name to", path, errno);
}

Status sync_directory_of(const std::string& path) {
  const std::string directory = directory_of(path);
  const int fd = open_descriptor(directory, O_RDONLY | O_DIRECTORY);
  if (fd < 0) return io_error("cannot open the directory", directory, errno);
  // Some file systems know no sync of directories and say EINVAL.
  const int failure = file_ops().fsync(fd) == 0 || errno == EINVAL ? 0 : errno;
  file_ops().close(fd);
  if (failure == 0) return ok();
  return io_error("cannot sync the directory", directory, failure);
}

Result<DiskSpace> disk_space(const std::string& directory) {
  SQS_TRY_ASSIGN(const int fd, look_at_directory(directory));
  struct statfs status {};
  const int failure = retry_interrupted([&] { return file_ops().fstatfs(fd, &status); }) == 0 ? 0 : errno;
  file_ops().close(fd);
  if (failure != 0) return io_error("cannot ask for the free space of", directory, failure);
  const auto block_bytes = static_cast<uint64_t>(status.f_frsize > 0 ? status.f_frsize : status.f_bsize);
  DiskSpace space;
  space.free_bytes = (Size(status.f_bavail) * block_bytes).saturated();
  space.in_memory = status.f_type == TMPFS_MAGIC || status.f_type == RAMFS_MAGIC;
  return space;
}

Result<std::string> read_text(const std::string& path) {
  constexpr uint64_t kPieceBytes = 4096;
  SQS_TRY_ASSIGN(const File file, File::open_for_reading(path));
  std::string text;
  for (;;) {
    const uint64_t start = text.size();
    text.resize(start + kPieceBytes);
    SQS_TRY_ASSIGN(const uint64_t got, file.read_up_to(start, text.data() + start, kPieceBytes));
    text.resize(start + got);
    if (got < kPieceBytes) return text;
  }
}

}  // namespace sqs::os
