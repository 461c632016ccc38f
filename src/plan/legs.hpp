// The way of a sweep that looks back, piece by piece: which layer works through which tiles, and from which state. Follows the
// plan's schedule; a few words of memory, and no allocation after it is made. Not thread-safe.
#pragma once

#include <optional>
#include <vector>

#include "plan/actions.hpp"
#include "plan/plan.hpp"

namespace sqs {

struct Leg {
  enum class What {
    Replay,  // a layer below goes over tiles [first, last)
    Sweep,   // the sweep itself does
    Read,    // rows of tiles [first, last) come back from disk onto the tape
    Save     // the states that the last replay has left on its way become a checkpoint
  } what = What::Sweep;
  uint32_t depth = 0;
  int64_t first = 0;
  int64_t last = 0;
  bool begins = false;      // Replay: the first layer of a new segment or advance
  bool keep = true;         // Replay: rows stay on the tape
  bool recorded = false;    // Replay: the tape has them already
  uint64_t record = 0;      // Replay: the checkpoint it starts from; Save: the one that is made; Read: the segment on disk
  bool on_disk = false;     // that is where it lies, counted by itself
  uint64_t states = 0;      // Replay of a reversal: how many checkpoints in memory are needed after it
  static constexpr uint64_t kStart = UINT64_MAX;       // where the first segment begins
  static constexpr uint64_t kPassing = UINT64_MAX - 1; // where the last replay that kept no rows has been going
};

class Legs {
 public:
  Legs(const Plan& plan, uint32_t sweep);
  std::optional<Leg> next();

 private:
  std::optional<Leg> next_of_reversal();
  std::optional<Leg> next_of_chain();
  Action next_action();

  const Plan* plan_;
  const Sweep* sweep_;
  std::optional<Actions> actions_;
  std::optional<Action> ahead_;     // read already
  bool told_ = false;               // that the first segment is recorded
  std::optional<Action> load_;      // the checkpoint a replay is to start from
  uint64_t states_ = 0;             // in memory
  std::vector<bool> in_first_;      // by depth: whether the layer works in the first segment
  uint64_t segment_ = 0;            // done so far
  uint32_t depth_ = 0;              // of the next leg
};

// The checkpoints a sweep leaves on its way, in that order.
class Saves {
 public:
  struct Save {
    bool on_disk = false;
    uint64_t record = 0;   // Leg::kStart: where the first segment begins
    int64_t boundary = 0;  // a tile of the grid
  };
  Saves(const Plan& plan, bool backward);
  std::optional<Save> next();

 private:
  const Plan* plan_;
  bool backward_;
  bool start_given_ = false;
  std::optional<Actions> actions_;
  uint64_t given_ = 0;
};

struct TileSpan {
  int64_t first = 0;
  int64_t last = 0;
};
// Tiles [first, last) of a reversal, counted in the direction of what is replayed, on the grid.
TileSpan grid_tiles(const TurnPlan& turn, uint64_t first, uint64_t last);
// A segment of a chain, counted from the first tile.
TileSpan segment_tiles(const TurnPlan& turn, uint64_t segment);

// By depth: whether the layer works in the first segment of a chain's sweep, of which much may have been recorded.
std::vector<bool> layers_in_first_segment(const Sweep& sweep);

// The tiles whose rows are recorded for `sweep`.
TileSpan recorded_tiles(const Plan& plan, uint32_t sweep);

}  // namespace sqs
