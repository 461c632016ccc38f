#include "geometry.hpp"

#include <algorithm>

namespace eq {
namespace {

// Whether reader row t exists over n input rows.
bool row_exists(const AccessSpec& access, uint64_t t, uint64_t n) {
  if (n == 0) return false;
  const int64_t c = centre(access, t);
  const auto rows = static_cast<int64_t>(n);
  if (access.edge != SQS_VALID) return c < rows;
  return c >= static_cast<int64_t>(access.before) && c + static_cast<int64_t>(access.after) < rows;
}

// Whether padded row i is known for good when the first `known` rows are, however many follow.
bool entry_decided(int64_t i, int32_t edge, uint64_t known) {
  const auto rows = static_cast<int64_t>(known);
  if (i >= rows) return false;
  if (i >= 0) return true;
  if (edge == SQS_REFLECT || edge == SQS_ODD) return -i < rows;
  return rows > 0;
}

bool row_decided(const AccessSpec& access, uint64_t t, uint64_t known) {
  if (!row_exists(access, t, known)) return false;
  const int64_t c = centre(access, t);
  for (int64_t k = -static_cast<int64_t>(access.before); k <= static_cast<int64_t>(access.after); ++k) {
    if (!entry_decided(c + k, access.edge, known)) return false;
  }
  return true;
}

template <class Predicate>
uint64_t count_while(Predicate holds) {
  uint64_t t = 0;
  while (holds(t)) ++t;
  return t;
}

// Windows over `frames` frames: all that fit; with pad_end also those that are needed until every frame that a window
// can reach is covered.
uint64_t window_rows(const GraphSpec& graph, uint64_t frames) {
  return count_while([&](uint64_t t) {
    const uint64_t first = t * graph.hop;
    if (first + graph.window <= frames) return true;
    const bool all_covered = t > 0 && first - graph.hop + graph.window >= frames;
    return graph.pad_end && first < frames && !all_covered;
  });
}

}  // namespace

int64_t centre(const AccessSpec& access, uint64_t t) {
  const auto at = static_cast<int64_t>(t * access.stride) + (access.has_offset ? access.offset : 0);
  return access.edge == SQS_VALID ? at + static_cast<int64_t>(access.before) : at;
}

uint64_t reflected(int64_t i, uint64_t n) {
  if (n == 1) return 0;
  const auto period = static_cast<int64_t>(2 * (n - 1));
  const int64_t phase = ((i % period) + period) % period;
  return static_cast<uint64_t>(phase < static_cast<int64_t>(n) ? phase : period - phase);
}

Geometries::Geometries(const GraphSpec& graph) : window_(graph.window) {
  Geometry frames;
  frames.rows = frames.computed_rows = graph.frames;
  frames.step = frames.computed_step = 1;
  nodes_["frames"] = frames;
  Geometry input = frames;
  input.rows = input.computed_rows = window_rows(graph, graph.frames);
  input.step = input.computed_step = graph.hop;
  nodes_["input"] = input;
}

uint64_t Geometries::readable_rows(const AccessSpec& access) const {
  const uint64_t n = at(access.stage).rows;
  return count_while([&](uint64_t t) { return row_exists(access, t, n); });
}

// Origin, step and rows of a reader of all inputs of `stage`: the origin is that of the first input without a stated offset,
// or of the first input if all state one.
std::optional<Geometry> Geometries::align(const StageSpec& stage) const {
  const AccessSpec* anchor = nullptr;
  for (const AccessSpec& access : stage.inputs) {
    if (at(access.stage).constant) continue;
    if (anchor == nullptr || (anchor->has_offset && !access.has_offset)) anchor = &access;
  }
  Geometry aligned;
  if (anchor == nullptr) {
    aligned.constant = true;
    aligned.rows = 1;
    return aligned;
  }
  const auto origin = [&](const AccessSpec& access) {
    const Geometry& in = at(access.stage);
    return in.origin + centre(access, 0) * static_cast<int64_t>(in.step);
  };
  aligned.rows = readable_rows(*anchor);
  aligned.origin = origin(*anchor);
  aligned.step = at(anchor->stage).step * anchor->stride;
  for (const AccessSpec& access : stage.inputs) {
    const Geometry& in = at(access.stage);
    if (in.constant) continue;
    if (in.step * access.stride != aligned.step) return std::nullopt;
    const uint64_t rows = readable_rows(access);
    if (!access.has_offset && (origin(access) != aligned.origin || rows != readable_rows(*anchor))) return std::nullopt;
    aligned.rows = std::min(aligned.rows, rows);
  }
  return aligned;
}

bool Geometries::crop(const StageSpec& stage, Geometry& geometry) const {
  const Geometry& grid = at(stage.crop);
  if (grid.constant || geometry.constant || grid.step % geometry.computed_step != 0) return false;
  const auto position = [&](uint64_t row) {
    return geometry.computed_origin + static_cast<int64_t>(row * geometry.computed_step);
  };
  const auto on_grid = [&](uint64_t row) {
    const int64_t distance = position(row) - grid.origin;
    const auto step = static_cast<int64_t>(grid.step);
    return distance >= 0 && distance % step == 0 && static_cast<uint64_t>(distance / step) < grid.rows;
  };
  geometry.crop_stride = grid.step / geometry.computed_step;
  geometry.crop_first = 0;
  while (geometry.crop_first < geometry.computed_rows && !on_grid(geometry.crop_first)) ++geometry.crop_first;
  geometry.rows = 0;
  for (uint64_t row = geometry.crop_first; row < geometry.computed_rows && on_grid(row); row += geometry.crop_stride) {
    ++geometry.rows;
  }
  geometry.origin = position(geometry.crop_first);
  geometry.step = grid.step;
  return true;
}

std::optional<Geometry> Geometries::add(const StageSpec& stage) {
  std::optional<Geometry> geometry = align(stage);
  if (!geometry) return std::nullopt;
  if (stage.lead + stage.tail > 0 && geometry->rows > 0) {
    geometry->rows += stage.lead + stage.tail;
    geometry->origin -= static_cast<int64_t>(stage.lead * geometry->step);
  }
  geometry->computed_rows = geometry->rows;
  geometry->computed_origin = geometry->origin;
  geometry->computed_step = geometry->step;
  if (!stage.windows && stage.kind == SQS_REDUCE) {
    geometry->constant = true;
    geometry->rows = 1;
    geometry->step = 0;
  }
  if (!stage.crop.empty() && !crop(stage, *geometry)) return std::nullopt;
  nodes_[stage.name] = *geometry;
  return geometry;
}

std::optional<uint64_t> Geometries::decided_rows(const GraphSpec& graph, const std::string& stage, uint64_t frames) const {
  if (stage == "frames") return frames;
  if (stage == "input") return frames < window_ ? 0 : 1 + (frames - window_) / graph.hop;
  const auto spec = std::find_if(graph.stages.begin(), graph.stages.end(),
                                 [&](const StageSpec& candidate) { return candidate.name == stage; });
  const bool needs_end = !spec->windows && (spec->kind == SQS_REDUCE || (spec->kind == SQS_SCAN && spec->backward()));
  if (needs_end) return std::nullopt;
  std::optional<uint64_t> decided;
  for (const AccessSpec& access : spec->inputs) {
    const std::optional<uint64_t> known = decided_rows(graph, access.stage, frames);
    if (!known) return std::nullopt;
    const uint64_t here = count_while([&](uint64_t t) { return row_decided(access, t, *known); });
    decided = decided ? std::min(*decided, here) : here;
  }
  const Geometry& geometry = at(stage);
  if (spec->lead > 0) {
    const bool lead_decided = entry_decided(-static_cast<int64_t>(spec->lead), spec->extend_edge, *decided);
    decided = lead_decided ? *decided + spec->lead : 0;
  }
  if (spec->crop.empty()) return decided;
  const std::optional<uint64_t> grid = decided_rows(graph, spec->crop, frames);
  if (!grid) return std::nullopt;
  // The rows of the crop's stage that are decided lie on computed rows crop_first', + crop_stride, ...
  const Geometry& crop_stage = at(spec->crop);
  return count_while([&](uint64_t t) {
    const uint64_t row = geometry.crop_first + t * geometry.crop_stride;
    const int64_t position = geometry.computed_origin + static_cast<int64_t>(row * geometry.computed_step);
    const int64_t place = (position - crop_stage.origin) / static_cast<int64_t>(crop_stage.step);
    return t < geometry.rows && row < *decided && place < static_cast<int64_t>(*grid);
  });
}

}  // namespace eq
