// kalman, rts and kalman_smooth: the Kalman filter, forward over the rows, the Rauch-Tung-Striebel smoother, backward over what
// the filter put out, and both in one. Formulas: Sarkka, Bayesian Filtering and Smoothing (2013), theorems 4.2 and 8.2; Rauch,
// Tung, Striebel (1965).
//
// Covariances are updated in forms that keep them symmetric and positive semidefinite (Joseph's form in the filter, the same
// idea in the smoother); of each the lower triangle is computed and the upper one mirrors it.
//
//   filter state     double mean[n], P[n][n]                   what is known of row t before it is seen
//   smoother state   uint64 started, double mean[n], P[n][n]   the smoothed row after row t
#include <algorithm>
#include <cmath>
#include <cstring>

#include "kalman_model.hpp"
#include "lanes.hpp"
#include "measurement.hpp"
#include "small_solve.hpp"
#include "types.hpp"

namespace sqs::dsp {
namespace {

#define SQS_DSP_SMOOTHED_OUTPUT_PARAM                              \
  {"output", ParamType::Choice, "", "mean_cov", "mean_cov|mean", \
   "mean_cov: (1 + n, n), the mean and under it the covariance; mean: (n)"}

constexpr ParamSpec kFilterParams[] = {
    SQS_DSP_KALMAN_F_PARAM,
    SQS_DSP_KALMAN_Q_PARAM,
    SQS_DSP_KALMAN_REST_PARAMS,
    {"output", ParamType::Choice, "", "mean_cov", "mean_cov|packed|mean",
     "mean_cov: (1 + n, n), the mean and under it the covariance; packed: (n + n(n+1)/2), the mean and the covariance's lower "
     "triangle by rows, the least that rts can work on; mean: (n)"},
};
constexpr ParamSpec kSmootherParams[] = {
    SQS_DSP_KALMAN_F_PARAM,
    SQS_DSP_KALMAN_Q_PARAM,
    SQS_DSP_SMOOTHED_OUTPUT_PARAM,
};

constexpr ParamSpec kBothParams[] = {
    SQS_DSP_KALMAN_F_PARAM,
    SQS_DSP_KALMAN_Q_PARAM,
    SQS_DSP_KALMAN_REST_PARAMS,
    SQS_DSP_SMOOTHED_OUTPUT_PARAM,
};

enum class Layout { MeanCov, Packed, Mean };

Layout layout_named(const Params& params) {
  return params.is("output", "mean_cov") ? Layout::MeanCov : params.is("output", "packed") ? Layout::Packed : Layout::Mean;
}

std::vector<uint64_t> shape_of(Layout layout, uint64_t n) {
  switch (layout) {
    case Layout::MeanCov: return {1 + n, n};
    case Layout::Packed: return {packed_elements(static_cast<uint32_t>(n))};
    case Layout::Mean: break;
  }
  return {n};
}

void put_row(Layout layout, uint32_t n, const double* mean, const double* P, double* to) {
  to = std::copy_n(mean, n, to);
  if (layout == Layout::MeanCov) std::copy_n(P, n * n, to);
  if (layout != Layout::Packed) return;
  for (uint32_t i = 0; i < n; ++i) to = std::copy_n(P + i * n, i + 1, to);
}

void unpack_covariance(uint32_t n, const double* lower, double* P) {
  for (uint32_t i = 0; i < n; ++i)
    for (uint32_t j = 0; j <= i; ++j) P[i * n + j] = P[j * n + i] = *lower++;
}

// P = A P A' + B N B', of (n x n) and (n x c): Joseph's form.
SQS_DSP_INLINE void joseph(const double* A, double* P, uint32_t n, const double* B, const double* N, uint32_t c, double* spare) {
  multiply(A, P, n, n, n, spare);
  std::fill_n(P, n * n, 0.0);
  add_symmetric_product(spare, A, n, n, P);
  multiply(B, N, n, c, c, spare);
  add_symmetric_product(spare, B, n, c, P);
}

// a = I - g h, of (n x c) (c x n).
SQS_DSP_INLINE void identity_less_product(const double* g, const double* h, uint32_t n, uint32_t c, double* a) {
  multiply(g, h, n, c, n, a);
  for (uint32_t i = 0; i < n * n; ++i) a[i] = (i % (n + 1) == 0 ? 1 : 0) - a[i];
}

SQS_DSP_INLINE void transpose(const double* a, uint32_t rows, uint32_t columns, double* to) {
  for (uint32_t i = 0; i < rows; ++i)
    for (uint32_t j = 0; j < columns; ++j) to[j * rows + i] = a[i * columns + j];
}

[[noreturn]] void tell_why_not_definite(const double* S, uint32_t count, uint64_t row) {
  const bool finite = std::all_of(S, S + count * count, [](double element) { return std::isfinite(element); });
  if (finite)
    fail_at(row, text("kalman: at row ", row, " the covariance of the innovation, H P H' + R, is not positive definite in "
                      "the digits that numbers have: give what is observed without noise a variance in R, or leave it "
                      "out as NaN"));
  fail_at(row, text("kalman: at row ", row, " the covariance of the state has grown beyond what numbers hold: F is unstable "
                    "and the observations do not hold the state"));
}

// The kernels are compiled for the commonest n, and once for any: kN == 0.
template <uint32_t kN>
class Kalman final : public Kernel {
 public:
  Kalman(const KalmanModel& model, Layout layout, std::span<const Operand> inputs)
      : dynamics_(model.dynamics), m0_(model.m0), P0_(model.P0), layout_(layout), measurement_(model, inputs) {}

