// Vectors of 16 bytes and run-time dispatch for the leaf loops. Every operation is elementwise, so that a value comes out
// with the same bits from a vector, from the tail after it, and from every clone: that holds because nothing is contracted
// (-ffp-contract=off) and no sum is taken across a vector.
#pragma once

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

#define SQS_DSP_INLINE [[gnu::always_inline]] inline

namespace sqs::dsp {

template <class Real>
struct PackOf;
template <>
struct PackOf<float> {
  typedef float type __attribute__((vector_size(16)));
};
template <>
struct PackOf<double> {
  typedef double type __attribute__((vector_size(16)));
};
template <class Real>
using Pack = typename PackOf<Real>::type;
template <class Real>
inline constexpr size_t kPack = 16 / sizeof(Real);

template <class Real>
SQS_DSP_INLINE Pack<Real> load_pack(const Real* from) {
  Pack<Real> pack;
  std::memcpy(&pack, from, sizeof pack);
  return pack;
}
template <class Real>
SQS_DSP_INLINE void store_pack(Real* to, Pack<Real> pack) {
  std::memcpy(to, &pack, sizeof pack);
}

// Of complex numbers z0 .. : the real parts, the imaginary parts, and both in descending order.
template <class Real>
SQS_DSP_INLINE Pack<Real> real_parts(Pack<Real> low, Pack<Real> high) {
  if constexpr (kPack<Real> == 4) return __builtin_shufflevector(low, high, 0, 2, 4, 6);
  else return __builtin_shufflevector(low, high, 0, 2);
}
template <class Real>
SQS_DSP_INLINE Pack<Real> imaginary_parts(Pack<Real> low, Pack<Real> high) {
  if constexpr (kPack<Real> == 4) return __builtin_shufflevector(low, high, 1, 3, 5, 7);
  else return __builtin_shufflevector(low, high, 1, 3);
}
template <class Real>
SQS_DSP_INLINE Pack<Real> reversed(Pack<Real> pack) {
  if constexpr (kPack<Real> == 4) return __builtin_shufflevector(pack, pack, 3, 2, 1, 0);
  else return __builtin_shufflevector(pack, pack, 1, 0);
}
// Complex numbers from their parts: the first and the second half.
template <class Real>
SQS_DSP_INLINE Pack<Real> interleaved_low(Pack<Real> re, Pack<Real> im) {
  if constexpr (kPack<Real> == 4) return __builtin_shufflevector(re, im, 0, 4, 1, 5);
  else return __builtin_shufflevector(re, im, 0, 2);
}
template <class Real>
SQS_DSP_INLINE Pack<Real> interleaved_high(Pack<Real> re, Pack<Real> im) {
  if constexpr (kPack<Real> == 4) return __builtin_shufflevector(re, im, 2, 6, 3, 7);
  else return __builtin_shufflevector(re, im, 1, 3);
}

}  // namespace sqs::dsp
