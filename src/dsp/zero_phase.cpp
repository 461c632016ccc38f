#include "zero_phase.hpp"

#include <utility>

#include "dtypes.hpp"
#include "types.hpp"

namespace sqs::dsp {
namespace {

int32_t edge_of(const Params& params) {
  if (params.is("padtype", "odd")) return SQS_ODD;
  return params.is("padtype", "even") ? SQS_REFLECT : SQS_CLAMP;
}

void require_rows_of_a_stream(const char* type, const Operand& input) {
  if (input.is_whole_stream)
    fail(SQS_E_GRAPH, text(type, ": \"", input.stage, "\" has one row for the whole stream, which can't be extended: "
                           "use padtype=none"));
  if (!input.is_plain)
    fail(SQS_E_GRAPH, text(type, ": \"", input.stage, "\" is read with before, after, stride or offset, which can't be extended: "
                           "read it row by row, or use padtype=none"));
}

Recipe to_float(const Operand& input) {
  const std::string params = text("dtype=", sqs_dtype_name(real_compute_dtype(input.dtype)));
  Recipe recipe = kConvert.build(parse_params(kConvert.name, kConvert.params, params.c_str()), std::span(&input, 1));
  recipe.suffix = "input";
  return recipe;
}

}  // namespace

Extension read_extension(const char* type, const Params& params, uint64_t default_rows) {
  if (params.is("padtype", "none")) {
    if (params.given("padlen") && params.integer("padlen") > 0)
      fail(SQS_E_INVALID,
           text(type, ": padtype=none extends by nothing, but padlen is ", params.integer("padlen"), ": leave one out"));
    return {};
  }
  const uint64_t rows = params.given("padlen") ? params.integer("padlen") : default_rows;
  return rows == 0 ? Extension{} : Extension{edge_of(params), rows};
}

Recipe zero_phase(const char* type, const Operand& input, const Extension& extension, int32_t dtype, const BuildScan& scan) {
  if (extension.rows > 0) require_rows_of_a_stream(type, input);
  std::vector<Recipe> helpers;
  Operand read = input;
  if (extension.edge == SQS_ODD && !is_float(input.dtype)) {
    helpers.push_back(to_float(input));
    read.dtype = helpers.back().dtype;
  }
  Recipe forward = scan(read, SQS_FORWARD, SQS_F64);
  forward.suffix = "forward";
  forward.lead = forward.tail = extension.rows;
  forward.extend_edge = extension.edge;
  helpers.push_back(std::move(forward));
  read.dtype = SQS_F64;
  Recipe backward = scan(read, SQS_BACKWARD, dtype);
  backward.crops_to_input = extension.rows > 0;
  backward.helpers = std::move(helpers);
  return backward;
}

}  // namespace sqs::dsp
