#include "plan/path.hpp"

#include <algorithm>

#include "core/wide.hpp"

namespace sqs {
namespace {

// Cuts the interior to the reader rows whose reads  t*stride + low .. + high  lie in [0, n).
void cut_interior(Path& path, Wide stride, Wide low, Wide high, Wide n) {
  const Wide begin = low >= 0 ? 0 : ceil_div(-low, stride);
  const Wide end = n - 1 - high < 0 ? 0 : floor_div(n - 1 - high, stride) + 1;
  path.interior_begin = static_cast<uint64_t>(std::max<Wide>(path.interior_begin, begin));
  path.interior_end = static_cast<uint64_t>(std::min<Wide>(path.interior_end, end));
}

void fold(Path& path, const PathLevel& level, uint64_t reader_rows) {
  const Reach& r = level.reach;
  const Halo halo = halo_of(r, level.rows, reader_rows);
  const auto stride = static_cast<int64_t>(r.stride);
  path.stride *= r.stride;
  path.base = path.base * stride + r.base;
  path.back = path.back * stride + halo.back;
  path.ahead = path.ahead * stride + halo.ahead;
  path.low = path.low * stride + r.base - static_cast<int64_t>(r.before);
  path.high = path.high * stride + r.base + static_cast<int64_t>(r.after);
  cut_interior(path, static_cast<Wide>(path.stride), path.low, path.high, static_cast<Wide>(level.rows));
}

}  // namespace

Path resolve(const Graph& graph, const std::vector<NodeRows>& rows, const Link& link, const Rows& domain) {
  Path path;
  path.interior_end = domain.count;
  uint64_t reader_rows = domain.count;
  const Link* next = &link;
  for (;;) {
    const Node& of = graph.node(next->of);
    path.levels.push_back({next->of, next->reach, rows[next->of].out.count});
    path.real = next->of;
    path.global = of.global();
    if (path.global) {
      path.interior_begin = 0;
      path.interior_end = domain.count;
      return path;
    }
    fold(path, path.levels.back(), reader_rows);
    reader_rows = rows[next->of].out.count;
    if (!of.is_virtual()) break;
    next = &of.inputs[0];
  }
  path.interior_begin = std::min(path.interior_begin, path.interior_end);
  const Rows& real = rows[path.real].out;
  path.delta = domain.origin - (real.origin + path.base * static_cast<int64_t>(real.step));
  return path;
}

}  // namespace sqs
