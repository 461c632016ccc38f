// The k-th smallest of several sorted runs, without merging them. Pure; narrows the runs it is given.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
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

// std::lower_bound without branches, which a search among random values would mispredict at every other step.
template <class Key>
const Key* first_not_below(const Key* begin, const Key* end, Key pivot) {
  auto size = static_cast<uint64_t>(end - begin);
  if (size == 0) return begin;
  while (size > 1) {
    const uint64_t half = size / 2;
    begin += begin[half - 1] < pivot ? half : 0;
    size -= half;
  }
  return begin + (*begin < pivot ? 1 : 0);
}

// std::upper_bound in a range without entries below the pivot, where mostly none equals it.
template <class Key>
const Key* first_above(const Key* begin, const Key* end, Key pivot) {
  if (begin == end || *begin != pivot) return begin;
  return pivot == ~Key{0} ? end : first_not_below(begin, end, static_cast<Key>(pivot + 1));
}

// A pivot from the longest run, taken for a sample of all: two standard errors beyond the share that is sought, so that the
// larger side of it goes away in one round and the other in the next (Floyd & Rivest 1975). `middle` takes the run's middle
// instead: with that now and then, a quarter of the longest run goes away in a few rounds whatever the values are.
template <class Key>
Key choose_pivot(const SortedRun<Key>* runs, size_t count, uint64_t rank, uint64_t total, bool middle) {
  const auto& longest = *std::max_element(runs, runs + count, [](const auto& a, const auto& b) { return a.size() < b.size(); });
  if (middle) return longest.begin[longest.size() / 2];
  const double size = static_cast<double>(longest.size());
  const double share = static_cast<double>(rank) / static_cast<double>(total);
  const double margin = 2 * std::sqrt(share * (1 - share) / size) + 1 / size;
  const double place = (share < 0.5 ? share + margin : share - margin) * size;
  return longest.begin[static_cast<uint64_t>(std::clamp(place, 0.0, size - 1))];
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
  for (int round = 1; total > kFew; ++round) {
    const Key pivot = choose_pivot(runs, count, rank, total, round % 4 == 0);
    uint64_t below = 0;
    for (size_t i = 0; i < count; ++i) {
      runs[i].cut = first_not_below(runs[i].begin, runs[i].end, pivot);
      below += static_cast<uint64_t>(runs[i].cut - runs[i].begin);
    }
    if (rank < below) {
      for (size_t i = 0; i < count; ++i) runs[i].end = runs[i].cut;
      total = below;
      continue;
    }
    uint64_t not_above = 0;
    for (size_t i = 0; i < count; ++i) {
      const Key* above = first_above(runs[i].cut, runs[i].end, pivot);
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
