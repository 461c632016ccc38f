// The graph of an sqs_pipeline: adding stages and windows, describing them.
#include "arguments.hpp"
#include "guard.hpp"
#include "objects.hpp"
#include "structs.hpp"

using namespace sqs;
using namespace sqs::capi;

namespace {

// ---------------------------------------------------------------- accesses

Result<Access> to_access(const sqs_access& from, const std::string& what) {
  SQS_TRY_ASSIGN(std::string stage, stage_name(from.stage, what + ".stage"));
  SQS_TRY(in_enum(from.edge, SQS_VALID, SQS_ODD, what + ".edge", "sqs_edge_code"));
  SQS_TRY(is_flag(from.has_offset, what + ".has_offset"));
  SQS_TRY(is_zero(from.reserved, what + ".reserved"));
  return Access{.stage = std::move(stage),
                .edge = static_cast<Edge>(from.edge),
                .before = from.before,
                .after = from.after,
                .stride = from.stride == 0 ? 1 : from.stride,
                .offset = from.has_offset == 1 ? from.offset : 0,
                .has_offset = from.has_offset == 1};
}

// Elements lie as many bytes apart as the first one says it has, so that callers with a longer sqs_access can pass an array.
Result<std::vector<Access>> to_accesses(const sqs_access* first, uint32_t count) {
  std::vector<Access> accesses;
  if (count == 0) return accesses;
  SQS_TRY(require_if_any(first, count, "accesses"));
  SQS_TRY_ASSIGN(const uint32_t stride, struct_size_at(first, size_of<sqs_access>()));
  accesses.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    const std::string what = "accesses[" + std::to_string(i) + "]";
    const auto* const at = reinterpret_cast<const unsigned char*>(first) + uint64_t{i} * stride;
    sqs_access one = {};
    SQS_TRY(read_bytes(at, &one, size_of<sqs_access>()));
    if (one.struct_size != stride)
      return Error{.code = SQS_E_ABI,
                   .message = what + ".struct_size is " + std::to_string(one.struct_size) + ", that of accesses[0] is " +
                              std::to_string(stride) + ": all elements of an array have one size"};
    SQS_TRY_ASSIGN(Access access, to_access(one, what));
    accesses.push_back(std::move(access));
  }
  return accesses;
}

Result<std::vector<Access>> to_plain_accesses(const char* const* inputs, uint32_t count) {
  std::vector<Access> accesses;
  if (count == 0) return accesses;
  SQS_TRY_ASSIGN(std::vector<std::string> names, stage_names(inputs, count, "inputs"));
  accesses.reserve(count);
  for (std::string& name : names) accesses.push_back(Access{.stage = std::move(name)});
  return accesses;
}

// ---------------------------------------------------------------- stages

Status check_codes(const sqs_stage& stage) {
  SQS_TRY(in_enum(stage.kind, SQS_MAP, SQS_REDUCE, "sqs_stage.kind", "sqs_kind_code"));
  SQS_TRY(in_enum(stage.direction, SQS_FORWARD, SQS_BACKWARD, "sqs_stage.direction", "sqs_direction_code"));
  SQS_TRY(in_enum(stage.threading, SQS_CALLER_THREAD, SQS_CONCURRENT, "sqs_stage.threading", "sqs_threading_code"));
  SQS_TRY(in_enum(stage.purity, SQS_PURE, SQS_ONCE, "sqs_stage.purity", "sqs_purity_code"));
  if (Status known = is_dtype(stage.dtype, "sqs_stage.dtype"); !known.ok()) {
    Error error = std::move(known).error();
    error.code = SQS_E_GRAPH;  // an impossible row, as an impossible shape is
    return error;
  }
  SQS_TRY(in_enum(stage.extend_edge, SQS_VALID, SQS_ODD, "sqs_stage.extend_edge", "sqs_edge_code"));
  return is_positive_or_zero(stage.cost_ns_per_row, "sqs_stage.cost_ns_per_row");
}

Result<std::vector<uint64_t>> to_shape(const sqs_stage& stage) {
  if (stage.ndim < 0 || stage.ndim > SQS_MAX_DIMS)
    return Error{.code = SQS_E_GRAPH,
                 .message = "sqs_stage.ndim is " + std::to_string(stage.ndim) + "; a row has 0.." + std::to_string(SQS_MAX_DIMS) +
                            " dimensions"};
  std::vector<uint64_t> shape;
  for (int32_t i = 0; i < stage.ndim; ++i) {
    if (stage.shape[i] < 1)
      return Error{.code = SQS_E_GRAPH,
                   .message = "sqs_stage.shape[" + std::to_string(i) + "] is " + std::to_string(stage.shape[i]) +
                              "; it must be at least 1"};
    shape.push_back(static_cast<uint64_t>(stage.shape[i]));
  }
  return shape;
}

