// Which rows replays work through in a segment: what the sweep above them reads of it, and what leads there from the nearest
// checkpoint. Where a state must be saved so that a segment can start from it. Works on a copy of the plan; allocates when made
// and never after. Not thread-safe.
#pragma once

#include <vector>

#include "plan/plan.hpp"

namespace sqs {

class Segments {
 public:
  static constexpr uint64_t kNoRow = UINT64_MAX;

  explicit Segments(const Plan& plan);

  // The replays of a sweep with ranges and tiles as last set.
  const std::vector<Layer>& replays(uint32_t sweep) const { return plan_.sweeps[sweep].replays; }
  // Sets them for tiles [first, last) of the grid.
  void set(uint32_t sweep, int64_t first, int64_t last);
  // The same for a replay that keeps no rows, but goes from one boundary to the next for the states there (a reversal's: from
  // first to last in its own direction).
  void set_advance(uint32_t sweep, int64_t first, int64_t last);

  // The row that a scan's state stands at when a segment starts from `boundary`, a tile: forward scans have done the rows below
  // it, backward ones those from it on. kNoRow: no row is needed beyond it, so no state either.
  uint64_t start(NodeId scan, int64_t boundary);

 private:
  void find_starts(int64_t boundary, bool backward);
  void pull(Sweep& sweep, int64_t first, int64_t last);
  Range read(const Sweep& sweep, const Unit& unit, uint32_t depth, int64_t first, int64_t last) const;
  void extend(Unit& unit) const;
  void find_all_tiles(Sweep& sweep);

  Plan plan_;
  std::vector<bool> scans_;               // by node: replayed somewhere
  std::vector<uint64_t> starts_[2];       // by direction and node, for the boundary last asked for
  std::vector<uint64_t> far_;             // the same for the boundary an advance goes to
  int64_t boundary_[2] = {0, 0};
  bool known_[2] = {false, false};
};

// Where the rows of a tape are when tiles [first, last) of a reversal whose rows go to disk are worked through.
struct TapeRows {
  Range seat;  // on the tape: all that these tiles read, and of the tiles done before them what those after will
  Range disk;  // of these the ones that come from disk; the others were on the tape for the tiles done before
};
TapeRows tape_rows(const Plan& plan, const Unit& tape, int64_t first, int64_t last);

}  // namespace sqs
