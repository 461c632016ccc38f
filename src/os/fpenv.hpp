// The floating-point environment the engine computes in: round to nearest, subnormal numbers kept, no traps. A host program
// or a library built with fast-math may have set another for its thread, which would change result bytes.
// Compilers may move arithmetic across a change of the environment within one function: pin in a function that calls the
// ones that compute. Of the calling thread; thread-safe.
#pragma once

#if defined(__x86_64__)
#include <xmmintrin.h>
#else
#include <cfenv>
#endif

namespace sqs::os {

// The state of rounding, subnormals and traps. On x86-64 that of SSE, with which all of float and double is computed.
class FpEnvironment {
 public:
#if defined(__x86_64__)
  static FpEnvironment current() { return FpEnvironment(_mm_getcsr()); }
  static FpEnvironment pinned() { return FpEnvironment(kPinnedMxcsr); }
  void install() const { _mm_setcsr(mxcsr_); }

 private:
  // All exceptions masked, none raised, round to nearest, no flush-to-zero, no denormals-are-zero.
  static constexpr unsigned kPinnedMxcsr = 0x1F80;
  explicit FpEnvironment(unsigned mxcsr) : mxcsr_(mxcsr) {}
  unsigned mxcsr_;
#else
  static FpEnvironment current() {
    FpEnvironment environment;
    std::fegetenv(&environment.fenv_);
    return environment;
  }
  static FpEnvironment pinned() {
    const FpEnvironment callers = current();
    std::fesetenv(FE_DFL_ENV);
    const FpEnvironment environment = current();
    callers.install();
    return environment;
  }
  void install() const { std::fesetenv(&fenv_); }

 private:
  FpEnvironment() = default;
  std::fenv_t fenv_;
#endif
};

// Pins the environment for its lifetime and gives the caller's back at the end.
class PinnedFp {
 public:
  PinnedFp() : callers_(FpEnvironment::current()) { repin(); }
  ~PinnedFp() { callers_.install(); }
  PinnedFp(const PinnedFp&) = delete;
  PinnedFp& operator=(const PinnedFp&) = delete;

  // After a callback, which may have changed it.
  void repin() const { FpEnvironment::pinned().install(); }
  // The environment found at the start, in which callbacks run on whatever thread.
  const FpEnvironment& callers() const { return callers_; }

 private:
  FpEnvironment callers_;
};

}  // namespace sqs::os
