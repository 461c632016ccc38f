// Checks of what callers pass: pointers, numbers that stand for names, strings, user pointers with their destroy function.
// Each failure names the argument and its value. What an argument means is the engine's business.
// Thread safety: free functions without state.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "graph/stage.hpp"

namespace sqs::capi {

// Takes charge of a user pointer: destroy runs exactly once, when the last owner is gone, and also if this throws. Called
// before anything else can fail.
User own(void* user, sqs_destroy_fn destroy);

// SQS_E_NULL unless the pointer is set.
Status require(const void* pointer, const char* what);
// The same for `count` things of which there may be none.
Status require_if_any(const void* pointer, uint64_t count, const char* what);

// SQS_E_INVALID unless first <= value <= last; `names` says which enumeration it is.
Status in_enum(int32_t value, int32_t first, int32_t last, const std::string& what, const char* names);
Status is_flag(int32_t value, const std::string& what);
Status is_dtype(int32_t value, const std::string& what);
Status is_zero(uint64_t value, const std::string& what);
// SQS_E_INVALID unless finite and >= 0.
Status is_positive_or_zero(double value, const std::string& what);

// The name of a stage: UTF-8, not empty, no control characters; else SQS_E_NAME. NULL: SQS_E_NULL.
Result<std::string> stage_name(const char* name, const std::string& what);
Result<std::vector<std::string>> stage_names(const char* const* names, uint32_t count, const std::string& what);
// Any text that may be NULL, which is "".
std::string text_or_empty(const char* text);

}  // namespace sqs::capi
