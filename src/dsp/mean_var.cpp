// mean_var: mean and variance of every element over all rows.
//
// Rows are summed in blocks of kBlockRows relative to a pivot (the block's first row), with eight accumulators, row i of a
// block into number i mod 8; blocks are then joined by Chan's update (Chan, Golub & LeVeque 1983). Rows count from the one the
// reduce begins with: row 0, or backward the last one. So the order of additions follows from row numbers alone, tiles cannot
// change a bit, and the loop over eight rows vectorises; but the two directions may differ in the last bits.
#include <algorithm>
#include <cmath>
#include <limits>

#include "lanes.hpp"
#include "simd.hpp"
#include "types.hpp"

namespace sqs::dsp {
namespace {

constexpr uint64_t kBlockRows = 4096;
constexpr uint64_t kPhases = 8;

constexpr ParamSpec kParams[] = {
    {"ddof", ParamType::Int, "", "0", "0..2^20", "the variance is divided by rows - ddof; 1: the unbiased estimate"},
    {"direction", ParamType::Choice, "", "forward", "forward|backward",
     "order in which rows are added; backward spares a sweep if the input is computed backward"},
};

// sum += d, squares += d^2 with d = x - pivot, for `groups` groups of `count` values each.
SQS_DSP_CLONES void add_groups(const double* x, uint64_t groups, uint64_t count, const double* pivot, double* sum,
                               double* squares) {
  for (uint64_t group = 0; group < groups; ++group, x += count) {
    for (uint64_t i = 0; i < count; ++i) {
      const double d = x[i] - pivot[i];
      sum[i] += d;
      squares[i] += d * d;
    }
  }
}

// The case of one element per row, whose eight accumulators fit registers.
SQS_DSP_CLONES void add_groups_of_eight(const double* x, uint64_t groups, double pivot, double* sum, double* squares) {
  double s[kPhases], q[kPhases];
  std::copy(sum, sum + kPhases, s);
  std::copy(squares, squares + kPhases, q);
  for (uint64_t group = 0; group < groups; ++group, x += kPhases) {
    for (uint64_t i = 0; i < kPhases; ++i) {
      const double d = x[i] - pivot;
      s[i] += d;
      q[i] += d * d;
    }
  }
  std::copy(s, s + kPhases, sum);
  std::copy(q, q + kPhases, squares);
}

struct Moments {
  double mean = 0;
  double squares = 0;  // sum of (x - mean)^2
};

// Arrays in the state, each of `elements`, or of kPhases times as many, row phase outermost.
class State {
 public:
  State(void* state, uint64_t elements) : base_(static_cast<std::byte*>(state)), elements_(elements) {}

  static uint64_t bytes(uint64_t elements) { return checked_bytes(elements, (2 + 3 * kPhases) * sizeof(double)) + kHeader; }

  uint64_t& rows_joined() { return header()[0]; }    // in blocks that are done
  uint64_t& rows_in_block() { return header()[1]; }
  double* mean() { return array(0); }
  double* squares() { return array(1); }
  double* pivot() { return array(2); }                      // repeated for each phase
  double* block_sum() { return array(2 + kPhases); }
  double* block_squares() { return array(2 + 2 * kPhases); }

  // The moments of one element with the block that is under way joined in.
  Moments joined(uint64_t element) {
    const double before = static_cast<double>(rows_joined()), block = static_cast<double>(rows_in_block());
    Moments moments{mean()[element], squares()[element]};
    if (rows_in_block() == 0) return moments;
    const double sum = total(block_sum() + element), square_sum = total(block_squares() + element);
    const double block_mean = pivot()[element] + sum / block;
    const double delta = block_mean - moments.mean;
    moments.squares += (square_sum - sum * sum / block) + delta * delta * (before * block / (before + block));
    moments.mean += delta * (block / (before + block));
    return moments;
  }

 private:
  static constexpr uint64_t kHeader = 64;
  uint64_t* header() { return reinterpret_cast<uint64_t*>(base_); }
  double* array(uint64_t index) { return reinterpret_cast<double*>(base_ + kHeader) + index * elements_; }
  double total(const double* phases) const {
    const auto at = [&](uint64_t phase) { return phases[phase * elements_]; };
    return ((at(0) + at(1)) + (at(2) + at(3))) + ((at(4) + at(5)) + (at(6) + at(7)));
  }

  std::byte* base_;
  uint64_t elements_;
};

class MeanVar final : public Kernel {
 public:
  MeanVar(const Params& params, const Operand& input)
      : ddof_(params.number("ddof")),
        backward_(params.is("direction", "backward")),
        elements_(product(input.shape)),
        element_bytes_(static_cast<int64_t>(sqs_dtype_bytes(input.dtype))),
        load_(lane_loader<double>(input.dtype)),
        groups_(std::max<uint64_t>(1, 512 / (kPhases * elements_))) {}

  // Room for some groups of eight rows.
  uint64_t scratch_bytes() const { return checked_bytes(groups_ * kPhases, checked_bytes(elements_, sizeof(double))); }

