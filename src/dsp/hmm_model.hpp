// The transitions and the start of a hidden Markov model as stage parameters, in log probabilities. A step of the model is seen
// from the state it goes to ("target") or from the state it comes from; either way it is a weight for each pair, dense or in a
// band around the diagonal. Immutable once read. Reading throws Failure. Thread safety: values.
#pragma once

#include <cstdint>
#include <vector>

#include "params.hpp"
#include "stage.hpp"

namespace sqs::dsp {

inline constexpr uint64_t kMaxStates = 65535;

#define SQS_DSP_HMM_TRANSITION_PARAMS                                                                                     \
  {"transitions", ParamType::FloatList, "", "", "-inf..; 1..2^20 values",                                                 \
   "log probabilities of the transitions, states x states by rows: entry (i, j) is from i to j; or else band"},           \
      {"band", ParamType::FloatList, "", "", "-inf..; 1..131071 values",                                                  \
       "log weights of moving by -w .. w states, 2w+1 values, the same for every state; all other moves are impossible"}, \
      {"border", ParamType::Choice, "", "renormalise", "renormalise|keep",                                                \
       "of a band: renormalise makes the moves that stay inside the states add up to probability 1 for every state; "     \
       "keep takes the weights as they are"}
#define SQS_DSP_HMM_INITIAL_PARAM                                    \
  {"initial", ParamType::FloatList, "", "", "-inf..; 1..65535 values", \
   "log probabilities of the states at row 0; absent: all the same, taken as 0"}

struct Transitions {
  uint64_t states = 0;
  bool dense = false;
  uint64_t reach = 0;            // of a band: the farthest move, at most states - 1
  std::vector<double> weights;   // dense: [from][to]; band: of moving by -reach .. reach
  std::vector<double> excess;    // of a band, for each state: log of the sum of the weights that stay inside; or empty
};

// type: for the sentences.
Transitions read_transitions(const char* type, const Params& params, uint64_t states);
// Empty: uniform.
std::vector<double> read_initial(const char* type, const Params& params, uint64_t states);
// Elements of a row, which are one state each.
uint64_t read_states(const char* type, const Operand& input);

}  // namespace sqs::dsp
