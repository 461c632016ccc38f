// How a run looks back, for a tile span: what is replayed, from which states, over which tape, and what a schedule makes of the
// memory there is. Pure arithmetic over a plan whose sweeps, ranges and leads are set.
#pragma once

#include "core/size.hpp"
#include "plan/plan.hpp"
#include "plan/ranges.hpp"

namespace sqs {

// Fills plan.turn but for the schedule.
void describe_turn(Plan& plan);

// The least pool that some schedule works in, if there is one of less than `below` bytes.
std::optional<uint64_t> least_turn_pool(const Plan& plan, uint64_t disk_bytes, uint64_t below);

// Chooses the schedule for a pool of so many bytes; false if none works. Takes no more of the pool than it needs.
bool schedule_turn(Plan& plan, uint64_t pool_bytes, uint64_t disk_bytes);

// What the rows of a tile take in a layer of replays.
double tile_ns(const Plan& plan, const Layer& layer);

// What replays of a laid out reversal take at least, if no rows go to disk: all but the rows that the pool has room for are made
// again. No schedule is needed for it.
double least_replay_ns(const Plan& plan, uint64_t pool_bytes);

// As sqs_schedule_code.
int32_t schedule_code(const Plan& plan);

// What states or rows on disk take there, and how long it takes to write and read them.
uint64_t disk_bytes(const TurnPlan& turn);
double disk_ns(const Plan& plan);

// Adds what replays evaluate to the rows predicted and to the tiles of the turn.
void count_replays(Plan& plan);
// About as many, without going through segments: good enough to compare plans by.
void estimate_replays(Plan& plan);

// Fits a finished plan to fewer rows of its targets, in the memory it has: ranges, tiles, schedule and counts. SQS_E_INTERNAL
// if that is not possible, which it always is.
Status refit(Plan& plan, const ScanStart& scan_start);

}  // namespace sqs
