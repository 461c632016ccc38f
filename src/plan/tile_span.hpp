// How many frames a tile has.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/plan.hpp"

namespace sqs {

// The span that divides the steps of all stages if there is a small one, else the largest step.
uint64_t unit_frames(const Plan& plan);

// By bytes first, then by time; never by the stream's length. As set, if it is.
uint64_t preferred_tile(const Plan& plan);

// Spans to try, largest first: halves of the preferred one, down to a single frame. The one that is set, if it is.
std::vector<uint64_t> tile_spans(const Plan& plan, uint64_t preferred);

}  // namespace sqs
