// Where frames come from. read() is called as threading() allows; frame_count() and ended() may be called while another thread
// pushes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/result.hpp"
#include "graph/stage.hpp"

namespace sqs {

class Source {
 public:
  virtual ~Source() = default;
  virtual uint64_t frame_count() const = 0;
  virtual bool ended() const { return true; }
  // Fills dst with frames [first, first + count), all of which are there. SQS_E_SOURCE with the frame.
  virtual Status read(uint64_t first, uint64_t count, std::byte* dst) = 0;
  // All frames as one array, or NULL: classic then reads them in place.
  virtual const std::byte* in_memory() const { return nullptr; }
  // Which threads may read.
  virtual Threading threading() const { return Threading::Concurrent; }
  // Bytes held for pushed frames; charged to the ledger by the source itself.
  virtual uint64_t retained_bytes() const { return 0; }
};

}  // namespace sqs
