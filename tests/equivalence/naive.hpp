// The reference evaluator: every stage over all its rows, backward ones from the last to the first, every row from the
// definitions in sqrtspace.h, nothing kept but whole arrays. It shares no code with the engine and is slow on purpose.
// Immutable once made.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "geometry.hpp"
#include "graph_spec.hpp"

namespace eq {

// All rows of one stage, dense.
struct Rows {
  int32_t dtype = 0;
  std::vector<int64_t> shape;  // of one row
  uint64_t row_bytes = 0;
  uint64_t rows = 0;
  bool constant = false;
  std::vector<uint8_t> bytes;

  const uint8_t* row(uint64_t t) const { return bytes.data() + t * row_bytes; }
};

// Row i of `in` as an edge rule extends it to any i; in has at least one row unless the rule is zero. Writes row_bytes.
void extended_row(const Rows& in, int64_t i, int32_t edge, uint8_t* out);

class Naive {
 public:
  // The graph's inputs must be aligned.
  explicit Naive(const GraphSpec& graph);

  const Rows& rows(const std::string& stage) const { return nodes_.at(stage); }
  const Geometry& geometry(const std::string& stage) const { return geometries_.at(stage); }
  const Geometries& geometries() const { return geometries_; }

 private:
  void add_frames(const GraphSpec& graph);
  void add_input(const GraphSpec& graph);
  void add_windows(const StageSpec& stage);
  void add_stage(const StageSpec& stage);
  uint64_t row_hash(const StageSpec& stage, uint64_t t) const;
  void gather(const AccessSpec& access, uint64_t t, std::vector<uint8_t>& out) const;

  Geometries geometries_;
  std::map<std::string, Rows> nodes_;
};

}  // namespace eq
