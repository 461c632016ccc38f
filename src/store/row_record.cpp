#include "store/row_record.hpp"

#include <algorithm>

namespace sqs {

void RowRecord::add(NodeId stage, uint64_t first, uint64_t end) {
  if (first >= end) return;
  Stretch all{stage, first, end};
  for (size_t i = 0; i < held_;) {
    const Stretch& s = stretches_[i];
    if (s.stage != stage || s.end < all.first || s.first > all.end) {
      ++i;
      continue;
    }
    all.first = std::min(all.first, s.first);
    all.end = std::max(all.end, s.end);
    stretches_[i] = stretches_[--held_];
  }
  if (held_ < kMost) {
    stretches_[held_++] = all;
    return;
  }
  const auto shorter = [](const Stretch& a, const Stretch& b) { return a.count() < b.count(); };
  Stretch& shortest = *std::min_element(stretches_.begin(), stretches_.end(), shorter);
  if (shorter(shortest, all)) shortest = all;
}

RowRecord::Stretch RowRecord::find(NodeId stage, uint64_t row) const {
  for (size_t i = 0; i < held_; ++i) {
    const Stretch& s = stretches_[i];
    if (s.stage == stage && s.first <= row && row < s.end) return s;
  }
  return {};
}

}  // namespace sqs
