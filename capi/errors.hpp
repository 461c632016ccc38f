// How a failure leaves the library: as a status and, if the caller asked for it, an sqs_error object. There is one made ahead
// for every status, so that a failure can be told when there is no memory to tell it in.
// Thread safety: free functions without state.
#pragma once

#include <cstdint>

#include "core/result.hpp"

namespace sqs::capi {

// Hands the error over to the caller (err may be NULL) and returns its code. Never throws, never fails.
int32_t hand_over(Error&& error, sqs_error** err) noexcept;

// The same with the sentence made ahead for that code.
int32_t hand_over_ready_made(int32_t code, sqs_error** err) noexcept;

}  // namespace sqs::capi
