// Leaf loops of the spectra: complex points to what a stage puts out, and the last step of a real transform done as a
// complex one of half the size. Thread safety: no state.
#pragma once

#include <cstddef>
#include <vector>
#include <cstdint>

namespace sqs::dsp {

enum class SpectrumOutput { Complex, Magnitude, Power };

// `points` complex numbers at z (pairs) to `points` values at out: pairs, |z| or |z|^2. Real is float or double.
template <class Real>
void emit_spectrum(SpectrumOutput output, const Real* z, size_t points, Real* out);

// W / 2 with W = exp(-i pi k / half), for k <= half / 2.
template <class Real>
struct HalfTurns {
  explicit HalfTurns(size_t half);
  size_t half;
  std::vector<Real> cosine, sine;
};

// x packed as half complex numbers x[0] + i x[1], x[2] + i x[3], .. has the transform z (half points). Gives the half + 1
// points of the spectrum of x:  X[k] = E + W O  and  X[half - k] = conj(E - W O)  with
// E = (z[k] + conj z[half-k]) / 2,  O = (z[k] - conj z[half-k]) / 2i.
template <class Real>
void emit_half_spectrum(SpectrumOutput output, const Real* z, const HalfTurns<Real>& turns, Real* out);

// out = x * taper; in place if out is x.
void multiply(const float* x, const float* taper, size_t count, float* out);
void multiply(const double* x, const double* taper, size_t count, double* out);

}  // namespace sqs::dsp
