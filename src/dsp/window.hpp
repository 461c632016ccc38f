// Window functions, as scipy.signal.get_window computes them. Pure functions.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace sqs::dsp {

// The names a `window` parameter may take, and the other parameters that go with it.
#define SQS_DSP_WINDOW_RANGE "boxcar|hann|hamming|blackman|blackmanharris|flattop|kaiser"
#define SQS_DSP_WINDOW_PARAMS(default_window)                                                                       \
  {"window", ParamType::Choice, "", default_window, SQS_DSP_WINDOW_RANGE, "window function the entries are multiplied with"}, \
  {"beta", ParamType::Float, "", "14", "0..500", "shape of the kaiser window"},                                     \
  {"sym", ParamType::Choice, "", "false", "false|true",                                                             \
   "false: periodic, for spectra (get_window's fftbins=True); true: symmetric, for filter design"}

// `count` points of the window, in f64.
std::vector<double> make_window(std::string_view name, uint64_t count, double beta, bool symmetric);

// The same from a stage's parameters; empty for boxcar, which multiplies with nothing.
class Params;
template <class Real>
std::vector<Real> make_taper(const Params& params, uint64_t count);

}  // namespace sqs::dsp
