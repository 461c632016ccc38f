// quantile: nearest-rank quantiles of each window by itself.
#include <algorithm>
#include <numeric>

#include "lanes.hpp"
#include "quantile_rank.hpp"
#include "sort_keys.hpp"
#include "types.hpp"

namespace sqs::dsp {
namespace {

constexpr ParamSpec kParams[] = {SQS_DSP_QUANTILE_PARAM};

template <class T>
class Quantile final : public Kernel {
 public:
  Quantile(const Params& params, const Operand& input) : length_(input.shape.front()), lanes_(product(input.shape, 1)) {
    for (const double p : params.list("p")) wanted_.push_back({nearest_rank(p, length_), wanted_.size()});
    std::sort(wanted_.begin(), wanted_.end(), [](const Wanted& a, const Wanted& b) { return a.rank < b.rank; });
  }

  uint64_t scratch_bytes() const { return checked_bytes(length_, sizeof(KeyOf<T>)); }

  void process(sqs_call& call) const override {
    auto* keys = static_cast<KeyOf<T>*>(call.scratch);
    const sqs_view& input = call.inputs[0];
    for (uint64_t row = 0; row < call.rows; ++row) {
      std::byte* to = output_row_at(call.output, row);
      for (uint64_t lane = 0; lane < lanes_; ++lane) {
        load_keys<T>(row_at(input, row) + lane_offset(input, lane), input.strides[1], length_, keys);
        select(keys, to + lane * sizeof(T));
      }
    }
  }

 private:
  struct Wanted {
    uint64_t rank;
    size_t place;  // in the output
  };

  // Ranks ascend, so each selection leaves the part above it to the next.
  void select(KeyOf<T>* keys, std::byte* lane_out) const {
    uint64_t begin = 0;
    for (const Wanted& wanted : wanted_) {
      std::nth_element(keys + begin, keys + wanted.rank, keys + length_);
      store_element(lane_out + wanted.place * lanes_ * sizeof(T), from_key<T>(keys[wanted.rank]));
      begin = wanted.rank;
    }
  }

  uint64_t length_;
  uint64_t lanes_;
  std::vector<Wanted> wanted_;
};

Recipe build(const Params& params, std::span<const Operand> inputs) {
  const Operand& input = inputs[0];
  require_axis("quantile", input);
  require_real("quantile", input);
  Recipe recipe;
  recipe.dtype = input.dtype;
  recipe.shape = with_axis(params.list("p").size(), input);
  recipe.cost_ns_per_row = 18 * static_cast<double>(product(input.shape));
  visit_real(input.dtype, [&](auto chosen) {
    auto kernel = std::make_unique<const Quantile<typename decltype(chosen)::type>>(params, input);
    recipe.scratch_bytes = kernel->scratch_bytes();
    recipe.kernel = std::move(kernel);
  });
  return recipe;
}

}  // namespace

const TypeSpec kQuantile = {
    "quantile", SQS_MAP,
    "Nearest-rank quantiles along axis 0: entry max(ceil(p*n), 1) of the n sorted ones, of the input's dtype: (window, channels) "
    "gives (len(p), channels). NaN sorts last, -0 before +0. Agrees with numpy.quantile(method=\"inverted_cdf\", axis=0).",
    kParams, 1, build};

}  // namespace sqs::dsp
