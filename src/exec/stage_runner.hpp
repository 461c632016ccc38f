// Calls one stage's callbacks over rows in memory: builds its views, splits off the rows whose inputs reach past an end, and
// turns what a callback answers into an error that names stage and row. process() may run on several threads at once with
// different workers if the stage is concurrent; everything else belongs to the thread that drives the run.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "core/result.hpp"
#include "exec/port.hpp"
#include "exec/row_buffer.hpp"
#include "plan/plan.hpp"

namespace sqs {

// What one thread needs to call stages; its memory is part of the plan.
struct Worker {
  std::byte* scratch = nullptr;
  std::byte* staging = nullptr;
  std::vector<sqs_view> views;
  char message[SQS_MESSAGE_BYTES] = {};
};

// What was done for one stage. Several threads may add if it is shared; else plain additions will do.
class StageCounters {
 public:
  void share() { shared_ = true; }
  void add(uint64_t more_rows, uint64_t more_calls) {
    add_to(rows_, more_rows);
    add_to(calls_, more_calls);
  }
  void add_ns(uint64_t more) { add_to(ns_, more); }
  void add_from_cache(uint64_t more_rows) { add_to(from_cache_, more_rows); }

  uint64_t rows() const { return rows_.load(std::memory_order_relaxed); }
  uint64_t calls() const { return calls_.load(std::memory_order_relaxed); }
  uint64_t ns() const { return ns_.load(std::memory_order_relaxed); }
  uint64_t from_cache() const { return from_cache_.load(std::memory_order_relaxed); }

 private:
  void add_to(std::atomic<uint64_t>& counter, uint64_t more) {
    if (shared_) counter.fetch_add(more, std::memory_order_relaxed);
    else counter.store(counter.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
  }

  std::atomic<uint64_t> rows_{0};
  std::atomic<uint64_t> calls_{0};
  std::atomic<uint64_t> ns_{0};
  std::atomic<uint64_t> from_cache_{0};  // rows copied instead of evaluated
  bool shared_ = false;
};

class StageRunner {
 public:
  // state: state_bytes of scans and reduces; output: where rows go (a reduce's one row at finish).
  StageRunner(const Node& node, const Rows& domain, double sample_rate, std::byte* state, RowBuffer* output,
              StageCounters* counters);
  ~StageRunner();
  StageRunner(const StageRunner&) = delete;
  StageRunner& operator=(const StageRunner&) = delete;

  void add_port(Port port);
  const std::vector<Port>& ports() const { return ports_; }
  const Node& node() const { return node_; }

  // A fresh state, initialised from row `row`.
  Status init(Worker& worker, uint64_t row);
  // Rows [row, row + count), which the output has room for; a backward stage takes them from the last to the first.
  Status process(Worker& worker, uint64_t row, uint64_t count);
  // The one row of a reduce.
  Status finish(Worker& worker);

  bool has_state() const { return state_ != nullptr; }
  bool state_alive() const { return alive_; }
  // Bytes that save() may write.
  uint64_t saved_bytes() const { return node_.decl.save != nullptr ? node_.decl.saved_bytes : node_.decl.state_bytes; }
  Result<uint64_t> save(std::byte* to) const;
  Status restore(const std::byte* from, uint64_t used);
  // Releases what the state holds; then it is as before init().
  void drop_state();

 private:
  bool interior(uint64_t row, uint64_t count) const;
  uint64_t piece_from(uint64_t row, uint64_t count, bool backward) const;
  Status call(Worker& worker, uint64_t row, uint64_t count);
  void look(Worker& worker, uint64_t row, uint64_t count) const;
  sqs_call frame(Worker& worker, uint64_t row, uint64_t count) const;
  sqs_view output_view(uint64_t row, uint64_t count) const;
  Error failed(const Worker& worker, const std::string& callback, const std::string& where, uint64_t row, int64_t got,
               int64_t wanted) const;
  Error failed_in_tile(const Worker& worker, uint64_t row, uint64_t count, int64_t got) const;

  const Node& node_;
  const Rows domain_;
  const double sample_rate_;
  std::byte* const state_;
  RowBuffer* const output_;
  StageCounters* const counters_;
  std::vector<Port> ports_;
  const sqs_view output_proto_;  // all but data, first_row, shape[0] and base_rows
  uint64_t interior_begin_ = 0;
  uint64_t interior_end_ = UINT64_MAX;
  uint64_t edge_rows_ = UINT64_MAX;  // at once, where inputs are copied
  bool alive_ = false;
};

}  // namespace sqs
