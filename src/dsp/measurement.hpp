// What a Kalman filter sees in a row: the elements of y that are not NaN, and the parts of H and R that belong to them. H and R
// are the model's, or come row by row from further inputs; then each row is checked, and R is made symmetric to the last bit as
// the parameter is. What belongs to a missing element is not looked at. Reading throws Failure. Thread safety: constant once
// made; the room belongs to the call.
#pragma once

#include <cmath>
#include <span>

#include "kalman_model.hpp"
#include "lanes.hpp"
#include "small_solve.hpp"

namespace sqs::dsp {

// Room for one row.
struct MeasurementRoom {
  uint32_t at[kMaxDimension];  // which elements of y are seen
  double y[kMaxDimension], H[kMaxElements], R[kMaxElements];
};

struct Seen {
  uint32_t count;
  const double *y, *H, *R;
};

class Measurement {
 public:
  Measurement(const KalmanModel& model, std::span<const Operand> inputs);

  Seen read(const sqs_call& call, uint64_t row, MeasurementRoom& room) const {
    y_.load(call, row, room.y);
    uint32_t count = 0;
    for (uint32_t i = 0; i < m_; ++i)
      if (!std::isnan(room.y[i])) room.at[count++] = i;
    if (count == m_ && !by_rows()) return {count, room.y, H_.data(), R_.data()};
    if (count != 0) take_parts(call, row, count, room);
    return {count, room.y, room.H, room.R};
  }

 private:
  // The rows of an input, all elements of each.
  struct Rows {
    uint32_t input = 0;
    uint32_t elements = 0;
    int64_t element_bytes = 0;
    double rounding = 0;  // relative, of an element
    LaneLoader<double> load_lane = nullptr;

    void load(const sqs_call& call, uint64_t row, double* to) const {
      load_rows(call.inputs[input], load_lane, element_bytes, elements, row, 1, to);
    }
  };

  bool by_rows() const { return H_rows_.input != 0 || R_rows_.input != 0; }
  static Rows rows_of(uint32_t input, std::span<const Operand> inputs);
  void take_parts(const sqs_call& call, uint64_t row, uint32_t count, MeasurementRoom& room) const;
  void check_H(uint64_t row, uint32_t count, const MeasurementRoom& room) const;
  void check_R(uint64_t row, uint32_t count, MeasurementRoom& room) const;

  uint32_t n_, m_;
  std::vector<double> H_, R_;  // empty: from rows
  Rows y_, H_rows_, R_rows_;   // input 0 of the latter two: none
};

}  // namespace sqs::dsp
