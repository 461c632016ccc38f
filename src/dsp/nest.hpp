// A loop over every element of a tile, for elementwise work on several arrays at once: axes that lie one after the other in
// all arrays are joined, and the innermost loop goes over a whole run with one stride per array. Like NumPy's nditer; never
// allocates. Thread safety: values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "sqrtspace/sqrtspace.h"

namespace sqs::dsp {

// Runs are worked on in pieces of at most this many elements, which fit buffers on the stack.
inline constexpr uint64_t kPiece = 512;

template <size_t kArrays>
class Nest {
 public:
  using Strides = std::array<int64_t, kArrays>;
  using Pointers = std::array<std::byte*, kArrays>;

  // Axes in C order, outermost first. An axis of extent 1 is left out.
  void add_axis(uint64_t extent, const Strides& strides) {
    if (extent == 1) return;
    if (axes_ > 0 && joins(axis_[axes_ - 1], extent, strides)) {
      axis_[axes_ - 1].extent *= extent;
      axis_[axes_ - 1].strides = strides;
      return;
    }
    axis_[axes_++] = {extent, strides};
  }

  // Calls piece(pointers, count, strides) for pieces of runs of at most kPiece elements. No two are the same element.
  template <class Piece>
  void for_each_piece(const Pointers& start, Piece&& piece) {
    put_longest_axis_last();
    walk(0, start, piece);
  }

 private:
  struct Axis {
    uint64_t extent;
    Strides strides;
  };

  static bool joins(const Axis& outer, uint64_t extent, const Strides& strides) {
    for (size_t i = 0; i < kArrays; ++i)
      if (outer.strides[i] != static_cast<int64_t>(extent) * strides[i]) return false;
    return true;
  }

  // A short last axis (two channels, say) would make short runs; elementwise work may go in any order.
  void put_longest_axis_last() {
    constexpr uint64_t kLongEnough = 32;
    if (axes_ < 2 || axis_[axes_ - 1].extent >= kLongEnough) return;
    size_t longest = 0;
    for (size_t i = 1; i < axes_; ++i)
      if (axis_[i].extent > axis_[longest].extent) longest = i;
    std::swap(axis_[longest], axis_[axes_ - 1]);
  }

  static void advance(Pointers& pointers, const Strides& strides, uint64_t steps) {
    for (size_t i = 0; i < kArrays; ++i) pointers[i] += static_cast<int64_t>(steps) * strides[i];
  }

  template <class Piece>
  void walk(size_t depth, Pointers at, Piece& piece) {
    if (axes_ == 0) return piece(at, uint64_t{1}, Strides{});
    const Axis& axis = axis_[depth];
    const bool innermost = depth + 1 == axes_;
    const uint64_t step = innermost ? kPiece : 1;
    for (uint64_t i = 0; i < axis.extent; i += step) {
      const uint64_t count = axis.extent - i < step ? axis.extent - i : step;
      if (innermost) piece(at, count, axis.strides);
      else walk(depth + 1, at, piece);
      advance(at, axis.strides, count);
    }
  }

  std::array<Axis, SQS_MAX_VIEW_DIMS> axis_{};
  size_t axes_ = 0;
};

// The nest of a map that puts out one element for each of its input's, and where it starts.
struct ElementwiseNest {
  Nest<2> nest;
  Nest<2>::Pointers start;
};

// `rows` and the axes of `input` against an output row of `element_bytes` elements in C order.
inline ElementwiseNest elementwise_nest(const sqs_view& input, const sqs_view& output, uint64_t rows, uint64_t element_bytes) {
  std::array<int64_t, SQS_MAX_VIEW_DIMS> out_strides{};
  auto stride = static_cast<int64_t>(element_bytes);
  for (int32_t axis = input.ndim - 1; axis >= 1; --axis) {
    out_strides[static_cast<size_t>(axis)] = stride;
    stride *= input.shape[axis];
  }
  ElementwiseNest out{{}, {static_cast<std::byte*>(input.data), static_cast<std::byte*>(output.data)}};
  out.nest.add_axis(rows, {input.strides[0], output.strides[0]});
  for (int32_t axis = 1; axis < input.ndim; ++axis)
    out.nest.add_axis(static_cast<uint64_t>(input.shape[axis]), {input.strides[axis], out_strides[static_cast<size_t>(axis)]});
  return out;
}

}  // namespace sqs::dsp
