// A stage or a sink at work in a layer of the sweep at hand: how far it has come, and what it works with. Belongs to the thread
// that works through the layer.
#pragma once

#include <algorithm>
#include <string>
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
  uint32_t tape = kNoTape;        // among the rolling tapes: where its rows go

  static constexpr uint32_t kNoTape = UINT32_MAX;

  bool has_own_rows() const { return !own_rows.empty(); }
  bool backward() const { return unit->backward; }
  bool finished() const { return at == (unit->backward ? unit->range.first : unit->range.last); }
  uint64_t start() const { return unit->backward ? unit->range.last : unit->range.first; }

  // Lane r, whose unit `reader` names, reads its rows: by which port.
  const Port& attach(const Lane& r, const Reader& reader) {
    const std::vector<uint32_t>& paths = r.unit->paths;
    const auto index = static_cast<size_t>(std::find(paths.begin(), paths.end(), reader.path) - paths.begin());
    const Port& port = r.unit->is_sink() ? r.sink_port[0] : r.runner->ports()[index];
    readers.push_back({&r, &port});
    return port;
  }

  // The lowest of its rows that a reader still needs, or, backward, one more than the highest.
  uint64_t keep_from() const { return needed_from(at); }
  // The same beginning with `keep`, a row that is needed.
  uint64_t needed_from(uint64_t keep) const {
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

  Error plan_broken(const std::string& stage) const {
    return Error{SQS_E_INTERNAL, "the rows of stage '" + stage + "' that are needed together do not fit the planned buffer of " +
                                     std::to_string(buffer->capacity) + " rows; this is a defect of the library", stage};
  }
};

}  // namespace sqs