Result<StageDecl> to_stage(const sqs_stage* from) {
  SQS_TRY_ASSIGN(const sqs_stage stage, read_struct(from));
  SQS_TRY(check_codes(stage));
  StageDecl decl;
  SQS_TRY_ASSIGN(decl.shape, to_shape(stage));
  decl.kind = static_cast<Kind>(stage.kind);
  decl.backward = stage.direction == SQS_BACKWARD;
  decl.threading = static_cast<Threading>(stage.threading);
  decl.once = stage.purity == SQS_ONCE;
  decl.dtype = stage.dtype;
  decl.state_bytes = stage.state_bytes;
  decl.saved_bytes = stage.saved_bytes;
  decl.scratch_bytes = stage.scratch_bytes;
  decl.fixed_bytes = stage.fixed_bytes;
  decl.lead = stage.lead;
  decl.tail = stage.tail;
  decl.extend_edge = static_cast<Edge>(stage.extend_edge);
  decl.crop = text_or_empty(stage.crop);
  decl.version = text_or_empty(stage.version);
  decl.cost_ns_per_row = stage.cost_ns_per_row;
  decl.process = stage.process;
  decl.init = stage.init;
  decl.finish = stage.finish;
  decl.fini = stage.fini;
  decl.save = stage.save;
  decl.restore = stage.restore;
  return decl;
}

// What is wrong with a declaration is told with the name of the stage it was for.
template <class Value>
Result<Value> blame(Result<Value> result, const std::string& stage) {
  if (result.ok()) return result;
  Error error = std::move(result).error();
  error.message = "stage '" + stage + "': " + error.message;
  error.stage = stage;
  return error;
}

// `accesses` reads the inputs, which come in two forms.
template <class Accesses>
int32_t add_stage(sqs_pipeline* p, const char* name, const sqs_stage* stage, void* user, sqs_destroy_fn destroy, sqs_error** err,
                  Accesses&& accesses) {
  return guarded(err, [&]() -> Status {
    User owner = own(user, destroy);
    SQS_TRY_ASSIGN(auto pipeline, enter(p));
    SQS_TRY_ASSIGN(std::string taken_name, stage_name(name, "name"));
    SQS_TRY_ASSIGN(StageDecl decl, blame(to_stage(stage), taken_name));
    SQS_TRY_ASSIGN(decl.inputs, blame(accesses(), taken_name));
    decl.name = std::move(taken_name);
    decl.user = std::move(owner);
    return pipeline->engine().add_stage(std::move(decl));
  });
}

}  // namespace

int32_t sqs_access_init(sqs_access* access, uint64_t size) { return init_struct(access, size); }

int32_t sqs_stage_init(sqs_stage* stage, uint64_t size) { return init_struct(stage, size); }

int32_t sqs_pipeline_add_stage(sqs_pipeline* p, const char* name, const sqs_stage* stage, const sqs_access* accesses,
                               uint32_t access_count, void* user, sqs_destroy_fn destroy, sqs_error** err) {
  return add_stage(p, name, stage, user, destroy, err, [&] { return to_accesses(accesses, access_count); });
}

int32_t sqs_pipeline_add_stage_on(sqs_pipeline* p, const char* name, const sqs_stage* stage, const char* const* inputs,
                                  uint32_t input_count, void* user, sqs_destroy_fn destroy, sqs_error** err) {
  return add_stage(p, name, stage, user, destroy, err, [&] { return to_plain_accesses(inputs, input_count); });
}

int32_t sqs_pipeline_add_windows(sqs_pipeline* p, const char* name, const sqs_access* access, sqs_error** err) {
  return guarded(err, [&]() -> Status {
    SQS_TRY_ASSIGN(auto pipeline, enter(p));
    SQS_TRY_ASSIGN(const std::string taken_name, stage_name(name, "name"));
    SQS_TRY_ASSIGN(const sqs_access read, blame(read_struct(access), taken_name));
    SQS_TRY_ASSIGN(Access rule, blame(to_access(read, "sqs_access"), taken_name));
    return pipeline->engine().add_windows(taken_name, std::move(rule));
  });
}

int32_t sqs_pipeline_describe(const sqs_pipeline* p, const char* stage, sqs_stage_info* out, sqs_error** err) {
  return guarded(err, [&]() -> Status {
    SQS_TRY_ASSIGN(auto pipeline, enter(p));
    SQS_TRY_ASSIGN(const std::string name, stage_name(stage, "stage"));
    SQS_TRY_ASSIGN(const auto filled, OutStruct<sqs_stage_info>::of(out));
    SQS_TRY_ASSIGN(const sqs_stage_info info, pipeline->engine().describe(name));
    filled.fill(info);
    return ok();
  });
}
