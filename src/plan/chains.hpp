// What threads may do apart from each other in a sweep: which units one thread takes through a tile, which must go in order, and
// which rows nobody else needs to see. Pure arithmetic.
#pragma once

#include "plan/plan.hpp"

namespace sqs {

// The chains of units in topological order, whose readers and orders are set.
std::vector<UnitChain> chains_of(const std::vector<Unit>& units);

// Sets the orders of all units, and the chains of all sweeps.
void set_chains(Plan& plan);

// Whether another thread than the caller's can replay what sweeps look back on, while the caller's reads what was replayed before:
// no stage is then called by both at a time that does not allow it.
bool can_replay_ahead(const Plan& plan);

// Sets which units' rows every thread may keep to itself, for the leads and the tile span the plan has: those whose rows of a
// tile are all that their readers, of the same chain, need in it. Frames that any thread can read are copied by each with what
// readers need of the tile before.
void set_own_rows(Plan& plan, bool wanted);

// Whether, as buffers are laid out, threads hand each other rows in the arena.
bool shares_rows(const Plan& plan);

}  // namespace sqs
