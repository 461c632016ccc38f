#include "hmm_model.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "dtypes.hpp"

namespace sqs::dsp {
namespace {

constexpr double kImpossible = -std::numeric_limits<double>::infinity();

double log_of_sum(const double* logs, uint64_t count) {
  const double largest = *std::max_element(logs, logs + count);
  if (largest == kImpossible) return kImpossible;
  double sum = 0;
  for (uint64_t i = 0; i < count; ++i) sum += std::exp(logs[i] - largest);
  return largest + std::log(sum);
}

// Sums over the weights of the moves that stay inside: from state i those by -i .. states - 1 - i. States that are farther than
// the reach from both ends share one sum.
std::vector<double> excess_of(const char* type, const Transitions& band) {
  std::vector<double> excess(band.states);
  const uint64_t reach = band.reach;
  for (uint64_t i = 0; i < band.states; ++i) {
    const bool as_before = i > reach && i + reach < band.states;
    const uint64_t down = std::min(i, reach), up = std::min(band.states - 1 - i, reach);
    excess[i] = as_before ? excess[i - 1] : log_of_sum(band.weights.data() + reach - down, down + 1 + up);
    if (excess[i] == kImpossible)
      fail(SQS_E_INVALID, text(type, ": by the band no move from state ", i, " stays inside the ", band.states,
                               " states: give a weight that does, or border=keep"));
  }
  return excess;
}

Transitions read_dense(const char* type, const Params& params, uint64_t states) {
  Transitions out;
  out.states = states;
  out.dense = true;
  out.weights = params.list("transitions");
  if (out.weights.size() != states * states)
    fail(SQS_E_INVALID, text(type, ": transitions has ", out.weights.size(), " values; the input has ", states,
                             " states, which take ", states * states));
  return out;
}

Transitions read_band(const char* type, const Params& params, uint64_t states) {
  const std::vector<double>& band = params.list("band");
  if (band.size() % 2 == 0)
    fail(SQS_E_INVALID, text(type, ": band has ", band.size(), " values; moves by -w .. w states take an odd number, 2w+1"));
  const uint64_t half = band.size() / 2;
  Transitions out;
  out.states = states;
  out.reach = std::min(half, states - 1);
  const auto first = band.begin() + static_cast<ptrdiff_t>(half - out.reach);
  out.weights.assign(first, first + static_cast<ptrdiff_t>(2 * out.reach + 1));
  if (params.is("border", "renormalise")) out.excess = excess_of(type, out);
  return out;
}

}  // namespace

Transitions read_transitions(const char* type, const Params& params, uint64_t states) {
  if (params.given("transitions") == params.given("band")) fail(SQS_E_INVALID, text(type, ": give either transitions or band"));
  return params.given("band") ? read_band(type, params, states) : read_dense(type, params, states);
}

std::vector<double> read_initial(const char* type, const Params& params, uint64_t states) {
  const std::vector<double>& initial = params.list("initial");
  if (params.given("initial") && initial.size() != states)
    fail(SQS_E_INVALID, text(type, ": initial has ", initial.size(), " values, but the input has ", states, " states"));
  return initial;
}

uint64_t read_states(const char* type, const Operand& input) {
  require_real(type, input);
  const uint64_t states = product(input.shape);
  if (states > kMaxStates)
    fail(SQS_E_GRAPH, text(type, ": a row of \"", input.stage, "\" has ", states, " states; at most ", kMaxStates, " work"));
  return states;
}

}  // namespace sqs::dsp
