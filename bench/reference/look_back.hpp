// A forward scan that a backward one reads, by hand, over the kernels of the stage library (zero-phase filters, the Viterbi path):
//
//   stored         all rows of the forward scan in memory, then backward over them
//   checkpointed   the forward scan's state every k rows, the last k rows kept; then segment by segment from the last one on:
//                  evaluate its rows again from its state, go backward over them. k is the largest that the bytes allow.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "contender.hpp"
#include "stream.hpp"

namespace sqs::bench {

// A stage of the stage library that is two scans, over single frames of a stream.
struct TwoScans {
  std::string type;
  std::string params;
};

// The stream must be in memory and outlive them.
std::unique_ptr<Contender> stored_look_back(const TwoScans& scans, const Stream& stream);
// bytes: for states and rows between the scans.
std::unique_ptr<Contender> checkpointed_look_back(const TwoScans& scans, const Stream& stream, uint64_t bytes);

}  // namespace sqs::bench
