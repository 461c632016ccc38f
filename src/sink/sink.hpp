// Where the rows of a target go. Called on the thread that drives the run, each row once; in row order, or, where a sweep from the
// last row to the first delivers, in pieces of ascending rows that come from the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "core/result.hpp"

namespace sqs {

class Sink {
 public:
  virtual ~Sink() = default;
  // Memory for all rows, which a stage may write into itself; then write() is not called. NULL if there is none.
  virtual std::byte* memory() { return nullptr; }
  // Before the first row: checks and reservations. buffer: kFileBufferBytes for file sinks.
  virtual Status start(std::byte* buffer) {
    (void)buffer;
    return ok();
  }
  virtual Status write(const sqs_view& rows) = 0;
  // Rows wait where they lie until someone asks for them, and are lent.
  virtual bool pulled() const { return false; }
  // Shows all bytes written so far in row order, if they can be had back; false if not.
  using Visit = std::function<void(const std::byte* bytes, size_t count)>;
  virtual Result<bool> read_back(const Visit& visit) {
    (void)visit;
    return false;
  }
  // After the last row of a run that has succeeded. A sink destroyed without it leaves nothing behind.
  virtual Status finish() { return ok(); }
};

}  // namespace sqs
