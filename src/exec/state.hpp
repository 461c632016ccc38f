// What a pipeline keeps between runs, and what a run is made of. Private to exec/.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "exec/executor.hpp"
#include "exec/pipeline.hpp"
#include "obs/report.hpp"
#include "os/charged_memory.hpp"
#include "plan/planner.hpp"
#include "source/push_source.hpp"
#include "store/checkpoint_store.hpp"
#include "store/row_cache.hpp"
#include "store/row_record.hpp"

namespace sqs {

// Bytes of results that have left their runs, which plans count as held.
using ResultBytes = std::atomic<uint64_t>;

struct Pipeline::State {
  // A push may come from another thread while a call on the pipeline or its run is going on. What it reads or replaces (graph,
  // settings, source, log, all that forget() drops) is changed under this mutex, which is never held while user code runs.
  mutable std::mutex mutex;
  std::shared_ptr<const Graph> graph;
  Settings settings;
  uint64_t default_budget = os::default_budget();  // read once: it takes longer than planning
  Costs costs;
  std::shared_ptr<Source> source;
  std::shared_ptr<PushSource> pushed;  // the same object as source, if frames are pushed
  double sample_rate = 0;
  LogSink log;
  std::shared_ptr<Ledger> ledger = std::make_shared<Ledger>();
  std::shared_ptr<ResultBytes> result_bytes = std::make_shared<ResultBytes>(0);

  os::Mapping arena;
  uint64_t arena_charged = 0;
  std::optional<CheckpointStore> checkpoints;
  std::optional<RowCache> cache;
  RowRecord cached;                    // what it has been given, whether it still has it or not
  std::vector<std::vector<std::byte>> known_rows;  // by node: rows of whole-stream stages
  uint64_t known_bytes = 0;

  std::atomic<bool> cancelled{false};
  std::atomic<bool> run_open{false};  // set under the mutex, so that no push drops what a run has reserved

  ~State() { forget(); }
  // Borrows the pipeline for a run, a probe or a check; given back by storing false. SQS_E_STATE if it is borrowed already.
  Status open(const std::string& what);
  // Drops what was computed from the present input, graph and settings.
  void forget();
  void forget_known();
  // Makes a change under the mutex and forgets.
  template <class Change>
  void change(Change&& make) {
    const std::lock_guard lock(mutex);
    make();
    forget();
  }
  void replace_source(std::shared_ptr<Source> by, double rate);
  std::shared_ptr<Source> current_source() const;
  Result<InputState> input_state() const;
  uint64_t budget() const;
  uint64_t disk_bytes() const;
  Request request(std::vector<TargetRequest> targets, uint64_t t0, uint64_t t1, const InputState& input) const;
  // Tells a request what earlier runs have left behind. While a run is open only that run may ask.
  void count_held(Request& request) const;
  void say(int32_t level, const std::string& message) const;
  // Several threads each touch what they need of a new one.
  Status ensure_arena(uint64_t bytes, uint32_t threads = 1);
};

// Rows of a target, for as long as someone holds them; charged to the ledger.
class ResultArray {
 public:
  ResultArray() = default;
  ~ResultArray();
  ResultArray(const ResultArray&) = delete;
  ResultArray& operator=(const ResultArray&) = delete;

  ChargedMemory memory;
  std::shared_ptr<ResultBytes> held;
  sqs_view view{};
  int64_t origin = 0;
  uint64_t step = 0;
  double sample_rate = 0;
  uint8_t digest[16] = {};
  sqs_stats stats{};
  std::shared_ptr<const Report> report;
};

}  // namespace sqs
