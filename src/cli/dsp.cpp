#include "dsp.hpp"

namespace sqs::cli {
namespace {

namespace sq = sqrtspace;

// Status and error of one call, thrown if it failed. Takes the error over.
void check(int32_t status, sqs_error* error) {
  if (status >= SQS_OK) return;
  const std::unique_ptr<sqs_error, void (*)(sqs_error*)> owned(error, sqs_error_destroy);
  throw sq::Error(status, sqs_error_message(error), sqs_error_stage(error), sqs_error_row(error));
}

sqs_access to_c(const sq::Access& access) {
  sqs_access to;
  sqs_access_init(&to, sizeof to);
  to.stage = access.stage.c_str();
  to.edge = static_cast<int32_t>(access.edge);
  to.before = access.before;
  to.after = access.after;
  to.stride = access.stride;
  to.offset = access.offset.value_or(0);
  to.has_offset = access.offset ? 1 : 0;
  return to;
}

}  // namespace

void add_dsp(sq::Pipeline& pipeline, const char* type, const char* name, const std::vector<sq::Access>& inputs,
             const std::string& params) {
  std::vector<sqs_access> accesses;
  for (const sq::Access& input : inputs) accesses.push_back(to_c(input));
  sqs_error* error = nullptr;
  const int32_t status = sqs_dsp_add(pipeline.get(), type, name, accesses.data(), static_cast<uint32_t>(accesses.size()),
                                     params.c_str(), &error);
  check(status, error);
}

sqs_file_info file_info(const std::string& path, const std::string& options) {
  sqs_file_info info{};
  info.struct_size = sizeof info;
  sqs_error* error = nullptr;
  const int32_t status = sqs_dsp_file_info(path.c_str(), options.c_str(), &info, &error);
  check(status, error);
  return info;
}

void set_file(sq::Pipeline& pipeline, const std::string& path, const std::string& options) {
  sqs_error* error = nullptr;
  const int32_t status = sqs_dsp_set_file(pipeline.get(), path.c_str(), options.c_str(), &error);
  check(status, error);
}

std::vector<sqs_dsp_type> dsp_types() {
  std::vector<sqs_dsp_type> types(sqs_dsp_type_count());
  for (uint32_t i = 0; i < types.size(); ++i) {
    types[i].struct_size = sizeof types[i];
    check(sqs_dsp_type_get(i, &types[i]), nullptr);
  }
  return types;
}

std::vector<sqs_dsp_param> dsp_params(uint32_t type_index) {
  std::vector<sqs_dsp_param> params(dsp_types().at(type_index).param_count);
  for (uint32_t i = 0; i < params.size(); ++i) {
    params[i].struct_size = sizeof params[i];
    check(sqs_dsp_param_get(type_index, i, &params[i]), nullptr);
  }
  return params;
}

}  // namespace sqs::cli
