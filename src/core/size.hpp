// Sizes that cannot wrap: every product or sum of sizes in the engine is a Size, which remembers overflow until it is taken.
// Plain values, no shared state.
#pragma once

#include <cstdint>
#include <string>

#include "core/result.hpp"

namespace sqs {

class Size {
 public:
  constexpr Size() = default;
  constexpr Size(uint64_t value) : value_(value) {}

  constexpr bool overflowed() const { return overflowed_; }
  // The number, or the largest one after an overflow: a size nobody can allocate.
  constexpr uint64_t saturated() const { return overflowed_ ? UINT64_MAX : value_; }

  friend constexpr Size operator*(Size a, Size b) {
    Size r;
    r.overflowed_ = __builtin_mul_overflow(a.value_, b.value_, &r.value_) || a.overflowed_ || b.overflowed_;
    return r;
  }
  friend constexpr Size operator+(Size a, Size b) {
    Size r;
    r.overflowed_ = __builtin_add_overflow(a.value_, b.value_, &r.value_) || a.overflowed_ || b.overflowed_;
    return r;
  }
  Size& operator+=(Size b) { return *this = *this + b; }

  // The number, or SQS_E_OVERFLOW naming what did not fit.
  Result<uint64_t> take(const std::string& what, const std::string& of = "the window, the shape or the row count") const {
    if (overflowed_ || value_ > kLargest) return Error{SQS_E_OVERFLOW, what + " does not fit 63 bits: make " + of + " smaller"};
    return value_;
  }

 private:
  static constexpr uint64_t kLargest = UINT64_MAX >> 1;
  uint64_t value_ = 0;
  bool overflowed_ = false;
};

inline constexpr uint64_t kAlign = 64;  // of every buffer

// Rounds up to the alignment of buffers.
inline constexpr Size aligned(Size bytes) {
  const Size padded = bytes + (kAlign - 1);
  return padded.overflowed() ? padded : Size(padded.saturated() & ~(kAlign - 1));
}

}  // namespace sqs
