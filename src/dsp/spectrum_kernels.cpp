#include "spectrum_kernels.hpp"

#include <cmath>
#include <cstring>
#include <numbers>

#include "simd.hpp"

namespace sqs::dsp {
namespace {

// The values of points, or of vectors of them.
template <SpectrumOutput kOutput, class Real, size_t kBytes>
struct Put {
  using V = Vector<Real, kBytes>;
  static constexpr size_t kWide = kBytes / sizeof(Real);

  SQS_DSP_INLINE static void point(Real* out, size_t k, Real re, Real im) {
    if constexpr (kOutput == SpectrumOutput::Complex) {
      out[2 * k] = re;
      out[2 * k + 1] = im;
    } else {
      const Real power = re * re + im * im;
      out[k] = kOutput == SpectrumOutput::Power ? power : std::sqrt(power);
    }
  }

  SQS_DSP_INLINE static V modulus(V re, V im) {
    const V power = re * re + im * im;
    if constexpr (kOutput == SpectrumOutput::Power) return power;
    else return square_root<V, kWide>(power);
  }

  SQS_DSP_INLINE static void vector(Real* out, size_t k, V re, V im) {
    if constexpr (kOutput == SpectrumOutput::Complex) {
      const auto pairs = interleaved(re, im);
      store_vector(out + 2 * k, pairs.low);
      store_vector(out + 2 * k + kWide, pairs.high);
    } else {
      store_vector(out + k, modulus(re, im));
    }
  }

