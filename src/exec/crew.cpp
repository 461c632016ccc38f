#include "exec/crew.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include "os/fpenv.hpp"

namespace sqs {

Crew::Crew(uint32_t threads, uint32_t most_tiles, size_t most_lanes, std::function<void(uint32_t)> prepare)
    : most_tiles_(most_tiles), prepare_(std::move(prepare)), rows_(most_lanes * most_tiles),
      lane_done_(most_lanes * most_tiles), progress_(most_lanes), chain_done_(most_lanes * most_tiles) {
  threads_.reserve(threads - 1);
  try {
    for (uint32_t worker = 1; worker < threads; ++worker) threads_.emplace_back([this, worker] { serve(worker); });
  } catch (const std::system_error&) {
    // The system has no more; those that are there do the work.
  }
}

Crew::~Crew() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changes_.note();
  }
  for (std::thread& thread : threads_) thread.join();
}

void Crew::begin(size_t chains, size_t lanes, uint32_t tiles) {
  tiles_ = tiles;
  left_ = chains * tiles;
  for (size_t i = 0; i < lanes * most_tiles_; ++i) lane_done_[i].store(0, std::memory_order_relaxed);
  std::fill(chain_done_.begin(), chain_done_.end(), uint8_t{0});
  std::fill(progress_.begin(), progress_.end(), Progress{});
}

Status Crew::run(std::vector<Lane>& lanes, const std::vector<UnitChain>& chains, const Work& work) {
  std::unique_lock lock(mutex_);
  lanes_ = &lanes;
  chains_ = &chains;
  work_ = &work;
  running_ = 0;
  failure_.reset();
  failed_.store(false, std::memory_order_relaxed);
  active_ = true;
  changes_.note();
  take_part(0, lock);
  active_ = false;
  if (failure_.has_value()) return std::move(*failure_);
  return ok();
}

void Crew::serve(uint32_t worker) {
  const os::PinnedFp pinned;
  if (prepare_) prepare_(worker);
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (active_ && !over()) take_part(worker, lock);
    else changes_.wait(lock);
  }
}

// Works on tasks until the batch is over; a worker returns as soon as there is nothing for it.
void Crew::take_part(uint32_t worker, std::unique_lock<std::mutex>& lock) {
  while (!over()) {
    const std::optional<Task> task = failure_.has_value() ? std::nullopt : pick(worker == 0);
    if (!task.has_value()) {
      changes_.wait(lock);
      if (worker != 0 && (stopping_ || !active_)) return;
      continue;
    }
    Progress& progress = progress_[task->chain];
    progress.started = task->tile + 1;
    ++progress.running;
    ++running_;
    lock.unlock();
    Status status = run_task(worker, *task);
    lock.lock();
    --running_;
    --progress.running;
    if (!status.ok() && !failure_.has_value()) {
      failure_ = std::move(status).error();
      failed_.store(true, std::memory_order_relaxed);
    }
    finish(*task);
  }
}

Status Crew::run_task(uint32_t worker, const Task& task) {
  const UnitChain& chain = (*chains_)[task.chain];
  for (const uint32_t l : chain.units) {
    Lane& lane = (*lanes_)[l];
    const Range rows = this->rows(l, task.tile);
    if (rows.count() > 0) {
      for (int look = 1; !inputs_done(chain, lane, task.tile, rows.first); ++look) {
        if (failed_.load(std::memory_order_relaxed)) return ok();  // what it waits for will not come
        if (look % kLooks == 0) std::this_thread::yield();
        relax();
      }
      SQS_TRY((*work_)(worker, lane, rows));
    }
    lane_done_[l * most_tiles_ + task.tile].store(1, std::memory_order_release);
  }
  return ok();
}

// Within a chain, tiles before this one may still be at work on other threads. Of rows that each thread has for itself none of
// those is needed.
bool Crew::inputs_done(const UnitChain& chain, const Lane& lane, uint32_t tile, uint64_t first_row) const {
  if (chain.units.size() == 1) return true;
  for (const Lane::InputPort& input : lane.inputs) {
    if ((*lanes_)[input.lane].has_own_rows()) continue;
    const uint64_t needed = input.port->keep_from(first_row);
    for (uint32_t t = tile; t-- > 0 && rows(input.lane, t).last > needed;)
      if (lane_done_[input.lane * most_tiles_ + t].load(std::memory_order_acquire) == 0) return false;
  }
  return true;
}

void Crew::finish(const Task& task) {
  chain_done_[task.chain * most_tiles_ + task.tile] = 1;
  Progress& progress = progress_[task.chain];
  while (progress.done < tiles_ && chain_done_[task.chain * most_tiles_ + progress.done] != 0) ++progress.done;
  --left_;
  changes_.note();
}

bool Crew::ready(size_t chain) const {
  const Progress& progress = progress_[chain];
  if (progress.started == tiles_) return false;
  const UnitChain& c = (*chains_)[chain];
  if (c.order != Order::Free && progress.running > 0) return false;
  return std::all_of(c.inputs.begin(), c.inputs.end(),
                     [&](uint32_t input) { return progress_[input].done > progress.started; });
}

// The earliest tile, and in it the chain nearest to the sinks. What only the caller can do it does some tiles ahead, so that the
// workers don't wait for it, but not so far ahead that rows are cold when they are read.
std::optional<Crew::Task> Crew::pick(bool caller) const {
  std::optional<Task> best;
  int64_t best_turn = 0;
  for (size_t c = chains_->size(); c-- > 0;) {
    const bool on_caller = (*chains_)[c].order == Order::Caller;
    if ((on_caller && !caller) || !ready(c)) continue;
    const int64_t ahead = on_caller ? 2 * static_cast<int64_t>(threads_.size() + 1) : 0;
    const int64_t turn = static_cast<int64_t>(progress_[c].started) - ahead;
    if (best.has_value() && turn >= best_turn) continue;
    best = Task{c, progress_[c].started};
    best_turn = turn;
  }
  return best;
}

}  // namespace sqs
