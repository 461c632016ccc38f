// The callbacks of one test stage, and what they saw: they check every call against the definitions, hash what the views show
// and count. A state knows how many rows it has taken in, so that one that is restored at another row than its own is caught
// by the next call. Callbacks may run on any thread; reset and the readers of the counts only between runs.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "call_rules.hpp"
#include "geometry.hpp"
#include "graph_spec.hpp"
#include "mix.hpp"

namespace eq {

// An input as the stage declared it, and the shape of its rows.
struct KernelInput {
  AccessSpec access;
  Geometry geometry;
  int32_t dtype = 0;
  std::vector<int64_t> shape;
};

class Kernel {
 public:
  Kernel(const StageSpec& spec, const Geometry& geometry, std::vector<KernelInput> inputs, double sample_rate,
         Findings& findings);
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

  // The declaration to hand to the engine, with this object as user pointer.
  sqs_stage declaration() const;
  const StageSpec& spec() const { return spec_; }
  static void destroy(void* user);  // counts; the owner frees

  // Forgets the counts of former runs; the calling thread is the one that will drive the next.
  void begin_run();
  uint64_t rows_seen() const { return rows_; }
  uint64_t calls_seen() const { return calls_; }
  uint64_t most_often_seen() const;  // how often the row seen most often was computed
  uint64_t distinct_rows_seen() const;
  int64_t live_states() const { return live_states_; }
  uint32_t destroy_count() const { return destroy_count_; }

 private:
  struct StateHead;
  struct SavedState;

  static int64_t process(void* user, sqs_call* call);
  static int32_t init(void* user, sqs_call* call);
  static int32_t finish(void* user, sqs_call* call);
  static void fini(void* user, void* state);
  static int32_t save(void* user, const void* state, void* bytes, uint64_t capacity, uint64_t* used);
  static int32_t restore(void* user, void* state, const void* bytes, uint64_t used);

  void check_call(const sqs_call& call, uint64_t rows, bool writes);
  void check_input(const sqs_call& call, uint32_t index, uint64_t rows);
  void check_output(const sqs_view& output, uint64_t rows);
  void expect(bool holds, const char* what, int64_t got, int64_t wanted);
  uint64_t row_hash(const sqs_call& call, uint64_t row) const;
  uint64_t nth_row(uint64_t n) const;  // in the stage's direction
  bool take_in(const sqs_call& call);
  void write_row(const sqs_call& call, uint64_t row, uint64_t hash) const;
  uint64_t state_bytes() const;
  StateHead* head(void* state) const;
  Carry carry(void* state) const;

  const StageSpec spec_;
  const Geometry geometry_;
  const std::vector<KernelInput> inputs_;
  const double sample_rate_;
  Findings& findings_;
  CallRules rules_;
  std::atomic<uint64_t> rows_{0};
  std::atomic<uint64_t> calls_{0};
  std::atomic<int64_t> live_states_{0};
  std::atomic<uint32_t> destroy_count_{0};
  std::vector<std::atomic<uint32_t>> seen_;  // per computed row
};

}  // namespace eq
