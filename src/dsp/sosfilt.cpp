// sosfilt: a cascade of second-order sections, forward over the rows, each element of a row by itself.
//
// The state holds the coefficients, because Hz only become coefficients when the sample rate is known, and the delays:
//
//   Section[sections]   double delays[sections][2][elements]
//
// Elements are worked on eight, four, two or one at a time; what happens to one element is the same sequence of operations
// in each case, so how they are grouped cannot change a bit.
#include <algorithm>
#include <cmath>
#include <string>

#include "butterworth.hpp"
#include "lanes.hpp"
#include "simd.hpp"
#include "types.hpp"

namespace sqs::dsp {
namespace {

constexpr uint64_t kRowsAtOnce = 64;

constexpr ParamSpec kParams[] = {
    {"sos", ParamType::FloatList, "", "", "..; 6..384 values", "b0,b1,b2,1,a1,a2 of each section; or else butter"},
    {"butter", ParamType::Choice, "", "none", "none|lowpass|highpass|bandpass|bandstop",
     "designs a Butterworth filter, as scipy.signal.butter(order, corners, output=\"sos\")"},
    {"order", ParamType::Int, "", "4", "1..24", "of the Butterworth filter"},
    {"low", ParamType::Float, "Hz", "0", "0..", "lower corner: highpass, bandpass, bandstop"},
    {"high", ParamType::Float, "Hz", "0", "0..", "upper corner: lowpass, bandpass, bandstop"},
    {"rate", ParamType::Float, "Hz", "0", "0..", "rows per second of the input; 0: as the pipeline's sample rate has it"},
    {"init", ParamType::Choice, "", "zero", "zero|steady",
     "delays at the start: zero, or the steady state of the first row (sosfilt_zi(sos) * x[0])"},
    {"dtype", ParamType::Choice, "", "auto", "auto|f32|f64",
     "of the output; auto: f32 for f32 and integers up to 16 bits, else f64. Computed in f64"},
};

// Filters `rows` rows in place, kCount values of type Value (double or a vector of them) in each; rows lie `pitch` doubles
// apart. delays: those of the first of these elements.
template <class Value, size_t kCount>
SQS_DSP_INLINE void filter_elements(const Section* sections, uint64_t count, double* delays, uint64_t elements, double* x,
                                    uint64_t rows, uint64_t pitch) {
  Value z0[kMaxSections][kCount], z1[kMaxSections][kCount];
  for (uint64_t s = 0; s < count; ++s) {
    std::memcpy(z0[s], delays + 2 * s * elements, sizeof z0[s]);
    std::memcpy(z1[s], delays + (2 * s + 1) * elements, sizeof z1[s]);
  }
  for (uint64_t row = 0; row < rows; ++row, x += pitch) {
    Value value[kCount];
    std::memcpy(value, x, sizeof value);
    for (uint64_t s = 0; s < count; ++s) {
      const Section& c = sections[s];
      for (size_t i = 0; i < kCount; ++i) {
        const Value out = c.b0 * value[i] + z0[s][i];
        z0[s][i] = c.b1 * value[i] - c.a1 * out + z1[s][i];
        z1[s][i] = c.b2 * value[i] - c.a2 * out;
        value[i] = out;
      }
    }
    std::memcpy(x, value, sizeof value);
  }
  for (uint64_t s = 0; s < count; ++s) {
    std::memcpy(delays + 2 * s * elements, z0[s], sizeof z0[s]);
    std::memcpy(delays + (2 * s + 1) * elements, z1[s], sizeof z1[s]);
  }
}

SQS_DSP_CLONES void filter_rows(const Section* sections, uint64_t count, double* delays, uint64_t elements, double* x,
                                uint64_t rows) {
  uint64_t i = 0;
  for (; i + 8 <= elements; i += 8) filter_elements<Vector<double, 32>, 2>(sections, count, delays + i, elements, x + i, rows, elements);
  for (; i + 4 <= elements; i += 4) filter_elements<Vector<double, 32>, 1>(sections, count, delays + i, elements, x + i, rows, elements);
  for (; i + 2 <= elements; i += 2) filter_elements<Vector<double, 16>, 1>(sections, count, delays + i, elements, x + i, rows, elements);
  for (; i < elements; ++i) filter_elements<double, 1>(sections, count, delays + i, elements, x + i, rows, elements);
}

// What the coefficients come from: given as such, or a design that waits for the rate.
struct Design {
  Sections given;   // count 0: designed by butter
  Band band = Band::BandPass;
  uint32_t order = 0;
  double low = 0, high = 0;
  double rate = 0;  // 0: the pipeline's

