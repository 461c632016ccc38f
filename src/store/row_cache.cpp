#include "store/row_cache.hpp"

#include <algorithm>

namespace sqs {
namespace {

constexpr uint64_t kBlockBytes = 64 * 1024;

}  // namespace

Result<RowCache> RowCache::make(std::shared_ptr<Ledger> ledger, uint64_t bytes, uint64_t row_bytes) {
  RowCache cache;
  cache.block_bytes_ = std::max(kBlockBytes, row_bytes);
  SQS_TRY_ASSIGN(cache.memory_, ChargedMemory::take(std::move(ledger), bytes));
  cache.slots_.resize(bytes / cache.block_bytes_);
  return cache;
}

const std::byte* RowCache::find(NodeId stage, uint64_t block) {
  for (size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    if (!slot.used || slot.stage != stage || slot.block != block) continue;
    slot.stamp = ++clock_;
    return data(i);
  }
  return nullptr;
}

std::byte* RowCache::claim() {
  if (slots_.empty()) return nullptr;
  claimed_ = 0;
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (!slots_[i].used) {
      claimed_ = i;
      break;
    }
    if (slots_[i].stamp < slots_[claimed_].stamp) claimed_ = i;
  }
  slots_[claimed_].used = false;
  return data(claimed_);
}

void RowCache::publish(NodeId stage, uint64_t block) { slots_[claimed_] = {stage, true, block, ++clock_}; }

}  // namespace sqs
