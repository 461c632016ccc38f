// What a fallible call returns: a value, or an error with a sentence for the user. Nothing in the engine throws for what can
// happen; std::bad_alloc is caught at the C border. Thread safety: values, no shared state.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

#include "sqrtspace/sqrtspace.h"

namespace sqs {

inline constexpr uint64_t kNoRow = SQS_NONE;

// code is an sqs_status_code; message says what was wrong, the number, and the remedy.
struct Error {
  int32_t code = SQS_E_INTERNAL;
  std::string message;
  std::string stage = {};
  uint64_t row = kNoRow;
};

struct Nothing {};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : held_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return held_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() & { return std::get<0>(held_); }
  const T& value() const& { return std::get<0>(held_); }
  T&& value() && { return std::get<0>(std::move(held_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  Error& error() & { return std::get<1>(held_); }
  const Error& error() const& { return std::get<1>(held_); }
  Error&& error() && { return std::get<1>(std::move(held_)); }

 private:
  std::variant<T, Error> held_;
};

using Status = Result<Nothing>;
inline Status ok() { return Nothing{}; }

// Leaves the function with the error of a failed Result.
#define SQS_TRY(expression)                                       \
  do {                                                            \
    auto sqs_try_result = (expression);                           \
    if (!sqs_try_result.ok()) return std::move(sqs_try_result).error(); \
  } while (0)

#define SQS_TRY_JOIN2(a, b) a##b
#define SQS_TRY_JOIN(a, b) SQS_TRY_JOIN2(a, b)
// Declares `variable` from the value of a Result, or leaves with its error.
#define SQS_TRY_ASSIGN(variable, expression)                                          \
  auto SQS_TRY_JOIN(sqs_try_, __LINE__) = (expression);                               \
  if (!SQS_TRY_JOIN(sqs_try_, __LINE__).ok()) return std::move(SQS_TRY_JOIN(sqs_try_, __LINE__)).error(); \
  variable = std::move(SQS_TRY_JOIN(sqs_try_, __LINE__)).value()

}  // namespace sqs