  uint64_t sections() const { return given.count != 0 ? given.count : butter_sections(band, order); }
  bool uses_low() const { return band != Band::LowPass; }
  bool uses_high() const { return band != Band::HighPass; }

  Sections at_rate(double rows_per_second, int32_t code) const {
    if (given.count != 0) return given;
    const double nyquist = rows_per_second / 2;
    const auto check = [&](const char* corner, double hz) {
      if (!(hz > 0 && hz < nyquist))
        fail(code, text("sosfilt: ", corner, "=", hz, " is not between 0 and half the rate, ", nyquist, " Hz"));
    };
    if (uses_low()) check("low", low);
    if (uses_high()) check("high", high);
    if (uses_low() && uses_high() && !(low < high)) fail(code, text("sosfilt: low=", low, " is not below high=", high));
    return butter(band, order, low / nyquist, high / nyquist);
  }
};

template <class Out>
class Sosfilt final : public Kernel {
 public:
  Sosfilt(Design design, bool steady, const Operand& input)
      : design_(std::move(design)),
        steady_(steady),
        elements_(product(input.shape)),
        element_bytes_(static_cast<int64_t>(sqs_dtype_bytes(input.dtype))),
        load_(lane_loader<double>(input.dtype)) {}

  uint64_t state_bytes() const {
    return design_.sections() * sizeof(Section) + checked_bytes(elements_, design_.sections() * 2 * sizeof(double));
  }
  uint64_t scratch_bytes() const { return checked_bytes(elements_, kRowsAtOnce * sizeof(double)); }

  void init(sqs_call& call) const override {
    const Sections sections = design_.at_rate(rows_per_second(call), SQS_E_STAGE);
    std::copy_n(sections.at.begin(), sections.count, sections_in(call));
    if (!steady_) return;
    auto* first = static_cast<double*>(call.scratch);
    load_rows(call.inputs[0], load_, element_bytes_, elements_, 0, 1, first);
    set_steady(sections, first, delays_in(call));
  }

  void process(sqs_call& call) const override {
    auto* x = static_cast<double*>(call.scratch);
    for (uint64_t row = 0; row < call.rows; row += kRowsAtOnce) {
      const uint64_t rows = std::min(kRowsAtOnce, call.rows - row);
      load_rows(call.inputs[0], load_, element_bytes_, elements_, row, rows, x);
      filter_rows(sections_in(call), design_.sections(), delays_in(call), elements_, x, rows);
      for (uint64_t i = 0; i < rows; ++i)
        std::copy_n(x + i * elements_, elements_, reinterpret_cast<Out*>(output_row_at(call.output, row + i)));
    }
  }

 private:
  static Section* sections_in(const sqs_call& call) { return static_cast<Section*>(call.state); }
  double* delays_in(const sqs_call& call) const { return reinterpret_cast<double*>(sections_in(call) + design_.sections()); }

  double rows_per_second(const sqs_call& call) const {
    if (design_.given.count != 0 || design_.rate > 0) return design_.rate;
    if (!(call.sample_rate > 0)) fail(SQS_E_STAGE, "sosfilt: the sample rate is not known: give rate");
    return call.sample_rate / static_cast<double>(std::max<uint64_t>(call.frames_per_row, 1));
  }

  // scipy.signal.sosfilt_zi: each section in the steady state of a constant, which the ones before it have scaled.
  void set_steady(const Sections& sections, const double* first, double* delays) const {
    double gain = 1;
    for (uint32_t s = 0; s < sections.count; ++s) {
      const Section& c = sections.at[s];
      const double a_sum = 1 + c.a1 + c.a2;
      const double rest1 = c.b1 - c.a1 * c.b0, rest2 = c.b2 - c.a2 * c.b0;
      const double z0 = (rest1 + rest2) / a_sum;
      const double z1 = (1 + c.a1) * z0 - rest1;
      for (uint64_t i = 0; i < elements_; ++i) {
        delays[2 * s * elements_ + i] = gain * z0 * first[i];
        delays[(2 * s + 1) * elements_ + i] = gain * z1 * first[i];
      }
      gain *= (c.b0 + c.b1 + c.b2) / a_sum;
    }
  }

