// Work of a known length that touches no memory: three stages, each of which turns a value into another by a chain of dependent
// steps. By the engine and by a bare loop over tiles, so that the difference is what the engine's bookkeeping costs.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "contender.hpp"
#include "jobs.hpp"

namespace sqs::bench {

inline constexpr uint64_t kSpinStages = 3;
inline constexpr uint64_t kSpinTileRows = 16;

// Steps for which one row of one stage takes a third of 1/16 of 0.1 ms, measured once.
uint64_t spin_steps();

// Frames are u64, windows are one frame; the target is "third".
Job spin_job(uint64_t steps);
std::unique_ptr<Contender> bare_spin(uint64_t rows, uint64_t steps);

// The frame at a position.
inline uint64_t spin_frame(uint64_t position) { return position * 0x9E3779B97F4A7C15u; }

}  // namespace sqs::bench
