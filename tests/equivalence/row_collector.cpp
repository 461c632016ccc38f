#include "row_collector.hpp"

#include <algorithm>
#include <utility>

namespace eq {
namespace {

void append_elements(const sqs_view& view, int32_t axis, const uint8_t* at, std::vector<uint8_t>& out) {
  if (axis == view.ndim) {
    out.insert(out.end(), at, at + sqs_dtype_bytes(view.dtype));
    return;
  }
  for (int64_t i = 0; i < view.shape[axis]; ++i) append_elements(view, axis + 1, at + i * view.strides[axis], out);
}

}  // namespace

void append_rows(const sqs_view& view, std::vector<uint8_t>& out) {
  if (view.shape[0] > 0) append_elements(view, 0, static_cast<const uint8_t*>(view.data), out);
}

std::string shape_difference(const sqs_view& view, const Rows& rows) {
  if (view.dtype != rows.dtype) return "dtype " + std::to_string(view.dtype);
  if (view.ndim != static_cast<int32_t>(1 + rows.shape.size())) return "dimensions " + std::to_string(view.ndim);
  for (size_t axis = 0; axis < rows.shape.size(); ++axis) {
    if (view.shape[axis + 1] != rows.shape[axis]) return "shape " + std::to_string(view.shape[axis + 1]);
  }
  return "";
}

RowCollector::RowCollector(std::string target, const Rows& rows, Order order, Findings& findings)
    : target_(std::move(target)), wanted_(rows), order_(order), findings_(findings) {}

int32_t RowCollector::take(void* user, const sqs_view* view, char*) {
  static_cast<RowCollector*>(user)->add(*view);
  return 1;
}

void RowCollector::add(const sqs_view& view) {
  const auto first = static_cast<uint64_t>(view.first_row);
  const std::string wrong = shape_difference(view, wanted_);
  if (!wrong.empty()) return found(wrong);
  if (view.shape[0] < 1) return found("a piece without rows at row " + std::to_string(first));
  if (order_ == Order::Row && !pieces_.empty() && first != next_row_) {
    found("rows from " + std::to_string(first) + " follow row " + std::to_string(next_row_ - 1));
  }
  const auto [place, fresh] = pieces_.try_emplace(first);
  if (!fresh) return found("two pieces begin at row " + std::to_string(first));
  place->second.rows = static_cast<uint64_t>(view.shape[0]);
  append_rows(view, place->second.bytes);
  next_row_ = first + place->second.rows;
}

void RowCollector::found(const std::string& what) const { findings_.add("sink of " + target_ + ": " + what); }

Delivered RowCollector::delivered() const {
  Delivered all;
  all.target = target_;
  if (!pieces_.empty()) all.first_row = pieces_.begin()->first;
  for (const auto& [first, piece] : pieces_) {
    const uint64_t next = all.first_row + all.rows;
    if (first != next) {
      found((first > next ? "no row " : "a second row ") + std::to_string(std::min(first, next)));
    }
    all.rows += piece.rows;
    all.bytes.insert(all.bytes.end(), piece.bytes.begin(), piece.bytes.end());
  }
  return all;
}

}  // namespace eq
