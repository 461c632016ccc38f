// What a sweep that looks back sees of rolling tapes: the rows that its stages read of the tile at hand, in a buffer for each
// tape that slides against the order in which they were made. Belongs to the thread that drives the run.
#pragma once

#include <deque>
#include <vector>

#include "exec/lane.hpp"
#include "exec/machinery.hpp"
#include "exec/rolling_tapes.hpp"

namespace sqs {

class TapeReader {
 public:
  // `lanes` are those of the sweep; their ports read what machinery.read_tape() has.
  TapeReader(const Plan& plan, Machinery& machinery, RollingTapes& tapes, std::vector<Lane>& lanes);

  // The sweep goes on with the segment that tapes.turn() has brought.
  void begin();
  // Takes what its stages read of a tile, before they work on it.
  Status read(int64_t tile);

 private:
  static void pass_over(Lane& lane, uint64_t to);
  uint64_t read_as_far_as(const Lane& lane, int64_t tile) const;

  const Plan& plan_;
  RollingTapes& tapes_;
  std::deque<Unit> units_;   // stand-ins: what is on a tape, in the sweep's direction
  std::vector<Lane> lanes_;
};

}  // namespace sqs
