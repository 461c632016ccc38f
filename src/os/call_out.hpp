// The way out into user code: an exception that a callback lets escape becomes its message and the failure of the call, and
// the floating-point environment is as the engine wants it before and after, whatever the callback did to it.
#pragma once

#include <cstdio>
#include <exception>

#include "core/forced_unwind.hpp"
#include "os/fpenv.hpp"
#include "sqrtspace/sqrtspace.h"

namespace sqs {

// message has SQS_MESSAGE_BYTES. `call` leaves its results as for a failure if it does not end normally.
template <class Call>
SQS_LETS_THREADS_END void call_out(char* message, Call&& call) {
  try {
    call();
  } catch (abi::__forced_unwind&) {
    throw;
  } catch (const std::exception& e) {
    std::snprintf(message, SQS_MESSAGE_BYTES, "it threw: %s", e.what());
  } catch (...) {
    std::snprintf(message, SQS_MESSAGE_BYTES, "it threw something that is not a std::exception");
  }
  os::FpEnvironment::pinned().install();
}

}  // namespace sqs
