// A small seeded generator whose sequence is the same on every machine, unlike the distributions of <random>.
// Not thread-safe.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <iterator>

namespace eq {

// Weyl step and finaliser of splitmix64 (Steele, Lea, Flood 2014).
inline uint64_t splitmix(uint64_t x) {
  x += 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

class Rng {
 public:
  explicit Rng(uint64_t seed) : state_(splitmix(seed)) {}

  uint64_t next() {
    state_ += 0x9E3779B97F4A7C15u;
    return splitmix(state_);
  }
  // 0 .. bound-1; bound > 0. The bias is below 2^-40 for the bounds used here.
  uint64_t below(uint64_t bound) { return next() % bound; }
  uint64_t between(uint64_t low, uint64_t high) { return low + below(high - low + 1); }
  bool chance(unsigned percent) { return below(100) < percent; }
  template <class T>
  T pick(std::initializer_list<T> values) {
    return *(std::next(values.begin(), static_cast<std::ptrdiff_t>(below(values.size()))));
  }

 private:
  uint64_t state_;
};

}  // namespace eq
