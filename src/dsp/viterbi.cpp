// viterbi_forward, viterbi_trace and viterbi, which is both: the most probable path through a hidden Markov model. The forward
// scan puts out for every row where each state's best path came from, and which state is best so far; the trace walks these
// rows back from the last one.
//
//   row of u8    states x (source - target) mod 256,    best state: low byte, high byte     if the band reaches at most 127
//                                                                                           states, or there are at most 256
//   row of u16   states x (source - target) mod 65536,  best state                          else
//
// Scores are kept finite by subtracting the largest from all after each row. That is part of the definition: a decision is
// made on scores rounded so, as a reference that keeps all rows and does the same confirms bit by bit.
#include <algorithm>
#include <cmath>

#include "lanes.hpp"
#include "max_plus.hpp"
#include "types.hpp"

namespace sqs::dsp {
namespace {

constexpr ParamSpec kForwardParams[] = {
    SQS_DSP_HMM_TRANSITION_PARAMS,
    SQS_DSP_HMM_INITIAL_PARAM,
    {"dtype", ParamType::Choice, "", "auto", "auto|f32|f64",
     "of the scores; auto: f32 for f32 and integers up to 16 bits, else f64"},
};

// Elements behind the states' own that hold the index of the best.
template <class Pointer>
constexpr uint64_t kIndexElements = sizeof(uint16_t) / sizeof(Pointer);

template <class Pointer>
void put_index(uint64_t index, Pointer* to) {
  for (uint64_t i = 0; i < kIndexElements<Pointer>; ++i) to[i] = static_cast<Pointer>(index >> (8 * i));
}

template <class Real, class Pointer>
class ViterbiForward final : public Kernel {
 public:
  using Index = typename MaxPlus<Real>::Index;

  ViterbiForward(const Transitions& transitions, const std::vector<double>& initial, const Operand& input)
      : step_(transitions),
        initial_(initial.begin(), initial.end()),
        element_bytes_(static_cast<int64_t>(sqs_dtype_bytes(input.dtype))),
        load_(lane_loader<Real>(input.dtype)) {}

  uint64_t state_bytes() const { return kHeaderBytes + states() * sizeof(Real); }
  uint64_t scratch_bytes() const {
    return 2 * scratch_buffer_bytes(step_.padded_states() * sizeof(Real)) +
           scratch_buffer_bytes(step_.padded_states() * sizeof(Index)) + step_.scratch_bytes();
  }
  uint64_t fixed_bytes() const { return step_.fixed_bytes() + initial_.size() * sizeof(Real); }

  void process(sqs_call& call) const override {
    auto* started = static_cast<uint64_t*>(call.state);
    auto* scores = reinterpret_cast<Real*>(static_cast<std::byte*>(call.state) + kHeaderBytes);
    ScratchCutter cutter(call.scratch);
    Real* likelihoods = cutter.take<Real>(step_.padded_states());
    Real* best = cutter.take<Real>(step_.padded_states());
    Index* origin = cutter.take<Index>(step_.padded_states());
    void* spare = cutter.take<std::byte>(0);
    for (uint64_t row = 0; row < call.rows; ++row) {
      load_rows(call.inputs[0], load_, element_bytes_, states(), row, 1, likelihoods);
      auto* pointers = reinterpret_cast<Pointer*>(output_row_at(call.output, row));
      if (*started == 0) start(best, pointers);
      else {
        step_.step(scores, best, origin, spare);
        step_.put_differences(origin, pointers);
      }
      *started = 1;
      add_likelihoods(best, likelihoods, states());
      const Peak<Real> peak = peak_of(best, states());
      if (std::isfinite(peak.value)) subtract_from_all(best, peak.value, states());
      put_index(peak.index, pointers + states());
      std::copy_n(best, states(), scores);
    }
  }

 private:
  static constexpr uint64_t kHeaderBytes = 64;
  uint64_t states() const { return step_.states(); }

  // Nothing lies before row 0, so its pointers stay where they are.
  void start(Real* best, Pointer* pointers) const {
    if (initial_.empty()) std::fill_n(best, states(), Real{0});
    else std::copy(initial_.begin(), initial_.end(), best);
    std::fill_n(pointers, states(), Pointer{0});
  }

  MaxPlus<Real> step_;
  std::vector<Real> initial_;
  int64_t element_bytes_;
  LaneLoader<Real> load_;
};

// State: the state of the path at the row that comes next, once a row has been seen.
template <class Pointer>
class ViterbiTrace final : public Kernel {
 public:
  explicit ViterbiTrace(uint64_t states) : states_(states) {}

  struct State {
    uint32_t started;
    uint32_t next;
  };

  // Rows are worked on from the last to the first.
  void process(sqs_call& call) const override {
    State& state = *static_cast<State*>(call.state);
    const sqs_view& input = call.inputs[0];
    for (uint64_t row = call.rows; row-- > 0;) {
      const std::byte* from = row_at(input, row);
      const auto element = [&](uint64_t index) {
        return load_element<Pointer>(from + static_cast<int64_t>(index) * input.strides[1]);
      };
      const uint32_t current = state.started != 0 ? state.next : best_of(element);
      if (current >= states_)
        fail_at(call.first_row + row, text("viterbi_trace: row ", call.first_row + row, " would be in state ", current, " of ",
                                           states_, ": its input is no row of viterbi_forward"));
      store_element(output_row_at(call.output, row), static_cast<int32_t>(current));
      state = {1, source_of(current, element(current))};
    }
  }

 private:
  template <class Element>
  uint32_t best_of(const Element& element) const {
    uint32_t index = 0;
    for (uint64_t i = 0; i < kIndexElements<Pointer>; ++i) index |= static_cast<uint32_t>(element(states_ + i)) << (8 * i);
    return index;
  }

