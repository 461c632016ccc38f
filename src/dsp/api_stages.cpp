// The C functions that add stages and list stage types.
#include <algorithm>
#include <cstring>
#include <memory>

#include "chain.hpp"
#include "dtypes.hpp"
#include "guard.hpp"
#include "out_struct.hpp"
#include "sqrtspace/dsp.h"
#include "stage.hpp"
#include "text.hpp"

namespace sqs::dsp {
namespace {

// The i-th of a caller's accesses, which lie accesses[0].struct_size apart and may be shorter or longer than ours.
sqs_access access_at(const sqs_access* accesses, uint32_t index) {
  const uint32_t bytes = accesses->struct_size;
  require_struct_size("sqs_access", bytes, sizeof(sqs_access));
  sqs_access access;
  sqs_access_init(&access, sizeof access);
  const auto* from = reinterpret_cast<const std::byte*>(accesses) + size_t{index} * bytes;
  std::memcpy(&access, from, std::min<size_t>(bytes, sizeof access));
  return access;
}

// What a stage declared with this access will see. A failing engine call leaves its error in *err.
int32_t read_operand(const sqs_pipeline* p, const sqs_access& access, Operand& operand, sqs_error** err) {
  sqs_stage_info info = {};
  info.struct_size = sizeof info;
  if (const int32_t code = sqs_pipeline_describe(p, access.stage, &info, err); code != SQS_OK) return code;
  operand.stage = access.stage;
  operand.dtype = info.dtype;
  operand.before = access.before;
  const uint64_t stride = std::max<uint64_t>(access.stride, 1);
  uint64_t context = 0;
  if (__builtin_add_overflow(access.before, access.after, &context) || __builtin_add_overflow(context, uint64_t{1}, &context))
    fail(SQS_E_OVERFLOW, text("before + 1 + after of the access to \"", access.stage, "\" does not fit 64 bits"));
  operand.has_context = context > 1;
  operand.is_plain = context == 1 && stride == 1 && access.has_offset == 0;
  operand.is_whole_stream = info.step == 0;
  if (operand.has_context) operand.shape.push_back(context);
  for (int32_t axis = 0; axis < info.ndim; ++axis) operand.shape.push_back(static_cast<uint64_t>(info.shape[axis]));
  // Of a row that is a window, the engine tells the step in frames; of context, the stride is the hop itself.
  const bool windows = info.kind == 0 && info.ndim > 1;
  if (operand.has_context) operand.hop = stride;
  else if (windows && __builtin_mul_overflow(stride, info.step, &operand.hop)) operand.hop = 0;
  return SQS_OK;
}

void require(const void* pointer, const char* what) {
  if (pointer == nullptr) fail(SQS_E_NULL, text("the ", what, " is NULL"));
}

const TypeSpec& type_named(const char* name) {
  const TypeSpec* type = find_type(name);
  if (type != nullptr) return *type;
  std::string known;
  for (const TypeSpec* each : all_types()) known += text(' ', each->name);
  fail(SQS_E_NAME, text("no stage type \"", name, "\"; known are", known));
}

void require_input_count(const TypeSpec& type, uint32_t given) {
  const uint32_t least = type.input_count, most = least + type.optional_input_count;
  if (given >= least && given <= most) return;
  const std::string counts = least == most ? text(least) : text(least, " to ", most);
  fail(SQS_E_GRAPH, text(type.name, " reads ", counts, most == 1 ? " input" : " inputs", ", not ", given));
}

int32_t add(sqs_pipeline* p, const char* type_name, const char* name, const sqs_access* accesses, uint32_t access_count,
            const char* params_text, sqs_error** err) {
  require(p, "pipeline");
  require(type_name, "type");
  require(name, "name");
  if (access_count > 0) require(accesses, "list of accesses");
  const TypeSpec& type = type_named(type_name);
  const Params params = parse_params(type.name, type.params, params_text);
  require_input_count(type, access_count);
  std::vector<Operand> operands(access_count);
  for (uint32_t i = 0; i < access_count; ++i) {
    const sqs_access access = access_at(accesses, i);
    require(access.stage, "stage an access reads");
    sqs_error* why = nullptr;
    const int32_t code = read_operand(p, access, operands[i], &why);
    const std::unique_ptr<sqs_error, void (*)(sqs_error*)> owner(why, sqs_error_destroy);
    if (code == SQS_E_NAME) fail(code, text("stage '", name, "' can't read '", access.stage, "': ", sqs_error_message(why)));
    if (code != SQS_OK) fail(code, sqs_error_message(why));
  }
  return add_chain(p, type, name, accesses, access_count, type.build(params, operands), err);
}

}  // namespace
}  // namespace sqs::dsp

using namespace sqs::dsp;

int32_t sqs_dsp_add(sqs_pipeline* p, const char* type, const char* name, const sqs_access* accesses, uint32_t access_count,
                    const char* params, sqs_error** err) {
  return guarded(name, err, [&] { return add(p, type, name, accesses, access_count, params, err); });
}

int32_t sqs_dsp_add_on(sqs_pipeline* p, const char* type, const char* name, const char* input, const char* params,
                       sqs_error** err) {
  return guarded(name, err, [&] {
    require(input, "input");
    sqs_access access;
    sqs_access_init(&access, sizeof access);
    access.stage = input;
    return add(p, type, name, &access, 1, params, err);
  });
}

uint32_t sqs_dsp_type_count(void) { return static_cast<uint32_t>(all_types().size()); }

int32_t sqs_dsp_type_get(uint32_t index, sqs_dsp_type* out) {
  if (out == nullptr) return SQS_E_NULL;
  if (!is_struct_size(out->struct_size, kTypeBytes)) return SQS_E_ABI;
  if (index >= all_types().size()) return SQS_E_RANGE;
  const TypeSpec& type = *all_types()[index];
  sqs_dsp_type filled = {};
  filled.kind = type.kind;
  filled.name = type.name;
  filled.doc = type.doc;
  filled.param_count = static_cast<uint32_t>(type.params.size());
  filled.input_count = type.input_count;
  filled.optional_input_count = type.optional_input_count;
  fill_struct(filled, out);
  return SQS_OK;
}

int32_t sqs_dsp_param_get(uint32_t type_index, uint32_t param_index, sqs_dsp_param* out) {
  if (out == nullptr) return SQS_E_NULL;
  if (!is_struct_size(out->struct_size, kParamBytes)) return SQS_E_ABI;
  if (type_index >= all_types().size() || param_index >= all_types()[type_index]->params.size()) return SQS_E_RANGE;
  const ParamSpec& param = all_types()[type_index]->params[param_index];
  sqs_dsp_param filled = {};
  filled.required = param.required ? 1 : 0;
  filled.name = param.name;
  filled.type = param_type_name(param.type);
  filled.unit = param.unit;
  filled.default_value = param.default_value;
  filled.range = param.range;
  filled.doc = param.doc;
  fill_struct(filled, out);
  return SQS_OK;
}
