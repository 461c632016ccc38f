// The way out into user code: an exception that a callback lets escape becomes its message and the failure of the call, and
// the floating-point environment is as the engine wants it before and after, whatever the callback did to it.
#pragma once

#include <cstdio>
#include <exception>

#if defined(__GLIBCXX__)
#include <cxxabi.h>
#endif

#include "os/fpenv.hpp"
#include "sqrtspace/sqrtspace.h"

namespace sqs {

// message has SQS_MESSAGE_BYTES. `call` leaves its results as for a failure if it does not end normally.
template <class Call>
void call_out(char* message, Call&& call) {
  try {
    call();
#if defined(__GLIBCXX__)
  } catch (abi::__forced_unwind&) {
    throw;  // thread cancellation must not be stopped
#endif
  } catch (const std::exception& e) {
    std::snprintf(message, SQS_MESSAGE_BYTES, "it threw: %s", e.what());
  } catch (...) {
    std::snprintf(message, SQS_MESSAGE_BYTES, "it threw something that is not a std::exception");
  }
  os::FpEnvironment::pinned().install();
}

}  // namespace sqs
