// exp_smooth: exponential smoothing, forward or backward over the rows, or forward and then backward.
//
//   y = y + alpha (x - y), from y = the first row on: a constant stays as it is to the last bit
//
// The state: alpha, which a time constant only becomes when the rows per second are known, and y after a gap that keeps it
// aligned.
//
//   double alpha   (56 bytes)   double y[elements]
#include <algorithm>
#include <cmath>

#include "row_recursion.hpp"
#include "simd.hpp"
#include "types.hpp"
#include "zero_phase.hpp"

namespace sqs::dsp {
namespace {

constexpr ParamSpec kParams[] = {
    {"alpha", ParamType::Float, "", "", ">0..1", "weight of the new row; or else tau"},
    {"tau", ParamType::Float, "s", "", ">0", "time constant: alpha = 1 - exp(-1 / (tau * rate))"},
    kRateParam,
    {"direction", ParamType::Choice, "", "forward", "forward|backward|both",
     "backward: from the last row to the first; both: forward, then backward over that, which leaves no delay"},
    kOutputDtypeParam,
};

constexpr uint64_t kHeaderBytes = 64;

// kCount values of type Value (double or a vector of them) in each row.
template <class Value, size_t kCount>
SQS_DSP_INLINE void smooth_elements(double alpha, double* y, double* x, uint64_t rows, int64_t pitch) {
  constexpr size_t kLanes = sizeof(Value) / sizeof(double);
  Value smooth[kCount];
  for (size_t i = 0; i < kCount; ++i) smooth[i] = load_vector<Value>(y + i * kLanes);
  for (uint64_t row = 0; row < rows; ++row) {
    double* const at = x + static_cast<int64_t>(row) * pitch;
    for (size_t i = 0; i < kCount; ++i) {
      smooth[i] = smooth[i] + alpha * (load_vector<Value>(at + i * kLanes) - smooth[i]);
      store_vector(at + i * kLanes, smooth[i]);
    }
  }
  for (size_t i = 0; i < kCount; ++i) store_vector(y + i * kLanes, smooth[i]);
}

SQS_DSP_CLONES void smooth_rows(double alpha, double* y, uint64_t elements, double* x, uint64_t rows, int64_t pitch) {
  uint64_t i = 0;
  for (; i + 8 <= elements; i += 8) smooth_elements<Vector<double, 32>, 2>(alpha, y + i, x + i, rows, pitch);
  for (; i + 4 <= elements; i += 4) smooth_elements<Vector<double, 32>, 1>(alpha, y + i, x + i, rows, pitch);
  for (; i + 2 <= elements; i += 2) smooth_elements<Vector<double, 16>, 1>(alpha, y + i, x + i, rows, pitch);
  for (; i < elements; ++i) smooth_elements<double, 1>(alpha, y + i, x + i, rows, pitch);
}

class SmoothRecursion {
 public:
  explicit SmoothRecursion(const Params& params) : rate_(params.number("rate")) {
    if (params.given("alpha") == params.given("tau")) fail(SQS_E_INVALID, "exp_smooth: give either alpha or tau");
    if (params.given("alpha")) alpha_ = params.number("alpha");
    else tau_ = params.number("tau");
  }

  uint64_t state_bytes(uint64_t elements) const { return kHeaderBytes + checked_bytes(elements, sizeof(double)); }
  uint64_t fixed_bytes() const { return 0; }
  double operations() const { return 5; }

  void start(sqs_call& call, uint64_t elements, const double* first) const {
    alpha_in(call.state) = alpha_ > 0 ? alpha_ : -std::expm1(-1 / (tau_ * rows_per_second(call, "exp_smooth", rate_)));
    std::copy_n(first, elements, y_in(call.state));
  }

  void run(void* state, uint64_t elements, double* x, uint64_t rows, int64_t pitch) const {
    smooth_rows(alpha_in(state), y_in(state), elements, x, rows, pitch);
  }

 private:
  static double& alpha_in(void* state) { return *static_cast<double*>(state); }
  static double* y_in(void* state) { return reinterpret_cast<double*>(static_cast<std::byte*>(state) + kHeaderBytes); }

  double alpha_ = 0;  // 0: by tau
  double tau_ = 0;
  double rate_ = 0;
};

Recipe build(const Params& params, std::span<const Operand> inputs) {
  const Operand& input = inputs[0];
  require_real("exp_smooth", input);
  const SmoothRecursion recursion(params);
  const int32_t dtype = output_dtype(params, input);
  if (!params.is("direction", "both")) return recursion_recipe(recursion, input, direction_of(params), dtype);
  const auto scan = [&](const Operand& read, int32_t direction, int32_t out) {
    return recursion_recipe(recursion, read, direction, out);
  };
  return zero_phase("exp_smooth", input, Extension{}, dtype, scan);
}

}  // namespace

const TypeSpec kExpSmooth = {
    "exp_smooth", SQS_SCAN,
    "Exponential smoothing y[t] = alpha x[t] + (1 - alpha) y[t-1] over the rows, each element of a row by itself, from y = x at "
    "the first row on; shape as the input. With direction=both it adds a second stage, \"NAME.forward\", which this one reads "
    "backward. Computed in f64. Agrees with scipy.signal.lfilter([alpha], [1, alpha - 1], x, zi=(1 - alpha) * x[0]), and with "
    "what pandas calls ewm(alpha=alpha, adjust=False).mean().",
    kParams, 1, build};

}  // namespace sqs::dsp
