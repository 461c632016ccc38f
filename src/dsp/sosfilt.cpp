// sosfilt: a cascade of second-order sections over the rows, each element of a row by itself; sosfiltfilt: the same forward and
// then backward.
//
// The state holds the coefficients, because Hz only become coefficients when the sample rate is known, and the delays:
//
//   Section[sections]   double delays[sections][2][elements]
//
// Elements are worked on eight, four, two or one at a time; what happens to one element is the same sequence of operations
// in each case, so how they are grouped cannot change a bit.
#include <algorithm>
#include <cmath>

#include "row_recursion.hpp"
#include "simd.hpp"
#include "sos_design.hpp"
#include "types.hpp"
#include "zero_phase.hpp"

namespace sqs::dsp {
namespace {

constexpr ParamSpec kParams[] = {
    kSosParam, kButterParam, kOrderParam, kLowParam, kHighParam, kRateParam, kDirectionParam,
    {"init", ParamType::Choice, "", "zero", "zero|steady",
     "delays at the start: zero, or the steady state of the first row it works on (sosfilt_zi(sos) * x[0])"},
    kZiParam,
    kOutputDtypeParam,
};

constexpr ParamSpec kZeroPhaseParams[] = {
    kSosParam, kButterParam, kOrderParam, kLowParam, kHighParam, kRateParam, kPadtypeParam, kPadlenParam, kOutputDtypeParam,
};

// Filters `rows` rows in place, kCount values of type Value (double or a vector of them) in each; rows lie `pitch` doubles
// apart. delays: those of the first of these elements.
template <class Value, size_t kCount>
SQS_DSP_INLINE void filter_elements(const Section* sections, uint64_t count, double* delays, uint64_t elements, double* x,
                                    uint64_t rows, int64_t pitch) {
  constexpr size_t kLanes = sizeof(Value) / sizeof(double);
  Value z0[kMaxSections][kCount], z1[kMaxSections][kCount];
  for (uint64_t s = 0; s < count; ++s) {
    std::memcpy(z0[s], delays + 2 * s * elements, sizeof z0[s]);
    std::memcpy(z1[s], delays + (2 * s + 1) * elements, sizeof z1[s]);
  }
  for (uint64_t row = 0; row < rows; ++row) {
    double* const at = x + static_cast<int64_t>(row) * pitch;
    Value value[kCount];
    for (size_t i = 0; i < kCount; ++i) value[i] = load_vector<Value>(at + i * kLanes);
    for (uint64_t s = 0; s < count; ++s) {
      const Section& c = sections[s];
      for (size_t i = 0; i < kCount; ++i) {
        const Value out = c.b0 * value[i] + z0[s][i];
        z0[s][i] = c.b1 * value[i] - c.a1 * out + z1[s][i];
        z1[s][i] = c.b2 * value[i] - c.a2 * out;
        value[i] = out;
      }
    }
    for (size_t i = 0; i < kCount; ++i) store_vector(at + i * kLanes, value[i]);
  }
  for (uint64_t s = 0; s < count; ++s) {
    std::memcpy(delays + 2 * s * elements, z0[s], sizeof z0[s]);
    std::memcpy(delays + (2 * s + 1) * elements, z1[s], sizeof z1[s]);
  }
}

SQS_DSP_CLONES void filter_rows(const Section* sections, uint64_t count, double* delays, uint64_t elements, double* x,
                                uint64_t rows, int64_t pitch) {
  uint64_t i = 0;
  for (; i + 8 <= elements; i += 8)
    filter_elements<Vector<double, 32>, 2>(sections, count, delays + i, elements, x + i, rows, pitch);
  for (; i + 4 <= elements; i += 4)
    filter_elements<Vector<double, 32>, 1>(sections, count, delays + i, elements, x + i, rows, pitch);
  for (; i + 2 <= elements; i += 2)
    filter_elements<Vector<double, 16>, 1>(sections, count, delays + i, elements, x + i, rows, pitch);
  for (; i < elements; ++i) filter_elements<double, 1>(sections, count, delays + i, elements, x + i, rows, pitch);
}

class SosRecursion {
 public:
  SosRecursion(const SosDesign& design, bool steady, GivenDelays zi = {})
      : design_(design), steady_(steady), zi_(std::move(zi)) {}

  uint64_t state_bytes(uint64_t elements) const {
    return design_.sections() * sizeof(Section) + checked_bytes(elements, design_.sections() * 2 * sizeof(double));
  }
  uint64_t fixed_bytes() const { return zi_.bytes(); }
  double operations() const { return 5 * static_cast<double>(design_.sections()); }

