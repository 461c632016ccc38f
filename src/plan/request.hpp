// What a plan is made for: targets with their sinks, a range, the input as it is, settings, and what earlier runs left.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "graph/graph.hpp"
#include "plan/settings.hpp"

namespace sqs {

enum class SinkKind { Array, Buffer, Callback, File, Pull };

struct TargetRequest {
  NodeId node = 0;
  SinkKind sink = SinkKind::Array;
  bool direct = true;  // its memory is aligned well enough to be written by the stage itself
  bool any_order = true;  // rows may come in any order; else in row order
};

struct InputState {
  uint64_t frames = 0;
  bool ended = true;
  bool in_memory = false;       // one borrowed array, which classic reads in place
  Threading threading = Threading::Caller;  // which threads can read it
  uint64_t retained_bytes = 0;  // pushed frames, already charged
};

// Mappings from here on get large pages where the system has them (see os::Mapping).
inline constexpr uint64_t kLargeMappingBytes = uint64_t{4} << 20;

// What plans expect work to cost; a probe measures all of it. A stage's price is that of rows in cache, whichever the order;
// what the orders differ by is how often they compute a row and the memory they do it in.
struct Costs {
  std::vector<double> ns_per_row;         // by node; hints are used where this is 0 or missing
  bool rows_probed = false;               // where these come from
  double small_fresh_ns_per_byte = 0.75;  // writing memory for the first time, in mappings of small pages
  double large_fresh_ns_per_byte = 0.4;   // the same in those of large pages
  double reread_ns_per_byte = 0.05;       // what reading costs more when the caches have forgotten the bytes
  double disk_ns_per_byte = 2.0;          // writing a byte to the spill directory and reading it back
  double disk_ns_per_block = 10'000;      // the same for a block of it, whatever its length
  bool disk_probed = false;               // in the spill directory itself

  // What was measured of one directory says nothing of another.
  void forget_disk() {
    disk_ns_per_byte = Costs().disk_ns_per_byte;
    disk_probed = false;
  }
  double fresh_ns_per_byte(uint64_t mapping_bytes) const {
    return mapping_bytes < kLargeMappingBytes ? small_fresh_ns_per_byte : large_fresh_ns_per_byte;
  }
  double fresh_ns(uint64_t mapping_bytes) const {
    return static_cast<double>(mapping_bytes) * fresh_ns_per_byte(mapping_bytes);
  }
};

// What earlier runs hold in the budget.
struct Held {
  uint64_t result_bytes = 0;
  uint64_t known_bytes = 0;           // whole-stream rows
  uint64_t checkpoint_bytes = 0;
  uint64_t cache_bytes = 0;
  std::vector<bool> global_known;     // by node: its one row is still valid
};

struct Request {
  std::shared_ptr<const Graph> graph;
  std::vector<TargetRequest> targets;
  uint64_t t0 = 0;
  uint64_t t1 = SQS_END;
  InputState input;
  Settings settings;
  uint64_t disk_bytes = 0;          // that may be used; 0: no disk
  uint64_t budget_bytes = 0;        // settings.memory_budget, or the default of this machine
  Costs costs;
  Held held;
  uint64_t least_budget_bytes = 0;  // where it has been found already
};

}  // namespace sqs
