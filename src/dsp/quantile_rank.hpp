// Nearest ranks: which entry of n sorted ones is the p-quantile. Pure.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "params.hpp"

namespace sqs::dsp {

// max(ceil(p*n), 1) - 1, in f64: numpy.quantile(method="inverted_cdf").
inline uint64_t nearest_rank(double p, uint64_t n) {
  const double rank = std::ceil(p * static_cast<double>(n));
  return rank < 1 ? 0 : std::min(static_cast<uint64_t>(rank), n) - 1;
}

#define SQS_DSP_QUANTILE_PARAM \
  {"p", ParamType::FloatList, "", "0.5", "0..1; 1..64 values", "which quantiles, in the order of the output"}

}  // namespace sqs::dsp
