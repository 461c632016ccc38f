// One FFTW transform of one size. Plans are made by estimate, for one transform at a time and for 64-byte aligned buffers
// out of place, and are always run on such buffers: then a window's spectrum has the same bits wherever it lies and however
// rows are grouped (plans for unaligned data and batched plans differ in most bins). Thread safety: execute() may overlap;
// making and destroying plans is done under one process-wide lock, as FFTW asks.
#pragma once

#include <fftw3.h>

#include <cstdint>
#include <mutex>

#include "guard.hpp"
#include "text.hpp"

namespace sqs::dsp {

inline constexpr uint64_t kMaxTransform = uint64_t{1} << 27;

std::mutex& fftw_planner_lock();

template <class Real>
struct Fftw;

template <>
struct Fftw<float> {
  using Plan = fftwf_plan;
  using Complex = fftwf_complex;
  static void* allocate(uint64_t bytes) { return fftwf_malloc(bytes); }
  static void release(void* p) { fftwf_free(p); }
  static Plan plan_complex(int n, Complex* in, Complex* out) {
    return fftwf_plan_dft_1d(n, in, out, FFTW_FORWARD, FFTW_ESTIMATE | FFTW_PRESERVE_INPUT);
  }
  static Plan plan_real(int n, float* in, Complex* out) {
    return fftwf_plan_dft_r2c_1d(n, in, out, FFTW_ESTIMATE | FFTW_PRESERVE_INPUT);
  }
  static void run_complex(Plan plan, Complex* in, Complex* out) { fftwf_execute_dft(plan, in, out); }
  static void run_real(Plan plan, float* in, Complex* out) { fftwf_execute_dft_r2c(plan, in, out); }
  static void destroy(Plan plan) { fftwf_destroy_plan(plan); }
};

template <>
struct Fftw<double> {
  using Plan = fftw_plan;
  using Complex = fftw_complex;
  static void* allocate(uint64_t bytes) { return fftw_malloc(bytes); }
  static void release(void* p) { fftw_free(p); }
  static Plan plan_complex(int n, Complex* in, Complex* out) {
    return fftw_plan_dft_1d(n, in, out, FFTW_FORWARD, FFTW_ESTIMATE | FFTW_PRESERVE_INPUT);
  }
  static Plan plan_real(int n, double* in, Complex* out) {
    return fftw_plan_dft_r2c_1d(n, in, out, FFTW_ESTIMATE | FFTW_PRESERVE_INPUT);
  }
  static void run_complex(Plan plan, Complex* in, Complex* out) { fftw_execute_dft(plan, in, out); }
  static void run_real(Plan plan, double* in, Complex* out) { fftw_execute_dft_r2c(plan, in, out); }
  static void destroy(Plan plan) { fftw_destroy_plan(plan); }
};

enum class TransformInput { Complex, Real };

template <class Real>
class FftwPlan {
 public:
  // n points, at most kMaxTransform. A real transform gives n/2 + 1 points.
  FftwPlan(uint64_t n, TransformInput input) : input_(input) {
    using Api = Fftw<Real>;
    // Estimating only looks at how the buffers are aligned, but FFTW wants them to exist.
    const uint64_t bytes = (n + 1) * 2 * sizeof(Real);
    void* in = Api::allocate(bytes);
    void* out = Api::allocate(bytes);
    if (in != nullptr && out != nullptr) {
      const std::lock_guard<std::mutex> lock(fftw_planner_lock());
      const int size = static_cast<int>(n);
      plan_ = input == TransformInput::Complex ? Api::plan_complex(size, complex(in), complex(out))
                                      : Api::plan_real(size, static_cast<Real*>(in), complex(out));
    }
    Api::release(in);
    Api::release(out);
    if (plan_ == nullptr) fail(SQS_E_NO_MEMORY, text("FFTW has no plan for ", n, " points"));
  }
  ~FftwPlan() {
    const std::lock_guard<std::mutex> lock(fftw_planner_lock());
    Fftw<Real>::destroy(plan_);
  }
  FftwPlan(const FftwPlan&) = delete;
  FftwPlan& operator=(const FftwPlan&) = delete;

  // Both buffers aligned to 64 bytes and apart from each other; complex numbers as pairs of Real.
  void execute(Real* in, Real* out) const {
    if (input_ == TransformInput::Complex) Fftw<Real>::run_complex(plan_, complex(in), complex(out));
    else Fftw<Real>::run_real(plan_, in, complex(out));
  }

 private:
  using Complex = typename Fftw<Real>::Complex;
  static Complex* complex(void* buffer) { return static_cast<Complex*>(buffer); }

  typename Fftw<Real>::Plan plan_ = nullptr;
  TransformInput input_;
};

}  // namespace sqs::dsp
