// Counts allocations by operator new in the whole test program. Thread-safe.
#pragma once

#include <cstdint>

namespace sqs {

uint64_t allocations_made();

}  // namespace sqs
