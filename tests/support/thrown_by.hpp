// What the C++ wrapper throws. C++17 as well as C++20.
#pragma once

#include <gtest/gtest.h>

#include "sqrtspace/sqrtspace.hpp"

namespace sqs::test {

// The error that a call throws; SQS_OK, and a failure of the test, if it throws none.
template <class Call>
sqrtspace::Error thrown_by(Call&& call) {
  try {
    call();
  } catch (const sqrtspace::Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return {SQS_OK, ""};
}

}  // namespace sqs::test
