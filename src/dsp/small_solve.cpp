#include "small_solve.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

// Packets would make sums begin where an address is aligned; these matrices are too small to gain from them. Matrices have a
// fixed largest size, so nothing is asked of the heap (with assertions on, Eigen sees to that).
#define EIGEN_DONT_VECTORIZE
#define EIGEN_DONT_PARALLELIZE
#define EIGEN_NO_MALLOC
#define EIGEN_MPL2_ONLY
#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>

// GCC takes a matrix of no elements into account, which there is none of.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

namespace sqs::dsp {
namespace {

using Small = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor, kMaxDimension, kMaxDimension>;
using Column = Eigen::Matrix<double, Eigen::Dynamic, 1, Eigen::ColMajor, kMaxDimension, 1>;

Small matrix_of(const double* elements, uint32_t rows, uint32_t columns) {
  Small matrix(rows, columns);
  std::copy_n(elements, rows * columns, matrix.data());
  return matrix;
}

void put(const Small& matrix, double* elements) { std::copy_n(matrix.data(), matrix.size(), elements); }

bool all_finite(const double* elements, uint32_t count) {
  return std::all_of(elements, elements + count, [](double value) { return std::isfinite(value); });
}

}  // namespace

bool solve_definite(const double* a, uint32_t n, double* b, uint32_t columns) {
  if (!all_finite(a, n * n)) return false;
  const Eigen::LLT<Small> factors(matrix_of(a, n, n));
  if (factors.info() != Eigen::Success) return false;
  Small x = matrix_of(b, n, columns);
  factors.solveInPlace(x);
  put(x, b);
  return true;
}

// The matrix is scaled to a diagonal of ones, so that what counts as zero does not depend on the units of the states; then
// P a P' = L D L' with the largest pivot first (Higham, Accuracy and Stability of Numerical Algorithms, 10.3).
bool solve_semidefinite(const double* a, uint32_t n, double* b, uint32_t columns) {
  if (!all_finite(a, n * n)) return false;
  Column scale(n);
  for (uint32_t i = 0; i < n; ++i) scale[i] = a[i * n + i] > 0 ? 1 / std::sqrt(a[i * n + i]) : 0;
  Small scaled = matrix_of(a, n, n);
  for (uint32_t i = 0; i < n; ++i)
    for (uint32_t j = 0; j < n; ++j) scaled(i, j) *= scale[i] * scale[j];
  const Eigen::LDLT<Small> factors(scaled);

  Small x = matrix_of(b, n, columns);
  for (uint32_t i = 0; i < n; ++i) x.row(i) *= scale[i];
  x = factors.transpositionsP() * x;
  factors.matrixL().solveInPlace(x);
  const double zero = 4 * n * std::numeric_limits<double>::epsilon() * std::max(factors.vectorD().maxCoeff(), 0.0);
  for (uint32_t i = 0; i < n; ++i) {
    const double pivot = factors.vectorD()[i];
    if (pivot > zero) x.row(i) /= pivot;
    else x.row(i).setZero();
  }
  factors.matrixU().solveInPlace(x);
  x = factors.transpositionsP().transpose() * x;
  for (uint32_t i = 0; i < n; ++i) x.row(i) *= scale[i];
  put(x, b);
  return true;
}

Spectrum eigenvalue_range(const double* symmetric, uint32_t n) {
  const Eigen::SelfAdjointEigenSolver<Small> solver(matrix_of(symmetric, n, n), Eigen::EigenvaluesOnly);
  return {solver.eigenvalues().minCoeff(), solver.eigenvalues().maxCoeff()};
}

}  // namespace sqs::dsp
