// Leaf loops of the spectra: complex points to what a stage puts out, and the last step of a real transform done as a
// complex one of half the size. Thread safety: no state.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sqs::dsp {

enum class SpectrumOutput { Complex, Magnitude, Power };

// `points` complex numbers at z (pairs) to `points` values at out: pairs, |z| or |z|^2.
void emit_spectrum(SpectrumOutput output, const float* z, size_t points, float* out);
void emit_spectrum(SpectrumOutput output, const double* z, size_t points, double* out);

// x packed as half complex numbers x[0] + i x[1], x[2] + i x[3], .. has the transform z (half points). Gives the half + 1
// points of the spectrum of x:  X[k] = E + W O  and  X[half - k] = conj(E - W O)  with  W = exp(-i pi k / half),
// E = (z[k] + conj z[half-k]) / 2,  O = (z[k] - conj z[half-k]) / 2i.  cosine[k] and sine[k] hold W for k <= half/2.
void emit_half_spectrum(SpectrumOutput output, const float* z, const float* cosine, const float* sine, size_t half, float* out);
void emit_half_spectrum(SpectrumOutput output, const double* z, const double* cosine, const double* sine, size_t half,
                        double* out);

// out = x * taper; in place if out is x.
void multiply(const float* x, const float* taper, size_t count, float* out);
void multiply(const double* x, const double* taper, size_t count, double* out);

}  // namespace sqs::dsp
