// Rows that are worked on along their axis 0: a row is `length` entries times `lanes` (channels), and a lane is one strided
// column of it. Loading a lane converts it into a contiguous buffer of the arithmetic's type.
//
//   view axis       0      1        2 ..
//   meaning         rows   length   lanes, any number of axes
//
// Thread safety: no state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "dtypes.hpp"
#include "sqrtspace/sqrtspace.h"

namespace sqs::dsp {

inline const std::byte* row_at(const sqs_view& view, uint64_t row) {
  return static_cast<const std::byte*>(view.data) + static_cast<int64_t>(row) * view.strides[0];
}
inline std::byte* output_row_at(const sqs_view& view, uint64_t row) {
  return static_cast<std::byte*>(view.data) + static_cast<int64_t>(row) * view.strides[0];
}

// Bytes from a row's start to the first entry of a lane; lanes count in C order over the axes after `first_axis - 1`.
inline int64_t lane_offset(const sqs_view& view, uint64_t lane, int32_t first_axis = 2) {
  int64_t offset = 0;
  for (int32_t axis = view.ndim - 1; axis >= first_axis; --axis) {
    const auto extent = static_cast<uint64_t>(view.shape[axis]);
    offset += static_cast<int64_t>(lane % extent) * view.strides[axis];
    lane /= extent;
  }
  return offset;
}

// Whether the elements of a row lie one after the other in C order.
inline bool rows_are_contiguous(const sqs_view& view, int64_t element_bytes) {
  int64_t expected = element_bytes;
  for (int32_t axis = view.ndim - 1; axis >= 1; --axis) {
    if (view.shape[axis] != 1 && view.strides[axis] != expected) return false;
    expected *= view.shape[axis];
  }
  return true;
}

template <class T>
T load_element(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}
template <class T>
void store_element(std::byte* to, T value) {
  std::memcpy(to, &value, sizeof value);
}

template <class From, class To>
void load_lane_as(const std::byte* from, int64_t stride, uint64_t count, To* to) {
  constexpr auto kBytes = static_cast<int64_t>(sizeof(From));
  if (stride == kBytes) {
    if constexpr (std::is_same_v<From, To>) {
      std::memcpy(to, from, count * sizeof(From));
    } else {
      for (uint64_t i = 0; i < count; ++i) to[i] = static_cast<To>(load_element<From>(from + static_cast<int64_t>(i) * kBytes));
    }
    return;
  }
  for (uint64_t i = 0; i < count; ++i, from += stride) to[i] = static_cast<To>(load_element<From>(from));
}

template <class To>
using LaneLoader = void (*)(const std::byte* from, int64_t stride, uint64_t count, To* to);

// How a lane of a real dtype is read as To.
template <class To>
LaneLoader<To> lane_loader(int32_t dtype) {
  return visit_real(dtype, [](auto from) -> LaneLoader<To> { return &load_lane_as<typename decltype(from)::type, To>; });
}

// `rows` whole rows one after the other, each in C order.
template <class To>
void load_rows(const sqs_view& view, LaneLoader<To> load, int64_t element_bytes, uint64_t elements, uint64_t row, uint64_t rows,
               To* to) {
  const bool contiguous = rows_are_contiguous(view, element_bytes);
  if (contiguous && (rows == 1 || view.strides[0] == element_bytes * static_cast<int64_t>(elements)))
    return load(row_at(view, row), element_bytes, rows * elements, to);
  for (uint64_t i = 0; i < rows; ++i, to += elements) {
    const std::byte* from = row_at(view, row + i);
    if (contiguous) {
      load(from, element_bytes, elements, to);
      continue;
    }
    for (uint64_t element = 0; element < elements; ++element) load(from + lane_offset(view, element, 1), 0, 1, to + element);
  }
}

// Elements of kBytes each from a contiguous buffer into a strided lane.
template <size_t kBytes>
void scatter_lane(const void* from, uint64_t count, std::byte* to, int64_t stride) {
  const auto* source = static_cast<const std::byte*>(from);
  for (uint64_t i = 0; i < count; ++i, source += kBytes, to += stride) std::memcpy(to, source, kBytes);
}

// And the other way.
template <size_t kBytes>
void gather_lane(const std::byte* from, int64_t stride, uint64_t count, void* to) {
  auto* target = static_cast<std::byte*>(to);
  if (stride == static_cast<int64_t>(kBytes)) {
    std::memcpy(target, from, count * kBytes);
    return;
  }
  for (uint64_t i = 0; i < count; ++i, target += kBytes, from += stride) std::memcpy(target, from, kBytes);
}

// Bytes rounded up to a cache line, so that buffers cut from one scratch stay aligned.
constexpr uint64_t align_bytes(uint64_t bytes) { return (bytes + 63) & ~uint64_t{63}; }

// What a buffer of `bytes` takes of a scratch area. The two lines behind it keep buffers of a power of two from lying a
// multiple of 4 KiB apart, where loads wait for stores to the other buffer (measured: 4096 points c64 take 1.7 times as long).
constexpr uint64_t scratch_buffer_bytes(uint64_t bytes) { return align_bytes(bytes) + 128; }

// Cuts aligned buffers off a scratch area.
class ScratchCutter {
 public:
  explicit ScratchCutter(void* scratch) : next_(static_cast<std::byte*>(scratch)) {}
  template <class T>
  T* take(uint64_t count) {
    auto* buffer = reinterpret_cast<T*>(next_);
    next_ += scratch_buffer_bytes(count * sizeof(T));
    return buffer;
  }

 private:
  std::byte* next_;
};

}  // namespace sqs::dsp
