// Vectors of 16 and 32 bytes and run-time dispatch for the leaf loops. Every operation is elementwise, so that a value comes out
// with the same bits from a vector, from the tail after it, and from every clone: that holds because nothing is contracted
// (-ffp-contract=off) and no sum is taken across a vector.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstring>

// A leaf function compiled twice, for the x86-64 baseline and for AVX2 and up; the loader picks one for the whole process.
// Not by Clang, which does not make these clones, and not under the sanitizers, whose instrumented resolvers would run before
// their runtime is up.
#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__OPTIMIZE__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define SQS_DSP_CLONES __attribute__((target_clones("default", "arch=x86-64-v3")))
#else
#define SQS_DSP_CLONES
#endif

// A leaf function written for wide vectors; to be called where has_wide_vectors() says so.
#if defined(__x86_64__)
#define SQS_DSP_WIDE __attribute__((target("avx2")))
#else
#define SQS_DSP_WIDE
#endif

#define SQS_DSP_INLINE [[gnu::always_inline]] inline

namespace sqs::dsp {

inline bool has_wide_vectors() {
#if defined(__x86_64__)
  static const bool yes = __builtin_cpu_supports("avx2") != 0;
  return yes;
#else
  return false;
#endif
}

// Vectors of kBytes: arithmetic by the operators; complex numbers by the functions below.
template <class Real, size_t kBytes>
struct VectorOf;
template <>
struct VectorOf<float, 16> {
  typedef float type __attribute__((vector_size(16)));
};
template <>
struct VectorOf<float, 32> {
  typedef float type __attribute__((vector_size(32)));
};
template <>
struct VectorOf<double, 16> {
  typedef double type __attribute__((vector_size(16)));
};
template <>
struct VectorOf<double, 32> {
  typedef double type __attribute__((vector_size(32)));
};
template <class Real, size_t kBytes>
using Vector = typename VectorOf<Real, kBytes>::type;

template <class V, class Real>
SQS_DSP_INLINE V load_vector(const Real* from) {
  V vector;
  std::memcpy(&vector, from, sizeof vector);
  return vector;
}
template <class V, class Real>
SQS_DSP_INLINE void store_vector(Real* to, V vector) {
  std::memcpy(to, &vector, sizeof vector);
}

// Eight floats as four pairs, which one instruction moves across the halves of a register.
using Pairs = Vector<double, 32>;
template <int a, int b, int c, int d>
SQS_DSP_INLINE Vector<float, 32> permute_pairs(Vector<float, 32> v) {
  const Pairs pairs = (Pairs)v;
  return (Vector<float, 32>)__builtin_shufflevector(pairs, pairs, a, b, c, d);
}

// Of as many complex numbers as a vector has elements, in two vectors of pairs: their real (part 0) or imaginary (part 1)
// parts, in order or from the last to the first.
template <int part>
SQS_DSP_INLINE Vector<float, 16> parts(Vector<float, 16> low, Vector<float, 16> high) {
  return __builtin_shufflevector(low, high, part, 2 + part, 4 + part, 6 + part);
}
template <int part>
SQS_DSP_INLINE Vector<float, 16> parts_reversed(Vector<float, 16> low, Vector<float, 16> high) {
  return __builtin_shufflevector(high, low, 2 + part, part, 6 + part, 4 + part);
}
template <int part>
SQS_DSP_INLINE Vector<double, 16> parts(Vector<double, 16> low, Vector<double, 16> high) {
  return __builtin_shufflevector(low, high, part, 2 + part);
}
template <int part>
SQS_DSP_INLINE Vector<double, 16> parts_reversed(Vector<double, 16> low, Vector<double, 16> high) {
  return __builtin_shufflevector(high, low, part, 2 + part);
}
template <int part>
SQS_DSP_INLINE Vector<float, 32> parts(Vector<float, 32> low, Vector<float, 32> high) {
  return permute_pairs<0, 2, 1, 3>(__builtin_shufflevector(low, high, part, 2 + part, 8 + part, 10 + part, 4 + part, 6 + part,
                                                           12 + part, 14 + part));
}
template <int part>
SQS_DSP_INLINE Vector<float, 32> parts_reversed(Vector<float, 32> low, Vector<float, 32> high) {
  return permute_pairs<2, 0, 3, 1>(__builtin_shufflevector(high, low, 2 + part, part, 10 + part, 8 + part, 6 + part, 4 + part,
                                                           14 + part, 12 + part));
}
template <int part>
SQS_DSP_INLINE Vector<double, 32> parts(Vector<double, 32> low, Vector<double, 32> high) {
  const Vector<double, 32> halves = __builtin_shufflevector(low, high, part, 4 + part, 2 + part, 6 + part);
  return __builtin_shufflevector(halves, halves, 0, 2, 1, 3);
}
template <int part>
SQS_DSP_INLINE Vector<double, 32> parts_reversed(Vector<double, 32> low, Vector<double, 32> high) {
  const Vector<double, 32> halves = __builtin_shufflevector(low, high, part, 4 + part, 2 + part, 6 + part);
  return __builtin_shufflevector(halves, halves, 3, 1, 2, 0);
}

SQS_DSP_INLINE Vector<float, 16> reversed(Vector<float, 16> v) { return __builtin_shufflevector(v, v, 3, 2, 1, 0); }
SQS_DSP_INLINE Vector<double, 16> reversed(Vector<double, 16> v) { return __builtin_shufflevector(v, v, 1, 0); }
SQS_DSP_INLINE Vector<float, 32> reversed(Vector<float, 32> v) {
  return permute_pairs<2, 3, 0, 1>(__builtin_shufflevector(v, v, 3, 2, 1, 0, 7, 6, 5, 4));
}
SQS_DSP_INLINE Vector<double, 32> reversed(Vector<double, 32> v) { return __builtin_shufflevector(v, v, 3, 2, 1, 0); }

// Complex numbers from their parts, in pairs: the first and the second half of them.
template <class V>
struct Interleaved {
  V low, high;
};
SQS_DSP_INLINE Interleaved<Vector<float, 16>> interleaved(Vector<float, 16> re, Vector<float, 16> im) {
  return {__builtin_shufflevector(re, im, 0, 4, 1, 5), __builtin_shufflevector(re, im, 2, 6, 3, 7)};
}
SQS_DSP_INLINE Interleaved<Vector<double, 16>> interleaved(Vector<double, 16> re, Vector<double, 16> im) {
  return {__builtin_shufflevector(re, im, 0, 2), __builtin_shufflevector(re, im, 1, 3)};
}
SQS_DSP_INLINE Interleaved<Vector<float, 32>> interleaved(Vector<float, 32> re, Vector<float, 32> im) {
  const auto even = __builtin_shufflevector(re, im, 0, 8, 1, 9, 4, 12, 5, 13);
  const auto odd = __builtin_shufflevector(re, im, 2, 10, 3, 11, 6, 14, 7, 15);
  return {__builtin_shufflevector(even, odd, 0, 1, 2, 3, 8, 9, 10, 11),
          __builtin_shufflevector(even, odd, 4, 5, 6, 7, 12, 13, 14, 15)};
}
SQS_DSP_INLINE Interleaved<Vector<double, 32>> interleaved(Vector<double, 32> re, Vector<double, 32> im) {
  const auto even = __builtin_shufflevector(re, im, 0, 4, 2, 6);
  const auto odd = __builtin_shufflevector(re, im, 1, 5, 3, 7);
  return {__builtin_shufflevector(even, odd, 0, 1, 4, 5), __builtin_shufflevector(even, odd, 2, 3, 6, 7)};
}

template <class V, size_t kCount>
SQS_DSP_INLINE V square_root(V v) {
  for (size_t i = 0; i < kCount; ++i) v[i] = std::sqrt(v[i]);
  return v;
}

}  // namespace sqs::dsp
