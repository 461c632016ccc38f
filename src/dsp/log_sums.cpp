#include "log_sums.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lanes.hpp"
#include "simd.hpp"

namespace sqs::dsp {
namespace {

constexpr double kImpossible = -std::numeric_limits<double>::infinity();
constexpr uint64_t kAtOnce = 8;  // states whose sums stay in registers

// Every term that has underflowed is below 1e-307; against a sum of this size, no number of states makes them matter.
constexpr double kLeastSum = 1e-280;

// Sums of kAtOnce states over `count` neighbours, elementwise in the order of the neighbours.
template <bool kBand>
SQS_DSP_INLINE void sum_block(const double* x, const double* weights, uint64_t count, uint64_t pitch, double* sums) {
  using V = Vector<double, 32>;
  V sum[2] = {V{}, V{}};
  for (uint64_t k = 0; k < count; ++k) {
    for (uint64_t half = 0; half < 2; ++half) {
      if constexpr (kBand) sum[half] += load_vector<V>(x + k + 4 * half) * weights[k];
      else sum[half] += load_vector<V>(weights + k * pitch + 4 * half) * x[k];
    }
  }
  store_vector(sums, sum[0]);
  store_vector(sums + 4, sum[1]);
}

SQS_DSP_CLONES void sum_band(const double* padded, const double* weights, uint64_t reach, uint64_t states, double* sums) {
  for (uint64_t j = 0; j < states; j += kAtOnce) sum_block<true>(padded + j, weights, 2 * reach + 1, 0, sums + j);
}
SQS_DSP_CLONES void sum_dense(const double* x, const double* weights, uint64_t neighbours, uint64_t states, double* sums) {
  for (uint64_t j = 0; j < states; j += kAtOnce) sum_block<false>(x, weights + j, neighbours, states, sums + j);
}

}  // namespace

double largest_of(const double* values, uint64_t count) { return *std::max_element(values, values + count); }

void add_logs(double* values, const double* more, uint64_t count) {
  for (uint64_t i = 0; i < count; ++i) {
    const double sum = values[i] + more[i];
    values[i] = sum == sum ? sum : kImpossible;
  }
}

LogSums::LogSums(const Transitions& transitions, Direction direction)
    : direction_(direction),
      states_(transitions.states),
      padded_states_((states_ + kAtOnce - 1) / kAtOnce * kAtOnce),
      reach_(transitions.reach),
      dense_(transitions.dense),
      excess_(transitions.excess) {
  if (dense_) put_dense(transitions);
  else put_band(transitions);
  const double largest = largest_of(logs_.data(), logs_.size());
  if (largest != kImpossible) top_ = largest;
  for (const double log : logs_) scaled_.push_back(std::exp(log - top_));
}

// A source that lies `away` states from its target moves by -away, a target that lies `away` from its source by away.
void LogSums::put_band(const Transitions& transitions) {
  logs_ = transitions.weights;
  if (direction_ == Direction::OverSources) std::reverse(logs_.begin(), logs_.end());
}

void LogSums::put_dense(const Transitions& transitions) {
  logs_.assign(states_ * padded_states_, kImpossible);
  for (uint64_t i = 0; i < states_; ++i) {
    for (uint64_t j = 0; j < states_; ++j) {
      const double log = transitions.weights[i * states_ + j];
      if (direction_ == Direction::OverSources) logs_[i * padded_states_ + j] = log;
      else logs_[j * padded_states_ + i] = log;
    }
  }
}

uint64_t LogSums::scratch_bytes() const {
  return scratch_buffer_bytes(states_ * sizeof(double)) + scratch_buffer_bytes((padded_states_ + 2 * reach_) * sizeof(double)) +
         scratch_buffer_bytes(padded_states_ * sizeof(double));
}

uint64_t LogSums::fixed_bytes() const { return (logs_.size() + scaled_.size() + excess_.size()) * sizeof(double); }

double LogSums::sum_in_logs(const double* x, uint64_t state) const {
  const uint64_t first = dense_ ? 0 : state - std::min(state, reach_);
  const uint64_t end = dense_ ? states_ : std::min(states_, state + reach_ + 1);
  double largest = kImpossible;
  for (uint64_t i = first; i < end; ++i) largest = std::max(largest, x[i] + weight(i, state));
  if (largest == kImpossible) return kImpossible;
  double sum = 0;
  for (uint64_t i = first; i < end; ++i) sum += std::exp(x[i] + weight(i, state) - largest);
  return largest + std::log(sum);
}

void LogSums::step(const double* x, double* y, void* scratch) const {
  ScratchCutter cutter(scratch);
  double* values = cutter.take<double>(states_);
  double* padded = cutter.take<double>(padded_states_ + 2 * reach_);
  double* sums = cutter.take<double>(padded_states_);
  const bool excess_of_sources = !excess_.empty() && direction_ == Direction::OverSources;
  for (uint64_t i = 0; i < states_; ++i) values[i] = excess_of_sources ? x[i] - excess_[i] : x[i];
  const double largest = largest_of(values, states_);
  if (largest == kImpossible) {
    std::fill_n(y, states_, kImpossible);
    return;
  }
  std::fill_n(padded, padded_states_ + 2 * reach_, 0.0);
  for (uint64_t i = 0; i < states_; ++i) padded[reach_ + i] = std::exp(values[i] - largest);
  if (dense_) sum_dense(padded, scaled_.data(), states_, padded_states_, sums);
  else sum_band(padded, scaled_.data(), reach_, padded_states_, sums);
  for (uint64_t j = 0; j < states_; ++j)
    y[j] = sums[j] > kLeastSum ? largest + top_ + std::log(sums[j]) : sum_in_logs(values, j);
  if (!excess_.empty() && direction_ == Direction::OverTargets)
    for (uint64_t j = 0; j < states_; ++j) y[j] -= excess_[j];
}

}  // namespace sqs::dsp
