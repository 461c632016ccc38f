// The user's knobs, as sqs_settings, with its meaning of zero.
#pragma once

#include <cstdint>
#include <string>

#include "sqrtspace/sqrtspace.h"

namespace sqs {

struct Settings {
  int32_t mode = SQS_AUTO;
  uint64_t memory_budget = 0;
  uint64_t checkpoint_every = 0;
  uint64_t lru_bytes = 0;
  uint32_t threads = 1;
  uint64_t tile_frames = 0;
  std::string spill_dir;       // "": no disk
  uint64_t disk_bytes = 0;
  uint32_t max_ratio = 0;
};

}  // namespace sqs
