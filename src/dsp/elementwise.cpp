// magnitude, log and scale: one value out for each value in.
#include <cmath>
#include <string>

#include "lanes.hpp"
#include "nest.hpp"
#include "simd.hpp"
#include "spectrum_kernels.hpp"
#include "types.hpp"

namespace sqs::dsp {
namespace {

constexpr ParamSpec kLogParams[] = {
    {"base", ParamType::Choice, "", "e", "e|2|10", "base of the logarithm"},
    {"factor", ParamType::Float, "", "1", "..", "multiplies the logarithm; 10 with base=10 gives decibels of power"},
    {"floor", ParamType::Float, "", "0", "0..", "smaller values are raised to this first; 0: log(0) is -inf"},
};
constexpr ParamSpec kScaleParams[] = {
    {"factor", ParamType::Float, "", "1", "..", "multiplies the value"},
    {"offset", ParamType::Float, "", "0", "..", "added after that"},
};

// Loads pieces of the input as Real, hands them to `Operation`, and stores what it leaves.
template <class Real, class Operation>
class Elementwise final : public Kernel {
 public:
  Elementwise(int32_t dtype, Operation operation) : load_(lane_loader<Real>(dtype)), operation_(operation) {}

  void process(sqs_call& call) const override {
    auto [nest, start] = elementwise_nest(call.inputs[0], call.output, call.rows, sizeof(Real));
    nest.for_each_piece(start, [&](const Nest<2>::Pointers& at, uint64_t count, const Nest<2>::Strides& strides) {
      Real piece[kPiece];
      load_(at[0], strides[0], count, piece);
      operation_(piece, count);
      scatter_lane<sizeof(Real)>(piece, count, at[1], strides[1]);
    });
  }

 private:
  LaneLoader<Real> load_;
  Operation operation_;
};

// Magnitude of complex elements, whose pieces are pairs.
template <class Real>
class ComplexMagnitude final : public Kernel {
 public:
  void process(sqs_call& call) const override {
    auto [nest, start] = elementwise_nest(call.inputs[0], call.output, call.rows, sizeof(Real));
    nest.for_each_piece(start, [&](const Nest<2>::Pointers& at, uint64_t count, const Nest<2>::Strides& strides) {
      Real pairs[2 * kPiece], piece[kPiece];
      gather_lane<2 * sizeof(Real)>(at[0], strides[0], count, pairs);
      emit_spectrum(SpectrumOutput::Magnitude, pairs, count, piece);
      scatter_lane<sizeof(Real)>(piece, count, at[1], strides[1]);
    });
  }
};

SQS_DSP_CLONES void scale_all(float* x, uint64_t count, float factor, float offset) {
  for (uint64_t i = 0; i < count; ++i) x[i] = x[i] * factor + offset;
}
SQS_DSP_CLONES void scale_all(double* x, uint64_t count, double factor, double offset) {
  for (uint64_t i = 0; i < count; ++i) x[i] = x[i] * factor + offset;
}

template <class Real>
struct Absolute {
  void operator()(Real* x, uint64_t count) const {
    for (uint64_t i = 0; i < count; ++i) x[i] = std::abs(x[i]);
  }
};

template <class Real>
struct Scale {
  Real factor, offset;
  void operator()(Real* x, uint64_t count) const { scale_all(x, count, factor, offset); }
};

template <class Real>
struct Logarithm {
  Real (*log)(Real);
  Real factor, floor;
  void operator()(Real* x, uint64_t count) const {
    // A NaN is not below the floor and stays one.
    for (uint64_t i = 0; i < count; ++i) x[i] = log(x[i] < floor ? floor : x[i]) * factor;
  }
};

template <class Real>
Real (*log_named(const std::string& base))(Real) {
  if (base == "2") return [](Real x) { return std::log2(x); };
  if (base == "10") return [](Real x) { return std::log10(x); };
  return [](Real x) { return std::log(x); };
}

template <class Real, class Operation>
std::unique_ptr<const Kernel> elementwise(const Operand& input, Operation operation) {
  return std::make_unique<const Elementwise<Real, Operation>>(input.dtype, operation);
}

Recipe same_shape(const Operand& input, double ns_per_element) {
  Recipe recipe;
  recipe.dtype = real_compute_dtype(input.dtype);
  recipe.shape = input.shape;
  recipe.cost_ns_per_row = ns_per_element * static_cast<double>(product(input.shape));
  return recipe;
}

Recipe build_magnitude(const Params&, std::span<const Operand> inputs) {
  const Operand& input = inputs[0];
  Recipe recipe = same_shape(input, 0.5);
  visit_float(recipe.dtype, [&](auto chosen) {
    using Real = typename decltype(chosen)::type;
    if (is_complex(input.dtype)) recipe.kernel = std::make_unique<const ComplexMagnitude<Real>>();
    else recipe.kernel = elementwise<Real>(input, Absolute<Real>{});
  });
  return recipe;
}

Recipe build_log(const Params& params, std::span<const Operand> inputs) {
  const Operand& input = inputs[0];
  require_real("log", input);
  Recipe recipe = same_shape(input, 8);
  visit_float(recipe.dtype, [&](auto chosen) {
    using Real = typename decltype(chosen)::type;
    const auto factor = static_cast<Real>(params.number("factor")), floor = static_cast<Real>(params.number("floor"));
    recipe.kernel = elementwise<Real>(input, Logarithm<Real>{log_named<Real>(params.choice("base")), factor, floor});
  });
  return recipe;
}

Recipe build_scale(const Params& params, std::span<const Operand> inputs) {
  const Operand& input = inputs[0];
  require_real("scale", input);
  Recipe recipe = same_shape(input, 0.4);
  visit_float(recipe.dtype, [&](auto chosen) {
    using Real = typename decltype(chosen)::type;
    recipe.kernel = elementwise<Real>(
        input, Scale<Real>{static_cast<Real>(params.number("factor")), static_cast<Real>(params.number("offset"))});
  });
  return recipe;
}

}  // namespace

const TypeSpec kMagnitude = {
    "magnitude", SQS_MAP,
    "|x| of every element, shape as the input. Complex: sqrt(re^2 + im^2), without a guard against overflow. c64, f32 and "
    "integers up to 16 bits give f32, all else f64. Agrees with numpy.abs.",
    {}, 1, build_magnitude};

const TypeSpec kLog = {
    "log", SQS_MAP,
    "factor * log(max(x, floor)) of every element, shape as the input; NaN stays NaN. f32 and integers up to 16 bits give f32, "
    "all else f64. Agrees with numpy.log, log2, log10.",
    kLogParams, 1, build_log};

const TypeSpec kScale = {
    "scale", SQS_MAP,
    "x * factor + offset of every element, shape as the input. f32 and integers up to 16 bits give f32, all else f64.",
    kScaleParams, 1, build_scale};

}  // namespace sqs::dsp
