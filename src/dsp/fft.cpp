// fft: the two-sided spectrum of complex windows.
#include <cmath>
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
    {"shift", ParamType::Choice, "", "false", "false|true", "true: bins in order of frequency, as numpy.fft.fftshift"},
    {"n", ParamType::Int, "points", "0", "0..2^27",
     "length of the transform: the window is cut or padded with zeros; 0: the window's length"},
};

template <class Real>
class Fft final : public Kernel {
 public:
  Fft(const Params& params, const Operand& input, uint64_t points)
      : output_(params.is("output", "power")       ? SpectrumOutput::Power
                : params.is("output", "magnitude") ? SpectrumOutput::Magnitude
                                                   : SpectrumOutput::Complex),
        shift_(params.is("shift", "true") ? points / 2 : 0),
        points_(points),
        used_(std::min(points, input.shape.front())),
        lanes_(product(input.shape, 1)),
        plan_(points, TransformInput::Complex) {
    // Each factor twice, for the real and the imaginary part.
    for (const Real factor : make_taper<Real>(params, used_)) taper_.insert(taper_.end(), 2, factor);
  }

  uint64_t scratch_bytes() const { return (lanes_ > 1 ? 3 : 2) * scratch_buffer_bytes(checked_bytes(points_, 2 * sizeof(Real))); }

  void process(sqs_call& call) const override {
    ScratchCutter scratch(call.scratch);
    Real* in = scratch.take<Real>(2 * points_);
    Real* z = scratch.take<Real>(2 * points_);
    Real* lane_out = lanes_ > 1 ? scratch.take<Real>(2 * points_) : nullptr;
    const sqs_view& input = call.inputs[0];
    for (uint64_t row = 0; row < call.rows; ++row) {
      std::byte* to = output_row_at(call.output, row);
      for (uint64_t lane = 0; lane < lanes_; ++lane) {
        load(row_at(input, row) + lane_offset(input, lane), input.strides[1], in);
        plan_.execute(in, z);
        emit(z, lanes_ > 1 ? lane_out : reinterpret_cast<Real*>(to));
        if (lanes_ > 1) scatter(lane_out, to, lane);
      }
    }
  }

 private:
  uint64_t reals_per_bin() const { return output_ == SpectrumOutput::Complex ? 2 : 1; }

  void load(const std::byte* from, int64_t stride, Real* in) const {
    gather_lane<2 * sizeof(Real)>(from, stride, used_, in);
    if (!taper_.empty()) multiply(in, taper_.data(), 2 * used_, in);
    std::fill(in + 2 * used_, in + 2 * points_, Real{0});
  }

  // The upper `shift_` bins are the negative frequencies and go first.
  void emit(const Real* z, Real* out) const {
    const uint64_t lower = points_ - shift_;
    emit_spectrum(output_, z + 2 * lower, shift_, out);
    emit_spectrum(output_, z, lower, out + reals_per_bin() * shift_);
  }

  void scatter(const Real* bins_of_lane, std::byte* row, uint64_t lane) const {
    const uint64_t bytes = reals_per_bin() * sizeof(Real);
    const auto stride = static_cast<int64_t>(lanes_ * bytes);
    if (output_ == SpectrumOutput::Complex) scatter_lane<2 * sizeof(Real)>(bins_of_lane, points_, row + lane * bytes, stride);
    else scatter_lane<sizeof(Real)>(bins_of_lane, points_, row + lane * bytes, stride);
  }

  SpectrumOutput output_;
  uint64_t shift_;
  uint64_t points_;
  uint64_t used_;
  uint64_t lanes_;
  std::vector<Real> taper_;
  FftwPlan<Real> plan_;
};

Recipe build(const Params& params, std::span<const Operand> inputs) {
  const Operand& input = inputs[0];
  require_axis("fft", input);
  if (!is_complex(input.dtype))
    fail(SQS_E_GRAPH, text("fft: \"", input.stage, "\" is real (", sqs_dtype_name(input.dtype),
                           "); use rfft, or convert it first"));
  const uint64_t points = params.integer("n") != 0 ? params.integer("n") : input.shape.front();
  if (points > kMaxTransform) fail(SQS_E_GRAPH, text("fft: a window of ", points, " is longer than ", kMaxTransform));
  const int32_t real = real_compute_dtype(input.dtype);
  Recipe recipe;
  recipe.dtype = params.is("output", "complex") ? input.dtype : real;
  recipe.shape = with_axis(points, input);
  const double size = static_cast<double>(points);
  const auto lanes = static_cast<double>(product(input.shape, 1));
  recipe.cost_ns_per_row = (real == SQS_F32 ? 0.12 : 0.24) * size * std::log2(size + 1) * lanes;
  recipe.fixed_bytes = points * 6 * sqs_dtype_bytes(real);
  visit_float(real, [&](auto chosen) {
    auto kernel = std::make_unique<const Fft<typename decltype(chosen)::type>>(params, input, points);
    recipe.scratch_bytes = kernel->scratch_bytes();
    recipe.kernel = std::move(kernel);
  });
  return recipe;
}

}  // namespace

const TypeSpec kFft = {
    "fft", SQS_MAP,
    "Spectrum of complex windows along axis 0, n bins: (window, channels) gives (n, channels), c64 or c128 as the input, f32 or "
    "f64 for magnitude and power. |X| is sqrt(re^2 + im^2), without a guard against overflow. "
    "Agrees with numpy.fft.fft of scipy.signal.get_window(window) * x.",
    kParams, 1, build};

}  // namespace sqs::dsp
