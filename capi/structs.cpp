#include "structs.hpp"

#include <string>

namespace sqs::capi {
namespace {

Error missing(const StructSize& size) {
  return {.code = SQS_E_NULL, .message = std::string("the ") + size.name + " is NULL"};
}

std::string told(uint32_t struct_size, const StructSize& size) {
  return std::string(size.name) + ".struct_size is " + std::to_string(struct_size);
}

}  // namespace

// Of a struct that is in order no sentence is made: pulls in a run, which allocates nothing, pass here.
Status check_size(uint32_t struct_size, const StructSize& size) {
  if (struct_size < size.first)
    return Error{.code = SQS_E_ABI,
                 .message = told(struct_size, size) + ", but the smallest there ever was is " + std::to_string(size.first) +
                            ": set struct_size to sizeof(" + size.name + "), as its init function does"};
  if (struct_size > kMostStructBytes)
    return Error{.code = SQS_E_ABI,
                 .message = told(struct_size, size) + ", more than the " + std::to_string(kMostStructBytes) +
                            " bytes a struct can have: is it initialised?"};
  return ok();
}

Result<uint32_t> struct_size_at(const void* from, const StructSize& size) {
  if (from == nullptr) return missing(size);
  uint32_t struct_size = 0;
  std::memcpy(&struct_size, from, sizeof struct_size);
  SQS_TRY(check_size(struct_size, size));
  return struct_size;
}

Status read_bytes(const void* from, void* to, const StructSize& size) {
  SQS_TRY_ASSIGN(const uint32_t struct_size, struct_size_at(from, size));
  const auto* const bytes = static_cast<const unsigned char*>(from);
  for (uint32_t i = size.known; i < struct_size; ++i)
    if (bytes[i] != 0)
      return Error{.code = SQS_E_ABI,
                   .message = std::string(size.name) + " has " + std::to_string(struct_size) + " bytes, of which this library knows " +
                              std::to_string(size.known) + ", and byte " + std::to_string(i) +
                              " is set: the library is older than the caller"};
  std::memcpy(to, from, std::min(struct_size, size.known));
  return ok();
}

int32_t init_bytes(void* to, uint64_t bytes, const StructSize& size) {
  if (to == nullptr) return SQS_E_NULL;
  if (bytes < size.first || bytes > kMostStructBytes) return SQS_E_ABI;
  std::memset(to, 0, bytes);
  const auto struct_size = static_cast<uint32_t>(bytes);
  std::memcpy(to, &struct_size, sizeof struct_size);
  return SQS_OK;
}

}  // namespace sqs::capi
