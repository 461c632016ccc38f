// The k-th smallest of several sorted runs, without merging them. Pure; narrows the runs it is given.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace sqs::dsp {

template <class Key>
struct SortedRun {
  const Key* begin = nullptr;
  const Key* end = nullptr;
  const Key* cut = nullptr;  // first entry not below the pivot

  uint64_t size() const { return static_cast<uint64_t>(end - begin); }
};

// A pivot near the rank that is sought: that share of the way along the longest run. Every other round takes the run's middle,
// so that at least a quarter of the longest run goes away in two rounds whatever the values are.
template <class Key>
Key choose_pivot(const SortedRun<Key>* runs, size_t count, uint64_t rank, uint64_t total, bool middle) {
  const auto& longest = *std::max_element(runs, runs + count, [](const auto& a, const auto& b) { return a.size() < b.size(); });
  const uint64_t size = longest.size();
  if (middle) return longest.begin[size / 2];
  const double share = static_cast<double>(rank) / static_cast<double>(total);
  return longest.begin[std::min(static_cast<uint64_t>(share * static_cast<double>(size)), size - 1)];
}

template <class Key>
Key select_from_few(const SortedRun<Key>* runs, size_t count, uint64_t rank, Key* few) {
  Key* end = few;
  for (size_t i = 0; i < count; ++i) end = std::copy(runs[i].begin, runs[i].end, end);
  std::nth_element(few, few + rank, end);
  return few[rank];
}

// The entry of `rank` (from 0) among all entries of the runs; rank is below their number.
template <class Key>
Key select_from_runs(SortedRun<Key>* runs, size_t count, uint64_t rank) {
  constexpr uint64_t kFew = 64;
  std::array<Key, kFew> few{};
  uint64_t total = 0;
  for (size_t i = 0; i < count; ++i) total += runs[i].size();
  for (bool middle = false; total > kFew; middle = !middle) {
    const Key pivot = choose_pivot(runs, count, rank, total, middle);
    uint64_t below = 0;
    for (size_t i = 0; i < count; ++i) {
      runs[i].cut = std::lower_bound(runs[i].begin, runs[i].end, pivot);
      below += static_cast<uint64_t>(runs[i].cut - runs[i].begin);
    }
    if (rank < below) {
      for (size_t i = 0; i < count; ++i) runs[i].end = runs[i].cut;
      total = below;
      continue;
    }
    uint64_t not_above = 0;
    for (size_t i = 0; i < count; ++i) {
      const Key* above = std::upper_bound(runs[i].cut, runs[i].end, pivot);
      not_above += static_cast<uint64_t>(above - runs[i].begin);
      runs[i].begin = above;
    }
    if (rank < not_above) return pivot;
    rank -= not_above;
    total -= not_above;
  }
  return select_from_few(runs, count, rank, few.data());
}

}  // namespace sqs::dsp
