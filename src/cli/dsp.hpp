// The stage library (dsp.h) for C++: what goes wrong is thrown as sqrtspace::Error. Thread safety: that of the handles.
#pragma once

#include <string>
#include <vector>

#include "sqrtspace/dsp.h"
#include "sqrtspace/sqrtspace.hpp"

namespace sqs::cli {

// Adds a ready-made stage, on inputs read row by row or through an access rule.
void add_dsp(sqrtspace::Pipeline& pipeline, const char* type, const char* name,
             const std::vector<sqrtspace::Access>& inputs, const std::string& params);

sqs_file_info file_info(const std::string& path, const std::string& options);
void set_file(sqrtspace::Pipeline& pipeline, const std::string& path, const std::string& options);

// What there is. References to static strings.
std::vector<sqs_dsp_type> dsp_types();
std::vector<sqs_dsp_param> dsp_params(uint32_t type_index);

}  // namespace sqs::cli
