// One step of the Viterbi recursion: for every target state the best source, by score + weight. Of equal candidates the source
// of the lowest index wins, also where all candidates are minus infinity. Thread safety: constant once made.
#pragma once

#include <cstdint>
#include <vector>

#include "hmm_model.hpp"

namespace sqs::dsp {

template <class Real>
class MaxPlus {
 public:
  // An integer as wide as Real, so that sources sit in vectors as wide as scores.
  using Index = std::conditional_t<sizeof(Real) == 4, int32_t, int64_t>;

  explicit MaxPlus(const Transitions& transitions);

  uint64_t states() const { return states_; }
  // Buffers that step() works on hold this many elements.
  uint64_t padded_states() const { return padded_states_; }
  uint64_t scratch_bytes() const;
  uint64_t fixed_bytes() const;

  // best[j] = max over i of scores[i] + weight(i, j), origin[j] = the i of it, less j if the transitions are a band. scores has
  // states() elements, the other two padded_states().
  void step(const Real* scores, Real* best, Index* origin, void* scratch) const;
  // source - target of every state, modulo the values of Pointer (uint8_t, uint16_t), from what step() put into origin.
  template <class Pointer>
  void put_differences(const Index* origin, Pointer* to) const;

 private:
  void put_band(const Transitions& transitions);
  void put_dense(const Transitions& transitions);

  uint64_t states_, padded_states_, reach_;
  bool dense_;
  std::vector<Real> weights_;   // band: of the sources -reach .. reach away; dense: [from][padded to]
  std::vector<Real> excess_;
  std::vector<Index> lowest_;   // the lowest source of each target, coded as in origin
};

extern template class MaxPlus<float>;
extern template class MaxPlus<double>;

// The largest of `count` scores, none of which is NaN, and the first index of it.
template <class Real>
struct Peak {
  Real value;
  uint64_t index;
};
Peak<float> peak_of(const float* scores, uint64_t count);
Peak<double> peak_of(const double* scores, uint64_t count);

// scores[i] + likelihoods[i] into scores; a sum that is NaN counts as minus infinity.
void add_likelihoods(float* scores, const float* likelihoods, uint64_t count);
void add_likelihoods(double* scores, const double* likelihoods, uint64_t count);
void subtract_from_all(float* scores, float value, uint64_t count);
void subtract_from_all(double* scores, double value, uint64_t count);

}  // namespace sqs::dsp
