// The design goes by zeros, poles and gain: the analog prototype, the transform to the band, the bilinear transform, and the
// pairing into sections. Steps, conventions and tie rules are those of SciPy 1.10 (scipy/signal/_filter_design.py: buttap,
// lp2lp_zpk .. lp2bs_zpk, bilinear_zpk, zpk2sos with pairing "nearest"), so that coefficients can be compared one by one.
#include "butterworth.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>

namespace sqs::dsp {
namespace {

using Complex = std::complex<double>;

// Zeros or poles; at most two per order and one to make their number even.
class Roots {
 public:
  void add(Complex root) {
    assert(count_ < at_.size());
    at_[count_++] = root;
  }
  Complex take(size_t index) {
    const Complex root = at_[index];
    std::copy(begin() + index + 1, end(), begin() + index);
    --count_;
    return root;
  }
  size_t size() const { return count_; }
  Complex operator[](size_t index) const { return at_[index]; }
  Complex* begin() { return at_.data(); }
  Complex* end() { return at_.data() + count_; }
  const Complex* begin() const { return at_.data(); }
  const Complex* end() const { return at_.data() + count_; }

 private:
  std::array<Complex, 2 * kMaxButterOrder + 2> at_{};
  size_t count_ = 0;
};

struct Filter {
  Roots zeros, poles;
  double gain = 1;
};

template <class Change>
Roots each(const Roots& roots, Change change) {
  Roots out;
  for (const Complex root : roots) out.add(change(root));
  return out;
}

// Real part of the product of change(root) over all roots.
template <class Change>
Complex product(const Roots& roots, Change change) {
  Complex out = 1;
  for (const Complex root : roots) out *= change(root);
  return out;
}

Filter prototype(uint32_t order) {
  Filter filter;
  const int n = static_cast<int>(order);
  for (int m = -n + 1; m < n; m += 2) {
    const double angle = std::numbers::pi * m / (2 * n);
    filter.poles.add(-Complex(std::cos(angle), std::sin(angle)));
  }
  return filter;
}

// Analog transforms of a prototype, which has poles only.
Filter to_low_pass(const Filter& in, double corner) {
  return {{}, each(in.poles, [&](Complex p) { return corner * p; }), in.gain * std::pow(corner, in.poles.size())};
}

Filter to_high_pass(const Filter& in, double corner) {
  Filter out{{}, each(in.poles, [&](Complex p) { return corner / p; }), in.gain};
  for (size_t i = 0; i < in.poles.size(); ++i) out.zeros.add(0);
  out.gain *= (1.0 / product(in.poles, [](Complex p) { return -p; })).real();
  return out;
}

// Each root moves to the two places that a second-order frequency transform around `centre` gives it.
Roots doubled(const Roots& roots, double centre) {
  Roots out;
  for (const Complex root : roots) out.add(root + std::sqrt(root * root - centre * centre));
  for (const Complex root : roots) out.add(root - std::sqrt(root * root - centre * centre));
  return out;
}

Filter to_band_pass(const Filter& in, double centre, double width) {
  Filter out{{}, doubled(each(in.poles, [&](Complex p) { return p * width / 2.0; }), centre), in.gain};
  for (size_t i = 0; i < in.poles.size(); ++i) out.zeros.add(0);
  out.gain *= std::pow(width, in.poles.size());
  return out;
}

Filter to_band_stop(const Filter& in, double centre, double width) {
  Filter out{{}, doubled(each(in.poles, [&](Complex p) { return (width / 2) / p; }), centre), in.gain};
  for (size_t i = 0; i < in.poles.size(); ++i) out.zeros.add({0, centre});
  for (size_t i = 0; i < in.poles.size(); ++i) out.zeros.add({0, -centre});
  out.gain *= (1.0 / product(in.poles, [](Complex p) { return -p; })).real();
  return out;
}

// At a sample rate of 2: zeros at infinity go to half the sample rate, z = -1.
Filter bilinear(const Filter& in) {
  static constexpr double kTwiceRate = 4;
  const auto move = [](Complex s) { return (kTwiceRate + s) / (kTwiceRate - s); };
  const auto distance = [](Complex s) { return kTwiceRate - s; };
  Filter out{each(in.zeros, move), each(in.poles, move), in.gain};
  for (size_t i = in.zeros.size(); i < in.poles.size(); ++i) out.zeros.add(-1);
  out.gain *= (product(in.zeros, distance) / product(in.poles, distance)).real();
  return out;
}

// One of each conjugate pair, sorted by real part, then the real roots.
Roots one_of_each_pair(const Roots& roots) {
  Roots complex, real;
  constexpr double kTolerance = 100 * std::numeric_limits<double>::epsilon();
  for (const Complex root : roots) {
    if (std::abs(root.imag()) <= kTolerance * std::abs(root)) real.add(root.real());
    else if (root.imag() > 0) complex.add(root);
  }
  const auto before = [](Complex a, Complex b) {
    return a.real() != b.real() ? a.real() < b.real() : std::abs(a.imag()) < std::abs(b.imag());
  };
  std::sort(complex.begin(), complex.end(), before);
  std::sort(real.begin(), real.end(), before);
  for (const Complex root : real) complex.add(root);
  return complex;
}

bool is_real(Complex root) { return root.imag() == 0; }

// Index of the root that `accept` takes with the least cost; size() if it takes none.
template <class Accept, class Cost>
size_t least(const Roots& roots, Accept accept, Cost cost) {
  size_t best = roots.size();
  for (size_t i = 0; i < roots.size(); ++i)
    if (accept(roots[i]) && (best == roots.size() || cost(roots[i]) < cost(roots[best]))) best = i;
  return best;
}

// Numerator or denominator with leading 1 of two roots; the second is the conjugate of a complex first.
struct Quadratic {
  double c1, c2;
};
Quadratic quadratic(Complex a, Complex b) { return {-(a + b).real(), (a * b).real()}; }

// The pole nearest the unit circle is paired with the nearest zero; sections come out with such poles last.
Sections pair_up(Filter filter) {
  if (filter.poles.size() % 2 != 0) {
    filter.poles.add(0);
    filter.zeros.add(0);
  }
  Roots poles = one_of_each_pair(filter.poles), zeros = one_of_each_pair(filter.zeros);
  const auto any = [](Complex) { return true; };
  const auto from_circle = [](Complex p) { return std::abs(1 - std::abs(p)); };
  Sections out;
  out.count = static_cast<uint32_t>(filter.poles.size() / 2);
  for (uint32_t index = out.count; index-- > 0;) {
    const Complex p1 = poles.take(least(poles, any, from_circle));
    const auto from_pole = [&](Complex z) { return std::abs(p1 - z); };
    const auto reals = std::count_if(poles.begin(), poles.end(), is_real);
    Complex p2 = std::conj(p1), z1 = 0, z2 = 0;
    if (is_real(p1) && reals == 0) {
      p2 = 0;
      z1 = zeros.take(least(zeros, is_real, from_pole));
    } else if (!is_real(p1) && reals == 1 && poles.size() + 1 == zeros.size() &&
               std::count_if(zeros.begin(), zeros.end(), is_real) == 1) {
      z1 = zeros.take(least(zeros, [](Complex z) { return !is_real(z); }, from_pole));
      z2 = std::conj(z1);
    } else {
      if (is_real(p1)) p2 = poles.take(least(poles, is_real, from_circle));
      z1 = zeros.take(least(zeros, any, from_pole));
      z2 = is_real(z1) ? zeros.take(least(zeros, is_real, from_pole)) : std::conj(z1);
    }
    const Quadratic b = quadratic(z1, z2), a = quadratic(p1, p2);
    out.at[index] = {1, b.c1, b.c2, a.c1, a.c2};
  }
  Section& first = out.at[0];
  first = {first.b0 * filter.gain, first.b1 * filter.gain, first.b2 * filter.gain, first.a1, first.a2};
  return out;
}

double warped(double corner) { return 4 * std::tan(std::numbers::pi * corner / 2); }

}  // namespace

uint32_t butter_sections(Band band, uint32_t order) {
  return band == Band::LowPass || band == Band::HighPass ? (order + 1) / 2 : order;
}

Sections butter(Band band, uint32_t order, double low, double high) {
  const Filter in = prototype(order);
  const double lower = warped(low), upper = warped(high);
  switch (band) {
    case Band::LowPass: return pair_up(bilinear(to_low_pass(in, upper)));
    case Band::HighPass: return pair_up(bilinear(to_high_pass(in, lower)));
    case Band::BandPass: return pair_up(bilinear(to_band_pass(in, std::sqrt(lower * upper), upper - lower)));
    case Band::BandStop: return pair_up(bilinear(to_band_stop(in, std::sqrt(lower * upper), upper - lower)));
  }
  return {};
}

}  // namespace sqs::dsp