  static uint64_t scratch_bytes() { return sizeof(Workspace); }

  void init(sqs_call& call) const override {
    auto* mean = static_cast<double*>(call.state);
    std::copy(P0_.begin(), P0_.end(), std::copy(m0_.begin(), m0_.end(), mean));
  }

  void process(sqs_call& call) const override {
    auto* mean = static_cast<double*>(call.state);
    double* P = mean + n();
    auto& work = *static_cast<Workspace*>(call.scratch);
    for (uint64_t row = 0; row < call.rows; ++row) {
      const Seen seen = measurement_.read(call, row, work.seen);
      if (seen.count != 0) update(seen, call.first_row + row, mean, P, work);
      put_row(layout_, n(), mean, P, reinterpret_cast<double*>(output_row_at(call.output, row)));
      predict(mean, P, work);
    }
  }

 private:
  struct Workspace {
    MeasurementRoom seen;
    double innovation[kMaxDimension], mean[kMaxDimension];
    double S[kMaxElements], gain_t[kMaxElements], gain[kMaxElements], A[kMaxElements], spare[kMaxElements];
  };

  uint32_t n() const { return kN != 0 ? kN : dynamics_.n; }

  void update(const Seen& seen, uint64_t row, double* mean, double* P, Workspace& work) const {
    multiply(seen.H, P, seen.count, n(), n(), work.gain_t);
    std::copy_n(seen.R, seen.count * seen.count, work.S);
    add_symmetric_product(work.gain_t, seen.H, seen.count, n(), work.S);
    if (!solve_definite(work.S, seen.count, work.gain_t, n())) tell_why_not_definite(work.S, seen.count, row);
    multiply(seen.H, mean, seen.count, n(), 1, work.innovation);
    for (uint32_t i = 0; i < seen.count; ++i) work.innovation[i] = seen.y[i] - work.innovation[i];
    transpose(work.gain_t, seen.count, n(), work.gain);
    multiply(work.gain, work.innovation, n(), seen.count, 1, work.mean);
    for (uint32_t i = 0; i < n(); ++i) mean[i] += work.mean[i];
    identity_less_product(work.gain, seen.H, n(), seen.count, work.A);
    joseph(work.A, P, n(), work.gain, seen.R, seen.count, work.spare);
  }

  void predict(double* mean, double* P, Workspace& work) const {
    const double* F = dynamics_.F.data();
    multiply(F, mean, n(), n(), 1, work.mean);
    std::copy_n(work.mean, n(), mean);
    multiply(F, P, n(), n(), n(), work.spare);
    std::copy_n(dynamics_.Q.data(), n() * n(), P);
    add_symmetric_product(work.spare, F, n(), n(), P);
  }

  Dynamics dynamics_;
  std::vector<double> m0_, P0_;
  Layout layout_;
  Measurement measurement_;
};

template <uint32_t kN>
class Rts final : public Kernel {
 public:
  Rts(Dynamics dynamics, Layout input, Layout output)
      : dynamics_(std::move(dynamics)), input_(input), output_(output), load_(lane_loader<double>(SQS_F64)) {}

  static uint64_t scratch_bytes() { return sizeof(Workspace); }

