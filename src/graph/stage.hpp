// What a stage is and declares: the engine's own copy of sqs_stage, sqs_access and sqs_format. Plain values.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sqrtspace/sqrtspace.h"

namespace sqs {

enum class Kind : int32_t { Frames = -1, Windows = 0, Map = SQS_MAP, Scan = SQS_SCAN, Reduce = SQS_REDUCE };
enum class Edge : int32_t { Valid = SQS_VALID, Zero = SQS_ZERO, Clamp = SQS_CLAMP, Reflect = SQS_REFLECT, Odd = SQS_ODD };
enum class Threading : int32_t { Caller = SQS_CALLER_THREAD, Any = SQS_ANY_THREAD, Concurrent = SQS_CONCURRENT };

struct Format {
  int32_t dtype = 0;
  uint64_t channels = 1;
  uint64_t window = 0;
  uint64_t hop = 0;
  double sample_rate = 0;
  bool pad_end = false;
};

// How a stage reads another; see sqs_access for the rule.
struct Access {
  std::string stage;
  Edge edge = Edge::Valid;
  uint64_t before = 0;
  uint64_t after = 0;
  uint64_t stride = 1;
  int64_t offset = 0;
  bool has_offset = false;
};

// A user pointer and its destroy, run when the last owner is gone.
using User = std::shared_ptr<void>;

struct StageDecl {
  std::string name;
  Kind kind = Kind::Map;
  bool backward = false;
  Threading threading = Threading::Caller;
  bool once = false;
  int32_t dtype = 0;
  std::vector<uint64_t> shape;  // of one row
  std::vector<Access> inputs;
  uint64_t state_bytes = 0;
  uint64_t saved_bytes = 0;
  uint64_t scratch_bytes = 0;
  uint64_t fixed_bytes = 0;
  uint64_t lead = 0;
  uint64_t tail = 0;
  Edge extend_edge = Edge::Valid;
  std::string crop;     // "" for none
  std::string version;
  double cost_ns_per_row = 0;
  sqs_process_fn process = nullptr;
  sqs_init_fn init = nullptr;
  sqs_finish_fn finish = nullptr;
  sqs_fini_fn fini = nullptr;
  sqs_save_fn save = nullptr;
  sqs_restore_fn restore = nullptr;
  User user;
};

}  // namespace sqs
