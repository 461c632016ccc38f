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

// First guesses at the bins: (x - lo) * bins / (hi - lo), cut to the range. What is outside is sorted out by the caller.
SQS_DSP_CLONES void guess_bins(const double* x, size_t count, double lo, double per_unit, double last, int32_t* bins) {
  for (size_t i = 0; i < count; ++i) {
    double guess = (x[i] - lo) * per_unit;
    guess = guess > 0 ? guess : 0;  // also if it is NaN
    guess = guess < last ? guess : last;
    bins[i] = static_cast<int32_t>(guess);
  }
}

class Histogram final : public Kernel {
 public:
  Histogram(const Params& params, const Operand& input)
      : length_(input.shape.front()),
        lanes_(product(input.shape, 1)),
        bins_(params.integer("bins")),
        lo_(params.number("lo")),
        hi_(params.number("hi")),
        per_unit_(static_cast<double>(bins_) / (hi_ - lo_)),
        load_(lane_loader<double>(input.dtype)) {
    // As numpy.linspace: the last edge is hi itself.
    const double step = (hi_ - lo_) / static_cast<double>(bins_);
    for (uint64_t i = 0; i < bins_; ++i) edges_.push_back(lo_ + static_cast<double>(i) * step);
    edges_.push_back(hi_);
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
    int32_t guess[kPiece];
    const auto last = static_cast<int32_t>(bins_ - 1);
    for (uint64_t i = 0; i < length_; i += kPiece) {
      const uint64_t count = std::min(kPiece, length_ - i);
      load_(from + static_cast<int64_t>(i) * stride, stride, count, x);
      guess_bins(x, count, lo_, per_unit_, static_cast<double>(last), guess);
      for (uint64_t j = 0; j < count; ++j) {
        if (!(x[j] >= lo_ && x[j] <= hi_)) continue;
        // Rounding can miss by one bin: the edges decide.
        int32_t bin = guess[j];
        bin -= bin > 0 && x[j] < edges_[static_cast<size_t>(bin)] ? 1 : 0;
        bin += bin < last && x[j] >= edges_[static_cast<size_t>(bin) + 1] ? 1 : 0;
        ++counts[static_cast<uint64_t>(bin) * lanes_];
      }
    }
  }

  uint64_t length_;
  uint64_t lanes_;
  uint64_t bins_;
  double lo_, hi_;
  double per_unit_;
  LaneLoader<double> load_;
  std::vector<double> edges_;
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
  recipe.fixed_bytes = (params.integer("bins") + 1) * sizeof(double);
  recipe.kernel = std::make_unique<const Histogram>(params, input);
  return recipe;
}

}  // namespace

const TypeSpec kHistogram = {
    "histogram", SQS_MAP,
    "Counts of the entries along axis 0 in equal bins, u32: (window, channels) gives (bins, channels). Bins are half open, but the "
    "last one has hi in it; what is outside [lo, hi], and NaN, is not counted. Agrees with numpy.histogram(x, bins, (lo, hi)) on f64.",
    kParams, 1, build};

}  // namespace sqs::dsp
