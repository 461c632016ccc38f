// Structs of the ABI that a caller hands in to be filled: they start with struct_size and grow at the end only. Thread safety:
// no state.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "guard.hpp"
#include "sqrtspace/dsp.h"
#include "text.hpp"

namespace sqs::dsp {

// Bytes of each in the first release; these never change.
inline constexpr uint32_t kTypeBytes = 32, kParamBytes = 56, kFileInfoBytes = 48;
inline constexpr uint32_t kMostStructBytes = 4096;

// Whether a caller's struct_size can be one.
inline bool is_struct_size(uint32_t struct_size, uint32_t first_bytes) {
  return struct_size >= first_bytes && struct_size <= kMostStructBytes;
}

inline void require_struct_size(const char* name, uint32_t struct_size, uint32_t first_bytes) {
  if (!is_struct_size(struct_size, first_bytes))
    fail(SQS_E_ABI, text(name, ".struct_size is ", struct_size, ": set it to sizeof(", name, ") first"));
}

// Copies what the caller has room for, zeroes what this library does not know, and leaves struct_size as it is.
template <class Struct>
void fill_struct(Struct value, Struct* out) {
  const uint32_t struct_size = out->struct_size;
  value.struct_size = struct_size;
  const auto known = std::min<uint32_t>(struct_size, sizeof(Struct));
  std::memcpy(static_cast<void*>(out), &value, known);
  std::memset(reinterpret_cast<unsigned char*>(out) + known, 0, struct_size - known);
}

}  // namespace sqs::dsp