  // Rows are worked on from the last to the first.
  void process(sqs_call& call) const override {
    auto* started = static_cast<uint64_t*>(call.state);
    double* mean = reinterpret_cast<double*>(started + 1);
    double* P = mean + n();
    auto& work = *static_cast<Workspace*>(call.scratch);
    const uint64_t elements = input_ == Layout::Packed ? packed_elements(n()) : n() + n() * n();
    for (uint64_t row = call.rows; row-- > 0;) {
      load_rows(call.inputs[0], load_, sizeof(double), elements, row, 1, work.row);
      if (input_ == Layout::Packed) unpack_covariance(n(), work.row + n(), work.P);
      else std::copy_n(work.row + n(), n() * n(), work.P);
      if (*started != 0 && !smooth(mean, P, work))
        fail_at(call.first_row + row, text("rts: the covariance of row ", call.first_row + row, " holds NaN or infinity"));
      if (*started == 0) {
        std::copy_n(work.row, n(), mean);
        std::copy_n(work.P, n() * n(), P);
        *started = 1;
      }
      put_row(output_, n(), mean, P, reinterpret_cast<double*>(output_row_at(call.output, row)));
    }
  }

 private:
  struct Workspace {
    double row[kMaxDimension + kMaxElements];  // the filtered mean and covariance as they came
    double change[kMaxDimension];
    double P[kMaxElements], predicted[kMaxElements], gain_t[kMaxElements], gain[kMaxElements], A[kMaxElements],
        spare[kMaxElements];
  };

  uint32_t n() const { return kN != 0 ? kN : dynamics_.n; }

  // mean and P: of the row after on entry, of this row on return. With the gain G = P F' (F P F' + Q)^-1 the textbook's
  // P + G (Ps - F P F' - Q) G' equals (I - G F) P (I - G F)' + G (Ps + Q) G', a sum of two that are positive semidefinite.
  bool smooth(double* mean, double* P, Workspace& work) const {
    const double *F = dynamics_.F.data(), *Q = dynamics_.Q.data();
    multiply(F, work.P, n(), n(), n(), work.gain_t);
    std::copy_n(Q, n() * n(), work.predicted);
    add_symmetric_product(work.gain_t, F, n(), n(), work.predicted);
    if (!solve_semidefinite(work.predicted, n(), work.gain_t, n())) return false;
    transpose(work.gain_t, n(), n(), work.gain);
    multiply(F, work.row, n(), n(), 1, work.change);
    for (uint32_t i = 0; i < n(); ++i) work.change[i] = mean[i] - work.change[i];
    multiply(work.gain, work.change, n(), n(), 1, mean);
    for (uint32_t i = 0; i < n(); ++i) mean[i] = work.row[i] + mean[i];
    for (uint32_t i = 0; i < n() * n(); ++i) P[i] += Q[i];
    identity_less_product(work.gain, F, n(), n(), work.A);
    joseph(work.A, work.P, n(), work.gain, P, n(), work.spare);
    std::copy_n(work.P, n() * n(), P);
    return true;
  }

