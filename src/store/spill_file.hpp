// Blocks of bytes on disk, for states and rows that memory has no room for: one file without a name, in a directory the
// caller chooses, whose space the system frees when the SpillFile is destroyed or the process ends in any way.
//
//   file  | block 0 | block 1 | ...        block  | checksum, number, key, bytes | data | padding up to 64 bytes |
//
// A block is checked whenever it is read: its checksum covers the data, the number, the key and the file's identity, so that
// rotten, torn, misplaced, stale and foreign blocks are errors and never data. That matters for writes too: the system
// reports success before it has reached the device, and what it then can't write shows only when it is read. Nothing is
// synced, since nothing has to survive the process. write() and read() allocate only to describe an error.
// Thread-safe: calls for different blocks may overlap; opening, moving and destroying may not. A forked child is refused.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "core/result.hpp"
#include "os/file.hpp"
#include "os/fork_guard.hpp"

namespace sqs {

class SpillFile {
 public:
  struct Shape {
    uint64_t block_bytes = 0;  // the most that a block holds
    uint64_t blocks = 0;
  };
  static constexpr uint64_t kHeaderBytes = 32;

  // What a file of that shape takes on disk; SQS_E_OVERFLOW if it is longer than a file can be.
  static Result<uint64_t> file_bytes(const Shape& shape);

  // SQS_E_IO if the directory is missing, not a directory, not writable or has no room for the whole file, as far as the file
  // system can tell: where is_reserved() is false, a write may still find the disk full.
  static Result<SpillFile> open(const std::string& directory, const Shape& shape);

  // `key` tells contents of one block apart, such as the row of a state: reading wants the key that was written last.
  // A block whose writing failed has to be written again before it is read.
  Status write(uint64_t block, uint64_t key, const void* data, uint64_t bytes);
  // Exactly the bytes written last. After a failure what `data` points at is undefined.
  Status read(uint64_t block, uint64_t key, void* data, uint64_t bytes);

  const std::string& directory() const { return file_.path(); }
  const Shape& shape() const { return shape_; }
  bool is_reserved() const { return reserved_; }
  // Moved so far by calls that succeeded, headers included.
  uint64_t bytes_written() const { return bytes_written_.value(); }
  uint64_t bytes_read() const { return bytes_read_.value(); }

 private:
  struct Header {
    uint64_t checksum = 0;
    uint64_t block = 0;
    uint64_t key = 0;
    uint64_t bytes = 0;
    bool operator==(const Header&) const = default;
  };
  static_assert(sizeof(Header) == kHeaderBytes);

  class Counter {
   public:
    Counter() = default;
    Counter(Counter&& other) noexcept : value_(other.value()) {}
    Counter& operator=(Counter&& other) noexcept {
      value_.store(other.value(), std::memory_order_relaxed);
      return *this;
    }
    void add(uint64_t bytes) { value_.fetch_add(bytes, std::memory_order_relaxed); }
    uint64_t value() const { return value_.load(std::memory_order_relaxed); }

   private:
    std::atomic<uint64_t> value_{0};
  };

  SpillFile(os::File file, const Shape& shape, uint64_t stride, uint64_t identity, bool reserved)
      : file_(std::move(file)), shape_(shape), stride_(stride), identity_(identity), reserved_(reserved) {}

  Status check_use(uint64_t block, uint64_t bytes) const;
  Header header_of(uint64_t block, uint64_t key, const void* data, uint64_t bytes) const;

  os::File file_;
  os::ForkGuard guard_;
  Shape shape_;
  uint64_t stride_ = 0;    // bytes from block to block
  uint64_t identity_ = 0;  // differs between files, of this and of other processes
  bool reserved_ = false;
  Counter bytes_written_;
  Counter bytes_read_;
};

}  // namespace sqs
