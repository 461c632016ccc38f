// A reader as the user declares it; see sqs_reader.
#pragma once

#include <cstdint>

#include "graph/stage.hpp"

namespace sqs {

struct ReaderDecl {
  int32_t dtype = 0;
  uint64_t channels = 0;
  uint64_t frame_count = 0;
  double sample_rate = 0;
  int64_t (*read)(void* user, uint64_t first, uint64_t frames, void* dst, char* message) = nullptr;
  Threading threading = Threading::Caller;
  User user;
};

}  // namespace sqs
