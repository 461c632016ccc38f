#include "sos_design.hpp"

#include <algorithm>

#include "guard.hpp"
#include "text.hpp"

namespace sqs::dsp {
namespace {

bool uses_low(Band band) { return band != Band::LowPass; }
bool uses_high(Band band) { return band != Band::HighPass; }

Sections read_sections(const char* type, const std::vector<double>& sos) {
  Sections out;
  if (sos.size() % 6 != 0)
    fail(SQS_E_INVALID, text(type, ": sos has ", sos.size(), " values; a section is b0,b1,b2,a0,a1,a2"));
  for (size_t i = 0; i < sos.size(); i += 6) {
    if (sos[i + 3] != 1) fail(SQS_E_INVALID, text(type, ": a0 of section ", i / 6, " is ", sos[i + 3], "; it must be 1"));
    out.at[out.count++] = {sos[i], sos[i + 1], sos[i + 2], sos[i + 4], sos[i + 5]};
  }
  return out;
}

Band band_named(const std::string& name) {
  if (name == "lowpass") return Band::LowPass;
  if (name == "highpass") return Band::HighPass;
  return name == "bandpass" ? Band::BandPass : Band::BandStop;
}

}  // namespace

uint64_t SosDesign::default_padlen() const {
  const auto count = [&](double Section::*coefficient) {
    return std::count_if(given.at.begin(), given.at.begin() + given.count, [&](const Section& s) { return s.*coefficient == 0; });
  };
  uint64_t first_order = static_cast<uint64_t>(std::min(count(&Section::b2), count(&Section::a2)));
  // Of a design, one section is of first order if the number of poles is odd; b2 of no other one is 0.
  if (needs_rate() && (band == Band::LowPass || band == Band::HighPass)) first_order = order % 2;
  return 3 * (2 * sections() + 1 - first_order);
}

Sections SosDesign::at_rate(double rows_per_second, int32_t code) const {
  if (!needs_rate()) return given;
  const double nyquist = rows_per_second / 2;
  const auto check = [&](const char* corner, double hz) {
    if (!(hz > 0 && hz < nyquist))
      fail(code, text(type, ": ", corner, "=", hz, " is not between 0 and half the rate, ", nyquist, " Hz"));
  };
  if (uses_low(band)) check("low", low);
  if (uses_high(band)) check("high", high);
  if (uses_low(band) && uses_high(band) && !(low < high)) fail(code, text(type, ": low=", low, " is not below high=", high));
  return butter(band, order, low / nyquist, high / nyquist);
}

SosDesign read_sos_design(const char* type, const Params& params) {
  SosDesign design;
  design.type = type;
  const std::string& name = params.choice("butter");
  if (params.given("sos") == (name != "none")) fail(SQS_E_INVALID, text(type, ": give either sos or butter"));
  design.rate = params.number("rate");
  if (params.given("sos")) {
    design.given = read_sections(type, params.list("sos"));
    return design;
  }
  design.band = band_named(name);
  design.order = static_cast<uint32_t>(params.integer("order"));
  design.low = params.number("low");
  design.high = params.number("high");
  if (uses_low(design.band) && !params.given("low")) fail(SQS_E_INVALID, text(type, ": butter=", name, " needs low"));
  if (uses_high(design.band) && !params.given("high")) fail(SQS_E_INVALID, text(type, ": butter=", name, " needs high"));
  if (design.rate > 0) (void)design.at_rate(design.rate, SQS_E_INVALID);
  return design;
}

void require_steady_state(const SosDesign& design, const char* remedy) {
  for (uint32_t s = 0; s < design.given.count; ++s)
    if (1 + design.given.at[s].a1 + design.given.at[s].a2 == 0)
      fail(SQS_E_INVALID, text(design.type, ": section ", s, " has a pole at z = 1, so it has no steady state: ", remedy));
}

}  // namespace sqs::dsp
