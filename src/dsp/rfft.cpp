// rfft: the one-sided spectrum of real windows. An even length is done as a complex transform of half the length and a
// vectorised unfolding, which is 1.7 to 2 times as fast as FFTW's own real transform; an odd length takes the latter.
#include <cmath>
#include <optional>
#include <string>

#include "fftw_plan.hpp"
#include "lanes.hpp"
#include "spectrum_kernels.hpp"
#include "types.hpp"
#include "window.hpp"

namespace sqs::dsp {
namespace {

constexpr ParamSpec kParams[] = {
    SQS_DSP_WINDOW_PARAMS("boxcar"),
    {"output", ParamType::Choice, "", "complex", "complex|magnitude|power", "X, |X| or |X|^2"},
    {"n", ParamType::Int, "points", "0", "0..2^27",
     "length of the transform: the window is cut or padded with zeros; 0: the window's length"},
};

SpectrumOutput output_named(const Params& params) {
  if (params.is("output", "magnitude")) return SpectrumOutput::Magnitude;
  if (params.is("output", "power")) return SpectrumOutput::Power;
  return SpectrumOutput::Complex;
}

// Transforms a real buffer of `points`. Needs two aligned buffers of buffer_length() Reals.
template <class Real>
class RealTransform {
 public:
  explicit RealTransform(uint64_t points)
      : points_(points),
        half_(points % 2 == 0 ? points / 2 : 0),
        plan_(half_ != 0 ? half_ : points, half_ != 0 ? TransformInput::Complex : TransformInput::Real),
        turns_(half_) {}

  static uint64_t buffer_length(uint64_t points) { return points + 2; }
  uint64_t bins() const { return points_ / 2 + 1; }

  void run(SpectrumOutput output, Real* in, Real* z, Real* out) const {
    plan_.execute(in, z);
    if (half_ != 0) emit_half_spectrum(output, z, turns_, out);
    else emit_spectrum(output, z, bins(), out);
  }

 private:
  uint64_t points_;
  uint64_t half_;  // 0: an odd length
  FftwPlan<Real> plan_;
  HalfTurns<Real> turns_;
};

template <class Real>
class Rfft final : public Kernel {
 public:
  Rfft(const Params& params, const Operand& input, uint64_t points)
      : output_(output_named(params)),
        points_(points),
        used_(std::min(points, input.shape.front())),
        lanes_(product(input.shape, 1)),
        same_type_(input.dtype == (sizeof(Real) == 4 ? SQS_F32 : SQS_F64)),
        load_(lane_loader<Real>(input.dtype)),
        taper_(make_taper<Real>(params, used_)),
        transform_(points) {}

  uint64_t bins() const { return transform_.bins(); }
  uint64_t bin_bytes() const { return sizeof(Real) * (output_ == SpectrumOutput::Complex ? 2 : 1); }
  uint64_t scratch_bytes() const {
    const uint64_t buffer = scratch_buffer_bytes(checked_bytes(RealTransform<Real>::buffer_length(points_), sizeof(Real)));
    return 2 * buffer + (lanes_ > 1 ? scratch_buffer_bytes(2 * bins() * sizeof(Real)) : 0);
  }

  void process(sqs_call& call) const override {
    ScratchCutter scratch(call.scratch);
    Real* in = scratch.take<Real>(RealTransform<Real>::buffer_length(points_));
    Real* z = scratch.take<Real>(RealTransform<Real>::buffer_length(points_));
    Real* lane_out = lanes_ > 1 ? scratch.take<Real>(2 * bins()) : nullptr;
    const sqs_view& input = call.inputs[0];
    for (uint64_t row = 0; row < call.rows; ++row) {
      std::byte* to = output_row_at(call.output, row);
      for (uint64_t lane = 0; lane < lanes_; ++lane) {
        const std::byte* from = row_at(input, row) + lane_offset(input, lane);
        Real* source = in;
        if (as_it_is(from, input.strides[1])) source = const_cast<Real*>(reinterpret_cast<const Real*>(from));
        else load(from, input.strides[1], in);
        transform_.run(output_, source, z, lanes_ > 1 ? lane_out : reinterpret_cast<Real*>(to));
        if (lanes_ > 1) scatter(lane_out, to, lane);
      }
    }
  }

