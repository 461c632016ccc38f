// The arithmetic of a stage of the stage library, without the engine: its kernel called over rows that lie in memory. For
// leaf loops that have no function of their own to call. Thread safety: run() may overlap with different scratch.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "dsp/stage.hpp"
#include "reference/buffer.hpp"

namespace sqs::bench {

class RowKernel {
 public:
  // Rows of `length` elements of a dtype, one channel.
  RowKernel(const char* type, const char* params, int32_t dtype, uint64_t length);

  uint64_t scratch_bytes() const { return recipe_.scratch_bytes; }
  // `rows` rows at `in`, in_bytes apart, to rows at `out`, out_bytes apart.
  void run(const void* in, uint64_t in_bytes, uint64_t rows, void* out, uint64_t out_bytes, void* scratch) const;

 private:
  uint64_t length_;
  int32_t dtype_;
  dsp::Recipe recipe_;
};

}  // namespace sqs::bench
