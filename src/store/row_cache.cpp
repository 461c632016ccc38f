#include "store/row_cache.hpp"

#include <algorithm>

#include "core/size.hpp"

namespace sqs {
namespace {

constexpr uint64_t kWays = 8;

// Spreads keys over groups: the finaliser of SplitMix64 (Steele, Lea, Flood 2014).
uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

}  // namespace

Result<RowCache> RowCache::make(std::shared_ptr<Ledger> ledger, uint64_t bytes, uint64_t slot_bytes) {
  RowCache cache;
  cache.slot_bytes_ = slot_bytes;
  SQS_TRY_ASSIGN(cache.memory_, ChargedMemory::take(std::move(ledger), bytes, os::Mapping::Use::Some));
  const Size group = (Size(slot_bytes) + sizeof(Slot)) * kWays;
  const uint64_t usable = bytes > kAlign ? bytes - kAlign : 0;
  cache.groups_ = group.overflowed() ? 0 : usable / group.saturated();
  cache.keys_bytes_ = aligned(Size(cache.groups_ * kWays) * sizeof(Slot)).saturated();
  cache.slots_ = reinterpret_cast<Slot*>(cache.memory_.data());  // fresh pages are zero, which is an empty slot
  return cache;
}

RowCache::Slot* RowCache::group_of(NodeId stage, uint64_t tile) const {
  return slots_ + mix(tile * 0x9e3779b97f4a7c15u + stage) % groups_ * kWays;
}

RowCache::Slot* RowCache::slot_of(NodeId stage, uint64_t tile) {
  if (groups_ == 0) return nullptr;
  Slot* group = group_of(stage, tile);
  for (Slot* slot = group; slot < group + kWays; ++slot)
    if (slot->stamp != 0 && slot->stage == stage && slot->tile == tile) return slot;
  return nullptr;
}

RowCache::Stretch RowCache::find(NodeId stage, uint64_t row, uint64_t row_bytes) {
  const uint64_t per_tile = tile_rows(row_bytes);
  if (per_tile == 0) return {};
  Slot* slot = slot_of(stage, row / per_tile);
  if (slot == nullptr || row < slot->first || row >= slot->end) return {};
  slot->stamp = ++clock_;
  return {data(slot) + slot->first % per_tile * row_bytes, slot->first, slot->end};
}

bool RowCache::suits(uint64_t bytes, uint64_t slot_bytes) {
  constexpr uint64_t kGroups = 4;
  const Size least = (Size(slot_bytes) + sizeof(Slot)) * (kWays * kGroups);
  return !least.overflowed() && least.saturated() <= bytes;
}

std::byte* RowCache::put(NodeId stage, uint64_t first, uint64_t end, uint64_t row_bytes, bool yield) {
  const uint64_t per_tile = tile_rows(row_bytes);
  if (per_tile == 0 || groups_ == 0) return nullptr;
  const uint64_t tile = first / per_tile;
  Slot* slot = slot_of(stage, tile);
  if (slot == nullptr) {
    Slot* group = group_of(stage, tile);
    slot = std::min_element(group, group + kWays, [](const Slot& a, const Slot& b) { return a.stamp < b.stamp; });
    if (slot->stamp > pinned_after_) return nullptr;
    *slot = {tile, first, first, 0, stage};
  }
  const bool adjoining = first <= slot->end && end >= slot->first;
  if (!adjoining && slot->stamp > pinned_after_) return nullptr;
  slot->first = adjoining ? std::min(slot->first, first) : first;
  slot->end = adjoining ? std::max(slot->end, end) : end;
  slot->stamp = yield ? std::min(++clock_, pinned_after_) : ++clock_;
  return data(slot) + first % per_tile * row_bytes;
}

}  // namespace sqs
