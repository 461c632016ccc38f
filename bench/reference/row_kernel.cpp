#include "reference/row_kernel.hpp"

#include "dsp/params.hpp"

namespace sqs::bench {

RowKernel::RowKernel(const char* type, const char* params, int32_t dtype, uint64_t length) : length_(length), dtype_(dtype) {
  const dsp::TypeSpec& spec = *dsp::find_type(type);
  const dsp::Operand operand{"rows", dtype, {length, 1}};
  recipe_ = spec.build(dsp::parse_params(type, spec.params, params), std::vector{operand});
}

void RowKernel::run(const void* in, uint64_t in_bytes, uint64_t rows, void* out, uint64_t out_bytes, void* scratch) const {
  const auto element = static_cast<int64_t>(sqs_dtype_bytes(dtype_));
  sqs_view input{};
  input.struct_size = sizeof input;
  input.dtype = dtype_;
  input.ndim = 3;
  input.data = const_cast<void*>(in);
  input.shape[0] = static_cast<int64_t>(rows);
  input.shape[1] = static_cast<int64_t>(length_);
  input.shape[2] = 1;
  input.strides[0] = static_cast<int64_t>(in_bytes);
  input.strides[1] = input.strides[2] = element;
  sqs_call call{};
  call.struct_size = sizeof call;
  call.input_count = 1;
  call.inputs = &input;
  call.output.data = out;
  call.output.strides[0] = static_cast<int64_t>(out_bytes);
  call.rows = rows;
  call.scratch = scratch;
  recipe_.kernel->process(call);
}

}  // namespace sqs::bench
