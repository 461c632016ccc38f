// Graphs of ready-made stages for tests of the engine: which stages there are and what they read. Values.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "c_api.hpp"

namespace sqs::dsp::test {

struct Shape {
  uint64_t channels, window, hop, frames;
};

struct StageSpec {
  const char* type;
  const char* name;
  std::vector<sqs_access> inputs;
  std::string params;
};

using Stages = std::vector<StageSpec>;

struct StageGraph {
  const char* name;
  int32_t dtype;  // of the frames
  Stages (*stages)(const Shape&);

  friend void PrintTo(const StageGraph& graph, std::ostream* out) { *out << graph.name; }
};

inline sqs_access access_to(const char* stage, uint64_t before = 0, uint64_t after = 0, uint64_t stride = 1,
                            int32_t edge = SQS_VALID) {
  return api::access(stage, edge, before, after, stride);
}

// The rows of a stage that has one for every frame, cut as the frames are.
inline sqs_access windows_of(const char* stage, const Shape& shape) { return access_to(stage, 0, shape.window - 1, shape.hop); }

// With a stage of every kind: on windows, on frames before windows, a reduce and its reader.
inline Stages mixed_stages(const Shape& shape) {
  return {
      {"rfft", "spectrum", {access_to("input")}, "window=hann"},
      {"band_sums", "bands", {access_to("spectrum")}, "bands=0,100,50,500 n=" + std::to_string(shape.window)},
      {"magnitude", "magnitude", {access_to("spectrum")}, ""},
      {"argmax", "peak", {access_to("magnitude")}, ""},
      {"quantile", "quantile", {access_to("input")}, "p=0.5,0.95"},
      {"running_quantile", "running", {access_to("input")}, "p=0.5,0.95"},
      {"threshold", "alert", {access_to("running")}, "limit=0.5"},
      {"histogram", "histogram", {access_to("input")}, "bins=16 lo=-1 hi=2"},
      {"sosfilt", "filtered", {access_to("frames")}, "butter=bandpass order=2 low=20 high=200 init=steady"},
      {"mean_var", "statistics", {access_to("filtered")}, ""},
      {"normalise", "z", {access_to("filtered"), access_to("statistics")}, ""},
      {"local_max", "beats", {access_to("z", 5, 5, 1, SQS_CLAMP)}, "height=1"},
      {"running_quantile", "median of z", {windows_of("z", shape)}, ""},
      {"rfft", "spectrum of z", {windows_of("z", shape)}, "output=power"},
      {"log", "decibels", {access_to("spectrum of z")}, "base=10 factor=10 floor=1e-9"},
  };
}

// What a radio has: complex frames, of whose spectrum the bins are in order of frequency, and an envelope smoothed both ways.
inline Stages complex_stages(const Shape& shape) {
  return {
      {"taper", "tapered", {access_to("input")}, "window=blackman"},
      {"fft", "spectrum", {access_to("tapered")}, "shift=true"},
      {"magnitude", "magnitude", {access_to("spectrum")}, ""},
      {"fft", "power", {access_to("input")}, "window=hann output=power"},
      {"band_sums", "bands", {access_to("spectrum")}, "bands=-200,-50,-50,50 layout=shifted"},
      {"band_sums", "mean and all", {access_to("power")},
       "bands=0,1,0," + std::to_string(shape.window) + " unit=bins layout=twosided"},
      {"log", "decibels", {access_to("power")}, "base=10 factor=10 floor=1e-9"},
      {"threshold", "occupied", {access_to("decibels")}, "limit=3"},
      {"argmax", "carrier", {access_to("power")}, ""},
      {"convert", "wide", {access_to("frames")}, "dtype=c128"},
      {"fft", "wide spectrum", {windows_of("wide", shape)}, ""},
      {"magnitude", "level", {access_to("frames")}, ""},
      {"exp_smooth", "envelope", {access_to("level")}, "alpha=0.1 direction=both"},
      {"mean_var", "statistics", {access_to("envelope")}, "direction=backward"},
      {"normalise", "z", {access_to("envelope"), access_to("statistics")}, "floor=1e-3"},
      {"running_quantile", "floor of z", {windows_of("z", shape)}, "p=0.1"},
  };
}

// Integers, filters after filters, and statistics of frames that windows are normalised by.
inline Stages integer_stages(const Shape& shape) {
  return {
      {"histogram", "counts", {access_to("input")}, "bins=7 lo=-20 hi=40"},
      {"quantile", "quantile", {access_to("input")}, "p=0,0.3,1"},
      {"running_quantile", "running", {access_to("input")}, "p=0,0.3,1"},
      {"rfft", "power", {access_to("input")}, "window=flattop output=power"},
      {"convert", "volts", {access_to("frames")}, "dtype=f64"},
      {"lfilter", "smooth", {access_to("volts")}, "b=0.2,0.3 a=1,-0.5"},
      {"sosfilt", "filtered", {access_to("smooth")}, "butter=highpass order=3 low=5"},
      {"mean_var", "statistics", {access_to("filtered")}, "ddof=1"},
      {"normalise", "z", {windows_of("filtered", shape), access_to("statistics")}, ""},
      {"taper", "tapered", {access_to("z")}, "window=hamming"},
      {"rfft", "magnitude", {access_to("tapered")}, "output=magnitude"},
      {"log", "level", {access_to("magnitude")}, "base=2 floor=1e-6"},
      {"argmax", "loudest", {access_to("level")}, ""},
      {"lfilter", "ahead", {access_to("loudest")}, "b=1,1 a=2 direction=backward"},
  };
}

// Filters forward and backward, in parallel and of different dtypes; one of them refuses a recording that is too short.
inline Stages zero_phase_stages(const Shape& shape) {
  return {
      {"sosfiltfilt", "clean", {access_to("frames")}, "butter=bandpass order=2 low=5 high=200 padtype=constant"},
      {"rfft", "power", {windows_of("clean", shape)}, "window=hann output=power"},
      {"band_sums", "bands", {access_to("power")}, "bands=0,100,50,500 n=" + std::to_string(shape.window)},
      {"filtfilt", "odd", {access_to("frames")}, "b=0.2,0.3 a=1,-0.5 dtype=f64"},
      {"mean_var", "statistics", {access_to("odd")}, ""},
      {"normalise", "z", {access_to("odd"), access_to("statistics")}, ""},
      {"local_max", "beats", {access_to("z", 3, 4, 1, SQS_REFLECT)}, ""},
      {"quantile", "quantile", {windows_of("clean", shape)}, "p=0.9"},
      {"histogram", "histogram", {windows_of("z", shape)}, "bins=5 lo=-2 hi=2"},
  };
}

// Passes over passes: what looks back reads what has looked back.
inline Stages chained_stages(const Shape& shape) {
  return {
      {"filtfilt", "clean", {access_to("frames")}, "b=0.5,0.5 padtype=even padlen=4"},
      {"exp_smooth", "trend", {access_to("clean")}, "alpha=0.05 direction=both dtype=f64"},
      {"mean_var", "statistics", {access_to("trend")}, "direction=backward"},
      {"normalise", "z", {access_to("trend"), access_to("statistics")}, ""},
      {"sosfilt", "again", {access_to("z")}, "butter=lowpass order=2 high=100 direction=backward init=steady"},
      {"running_quantile", "running", {windows_of("again", shape)}, "p=0.5"},
      {"rfft", "spectrum", {windows_of("z", shape)}, ""},
      {"magnitude", "magnitude", {access_to("spectrum")}, ""},
  };
}

// "1,0,0,1" for 2.
inline std::string identity_matrix(uint64_t n) {
  std::string out = "1";
  for (uint64_t i = 1; i < n * n; ++i) out += i % (n + 1) == 0 ? ",1" : ",0";
  return out;
}

// A level that wanders, seen by every channel with noise of its own.
inline Stages kalman_stages(const Shape& shape) {
  std::string model = "F=1 Q=0.01 P0=1 H=1";
  for (uint64_t channel = 1; channel < shape.channels; ++channel) model += ",1";
  model += " R=" + identity_matrix(shape.channels);
  return {
      {"kalman", "filter", {access_to("frames")}, model + " output=packed"},
      {"rts", "level and variance", {access_to("filter")}, "F=1 Q=0.01"},
      {"kalman_smooth", "level", {access_to("frames")}, model + " output=mean"},
      {"local_max", "tops", {access_to("level", 2, 2, 1, SQS_CLAMP)}, ""},
      {"taper", "tapered", {windows_of("level", shape)}, "window=hann"},
      {"rfft", "power", {access_to("tapered")}, "output=power"},
      {"log", "decibels", {access_to("power")}, "base=10 factor=10 floor=1e-9"},
  };
}

// The path of the loudest frequency through the windows: few rows, with states as large as a row.
inline Stages path_stages(const Shape&) {
  return {
      {"rfft", "power", {access_to("input")}, "window=hann n=12 output=power"},
      {"log", "score", {access_to("power")}, "floor=1e-9"},
      {"viterbi", "path", {access_to("score")}, "band=-2,-0.5,-2"},
      {"posterior", "odds", {access_to("score")}, "band=-2,-0.5,-2"},
      {"argmax", "likeliest", {access_to("odds")}, ""},
      {"exp_smooth", "smooth path", {access_to("path")}, "alpha=0.3 direction=both"},
  };
}

inline constexpr StageGraph kStageGraphs[] = {
    {"mixed", SQS_F32, mixed_stages},
    {"complex", SQS_C64, complex_stages},
    {"integer", SQS_I16, integer_stages},
    {"zero_phase", SQS_F32, zero_phase_stages},
    {"chained", SQS_F32, chained_stages},
    {"kalman", SQS_F64, kalman_stages},
    {"path", SQS_F32, path_stages},
};

}  // namespace sqs::dsp::test
