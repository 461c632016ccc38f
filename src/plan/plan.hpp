// What a run will do: sweeps, row ranges, tile span, and every buffer it will touch. Immutable; the executor follows it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "graph/graph.hpp"
#include "plan/path.hpp"
#include "plan/request.hpp"
#include "sink/file_buffer.hpp"

namespace sqs {

// Classes of memory a run may hold; their sum is the predicted peak.
enum class Memory { Source, Rows, Checkpoints, Cache, Scratch, Output, Other };
inline constexpr size_t kMemoryClasses = 7;
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
};

// A stage, or the sink of a target, at work in one sweep. In tile k it advances to  end_row(k).
struct Unit {
  NodeId node = 0;            // a sink's: the target
  uint32_t target = kNoUnit;  // a sink's: which
  bool kept = false;          // its rows are there since an earlier sweep (once)
  Rows domain;                // rows it works through: its own, a reduce's or a sink's input
  Range range;                // rows it works through in this run
  int64_t z = 0;              // frames by which it runs ahead of the tile, so that its readers find what they need
  std::vector<uint32_t> paths;   // into Plan::paths, one per input
  std::vector<Reader> readers;

  bool is_sink() const { return target != kNoUnit; }
  uint64_t end_row(int64_t tile, uint64_t tile_frames) const { return end_row_at((tile + 1) * static_cast<int64_t>(tile_frames)); }
  // The same for a tile that ends at any frame.
  uint64_t end_row_at(int64_t frame) const;
};

struct Sweep {
  std::vector<Unit> units;       // topological order; a sink follows its target
  std::vector<NodeId> globals;   // whole-stream maps computed before the sweep, in order
  std::vector<NodeId> reduces;   // finished after it
  int64_t first_tile = 0;
  int64_t tile_end = 0;
};

// Where a stage's rows live during the run.
struct BufferPlan {
  enum class Where { None, Arena, Result, Source } where = Where::None;
  uint64_t row_capacity = 0;
  uint64_t bytes = 0;
  uint64_t offset = 0;       // in the arena
  uint32_t first_use = 0;    // classic: steps of the order between which the bytes are held
  uint32_t last_use = 0;
  uint32_t target = kNoUnit; // Result: whose sink it is
};

struct StatePlan {
  uint64_t offset = 0;
  uint64_t bytes = 0;
};

struct TargetPlan {
  NodeId node = 0;
  SinkKind sink = SinkKind::Array;
  uint32_t sweep = 0;
  Range rows;
  uint64_t row_bytes = 0;
  uint64_t output_bytes = 0;  // Array: charged
  bool direct = false;        // the stage writes into the sink's memory
};

struct StagePlan {
  bool needed = false;
  uint64_t rows_predicted = 0;  // all sweeps
  uint64_t rows_distinct = 0;
  uint32_t sweeps = 0;          // in how many it is evaluated
};

struct Plan {
  std::shared_ptr<const Graph> graph;
  Settings settings;
  InputState input;
  std::vector<NodeRows> rows;        // by node
  std::vector<StagePlan> stages;     // by node
  std::vector<TargetPlan> targets;
  std::vector<Path> paths;
  std::vector<Sweep> sweeps;
  std::vector<std::vector<uint32_t>> global_paths;  // by node: inputs of whole-stream maps

  int32_t mode = SQS_SQRT;
  std::string why;
  uint64_t tile_frames = 0;
  uint64_t tiles = 0;
  uint32_t threads = 1;
  uint32_t batch_tiles = 1;

  std::vector<BufferPlan> buffers;   // by node
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
  bool uses_known = false;           // whole-stream rows of earlier runs
  bool drop_held_checkpoints = false;
  bool drop_held_cache = false;

  std::array<uint64_t, kMemoryClasses> bytes{};
  uint64_t budget_bytes = 0;
  uint64_t predicted_bytes = 0;
  uint64_t least_budget_bytes = 0;
  uint64_t untracked_bytes = 0;
  double predicted_seconds = 0;
  double other_mode_seconds = 0;
  uint64_t other_mode_bytes = 0;
  uint64_t rows_predicted = 0;       // all stages but the frames

  sqs_plan_info info{};
  std::string text;
  std::string json;
};

}  // namespace sqs
