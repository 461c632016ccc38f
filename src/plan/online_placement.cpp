#include "plan/online_placement.hpp"

#include <algorithm>

namespace sqs {

OnlinePlacement::OnlinePlacement(uint64_t pool_bytes, uint64_t state_bytes, uint64_t tile_bytes, uint64_t disk_limit)
    : pool_(pool_bytes), state_(state_bytes), tile_(tile_bytes), disk_limit_(disk_limit) {
  most_ = capacity().most_states();
  resident_ = std::max(most_ / 2, std::min<uint64_t>(most_, 1));
  if (state_ != 0) half_ = std::max<uint64_t>(CapacityTable::usable_pool(pool_, state_, tile_) / state_ / 2, 1);
  next_ = next_position();
}

// Without a disk the gap after state i is K(B - iS). With one it stays what it is beside resident_ states while older ones
// go to disk, disk_limit_ times, and shrinks further after.
Wide OnlinePlacement::placed(Wide state) const {
  const Wide first = capacity().beside(0);
  if (most_ == 0) return (state + 1) * first;
  const Wide spilled = std::clamp<Wide>(state - resident_, 0, disk_limit_);
  return first + capacity().segments(state - spilled) + spilled * capacity().beside(Wide(resident_) - 1);
}

// Where the state in memory with this index would be had none been dropped: once the pool is full, and as many outputs
// follow as fit beside the states, they would go on at even gaps. h halvings have left those of index 2^h - 1,
// 2 * 2^h - 1, ..., and what is saved now goes on like that. The first overflow halves twice, so that the next gaps are
// about K(B / 2) tiles.
Wide OnlinePlacement::memory_position(Wide index) const {
  if (index < most_) return placed(Wide(disk_) + index);
  const Wide gap = std::max<Wide>(capacity().kept(pool_ / 2) / 4, 1);
  return placed(Wide(disk_) + most_) + capacity().beside(most_) + (index - most_) * gap;
}

Wide OnlinePlacement::next_position() const {
  if (disk_ < disk_limit_) return placed(Wide(disk_) + memory_);  // memory need not be full for long
  if (most_ == 0 && overflowed_) return Capacity::kEndless;
  return memory_position((Wide(1) << halvings_) * (Wide(memory_) + 1) - 1);
}

OnlinePlacement::Step OnlinePlacement::before_tile(uint64_t tile) {
  Step step;
  if (Wide(tile) == next_) {
    if (most_ == 0) {
      step.save = step.to_disk = disk_ < disk_limit_;
      overflowed_ = !step.save;
    } else if (!overflowed_ && memory_ >= resident_ && disk_ < disk_limit_) {
      step.save = step.spill = true;
      ++disk_;
      --memory_;
    } else if (memory_ < (overflowed_ ? half_ : most_)) {
      step.save = true;
    } else {
      overflowed_ = true;
      for (; memory_ >= half_; memory_ /= 2) ++step.halvings;
      halvings_ += step.halvings;
      step.save = next_position() == tile;
    }
    if (step.save) ++(step.to_disk ? disk_ : memory_);
    next_ = next_position();
  }
  kept_ = std::min(kept_, tail() - 1) + 1;
  return step;
}

uint64_t OnlinePlacement::tail() const {
  return static_cast<uint64_t>(std::min<Wide>(capacity().beside(memory_), UINT64_MAX));
}

uint64_t OnlinePlacement::position(uint64_t state) const {
  if (state < disk_) return static_cast<uint64_t>(placed(state));
  return static_cast<uint64_t>(memory_position((Wide(1) << halvings_) * (Wide(state - disk_) + 1) - 1));
}

}  // namespace sqs
