// Runs the tiles of a batch on the caller's thread and some workers. A task is one chain's rows of one tile; it may start when
// the chains it reads have done that tile and, if it goes in order, when its own tile before is done. Which thread runs a task
// never shows in the result. No lock is held while a task runs. begin(), set_rows() and run() belong to the caller's thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "core/result.hpp"
#include "exec/changes.hpp"
#include "exec/lane.hpp"
#include "plan/plan.hpp"

namespace sqs {

class Crew {
 public:
  using Work = std::function<Status(uint32_t worker, Lane& lane, Range rows)>;

  // The caller counts as worker 0. Each of the others begins with `prepare`. Fewer if the system does not start so many.
  Crew(uint32_t threads, uint32_t most_tiles, size_t most_lanes, std::function<void(uint32_t worker)> prepare = {});
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  uint32_t threads() const { return 1 + static_cast<uint32_t>(threads_.size()); }

  void begin(size_t chains, size_t lanes, uint32_t tiles);
  void set_rows(size_t lane, uint32_t tile, Range rows) { rows_[lane * most_tiles_ + tile] = rows; }
  Range rows(size_t lane, uint32_t tile) const { return rows_[lane * most_tiles_ + tile]; }
  // Until all tasks are done, or one has failed and those that had begun have ended: then the first failure.
  Status run(std::vector<Lane>& lanes, const std::vector<UnitChain>& chains, const Work& work);

 private:
  struct Task {
    size_t chain;
    uint32_t tile;
  };
  struct Progress {
    uint32_t started = 0;  // tiles given out
    uint32_t done = 0;     // tiles done without a gap from the first
    uint32_t running = 0;
  };

  void serve(uint32_t worker);
  void take_part(uint32_t worker, std::unique_lock<std::mutex>& lock);
  std::optional<Task> pick(bool caller) const;
  bool ready(size_t chain) const;
  Status run_task(uint32_t worker, const Task& task);
  bool inputs_done(const UnitChain& chain, const Lane& lane, uint32_t tile, uint64_t first_row) const;
  void finish(const Task& task);
  bool over() const { return left_ == 0 || (failure_.has_value() && running_ == 0); }

  const uint32_t most_tiles_;
  const std::function<void(uint32_t)> prepare_;
  std::vector<Range> rows_;
  std::vector<std::atomic<uint8_t>> lane_done_;  // by lane and tile
  std::atomic<bool> failed_{false};

  std::mutex mutex_;  // guards all below
  Changes changes_;
  std::vector<Lane>* lanes_ = nullptr;
  const std::vector<UnitChain>* chains_ = nullptr;
  const Work* work_ = nullptr;
  std::vector<Progress> progress_;   // by chain
  std::vector<uint8_t> chain_done_;  // by chain and tile
  uint32_t tiles_ = 0;
  size_t left_ = 0;
  uint32_t running_ = 0;
  std::optional<Error> failure_;
  bool active_ = false;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace sqs
