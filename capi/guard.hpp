// The border that no exception crosses. Every function of the C ABI that can fail has its body inside guarded(), and every
// foreign destroy function is called through call_destroy(). This is the only file of the project that catches at the border.
// Thread safety: free functions without state.
#pragma once

#include <cstdint>
#include <exception>
#include <new>
#include <type_traits>
#include <utility>

#include "core/forced_unwind.hpp"
#include "core/result.hpp"
#include "errors.hpp"

namespace sqs::capi {

// Runs body, which returns a Status, or a Result<int32_t> where success has more than one status, and turns its outcome into a
// status and an error object. A thread that ends inside a callback is let through.
template <class Body>
SQS_LETS_THREADS_END int32_t guarded(sqs_error** err, Body&& body) {
  try {
    auto outcome = std::forward<Body>(body)();
    if (!outcome.ok()) return hand_over(std::move(outcome).error(), err);
    if constexpr (std::is_same_v<decltype(outcome), Result<int32_t>>)
      return outcome.value();
    else
      return SQS_OK;
  } catch (abi::__forced_unwind&) {
    throw;
  } catch (const std::bad_alloc&) {
    return hand_over_ready_made(SQS_E_NO_MEMORY, err);
  } catch (const std::exception& defect) {
    try {
      return hand_over({.code = SQS_E_INTERNAL, .message = std::string("a defect of the library: ") + defect.what()}, err);
    } catch (const std::bad_alloc&) {
      return hand_over_ready_made(SQS_E_INTERNAL, err);
    }
  } catch (...) {
    return hand_over_ready_made(SQS_E_INTERNAL, err);
  }
}

// For functions that answer with a value instead of a status: what stands for "can't tell" is `otherwise`.
template <class Value, class Body>
SQS_LETS_THREADS_END Value guarded_value(Value otherwise, Body&& body) {
  try {
    return std::forward<Body>(body)();
  } catch (abi::__forced_unwind&) {
    throw;
  } catch (...) {
    return otherwise;
  }
}

// A destroy function has nobody to report to: what it throws is dropped.
inline void call_destroy(sqs_destroy_fn destroy, void* user) noexcept {
  try {
    destroy(user);
  } catch (...) {
  }
}

}  // namespace sqs::capi
