// Values as unsigned keys that compare as the values do, so that selecting and sorting know integers only and give one order
// for every run: -0 before +0, every NaN after +infinity. Pure functions, and a radix sort on keys.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include "lanes.hpp"

namespace sqs::dsp {

template <class T>
using KeyOf = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;

template <class T>
KeyOf<T> to_key(T value) {
  using Key = KeyOf<T>;
  constexpr Key kTop = Key{1} << (8 * sizeof(Key) - 1);
  if constexpr (std::is_floating_point_v<T>) {
    const Key bits = std::bit_cast<Key>(value);
    // Negative numbers descend in their bits; all others follow them.
    const Key ordered = bits ^ ((bits & kTop) != 0 ? ~Key{0} : kTop);
    return value != value ? ~Key{0} : ordered;
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<Key>(static_cast<std::make_signed_t<Key>>(value)) ^ kTop;
  } else {
    return value;
  }
}

template <class T>
T from_key(KeyOf<T> key) {
  using Key = KeyOf<T>;
  constexpr Key kTop = Key{1} << (8 * sizeof(Key) - 1);
  if constexpr (std::is_floating_point_v<T>) {
    if (key == ~Key{0}) return std::numeric_limits<T>::quiet_NaN();
    return std::bit_cast<T>(static_cast<Key>(key ^ ((key & kTop) != 0 ? kTop : ~Key{0})));
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<T>(static_cast<std::make_signed_t<Key>>(key ^ kTop));
  } else {
    return static_cast<T>(key);
  }
}

template <class T>
void load_keys(const std::byte* from, int64_t stride, uint64_t count, KeyOf<T>* keys) {
  if (stride == static_cast<int64_t>(sizeof(T))) {
    for (uint64_t i = 0; i < count; ++i) keys[i] = to_key(load_element<T>(from + i * sizeof(T)));
    return;
  }
  for (uint64_t i = 0; i < count; ++i, from += stride) keys[i] = to_key(load_element<T>(from));
}

// Sorts `count` keys; spare has room for as many. Least significant byte first, leaving out bytes that all keys share.
template <class Key>
void sort_keys(Key* keys, uint64_t count, Key* spare) {
  constexpr uint64_t kSmall = 256;
  if (count < kSmall) {
    std::sort(keys, keys + count);
    return;
  }
  constexpr size_t kBytes = sizeof(Key);
  std::array<std::array<uint64_t, 256>, kBytes> starts{};
  for (uint64_t i = 0; i < count; ++i)
    for (size_t byte = 0; byte < kBytes; ++byte) ++starts[byte][(keys[i] >> (8 * byte)) & 255];
  Key* from = keys;
  Key* to = spare;
  for (size_t byte = 0; byte < kBytes; ++byte) {
    auto& start = starts[byte];
    if (start[(from[0] >> (8 * byte)) & 255] == count) continue;
    uint64_t next = 0;
    for (uint64_t& slot : start) next += std::exchange(slot, next);
    for (uint64_t i = 0; i < count; ++i) to[start[(from[i] >> (8 * byte)) & 255]++] = from[i];
    std::swap(from, to);
  }
  if (from != keys) std::memcpy(keys, from, count * sizeof(Key));
}

}  // namespace sqs::dsp