  void start(sqs_call& call, uint64_t elements, const double* first) const {
    const double rate = design_.needs_rate() ? rows_per_second(call, design_.type, design_.rate) : 0;
    const Sections sections = design_.at_rate(rate, SQS_E_STAGE);
    std::copy_n(sections.at.begin(), sections.count, static_cast<Section*>(call.state));
    zi_.put(elements, delays_in(call.state));
    if (steady_) set_steady(sections, elements, first, delays_in(call.state));
  }

  void run(void* state, uint64_t elements, double* x, uint64_t rows, int64_t pitch) const {
    filter_rows(static_cast<Section*>(state), design_.sections(), delays_in(state), elements, x, rows, pitch);
  }

 private:
  double* delays_in(void* state) const { return reinterpret_cast<double*>(static_cast<Section*>(state) + design_.sections()); }

  // scipy.signal.sosfilt_zi: each section in the steady state of a constant, which the ones before it have scaled.
  static void set_steady(const Sections& sections, uint64_t elements, const double* first, double* delays) {
    double gain = 1;
    for (uint32_t s = 0; s < sections.count; ++s) {
      const Section& c = sections.at[s];
      const double a_sum = 1 + c.a1 + c.a2;
      const double rest1 = c.b1 - c.a1 * c.b0, rest2 = c.b2 - c.a2 * c.b0;
      const double z0 = (rest1 + rest2) / a_sum;
      const double z1 = (1 + c.a1) * z0 - rest1;
      for (uint64_t i = 0; i < elements; ++i) {
        delays[2 * s * elements + i] = gain * z0 * first[i];
        delays[(2 * s + 1) * elements + i] = gain * z1 * first[i];
      }
      gain *= (c.b0 + c.b1 + c.b2) / a_sum;
    }
  }

  SosDesign design_;
  bool steady_;
  GivenDelays zi_;
};

Recipe build(const Params& params, std::span<const Operand> inputs) {
  const Operand& input = inputs[0];
  require_real("sosfilt", input);
  const SosDesign design = read_sos_design("sosfilt", params);
  const bool steady = params.is("init", "steady");
  if (steady) require_steady_state(design, "use init=zero");
  GivenDelays zi = read_zi("sosfilt", params, 2 * design.sections(), product(input.shape), "two for each section");
  const SosRecursion recursion(design, steady, std::move(zi));
  return recursion_recipe(recursion, input, direction_of(params), output_dtype(params, input));
}

Recipe build_zero_phase(const Params& params, std::span<const Operand> inputs) {
  const Operand& input = inputs[0];
  require_real("sosfiltfilt", input);
  const SosDesign design = read_sos_design("sosfiltfilt", params);
  require_steady_state(design, "it can't be filtered without phase");
  const auto scan = [&](const Operand& read, int32_t direction, int32_t dtype) {
    return recursion_recipe(SosRecursion(design, true), read, direction, dtype);
  };
  const Extension extension = read_extension("sosfiltfilt", params, design.default_padlen());
  return zero_phase("sosfiltfilt", input, extension, output_dtype(params, input), scan);
}

}  // namespace

const TypeSpec kSosfilt = {
    "sosfilt", SQS_SCAN,
    "Second-order sections (biquads) in cascade, over the rows, each element of a row by itself; shape as the input. Give the "
    "sections, or let a Butterworth filter be designed. Computed in f64. Agrees with scipy.signal.sosfilt, with init=steady "
    "with sosfilt(sos, x, zi=sosfilt_zi(sos) * x[0]), and with zi of shape (sections, 2), for every element, or "
    "(sections, 2, elements) with sosfilt(sos, x, axis=0, zi=zi)[0]; with direction=backward on the rows in reverse.",
    kParams, 1, build};

const TypeSpec kSosfiltfilt = {
    "sosfiltfilt", SQS_SCAN,
    "Second-order sections in cascade, forward and then backward over the rows, so that nothing is delayed; shape as the input. "
    "The gain is squared. Adds a second stage, \"NAME.forward\", which this one reads (and of integers with padtype=odd a third, "
    "\"NAME.input\"). Computed in f64, as is what lies between. Agrees with scipy.signal.sosfiltfilt; like it, odd needs more "
    "rows than padlen, but even and constant take fewer too.",
    kZeroPhaseParams, 1, build_zero_phase};

}  // namespace sqs::dsp
