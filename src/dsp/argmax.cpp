// argmax: where the largest entry of axis 0 is.
#include <algorithm>
#include <cstdint>

#include "lanes.hpp"
#include "simd.hpp"
#include "types.hpp"

namespace sqs::dsp {
namespace {

// The largest value without regard to order: maxima commute, so vectors may take them in any order. NaN counts as larger than
// all, as in NumPy; has_nan tells of one.
template <class Real>
struct Largest {
  Real value;
  bool has_nan;
};

template <class Real, class Mask>
SQS_DSP_INLINE Largest<Real> largest_of(const Real* x, size_t count) {
  constexpr size_t kWide = 64 / sizeof(Real) * 2;
  Real best[kWide];
  Mask nan[kWide] = {};
  for (size_t j = 0; j < kWide; ++j) best[j] = x[0];
  size_t i = 0;
  for (; i + kWide <= count; i += kWide) {
    for (size_t j = 0; j < kWide; ++j) {
      const Real value = x[i + j];
      best[j] = value > best[j] ? value : best[j];
      nan[j] |= value != value ? Mask{-1} : Mask{0};
    }
  }
  Largest<Real> out{best[0], false};
  for (; i < count; ++i) {
    out.value = x[i] > out.value ? x[i] : out.value;
    out.has_nan |= x[i] != x[i];
  }
  for (size_t j = 0; j < kWide; ++j) {
    out.value = best[j] > out.value ? best[j] : out.value;
    out.has_nan |= nan[j] != 0;
  }
  return out;
}

// First index whose entry satisfies the test; there is one. Blocks are tested as a whole, which vectorises.
template <class Mask, class Real, class Test>
SQS_DSP_INLINE size_t first_index(const Real* x, size_t count, Test test) {
  constexpr size_t kBlock = 256 / sizeof(Real);
  size_t i = 0;
  for (; i + kBlock <= count; i += kBlock) {
    Mask any = 0;
    for (size_t j = 0; j < kBlock; ++j) any |= test(x[i + j]) ? Mask{-1} : Mask{0};
    if (any != 0) break;
  }
  while (!test(x[i])) ++i;
  return i;
}

template <class Real, class Mask>
SQS_DSP_INLINE size_t argmax_loop(const Real* x, size_t count) {
  const auto largest = largest_of<Real, Mask>(x, count);
  if (largest.has_nan) return first_index<Mask>(x, count, [](Real value) { return value != value; });
  return first_index<Mask>(x, count, [&](Real value) { return value == largest.value; });
}

SQS_DSP_CLONES size_t argmax_contiguous(const float* x, size_t count) { return argmax_loop<float, int32_t>(x, count); }
SQS_DSP_CLONES size_t argmax_contiguous(const double* x, size_t count) { return argmax_loop<double, int64_t>(x, count); }

// Any type and stride.
template <class T>
size_t argmax_strided(const std::byte* from, int64_t stride, size_t count) {
  T best = load_element<T>(from);
  size_t where = 0;
  for (size_t i = 0; i < count; ++i, from += stride) {
    const T value = load_element<T>(from);
    if (value != value) return i;
    if (value > best) {
      best = value;
      where = i;
    }
  }
  return where;
}

template <class T>
class Argmax final : public Kernel {
 public:
  explicit Argmax(const Operand& input) : length_(input.shape.front()), lanes_(product(input.shape, 1)) {}

  void process(sqs_call& call) const override {
    const sqs_view& input = call.inputs[0];
    for (uint64_t row = 0; row < call.rows; ++row) {
      std::byte* to = output_row_at(call.output, row);
      for (uint64_t lane = 0; lane < lanes_; ++lane) {
        const size_t index = argmax_lane(row_at(input, row) + lane_offset(input, lane), input.strides[1]);
        store_element(to + lane * sizeof(int32_t), static_cast<int32_t>(index));
      }
    }
  }

 private:
  size_t argmax_lane(const std::byte* from, int64_t stride) const {
    if constexpr (std::is_floating_point_v<T>) {
      if (stride == static_cast<int64_t>(sizeof(T))) return argmax_contiguous(reinterpret_cast<const T*>(from), length_);
    }
    return argmax_strided<T>(from, stride, length_);
  }

  uint64_t length_;
  uint64_t lanes_;
};

Recipe build(const Params&, std::span<const Operand> inputs) {
  const Operand& input = inputs[0];
  require_axis("argmax", input);
  require_real("argmax", input);
  if (input.shape.front() > INT32_MAX)
    fail(SQS_E_GRAPH, text("argmax: an axis of ", input.shape.front(), " entries has indices beyond i32"));
  Recipe recipe;
  recipe.dtype = SQS_I32;
  recipe.shape = other_axes(input);
  recipe.cost_ns_per_row = 0.15 * static_cast<double>(product(input.shape));
  visit_real(input.dtype, [&](auto chosen) {
    recipe.kernel = std::make_unique<const Argmax<typename decltype(chosen)::type>>(input);
  });
  return recipe;
}

}  // namespace

const TypeSpec kArgmax = {
    "argmax", SQS_MAP,
    "Index of the largest entry along axis 0, i32: (bins, channels) gives (channels). The lowest index wins a tie; a NaN counts "
    "as larger than all. Agrees with numpy.argmax(axis=0).",
    {}, 1, build};

}  // namespace sqs::dsp
