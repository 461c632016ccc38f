// normalise: (x - mean) / standard deviation, with the statistics of mean_var.
#include <algorithm>
#include <cmath>

#include "lanes.hpp"
#include "nest.hpp"
#include "simd.hpp"
#include "types.hpp"

namespace sqs::dsp {
namespace {

constexpr ParamSpec kParams[] = {
    {"floor", ParamType::Float, "", "0", "0..", "smaller standard deviations are raised to this; 0: a constant gives NaN"},
};

SQS_DSP_CLONES void normalise_with_one(double* x, uint64_t count, double mean, double deviation) {
  for (uint64_t i = 0; i < count; ++i) x[i] = (x[i] - mean) / deviation;
}
SQS_DSP_CLONES void normalise_with_each(double* x, uint64_t count, const double* mean, const double* deviation) {
  for (uint64_t i = 0; i < count; ++i) x[i] = (x[i] - mean[i]) / deviation[i];
}

template <class Real>
class Normalise final : public Kernel {
 public:
  Normalise(const Params& params, const Operand& x, size_t shared_axes)
      : floor_(params.number("floor")), shared_axes_(shared_axes), load_(lane_loader<double>(x.dtype)) {}

  void process(sqs_call& call) const override {
    const sqs_view& stats = call.inputs[1];
    auto nest = make_nest(call.inputs[0], stats, call.output, call.rows);
    const Nest<4>::Pointers start = {static_cast<std::byte*>(call.inputs[0].data), static_cast<std::byte*>(stats.data),
                                     static_cast<std::byte*>(stats.data) + stats.strides[1],
                                     static_cast<std::byte*>(call.output.data)};
    nest.for_each_piece(start, [&](const Nest<4>::Pointers& at, uint64_t count, const Nest<4>::Strides& strides) {
      double x[kPiece];
      load_(at[0], strides[0], count, x);
      if (strides[1] == 0 || count == 1) {
        normalise_with_one(x, count, load_element<double>(at[1]), deviation(load_element<double>(at[2])));
      } else {
        double mean[kPiece], deviations[kPiece];
        gather_lane<sizeof(double)>(at[1], strides[1], count, mean);
        gather_lane<sizeof(double)>(at[2], strides[2], count, deviations);
        for (uint64_t i = 0; i < count; ++i) deviations[i] = deviation(deviations[i]);
        normalise_with_each(x, count, mean, deviations);
      }
      Real out[kPiece];
      std::copy(x, x + count, out);
      scatter_lane<sizeof(Real)>(out, count, at[3], strides[3]);
    });
  }

 private:
  double deviation(double variance) const {
    const double root = std::sqrt(variance);
    return root < floor_ ? floor_ : root;
  }

  // Arrays: x, mean, variance, output. The axes that the statistics do not have get stride 0 in them.
  Nest<4> make_nest(const sqs_view& x, const sqs_view& stats, const sqs_view& output, uint64_t rows) const {
    std::array<int64_t, SQS_MAX_VIEW_DIMS> out_strides{};
    int64_t stride = sizeof(Real);
    for (int32_t axis = x.ndim - 1; axis >= 1; --axis) {
      out_strides[static_cast<size_t>(axis)] = stride;
      stride *= x.shape[axis];
    }
    Nest<4> nest;
    nest.add_axis(rows, {x.strides[0], stats.strides[0], stats.strides[0], output.strides[0]});
    const int32_t first_shared = x.ndim - static_cast<int32_t>(shared_axes_);
    for (int32_t axis = 1; axis < x.ndim; ++axis) {
      const int64_t of_stats = axis < first_shared ? 0 : stats.strides[2 + axis - first_shared];
      const int64_t of_output = out_strides[static_cast<size_t>(axis)];
      nest.add_axis(static_cast<uint64_t>(x.shape[axis]), {x.strides[axis], of_stats, of_stats, of_output});
    }
    return nest;
  }

  double floor_;
  size_t shared_axes_;  // the last axes of x, which the statistics have too
  LaneLoader<double> load_;
};

std::string shape_text(const std::vector<uint64_t>& shape) {
  std::string out = "(";
  for (const uint64_t extent : shape) out += text(out.size() > 1 ? ", " : "", extent);
  return out + ")";
}

Recipe build(const Params& params, std::span<const Operand> inputs) {
  const Operand& x = inputs[0];
  const Operand& stats = inputs[1];
  require_real("normalise", x);
  if (stats.dtype != SQS_F64 || stats.shape.empty() || stats.shape[0] != 2)
    fail(SQS_E_GRAPH, text("normalise: \"", stats.stage, "\" is not f64 of shape (2, ..), as mean_var gives"));
  const std::vector<uint64_t> shared(stats.shape.begin() + 1, stats.shape.end());
  const bool fits = shared.size() <= x.shape.size() && std::equal(shared.rbegin(), shared.rend(), x.shape.rbegin());
  if (!fits)
    fail(SQS_E_GRAPH, text("normalise: statistics of shape ", shape_text(shared), " do not fit rows of shape ",
                           shape_text(x.shape)));
  Recipe recipe;
  recipe.dtype = real_compute_dtype(x.dtype);
  recipe.shape = x.shape;
  recipe.cost_ns_per_row = 1.5 * static_cast<double>(product(x.shape));
  visit_float(recipe.dtype, [&](auto chosen) {
    recipe.kernel = std::make_unique<const Normalise<typename decltype(chosen)::type>>(params, x, shared.size());
  });
  return recipe;
}

}  // namespace

const TypeSpec kNormalise = {
    "normalise", SQS_MAP,
    "(x - mean) / sqrt(variance) of two inputs: x, and statistics of shape (2, ..) as mean_var gives, whose axes are the last "
    "ones of x: so windows of a recording take the statistics of its frames. Computed in f64; f32 and integers up to 16 bits "
    "give f32, all else f64. Agrees with scipy.stats.zscore.",
    kParams, 2, build};

}  // namespace sqs::dsp
