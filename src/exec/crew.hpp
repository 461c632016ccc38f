// Runs the tiles of a batch on the caller's thread and some workers. A task is one lane's rows of one tile; it may start when
// its inputs have done that tile and, if the lane works in order, when its own tile before is done. Which thread runs a task
// never shows in the result. No lock is held while a task runs. begin(), set_rows() and run() belong to the caller's thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "core/result.hpp"
#include "exec/lane.hpp"

namespace sqs {

class Crew {
 public:
  using Work = std::function<Status(uint32_t worker, Lane& lane, Range rows)>;

  // The caller counts as worker 0.
  Crew(uint32_t threads, uint32_t most_tiles, size_t most_lanes);
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  void begin(size_t lanes, uint32_t tiles);
  void set_rows(size_t lane, uint32_t tile, Range rows) { rows_[lane * most_tiles_ + tile] = rows; }
  Range rows(size_t lane, uint32_t tile) const { return rows_[lane * most_tiles_ + tile]; }
  // Until all tasks are done, or one has failed and those that had begun have ended: then the first failure.
  Status run(std::vector<Lane>& lanes, const Work& work);

 private:
  struct Task {
    size_t lane;
    uint32_t tile;
  };
  struct Progress {
    uint32_t started = 0;  // tiles given out
    uint32_t done = 0;     // tiles done without a gap from the first
    uint32_t running = 0;
  };

  void serve(uint32_t worker);
  void take_part(uint32_t worker, std::unique_lock<std::mutex>& lock);
  std::optional<Task> pick(bool caller);
  bool ready(size_t lane) const;
  void finish(const Task& task);
  bool over() const { return left_ == 0 || (failure_.has_value() && running_ == 0); }

  const uint32_t most_tiles_;
  std::vector<Range> rows_;
  std::vector<uint8_t> tile_done_;

  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::vector<Lane>* lanes_ = nullptr;
  const Work* work_ = nullptr;
  std::vector<Progress> progress_;
  size_t lane_count_ = 0;
  uint32_t tiles_ = 0;
  size_t left_ = 0;
  uint32_t running_ = 0;
  std::optional<Error> failure_;
  bool active_ = false;
  bool stopping_ = false;
  std::atomic<uint64_t> epoch_{0};  // grows with every change, for threads that look before they sleep
  std::vector<std::thread> threads_;
};

}  // namespace sqs
