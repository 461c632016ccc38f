// hmm_forward, hmm_posterior and posterior, which is both: the probability of every state at every row given all rows, by the
// forward-backward algorithm (Rabiner 1989, section III) in log probabilities. Computed in f64 whatever the dtype of the rows.
//
//   forward state    uint64 started, double log p(state | rows up to this one)[states]
//   backward state   uint64 started, double log p(this row and all after it | state)[states], but for a constant
#include <algorithm>
#include <cmath>
#include <limits>

#include "lanes.hpp"
#include "log_sums.hpp"
#include "types.hpp"

namespace sqs::dsp {
namespace {

#define SQS_DSP_HMM_DTYPE_PARAM                                   \
  {"dtype", ParamType::Choice, "", "auto", "auto|f32|f64", \
   "of the output; auto: f32 for f32 and integers up to 16 bits, else f64"}

constexpr ParamSpec kForwardParams[] = {SQS_DSP_HMM_TRANSITION_PARAMS, SQS_DSP_HMM_INITIAL_PARAM, SQS_DSP_HMM_DTYPE_PARAM};
constexpr ParamSpec kPosteriorParams[] = {SQS_DSP_HMM_TRANSITION_PARAMS, SQS_DSP_HMM_DTYPE_PARAM};

constexpr uint64_t kHeaderBytes = 64;

struct StateView {
  uint64_t* started;
  double* logs;
};
StateView state_of(const sqs_call& call) {
  auto* bytes = static_cast<std::byte*>(call.state);
  return {reinterpret_cast<uint64_t*>(bytes), reinterpret_cast<double*>(bytes + kHeaderBytes)};
}

// How the rows of an input are read.
struct RowReader {
  explicit RowReader(const Operand& input)
      : element_bytes(static_cast<int64_t>(sqs_dtype_bytes(input.dtype))), load(lane_loader<double>(input.dtype)) {}

  void read(const sqs_view& view, uint64_t states, uint64_t row, double* to) const {
    load_rows(view, load, element_bytes, states, row, 1, to);
  }

  int64_t element_bytes;
  LaneLoader<double> load;
};

template <class Out>
void put_row(const double* values, uint64_t count, std::byte* to) {
  for (uint64_t i = 0; i < count; ++i) store_element(to + i * sizeof(Out), static_cast<Out>(values[i]));
}

template <class Out>
class HmmForward final : public Kernel {
 public:
  HmmForward(const Transitions& transitions, std::vector<double> initial, const Operand& input)
      : sums_(transitions, LogSums::Direction::OverSources), initial_(std::move(initial)), reader_(input) {}

  uint64_t state_bytes() const { return kHeaderBytes + states() * sizeof(double); }
  uint64_t scratch_bytes() const { return 2 * scratch_buffer_bytes(states() * sizeof(double)) + sums_.scratch_bytes(); }
  uint64_t fixed_bytes() const { return sums_.fixed_bytes() + initial_.size() * sizeof(double); }

  void process(sqs_call& call) const override {
    const StateView state = state_of(call);
    ScratchCutter cutter(call.scratch);
    double* likelihoods = cutter.take<double>(states());
    double* logs = cutter.take<double>(states());
    void* spare = cutter.take<std::byte>(0);
    for (uint64_t row = 0; row < call.rows; ++row) {
      reader_.read(call.inputs[0], states(), row, likelihoods);
      if (*state.started != 0) sums_.step(state.logs, logs, spare);
      else start(logs);
      *state.started = 1;
      add_logs(logs, likelihoods, states());
      normalise(logs);
      put_row<Out>(logs, states(), output_row_at(call.output, row));
      std::copy_n(logs, states(), state.logs);
    }
  }

 private:
  uint64_t states() const { return sums_.states(); }

  void start(double* logs) const {
    if (initial_.empty()) std::fill_n(logs, states(), 0.0);
    else std::copy(initial_.begin(), initial_.end(), logs);
  }

