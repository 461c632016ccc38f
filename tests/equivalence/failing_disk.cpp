#include "failing_disk.hpp"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <limits>

namespace eq {
namespace {

enum class Fault { Error, Nothing, Rot };  // Nothing: the call moves no bytes

struct Armed {
  Fault fault = Fault::Error;
  int number = EIO;
  bool lasting = false;
  int64_t passing = 0;
};

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

Armed armed;
std::atomic<int64_t> calls_left{kNever};
std::atomic<bool> met{false};

bool nameless(int fd) {
  struct stat status {};
  return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink == 0;
}

// Counts a call, and says whether it is to fail.
bool fails(int fd) {
  if (calls_left.load() == kNever || !nameless(fd)) return false;
  const int64_t left = calls_left.fetch_sub(1);
  const bool failing = left == 0 || (left < 0 && armed.lasting);
  if (failing) met = true;
  return failing;
}

long fail() {
  errno = armed.number;
  return -1;
}

}  // namespace

void FailingDisk::arm(Rng& rng) {
  armed.fault = rng.pick({Fault::Error, Fault::Error, Fault::Nothing, Fault::Rot});
  armed.number = rng.pick({EIO, ENOSPC, EDQUOT});
  armed.lasting = rng.chance(50);
  armed.passing = static_cast<int64_t>(rng.below(rng.pick<uint64_t>({1, 4, 20, 20, 100})));
  met = false;
  calls_left = armed.passing;
}

bool FailingDisk::disarm() {
  calls_left = kNever;
  return met.exchange(false);
}

std::string FailingDisk::describe() {
  const std::string what = armed.fault == Fault::Error ? "fails with errno " + std::to_string(armed.number)
                           : armed.fault == Fault::Rot ? "gives or gets a wrong byte" : "moves nothing";
  return "a disk that after " + std::to_string(armed.passing) + " calls " + what + (armed.lasting ? " from then on" : " once");
}

}  // namespace eq

// Defined in the program they come before the system library's.
extern "C" {

__attribute__((visibility("default"))) ssize_t pread(int fd, void* to, size_t bytes, off_t offset) {
  const bool failing = eq::fails(fd);
  if (failing && eq::armed.fault == eq::Fault::Error) return eq::fail();
  if (failing && eq::armed.fault == eq::Fault::Nothing) return 0;
  const ssize_t moved = syscall(SYS_pread64, fd, to, bytes, offset);
  if (failing && moved > 0) static_cast<unsigned char*>(to)[moved / 2] ^= 0x40;
  return moved;
}

// What is written wrong looks well until it is read.
__attribute__((visibility("default"))) ssize_t pwrite(int fd, const void* from, size_t bytes, off_t offset) {
  const bool failing = eq::fails(fd);
  if (failing && eq::armed.fault == eq::Fault::Error) return eq::fail();
  if (failing && eq::armed.fault == eq::Fault::Nothing) return 0;
  const ssize_t moved = syscall(SYS_pwrite64, fd, from, bytes, offset);
  if (failing && moved > 0) {
    const auto wrong = static_cast<unsigned char>(static_cast<const unsigned char*>(from)[moved / 2] ^ 0x40);
    static_cast<void>(syscall(SYS_pwrite64, fd, &wrong, size_t{1}, offset + moved / 2));
  }
  return moved;
}

__attribute__((visibility("default"))) int fallocate(int fd, int mode, off_t offset, off_t bytes) {
  if (eq::fails(fd) && eq::armed.fault == eq::Fault::Error) return static_cast<int>(eq::fail());
  return static_cast<int>(syscall(SYS_fallocate, fd, mode, offset, bytes));
}
}
