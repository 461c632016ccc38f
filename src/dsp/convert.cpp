// convert: the same values in another dtype.
#include <cmath>
#include <limits>
#include <string>

#include "lanes.hpp"
#include "nest.hpp"
#include "types.hpp"

namespace sqs::dsp {
namespace {

constexpr ParamSpec kParams[] = {
    {"dtype", ParamType::Choice, "", "", "u8|i8|u16|i16|u32|i32|u64|i64|f32|f64|c64|c128", "dtype of the output", true},
};

// Integers saturate and take the part before the point, NaN becomes 0: every value has one result on every machine.
template <class From, class To>
To converted(From value) {
  if constexpr (std::is_floating_point_v<To> || std::is_same_v<From, To>) {
    return static_cast<To>(value);
  } else if constexpr (std::is_floating_point_v<From>) {
    // The first value above To's range is a power of two, hence exact; the lowest is one too, or zero.
    const From beyond = std::ldexp(From{1}, std::numeric_limits<To>::digits);
    const From lowest = std::is_signed_v<To> ? -beyond : From{0};
    if (value >= beyond) return std::numeric_limits<To>::max();
    if (value <= lowest) return std::numeric_limits<To>::min();
    return value == value ? static_cast<To>(value) : To{0};
  } else {
    if (std::cmp_greater(value, std::numeric_limits<To>::max())) return std::numeric_limits<To>::max();
    if (std::cmp_less(value, std::numeric_limits<To>::min())) return std::numeric_limits<To>::min();
    return static_cast<To>(value);
  }
}

using ConvertPiece = void (*)(const std::byte* from, int64_t from_stride, uint64_t count, std::byte* to, int64_t to_stride);

template <class From, class To>
void convert_piece(const std::byte* from, int64_t from_stride, uint64_t count, std::byte* to, int64_t to_stride) {
  for (uint64_t i = 0; i < count; ++i, from += from_stride, to += to_stride)
    store_element(to, converted<From, To>(load_element<From>(from)));
}

template <class From, class To>
void convert_to_complex(const std::byte* from, int64_t from_stride, uint64_t count, std::byte* to, int64_t to_stride) {
  for (uint64_t i = 0; i < count; ++i, from += from_stride, to += to_stride) {
    store_element(to, converted<From, To>(load_element<From>(from)));
    store_element(to + sizeof(To), To{0});
  }
}

template <class From, class To>
void convert_complex(const std::byte* from, int64_t from_stride, uint64_t count, std::byte* to, int64_t to_stride) {
  for (uint64_t i = 0; i < count; ++i, from += from_stride, to += to_stride) {
    store_element(to, static_cast<To>(load_element<From>(from)));
    store_element(to + sizeof(To), static_cast<To>(load_element<From>(from + sizeof(From))));
  }
}

ConvertPiece piece_between(int32_t from, int32_t to) {
  const auto real_of = [](int32_t dtype) { return dtype == SQS_C64 ? SQS_F32 : SQS_F64; };
  if (is_complex(from)) {
    return visit_float(real_of(from), [&](auto source) {
      return visit_float(real_of(to), [&](auto target) -> ConvertPiece {
        return &convert_complex<typename decltype(source)::type, typename decltype(target)::type>;
      });
    });
  }
  return visit_real(from, [&](auto source) {
    using From = typename decltype(source)::type;
    if (is_complex(to))
      return visit_float(real_of(to), [](auto target) -> ConvertPiece {
        return &convert_to_complex<From, typename decltype(target)::type>;
      });
    return visit_real(to, [](auto target) -> ConvertPiece { return &convert_piece<From, typename decltype(target)::type>; });
  });
}

class Convert final : public Kernel {
 public:
  Convert(int32_t from, int32_t to) : element_bytes_(sqs_dtype_bytes(to)), convert_(piece_between(from, to)) {}

  void process(sqs_call& call) const override {
    auto [nest, start] = elementwise_nest(call.inputs[0], call.output, call.rows, element_bytes_);
    nest.for_each_piece(start, [&](const Nest<2>::Pointers& at, uint64_t count, const Nest<2>::Strides& strides) {
      convert_(at[0], strides[0], count, at[1], strides[1]);
    });
  }

 private:
  uint64_t element_bytes_;
  ConvertPiece convert_;
};

Recipe build(const Params& params, std::span<const Operand> inputs) {
  const Operand& input = inputs[0];
  Recipe recipe;
  recipe.dtype = dtype_named(params.choice("dtype"));
  if (is_complex(input.dtype) && !is_complex(recipe.dtype))
    fail(SQS_E_GRAPH, text("convert: \"", input.stage, "\" is complex and ", params.choice("dtype"), " is not; use magnitude"));
  recipe.shape = input.shape;
  recipe.cost_ns_per_row = 0.6 * static_cast<double>(product(input.shape));
  recipe.kernel = std::make_unique<const Convert>(input.dtype, recipe.dtype);
  return recipe;
}

}  // namespace

const TypeSpec kConvert = {
    "convert", SQS_MAP,
    "Every element in another dtype, shape as the input. To integers: the part before the point, saturating, NaN gives 0 (where "
    "numpy.astype is undefined). Real to complex has imaginary part 0; complex to real is refused.",
    kParams, 1, build};

}  // namespace sqs::dsp