  void normalise(double* logs) const {
    const double largest = largest_of(logs, states());
    if (!std::isfinite(largest)) return;
    double sum = 0;
    for (uint64_t i = 0; i < states(); ++i) sum += std::exp(logs[i] - largest);
    const double total = largest + std::log(sum);
    for (uint64_t i = 0; i < states(); ++i) logs[i] -= total;
  }

  LogSums sums_;
  std::vector<double> initial_;
  RowReader reader_;
};

template <class Out>
class HmmPosterior final : public Kernel {
 public:
  HmmPosterior(const Transitions& transitions, std::span<const Operand> inputs)
      : sums_(transitions, LogSums::Direction::OverTargets), forward_reader_(inputs[0]), likelihood_reader_(inputs[1]) {}

  uint64_t state_bytes() const { return kHeaderBytes + states() * sizeof(double); }
  uint64_t scratch_bytes() const { return 3 * scratch_buffer_bytes(states() * sizeof(double)) + sums_.scratch_bytes(); }
  uint64_t fixed_bytes() const { return sums_.fixed_bytes(); }

  // Rows are worked on from the last to the first.
  void process(sqs_call& call) const override {
    const StateView state = state_of(call);
    ScratchCutter cutter(call.scratch);
    double* forward = cutter.take<double>(states());
    double* likelihoods = cutter.take<double>(states());
    double* backward = cutter.take<double>(states());
    void* spare = cutter.take<std::byte>(0);
    for (uint64_t row = call.rows; row-- > 0;) {
      forward_reader_.read(call.inputs[0], states(), row, forward);
      likelihood_reader_.read(call.inputs[1], states(), row, likelihoods);
      if (*state.started != 0) sums_.step(state.logs, backward, spare);
      else std::fill_n(backward, states(), 0.0);
      *state.started = 1;
      add_logs(forward, backward, states());
      to_probabilities(forward);
      put_row<Out>(forward, states(), output_row_at(call.output, row));
      add_logs(backward, likelihoods, states());
      keep(backward, state.logs);
    }
  }

 private:
  uint64_t states() const { return sums_.states(); }

  // If no state is possible, nothing can be said of any: NaN.
  void to_probabilities(double* logs) const {
    const double largest = largest_of(logs, states());
    double sum = 0;
    for (uint64_t i = 0; i < states(); ++i) {
      logs[i] = std::exp(logs[i] - largest);
      sum += logs[i];
    }
    for (uint64_t i = 0; i < states(); ++i) logs[i] /= sum;
  }

  void keep(const double* logs, double* state) const {
    const double largest = largest_of(logs, states());
    const double subtracted = std::isfinite(largest) ? largest : 0;
    for (uint64_t i = 0; i < states(); ++i) state[i] = logs[i] - subtracted;
  }

