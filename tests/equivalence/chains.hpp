// Chains of scans and reduces in both directions, and asking them for parts of their targets.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graph_spec.hpp"
#include "session.hpp"

namespace eq {

// A graph over so many frames of one u32 in windows of 4, 2 apart:
//   there_and_back  a filter without phase: forth over an extension of the frames, back over that, cropped, then the slope;
//   around_and_back the same, what is read back seen with rows on either side, and so is the outcome;
//   in_turns        five scans in turns, with context, windows and a stride between them, the first joined to the last;
//   two_passes      normalised by what a first pass sums up from the end, then a scan back; one stage may run only once.
//   kept_behind     back and back again over that, of which the first may run only once: its rows are kept behind a replay.
//   back_twice      the same rows looked back on in two sweeps, between which they are read forth: by a sum, then by a scan.
GraphSpec chain(const std::string& name, uint64_t frames);
// The same, all stages on any thread.
GraphSpec chain_on_any_thread(const std::string& name, uint64_t frames);

// Of so many rows: the whole, its ends, its middle and rows alone, in an order that goes up, down and over what came before.
std::vector<RowRange> parts_of(uint64_t rows);

// Both fail the current test fatally if anything is wrong.
void build_and_feed(Session& session, const GraphSpec& graph);
// Asks a pipeline for every part of every target in turn, in the least budget that works for all of them; and another in so
// many sixteenths of it more, for each of these.
void try_parts(const GraphSpec& graph, sqs_settings settings, const std::vector<uint64_t>& sixteenths);

}  // namespace eq