  Design design_;
  bool steady_;
  uint64_t elements_;
  int64_t element_bytes_;
  LaneLoader<double> load_;
};

Sections read_sections(const std::vector<double>& sos) {
  Sections out;
  if (sos.size() % 6 != 0) fail(SQS_E_INVALID, text("sosfilt: sos has ", sos.size(), " values; a section is b0,b1,b2,a0,a1,a2"));
  for (size_t i = 0; i < sos.size(); i += 6) {
    if (sos[i + 3] != 1) fail(SQS_E_INVALID, text("sosfilt: a0 of section ", i / 6, " is ", sos[i + 3], "; it must be 1"));
    out.at[out.count++] = {sos[i], sos[i + 1], sos[i + 2], sos[i + 4], sos[i + 5]};
  }
  return out;
}

Design read_design(const Params& params) {
  Design design;
  const std::string& band = params.choice("butter");
  if (params.given("sos") == (band != "none")) fail(SQS_E_INVALID, "sosfilt: give either sos or butter");
  design.rate = params.number("rate");
  if (params.given("sos")) {
    design.given = read_sections(params.list("sos"));
    return design;
  }
  design.band = band == "lowpass" ? Band::LowPass : band == "highpass" ? Band::HighPass : band == "bandpass" ? Band::BandPass : Band::BandStop;
  design.order = static_cast<uint32_t>(params.integer("order"));
  design.low = params.number("low");
  design.high = params.number("high");
  if (design.uses_low() && !params.given("low")) fail(SQS_E_INVALID, text("sosfilt: butter=", band, " needs low"));
  if (design.uses_high() && !params.given("high")) fail(SQS_E_INVALID, text("sosfilt: butter=", band, " needs high"));
  if (design.rate > 0) (void)design.at_rate(design.rate, SQS_E_INVALID);
  return design;
}

void check_steady(const Design& design) {
  for (uint32_t s = 0; s < design.given.count; ++s)
    if (1 + design.given.at[s].a1 + design.given.at[s].a2 == 0)
      fail(SQS_E_INVALID, text("sosfilt: section ", s, " has a pole at z = 1, so it has no steady state: use init=zero"));
}

Recipe build(const Params& params, std::span<const Operand> inputs) {
  const Operand& input = inputs[0];
  require_real("sosfilt", input);
  Design design = read_design(params);
  const bool steady = params.is("init", "steady");
  if (steady) check_steady(design);
  Recipe recipe;
  recipe.kind = SQS_SCAN;
  recipe.threading = SQS_ANY_THREAD;
  recipe.dtype = params.is("dtype", "auto") ? real_compute_dtype(input.dtype) : dtype_named(params.choice("dtype"));
  recipe.shape = input.shape;
  recipe.cost_ns_per_row = 1.2 * static_cast<double>(design.sections()) * static_cast<double>(product(input.shape)) + 3;
  visit_float(recipe.dtype, [&](auto chosen) {
    auto kernel = std::make_unique<const Sosfilt<typename decltype(chosen)::type>>(std::move(design), steady, input);
    recipe.state_bytes = kernel->state_bytes();
    recipe.scratch_bytes = kernel->scratch_bytes();
    recipe.kernel = std::move(kernel);
  });
  return recipe;
}

}  // namespace

const TypeSpec kSosfilt = {
    "sosfilt", SQS_SCAN,
    "Second-order sections (biquads) in cascade, forward over the rows, each element of a row by itself; shape as the input. Give the "
    "sections, or let a Butterworth filter be designed. Computed in f64. Agrees with scipy.signal.sosfilt, and with init=steady with "
    "sosfilt(sos, x, zi=sosfilt_zi(sos) * x[0]).",
    kParams, 1, build};

}  // namespace sqs::dsp
