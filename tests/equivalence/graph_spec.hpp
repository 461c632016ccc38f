// A graph as plain data: what the random generator makes, what the naive evaluator evaluates and what a session hands to
// the engine. Values; a spec is not changed once made.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "sqrtspace/sqrtspace.h"

namespace eq {

struct AccessSpec {
  std::string stage;
  int32_t edge = SQS_VALID;
  uint64_t before = 0;
  uint64_t after = 0;
  uint64_t stride = 1;
  int64_t offset = 0;
  bool has_offset = false;

  uint64_t context() const { return before + 1 + after; }
};

// How a scan or reduce keeps what it carries.
enum class StateForm {
  Plain,  // state_bytes plain bytes
  Saved   // a pointer in the state, with save, restore and fini
};

struct StageSpec {
  std::string name;
  bool windows = false;  // a named access rule over inputs[0]; nothing else below it counts
  int32_t kind = SQS_MAP;
  int32_t direction = SQS_FORWARD;  // of a scan or reduce
  int32_t threading = SQS_CALLER_THREAD;
  int32_t purity = SQS_PURE;
  int32_t dtype = SQS_U8;
  std::vector<int64_t> shape;
  std::vector<AccessSpec> inputs;
  uint64_t lead = 0;
  uint64_t tail = 0;
  int32_t extend_edge = SQS_VALID;
  std::string crop;
  StateForm state = StateForm::Plain;
  uint64_t state_extra_bytes = 0;  // beyond the header of a plain state
  bool has_init = true;
  uint64_t scratch_bytes = 0;
  double cost_ns_per_row = 0;
  uint64_t seed = 0;      // of its mixing kernel
  bool specials = false;  // write NaN, infinities and negative zero now and then

  bool carries() const { return !windows && kind != SQS_MAP; }
  bool backward() const { return carries() && direction == SQS_BACKWARD; }
};

struct GraphSpec {
  uint64_t seed = 0;
  int32_t dtype = SQS_F32;
  uint64_t channels = 1;
  uint64_t window = 1;
  uint64_t hop = 1;
  bool pad_end = false;
  double sample_rate = 0;
  int32_t reading = SQS_CALLER_THREAD;  // sqs_threading_code, where a reader gives the frames
  uint64_t frames = 0;
  std::vector<uint8_t> samples;
  std::vector<StageSpec> stages;
  std::vector<std::string> targets;
};

// Elements in one row of `shape`.
uint64_t element_count(const std::vector<int64_t>& shape);
bool is_floating(int32_t dtype);

// Names of the backward scans and of all stages that read one, at whatever distance.
std::set<std::string> stages_that_look_back(const GraphSpec& graph);

// The graph as text, one stage a line, for a failure message.
std::string dump(const GraphSpec& graph);

}  // namespace eq
