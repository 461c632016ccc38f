// The resident set of this process. Linux only; 0 where it does not tell.
#pragma once

#include <cstdint>

namespace sqs::bench {

uint64_t resident_bytes();       // VmRSS
uint64_t resident_peak_bytes();  // VmHWM, since the start or the last reset
void reset_resident_peak();

}  // namespace sqs::bench
