#include "window.hpp"

#include <cmath>
#include <numbers>
#include <span>

#include "guard.hpp"
#include "params.hpp"
#include "text.hpp"

namespace sqs::dsp {
namespace {

// Sum of a[k] cos(k phi) over one turn that starts at -pi: the family hann, hamming, blackman, .. belong to.
std::vector<double> cosine_window(std::span<const double> a, uint64_t count, uint64_t points) {
  std::vector<double> window(count);
  for (uint64_t i = 0; i < count; ++i) {
    const double phi = -std::numbers::pi + 2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(points - 1);
    double value = 0;
    for (size_t k = 0; k < a.size(); ++k) value += a[k] * std::cos(static_cast<double>(k) * phi);
    window[i] = value;
  }
  return window;
}

// The modified Bessel function I0 by its power series, whose terms are all positive: exact to a few ulp.
double bessel_i0(double x) {
  const long double quarter = static_cast<long double>(x) * x / 4;
  long double term = 1, sum = 1;
  for (int k = 1; term > sum * 1e-20L; ++k) {
    term *= quarter / (static_cast<long double>(k) * k);
    sum += term;
  }
  return static_cast<double>(sum);
}

std::vector<double> kaiser_window(double beta, uint64_t count, uint64_t points) {
  std::vector<double> window(count);
  const double alpha = static_cast<double>(points - 1) / 2;
  const double whole = bessel_i0(beta);
  for (uint64_t i = 0; i < count; ++i) {
    const double x = (static_cast<double>(i) - alpha) / alpha;
    window[i] = bessel_i0(beta * std::sqrt(1 - x * x)) / whole;
  }
  return window;
}

}  // namespace

std::vector<double> make_window(std::string_view name, uint64_t count, double beta, bool symmetric) {
  static constexpr double kHann[] = {0.5, 0.5};
  static constexpr double kHamming[] = {0.54, 0.46};
  static constexpr double kBlackman[] = {0.42, 0.50, 0.08};
  static constexpr double kBlackmanHarris[] = {0.35875, 0.48829, 0.14128, 0.01168};
  static constexpr double kFlattop[] = {0.21557895, 0.41663158, 0.277263158, 0.083578947, 0.006947368};
  if (name == "boxcar" || count <= 1) return std::vector<double>(count, 1.0);
  // A periodic window is the symmetric one of one point more without its last point.
  const uint64_t points = symmetric ? count : count + 1;
  if (name == "hann") return cosine_window(kHann, count, points);
  if (name == "hamming") return cosine_window(kHamming, count, points);
  if (name == "blackman") return cosine_window(kBlackman, count, points);
  if (name == "blackmanharris") return cosine_window(kBlackmanHarris, count, points);
  if (name == "flattop") return cosine_window(kFlattop, count, points);
  if (name == "kaiser") return kaiser_window(beta, count, points);
  fail(SQS_E_INTERNAL, text("no window function \"", name, "\""));
}

template <class Real>
std::vector<Real> make_taper(const Params& params, uint64_t count) {
  if (params.is("window", "boxcar")) return {};
  const auto window = make_window(params.choice("window"), count, params.number("beta"), params.is("sym", "true"));
  return std::vector<Real>(window.begin(), window.end());
}

template std::vector<float> make_taper<float>(const Params&, uint64_t);
template std::vector<double> make_taper<double>(const Params&, uint64_t);

}  // namespace sqs::dsp
