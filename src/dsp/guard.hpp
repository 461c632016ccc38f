// The border of this library: what may throw runs inside guarded() or guarded_callback(), and leaves them as a status, an
// error object or a sentence in a call's message. The only try/catch of src/dsp. Thread safety: no state.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "sqrtspace/sqrtspace.h"

namespace sqs::dsp {

// Thrown for what can happen: code is an sqs_status_code, message a sentence with the number and the remedy.
struct Failure {
  int32_t code = SQS_E_INTERNAL;
  std::string message;
  uint64_t row = SQS_NONE;  // of the stage that was computed, if one is to blame
};

[[noreturn]] inline void fail(int32_t code, std::string message) { throw Failure{code, std::move(message)}; }
// While a row is computed; counted as call->first_row is.
[[noreturn]] inline void fail_at(uint64_t row, std::string message) { throw Failure{SQS_E_STAGE, std::move(message), row}; }

// Runs body, which returns a status of its own; what it throws becomes an error object. stage may be NULL.
template <class Body>
int32_t guarded(const char* stage, sqs_error** err, Body&& body) noexcept {
  try {
    return std::forward<Body>(body)();
  } catch (const Failure& failure) {
    return sqs_error_create(failure.code, stage, SQS_NONE, failure.message.c_str(), err);
  } catch (const std::bad_alloc&) {
    return sqs_error_create(SQS_E_NO_MEMORY, stage, SQS_NONE, "the system refused memory", err);
  } catch (const std::exception& exception) {
    return sqs_error_create(SQS_E_INTERNAL, stage, SQS_NONE, exception.what(), err);
  } catch (...) {
    return sqs_error_create(SQS_E_INTERNAL, stage, SQS_NONE, "an exception of unknown type", err);
  }
}

inline void copy_message(std::string_view sentence, char* message) noexcept {
  if (message == nullptr) return;
  const size_t length = std::min<size_t>(sentence.size(), SQS_MESSAGE_BYTES - 1);
  std::memcpy(message, sentence.data(), length);
  message[length] = '\0';
}

// Runs the body of a callback and returns `success`, or 0 and a sentence in message. row, if not NULL, receives that of the
// failure.
template <class Body>
int64_t guarded_callback(char* message, int64_t success, Body&& body, uint64_t* row = nullptr) noexcept {
  try {
    std::forward<Body>(body)();
    return success;
  } catch (const Failure& failure) {
    copy_message(failure.message, message);
    if (row != nullptr) *row = failure.row;
  } catch (const std::exception& exception) {
    copy_message(exception.what(), message);
  } catch (...) {
    copy_message("an exception of unknown type", message);
  }
  return 0;
}

}  // namespace sqs::dsp
