#include "exec/crew.hpp"

#include <algorithm>

#include "os/fpenv.hpp"

namespace sqs {
namespace {

constexpr int kLooks = 1000;  // before sleeping: about as long as waking another thread takes

inline void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

Crew::Crew(uint32_t threads, uint32_t most_tiles, size_t most_lanes)
    : most_tiles_(most_tiles), rows_(most_lanes * most_tiles), tile_done_(most_lanes * most_tiles), progress_(most_lanes) {
  for (uint32_t worker = 1; worker < threads; ++worker) threads_.emplace_back([this, worker] { serve(worker); });
}

Crew::~Crew() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    epoch_.fetch_add(1, std::memory_order_release);
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Crew::begin(size_t lanes, uint32_t tiles) {
  lane_count_ = lanes;
  tiles_ = tiles;
  std::fill(tile_done_.begin(), tile_done_.end(), uint8_t{0});
  std::fill(progress_.begin(), progress_.end(), Progress{});
}

Status Crew::run(std::vector<Lane>& lanes, const Work& work) {
  std::unique_lock lock(mutex_);
  lanes_ = &lanes;
  work_ = &work;
  left_ = lane_count_ * tiles_;
  running_ = 0;
  failure_.reset();
  active_ = true;
  epoch_.fetch_add(1, std::memory_order_release);
  changed_.notify_all();
  take_part(0, lock);
  active_ = false;
  if (failure_.has_value()) return std::move(*failure_);
  return ok();
}

void Crew::serve(uint32_t worker) {
  const os::PinnedFp pinned;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (active_ && !over()) {
      take_part(worker, lock);
      continue;
    }
    const uint64_t seen = epoch_.load(std::memory_order_acquire);
    lock.unlock();
    for (int look = 0; look < kLooks && epoch_.load(std::memory_order_acquire) == seen; ++look) relax();
    lock.lock();
    changed_.wait(lock, [&] { return stopping_ || epoch_.load(std::memory_order_relaxed) != seen; });
  }
}

// Works on tasks until the batch is over; a worker returns as soon as there is nothing for it.
void Crew::take_part(uint32_t worker, std::unique_lock<std::mutex>& lock) {
  while (!over()) {
    const std::optional<Task> task = failure_.has_value() ? std::nullopt : pick(worker == 0);
    if (!task.has_value()) {
      const uint64_t seen = epoch_.load(std::memory_order_acquire);
      lock.unlock();
      for (int look = 0; look < kLooks && epoch_.load(std::memory_order_acquire) == seen; ++look) relax();
      lock.lock();
      if (stopping_) return;
      changed_.wait(lock, [&] { return stopping_ || epoch_.load(std::memory_order_relaxed) != seen; });
      if (worker != 0 && !active_) return;
      continue;
    }
    Progress& progress = progress_[task->lane];
    progress.started = task->tile + 1;
    ++progress.running;
    ++running_;
    const Range rows = this->rows(task->lane, task->tile);
    Lane& lane = (*lanes_)[task->lane];
    Status status = ok();
    if (rows.count() > 0) {
      const Work& work = *work_;
      lock.unlock();
      status = work(worker, lane, rows);
      lock.lock();
    }
    --running_;
    --progress.running;
    if (!status.ok() && !failure_.has_value()) failure_ = std::move(status).error();
    finish(*task);
  }
}

void Crew::finish(const Task& task) {
  tile_done_[task.lane * most_tiles_ + task.tile] = 1;
  Progress& progress = progress_[task.lane];
  while (progress.done < tiles_ && tile_done_[task.lane * most_tiles_ + progress.done] != 0) ++progress.done;
  --left_;
  epoch_.fetch_add(1, std::memory_order_release);
  changed_.notify_all();
}

bool Crew::ready(size_t lane) const {
  const Progress& progress = progress_[lane];
  if (progress.started == tiles_) return false;
  const Lane& l = (*lanes_)[lane];
  if (l.in_order && progress.running > 0) return false;
  return std::all_of(l.inputs.begin(), l.inputs.end(),
                     [&](uint32_t input) { return progress_[input].done > progress.started; });
}

// The caller first does what only it can do, sinks before sources; then everyone takes the earliest tile, and in it the
// stage nearest to the sinks.
std::optional<Crew::Task> Crew::pick(bool caller) {
  if (caller)
    for (size_t l = lane_count_; l-- > 0;)
      if ((*lanes_)[l].on_caller && ready(l)) return Task{l, progress_[l].started};
  std::optional<Task> best;
  for (size_t l = lane_count_; l-- > 0;) {
    if ((*lanes_)[l].on_caller || !ready(l)) continue;
    if (!best.has_value() || progress_[l].started < best->tile) best = Task{l, progress_[l].started};
  }
  return best;
}

}  // namespace sqs
