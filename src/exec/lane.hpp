// A stage or a sink at work in a layer of the sweep at hand: how far it has come, and what it works with. Belongs to the thread
// that drives the run.
#pragma once

#include <algorithm>
#include <vector>

#include "exec/port.hpp"
#include "exec/stage_runner.hpp"
#include "plan/plan.hpp"

namespace sqs {

struct Lane {
  struct ReaderPort {
    const Lane* lane;
    const Port* port;
  };
  struct InputPort {
    uint32_t lane;  // its number
    const Port* port;
  };

  const Unit* unit = nullptr;
  StageRunner* runner = nullptr;  // a stage's; NULL for the frames and for sinks
  RowBuffer* buffer = nullptr;    // a stage's rows; NULL for reduces and sinks
  std::vector<Port> sink_port;    // a sink's one
  std::vector<ReaderPort> readers;
  std::vector<InputPort> inputs;  // lanes whose rows it reads
  uint64_t at = 0;                // forward: rows [range.first, at) are done; backward: rows [at, range.last)
  std::vector<RowBuffer*> own_rows;    // by thread, where each has rows of its own; else empty
  std::vector<StageRunner*> runners;   // by thread, where each has rows of its own of this stage or of what it reads; else empty
  bool free_sink = false;         // a sink with nothing to copy: not worth a clock reading
  bool cached = false;            // the row cache has, and takes, rows of it

  bool has_own_rows() const { return !own_rows.empty(); }
  bool backward() const { return unit->backward; }
  bool finished() const { return at == (unit->backward ? unit->range.first : unit->range.last); }
  uint64_t start() const { return unit->backward ? unit->range.last : unit->range.first; }

  // The lowest of its rows that a reader still needs, or, backward, one more than the highest.
  uint64_t keep_from() const {
    uint64_t keep = at;
    for (const ReaderPort& reader : readers) {
      if (reader.lane->finished()) continue;
      const uint64_t row = backward() ? reader.port->keep_below(reader.lane->at) : reader.port->keep_from(reader.lane->at);
      keep = backward() == (row > keep) ? row : keep;
    }
    return backward() ? std::min(keep, unit->range.last) : std::max(keep, unit->range.first);
  }

  // For rows as far as `to`.
  bool make_room(uint64_t to) {
    if (buffer == nullptr) return true;
    if (backward()) return static_cast<int64_t>(to - buffer->first) >= 0 || buffer->make_room_below(keep_from(), at, to);
    return to - buffer->first <= buffer->capacity || buffer->make_room(keep_from(), at, to);
  }
};

}  // namespace sqs
