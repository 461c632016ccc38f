// lfilter: a filter by the coefficients b, a of its transfer function, in the transposed direct form II, each element of a row
// by itself; filtfilt: the same forward and then backward. For high orders sections (sosfilt) are better conditioned.
//
//   y = b[0] x + z[0];   z[i - 1] = b[i] x - a[i] y + z[i]      with z[taps - 1] = 0
//
// The state is double z[taps][elements]; its last row stays 0, which spares the last tap a case of its own. With one element the
// loop over taps is what vectorises, else that over elements; an element sees the same operations in each case.
#include <algorithm>
#include <cmath>

#include "row_recursion.hpp"
#include "simd.hpp"
#include "types.hpp"
#include "zero_phase.hpp"

namespace sqs::dsp {
namespace {

constexpr ParamSpec kNumeratorParam = {"b", ParamType::FloatList, "", "", "..; 1..1024 values",
                                       "coefficients of the numerator, in ascending delay", true};
constexpr ParamSpec kDenominatorParam = {"a", ParamType::FloatList, "", "1", "..; 1..1024 values",
                                         "coefficients of the denominator; the first is not 0, and all are divided by it"};

constexpr ParamSpec kParams[] = {
    kNumeratorParam, kDenominatorParam, kDirectionParam,
    {"init", ParamType::Choice, "", "zero", "zero|steady",
     "delays at the start: zero, or the steady state of the first row it works on (lfilter_zi(b, a) * x[0])"},
    kZiParam,
    kOutputDtypeParam,
};

constexpr ParamSpec kZeroPhaseParams[] = {kNumeratorParam, kDenominatorParam, kPadtypeParam, kPadlenParam, kOutputDtypeParam};

struct Transfer {
  std::vector<double> b, a;  // of one length, a[0] == 1

  uint64_t taps() const { return b.size(); }
};

// kCount values of type Value in each row, loaded and stored one by one: arrays of vectors go through memory otherwise.
template <class Value, size_t kCount>
SQS_DSP_INLINE void filter_elements(const double* b, const double* a, uint64_t taps, double* z, uint64_t elements, double* x,
                                    uint64_t rows, int64_t pitch) {
  constexpr size_t kLanes = sizeof(Value) / sizeof(double);
  for (uint64_t row = 0; row < rows; ++row) {
    double* const at = x + static_cast<int64_t>(row) * pitch;
    Value in[kCount], out[kCount];
    for (size_t i = 0; i < kCount; ++i) {
      in[i] = load_vector<Value>(at + i * kLanes);
      out[i] = b[0] * in[i] + load_vector<Value>(z + i * kLanes);
      store_vector(at + i * kLanes, out[i]);
    }
    for (uint64_t tap = 1; tap < taps; ++tap) {
      double* const delays = z + tap * elements;
      const double b_tap = b[tap], a_tap = a[tap];
      for (size_t i = 0; i < kCount; ++i)
        store_vector(delays - elements + i * kLanes,
                    b_tap * in[i] - a_tap * out[i] + load_vector<Value>(delays + i * kLanes));
    }
  }
}

SQS_DSP_INLINE void filter_one_element(const double* b, const double* a, uint64_t taps, double* z, double* x, uint64_t rows,
                                       int64_t pitch) {
  for (uint64_t row = 0; row < rows; ++row) {
    double* const at = x + static_cast<int64_t>(row) * pitch;
    const double in = *at, out = b[0] * in + z[0];
    for (uint64_t tap = 1; tap < taps; ++tap) z[tap - 1] = b[tap] * in - a[tap] * out + z[tap];
    *at = out;
  }
}

SQS_DSP_CLONES void filter_rows(const double* b, const double* a, uint64_t taps, double* z, uint64_t elements, double* x,
                                uint64_t rows, int64_t pitch) {
  if (elements == 1) return filter_one_element(b, a, taps, z, x, rows, pitch);
  uint64_t i = 0;
  for (; i + 8 <= elements; i += 8) filter_elements<Vector<double, 32>, 2>(b, a, taps, z + i, elements, x + i, rows, pitch);
  for (; i + 4 <= elements; i += 4) filter_elements<Vector<double, 32>, 1>(b, a, taps, z + i, elements, x + i, rows, pitch);
  for (; i + 2 <= elements; i += 2) filter_elements<Vector<double, 16>, 1>(b, a, taps, z + i, elements, x + i, rows, pitch);
  for (; i < elements; ++i) filter_elements<double, 1>(b, a, taps, z + i, elements, x + i, rows, pitch);
}

// scipy.signal.lfilter_zi: the delays of a constant 1 that has gone on for ever. They solve z[i - 1] = z[i] + rest[i] with
// rest[i] = b[i] - a[i] * y, y the gain of a constant; sums are long because those of a narrow filter nearly cancel.
std::vector<double> steady_delays(const Transfer& filter) {
  long double a_sum = 0, b_sum = 0;
  for (uint64_t tap = 0; tap < filter.taps(); ++tap) {
    a_sum += filter.a[tap];
    b_sum += filter.b[tap];
  }
  const long double gain = b_sum / a_sum;
  std::vector<double> delays(filter.taps(), 0.0);
  long double rest = 0;
  for (uint64_t tap = filter.taps(); tap-- > 1;) {
    rest += filter.b[tap] - filter.a[tap] * gain;
    delays[tap - 1] = static_cast<double>(rest);
  }
  return delays;
}

class TransferRecursion {
 public:
  TransferRecursion(Transfer filter, bool steady, GivenDelays zi = {}) : filter_(std::move(filter)), zi_(std::move(zi)) {
    if (steady) steady_ = steady_delays(filter_);
  }

