// Carries out a plan. advance() does some work and returns, so that a run can be driven in steps; after it has failed the
// executor can only be destroyed. Made with all memory it needs: advance() allocates nothing.
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <vector>

#include "exec/output.hpp"
#include "exec/stage_runner.hpp"
#include "plan/plan.hpp"
#include "source/source.hpp"
#include "store/checkpoint_store.hpp"
#include "store/row_cache.hpp"
#include "store/spill_file.hpp"

namespace sqs {

// What an executor works on; owned by the run.
struct RunContext {
  bool rows_wait() const {
    return std::any_of(outputs->begin(), outputs->end(), [](const auto& output) { return output->rows_wait(); });
  }

  const Plan* plan = nullptr;
  Source* source = nullptr;
  std::byte* arena = nullptr;
  double sample_rate = 0;
  std::vector<std::unique_ptr<Output>>* outputs = nullptr;
  std::vector<SpillFile>* spill = nullptr;                        // those of TurnPlan::disk
  CheckpointStore* checkpoints = nullptr;                         // may be NULL
  RowCache* cache = nullptr;                                      // may be NULL
  const std::vector<std::vector<std::byte>>* known_rows = nullptr;  // by node: whole-stream rows of earlier runs
  std::atomic<bool>* cancelled = nullptr;
  std::vector<StageCounters>* counters = nullptr;                 // by node
  Range wanted;              // of the first target: what the cache did not have
  uint64_t cached_rows = 0;  // of the first target: before `wanted`
  bool disk_failed = false;  // why advance() has failed
  uint32_t threads_missing = 0;  // that the system did not start
  uint64_t checkpoints_saved = 0;
  uint64_t checkpoints_loaded = 0;
  uint64_t cache_hits = 0;
  uint64_t cache_misses = 0;
};

class Executor {
 public:
  virtual ~Executor() = default;
  // Works until `deadline_ns` of the monotonic clock has passed, or to the end: true. At least one tile; ends early where rows
  // wait to be pulled, and is not called again before all of them are lent. Not called either once it has come to the end.
  virtual Result<bool> advance(uint64_t deadline_ns) = 0;
  // Work done and to do, in tiles.
  virtual uint64_t done() const = 0;
  virtual uint64_t total() const = 0;
  virtual uint32_t sweep() const = 0;
  // The one row of a whole-stream stage, after the run.
  virtual const RowBuffer& buffer(NodeId id) const = 0;
  // Rows each stage will evaluate, known from the start: the plan's, less what checkpoints save.
  virtual const std::vector<StagePlan>& stages() const = 0;
};

std::unique_ptr<Executor> make_classic_executor(RunContext& context);
Result<std::unique_ptr<Executor>> make_tiled_executor(RunContext& context);

// The files a plan names, in its spill directory; the errors of SpillFile::open().
Result<std::vector<SpillFile>> open_spill_files(const Plan& plan);

Error cancelled_error();

}  // namespace sqs
