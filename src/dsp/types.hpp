// The table entries of the stage types, one family per file.
#pragma once

#include "stage.hpp"

namespace sqs::dsp {

extern const TypeSpec kRfft;             // rfft.cpp
extern const TypeSpec kFft;              // fft.cpp
extern const TypeSpec kTaper;            // taper.cpp
extern const TypeSpec kMagnitude;        // elementwise.cpp
extern const TypeSpec kLog;
extern const TypeSpec kScale;
extern const TypeSpec kConvert;          // convert.cpp
extern const TypeSpec kArgmax;           // argmax.cpp
extern const TypeSpec kQuantile;         // quantile.cpp
extern const TypeSpec kRunningQuantile;  // running_quantile.cpp
extern const TypeSpec kHistogram;        // histogram.cpp
extern const TypeSpec kBandSums;         // band_sums.cpp
extern const TypeSpec kThreshold;        // marks.cpp
extern const TypeSpec kLocalMax;
extern const TypeSpec kMeanVar;          // mean_var.cpp
extern const TypeSpec kNormalise;        // normalise.cpp
extern const TypeSpec kSosfilt;          // sosfilt.cpp
extern const TypeSpec kSosfiltfilt;
extern const TypeSpec kLfilter;          // lfilter.cpp
extern const TypeSpec kFiltfilt;
extern const TypeSpec kExpSmooth;        // exp_smooth.cpp
extern const TypeSpec kKalman;           // kalman.cpp
extern const TypeSpec kRts;
extern const TypeSpec kKalmanSmooth;
extern const TypeSpec kViterbiForward;   // viterbi.cpp
extern const TypeSpec kViterbiTrace;
extern const TypeSpec kViterbi;
extern const TypeSpec kHmmForward;       // hmm_posterior.cpp
extern const TypeSpec kHmmPosterior;
extern const TypeSpec kPosterior;

}  // namespace sqs::dsp
