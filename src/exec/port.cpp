#include "exec/port.hpp"

#include <algorithm>

#include "core/dtype.hpp"
#include "core/wide.hpp"
#include "plan/memory.hpp"

namespace sqs {
namespace {

template <class T>
void extend_odd(const std::byte* end, const std::byte* mirrored, std::byte* to, uint64_t bytes) {
  for (uint64_t at = 0; at < bytes; at += sizeof(T)) {
    T e;
    T m;
    std::memcpy(&e, end + at, sizeof e);
    std::memcpy(&m, mirrored + at, sizeof m);
    const T value = T{2} * e - m;
    std::memcpy(to + at, &value, sizeof value);
  }
}

}  // namespace

Port::Port(const Graph& graph, const Path& path, const RowBuffer& buffer)
    : path_(&path), buffer_(&buffer), seen_bytes_(sqs::seen_bytes(graph, path)) {
  const size_t depth = path.levels.size();
  // Bytes from one row of each level to the next, innermost first.
  std::vector<int64_t> row_stride(depth);
  for (size_t j = depth; j-- > 0;) {
    row_stride[j] = j + 1 == depth ? static_cast<int64_t>(buffer.row_bytes)
                                   : row_stride[j + 1] * static_cast<int64_t>(path.levels[j + 1].reach.stride);
    const PathLevel& l = path.levels[j];
    Level level;
    level.edge = l.reach.edge;
    level.rows = l.rows;
    level.row_bytes = graph.node(l.of).row_bytes;
    level.stride = l.reach.stride;
    level.base = l.reach.base;
    level.before = static_cast<int64_t>(l.reach.before);
    level.context = static_cast<int64_t>(l.reach.context());
    levels_.insert(levels_.begin(), level);
  }
  const Node& seen = graph.node(path.levels[0].of);
  proto_.struct_size = sizeof proto_;
  proto_.dtype = seen.decl.dtype;
  int32_t d = 0;
  const auto axis = [&](uint64_t extent, int64_t stride) {
    proto_.shape[d] = static_cast<int64_t>(extent);
    proto_.strides[d] = stride;
    ++d;
  };
  axis(0, path.global ? 0 : row_stride[0] * static_cast<int64_t>(path.levels[0].reach.stride));
  if (path.levels[0].reach.has_context()) axis(path.levels[0].reach.context(), row_stride[0]);
  for (size_t j = 0; j + 1 < depth; ++j)
    if (graph.node(path.levels[j].of).context_axis) axis(path.levels[j + 1].reach.context(), row_stride[j + 1]);
  const StageDecl& real = graph.node(path.real).decl;
  auto inner = static_cast<int64_t>(buffer.row_bytes);
  for (const uint64_t extent : real.shape) {
    inner /= static_cast<int64_t>(extent);
    axis(extent, inner);
  }
  proto_.ndim = d;
  proto_.base_row_bytes = buffer.row_bytes;
  auto dense = static_cast<int64_t>(dtype_bytes(proto_.dtype));
  for (int32_t k = d; k-- > 0;) {
    dense_strides_[k] = dense;
    dense *= k == 0 ? 1 : proto_.shape[k];
  }
}

sqs_view Port::view(uint64_t row, uint64_t count) const {
  sqs_view v = proto_;
  v.shape[0] = static_cast<int64_t>(count);
  if (path_->global) {
    v.data = buffer_->data;
    v.base_rows = 1;
    return v;
  }
  const int64_t first = static_cast<int64_t>(row * path_->stride) + path_->low;
  v.data = buffer_->row(static_cast<uint64_t>(first));
  v.first_row = static_cast<int64_t>(row * levels_[0].stride) + levels_[0].base;
  v.base_rows = (count - 1) * path_->stride + static_cast<uint64_t>(path_->high - path_->low) + 1;
  return v;
}

uint64_t Port::keep_from(uint64_t row) const {
  const Wide first = static_cast<Wide>(row) * static_cast<Wide>(path_->stride) + path_->base - path_->back;
  return first < 0 ? 0 : static_cast<uint64_t>(first);
}

uint64_t Port::keep_below(uint64_t row) const {
  if (row == 0) return 0;
  const Wide last = static_cast<Wide>(row - 1) * static_cast<Wide>(path_->stride) + path_->base + path_->ahead;
  const Wide end = std::min<Wide>(last + 1, static_cast<Wide>(levels_.back().rows));
  return end < 0 ? 0 : static_cast<uint64_t>(end);
}

sqs_view Port::copy(uint64_t row, uint64_t count, std::byte* memory) const {
  std::byte* to = memory;
  for (uint64_t r = row; r < row + count; ++r) to = copy_row(0, static_cast<int64_t>(r), to);
  sqs_view v = proto_;
  std::copy(std::begin(dense_strides_), std::end(dense_strides_), std::begin(v.strides));
  v.shape[0] = static_cast<int64_t>(count);
  v.data = memory;
  v.first_row = static_cast<int64_t>(row * levels_[0].stride) + levels_[0].base;
  v.base_rows = count;
  v.base_row_bytes = seen_bytes_;
  return v;
}

// One reader row: its context, position by position.
std::byte* Port::copy_row(size_t level, int64_t reader_row, std::byte* to) const {
  const Level& l = levels_[level];
  const int64_t first = reader_row * static_cast<int64_t>(l.stride) + l.base - l.before;
  for (int64_t c = 0; c < l.context; ++c) to = copy_position(level, first + c, to);
  return to;
}

std::byte* Port::copy_position(size_t level, int64_t position, std::byte* to) const {
  const Level& l = levels_[level];
  const EdgeRow row = edge_row(l.edge, position, l.rows);
  if (row.what == EdgeRow::What::Row) return copy_stored(level, row.row, to);
  if (row.what == EdgeRow::What::Zero) {
    std::memset(to, 0, l.row_bytes);
    return to + l.row_bytes;
  }
  const std::byte* end = stored(level, row.what == EdgeRow::What::OddLow ? 0 : l.rows - 1);
  const std::byte* mirrored = stored(level, row.row);
  if (proto_.dtype == SQS_F32 || proto_.dtype == SQS_C64)
    extend_odd<float>(end, mirrored, to, l.row_bytes);
  else
    extend_odd<double>(end, mirrored, to, l.row_bytes);
  return to + l.row_bytes;
}

std::byte* Port::copy_stored(size_t level, uint64_t row, std::byte* to) const {
  if (level + 1 < levels_.size()) return copy_row(level + 1, static_cast<int64_t>(row), to);
  std::memcpy(to, buffer_->row(row), levels_[level].row_bytes);
  return to + levels_[level].row_bytes;
}

// A row that is in memory as it is: of a real stage, or of a crop of one.
const std::byte* Port::stored(size_t level, uint64_t row) const {
  for (size_t j = level + 1; j < levels_.size(); ++j)
    row = static_cast<uint64_t>(static_cast<int64_t>(row * levels_[j].stride) + levels_[j].base);
  return buffer_->row(row);
}

}  // namespace sqs
