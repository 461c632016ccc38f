#include "max_plus.hpp"

#include <algorithm>
#include <limits>

#include "lanes.hpp"
#include "simd.hpp"

namespace sqs::dsp {
namespace {

template <class Real>
constexpr Real kImpossible = -std::numeric_limits<Real>::infinity();

template <class Real>
struct Wide {
  using V = Vector<Real, 32>;
  static constexpr uint64_t kLanes = 32 / sizeof(Real);
  static constexpr uint64_t kVectors = 4;  // whose comparisons overlap; best and origin of each stay in registers
  static constexpr uint64_t kAtOnce = kVectors * kLanes;
};
typedef int32_t WideInt32 __attribute__((vector_size(32)));
typedef int64_t WideInt64 __attribute__((vector_size(32)));
template <class Real>
using WideIndex = std::conditional_t<sizeof(Real) == 4, WideInt32, WideInt64>;

// The best of `count` candidates for kAtOnce targets: candidate k is scores[target + k] + weights[k] in a band, and scores[k] +
// weights[k*pitch + target] if dense. It is coded as first + k.
template <class Real, bool kBand, class Index>
SQS_DSP_INLINE void best_of(const Real* scores, const Real* weights, uint64_t count, uint64_t pitch, Index first, Real* best,
                            Index* origin) {
  using V = typename Wide<Real>::V;
  using I = WideIndex<Real>;
  constexpr uint64_t kLanes = Wide<Real>::kLanes, kVectors = Wide<Real>::kVectors;
  V top[kVectors];
  I from[kVectors], code = I{} + first;
  for (uint64_t v = 0; v < kVectors; ++v) {
    top[v] = V{} + kImpossible<Real>;
    from[v] = load_vector<I>(origin + v * kLanes);
  }
  for (uint64_t k = 0; k < count; ++k, code += 1) {
    for (uint64_t v = 0; v < kVectors; ++v) {
      V candidate;
      if constexpr (kBand) candidate = load_vector<V>(scores + k + v * kLanes) + weights[k];
      else candidate = load_vector<V>(weights + k * pitch + v * kLanes) + scores[k];
      const I better = candidate > top[v];
      top[v] = (V)((better & (I)candidate) | (~better & (I)top[v]));
      from[v] = (better & code) | (~better & from[v]);
    }
  }
  for (uint64_t v = 0; v < kVectors; ++v) {
    store_vector(best + v * kLanes, top[v]);
    store_vector(origin + v * kLanes, from[v]);
  }
}

// origin holds the lowest source of each target; the scores have `reach` elements of padding before them.
template <class Real, class Index>
SQS_DSP_INLINE void band_loop(const Real* padded, const Real* weights, uint64_t reach, uint64_t targets, Real* best,
                              Index* origin) {
  for (uint64_t j = 0; j < targets; j += Wide<Real>::kAtOnce)
    best_of<Real, true>(padded + j, weights, 2 * reach + 1, 0, -static_cast<Index>(reach), best + j, origin + j);
}

template <class Real, class Index>
SQS_DSP_INLINE void dense_loop(const Real* scores, const Real* weights, uint64_t sources, uint64_t targets, Real* best,
                               Index* origin) {
  for (uint64_t j = 0; j < targets; j += Wide<Real>::kAtOnce)
    best_of<Real, false>(scores, weights + j, sources, targets, Index{0}, best + j, origin + j);
}

SQS_DSP_CLONES void band_step(const float* padded, const float* weights, uint64_t reach, uint64_t targets, float* best,
                              int32_t* origin) {
  band_loop(padded, weights, reach, targets, best, origin);
}
SQS_DSP_CLONES void band_step(const double* padded, const double* weights, uint64_t reach, uint64_t targets, double* best,
                              int64_t* origin) {
  band_loop(padded, weights, reach, targets, best, origin);
}
SQS_DSP_CLONES void dense_step(const float* scores, const float* weights, uint64_t sources, uint64_t targets, float* best,
                               int32_t* origin) {
  dense_loop(scores, weights, sources, targets, best, origin);
}
SQS_DSP_CLONES void dense_step(const double* scores, const double* weights, uint64_t sources, uint64_t targets, double* best,
                               int64_t* origin) {
  dense_loop(scores, weights, sources, targets, best, origin);
}

// Maxima commute, so lanes may take them in any order; zeros of both signs are equal to every later test.
template <class Real>
SQS_DSP_INLINE Real largest_of_all(const Real* scores, uint64_t count) {
  using V = typename Wide<Real>::V;
  using I = WideIndex<Real>;
  constexpr uint64_t kLanes = Wide<Real>::kLanes, kVectors = Wide<Real>::kVectors;
  V top[kVectors];
  for (uint64_t v = 0; v < kVectors; ++v) top[v] = V{} + kImpossible<Real>;
  uint64_t i = 0;
  for (; i + kVectors * kLanes <= count; i += kVectors * kLanes) {
    for (uint64_t v = 0; v < kVectors; ++v) {
      const V score = load_vector<V>(scores + i + v * kLanes);
      const I better = score > top[v];
      top[v] = (V)((better & (I)score) | (~better & (I)top[v]));
    }
  }
  Real largest = kImpossible<Real>;
  for (uint64_t v = 0; v < kVectors; ++v)
    for (uint64_t lane = 0; lane < kLanes; ++lane) largest = top[v][lane] > largest ? top[v][lane] : largest;
  for (; i < count; ++i) largest = scores[i] > largest ? scores[i] : largest;
  return largest;
}

// The first index of a value that is there.
template <class Real>
SQS_DSP_INLINE uint64_t first_index_of(Real value, const Real* scores, uint64_t count) {
  using V = typename Wide<Real>::V;
  constexpr uint64_t kLanes = Wide<Real>::kLanes;
  uint64_t i = 0;
  for (; i + 2 * kLanes <= count; i += 2 * kLanes) {
    const auto found = (WideInt64)((load_vector<V>(scores + i) == value) | (load_vector<V>(scores + i + kLanes) == value));
    if ((found[0] | found[1] | found[2] | found[3]) != 0) break;
  }
  while (scores[i] != value) ++i;
  return i;
}

template <class Real>
SQS_DSP_INLINE Peak<Real> peak_loop(const Real* scores, uint64_t count) {
  const uint64_t index = first_index_of(largest_of_all(scores, count), scores, count);
  return {scores[index], index};
}

SQS_DSP_CLONES Peak<float> find_peak(const float* scores, uint64_t count) { return peak_loop(scores, count); }
SQS_DSP_CLONES Peak<double> find_peak(const double* scores, uint64_t count) { return peak_loop(scores, count); }

template <class Real>
SQS_DSP_INLINE void add_loop(Real* scores, const Real* likelihoods, uint64_t count) {
  for (uint64_t i = 0; i < count; ++i) {
    const Real sum = scores[i] + likelihoods[i];
    scores[i] = sum == sum ? sum : kImpossible<Real>;
  }
}
SQS_DSP_CLONES void add_all(float* scores, const float* likelihoods, uint64_t count) { add_loop(scores, likelihoods, count); }
SQS_DSP_CLONES void add_all(double* scores, const double* likelihoods, uint64_t count) { add_loop(scores, likelihoods, count); }

SQS_DSP_CLONES void subtract_all(float* scores, float value, uint64_t count) {
  for (uint64_t i = 0; i < count; ++i) scores[i] -= value;
}
SQS_DSP_CLONES void subtract_all(double* scores, double value, uint64_t count) {
  for (uint64_t i = 0; i < count; ++i) scores[i] -= value;
}

// The restricted pointers tell that bytes written are no part of what is read.
template <class Index, class Pointer>
SQS_DSP_INLINE void difference_loop(const Index* __restrict origin, uint64_t count, Index target, Index step,
                                    Pointer* __restrict to) {
  for (uint64_t j = 0; j < count; ++j, target += step) to[j] = static_cast<Pointer>(origin[j] - target);
}
SQS_DSP_CLONES void differences(const int32_t* origin, uint64_t count, int32_t step,
                                uint8_t* to) { difference_loop(origin, count, 0, step, to); }
SQS_DSP_CLONES void differences(const int32_t* origin, uint64_t count, int32_t step,
                                uint16_t* to) { difference_loop(origin, count, 0, step, to); }
SQS_DSP_CLONES void differences(const int64_t* origin, uint64_t count, int64_t step, uint8_t* to) {
  difference_loop(origin, count, int64_t{0}, step, to);
}
SQS_DSP_CLONES void differences(const int64_t* origin, uint64_t count, int64_t step, uint16_t* to) {
  difference_loop(origin, count, int64_t{0}, step, to);
}

}  // namespace

template <class Real>
MaxPlus<Real>::MaxPlus(const Transitions& transitions)
    : states_(transitions.states),
      padded_states_((states_ + Wide<Real>::kAtOnce - 1) / Wide<Real>::kAtOnce * Wide<Real>::kAtOnce),
      reach_(transitions.reach),
      dense_(transitions.dense),
      lowest_(padded_states_) {
  if (dense_) put_dense(transitions);
  else put_band(transitions);
}

// A source that lies `away` states above its target moves by -away.
template <class Real>
void MaxPlus<Real>::put_band(const Transitions& transitions) {
  for (size_t i = transitions.weights.size(); i-- > 0;) weights_.push_back(static_cast<Real>(transitions.weights[i]));
  for (const double excess : transitions.excess) excess_.push_back(static_cast<Real>(excess));
  for (uint64_t j = 0; j < padded_states_; ++j) lowest_[j] = -static_cast<Index>(std::min(j, reach_));
}

template <class Real>
void MaxPlus<Real>::put_dense(const Transitions& transitions) {
  weights_.assign(states_ * padded_states_, kImpossible<Real>);
  for (uint64_t i = 0; i < states_; ++i)
    for (uint64_t j = 0; j < states_; ++j)
      weights_[i * padded_states_ + j] = static_cast<Real>(transitions.weights[i * states_ + j]);
}

template <class Real>
uint64_t MaxPlus<Real>::scratch_bytes() const {
  return dense_ ? 0 : scratch_buffer_bytes((padded_states_ + 2 * reach_) * sizeof(Real));
}

template <class Real>
uint64_t MaxPlus<Real>::fixed_bytes() const {
  return (weights_.size() + excess_.size()) * sizeof(Real) + lowest_.size() * sizeof(Index);
}

template <class Real>
void MaxPlus<Real>::step(const Real* scores, Real* best, Index* origin, void* scratch) const {
  std::copy(lowest_.begin(), lowest_.end(), origin);
  if (dense_) return dense_step(scores, weights_.data(), states_, padded_states_, best, origin);
  // Sources outside the states are minus infinity: never better than what the search begins with.
  Real* padded = static_cast<Real*>(scratch);
  std::fill_n(padded, reach_, kImpossible<Real>);
  if (excess_.empty()) std::copy_n(scores, states_, padded + reach_);
  else
    for (uint64_t i = 0; i < states_; ++i) padded[reach_ + i] = scores[i] - excess_[i];
  std::fill_n(padded + reach_ + states_, padded_states_ + reach_ - states_, kImpossible<Real>);
  band_step(padded, weights_.data(), reach_, padded_states_, best, origin);
}

template <class Real>
template <class Pointer>
void MaxPlus<Real>::put_differences(const Index* origin, Pointer* to) const {
  differences(origin, states_, dense_ ? Index{1} : Index{0}, to);
}

template class MaxPlus<float>;
template class MaxPlus<double>;
template void MaxPlus<float>::put_differences(const int32_t*, uint8_t*) const;
template void MaxPlus<float>::put_differences(const int32_t*, uint16_t*) const;
template void MaxPlus<double>::put_differences(const int64_t*, uint8_t*) const;
template void MaxPlus<double>::put_differences(const int64_t*, uint16_t*) const;

Peak<float> peak_of(const float* scores, uint64_t count) { return find_peak(scores, count); }
Peak<double> peak_of(const double* scores, uint64_t count) { return find_peak(scores, count); }
void add_likelihoods(float* scores, const float* likelihoods, uint64_t count) { add_all(scores, likelihoods, count); }
void add_likelihoods(double* scores, const double* likelihoods, uint64_t count) { add_all(scores, likelihoods, count); }
void subtract_from_all(float* scores, float value, uint64_t count) { subtract_all(scores, value, count); }
void subtract_from_all(double* scores, double value, uint64_t count) { subtract_all(scores, value, count); }

}  // namespace sqs::dsp
