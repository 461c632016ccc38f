// A stage type: its entry in the table, and what building one yields. Kernel is the seam between the C callbacks and the
// arithmetic: one virtual call per tile. Types and their tables are constant; a Kernel may be called from several threads at
// once only if its recipe says SQS_CONCURRENT.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "params.hpp"
#include "sqrtspace/sqrtspace.h"

namespace sqs::dsp {

// An input as a type sees it: the context axis, if there is one, and the row's own axes taken together.
struct Operand {
  std::string stage;
  int32_t dtype = 0;
  std::vector<uint64_t> shape;
  uint64_t before = 0;  // rows of context before the centre
  bool has_context = false;
  uint64_t hop = 0;     // rows of axis 0 by which one output row lies after the one before; 0: not known
  bool is_plain = true;         // read row by row: no context, stride or offset
  bool is_whole_stream = false; // one row for the whole stream, as a reduce has
};

// The computation of one stage. Nothing here allocates while a tile is computed. A Failure thrown becomes SQS_E_STAGE.
class Kernel {
 public:
  virtual ~Kernel() = default;
  virtual void process(sqs_call& call) const = 0;
  virtual void init(sqs_call&) const {}
  virtual void finish(sqs_call&) const {}
};

// What a type builds: a stage, and the stages that have to be added for it before.
struct Recipe {
  int32_t kind = SQS_MAP;
  int32_t direction = SQS_FORWARD;
  int32_t threading = SQS_CONCURRENT;
  int32_t dtype = 0;
  std::vector<uint64_t> shape;  // of one output row
  uint64_t state_bytes = 0;
  uint64_t scratch_bytes = 0;
  uint64_t fixed_bytes = 0;
  double cost_ns_per_row = 0;
  uint64_t lead = 0, tail = 0;    // of a scan: rows by which its input is extended, filled as extend_edge says
  int32_t extend_edge = SQS_VALID;
  bool crops_to_input = false;    // keeps only the rows that lie on those of the first stage the caller named
  std::unique_ptr<const Kernel> kernel;
  // A chain: the first helper reads what the caller named, each other one the helper before it, and this stage the last one.
  std::vector<Recipe> helpers;
  bool also_reads_input = false;  // of the stage after the helpers: its next inputs are what the caller named
  const char* suffix = "";        // of a helper, which is added as "<name>.<suffix>"
};

struct TypeSpec {
  const char* name;
  int32_t kind;
  const char* doc;
  std::span<const ParamSpec> params;
  uint32_t input_count;
  Recipe (*build)(const Params& params, std::span<const Operand> inputs);  // throws Failure
  uint32_t optional_input_count = 0;  // further inputs that it can be given
};

// Every type of this library, in the order of the families.
std::span<const TypeSpec* const> all_types();
const TypeSpec* find_type(const char* name);

// The declaration for the engine. kernel leaves the recipe: it is the user pointer, freed by destroy_kernel.
sqs_stage declare(const TypeSpec& type, const Recipe& recipe);
void destroy_kernel(void* kernel);

}  // namespace sqs::dsp
