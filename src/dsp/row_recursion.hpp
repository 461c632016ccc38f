// Scans that put every element of a row through a linear recursion of its own, computed in f64, forward or backward over the
// rows: what sosfilt, lfilter and exp_smooth share. A backward scan is the same recursion walked down: views ascend in memory
// either way, and the recursion is given the row to begin with and a pitch, which is then negative.
//
// Rows are worked on kRowsAtOnce at a time. What happens to an element is one sequence of operations in row order, so neither
// the tiles nor these pieces can change a bit. Thread safety: constant once made; the state belongs to the call.
#pragma once

#include <algorithm>
#include <string_view>
#include <utility>

#include "lanes.hpp"
#include "params.hpp"
#include "stage.hpp"

namespace sqs::dsp {

inline constexpr uint64_t kRowsAtOnce = 64;

inline constexpr ParamSpec kDirectionParam = {
    "direction", ParamType::Choice, "", "forward", "forward|backward", "backward: from the last row to the first"};
inline constexpr ParamSpec kRateParam = {
    "rate", ParamType::Float, "Hz", "0", "0..", "rows per second of the input; 0: as the pipeline's sample rate has it"};
inline constexpr ParamSpec kOutputDtypeParam = {
    "dtype", ParamType::Choice, "", "auto", "auto|f32|f64",
    "of the output; auto: f32 for f32 and integers up to 16 bits, else f64. Computed in f64"};

inline constexpr ParamSpec kZiParam = {
    "zi", ParamType::FloatList, "", "", "..; 1..2^16 values",
    "delays before the first row it works on, instead of init: those that every element starts with, or of each by itself, as "
    "SciPy's zi for axis=0 in C order"};

// The delays that zi gives a filter to start with: as many as it has, or as many for each element.
struct GivenDelays {
  std::vector<double> values;  // empty: none are given
  uint64_t delays = 0;

  uint64_t bytes() const { return values.size() * sizeof(double); }
  // Delay by delay, and in each one element after the other, as states have them and SciPy's zi.
  void put(uint64_t elements, double* to) const {
    if (values.size() != delays) to = std::copy(values.begin(), values.end(), to);
    else for (const double delay : values) to = std::fill_n(to, elements, delay);
  }
};

// `what` says in a sentence what `delays` are.
inline GivenDelays read_zi(const char* type, const Params& params, uint64_t delays, uint64_t elements, const char* what) {
  if (!params.given("zi")) return {};
  if (params.given("init")) fail(SQS_E_INVALID, text(type, ": zi and init both say how it starts: leave one out"));
  if (delays == 0) fail(SQS_E_INVALID, text(type, ": a filter of one coefficient has no delays: leave zi out"));
  const std::vector<double>& values = params.list("zi");
  const uint64_t all = checked_bytes(delays, elements);
  if (values.size() != delays && values.size() != all) {
    const std::string of_each = text(", or ", all, ", as many for each of the ", elements, " elements of a row");
    fail(SQS_E_INVALID, text(type, ": zi has ", values.size(), values.size() == 1 ? " value" : " values", "; it takes ", delays,
                             ", ", what, elements == 1 ? "" : of_each));
  }
  return {values, delays};
}

inline int32_t direction_of(const Params& params) { return params.is("direction", "backward") ? SQS_BACKWARD : SQS_FORWARD; }
inline int32_t output_dtype(const Params& params, const Operand& input) {
  return params.is("dtype", "auto") ? real_compute_dtype(input.dtype) : dtype_named(params.choice("dtype"));
}

// `given` if it is not 0, else the rows per second of the stage under way.
inline double rows_per_second(const sqs_call& call, std::string_view type, double given) {
  if (given > 0) return given;
  if (!(call.sample_rate > 0)) fail(SQS_E_STAGE, text(type, ": the sample rate is not known: give rate"));
  return call.sample_rate / static_cast<double>(std::max<uint64_t>(call.frames_per_row, 1));
}

// A Recursion is a value with
//   uint64_t state_bytes(uint64_t elements) const;
//   uint64_t fixed_bytes() const;                    that it holds besides
//   double operations() const;                       per element and row, about: for the cost hint
//   void start(sqs_call& call, uint64_t elements, const double* first) const;
//     prepares call.state, which is zero; first: the elements of the row the scan begins with
//   void run(void* state, uint64_t elements, double* x, uint64_t rows, int64_t pitch) const;
//     works on `rows` rows in place, from x on; each lies `pitch` doubles after the one before
template <class Out, class Recursion>
class RecursionScan final : public Kernel {
 public:
  RecursionScan(Recursion recursion, int32_t direction, const Operand& input)
      : recursion_(std::move(recursion)),
        backward_(direction == SQS_BACKWARD),
        elements_(product(input.shape)),
        element_bytes_(static_cast<int64_t>(sqs_dtype_bytes(input.dtype))),
        load_(lane_loader<double>(input.dtype)) {}

  void init(sqs_call& call) const override {
    auto* first = static_cast<double*>(call.scratch);
    load_rows(call.inputs[0], load_, element_bytes_, elements_, 0, 1, first);
    recursion_.start(call, elements_, first);
  }

  void process(sqs_call& call) const override {
    auto* x = static_cast<double*>(call.scratch);
    const auto pitch = static_cast<int64_t>(elements_);
    for (uint64_t done = 0; done < call.rows;) {
      const uint64_t rows = std::min(kRowsAtOnce, call.rows - done);
      const uint64_t low = backward_ ? call.rows - done - rows : done;
      load_rows(call.inputs[0], load_, element_bytes_, elements_, low, rows, x);
      if (backward_) recursion_.run(call.state, elements_, x + (rows - 1) * elements_, rows, -pitch);
      else recursion_.run(call.state, elements_, x, rows, pitch);
      put_rows(x, call.output, low, rows);
      done += rows;
    }
  }

 private:
  // One copy where rows lie one after the other, which matters most where a row is one element.
  void put_rows(const double* x, const sqs_view& output, uint64_t first, uint64_t rows) const {
    if (output.strides[0] == static_cast<int64_t>(elements_ * sizeof(Out))) {
      std::copy_n(x, rows * elements_, reinterpret_cast<Out*>(output_row_at(output, first)));
      return;
    }
    for (uint64_t i = 0; i < rows; ++i)
      std::copy_n(x + i * elements_, elements_, reinterpret_cast<Out*>(output_row_at(output, first + i)));
  }

  Recursion recursion_;
  bool backward_;
  uint64_t elements_;
  int64_t element_bytes_;
  LaneLoader<double> load_;
};

template <class Recursion>
Recipe recursion_recipe(const Recursion& recursion, const Operand& input, int32_t direction, int32_t dtype) {
  const uint64_t elements = product(input.shape);
  Recipe recipe;
  recipe.kind = SQS_SCAN;
  recipe.direction = direction;
  recipe.threading = SQS_ANY_THREAD;
  recipe.dtype = dtype;
  recipe.shape = input.shape;
  recipe.state_bytes = recursion.state_bytes(elements);
  recipe.fixed_bytes = recursion.fixed_bytes();
  recipe.scratch_bytes = checked_bytes(elements, kRowsAtOnce * sizeof(double));
  recipe.cost_ns_per_row = 0.24 * recursion.operations() * static_cast<double>(elements) + 3;
  visit_float(dtype, [&](auto chosen) {
    using Scan = RecursionScan<typename decltype(chosen)::type, Recursion>;
    recipe.kernel = std::make_unique<const Scan>(recursion, direction, input);
  });
  return recipe;
}

}  // namespace sqs::dsp
