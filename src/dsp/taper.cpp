// taper: windows times a window function.
#include "lanes.hpp"
#include "spectrum_kernels.hpp"
#include "types.hpp"
#include "window.hpp"

namespace sqs::dsp {
namespace {

constexpr ParamSpec kParams[] = {SQS_DSP_WINDOW_PARAMS("hann")};

template <class Real>
class Taper final : public Kernel {
 public:
  Taper(const Params& params, const Operand& input)
      : length_(input.shape.front()),
        lanes_(product(input.shape, 1)),
        parts_(is_complex(input.dtype) ? 2 : 1),
        element_bytes_(sqs_dtype_bytes(input.dtype)),
        load_(lane_loader<Real>(is_complex(input.dtype) ? real_compute_dtype(input.dtype) : input.dtype)) {
    for (const double factor : make_window(params.choice("window"), length_, params.number("beta"), params.is("sym", "true")))
      factors_.insert(factors_.end(), lanes_ * parts_, static_cast<Real>(factor));
  }

  uint64_t fixed_bytes() const { return factors_.size() * sizeof(Real); }

  void process(sqs_call& call) const override {
    const sqs_view& input = call.inputs[0];
    const bool contiguous = rows_are_contiguous(input, static_cast<int64_t>(element_bytes_));
    for (uint64_t row = 0; row < call.rows; ++row) {
      auto* to = reinterpret_cast<Real*>(output_row_at(call.output, row));
      if (contiguous) load_(row_at(input, row), static_cast<int64_t>(sizeof_part()), factors_.size(), to);
      else load_lanes(input, row, to);
      multiply(to, factors_.data(), factors_.size(), to);
    }
  }

 private:
  uint64_t sizeof_part() const { return element_bytes_ / parts_; }

  void load_lanes(const sqs_view& input, uint64_t row, Real* to) const {
    for (uint64_t lane = 0; lane < lanes_; ++lane) {
      const std::byte* from = row_at(input, row) + lane_offset(input, lane);
      for (uint64_t i = 0; i < length_; ++i, from += input.strides[1])
        load_(from, static_cast<int64_t>(sizeof_part()), parts_, to + (i * lanes_ + lane) * parts_);
    }
  }

  uint64_t length_;
  uint64_t lanes_;
  uint64_t parts_;  // Reals per element
  uint64_t element_bytes_;
  LaneLoader<Real> load_;
  std::vector<Real> factors_;  // one per Real of a row, in the order of a row
};

Recipe build(const Params& params, std::span<const Operand> inputs) {
  const Operand& input = inputs[0];
  require_axis("taper", input);
  const int32_t real = real_compute_dtype(input.dtype);
  Recipe recipe;
  recipe.dtype = is_complex(input.dtype) ? input.dtype : real;
  recipe.shape = input.shape;
  recipe.cost_ns_per_row = 0.3 * static_cast<double>(product(input.shape));
  visit_float(real, [&](auto chosen) {
    auto kernel = std::make_unique<const Taper<typename decltype(chosen)::type>>(params, input);
    recipe.fixed_bytes = kernel->fixed_bytes();
    recipe.kernel = std::move(kernel);
  });
  return recipe;
}

}  // namespace

const TypeSpec kTaper = {
    "taper", SQS_MAP,
    "Multiplies windows along axis 0 with a window function: x * scipy.signal.get_window(window, len(x)). Shape as the input; "
    "f32 and integers up to 16 bits give f32, other real types f64, complex types themselves.",
    kParams, 1, build};

}  // namespace sqs::dsp
