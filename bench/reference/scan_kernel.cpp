#include "reference/scan_kernel.hpp"

#include <algorithm>
#include <cstring>

namespace sqs::bench {
namespace {

uint64_t bytes_of(int32_t dtype, const std::vector<uint64_t>& shape) {
  uint64_t bytes = sqs_dtype_bytes(dtype);
  for (const uint64_t length : shape) bytes *= length;
  return bytes;
}

}  // namespace

ScanKernel::ScanKernel(const dsp::Recipe& recipe, const dsp::Operand& in, double rate)
    : recipe_(recipe),
      in_bytes_(bytes_of(in.dtype, in.shape)),
      out_bytes_(bytes_of(recipe.dtype, recipe.shape)),
      rate_(rate),
      state_(recipe.state_bytes),
      scratch_(std::max<uint64_t>(recipe.scratch_bytes, 1)) {
  input_.struct_size = sizeof input_;
  input_.dtype = in.dtype;
  input_.ndim = static_cast<int32_t>(1 + in.shape.size());
  auto stride = static_cast<int64_t>(sqs_dtype_bytes(in.dtype));
  for (size_t axis = in.shape.size(); axis-- > 0;) {
    input_.shape[axis + 1] = static_cast<int64_t>(in.shape[axis]);
    input_.strides[axis + 1] = stride;
    stride *= static_cast<int64_t>(in.shape[axis]);
  }
  input_.strides[0] = stride;
}

sqs_call ScanKernel::call_over(const std::byte* in, uint64_t rows) {
  input_.data = const_cast<std::byte*>(in);
  input_.shape[0] = static_cast<int64_t>(rows);
  sqs_call call{};
  call.struct_size = sizeof call;
  call.input_count = 1;
  call.inputs = &input_;
  call.rows = rows;
  call.state = state_.data();
  call.scratch = scratch_.data();
  call.sample_rate = rate_;
  call.frames_per_row = 1;
  return call;
}

void ScanKernel::start(const std::byte* row) {
  std::memset(state_.data(), 0, state_.bytes());
  sqs_call call = call_over(row, 1);
  recipe_.kernel->init(call);
}

void ScanKernel::run(const std::byte* in, uint64_t rows, std::byte* out) {
  sqs_call call = call_over(in, rows);
  call.output.struct_size = sizeof call.output;
  call.output.dtype = recipe_.dtype;
  call.output.ndim = static_cast<int32_t>(1 + recipe_.shape.size());
  call.output.data = out;
  call.output.shape[0] = static_cast<int64_t>(rows);
  for (size_t axis = 0; axis < recipe_.shape.size(); ++axis)
    call.output.shape[axis + 1] = static_cast<int64_t>(recipe_.shape[axis]);
  call.output.strides[0] = static_cast<int64_t>(out_bytes_);
  recipe_.kernel->process(call);
}

void ScanKernel::save(std::byte* to) const { std::memcpy(to, state_.data(), state_.bytes()); }
void ScanKernel::restore(const std::byte* from) { std::memcpy(state_.data(), from, state_.bytes()); }

}  // namespace sqs::bench
