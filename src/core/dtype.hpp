// Element types: size, name, and which arithmetic the odd edge may use.
#pragma once

#include <cstdint>

#include "sqrtspace/sqrtspace.h"

namespace sqs {

inline constexpr bool dtype_known(int32_t dtype) { return dtype >= SQS_U8 && dtype <= SQS_C128; }

inline constexpr uint64_t dtype_bytes(int32_t dtype) {
  constexpr uint64_t kBytes[] = {0, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8, 8, 16};
  return dtype_known(dtype) ? kBytes[dtype] : 0;
}

inline constexpr const char* dtype_name(int32_t dtype) {
  constexpr const char* kNames[] = {"?",   "u8",  "i8",  "u16", "i16", "u32", "i32",
                                    "u64", "i64", "f32", "f64", "c64", "c128"};
  return dtype_known(dtype) ? kNames[dtype] : "?";
}

inline constexpr bool dtype_is_real_or_complex_float(int32_t dtype) { return dtype >= SQS_F32 && dtype <= SQS_C128; }

}  // namespace sqs
