// The replays of a schedule with inner checkpoints, counted without going through them: those in the middle of the stream are
// alike, and what they come to is known for whole parts of the schedule. Pure arithmetic.
#pragma once

#include <cstdint>
#include <functional>

#include "plan/schedule.hpp"

namespace sqs {

struct InnerReplays {
  uint64_t kept = 0;            // replays whose rows are kept,
  uint64_t kept_tiles = 0;      // and of how many tiles
  uint64_t advances = 0;        // replays that lead from one state to another,
  uint64_t advanced_tiles = 0;  // and over how many tiles
  Schedule::Span kept_span;     // from the first of the tiles kept to the last
};

// Of a Multi schedule: counts replays of tiles in `middle`, and shows all that do not lie in it, and maybe some that do but keep no
// rows, in no particular order. Tiles are counted in the direction of the replays.
using ShowReplay = std::function<void(uint64_t first, uint64_t last, bool keep)>;
InnerReplays inner_replays(const Schedule& schedule, Schedule::Span middle, const ShowReplay& show);

}  // namespace sqs
