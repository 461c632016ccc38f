// The parts both executors are made of: a row buffer per stage, runners with their ports, and workers, all laid out over the
// arena as the plan says. Built once before the first stage runs.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "exec/executor.hpp"

namespace sqs {

class Machinery {
 public:
  Machinery(RunContext& context, const Plan& plan);

  // By number, as in Plan::buffers: a stage's own, or that of a replay.
  RowBuffer& buffer(uint32_t index) { return buffers_[index]; }
  const RowBuffer& buffer(uint32_t index) const { return buffers_[index]; }
  Worker& worker(uint32_t index) { return workers_[index]; }

  StageRunner* add_runner(NodeId id, const Rows& domain, const std::vector<uint32_t>& paths);
  // The runner of a stage at work in the layer of a depth.
  StageRunner* add_runner(const Unit& unit, uint32_t depth);
  // The same for one thread, of a stage of `layer` that any may run, over rows of that thread's own where there are such.
  StageRunner* add_runner(const Layer& layer, const Unit& unit, uint32_t worker);
  // The buffer of a unit's rows, as one thread sees it.
  RowBuffer& buffer(const Unit& unit, uint32_t worker) {
    return plan_.has_own_rows(unit) ? own_buffers_[worker * buffers_.size() + unit.buffer] : buffers_[unit.buffer];
  }
  Port port(uint32_t path) const;                      // over the stage's own buffer
  Port port(const Unit& unit, uint32_t depth, size_t input) const;  // over the buffer that feeds it
  // Where a second thread replays: what the sweep reads of a tape, by the number of the buffer its rows are made in.
  RowBuffer& read_tape(uint32_t index) { return read_tapes_[index]; }
  // The runner of a stage with one row for the whole stream that is no reduce.
  StageRunner* global_runner(NodeId id) { return global_runners_[id]; }
  Status run_global(NodeId id);
  // Ends a reduce whose rows have all been consumed.
  Status finish_reduce(StageRunner& runner);
  // Hands whole-stream targets their row.
  Status deliver_globals();

 private:
  void place_buffers();
  void place_own_buffers();
  void place_workers();

  RunContext& context_;
  const Plan& plan_;
  std::vector<RowBuffer> buffers_;
  std::vector<RowBuffer> read_tapes_;   // likewise, where a second thread replays: tapes as the sweep sees them; else empty
  std::vector<RowBuffer> own_buffers_;  // by thread, and then as above; none with one thread
  std::deque<StageRunner> runners_;
  std::vector<StageRunner*> global_runners_;
  std::vector<Worker> workers_;
};

}  // namespace sqs
