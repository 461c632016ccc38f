// What a run will do: sweeps, row ranges, tile span, and every buffer it will touch. Immutable; the executor follows it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/size.hpp"
#include "graph/graph.hpp"
#include "plan/path.hpp"
#include "plan/request.hpp"
#include "plan/schedule.hpp"
#include "sink/file_buffer.hpp"

namespace sqs {

// Classes of memory a run may hold; their sum is the predicted peak.
enum class Memory { Source, Rows, Tapes, Checkpoints, Cache, Scratch, Output, Other };
inline constexpr size_t kMemoryClasses = 8;
const char* memory_name(Memory memory);

// A half-open range of rows.
struct Range {
  uint64_t first = 0;
  uint64_t last = 0;
  uint64_t count() const { return last > first ? last - first : 0; }
};

inline constexpr uint32_t kNoUnit = UINT32_MAX;

// A reader of a unit's rows, and which of its paths it is.
struct Reader {
  uint32_t unit = 0;
  uint32_t path = 0;
  uint32_t depth = 0;  // of the layer it is in
};

// Where a unit finds the rows of one input: the unit that makes them, and the buffer they lie in.
struct Feed {
  uint32_t depth = 0;
  uint32_t unit = kNoUnit;  // none: a row for the whole stream
  uint32_t buffer = 0;      // into Plan::buffers
};

// On which thread a unit may work, and when: on any, at any tile; on any, tile after tile; on the caller's, tile after tile.
enum class Order { Free, Tiles, Caller };

// A stage, or the sink of a target, at work in one layer. From tile to tile it advances to row_at() of the tile's far edge.
struct Unit {
  NodeId node = 0;            // a sink's: the target
  uint32_t target = kNoUnit;  // a sink's: which
  bool backward = false;      // works from the last row to the first
  bool kept = false;          // its rows are there since an earlier sweep
  bool saves = false;         // a scan whose states a later sweep starts from
  bool records = false;       // its last rows are kept for the sweep that begins where this one ends
  Order order = Order::Caller;
  bool own = false;           // with several threads, each may keep the rows of its tile to itself
  uint32_t buffer = 0;        // into Plan::buffers
  Rows domain;                // rows it works through: its own, a reduce's or a sink's input
  Range range;                // rows it works through in this run; of a replay: in the segment at hand
  int64_t z = 0;              // frames by which it runs ahead of the tile, so that its readers find what they need
  std::vector<uint32_t> paths;   // into Plan::paths, one per input
  std::vector<Feed> feeds;       // likewise
  std::vector<Reader> readers;   // in the same layer
  std::vector<Reader> outside;   // in layers above it, which read its rows of a whole segment: the tape

  bool is_sink() const { return target != kNoUnit; }
  bool is_tape() const { return !outside.empty(); }
  // The row that parts what lies before `frame`, and the lead beyond it, from what lies behind: rows below it are done by a
  // forward unit that has come to this frame, rows from it on by a backward one.
  uint64_t row_at(int64_t frame) const;
  // The same of the far edge of a tile.
  uint64_t row_after(int64_t tile, uint64_t tile_frames) const {
    return row_at((backward ? tile : tile + 1) * static_cast<int64_t>(tile_frames));
  }
};

// Units that one thread takes through a tile one after the other, while the rows are in its cache: those that need no order and
// have the same units in order behind them; or a single one that needs an order.
struct UnitChain {
  std::vector<uint32_t> units;
  std::vector<uint32_t> inputs;  // other chains, whose rows it reads
  Order order = Order::Free;
};

// Stages that run in one direction, tile by tile.
struct Layer {
  std::vector<Unit> units;  // topological order; a sink follows its target
  bool backward = false;
  int64_t first_tile = 0;   // of a replay: in the segment at hand
  int64_t tile_end = 0;
};

// One pass over the rows. Scans that run the other way are replayed segment by segment: replays[0] feeds the sweep and runs
// against it, replays[1] feeds replays[0] and runs against that, and so on. A layer's depth is its place: 0 the sweep itself.
struct Sweep : Layer {
  std::vector<Layer> replays;
  std::vector<UnitChain> chains; // of its units, for several threads
  bool recorded = false;         // what replays[0] would make for its first segment is there from the sweeps before
  std::vector<NodeId> globals;   // whole-stream maps computed before the sweep, in order
  std::vector<NodeId> reduces;   // finished after it