  LogSums sums_;
  RowReader forward_reader_, likelihood_reader_;
};

double cost_of(const Transitions& transitions) {
  const auto neighbours = static_cast<double>(transitions.dense ? transitions.states : 2 * transitions.reach + 1);
  return 50 + static_cast<double>(transitions.states) * (30 + 0.3 * neighbours);
}

template <class KernelType>
void put_kernel(std::unique_ptr<const KernelType> kernel, uint64_t states, Recipe& recipe) {
  recipe.kind = SQS_SCAN;
  recipe.threading = SQS_ANY_THREAD;
  recipe.shape = {states};
  recipe.state_bytes = kernel->state_bytes();
  recipe.scratch_bytes = kernel->scratch_bytes();
  recipe.fixed_bytes = kernel->fixed_bytes();
  recipe.kernel = std::move(kernel);
}

int32_t output_dtype(const Params& params, const Operand& input) {
  return params.is("dtype", "auto") ? real_compute_dtype(input.dtype) : dtype_named(params.choice("dtype"));
}

Recipe forward_recipe(const char* type, const Params& params, const Operand& input) {
  const uint64_t states = read_states(type, input);
  const Transitions transitions = read_transitions(type, params, states);
  Recipe recipe;
  recipe.dtype = output_dtype(params, input);
  recipe.cost_ns_per_row = cost_of(transitions);
  visit_float(recipe.dtype, [&](auto chosen) {
    using Out = typename decltype(chosen)::type;
    put_kernel(std::make_unique<const HmmForward<Out>>(transitions, read_initial(type, params, states), input), states, recipe);
  });
  return recipe;
}

// inputs: the forward stage, and what it reads.
Recipe posterior_recipe(const char* type, const Params& params, std::span<const Operand> inputs) {
  const uint64_t states = read_states(type, inputs[0]);
  const Transitions transitions = read_transitions(type, params, states);
  Recipe recipe;
  recipe.direction = SQS_BACKWARD;
  recipe.dtype = output_dtype(params, inputs[0]);
  recipe.cost_ns_per_row = cost_of(transitions);
  visit_float(recipe.dtype, [&](auto chosen) {
    put_kernel(std::make_unique<const HmmPosterior<typename decltype(chosen)::type>>(transitions, inputs), states, recipe);
  });
  return recipe;
}

Recipe build_forward(const Params& params, std::span<const Operand> inputs) {
  return forward_recipe("hmm_forward", params, inputs[0]);
}

Recipe build_posterior(const Params& params, std::span<const Operand> inputs) {
  const uint64_t states = read_states("hmm_posterior", inputs[0]);
  if (!is_float(inputs[0].dtype) || read_states("hmm_posterior", inputs[1]) != states)
    fail(SQS_E_GRAPH, text("hmm_posterior: rows of \"", inputs[0].stage, "\" (", states, " x ", sqs_dtype_name(inputs[0].dtype),
                           ") are not what hmm_forward makes of \"", inputs[1].stage, "\" (", product(inputs[1].shape),
                           " states): read the forward stage first, then what that one reads"));
  return posterior_recipe("hmm_posterior", params, inputs);
}

Recipe build_both(const Params& params, std::span<const Operand> inputs) {
  Recipe forward = forward_recipe("posterior", params, inputs[0]);
  Operand between;
  between.dtype = forward.dtype;
  between.shape = forward.shape;
  const Operand reads[] = {between, inputs[0]};
  Recipe recipe = posterior_recipe("posterior", params, reads);
  recipe.also_reads_input = true;
  forward.suffix = "forward";
  recipe.helpers.push_back(std::move(forward));
  return recipe;
}

}  // namespace

const TypeSpec kHmmForward = {
    "hmm_forward", SQS_SCAN,
    "Forward recursion of a hidden Markov model: a row of the input is the log likelihood of every state, NaN as minus "
    "infinity; a row out is the log probability of every state given the rows up to it, (states). A row in which no state "
    "is possible makes that row and all after it minus infinity. Rabiner (1989).",
    kForwardParams, 1, build_forward};

const TypeSpec kHmmPosterior = {
    "hmm_posterior", SQS_SCAN,
    "Probability of every state given all rows (forward-backward): backward over two inputs, an hmm_forward stage and the "
    "log likelihoods that it reads, with the same transitions; gives (states), which add up to 1. NaN if no path through "
    "the rows is possible. Rabiner (1989).",
    kPosteriorParams, 2, build_posterior};

const TypeSpec kPosterior = {
    "posterior", SQS_SCAN,
    "Probability of every state of a hidden Markov model given all rows (forward-backward): a row of the input is the log "
    "likelihood of every state, NaN as minus infinity; gives (states), which add up to 1. It is hmm_posterior over an "
    "hmm_forward stage, which is added as \"<name>.forward\" in the same dtype: f32 takes half the memory between the two, "
    "and costs an error of 1e-7 times the log probability of a state before its future is known. NaN if no path through the "
    "rows is possible.",
    kForwardParams, 1, build_both};

}  // namespace sqs::dsp
