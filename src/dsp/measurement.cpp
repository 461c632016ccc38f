#include "measurement.hpp"

#include <algorithm>
#include <limits>

#include "dtypes.hpp"
#include "text.hpp"

namespace sqs::dsp {
namespace {

std::string entry(uint32_t row, uint32_t column) { return text("(", row, ", ", column, ")"); }

}  // namespace

Measurement::Measurement(const KalmanModel& model, std::span<const Operand> inputs)
    : n_(model.dynamics.n), m_(model.m), H_(model.H), R_(model.R), y_(rows_of(0, inputs)) {
  if (model.H_input != 0) H_rows_ = rows_of(model.H_input, inputs);
  if (model.R_input != 0) R_rows_ = rows_of(model.R_input, inputs);
}

Measurement::Rows Measurement::rows_of(uint32_t input, std::span<const Operand> inputs) {
  const Operand& operand = inputs[input];
  const double rounding =
      operand.dtype == SQS_F32 ? double{std::numeric_limits<float>::epsilon()} : std::numeric_limits<double>::epsilon();
  return {input, static_cast<uint32_t>(product(operand.shape)), static_cast<int64_t>(sqs_dtype_bytes(operand.dtype)), rounding,
          lane_loader<double>(operand.dtype)};
}

// Parts move towards the front of the room: none is overwritten before it has been read.
void Measurement::take_parts(const sqs_call& call, uint64_t row, uint32_t count, MeasurementRoom& room) const {
  const double *H = H_.data(), *R = R_.data();
  if (H_rows_.input != 0) H_rows_.load(call, row, room.H), H = room.H;
  if (R_rows_.input != 0) R_rows_.load(call, row, room.R), R = room.R;
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t from = room.at[i];
    room.y[i] = room.y[from];
    for (uint32_t k = 0; k < n_; ++k) room.H[i * n_ + k] = H[from * n_ + k];
    for (uint32_t j = 0; j < count; ++j) room.R[i * count + j] = R[from * m_ + room.at[j]];
  }
  if (H_rows_.input != 0) check_H(call.first_row + row, count, room);
  if (R_rows_.input != 0) check_R(call.first_row + row, count, room);
}

void Measurement::check_H(uint64_t row, uint32_t count, const MeasurementRoom& room) const {
  for (uint32_t i = 0; i < count * n_; ++i) {
    if (std::isfinite(room.H[i])) continue;
    const uint32_t element = room.at[i / n_];
    fail_at(row, text("kalman: at row ", row, " entry ", entry(element, i % n_), " of H is ", room.H[i], ", but element ",
                      element, " of the observation is there: one that is missing is NaN"));
  }
}

// A rounding of f32 is seven orders of magnitude coarser than what a parameter is allowed, 1e-9.
void Measurement::check_R(uint64_t row, uint32_t count, MeasurementRoom& room) const {
  double* const R = room.R;
  double largest = 0;
  for (uint32_t i = 0; i < count * count; ++i) {
    if (!std::isfinite(R[i]))
      fail_at(row, text("kalman: at row ", row, " entry ", entry(room.at[i / count], room.at[i % count]), " of R is ", R[i],
                        ", but the observation is there: an element that is missing is NaN"));
    largest = std::max(largest, std::abs(R[i]));
  }
  const double allowed = std::max(1e-9, 64 * R_rows_.rounding) * largest;
  for (uint32_t i = 0; i < count; ++i) {
    for (uint32_t j = 0; j < i; ++j) {
      const double lower = R[i * count + j], upper = R[j * count + i];
      if (!(std::abs(lower - upper) <= allowed))
        fail_at(row, text("kalman: at row ", row, " R is not symmetric: entry ", entry(room.at[i], room.at[j]), " is ",
                          lower, ", entry ", entry(room.at[j], room.at[i]), " is ", upper));
      R[i * count + j] = R[j * count + i] = lower + (upper - lower) / 2;
    }
  }
  if (count == 1 ? R[0] < 0 : !is_semidefinite(R, count, R_rows_.rounding))
    fail_at(row, text("kalman: at row ", row,
                      " R is not positive semidefinite, as a covariance is: its least eigenvalue is ",
                      eigenvalue_range(R, count).least));
}

}  // namespace sqs::dsp
