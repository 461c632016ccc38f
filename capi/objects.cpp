#include "objects.hpp"

namespace sqs::capi {

Error refused_handle(int32_t code, const char* type_name) {
  const std::string type = type_name;
  switch (code) {
    case SQS_E_NULL:
      return {.code = code, .message = "the " + type + " is NULL"};
    case SQS_E_BUSY:
      return {.code = code, .message = "another thread is inside a call on this " + type + ": wait until that call has returned"};
    case SQS_E_REENTRANT:
      return {.code = code,
              .message = "this call was made from inside a callback of the same " + type + ": make it after that call has returned"};
    case SQS_E_FORKED:
      return {.code = code,
              .message = "this " + type + " was made before fork(): the child process can only destroy it, and make its own"};
    default:
      return {.code = code, .message = "this is not a live " + type + ": it was destroyed, or is a handle of another type"};
  }
}

}  // namespace sqs::capi