  // Below as many states as Pointer has values, differences wrap around; above, they are those of a band, with a sign.
  uint32_t source_of(uint32_t target, Pointer difference) const {
    if (states_ <= uint64_t{1} << (8 * sizeof(Pointer))) return static_cast<Pointer>(target + difference);
    return target + static_cast<uint32_t>(static_cast<int32_t>(static_cast<std::make_signed_t<Pointer>>(difference)));
  }

  uint64_t states_;
};

template <class Real, class Pointer>
void put_forward(const Transitions& transitions, const std::vector<double>& initial, const Operand& input, Recipe& recipe) {
  auto kernel = std::make_unique<const ViterbiForward<Real, Pointer>>(transitions, initial, input);
  recipe.dtype = sizeof(Pointer) == 1 ? SQS_U8 : SQS_U16;
  recipe.shape = {transitions.states + kIndexElements<Pointer>};
  recipe.state_bytes = kernel->state_bytes();
  recipe.scratch_bytes = kernel->scratch_bytes();
  recipe.fixed_bytes = kernel->fixed_bytes();
  recipe.kernel = std::move(kernel);
}

Recipe forward_recipe(const char* type, const Params& params, const Operand& input) {
  const uint64_t states = read_states(type, input);
  const Transitions transitions = read_transitions(type, params, states);
  const std::vector<double> initial = read_initial(type, params, states);
  Recipe recipe;
  recipe.kind = SQS_SCAN;
  recipe.threading = SQS_ANY_THREAD;
  const bool bytes_do = states <= 256 || (!transitions.dense && transitions.reach <= 127);
  const int32_t dtype = params.is("dtype", "auto") ? real_compute_dtype(input.dtype) : dtype_named(params.choice("dtype"));
  visit_float(dtype, [&](auto chosen) {
    using Real = typename decltype(chosen)::type;
    if (bytes_do) put_forward<Real, uint8_t>(transitions, initial, input, recipe);
    else put_forward<Real, uint16_t>(transitions, initial, input, recipe);
  });
  const auto sources = static_cast<double>(transitions.dense ? states : 2 * transitions.reach + 1);
  recipe.cost_ns_per_row = 20 + static_cast<double>(states) * (0.4 + 0.1 * sources) * (dtype == SQS_F32 ? 1 : 2);
  return recipe;
}

template <class Pointer>
void put_trace(uint64_t states, Recipe& recipe) {
  recipe.state_bytes = sizeof(typename ViterbiTrace<Pointer>::State);
  recipe.kernel = std::make_unique<const ViterbiTrace<Pointer>>(states);
}

// Over rows of `elements` of a dtype, u8 or u16.
Recipe trace_recipe(int32_t dtype, uint64_t elements) {
  Recipe recipe;
  recipe.kind = SQS_SCAN;
  recipe.direction = SQS_BACKWARD;
  recipe.threading = SQS_ANY_THREAD;
  recipe.dtype = SQS_I32;
  recipe.cost_ns_per_row = 5;
  if (dtype == SQS_U8) put_trace<uint8_t>(elements - kIndexElements<uint8_t>, recipe);
  else put_trace<uint16_t>(elements - kIndexElements<uint16_t>, recipe);
  return recipe;
}

Recipe build_forward(const Params& params, std::span<const Operand> inputs) {
  return forward_recipe("viterbi_forward", params, inputs[0]);
}

Recipe build_trace(const Params&, std::span<const Operand> inputs) {
  const Operand& input = inputs[0];
  const uint64_t index_elements = input.dtype == SQS_U8 ? kIndexElements<uint8_t> : kIndexElements<uint16_t>;
  if ((input.dtype != SQS_U8 && input.dtype != SQS_U16) || input.has_context || input.shape.size() != 1 ||
      input.shape[0] <= index_elements || input.shape[0] - index_elements > kMaxStates)
    fail(SQS_E_GRAPH, text("viterbi_trace: rows of \"", input.stage,
                           "\" are not those of a viterbi_forward stage, u8 or u16 with "
                           "an element for each state and the index of the best"));
  return trace_recipe(input.dtype, input.shape[0]);
}

Recipe build_path(const Params& params, std::span<const Operand> inputs) {
  Recipe forward = forward_recipe("viterbi", params, inputs[0]);
  Recipe recipe = trace_recipe(forward.dtype, forward.shape[0]);
  forward.suffix = "forward";
  recipe.helpers.push_back(std::move(forward));
  return recipe;
}

}  // namespace

const TypeSpec kViterbiForward = {
    "viterbi_forward", SQS_SCAN,
    "Viterbi recursion of a hidden Markov model, for viterbi_trace: a row of the input is the log likelihood of every "
    "state, NaN as minus infinity. Puts out for each state the difference to the state its best path came from, and the "
    "index of the best state so far: u8 (states + 2) if the band reaches at most 127 states or there are at most 256, else "
    "u16 (states + 1). Ties go to the lowest index. Scores have their largest subtracted after each row, so they stay "
    "finite; a row in which no state is possible leaves none possible for good.",
    kForwardParams, 1, build_forward};

const TypeSpec kViterbiTrace = {
    "viterbi_trace", SQS_SCAN,
    "The most probable path, backward over the rows of viterbi_forward from the best state of the last one: the index of "
    "the state at each row, i32.",
    {}, 1, build_trace};

const TypeSpec kViterbi = {
    "viterbi", SQS_SCAN,
    "The most probable path through a hidden Markov model: a row of the input is the log likelihood of every state, a row "
    "out the index of the path's state, i32. It is viterbi_trace over a viterbi_forward stage, which is added as "
    "\"<name>.forward\"; ties, NaN and numbers: as that one has them.",
    kForwardParams, 1, build_path};

}  // namespace sqs::dsp