  void process(sqs_call& call) const override {
    State state(call.state, elements_);
    auto* x = static_cast<double*>(call.scratch);
    for (uint64_t done = 0; done < call.rows;) {
      if (state.rows_in_block() == 0) begin_block(state, call, done, x);
      const uint64_t in_block = state.rows_in_block();
      const uint64_t left = std::min(call.rows - done, kBlockRows - in_block);
      const uint64_t taken = in_block % kPhases == 0 && left >= kPhases ? add_eights(state, call, done, left, x)
                                                                       : add_row(state, call, done, x);
      state.rows_in_block() = in_block + taken;
      done += taken;
      if (in_block + taken == kBlockRows) end_block(state);
    }
  }

  void finish(sqs_call& call) const override {
    State state(call.state, elements_);
    auto* out = static_cast<double*>(call.output.data);
    const uint64_t rows = state.rows_joined() + state.rows_in_block();
    constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
    const double divisor = static_cast<double>(rows) - ddof_;
    for (uint64_t element = 0; element < elements_; ++element) {
      const Moments moments = state.joined(element);
      out[element] = rows > 0 ? moments.mean : kNan;
      out[elements_ + element] = divisor > 0 ? moments.squares / divisor : kNan;
    }
  }

 private:
  void begin_block(State& state, const sqs_call& call, uint64_t done, double* x) const {
    load(call, done, 1, x);
    double* pivot = state.pivot();
    for (uint64_t i = 0; i < elements_; ++i) pivot[i] = std::isfinite(x[i]) ? x[i] : 0;
    for (uint64_t phase = 1; phase < kPhases; ++phase) std::copy(pivot, pivot + elements_, pivot + phase * elements_);
    std::fill(state.block_sum(), state.block_sum() + 2 * kPhases * elements_, 0.0);
  }

  void end_block(State& state) const {
    for (uint64_t element = 0; element < elements_; ++element) {
      const Moments moments = state.joined(element);
      state.mean()[element] = moments.mean;
      state.squares()[element] = moments.squares;
    }
    state.rows_joined() += state.rows_in_block();
    state.rows_in_block() = 0;
  }

  uint64_t add_row(State& state, const sqs_call& call, uint64_t done, double* x) const {
    const uint64_t phase = state.rows_in_block() % kPhases;
    load(call, done, 1, x);
    add_groups(x, 1, elements_, state.pivot(), state.block_sum() + phase * elements_, state.block_squares() + phase * elements_);
    return 1;
  }

  uint64_t add_eights(State& state, const sqs_call& call, uint64_t done, uint64_t left, double* x) const {
    const uint64_t groups = std::min(left / kPhases, groups_);
    load(call, done, groups * kPhases, x);
    if (elements_ == 1) add_groups_of_eight(x, groups, state.pivot()[0], state.block_sum(), state.block_squares());
    else add_groups(x, groups, kPhases * elements_, state.pivot(), state.block_sum(), state.block_squares());
    return groups * kPhases;
  }

  // The next rows when `done` of the call's are, in the order in which they are added.
  void load(const sqs_call& call, uint64_t done, uint64_t rows, double* x) const {
    const uint64_t low = backward_ ? call.rows - done - rows : done;
    load_rows(call.inputs[0], load_, element_bytes_, elements_, low, rows, x);
    if (backward_) reverse_rows(x, rows);
  }

  void reverse_rows(double* x, uint64_t rows) const {
    if (elements_ == 1) return std::reverse(x, x + rows);
    double* last = x + rows * elements_;
    for (double* first = x; first + elements_ < last; first += elements_) {
      last -= elements_;
      std::swap_ranges(first, first + elements_, last);
    }
  }

  double ddof_;
  bool backward_;
  uint64_t elements_;
  int64_t element_bytes_;
  LaneLoader<double> load_;
  uint64_t groups_;  // of eight rows, that are loaded at once
};

Recipe build(const Params& params, std::span<const Operand> inputs) {
  const Operand& input = inputs[0];
  require_real("mean_var", input);
  auto kernel = std::make_unique<const MeanVar>(params, input);
  Recipe recipe;
  recipe.kind = SQS_REDUCE;
  recipe.direction = params.is("direction", "backward") ? SQS_BACKWARD : SQS_FORWARD;
  recipe.threading = SQS_ANY_THREAD;
  recipe.dtype = SQS_F64;
  recipe.shape = {2};
  recipe.shape.insert(recipe.shape.end(), input.shape.begin(), input.shape.end());
  recipe.state_bytes = State::bytes(product(input.shape));
  recipe.scratch_bytes = kernel->scratch_bytes();
  recipe.cost_ns_per_row = 0.8 * static_cast<double>(product(input.shape));
  recipe.kernel = std::move(kernel);
  return recipe;
}

}  // namespace

const TypeSpec kMeanVar = {
    "mean_var", SQS_REDUCE,
    "Mean and variance of each element over all rows, f64, shape (2, row shape): [0] is the mean, [1] the variance. NaN without "
    "rows; the variance is NaN if rows <= ddof. Agrees with numpy.mean and numpy.var(ddof=ddof) over axis 0, in f64; the "
    "directions agree but for the last bits.",
    kParams, 1, build};

}  // namespace sqs::dsp
