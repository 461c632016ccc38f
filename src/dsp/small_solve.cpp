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

// What makes the diagonal one, and zero where it is not positive.
Column unit_diagonal_scale(const double* a, uint32_t n) {
  Column scale(n);
  for (uint32_t i = 0; i < n; ++i) scale[i] = a[i * n + i] > 0 ? 1 / std::sqrt(a[i * n + i]) : 0;
  return scale;
}

Small scaled(const double* a, const Column& scale) {
  const auto n = static_cast<uint32_t>(scale.size());
  Small out = matrix_of(a, n, n);
  for (uint32_t i = 0; i < n; ++i)
    for (uint32_t j = 0; j < n; ++j) out(i, j) *= scale[i] * scale[j];
  return out;
}

bool all_finite(const double* elements, uint32_t count) {
  return std::all_of(elements, elements + count, [](double value) { return std::isfinite(value); });
}

// Whether a pivot is no more than what rounding may have left of it. A pivot is what remains of a diagonal element, so this does
// not depend on units.
bool rounding_decides(const double* a, const Eigen::LLT<Small>& factors) {
  const auto n = static_cast<uint32_t>(factors.rows());
  for (uint32_t i = 0; i < n; ++i) {
    const double root = factors.matrixLLT()(i, i);
    if (!(root * root > n * std::numeric_limits<double>::epsilon() * a[i * n + i])) return true;
  }
  return false;
}

}  // namespace

bool solve_definite(const double* a, uint32_t n, double* b, uint32_t columns) {
  if (!all_finite(a, n * n)) return false;
  const Eigen::LLT<Small> factors(matrix_of(a, n, n));
  if (factors.info() != Eigen::Success || rounding_decides(a, factors)) return false;
  Small x = matrix_of(b, n, columns);
  factors.solveInPlace(x);
  put(x, b);
  return true;
}

// The matrix is scaled to a diagonal of ones, so that what counts as zero does not depend on the units of the states; then
// P a P' = L D L' with the largest pivot first (Higham, Accuracy and Stability of Numerical Algorithms, 10.3).
bool solve_semidefinite(const double* a, uint32_t n, double* b, uint32_t columns) {
  if (!all_finite(a, n * n)) return false;
  const Column scale = unit_diagonal_scale(a, n);
  const Eigen::LDLT<Small> factors(scaled(a, scale));

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

// A row whose diagonal is zero must be zero throughout, which the scaled matrix does not show.
bool is_semidefinite(const double* a, uint32_t n, double epsilon) {
  if (!all_finite(a, n * n)) return false;
  const Column scale = unit_diagonal_scale(a, n);
  for (uint32_t i = 0; i < n; ++i)
    for (uint32_t j = 0; j < n; ++j)
      if (scale[i] == 0 && a[i * n + j] != 0) return false;
  const Eigen::LDLT<Small> factors(scaled(a, scale));
  return factors.vectorD().minCoeff() >= -4.0 * n * epsilon;
}

Spectrum eigenvalue_range(const double* symmetric, uint32_t n) {
  const Eigen::SelfAdjointEigenSolver<Small> solver(matrix_of(symmetric, n, n), Eigen::EigenvaluesOnly);
  return {solver.eigenvalues().minCoeff(), solver.eigenvalues().maxCoeff()};
}

}  // namespace sqs::dsp
