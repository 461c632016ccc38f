// A view of a stage's rows as buffers and results hold them. Thread safety: a function without state.
#pragma once

#include <cstddef>
#include <cstdint>

#include "graph/graph.hpp"

namespace sqs {

// Rows that lie one after the other.
inline sqs_view dense_view(const Node& node, uint64_t first, uint64_t count, std::byte* data) {
  sqs_view v{};
  v.struct_size = sizeof v;
  v.dtype = node.decl.dtype;
  v.ndim = static_cast<int32_t>(node.decl.shape.size()) + 1;
  v.data = count == 0 ? nullptr : data;
  v.first_row = static_cast<int64_t>(first);
  v.shape[0] = static_cast<int64_t>(count);
  auto stride = static_cast<int64_t>(node.row_bytes);
  v.strides[0] = stride;
  for (size_t d = 0; d < node.decl.shape.size(); ++d) {
    stride /= static_cast<int64_t>(node.decl.shape[d]);
    v.shape[d + 1] = static_cast<int64_t>(node.decl.shape[d]);
    v.strides[d + 1] = stride;
  }
  v.base_rows = count;
  v.base_row_bytes = node.row_bytes;
  return v;
}

}  // namespace sqs
