#include "kalman_model.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "dtypes.hpp"
#include "small_solve.hpp"

namespace sqs::dsp {
namespace {

void require_count(const char* type, const char* name, const std::vector<double>& values, uint32_t rows, uint32_t columns) {
  if (values.size() == size_t{rows} * columns) return;
  fail(SQS_E_INVALID, text(type, ": ", name, " has ", values.size(), " values; it takes ", rows, " x ", columns, " = ",
                           rows * columns));
}

double largest_magnitude(const std::vector<double>& values) {
  double largest = 0;
  for (const double value : values) largest = std::max(largest, std::abs(value));
  return largest;
}

// A covariance made symmetric to the last bit, if it was so but for the rounding of its making.
std::vector<double> read_symmetric(const char* type, const char* name, const std::vector<double>& given, uint32_t n) {
  require_count(type, name, given, n, n);
  const double rounding = 1e-9 * largest_magnitude(given);
  std::vector<double> out = given;
  for (uint32_t i = 0; i < n; ++i) {
    for (uint32_t j = 0; j < i; ++j) {
      const double lower = given[i * n + j], upper = given[j * n + i];
      if (!(std::abs(lower - upper) <= rounding))
        fail(SQS_E_INVALID, text(type, ": ", name, " is not symmetric: entry (", i, ", ", j, ") is ", lower, ", entry (", j, ", ",
                                 i, ") is ", upper));
      out[i * n + j] = out[j * n + i] = lower + (upper - lower) / 2;
    }
  }
  return out;
}

std::vector<double> read_semidefinite(const char* type, const char* name, const std::vector<double>& given, uint32_t n) {
  std::vector<double> out = read_symmetric(type, name, given, n);
  const double least = eigenvalue_range(out.data(), n).least;
  if (!(least >= -1e-12 * largest_magnitude(out)))
    fail(SQS_E_INVALID, text(type, ": ", name, " is not positive semidefinite, as a covariance is: its least eigenvalue is ",
                             least));
  return out;
}

std::vector<double> read_definite(const char* type, const char* name, const std::vector<double>& given, uint32_t n) {
  std::vector<double> out = read_symmetric(type, name, given, n);
  const Spectrum spectrum = eigenvalue_range(out.data(), n);
  if (!(spectrum.least > n * std::numeric_limits<double>::epsilon() * spectrum.largest))
    fail(SQS_E_INVALID, text(type, ": ", name, " is not positive definite: its least eigenvalue is ", spectrum.least,
                             "; an observation without noise needs a small variance"));
  return out;
}

uint32_t observed_elements(const char* type, const Operand& input) {
  require_real(type, input);
  const uint64_t elements = product(input.shape);
  if (elements > kMaxDimension)
    fail(SQS_E_GRAPH, text(type, ": a row of \"", input.stage, "\" has ", elements, " elements; at most ", kMaxDimension,
                           " can be observed at once"));
  return static_cast<uint32_t>(elements);
}

void require_rows(const char* type, const char* name, const Operand& input, uint32_t rows, uint32_t columns) {
  require_real(type, input);
  if (const uint64_t elements = product(input.shape); elements != uint64_t{rows} * columns)
    fail(SQS_E_GRAPH, text(type, ": a row of \"", input.stage, "\", which holds ", name, ", has ", elements,
                           " elements; it takes ", rows, " x ", columns, " = ", rows * columns));
}

// Of H and R, each is a parameter or the rows of a further input, in this order.
void assign_inputs(const char* type, const Params& params, std::span<const Operand> inputs, KalmanModel& model) {
  const bool has_H = params.given("H"), has_R = params.given("R");
  if (inputs.size() == 3 && (has_H || has_R))
    fail(SQS_E_INVALID, text(type, ": with three inputs the second holds H and the third R, but ", has_H ? "H" : "R",
                             " is given as a parameter too: leave out the parameter or the input"));
  if (inputs.size() == 2 && has_H && has_R)
    fail(SQS_E_INVALID, text(type, ": H and R are both given as parameters, so there is nothing for \"", inputs[1].stage,
                             "\" to hold: leave out the parameter that it holds"));
  uint32_t next = 1;
  if (!has_H) model.H_input = next++;
  if (!has_R) model.R_input = next++;
  if (next > inputs.size())
    fail(SQS_E_INVALID, text(type, ": ", model.R_input == inputs.size() ? "R" : "H", " must be given, as a parameter or as the "
                             "rows of a ", inputs.size() == 1 ? "second" : "third", " input"));
}

}  // namespace

Dynamics read_dynamics(const char* type, const Params& params) {
  Dynamics out;
  out.F = params.list("F");
  while (size_t{out.n} * out.n < out.F.size()) ++out.n;
  if (size_t{out.n} * out.n != out.F.size())
    fail(SQS_E_INVALID, text(type, ": F has ", out.F.size(), " values, which make no square matrix"));
  out.Q = read_semidefinite(type, "Q", params.list("Q"), out.n);
  return out;
}

KalmanModel read_kalman_model(const char* type, const Params& params, std::span<const Operand> inputs) {
  KalmanModel out;
  out.dynamics = read_dynamics(type, params);
  out.m = observed_elements(type, inputs[0]);
  assign_inputs(type, params, inputs, out);
  const uint32_t n = out.dynamics.n;
  if (out.H_input != 0) {
    require_rows(type, "H", inputs[out.H_input], out.m, n);
  } else {
    out.H = params.list("H");
    require_count(type, "H", out.H, out.m, n);
  }
  if (out.R_input != 0) require_rows(type, "R", inputs[out.R_input], out.m, out.m);
  else out.R = read_definite(type, "R", params.list("R"), out.m);
  out.m0 = params.given("m0") ? params.list("m0") : std::vector<double>(n, 0.0);
  require_count(type, "m0", out.m0, n, 1);
  out.P0 = read_semidefinite(type, "P0", params.list("P0"), n);
  return out;
}

}  // namespace sqs::dsp
