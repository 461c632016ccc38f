#include "read_only_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "guard.hpp"
#include "text.hpp"

namespace sqs::dsp {
namespace {

std::string reason(int code) { return std::generic_category().message(code); }

}  // namespace

ReadOnlyFile::ReadOnlyFile(std::string path) : path_(std::move(path)) {
  do descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  while (descriptor_ < 0 && errno == EINTR);
  if (descriptor_ < 0) fail(SQS_E_IO, text("\"", path_, "\" can't be opened: ", reason(errno)));
  struct stat status = {};
  const int failed = ::fstat(descriptor_, &status) != 0 ? errno : 0;
  if (failed == 0 && S_ISREG(status.st_mode)) {
    bytes_ = static_cast<uint64_t>(status.st_size);
    return;
  }
  ::close(descriptor_);
  fail(SQS_E_IO, text("\"", path_, "\" can't be read at any offset: ",
                      failed != 0 ? reason(failed) : "it is not a regular file"));
}

ReadOnlyFile::~ReadOnlyFile() { ::close(descriptor_); }

uint64_t ReadOnlyFile::read_at(uint64_t offset, uint64_t bytes, void* to) const {
  uint64_t done = 0;
  while (done < bytes) {
    // The kernel takes at most 2 GiB at once.
    const auto piece = static_cast<size_t>(std::min<uint64_t>(bytes - done, uint64_t{1} << 30));
    const ssize_t got = ::pread(descriptor_, static_cast<std::byte*>(to) + done, piece, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(SQS_E_IO, text("\"", path_, "\" can't be read at byte ", offset + done, ": ", reason(errno)));
    if (got == 0) break;
    done += static_cast<uint64_t>(got);
  }
  return done;
}

}  // namespace sqs::dsp