  Dynamics dynamics_;
  Layout input_, output_;
  LaneLoader<double> load_;
};

// Calls visit(std::integral_constant) with n, or with 0 if n is none of the commonest.
template <class Visit>
auto visit_dimension(uint32_t n, Visit&& visit) {
  switch (n) {
    case 1: return visit(std::integral_constant<uint32_t, 1>{});
    case 2: return visit(std::integral_constant<uint32_t, 2>{});
    case 3: return visit(std::integral_constant<uint32_t, 3>{});
    case 4: return visit(std::integral_constant<uint32_t, 4>{});
    case 6: return visit(std::integral_constant<uint32_t, 6>{});
    default: return visit(std::integral_constant<uint32_t, 0>{});
  }
}

Recipe filter_recipe(const KalmanModel& model, Layout layout, std::span<const Operand> inputs) {
  const uint32_t n = model.dynamics.n;
  Recipe recipe;
  recipe.kind = SQS_SCAN;
  recipe.threading = SQS_ANY_THREAD;
  recipe.dtype = SQS_F64;
  recipe.shape = shape_of(layout, n);
  recipe.state_bytes = (n + n * n) * sizeof(double);
  recipe.cost_ns_per_row = 150 + 4.0 * n * n * n + 30.0 * model.m * n;
  if (model.R_input != 0) recipe.cost_ns_per_row += 150 + 2.0 * model.m * model.m * model.m;  // to check it
  visit_dimension(n, [&](auto chosen) {
    recipe.scratch_bytes = Kalman<chosen.value>::scratch_bytes();
    recipe.kernel = std::make_unique<const Kalman<chosen.value>>(model, layout, inputs);
  });
  return recipe;
}

Recipe smoother_recipe(Dynamics dynamics, Layout input, Layout output) {
  const uint32_t n = dynamics.n;
  Recipe recipe;
  recipe.kind = SQS_SCAN;
  recipe.direction = SQS_BACKWARD;
  recipe.threading = SQS_ANY_THREAD;
  recipe.dtype = SQS_F64;
  recipe.shape = shape_of(output, n);
  recipe.state_bytes = sizeof(uint64_t) + (n + n * n) * sizeof(double);
  recipe.cost_ns_per_row = 300 + 10.0 * n * n * n;
  visit_dimension(n, [&](auto chosen) {
    recipe.scratch_bytes = Rts<chosen.value>::scratch_bytes();
    recipe.kernel = std::make_unique<const Rts<chosen.value>>(std::move(dynamics), input, output);
  });
  return recipe;
}

Recipe build_filter(const Params& params, std::span<const Operand> inputs) {
  return filter_recipe(read_kalman_model("kalman", params, inputs), layout_named(params), inputs);
}

Layout filtered_layout(const Operand& input, uint32_t n) {
  for (const Layout layout : {Layout::MeanCov, Layout::Packed})
    if (input.dtype == SQS_F64 && !input.has_context && input.shape == shape_of(layout, n)) return layout;
  fail(SQS_E_GRAPH, text("rts: rows of \"", input.stage, "\" are not f64 of shape (", 1 + n, ", ", n, ") or (",
                         packed_elements(n), "), as a kalman stage of ", n,
                         " states gives with output=mean_cov or output=packed"));
}

Recipe build_smoother(const Params& params, std::span<const Operand> inputs) {
  Dynamics dynamics = read_dynamics("rts", params);
  const Layout input = filtered_layout(inputs[0], dynamics.n);
  return smoother_recipe(std::move(dynamics), input, layout_named(params));
}

// Packed rows between the two, since these are what a run keeps or computes again. The smoother needs nothing of what was
// observed but what the filter made of it, so H and R may change from row to row without its knowing.
Recipe build_both(const Params& params, std::span<const Operand> inputs) {
  const KalmanModel model = read_kalman_model("kalman_smooth", params, inputs);
  Recipe recipe = smoother_recipe(model.dynamics, Layout::Packed, layout_named(params));
  Recipe filter = filter_recipe(model, Layout::Packed, inputs);
  filter.suffix = "filter";
  recipe.helpers.push_back(std::move(filter));
  return recipe;
}

}  // namespace

const TypeSpec kKalman = {
    "kalman", SQS_SCAN,
    "Kalman filter of a linear model: x[t+1] = F x[t] + noise of covariance Q, y[t] = H x[t] + noise of covariance R, where "
    "y[t] is row t of the first input, all its elements, and x[0] has mean m0 and covariance P0 before row 0 is seen (so row 0 "
    "is not preceded by a prediction). H and R are parameters, or change from row to row: left out as parameters, H is row t of "
    "a second input (m x n elements, by rows) and R of a third (m x m; of the second if H is a parameter), of any real dtype. "
    "Such an R is symmetric and positive semidefinite, H P H' + R positive definite. A NaN in y is a missing observation: the "
    "rest of the row is used, and a row of NaN alone leaves the prediction; what H and R hold for it is not looked at. Puts out "
    "the filtered mean and covariance, f64; covariances by Joseph's form. Sarkka, Bayesian Filtering and Smoothing, theorem 4.2.",
    kFilterParams, 1, build_filter, 2};

const TypeSpec kRts = {
    "rts", SQS_SCAN,
    "Rauch-Tung-Striebel smoother: backward over the rows of a kalman stage with the same F and Q, whatever it observed and "
    "whether or not its H and R change; the last row is the filter's. Puts out the mean and covariance of each row's state given "
    "all rows, f64. A singular predicted covariance is inverted in the directions in which it is not zero. Rauch, Tung, Striebel "
    "(1965); Sarkka, Bayesian Filtering and Smoothing, theorem 8.2.",
    kSmootherParams, 1, build_smoother};

const TypeSpec kKalmanSmooth = {
    "kalman_smooth", SQS_SCAN,
    "Mean and covariance of each row's state given all rows, f64: rts over a kalman stage, which is added as \"NAME.filter\" "
    "with output=packed and reads all inputs. Model, inputs, missing observations and formulas: as kalman and rts.",
    kBothParams, 1, build_both, 2};

}  // namespace sqs::dsp
