// histogram: counts of equal bins over a fixed range.
#include <algorithm>
#include <cmath>

#include "lanes.hpp"
#include "nest.hpp"
#include "simd.hpp"
#include "types.hpp"

namespace sqs::dsp {
namespace {

constexpr ParamSpec kParams[] = {
    {"bins", ParamType::Int, "bins", "10", "1..2^24", "how many bins of equal width"},
    {"lo", ParamType::Float, "", "", "..", "lower edge of the first bin", true},
    {"hi", ParamType::Float, "", "", "..", "upper edge of the last bin, which it belongs to", true},
};

constexpr int32_t kOutside = -1;

// Bins as numpy.histogram has them: edge i is lo + i * step, the last bin has hi in it.
struct Bins {
  double lo, hi;
  double step;      // (hi - lo) / count
  double per_unit;  // count / (hi - lo)
  double last;      // number of the last bin
};

// The bin of each value, or kOutside. Multiplying can miss the bin by one, so the edges decide.
SQS_DSP_CLONES void find_bins(const double* x, size_t count, const Bins& bins, int32_t* found) {
  const Bins b = bins;
  for (size_t i = 0; i < count; ++i) {
    double guess = (x[i] - b.lo) * b.per_unit;
    guess = guess > 0 ? guess : 0;  // also if it is NaN
    guess = guess < b.last ? guess : b.last;
    double bin = static_cast<double>(static_cast<int32_t>(guess));
    bin -= x[i] < b.lo + bin * b.step ? 1.0 : 0.0;
    bin = bin > 0 ? bin : 0;
    bin += x[i] >= b.lo + (bin + 1) * b.step ? 1.0 : 0.0;
    bin = bin < b.last ? bin : b.last;
    const bool inside = (x[i] >= b.lo) & (x[i] <= b.hi);
    found[i] = static_cast<int32_t>(inside ? bin : double{kOutside});
  }
}

class Histogram final : public Kernel {
 public:
  Histogram(const Params& params, const Operand& input)
      : length_(input.shape.front()),
        lanes_(product(input.shape, 1)),
        bins_(params.integer("bins")),
        load_(lane_loader<double>(input.dtype)) {
    const double lo = params.number("lo"), hi = params.number("hi"), count = static_cast<double>(bins_);
    range_ = {lo, hi, (hi - lo) / count, count / (hi - lo), count - 1};
  }

  void process(sqs_call& call) const override {
    const sqs_view& input = call.inputs[0];
    for (uint64_t row = 0; row < call.rows; ++row) {
      auto* counts = reinterpret_cast<uint32_t*>(output_row_at(call.output, row));
      std::fill(counts, counts + bins_ * lanes_, 0u);
      for (uint64_t lane = 0; lane < lanes_; ++lane)
        count_lane(row_at(input, row) + lane_offset(input, lane), input.strides[1], counts + lane);
    }
  }

 private:
  void count_lane(const std::byte* from, int64_t stride, uint32_t* counts) const {
    double x[kPiece];
    int32_t found[kPiece];
    const uint64_t lanes = lanes_;
    for (uint64_t i = 0; i < length_; i += kPiece) {
      const uint64_t count = std::min(kPiece, length_ - i);
      load_(from + static_cast<int64_t>(i) * stride, stride, count, x);
      find_bins(x, count, range_, found);
      for (uint64_t j = 0; j < count; ++j)
        if (found[j] != kOutside) ++counts[static_cast<uint64_t>(found[j]) * lanes];
    }
  }

  uint64_t length_;
  uint64_t lanes_;
  uint64_t bins_;
  Bins range_{};
  LaneLoader<double> load_;
};

Recipe build(const Params& params, std::span<const Operand> inputs) {
  const Operand& input = inputs[0];
  require_axis("histogram", input);
  require_real("histogram", input);
  if (!(params.number("hi") > params.number("lo")))
    fail(SQS_E_INVALID, text("histogram: hi=", params.number("hi"), " is not above lo=", params.number("lo")));
  if (input.shape.front() > UINT32_MAX)
    fail(SQS_E_GRAPH, text("histogram: an axis of ", input.shape.front(), " entries overflows counts of 32 bits"));
  Recipe recipe;
  recipe.dtype = SQS_U32;
  recipe.shape = with_axis(params.integer("bins"), input);
  recipe.cost_ns_per_row = 2.5 * static_cast<double>(product(input.shape)) + 0.1 * static_cast<double>(product(recipe.shape));
  recipe.kernel = std::make_unique<const Histogram>(params, input);
  return recipe;
}

}  // namespace

const TypeSpec kHistogram = {
    "histogram", SQS_MAP,
    "Counts of the entries along axis 0 in equal bins, u32: (window, channels) gives (bins, channels). Bins are half open, but "
    "the last one has hi in it; what is outside [lo, hi], and NaN, is not counted. Agrees with "
    "numpy.histogram(x, bins, (lo, hi)) on f64.",
    kParams, 1, build};

}  // namespace sqs::dsp
