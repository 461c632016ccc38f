// Hand-made pipelines of real size over a synthetic reader that holds nothing, and a watch that sees the first and the last
// callback of a run: how many allocations lie between them, and the largest resident set. One run at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "c_api.hpp"

namespace memory_test {

// Bytes of anonymous and shared memory resident in this process (RssAnon + RssShmem). Allocates nothing.
uint64_t resident_bytes();

// Told of every callback; all callbacks of the workloads tell it. Thread-safe but for begin().
class Watch {
 public:
  void begin(bool sample_resident);
  void callback();
  uint64_t allocations() const { return last_ - first_; }
  uint64_t callbacks() const { return callbacks_; }
  uint64_t peak_resident() const { return peak_; }

 private:
  bool sample_ = false;
  std::atomic<uint64_t> callbacks_{0};
  std::atomic<uint64_t> first_{0};
  std::atomic<uint64_t> last_{0};
  std::atomic<uint64_t> peak_{0};
};
Watch& watch();

struct Workload {
  std::string name;
  std::vector<const char*> targets;  // the first is the main one
  void (*build)(sqs_pipeline* p);
};

// spectrum: windows and two maps. normalise: a reduce, so two sweeps. recursive: a scan with a large state under windows.
// diamond: one stage read with unequal reach by two others.
const std::vector<Workload>& workloads();

// A pipeline of 48 kHz mono f32 in windows of 4096, hop 1024, read from a synthetic reader of so many frames.
api::Pipeline make(const Workload& workload, uint64_t frames);

}  // namespace memory_test
