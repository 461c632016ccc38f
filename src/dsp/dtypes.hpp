// Element types: choosing code by dtype, and what a type computes in. Thread safety: no state.
#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>
#include <vector>

#include "guard.hpp"
#include "sqrtspace/sqrtspace.h"
#include "stage.hpp"
#include "text.hpp"

namespace sqs::dsp {

inline bool is_complex(int32_t dtype) { return dtype == SQS_C64 || dtype == SQS_C128; }
inline bool is_float(int32_t dtype) { return dtype == SQS_F32 || dtype == SQS_F64; }

// Real arithmetic is in f32 for f32 and integers of at most 16 bits, which f32 holds exactly; else in f64.
inline int32_t real_compute_dtype(int32_t dtype) {
  switch (dtype) {
    case SQS_F32: case SQS_U8: case SQS_I8: case SQS_U16: case SQS_I16: case SQS_C64: return SQS_F32;
    default: return SQS_F64;
  }
}
inline int32_t complex_of(int32_t real) { return real == SQS_F32 ? SQS_C64 : SQS_C128; }

template <class T>
struct Type {
  using type = T;
};

// Calls visit(Type<T>{}) with the C++ type of a real dtype.
template <class Visit>
auto visit_real(int32_t dtype, Visit&& visit) {
  switch (dtype) {
    case SQS_U8: return visit(Type<uint8_t>{});
    case SQS_I8: return visit(Type<int8_t>{});
    case SQS_U16: return visit(Type<uint16_t>{});
    case SQS_I16: return visit(Type<int16_t>{});
    case SQS_U32: return visit(Type<uint32_t>{});
    case SQS_I32: return visit(Type<int32_t>{});
    case SQS_U64: return visit(Type<uint64_t>{});
    case SQS_I64: return visit(Type<int64_t>{});
    case SQS_F32: return visit(Type<float>{});
    case SQS_F64: return visit(Type<double>{});
    default: fail(SQS_E_INTERNAL, text("dtype ", dtype, " is not a real one"));
  }
}

// The same for the two types of arithmetic.
template <class Visit>
auto visit_float(int32_t dtype, Visit&& visit) {
  if (dtype == SQS_F32) return visit(Type<float>{});
  return visit(Type<double>{});
}

// "auto|u8|..": the dtype a choice parameter names; 0 for a word that is none.
inline int32_t dtype_named(std::string_view name) {
  for (int32_t dtype = SQS_U8; dtype <= SQS_C128; ++dtype)
    if (name == sqs_dtype_name(dtype)) return dtype;
  return 0;
}

inline uint64_t product(const std::vector<uint64_t>& extents, size_t from = 0) {
  uint64_t count = 1;
  for (size_t axis = from; axis < extents.size(); ++axis) {
    if (__builtin_mul_overflow(count, extents[axis], &count)) fail(SQS_E_OVERFLOW, "the elements of a row do not fit 64 bits");
  }
  return count;
}

inline uint64_t checked_bytes(uint64_t count, uint64_t element_bytes) {
  uint64_t bytes = 0;
  if (__builtin_mul_overflow(count, element_bytes, &bytes)) fail(SQS_E_OVERFLOW, "the bytes of a row do not fit 64 bits");
  return bytes;
}

inline void require_real(const char* type, const Operand& input) {
  if (is_complex(input.dtype))
    fail(SQS_E_GRAPH, text(type, ": \"", input.stage, "\" is complex (", sqs_dtype_name(input.dtype),
                           "); take its magnitude first"));
}

inline void require_axis(const char* type, const Operand& input) {
  if (input.shape.empty())
    fail(SQS_E_GRAPH, text(type, ": a row of \"", input.stage,
                           "\" is a single value; read it with before or after, or read a stage with an axis"));
}

// The shape of what a type that works along axis 0 keeps: all other axes.
inline std::vector<uint64_t> other_axes(const Operand& input) {
  return std::vector<uint64_t>(input.shape.begin() + 1, input.shape.end());
}

// A shape with `extent` in front of the other axes.
inline std::vector<uint64_t> with_axis(uint64_t extent, const Operand& input) {
  std::vector<uint64_t> shape = {extent};
  shape.insert(shape.end(), input.shape.begin() + 1, input.shape.end());
  return shape;
}

}  // namespace sqs::dsp
