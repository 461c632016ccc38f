#include "exec/companion.hpp"

#include <chrono>
#include <utility>

#include "os/clock.hpp"
#include "os/fpenv.hpp"

namespace sqs {

Companion::Companion(Step step) : step_(std::move(step)), thread_([this] { serve(); }) {}

Companion::~Companion() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Companion::serve() {
  const os::PinnedFp pinned;
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return stopping_ || (working_ && !paused_); });
    if (stopping_) return;
    stepping_ = true;
    lock.unlock();
    Result<bool> last = step_();
    lock.lock();
    stepping_ = false;
    if (!last.ok()) failure_ = std::move(last).error();
    if (failure_.has_value() || *last) working_ = false;
    if (!working_ || paused_) changed_.notify_all();
  }
}

void Companion::begin() {
  {
    const std::lock_guard lock(mutex_);
    working_ = true;
  }
  changed_.notify_all();
}

Result<bool> Companion::wait(uint64_t deadline_ns) {
  std::unique_lock lock(mutex_);
  const auto done = [&] { return !working_; };
  if (deadline_ns == UINT64_MAX) {
    changed_.wait(lock, done);
  } else {  // by the system clock: older ThreadSanitizers know no wait by another one
    const uint64_t now = os::monotonic_ns();
    const auto left = std::chrono::nanoseconds(deadline_ns > now ? deadline_ns - now : 0);
    if (!changed_.wait_until(lock, std::chrono::system_clock::now() + left, done)) return false;
  }
  if (failure_.has_value()) return *std::exchange(failure_, std::nullopt);
  return true;
}

void Companion::pause() {
  std::unique_lock lock(mutex_);
  paused_ = true;
  changed_.wait(lock, [&] { return !stepping_; });
}

void Companion::resume() {
  {
    const std::lock_guard lock(mutex_);
    paused_ = false;
  }
  changed_.notify_all();
}

}  // namespace sqs
