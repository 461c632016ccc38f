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
  // After the last row of a run that has succeeded: all that can fail before the rows are shown to others. A sink destroyed
  // before it has settled leaves nothing behind.
  virtual Status finish() { return ok(); }
  // Shows the rows, once all sinks of the run have finished; takes that back; or makes it final, once all have shown theirs.
  virtual Status show() { return ok(); }
  virtual Status take_back() { return ok(); }
  virtual void settle() {}
};

}  // namespace sqs
