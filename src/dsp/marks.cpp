// threshold and local_max: flags, 1 or 0, u8 or i32.
#include <string>

#include "lanes.hpp"
#include "nest.hpp"
#include "simd.hpp"
#include "types.hpp"

namespace sqs::dsp {
namespace {

constexpr ParamSpec kFlagParam = {"dtype", ParamType::Choice, "", "u8", "u8|i32", "dtype of the flags"};

constexpr ParamSpec kThresholdParams[] = {
    {"limit", ParamType::Float, "", "", "..", "the value compared with", true},
    {"mode", ParamType::Choice, "", "above", "above|below", "1 where x > limit, or where x < limit"},
    kFlagParam,
};

constexpr ParamSpec kLocalMaxParams[] = {
    {"height", ParamType::Float, "", "", "..", "only values of at least this are marked; absent: any"},
    kFlagParam,
};

SQS_DSP_CLONES void mark_above(const double* x, uint64_t count, double limit, uint8_t* flags) {
  for (uint64_t i = 0; i < count; ++i) flags[i] = x[i] > limit ? 1 : 0;
}
SQS_DSP_CLONES void mark_below(const double* x, uint64_t count, double limit, uint8_t* flags) {
  for (uint64_t i = 0; i < count; ++i) flags[i] = x[i] < limit ? 1 : 0;
}

template <class Flag>
void store_flags(const uint8_t* flags, uint64_t count, std::byte* to, int64_t stride) {
  for (uint64_t i = 0; i < count; ++i, to += stride) store_element(to, static_cast<Flag>(flags[i]));
}

template <class Flag>
class Threshold final : public Kernel {
 public:
  Threshold(const Params& params, const Operand& input)
      : limit_(params.number("limit")),
        mark_(params.is("mode", "above") ? mark_above : mark_below),
        load_(lane_loader<double>(input.dtype)) {}

  void process(sqs_call& call) const override {
    auto [nest, start] = elementwise_nest(call.inputs[0], call.output, call.rows, sizeof(Flag));
    nest.for_each_piece(start, [&](const Nest<2>::Pointers& at, uint64_t count, const Nest<2>::Strides& strides) {
      double x[kPiece];
      uint8_t flags[kPiece];
      load_(at[0], strides[0], count, x);
      mark_(x, count, limit_, flags);
      store_flags<Flag>(flags, count, at[1], strides[1]);
    });
  }

 private:
  double limit_;
  void (*mark_)(const double*, uint64_t, double, uint8_t*);
  LaneLoader<double> load_;
};

template <class T, class Flag>
class LocalMax final : public Kernel {
 public:
  LocalMax(const Params& params, const Operand& input)
      : length_(input.shape.front()),
        centre_(input.before),
        lanes_(product(input.shape, 1)),
        has_height_(params.given("height")),
        height_(has_height_ ? params.number("height") : 0) {}

  void process(sqs_call& call) const override {
    const sqs_view& input = call.inputs[0];
    for (uint64_t row = 0; row < call.rows; ++row) {
      std::byte* to = output_row_at(call.output, row);
      for (uint64_t lane = 0; lane < lanes_; ++lane) {
        const bool marked = is_peak(row_at(input, row) + lane_offset(input, lane), input.strides[1]);
        store_element(to + lane * sizeof(Flag), static_cast<Flag>(marked));
      }
    }
  }

 private:
  // Above all before it and not below any after it: of equal neighbours the first is the peak, so a plateau has one.
  bool is_peak(const std::byte* from, int64_t stride) const {
    const auto at = [&](uint64_t i) { return load_element<T>(from + static_cast<int64_t>(i) * stride); };
    const T centre = at(centre_);
    if (has_height_ && !(static_cast<double>(centre) >= height_)) return false;
    for (uint64_t i = centre_; i-- > 0;)
      if (!(centre > at(i))) return false;
    for (uint64_t i = centre_ + 1; i < length_; ++i)
      if (!(centre >= at(i))) return false;
    return true;
  }

  uint64_t length_;
  uint64_t centre_;
  uint64_t lanes_;
  bool has_height_;
  double height_;
};

Recipe build_threshold(const Params& params, std::span<const Operand> inputs) {
  const Operand& input = inputs[0];
  require_real("threshold", input);
  Recipe recipe;
  recipe.dtype = dtype_named(params.choice("dtype"));
  recipe.shape = input.shape;
  recipe.cost_ns_per_row = 0.5 * static_cast<double>(product(input.shape));
  if (recipe.dtype == SQS_U8) recipe.kernel = std::make_unique<const Threshold<uint8_t>>(params, input);
  else recipe.kernel = std::make_unique<const Threshold<int32_t>>(params, input);
  return recipe;
}

Recipe build_local_max(const Params& params, std::span<const Operand> inputs) {
  const Operand& input = inputs[0];
  require_real("local_max", input);
  if (!input.has_context)
    fail(SQS_E_GRAPH, text("local_max: \"", input.stage, "\" is read without context; before and after are how far it looks"));
  Recipe recipe;
  recipe.dtype = dtype_named(params.choice("dtype"));
  recipe.shape = other_axes(input);
  recipe.cost_ns_per_row = 5 * static_cast<double>(product(input.shape, 1));
  visit_real(input.dtype, [&](auto chosen) {
    using T = typename decltype(chosen)::type;
    if (recipe.dtype == SQS_U8) recipe.kernel = std::make_unique<const LocalMax<T, uint8_t>>(params, input);
    else recipe.kernel = std::make_unique<const LocalMax<T, int32_t>>(params, input);
  });
  return recipe;
}

}  // namespace

const TypeSpec kThreshold = {
    "threshold", SQS_MAP,
    "1 where an element is above (or below) the limit, else 0; shape as the input. NaN gives 0. Compared in f64.",
    kThresholdParams, 1, build_threshold};

const TypeSpec kLocalMax = {
    "local_max", SQS_MAP,
    "1 where a row is the largest among its neighbours, else 0, per channel: read with before and after, the distance within "
    "which it must be the largest; shape as a row of the input. Of equal neighbours the first is marked; a NaN is no peak and "
    "no row near it is. Where no two neighbours are equal it agrees with scipy.signal.argrelmax(order=before=after).",
    kLocalMaxParams, 1, build_local_max};

}  // namespace sqs::dsp
