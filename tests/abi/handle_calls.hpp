// Every function of the C ABI that takes a handle, called with a handle that is handed in and everything else in order, so
// that only the handle decides the answer. Which functions there are is checked against exports.txt.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sqrtspace/sqrtspace.h"

namespace border {

enum class HandleKind { Pipeline, Input, Plan, Run, Result, Error };

// How a function answers to a handle it refuses.
enum class Answer {
  Status,   // a code and an error object; *out is NULL
  Code,     // a code alone (cancel)
  Text,     // ""
  Nothing,  // destroy
  ErrorCode // sqs_error_code: the code, but SQS_E_HANDLE for NULL
};

struct HandleCall {
  std::string name;
  HandleKind kind;
  Answer answer;
  bool exclusive;  // takes `T *`
  bool has_destroy;  // takes a user pointer with a destroy function; user is a Counted
  // Calls it. `out` receives a handle if it makes one; user goes with Counted::destroy.
  std::function<int32_t(void* handle, void** out, void* user, sqs_error** err)> status;
  std::function<const char*(void* handle)> text;
};

const std::vector<HandleCall>& handle_calls();

// Functions that take no handle.
const std::vector<std::string>& calls_without_handle();

}  // namespace border
