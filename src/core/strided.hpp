// Walking a strided view in its largest contiguous runs. Pure functions over lent memory.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/dtype.hpp"
#include "sqrtspace/sqrtspace.h"

namespace sqs {

// Calls visit(pointer, bytes) for the view's bytes in row-major order.
template <class Visit>
void for_each_run(const sqs_view& view, Visit&& visit) {
  const auto element = static_cast<int64_t>(dtype_bytes(view.dtype));
  int64_t run = element;
  int32_t outer = view.ndim;  // axes before this one are walked
  while (outer > 0 && (view.strides[outer - 1] == run || view.shape[outer - 1] == 1)) run *= view.shape[--outer];
  for (int32_t d = 0; d < view.ndim; ++d)
    if (view.shape[d] == 0) return;
  int64_t index[SQS_MAX_VIEW_DIMS] = {};
  const auto* at = static_cast<const std::byte*>(view.data);
  for (;;) {
    visit(at, static_cast<size_t>(run));
    int32_t d = outer - 1;
    for (; d >= 0; --d) {
      at += view.strides[d];
      if (++index[d] < view.shape[d]) break;
      at -= view.strides[d] * view.shape[d];
      index[d] = 0;
    }
    if (d < 0) return;
  }
}

}  // namespace sqs