  uint64_t state_bytes(uint64_t elements) const { return checked_bytes(elements, filter_.taps() * sizeof(double)); }
  uint64_t fixed_bytes() const { return zi_.bytes(); }
  double operations() const { return 2 * static_cast<double>(filter_.taps()); }

  void start(sqs_call& call, uint64_t elements, const double* first) const {
    auto* z = static_cast<double*>(call.state);
    zi_.put(elements, z);
    for (const double delay : steady_)
      for (uint64_t i = 0; i < elements; ++i) *z++ = delay * first[i];
    // 0 times a first row that is not finite.
    if (!steady_.empty()) std::fill(z - elements, z, 0.0);
  }

  void run(void* state, uint64_t elements, double* x, uint64_t rows, int64_t pitch) const {
    filter_rows(filter_.b.data(), filter_.a.data(), filter_.taps(), static_cast<double*>(state), elements, x, rows, pitch);
  }

 private:
  Transfer filter_;
  std::vector<double> steady_;  // empty: starts from zero, or as zi says
  GivenDelays zi_;
};

Transfer read_transfer(const char* type, const Params& params) {
  Transfer filter{params.list("b"), params.list("a")};
  const double leading = filter.a.front();
  if (leading == 0) fail(SQS_E_INVALID, text(type, ": a begins with 0; the first coefficient of the denominator must not be 0"));
  const size_t taps = std::max(filter.b.size(), filter.a.size());
  for (std::vector<double>* side : {&filter.b, &filter.a}) {
    side->resize(taps, 0.0);
    for (double& coefficient : *side) coefficient /= leading;
  }
  for (const double coefficient : filter.b)
    if (!std::isfinite(coefficient))
      fail(SQS_E_INVALID, text(type, ": a begins with ", leading, ", by which b can't be divided"));
  for (const double coefficient : filter.a)
    if (!std::isfinite(coefficient))
      fail(SQS_E_INVALID, text(type, ": a begins with ", leading, ", by which a can't be divided"));
  return filter;
}

void require_steady_state(const char* type, const Transfer& filter, const char* remedy) {
  long double sum = 0;
  for (const double coefficient : filter.a) sum += coefficient;
  if (sum == 0) fail(SQS_E_INVALID, text(type, ": a has a root at z = 1, so there is no steady state: ", remedy));
}

Recipe build(const Params& params, std::span<const Operand> inputs) {
  const Operand& input = inputs[0];
  require_real("lfilter", input);
  Transfer filter = read_transfer("lfilter", params);
  const bool steady = params.is("init", "steady");
  if (steady) require_steady_state("lfilter", filter, "use init=zero");
  GivenDelays zi = read_zi("lfilter", params, filter.taps() - 1, product(input.shape), "one less than there are coefficients");
  const TransferRecursion recursion(std::move(filter), steady, std::move(zi));
  return recursion_recipe(recursion, input, direction_of(params), output_dtype(params, input));
}

Recipe build_zero_phase(const Params& params, std::span<const Operand> inputs) {
  const Operand& input = inputs[0];
  require_real("filtfilt", input);
  const Transfer filter = read_transfer("filtfilt", params);
  require_steady_state("filtfilt", filter, "it can't be filtered without phase");
  const auto scan = [&](const Operand& read, int32_t direction, int32_t dtype) {
    return recursion_recipe(TransferRecursion(filter, true), read, direction, dtype);
  };
  return zero_phase("filtfilt", input, read_extension("filtfilt", params, 3 * filter.taps()), output_dtype(params, input), scan);
}

}  // namespace

const TypeSpec kLfilter = {
    "lfilter", SQS_SCAN,
    "A filter by the coefficients b and a of its transfer function, over the rows, each element of a row by itself; shape as the "
    "input. Transposed direct form II, computed in f64. Agrees with scipy.signal.lfilter, with init=steady with "
    "lfilter(b, a, x, zi=lfilter_zi(b, a) * x[0]), and with zi of shape (delays), for every element, or (delays, elements) with "
    "lfilter(b, a, x, axis=0, zi=zi)[0]; with direction=backward on the rows in reverse. Above an order of 8 or so use sosfilt.",
    kParams, 1, build};

const TypeSpec kFiltfilt = {
    "filtfilt", SQS_SCAN,
    "A filter by the coefficients b and a of its transfer function, forward and then backward over the rows, so that nothing "
    "is delayed; shape as the input. The gain is squared. Adds a second stage, \"NAME.forward\", which this one reads (and of "
    "integers with padtype=odd a third, \"NAME.input\"). Computed in f64, as is what lies between. Agrees with "
    "scipy.signal.filtfilt; like it, odd needs more rows than padlen, but even and constant take fewer too. Above an order of 8 "
    "or so, and for narrow bands above 2, b and a are ill-conditioned: use sosfiltfilt.",
    kZeroPhaseParams, 1, build_zero_phase};

}  // namespace sqs::dsp
