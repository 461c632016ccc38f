// How a reader reaches the rows of a real stage through named access rules ("input", windows, crops), which have no rows of
// their own in memory. Immutable after resolve(); pure arithmetic.
//
//   reader row t --reach--> windows row w --reach--> real row i
#pragma once

#include <cstdint>
#include <vector>

#include "graph/graph.hpp"

namespace sqs {

struct PathLevel {
  NodeId of = 0;      // what is read here
  Reach reach;
  uint64_t rows = 0;  // of `of`
};

struct Path {
  std::vector<PathLevel> levels;  // outermost first; the last is over the real stage
  NodeId real = 0;
  bool global = false;            // the real stage has one row for the whole stream

  // The levels folded into one: reader row t touches real rows  t*stride + base - back .. + ahead, cut to what there is.
  uint64_t stride = 1;
  int64_t base = 0;
  int64_t back = 0;
  int64_t ahead = 0;
  // Without edges, exactly: first and last real row of reader row t are  t*stride + low  and  t*stride + high.
  int64_t low = 0;
  int64_t high = 0;
  // Reader rows whose every access lies inside: these are strided views, all others are copied by the edge rules.
  uint64_t interior_begin = 0;
  uint64_t interior_end = 0;

  int64_t delta = 0;  // frames by which a reader row lies after the real row it is centred on: 0 unless an offset is stated
};

// The path of one link of a reader that has `domain` rows.
Path resolve(const Graph& graph, const std::vector<NodeRows>& rows, const Link& link, const Rows& domain);

}  // namespace sqs
