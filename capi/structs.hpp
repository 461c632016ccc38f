// Reading and writing the structs of the C ABI, which start with struct_size and grow at the end only. A caller built against
// an older header sends fewer bytes: the rest reads as zero, which means default. One built against a newer header sends more:
// fine as long as what this library does not know is zero.
// Thread safety: free functions without state.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "core/result.hpp"

namespace sqs::capi {

// Bytes of each struct in the first release of the ABI. These numbers never change; sizeof grows.
template <class Struct>
struct StructTraits;
#define SQS_STRUCT(type, first_bytes)                              \
  template <>                                                      \
  struct StructTraits<type> {                                      \
    static constexpr const char* kName = #type;                    \
    static constexpr uint32_t kFirstBytes = first_bytes;           \
    static_assert(sizeof(type) >= first_bytes, "structs only grow"); \
  }
SQS_STRUCT(sqs_format, 48);
SQS_STRUCT(sqs_access, 56);
SQS_STRUCT(sqs_stage, 200);
SQS_STRUCT(sqs_stage_info, 104);
SQS_STRUCT(sqs_reader, 48);
SQS_STRUCT(sqs_settings, 72);
SQS_STRUCT(sqs_plan_info, 224);
SQS_STRUCT(sqs_frontier_point, 56);
SQS_STRUCT(sqs_stats, 288);
SQS_STRUCT(sqs_stage_stats, 88);
SQS_STRUCT(sqs_view, 176);
#undef SQS_STRUCT

// What a struct_size can be at most; more is taken for an uninitialised struct, whose tail must not be read.
inline constexpr uint32_t kMostStructBytes = 4096;

struct StructSize {
  const char* name;
  uint32_t first;  // bytes in the first release
  uint32_t known;  // bytes in this library
};
template <class Struct>
constexpr StructSize size_of() {
  return {StructTraits<Struct>::kName, StructTraits<Struct>::kFirstBytes, sizeof(Struct)};
}

// SQS_E_ABI unless a caller's struct_size is one this library can deal with.
Status check_size(uint32_t struct_size, const StructSize& size);
// The caller's struct_size, wherever the struct lies; checked.
Result<uint32_t> struct_size_at(const void* from, const StructSize& size);
// Copies a caller's struct to `to`, which holds size.known zero bytes.
Status read_bytes(const void* from, void* to, const StructSize& size);
// Zero-fills a struct of `bytes` bytes and sets its struct_size.
int32_t init_bytes(void* to, uint64_t bytes, const StructSize& size);

template <class Struct>
Result<Struct> read_struct(const Struct* from) {
  static_assert(std::is_trivially_copyable_v<Struct>);
  Struct value = {};
  SQS_TRY(read_bytes(from, &value, size_of<Struct>()));
  return value;
}

template <class Struct>
int32_t init_struct(Struct* to, uint64_t bytes) {
  return init_bytes(to, bytes, size_of<Struct>());
}

// A caller's struct that will be filled. It is checked before the work is done; fill() writes at most struct_size bytes, zeros
// what this library does not know, and leaves struct_size as it is.
template <class Struct>
class OutStruct {
 public:
  static Result<OutStruct> of(Struct* out) {
    SQS_TRY_ASSIGN(const uint32_t struct_size, struct_size_at(out, size_of<Struct>()));
    return OutStruct(out, struct_size);
  }
  void fill(Struct value) const {
    value.struct_size = struct_size_;
    const auto known = std::min<uint32_t>(struct_size_, sizeof(Struct));
    std::memcpy(static_cast<void*>(out_), &value, known);
    std::memset(reinterpret_cast<unsigned char*>(out_) + known, 0, struct_size_ - known);
  }

 private:
  OutStruct(Struct* out, uint32_t struct_size) : out_(out), struct_size_(struct_size) {}
  Struct* out_;
  uint32_t struct_size_;
};

}  // namespace sqs::capi
