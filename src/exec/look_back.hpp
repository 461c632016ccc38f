// What a run that looks back needs besides its lanes: the tape, the checkpoints, and where in the segment at hand everything
// lies. Works on the executor's own plan. Made with all memory it needs; belongs to the thread that drives the run.
//
// Where a second thread replays, next(), restore(), save_passing() and read() are called by it, or while it rests; reached() and
// stop() by the thread at work on the scan; the rest by the driving thread.
//
// A replayed scan must come through the same states again: the hash of each saved state is compared when a replay passes its
// row, and a difference is an error that names the stage and the rows that were evaluated from the state before to that one.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "exec/executor.hpp"
#include "exec/lane.hpp"
#include "exec/machinery.hpp"
#include "exec/rolling_tapes.hpp"
#include "plan/legs.hpp"
#include "plan/segments.hpp"

namespace sqs {

class LookBack {
 public:
  LookBack(RunContext& context, Plan& plan, Machinery& machinery);

  // The next piece of a sweep; nothing at its end. Ranges, tiles and tape are set for it.
  Result<std::optional<Leg>> next(uint32_t sweep);
  // Sets the state a replayed scan starts from.
  Status restore(const Leg& leg, Lane& lane);
  // Makes a checkpoint of the states that the last replay has left on its way.
  Status save_passing(const Leg& leg);
  // Whether it has room already: where tapes roll, rows may still lie there.
  bool can_save(const Leg& leg) const;
  // Gets the rows of a segment back from disk onto the tape.
  Status read(const Leg& leg);

  // A sweep begins: which states its scans leave on their way.
  void begin_sweep(uint32_t sweep, std::vector<Lane>& lanes);
  // How far a scan may go towards `to` before something is to be done.
  uint64_t stop(const Lane& lane, uint64_t to) const;
  // It has come there.
  Status reached(Lane& lane);
  // Rows [first, last) have been made: those of the first segment of a later sweep go on its tape, and where the plan spills
  // those of all others by way of the tape to disk.
  Status record(const Lane& lane, uint64_t first, uint64_t last);
  // Where a second thread replays what the sweep looks back on only once: the tapes; else NULL.
  RollingTapes* rolling_tapes() { return rolling_.has_value() ? &*rolling_ : nullptr; }
  // Where a second thread replays: what was replayed last is now read by the sweep, and the next segment goes elsewhere.
  void turn_tapes(uint32_t sweep);
  // How long record() has written to disk since this was asked last: no stage's time.
  uint64_t take_disk_ns() { return std::exchange(disk_ns_, 0); }

 private:
  // A saved state: the row it stands at, and its hash.
  struct Known {
    uint64_t row = Segments::kNoRow;
    uint64_t hash = 0;
  };
  // What is to be done along the way of one scan.
  struct Watch {
    uint64_t number = 0;                  // among the scans whose states are saved
    uint64_t offset = 0;                  // of its state in a checkpoint
    uint64_t bytes = 0;                   // of that
    Saves* saves = nullptr;               // those of the sweep at hand, if it saves this scan's states
    std::optional<Saves::Save> next_save;
    uint64_t save_row = Segments::kNoRow;
    uint64_t passing_row = 0;             // where the state stands that the last replay has left on its way
    uint64_t tail_row = Segments::kNoRow; // a reversal's: where it stands when the rows that are kept from the first sweep begin
    Known tail;                           // the state there: the first replay ends with it
    uint64_t replayed_from = 0;           // where the replay at hand has set out from a saved state, or from the start,
    Known check;                          // and a state that it comes through again
    Known restored;                       // the last one a replay started from: the next one ends there
  };
  // Rows on their way to a tape.
  struct Recorded {
    Range rows;
    std::byte* data = nullptr;
    uint64_t row_bytes = 0;
    uint32_t rolls = Lane::kNoTape;  // that one, among those that roll
    // Of a spilling run: rows gather where the tape begins until those of a segment are complete.
    const Unit* tape = nullptr;
    SpillFile* file = nullptr;
    uint64_t capacity = 0;  // rows
    uint64_t begun = 0;     // segments that have; behind those on disk come the rows that stay
  };
  struct Header {  // of a saved state
    uint64_t used = 0;
    uint64_t hash = 0;
  };

  void set_up_recording(uint32_t sweep);
  void set_up_rolling(uint32_t sweep);
  void set_up_spilling();
  Result<TapeRows> rows_on_tape(const Recorded& tape, TileSpan tiles) const;
  Result<Range> next_to_record(Recorded& tape) const;
  Status spill(const Recorded& tape);
  Error disk_failed(NodeId node, uint64_t row, const std::string& what, Error cause);
  Error rows_failed(const Recorded& tape, Range rows, const std::string& what, Error cause);
  Error not_pure(const Lane& lane, const Watch& watch) const;
  void seat_tapes(uint32_t sweep, const Leg& leg);
  Status roll_tapes(uint32_t sweep, const Leg& leg);
  bool begin_rolling(uint32_t sweep, bool keep, uint64_t states);
  uint64_t slots_beside(uint64_t states) const;
  uint64_t tape_offset(NodeId node, uint64_t tiles) const;
  std::byte* record_at(uint64_t record) const;
  void next_save(const Lane& lane, Watch& watch);
  Status save(const Lane& lane, uint64_t record, bool on_disk);
  Status to_disk(NodeId node, uint64_t row, uint64_t record, std::byte* state);
  Status from_disk(const Lane& lane, uint64_t row, uint64_t record, std::byte* state);
  void watch_for(const Layer& layer, const Leg& leg);

  RunContext& context_;
  Plan& plan_;
  Machinery& machinery_;
  Segments segments_;
  Segments save_starts_;                                 // for saves in the sweep itself, beside which segments are replayed
  std::byte* pool_ = nullptr;
  std::byte* staging_ = nullptr;
  std::vector<std::optional<Legs>> legs_;                // by sweep
  std::vector<std::vector<std::pair<uint32_t, Saves>>> saves_;  // by sweep: units with their checkpoints
  std::vector<std::optional<Watch>> watches_;            // by node
  std::vector<std::vector<Recorded>> recorded_;          // by the sweep they are for and, where it has any, by node
  uint32_t recording_for_ = 0;                           // which of those sweeps comes next
  uint64_t disk_ns_ = 0;
  std::optional<RollingTapes> rolling_;
  uint64_t copy_ = 0;                                    // of a chain's tapes: the one that is written next
  TileSpan tail_;                                        // of the sweep that looks back last: the tiles recorded for it
};

}  // namespace sqs
