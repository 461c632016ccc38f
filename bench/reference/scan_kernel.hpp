// A scan of the stage library without the engine: its kernel called over rows that lie in memory one after the other, forward
// or backward, with a state that can be copied out and set again. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dsp/stage.hpp"
#include "reference/buffer.hpp"

namespace sqs::bench {

class ScanKernel {
 public:
  // The recipe must outlive it. Rows read are `in`, without context; rate: rows per second.
  ScanKernel(const dsp::Recipe& recipe, const dsp::Operand& in, double rate);

  uint64_t state_bytes() const { return recipe_.state_bytes; }
  uint64_t in_bytes() const { return in_bytes_; }    // of a row
  uint64_t out_bytes() const { return out_bytes_; }  // of a row
  bool backward() const { return recipe_.direction == SQS_BACKWARD; }

  // From the row the scan begins with: its first one, or its last one if it runs backward.
  void start(const std::byte* row);
  void run(const std::byte* in, uint64_t rows, std::byte* out);
  void save(std::byte* to) const;
  void restore(const std::byte* from);

 private:
  sqs_call call_over(const std::byte* in, uint64_t rows);

  const dsp::Recipe& recipe_;
  uint64_t in_bytes_ = 0, out_bytes_ = 0;
  double rate_;
  sqs_view input_{};
  Buffer<std::byte> state_, scratch_;
};

}  // namespace sqs::bench