 private:
  // A window that lies as the aligned buffer would is transformed where it is: out of place, FFTW leaves its input alone,
  // and plan and alignment, so the bits, are the same.
  bool as_it_is(const std::byte* from, int64_t stride) const {
    return same_type_ && taper_.empty() && used_ == points_ && stride == static_cast<int64_t>(sizeof(Real)) &&
           reinterpret_cast<uintptr_t>(from) % 64 == 0;
  }

  // Into the aligned buffer, multiplied with the window function and padded with zeros.
  void load(const std::byte* from, int64_t stride, Real* in) const {
    if (same_type_ && !taper_.empty() && stride == static_cast<int64_t>(sizeof(Real))) {
      multiply(reinterpret_cast<const Real*>(from), taper_.data(), used_, in);
    } else {
      load_(from, stride, used_, in);
      if (!taper_.empty()) multiply(in, taper_.data(), used_, in);
    }
    std::fill(in + used_, in + points_, Real{0});
  }

  void scatter(const Real* bins_of_lane, std::byte* row, uint64_t lane) const {
    std::byte* to = row + lane * bin_bytes();
    const auto stride = static_cast<int64_t>(lanes_ * bin_bytes());
    if (output_ == SpectrumOutput::Complex) scatter_lane<2 * sizeof(Real)>(bins_of_lane, bins(), to, stride);
    else scatter_lane<sizeof(Real)>(bins_of_lane, bins(), to, stride);
  }

  SpectrumOutput output_;
  uint64_t points_;  // of the transform
  uint64_t used_;    // entries of the window that go into it
  uint64_t lanes_;
  bool same_type_;
  LaneLoader<Real> load_;
  std::vector<Real> taper_;
  RealTransform<Real> transform_;
};

uint64_t transform_points(const char* type, const Params& params, const Operand& input) {
  const uint64_t points = params.integer("n") != 0 ? params.integer("n") : input.shape.front();
  if (points > kMaxTransform) fail(SQS_E_GRAPH, text(type, ": a window of ", points, " is longer than ", kMaxTransform));
  return points;
}

Recipe build(const Params& params, std::span<const Operand> inputs) {
  const Operand& input = inputs[0];
  require_axis("rfft", input);
  if (is_complex(input.dtype)) fail(SQS_E_GRAPH, text("rfft: \"", input.stage, "\" is complex; use fft"));
  const uint64_t points = transform_points("rfft", params, input);
  const int32_t real = real_compute_dtype(input.dtype);
  Recipe recipe;
  recipe.dtype = params.is("output", "complex") ? complex_of(real) : real;
  const double size = static_cast<double>(points);
  const auto lanes = static_cast<double>(product(input.shape, 1));
  recipe.cost_ns_per_row = (real == SQS_F32 ? 0.07 : 0.14) * size * std::log2(size + 1) * lanes;
  recipe.fixed_bytes = points * 6 * sqs_dtype_bytes(real);
  visit_float(real, [&](auto chosen) {
    auto kernel = std::make_unique<const Rfft<typename decltype(chosen)::type>>(params, input, points);
    recipe.shape = with_axis(kernel->bins(), input);
    recipe.scratch_bytes = kernel->scratch_bytes();
    recipe.kernel = std::move(kernel);
  });
  return recipe;
}

}  // namespace

const TypeSpec kRfft = {
    "rfft", SQS_MAP,
    "Spectrum of real windows along axis 0, bins 0 .. n/2: (window, channels) gives (n/2 + 1, channels). f32 and integers up to "
    "16 bits give c64 or f32, all else c128 or f64. |X| is sqrt(re^2 + im^2), without a guard against overflow. "
    "Agrees with numpy.fft.rfft of scipy.signal.get_window(window) * x.",
    kParams, 1, build};

}  // namespace sqs::dsp
