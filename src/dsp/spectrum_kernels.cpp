#include "spectrum_kernels.hpp"

#include <cmath>
#include <cstring>

#include "simd.hpp"

namespace sqs::dsp {
namespace {

template <class Real>
SQS_DSP_INLINE void square_root_all(Real* values, size_t count) {
  for (size_t i = 0; i < count; ++i) values[i] = std::sqrt(values[i]);
}

template <class Real>
SQS_DSP_INLINE void power_loop(const Real* z, size_t points, Real* out) {
  size_t k = 0;
  for (; k + kPack<Real> <= points; k += kPack<Real>) {
    const auto low = load_pack(z + 2 * k), high = load_pack(z + 2 * k + kPack<Real>);
    const auto re = real_parts<Real>(low, high), im = imaginary_parts<Real>(low, high);
    store_pack<Real>(out + k, re * re + im * im);
  }
  for (; k < points; ++k) out[k] = z[2 * k] * z[2 * k] + z[2 * k + 1] * z[2 * k + 1];
}

// The two points X[k] and X[half - k] of one k, in scalars or in packs.
template <class Value>
struct PointPair {
  Value re, im;              // X[k]
  Value mirror_re, mirror_im;  // X[half - k]
};

template <class Value, class Real>
SQS_DSP_INLINE PointPair<Value> unfold(Value a_re, Value a_im, Value b_re, Value b_im, Value cosine, Value sine, Real half) {
  const Value even_re = half * (a_re + b_re), even_im = half * (a_im - b_im);
  const Value odd_re = half * (a_im + b_im), odd_im = half * (b_re - a_re);
  const Value turned_re = cosine * odd_re - sine * odd_im, turned_im = cosine * odd_im + sine * odd_re;
  return {even_re + turned_re, even_im + turned_im, even_re - turned_re, turned_im - even_im};
}

template <SpectrumOutput kOutput, class Real>
SQS_DSP_INLINE void put_point(Real* out, size_t k, Real re, Real im) {
  if constexpr (kOutput == SpectrumOutput::Complex) {
    out[2 * k] = re;
    out[2 * k + 1] = im;
  } else {
    out[k] = re * re + im * im;
  }
}

template <SpectrumOutput kOutput, class Real>
SQS_DSP_INLINE void put_pack(Real* out, size_t k, Pack<Real> re, Pack<Real> im) {
  if constexpr (kOutput == SpectrumOutput::Complex) {
    store_pack<Real>(out + 2 * k, interleaved_low<Real>(re, im));
    store_pack<Real>(out + 2 * k + kPack<Real>, interleaved_high<Real>(re, im));
  } else {
    store_pack<Real>(out + k, re * re + im * im);
  }
}

template <SpectrumOutput kOutput, class Real>
SQS_DSP_INLINE void half_spectrum_loop(const Real* z, const Real* cosine, const Real* sine, size_t half, Real* out) {
  constexpr size_t kStep = kPack<Real>;
  constexpr Real kHalf = Real{0.5};
  put_point<kOutput>(out, 0, z[0] + z[1], Real{0});
  put_point<kOutput>(out, half, z[0] - z[1], Real{0});
  if (half % 2 == 0) put_point<kOutput>(out, half / 2, z[half], -z[half + 1]);
  size_t k = 1;
  for (; 2 * (k + kStep - 1) < half; k += kStep) {
    const size_t mirror = half - k - (kStep - 1);
    const auto a_low = load_pack(z + 2 * k), a_high = load_pack(z + 2 * k + kStep);
    const auto b_low = load_pack(z + 2 * mirror), b_high = load_pack(z + 2 * mirror + kStep);
    const auto pair = unfold<Pack<Real>, Real>(
        real_parts<Real>(a_low, a_high), imaginary_parts<Real>(a_low, a_high),
        reversed<Real>(real_parts<Real>(b_low, b_high)), reversed<Real>(imaginary_parts<Real>(b_low, b_high)),
        load_pack(cosine + k), load_pack(sine + k), kHalf);
    put_pack<kOutput, Real>(out, k, pair.re, pair.im);
    put_pack<kOutput, Real>(out, mirror, reversed<Real>(pair.mirror_re), reversed<Real>(pair.mirror_im));
  }
  for (; 2 * k < half; ++k) {
    const size_t mirror = half - k;
    const auto pair = unfold<Real, Real>(z[2 * k], z[2 * k + 1], z[2 * mirror], z[2 * mirror + 1], cosine[k], sine[k], kHalf);
    put_point<kOutput>(out, k, pair.re, pair.im);
    put_point<kOutput>(out, mirror, pair.mirror_re, pair.mirror_im);
  }
}

template <class Real>
SQS_DSP_INLINE void half_spectrum(SpectrumOutput output, const Real* z, const Real* cosine, const Real* sine, size_t half,
                                  Real* out) {
  if (output == SpectrumOutput::Complex) {
    half_spectrum_loop<SpectrumOutput::Complex>(z, cosine, sine, half, out);
    return;
  }
  half_spectrum_loop<SpectrumOutput::Power>(z, cosine, sine, half, out);
  if (output == SpectrumOutput::Magnitude) square_root_all(out, half + 1);
}

template <class Real>
SQS_DSP_INLINE void spectrum(SpectrumOutput output, const Real* z, size_t points, Real* out) {
  if (output == SpectrumOutput::Complex) {
    std::memcpy(out, z, points * 2 * sizeof(Real));
    return;
  }
  power_loop(z, points, out);
  if (output == SpectrumOutput::Magnitude) square_root_all(out, points);
}

template <class Real>
SQS_DSP_INLINE void multiply_loop(const Real* x, const Real* taper, size_t count, Real* out) {
  for (size_t i = 0; i < count; ++i) out[i] = x[i] * taper[i];
}

}  // namespace

SQS_DSP_CLONES void emit_half_spectrum(SpectrumOutput output, const float* z, const float* cosine, const float* sine,
                                       size_t half, float* out) {
  half_spectrum(output, z, cosine, sine, half, out);
}
SQS_DSP_CLONES void emit_half_spectrum(SpectrumOutput output, const double* z, const double* cosine, const double* sine,
                                       size_t half, double* out) {
  half_spectrum(output, z, cosine, sine, half, out);
}
SQS_DSP_CLONES void emit_spectrum(SpectrumOutput output, const float* z, size_t points, float* out) {
  spectrum(output, z, points, out);
}
SQS_DSP_CLONES void emit_spectrum(SpectrumOutput output, const double* z, size_t points, double* out) {
  spectrum(output, z, points, out);
}
SQS_DSP_CLONES void multiply(const float* x, const float* taper, size_t count, float* out) {
  multiply_loop(x, taper, count, out);
}
SQS_DSP_CLONES void multiply(const double* x, const double* taper, size_t count, double* out) {
  multiply_loop(x, taper, count, out);
}

}  // namespace sqs::dsp