  Layer& layer(uint32_t depth) { return depth == 0 ? *this : replays[depth - 1]; }
  const Layer& layer(uint32_t depth) const { return depth == 0 ? *this : replays[depth - 1]; }
};

// Where a stage's rows live during the run.
struct BufferPlan {
  enum class Where { None, Arena, Result, Source, Tape } where = Where::None;  // Tape: set anew for each segment
  uint64_t row_capacity = 0;
  uint64_t bytes = 0;
  uint64_t own_row_capacity = 0;  // of one thread, where each has rows of its own
  uint64_t own_bytes = 0;         // of that; they lie one after the other
  uint64_t offset = 0;       // in the arena
  uint32_t first_use = 0;    // classic: steps of the order between which the bytes are held
  uint32_t last_use = 0;
  uint32_t target = kNoUnit; // Result: whose sink it is
};

struct StatePlan {
  uint64_t offset = 0;
  uint64_t bytes = 0;
};

// The rows of one stage that are kept for a whole segment.
struct Tape {
  NodeId node = 0;
  uint64_t row_bytes = 0;
  uint64_t rows_per_tile = 0;
  uint64_t beside_rows = 0;  // besides those of the segment's own tiles: halos
  uint64_t bytes(uint64_t tiles) const { return (rows_per_tile * tiles + beside_rows) * row_bytes; }
};

// One scan's part of a checkpoint.
struct SavedState {
  NodeId node = 0;
  uint64_t offset = 0;  // in a checkpoint
  uint64_t bytes = 0;   // header included
};

// A file of checked blocks in the spill directory.
struct DiskFile {
  NodeId node = 0;           // Spill: whose rows
  uint64_t block_bytes = 0;  // at most
  uint64_t blocks = 0;
};

// How a run looks back: which states are saved where, and which rows are kept. The pool holds tapes from below and
// checkpoints from above:
//
//   | tape of a segment, stage by stage ...   free   ... checkpoint 2 | checkpoint 1 | checkpoint 0 | two more |
//
// A second thread that replays one segment while the sweep reads the one after it puts rows where the sweep has taken others:
// both share slots for one tile's rows of all tapes each, and the sweep reads by way of a buffer for each tape, which slides:
//
//   | buffers | slot | slot | slot ...   free   ... checkpoint 2 | checkpoint 1 | checkpoint 0 | two more |
//
// A chain, in which a longer tape spares no more than the replay of its own rows, then has all tapes twice instead, and the threads
// swap them.
struct TurnPlan {
  enum class Kind {
    None,      // nothing is replayed
    Reversal,  // one sweep replays one layer: the schedule
    Chain      // several: segments of one length, the same in all sweeps
  } kind = Kind::None;
  uint32_t sweep = 0;            // Reversal: the one that looks back
  bool from_last = false;        // Reversal: what is replayed runs from the last tile to the first
  int64_t first_tile = 0;        // of all sweeps that look back
  int64_t tile_end = 0;
  std::vector<Tape> tapes;
  std::vector<SavedState> saved;
  uint64_t state_bytes = 0;      // of one checkpoint
  uint64_t tile_bytes = 0;       // of one tile's rows on all tapes
  uint64_t beside_bytes = 0;     // of halos and alignment
  uint64_t beside_tiles = 0;     // in which halos would fit
  uint64_t extra_bytes = 0;      // of two checkpoints outside the schedule: where the first segment begins, which need not be
                                 // where scans begin, and where a replay that keeps no rows is going
  uint64_t pool_bytes = 0;       // what the schedule may use besides one tile
  bool replays_ahead = false;    // a second thread replays the next segment meanwhile
  std::optional<Schedule> schedule;  // Reversal
  uint64_t spacing = 0;          // Chain: tiles of a segment
  uint64_t pool_offset = 0;      // in the arena
  uint64_t staging_offset = 0;   // room for one saved state
  uint64_t replayed_tiles = 0;   // tiles that replays evaluate, all layers,
  uint64_t replayed_calls = 0;   // and what is called for them: each unit once a tile
  std::vector<DiskFile> disk;    // one for all states, each of which has a block, or one for each tape

