// The sections of sosfilt and sosfiltfilt by parameters: given as numbers, or a Butterworth design that waits for the rate.
// Values.
#pragma once

#include "butterworth.hpp"
#include "params.hpp"

namespace sqs::dsp {

inline constexpr ParamSpec kSosParam = {"sos", ParamType::FloatList, "", "", "..; 6..384 values",
                                        "b0,b1,b2,1,a1,a2 of each section; or else butter"};
inline constexpr ParamSpec kButterParam = {
    "butter", ParamType::Choice, "", "none", "none|lowpass|highpass|bandpass|bandstop",
    "designs a Butterworth filter, as scipy.signal.butter(order, corners, output=\"sos\")"};
inline constexpr ParamSpec kOrderParam = {"order", ParamType::Int, "", "4", "1..24", "of the Butterworth filter"};
inline constexpr ParamSpec kLowParam = {"low", ParamType::Float, "Hz", "0", "0..", "lower corner: highpass, bandpass, bandstop"};
inline constexpr ParamSpec kHighParam = {"high", ParamType::Float, "Hz", "0", "0..", "upper corner: lowpass, bandpass, bandstop"};

struct SosDesign {
  const char* type = "";  // whose parameters these are, for sentences
  Sections given;         // count 0: designed by butter
  Band band = Band::BandPass;
  uint32_t order = 0;
  double low = 0, high = 0;
  double rate = 0;        // 0: the pipeline's

  uint64_t sections() const { return given.count != 0 ? given.count : butter_sections(band, order); }
  bool needs_rate() const { return given.count == 0; }
  // By how many rows scipy.signal.sosfiltfilt extends: a design's coefficients that are zero at every rate are known before it.
  uint64_t default_padlen() const;
  // Throws Failure with `code` if the corners do not fit the rate.
  Sections at_rate(double rows_per_second, int32_t code) const;
};

// Reads sos, butter, order, low, high and rate. Throws Failure.
SosDesign read_sos_design(const char* type, const Params& params);

// Refuses sections that have no steady state; `remedy` ends the sentence. (A Butterworth filter has one always.)
void require_steady_state(const SosDesign& design, const char* remedy);

}  // namespace sqs::dsp
