// Which rows a row cache was given, so that a run can tell rows that it has lost from rows that it never had: some stretches in
// fixed memory. When there are more the shortest is forgotten, and then fewer rows are told than were lost. Not thread-safe.
#pragma once

#include <array>
#include <cstdint>

#include "graph/graph.hpp"

namespace sqs {

class RowRecord {
 public:
  static constexpr size_t kMost = 64;

  void add(NodeId stage, uint64_t first, uint64_t end);
  void clear() { held_ = 0; }

  struct Stretch {
    NodeId stage = 0;
    uint64_t first = 0;
    uint64_t end = 0;
    uint64_t count() const { return end - first; }
  };
  // The stretch that holds row `row`; empty if it is not on record.
  Stretch find(NodeId stage, uint64_t row) const;

 private:
  std::array<Stretch, kMost> stretches_;  // those of one stage neither overlap nor adjoin
  size_t held_ = 0;
};

}  // namespace sqs