  uint64_t tiles() const { return static_cast<uint64_t>(tile_end - first_tile); }
  // Rows that memory has no room for go to disk, and none is made again.
  bool spills() const { return schedule.has_value() && schedule->kind() == ScheduleKind::Spill; }
  bool rolls() const { return replays_ahead && kind == Kind::Reversal; }
  uint64_t tape_copies() const { return replays_ahead && kind == Kind::Chain ? 2 : 1; }
  uint64_t segments() const { return spacing == 0 ? 0 : tiles() / spacing + (tiles() % spacing != 0 ? 1 : 0); }
  // One tile of each tape.
  Size tile_of_tapes_bytes() const { return Size(tile_bytes) + beside_bytes; }
  // With an empty pool. A run of no rows has no tiles, and nothing on a tape.
  Size least_area_bytes() const {
    if (tiles() == 0) return Size(extra_bytes);
    const Size slots = rolls() ? Size(tile_bytes) * (1 + beside_tiles) : Size(0);
    return tile_of_tapes_bytes() * tape_copies() + slots + extra_bytes;
  }
  uint64_t area_bytes() const { return pool_bytes + least_area_bytes().saturated(); }
};

// What a result holds besides its rows: statistics, and what its report is written from.
constexpr uint64_t kBesideResult = 8 * 1024;

struct TargetPlan {
  NodeId node = 0;
  SinkKind sink = SinkKind::Array;
  uint32_t sweep = 0;
  Range rows;
  uint64_t row_bytes = 0;
  uint64_t output_bytes = 0;  // Array: charged, with kBesideResult
  bool direct = false;        // the stage writes into the sink's memory
  bool any_order = false;     // rows may come in any order
};

struct StagePlan {
  bool needed = false;
  uint64_t rows_predicted = 0;  // all sweeps
  uint64_t rows_distinct = 0;
  uint64_t rows_spanned = 0;    // from the first to the last of them: what classic evaluates
  uint64_t rows_replayed = 0;   // of those predicted: by replays,
  uint64_t rows_halo = 0;       // of which beside the segments
  uint32_t sweeps = 0;          // in how many it is evaluated
};

// What a run would take at another budget.
struct FrontierPoint {
  int32_t schedule = SQS_NO_SCHEDULE;
  uint64_t budget_bytes = 0;
  uint64_t predicted_bytes = 0;
  uint64_t disk_bytes = 0;
  uint64_t rows_predicted = 0;
  uint64_t rows_distinct = 0;
  double seconds = 0;
  double ratio() const { return rows_distinct == 0 ? 1.0 : static_cast<double>(rows_predicted) / static_cast<double>(rows_distinct); }
};

struct Plan {
  std::shared_ptr<const Graph> graph;
  Settings settings;
  InputState input;
  Costs costs;                       // all nodes have one
  std::vector<NodeRows> rows;        // by node
  std::vector<StagePlan> stages;     // by node
  std::vector<TargetPlan> targets;
  std::vector<Path> paths;
  std::vector<Sweep> sweeps;
  std::vector<std::vector<uint32_t>> global_paths;  // by node: inputs of whole-stream maps
  std::vector<bool> retained;        // by node, or empty: the planner has its rows kept for later sweeps

  int32_t mode = SQS_SQRT;
  std::string why;
  uint64_t tile_frames = 0;
  uint64_t tiles = 0;
  uint32_t threads = 1;
  uint32_t batch_tiles = 1;

  // Whether a stage's rows, made in one sweep, stay for the later ones: because it must run once, or by the planner's choice.
  bool keeps(NodeId id) const { return graph->node(id).decl.once || retains(id); }
  bool retains(NodeId id) const { return id < retained.size() && retained[id]; }

  bool looks_back() const {
    return std::any_of(sweeps.begin(), sweeps.end(), [](const Sweep& s) { return s.backward || !s.replays.empty(); });
  }

  // Whether each thread has a place of its own for the unit's rows.
  bool has_own_rows(const Unit& unit) const {
    return unit.own && !unit.is_sink() && buffers[unit.buffer].where == BufferPlan::Where::Arena;
  }

  std::vector<BufferPlan> buffers;   // by node; behind them one for each stage in each depth of replays, and tapes
  std::vector<std::pair<NodeId, uint32_t>> replay_buffers;  // stage and depth of the buffers behind those of the nodes
  TurnPlan turn;
  std::vector<StatePlan> states;     // by node
  uint64_t scratch_offset = 0;
  uint64_t scratch_bytes_per_worker = 0;   // stage scratch, then edge staging
  uint64_t staging_offset_in_scratch = 0;
  uint64_t read_ahead_rows = 0;      // frames read at once, so that reads are large whatever the tile
  uint64_t file_buffer_offset = 0;   // one of kFileBufferBytes per File target
  uint64_t arena_bytes = 0;

  uint64_t checkpoint_bytes = 0;
  uint64_t checkpoint_tiles = 0;     // between access checkpoints; 0: none
  uint64_t cache_bytes = 0;
  std::vector<NodeId> cached_stages; // whose rows go there besides those that a run of one target delivers
  bool uses_known = false;           // whole-stream rows of earlier runs
  bool drop_held_checkpoints = false;
  bool drop_held_cache = false;

  std::array<uint64_t, kMemoryClasses> bytes{};
  uint64_t budget_bytes = 0;
  uint64_t disk_room_bytes = 0;      // that the run may use
  uint64_t predicted_bytes = 0;
  uint64_t least_budget_bytes = 0;
  uint64_t next_budget_bytes = 0;    // at which more rows would be kept for later sweeps; 0: none would
  uint64_t untracked_bytes = 0;
  double predicted_seconds = 0;  // 0, and so of the other mode: a stage has neither a hint nor a probe
  double other_mode_seconds = 0;
  uint64_t other_mode_bytes = 0;
  uint64_t rows_predicted = 0;       // all stages but the frames

  std::vector<FrontierPoint> frontier;  // ascending budgets; filled for plans that are looked at
  std::vector<std::string> lints;

  sqs_plan_info info{};
  std::string text;
  std::string json;
};

}  // namespace sqs
