// Linear Gaussian state-space models as stage parameters:
//
//   x[t+1] = F x[t] + q,  q ~ N(0, Q)        x[0] ~ N(m0, P0), before row 0 is seen
//   y[t]   = H x[t] + r,  r ~ N(0, R)        y[t]: row t of the first input, all its elements
//
// H and R are parameters, or row t of a further input: of H the second, of R the third, or the second if H is a parameter.
// Immutable once read. Reading throws Failure.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "params.hpp"
#include "stage.hpp"

namespace sqs::dsp {

// The parameters, for the tables of the types that share them.
#define SQS_DSP_KALMAN_F_PARAM                              \
  {"F", ParamType::FloatList, "", "", "..; 1..256 values", \
   "transition matrix, n x n by rows; gives n, the number of states, 1..16", true}
#define SQS_DSP_KALMAN_Q_PARAM                              \
  {"Q", ParamType::FloatList, "", "", "..; 1..256 values", \
   "covariance of the process noise, n x n; symmetric, positive semidefinite", true}
#define SQS_DSP_KALMAN_REST_PARAMS                                                                                             \
  {"H", ParamType::FloatList, "", "", "..; 1..256 values",                                                                     \
   "observation matrix, m x n by rows; m: elements of an input row, 1..16; absent: the rows of a further input"},                \
      {"R", ParamType::FloatList, "", "", "..; 1..256 values",                                                                 \
       "covariance of the observation noise, m x m; symmetric, positive definite; absent: the rows of the last input"},        \
      {"m0", ParamType::FloatList, "", "", "..; 1..16 values", "mean of the state at row 0 before it is seen; absent: zeros"}, \
      {"P0", ParamType::FloatList, "", "", "..; 1..256 values",                                                                \
       "covariance of the state at row 0 before it is seen, n x n; symmetric, positive semidefinite", true}

// How the state moves: all that the smoother needs.
struct Dynamics {
  uint32_t n = 0;
  std::vector<double> F, Q;
};
struct KalmanModel {
  Dynamics dynamics;
  uint32_t m = 0;
  std::vector<double> H, R, m0, P0;
  // The input whose rows hold H or R, which is then empty; 0: none, it is a parameter.
  uint32_t H_input = 0, R_input = 0;
};

// type: for the sentences.
Dynamics read_dynamics(const char* type, const Params& params);
KalmanModel read_kalman_model(const char* type, const Params& params, std::span<const Operand> inputs);

// Elements of a row that holds a mean and the lower triangle of a covariance.
constexpr uint32_t packed_elements(uint32_t n) { return n + n * (n + 1) / 2; }

}  // namespace sqs::dsp
