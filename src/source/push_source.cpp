#include "source/push_source.hpp"

#include <algorithm>
#include <cstring>

#include "core/size.hpp"

namespace sqs {
namespace {

constexpr uint64_t kSmallestSlab = 64 * 1024;
constexpr uint64_t kLargestSlab = uint64_t{16} << 20;

}  // namespace

uint64_t PushSource::room() const {
  return slabs_.empty() ? 0 : slabs_.back().first + slabs_.back().capacity - count_.load(std::memory_order_relaxed);
}

Status PushSource::add_slab(uint64_t frames, uint64_t budget_bytes) {
  SQS_TRY_ASSIGN(const uint64_t needed, (Size(frames) * frame_bytes_).take("a piece of pushed frames"));
  const uint64_t held = ledger_->held();
  const uint64_t left = budget_bytes > held ? budget_bytes - held : 0;
  // Slabs grow with the stream, so that there are few; near the budget they shrink with what is left of it, so that there are
  // few as well: each takes whole pages.
  const uint64_t wish = std::max(needed, std::clamp(held_bytes_ / 4, kSmallestSlab, kLargestSlab));
  const uint64_t room = wish <= left / 2 ? wish : std::max(needed, left / 8);
  const uint64_t bytes = room - room % frame_bytes_;
  if (bytes > left)
    return Error{SQS_E_BUDGET, "pushing " + std::to_string(frames) + " frames takes " + std::to_string(needed) +
                               " bytes, but only " + std::to_string(left) + " of the memory budget of " +
                               std::to_string(budget_bytes) + " bytes are left: raise memory_budget, or use a reader"};
  Slab slab;
  slab.first = slabs_.empty() ? 0 : slabs_.back().first + slabs_.back().capacity;
  slab.capacity = bytes / frame_bytes_;
  SQS_TRY_ASSIGN(slab.memory, ChargedMemory::take(ledger_, bytes, os::Mapping::Use::All, Ledger::Account::Frames));
  held_bytes_ += bytes;
  slabs_.push_back(std::move(slab));
  return ok();
}

Status PushSource::push(const void* frames, uint64_t count, uint64_t budget_bytes) {
  const std::lock_guard lock(mutex_);
  if (ended()) return Error{SQS_E_STATE, "the input has been ended: nothing can be pushed after it"};
  const uint64_t free = room();
  if (count > free) SQS_TRY(add_slab(count - free, budget_bytes));
  const auto* from = static_cast<const std::byte*>(frames);
  uint64_t at = count_.load(std::memory_order_relaxed);
  for (uint64_t left = count; left > 0;) {
    Slab* slab = &slabs_.back();
    while (slab->first > at) --slab;
    const uint64_t piece = std::min(left, slab->first + slab->capacity - at);
    std::memcpy(slab->memory.data() + (at - slab->first) * frame_bytes_, from, piece * frame_bytes_);
    from += piece * frame_bytes_;
    at += piece;
    left -= piece;
  }
  count_.store(at, std::memory_order_release);
  return ok();
}

Status PushSource::end() {
  const std::lock_guard lock(mutex_);
  if (ended()) return Error{SQS_E_STATE, "the input has been ended already"};
  ended_.store(true, std::memory_order_release);
  return ok();
}

Status PushSource::read(uint64_t first, uint64_t count, std::byte* dst) {
  const std::lock_guard lock(mutex_);
  auto slab = std::upper_bound(slabs_.begin(), slabs_.end(), first,
                               [](uint64_t frame, const Slab& s) { return frame < s.first + s.capacity; });
  for (uint64_t left = count; left > 0; ++slab) {
    const uint64_t piece = std::min(left, slab->first + slab->capacity - first);
    std::memcpy(dst, slab->memory.data() + (first - slab->first) * frame_bytes_, piece * frame_bytes_);
    dst += piece * frame_bytes_;
    first += piece;
    left -= piece;
  }
  return ok();
}

uint64_t PushSource::retained_bytes() const {
  const std::lock_guard lock(mutex_);
  return held_bytes_;
}

}  // namespace sqs
