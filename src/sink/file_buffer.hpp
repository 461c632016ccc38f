// The buffer a file sink gathers small writes in; part of a plan's memory.
#pragma once

#include <cstdint>

namespace sqs {

inline constexpr uint64_t kFileBufferBytes = 64 * 1024;

}  // namespace sqs
