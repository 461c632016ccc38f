// A stage or a sink at work in the sweep at hand: how far it has come, and what it works with.
#pragma once

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
  uint64_t end = 0;               // rows [range.first, end) are done
  bool in_order = true;           // tile after tile
  bool on_caller = true;          // on the thread that drives the run
  bool free_sink = false;         // a sink with nothing to copy: not worth a clock reading

  bool finished() const { return end >= unit->range.last; }

  // The lowest of its rows that a reader still needs.
  uint64_t keep_from() const {
    uint64_t keep = end;
    for (const ReaderPort& reader : readers) {
      if (reader.lane->finished()) continue;
      const uint64_t row = reader.port->keep_from(reader.lane->end);
      keep = row < keep ? row : keep;
    }
    return keep;
  }

  bool make_room(uint64_t new_end) {
    if (buffer == nullptr || new_end - buffer->first <= buffer->capacity) return true;
    return buffer->make_room(keep_from(), new_end);
  }
};

}  // namespace sqs