  // Points from k on, given from the last to the first.
  SQS_DSP_INLINE static void reversed_vector(Real* out, size_t k, V re, V im) {
    if constexpr (kOutput == SpectrumOutput::Complex) vector(out, k, reversed(re), reversed(im));
    else store_vector(out + k, reversed(modulus(re, im)));
  }
};

template <SpectrumOutput kOutput, class Real, size_t kBytes>
SQS_DSP_INLINE void spectrum_loop(const Real* z, size_t points, Real* out) {
  using To = Put<kOutput, Real, kBytes>;
  using V = typename To::V;
  size_t k = 0;
  for (; k + To::kWide <= points; k += To::kWide) {
    const V low = load_vector<V>(z + 2 * k), high = load_vector<V>(z + 2 * k + To::kWide);
    To::vector(out, k, parts<0>(low, high), parts<1>(low, high));
  }
  for (; k < points; ++k) To::point(out, k, z[2 * k], z[2 * k + 1]);
}

// The two points X[k] and X[half - k] of one k, in scalars or in vectors. half_cosine and half_sine are W / 2.
template <class Value>
struct PointPair {
  Value re, im;                // X[k]
  Value mirror_re, mirror_im;  // X[half - k]
};

template <class Value, class Real>
SQS_DSP_INLINE PointPair<Value> unfold(Value a_re, Value a_im, Value b_re, Value b_im, Value half_cosine, Value half_sine,
                                       Real half) {
  const Value even_re = half * (a_re + b_re), even_im = half * (a_im - b_im);
  const Value odd_re = a_im + b_im, odd_im = b_re - a_re;
  const Value turned_re = half_cosine * odd_re - half_sine * odd_im, turned_im = half_cosine * odd_im + half_sine * odd_re;
  return {even_re + turned_re, even_im + turned_im, even_re - turned_re, turned_im - even_im};
}

template <SpectrumOutput kOutput, class Real, size_t kBytes>
SQS_DSP_INLINE void half_spectrum_loop(const Real* z, const Real* half_cosine, const Real* half_sine, size_t half, Real* out) {
  using To = Put<kOutput, Real, kBytes>;
  using V = typename To::V;
  constexpr size_t kStep = To::kWide;
  constexpr Real kHalf = Real{0.5};
  To::point(out, 0, z[0] + z[1], Real{0});
  To::point(out, half, z[0] - z[1], Real{0});
  if (half % 2 == 0) To::point(out, half / 2, z[half], -z[half + 1]);
  size_t k = 1;
  for (; 2 * (k + kStep - 1) < half; k += kStep) {
    const size_t mirror = half - k - (kStep - 1);
    const V a_low = load_vector<V>(z + 2 * k), a_high = load_vector<V>(z + 2 * k + kStep);
    const V b_low = load_vector<V>(z + 2 * mirror), b_high = load_vector<V>(z + 2 * mirror + kStep);
    const auto pair = unfold<V, Real>(parts<0>(a_low, a_high), parts<1>(a_low, a_high), parts_reversed<0>(b_low, b_high),
                                      parts_reversed<1>(b_low, b_high), load_vector<V>(half_cosine + k),
                                      load_vector<V>(half_sine + k), kHalf);
    To::vector(out, k, pair.re, pair.im);
    To::reversed_vector(out, mirror, pair.mirror_re, pair.mirror_im);
  }
  for (; 2 * k < half; ++k) {
    const size_t mirror = half - k;
    const auto pair =
        unfold<Real, Real>(z[2 * k], z[2 * k + 1], z[2 * mirror], z[2 * mirror + 1], half_cosine[k], half_sine[k], kHalf);
    To::point(out, k, pair.re, pair.im);
    To::point(out, mirror, pair.mirror_re, pair.mirror_im);
  }
}

template <class Real, size_t kBytes>
SQS_DSP_INLINE void half_spectrum(SpectrumOutput output, const Real* z, const Real* half_cosine, const Real* half_sine,
                                  size_t half, Real* out) {
  switch (output) {
    case SpectrumOutput::Complex:
      return half_spectrum_loop<SpectrumOutput::Complex, Real, kBytes>(z, half_cosine, half_sine, half, out);
    case SpectrumOutput::Power:
      return half_spectrum_loop<SpectrumOutput::Power, Real, kBytes>(z, half_cosine, half_sine, half, out);
    case SpectrumOutput::Magnitude:
      return half_spectrum_loop<SpectrumOutput::Magnitude, Real, kBytes>(z, half_cosine, half_sine, half, out);
  }
}

template <class Real, size_t kBytes>
SQS_DSP_INLINE void spectrum(SpectrumOutput output, const Real* z, size_t points, Real* out) {
  switch (output) {
    case SpectrumOutput::Complex: std::memcpy(out, z, points * 2 * sizeof(Real)); return;
    case SpectrumOutput::Power: return spectrum_loop<SpectrumOutput::Power, Real, kBytes>(z, points, out);
    case SpectrumOutput::Magnitude: return spectrum_loop<SpectrumOutput::Magnitude, Real, kBytes>(z, points, out);
  }
}

template <class Real>
SQS_DSP_WIDE void wide_half_spectrum(SpectrumOutput output, const Real* z, const Real* half_cosine, const Real* half_sine,
                                     size_t half, Real* out) {
  half_spectrum<Real, 32>(output, z, half_cosine, half_sine, half, out);
}
template <class Real>
SQS_DSP_WIDE void wide_spectrum(SpectrumOutput output, const Real* z, size_t points, Real* out) {
  spectrum<Real, 32>(output, z, points, out);
}
template <class Real>
SQS_DSP_INLINE void multiply_loop(const Real* x, const Real* taper, size_t count, Real* out) {
  for (size_t i = 0; i < count; ++i) out[i] = x[i] * taper[i];
}

}  // namespace

template <class Real>
HalfTurns<Real>::HalfTurns(size_t points) : half(points) {
  for (size_t k = 0; half != 0 && k <= half / 2; ++k) {
    const long double angle = -std::numbers::pi_v<long double> * static_cast<long double>(k) / static_cast<long double>(half);
    cosine.push_back(static_cast<Real>(std::cos(angle) / 2));
    sine.push_back(static_cast<Real>(std::sin(angle) / 2));
  }
}
template struct HalfTurns<float>;
template struct HalfTurns<double>;

template <class Real>
void emit_half_spectrum(SpectrumOutput output, const Real* z, const HalfTurns<Real>& turns, Real* out) {
  const auto* cosine = turns.cosine.data();
  const auto* sine = turns.sine.data();
  if (has_wide_vectors()) wide_half_spectrum(output, z, cosine, sine, turns.half, out);
  else half_spectrum<Real, 16>(output, z, cosine, sine, turns.half, out);
}
template void emit_half_spectrum(SpectrumOutput, const float*, const HalfTurns<float>&, float*);
template void emit_half_spectrum(SpectrumOutput, const double*, const HalfTurns<double>&, double*);

template <class Real>
void emit_spectrum(SpectrumOutput output, const Real* z, size_t points, Real* out) {
  if (has_wide_vectors()) wide_spectrum(output, z, points, out);
  else spectrum<Real, 16>(output, z, points, out);
}
template void emit_spectrum(SpectrumOutput, const float*, size_t, float*);
template void emit_spectrum(SpectrumOutput, const double*, size_t, double*);

SQS_DSP_CLONES void multiply(const float* x, const float* taper, size_t count, float* out) {
  multiply_loop(x, taper, count, out);
}
SQS_DSP_CLONES void multiply(const double* x, const double* taper, size_t count, double* out) {
  multiply_loop(x, taper, count, out);
}

}  // namespace sqs::dsp
