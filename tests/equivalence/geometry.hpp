// Which rows a stage has, where they lie on the frames, and which of them no later frame can change: the row arithmetic of
// sqrtspace.h, found here by trying rows one after another instead of by formula. Values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "graph_spec.hpp"

namespace eq {

struct Geometry {
  bool constant = false;  // one row for the whole stream
  uint64_t rows = 0;      // what readers see
  int64_t origin = 0;     // frame of row 0
  uint64_t step = 0;      // frames per row
  // What callbacks see: before cropping, and of a reduce the rows it consumes.
  uint64_t computed_rows = 0;
  int64_t computed_origin = 0;
  uint64_t computed_step = 0;
  uint64_t crop_first = 0;   // computed row of row 0
  uint64_t crop_stride = 1;  // computed rows per row
};

// Input row at context entry `before` of reader row t.
int64_t centre(const AccessSpec& access, uint64_t t);

// numpy.pad's "reflect" index of row i of n > 0 rows, for any i.
uint64_t reflected(int64_t i, uint64_t n);

class Geometries {
 public:
  explicit Geometries(const GraphSpec& graph);  // knows "frames" and "input"

  // Empty if the inputs are misaligned or the crop impossible; then the stage is not added.
  std::optional<Geometry> add(const StageSpec& stage);
  const Geometry& at(const std::string& stage) const { return nodes_.at(stage); }

  // Rows of a reader that this one access allows.
  uint64_t readable_rows(const AccessSpec& access) const;

  // Rows that no later frame can change once `frames` frames have come; empty if the stage needs the end: a reduce, a backward
  // scan, all that reads one and all that is cropped to one of these.
  std::optional<uint64_t> decided_rows(const GraphSpec& graph, const std::string& stage, uint64_t frames) const;

 private:
  std::optional<Geometry> align(const StageSpec& stage) const;
  bool crop(const StageSpec& stage, Geometry& geometry) const;

  uint64_t window_;
  std::map<std::string, Geometry> nodes_;
};

}  // namespace eq
