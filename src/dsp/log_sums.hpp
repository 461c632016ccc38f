// One step of the forward or the backward recursion of a hidden Markov model in log probabilities: for every state the log of
// the sum over its neighbours of exp(value + weight). Sums are taken of probabilities, scaled by the largest; where that
// underflows, the state's sum is taken again in logs, so that no state is lost, however improbable. The order of additions is
// that of the neighbours' indices. Thread safety: constant once made.
#pragma once

#include <cstdint>
#include <vector>

#include "hmm_model.hpp"

namespace sqs::dsp {

class LogSums {
 public:
  // OverSources: y[j] = log sum over i of exp(x[i] + weight(i, j)).
  // OverTargets: y[i] = log sum over j of exp(weight(i, j) + x[j]).
  enum class Direction { OverSources, OverTargets };

  LogSums(const Transitions& transitions, Direction direction);

  uint64_t states() const { return states_; }
  uint64_t scratch_bytes() const;
  uint64_t fixed_bytes() const;

  // x and y: states() elements, not the same. No x is NaN.
  void step(const double* x, double* y, void* scratch) const;

 private:
  void put_band(const Transitions& transitions);
  void put_dense(const Transitions& transitions);
  double sum_in_logs(const double* x, uint64_t state) const;
  double weight(uint64_t neighbour, uint64_t state) const {
    return dense_ ? logs_[neighbour * padded_states_ + state] : logs_[neighbour + reach_ - state];
  }

  Direction direction_;
  uint64_t states_, padded_states_, reach_;
  bool dense_;
  double top_ = 0;              // the largest weight
  std::vector<double> logs_;    // band: of the neighbours -reach .. reach away; dense: [neighbour][padded state]
  std::vector<double> scaled_;  // exp(logs_ - top_)
  std::vector<double> excess_;
};

// The largest of the values, none of which is NaN.
double largest_of(const double* values, uint64_t count);

// values[i] + more[i] into values; a sum that is NaN counts as minus infinity.
void add_logs(double* values, const double* more, uint64_t count);

}  // namespace sqs::dsp
