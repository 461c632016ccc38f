#include "graph/geometry.hpp"

#include <algorithm>

#include "core/wide.hpp"

namespace sqs {
namespace {

constexpr Wide kLimit = Wide{1} << 62;

Error position_overflow() {
  return Error{SQS_E_OVERFLOW,
               "a row position does not fit 62 bits: make strides, contexts or the frame count smaller"};
}

// Rows whose last read row is inside the input, counted from t = 0.
Wide rows_inside(const Reach& r, Wide n) {
  const Wide last = n - 1 - static_cast<Wide>(r.after) - r.base;
  return last < 0 ? 0 : floor_div(last, static_cast<Wide>(r.stride)) + 1;
}

bool mirrors(Edge edge) { return edge == Edge::Reflect || edge == Edge::Odd; }

}  // namespace

Reach reach_of(const Access& access) {
  Reach r;
  r.stride = access.stride;
  r.before = access.before;
  r.after = access.after;
  r.edge = access.edge;
  r.base = (access.edge == Edge::Valid ? static_cast<int64_t>(access.before) : 0) + (access.has_offset ? access.offset : 0);
  return r;
}

Result<Rows> rows_through(const Reach& r, const Rows& in) {
  const Wide n = in.count;
  Wide count = 0;
  if (r.edge == Edge::Valid) {
    count = rows_inside(r, n);
  } else if (in.open) {
    // The rows that stand in for those before row 0 must be there too: one to repeat, or as many as are mirrored.
    const Wide mirrored = mirrors(r.edge) ? static_cast<Wide>(r.before) - r.base : 0;
    count = n == 0 || mirrored > n - 1 ? 0 : rows_inside(r, n);
  } else {
    count = n == 0 ? 0 : std::max<Wide>(0, ceil_div(n - r.base, static_cast<Wide>(r.stride)));
  }
  Rows out;
  const Wide origin = static_cast<Wide>(in.origin) + static_cast<Wide>(r.base) * static_cast<Wide>(in.step);
  const Wide step = static_cast<Wide>(in.step) * static_cast<Wide>(r.stride);
  const Wide end = origin + step * (count + 1) + static_cast<Wide>(r.after) * static_cast<Wide>(in.step);
  const Wide reach = static_cast<Wide>(r.before + r.after) * static_cast<Wide>(in.step);
  if (count >= kLimit || step >= kLimit || origin >= kLimit || origin <= -kLimit || end >= kLimit || reach >= kLimit)
    return position_overflow();
  out.count = static_cast<uint64_t>(count);
  out.origin = static_cast<int64_t>(origin);
  out.step = static_cast<uint64_t>(step);
  out.open = in.open;
  return out;
}

Result<Rows> window_rows(const Format& format, const Rows& frames) {
  Reach r;
  r.stride = format.hop;
  r.after = format.window - 1;
  SQS_TRY_ASSIGN(Rows rows, rows_through(r, frames));
  if (!format.pad_end || frames.open || frames.count == 0) return rows;
  const uint64_t beyond = frames.count > format.window ? frames.count - format.window : 0;
  const uint64_t covering = beyond / format.hop + (beyond % format.hop != 0 ? 1 : 0) + 1;
  const uint64_t starting = (frames.count - 1) / format.hop + 1;  // no window is padding alone
  rows.count = std::min(covering, starting);
  return rows;
}

Halo halo_of(const Reach& r, uint64_t n, uint64_t reader_rows) {
  Halo h{static_cast<int64_t>(r.before), static_cast<int64_t>(r.after)};
  if (r.edge == Edge::Valid || r.edge == Edge::Zero) return h;
  const int64_t under = std::max<int64_t>(0, -r.base);
  const Wide last_centre = reader_rows == 0 ? 0 : static_cast<Wide>(reader_rows - 1) * static_cast<Wide>(r.stride) + r.base;
  const int64_t over = static_cast<int64_t>(std::max<Wide>(0, last_centre - (static_cast<Wide>(n) - 1)));
  if (r.edge == Edge::Clamp) {
    h.ahead = std::max(h.ahead, under);
    h.back = std::max(h.back, over);
    return h;
  }
  const int64_t before = h.back;
  h.back = std::max(before, h.ahead + 2 * over);
  h.ahead = std::max(h.ahead, before + 2 * under);
  return h;
}

EdgeRow edge_row(Edge edge, int64_t i, uint64_t n) {
  const int64_t last = static_cast<int64_t>(n) - 1;
  if (i >= 0 && i <= last) return {EdgeRow::What::Row, static_cast<uint64_t>(i)};
  if (edge == Edge::Clamp) return {EdgeRow::What::Row, static_cast<uint64_t>(i < 0 ? 0 : last)};
  if (edge == Edge::Reflect) {
    if (last == 0) return {EdgeRow::What::Row, 0};
    const int64_t period = 2 * last;
    const int64_t m = ((i % period) + period) % period;
    return {EdgeRow::What::Row, static_cast<uint64_t>(m <= last ? m : period - m)};
  }
  if (edge == Edge::Odd) {
    // The planner refuses an odd edge that reaches past the whole input, so one reflection is enough.
    if (i < 0) return {EdgeRow::What::OddLow, static_cast<uint64_t>(-i)};
    return {EdgeRow::What::OddHigh, static_cast<uint64_t>(2 * last - i)};
  }
  return {EdgeRow::What::Zero, 0};
}

}  // namespace sqs
