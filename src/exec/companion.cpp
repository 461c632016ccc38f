#include "exec/companion.hpp"

#include <chrono>
#include <system_error>
#include <utility>

#include "os/clock.hpp"
#include "os/fpenv.hpp"

namespace sqs {

Companion::Companion(Step step) : step_(std::move(step)) {
  try {
    thread_ = std::thread([this] { serve(); });
  } catch (const std::system_error&) {
    // The system has no more.
  }
}

Companion::~Companion() {
  if (!has_thread()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changes_.note();
  }
  thread_.join();
}

void Companion::serve() {
  const os::PinnedFp pinned;
  std::unique_lock lock(mutex_);
  for (;;) {
    while (!stopping_ && (!working_ || paused_ || (stuck_ && !nudged_))) changes_.wait(lock);
    if (stopping_) return;
    stepping_ = true;
    nudged_ = false;
    lock.unlock();
    Result<Done> done = step_();
    lock.lock();
    stepping_ = false;
    note_step(std::move(done));
    if (!working_ || paused_) changes_.note();
  }
}

void Companion::note_step(Result<Done> done) {
  stuck_ = done.ok() && *done == Done::Nothing;
  working_ = done.ok() && *done != Done::Piece;
  if (!done.ok()) failure_ = std::move(done).error();
}

void Companion::begin() {
  const std::lock_guard lock(mutex_);
  working_ = true;
  changes_.note();
}

void Companion::nudge() {
  const std::lock_guard lock(mutex_);
  nudged_ = true;
  if (stuck_) changes_.note();
}

Result<bool> Companion::step_here(uint64_t deadline_ns) {
  while (working_) {
    note_step(step_());
    if (failure_.has_value()) return *std::exchange(failure_, std::nullopt);
    if (working_ && os::monotonic_ns() >= deadline_ns) return false;
  }
  return true;
}

Result<bool> Companion::wait(uint64_t deadline_ns) {
  if (!has_thread()) return step_here(deadline_ns);
  std::optional<std::chrono::system_clock::time_point> end;
  if (deadline_ns != UINT64_MAX) {
    const uint64_t now = os::monotonic_ns();
    end = std::chrono::system_clock::now() + std::chrono::nanoseconds(deadline_ns > now ? deadline_ns - now : 0);
  }
  std::unique_lock lock(mutex_);
  while (working_)
    if (!changes_.wait(lock, end)) return false;
  if (failure_.has_value()) return *std::exchange(failure_, std::nullopt);
  return true;
}

void Companion::pause() {
  std::unique_lock lock(mutex_);
  paused_ = true;
  while (stepping_) changes_.wait(lock);
}

void Companion::resume() {
  const std::lock_guard lock(mutex_);
  paused_ = false;
  changes_.note();
}

}  // namespace sqs
