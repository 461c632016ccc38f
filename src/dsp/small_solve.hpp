// Linear algebra of matrices of at most 16 x 16: products in loops of their own, factorisations by Eigen. Matrices are
// row-major and dense (row i of an r x c matrix begins at i*c). The order of every sum is fixed by the sizes alone, so that
// bits depend neither on addresses nor on how rows are grouped into calls. Nothing allocates. Thread safety: no state.
#pragma once

#include <cstdint>

#include "simd.hpp"

namespace sqs::dsp {

inline constexpr uint32_t kMaxDimension = 16;
inline constexpr uint32_t kMaxElements = kMaxDimension * kMaxDimension;

// c = a b, of (rows x inner) (inner x columns).
SQS_DSP_INLINE void multiply(const double* a, const double* b, uint32_t rows, uint32_t inner, uint32_t columns, double* c) {
  for (uint32_t i = 0; i < rows; ++i, c += columns) {
    for (uint32_t j = 0; j < columns; ++j) c[j] = 0;
    for (uint32_t k = 0; k < inner; ++k) {
      const double factor = a[i * inner + k];
      for (uint32_t j = 0; j < columns; ++j) c[j] += factor * b[k * columns + j];
    }
  }
}

// c += a b' for a product that is symmetric but for rounding: the lower triangle is computed, the upper one mirrors it.
SQS_DSP_INLINE void add_symmetric_product(const double* a, const double* b, uint32_t rows, uint32_t inner, double* c) {
  for (uint32_t i = 0; i < rows; ++i) {
    for (uint32_t j = 0; j <= i; ++j) {
      double sum = 0;
      for (uint32_t k = 0; k < inner; ++k) sum += a[i * inner + k] * b[j * inner + k];
      c[i * rows + j] += sum;
      c[j * rows + i] = c[i * rows + j];
    }
  }
}

// Solves a x = b for a symmetric positive definite a (n x n); b (n x columns) becomes x. False if a is not positive definite, or
// so nearly not that rounding decides, which includes NaN: b is then undefined.
[[nodiscard]] bool solve_definite(const double* a, uint32_t n, double* b, uint32_t columns);

// The same for a positive semidefinite a whose range holds the columns of b: directions in which a is zero but for rounding
// get no part of x. False if a holds NaN or infinity.
[[nodiscard]] bool solve_semidefinite(const double* a, uint32_t n, double* b, uint32_t columns);

// Whether a symmetric a is positive semidefinite but for rounding of its elements, each by at most `epsilon` of itself.
[[nodiscard]] bool is_semidefinite(const double* a, uint32_t n, double epsilon);

struct Spectrum {
  double least, largest;  // eigenvalues
};
Spectrum eigenvalue_range(const double* symmetric, uint32_t n);

}  // namespace sqs::dsp
