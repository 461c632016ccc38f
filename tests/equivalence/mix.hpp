// The arithmetic of the test stages: hashes that feel every byte, its place and the row's number, and rows written from a
// hash. The naive evaluator and the engine's callbacks share this arithmetic and nothing else. Pure functions.
#pragma once

#include <cstdint>
#include <cstring>

#include "rng.hpp"

namespace eq {

// An order-sensitive hash over elements.
class Mixer {
 public:
  explicit Mixer(uint64_t seed) : hash_(splitmix(seed)) {}

  void absorb(uint64_t word) {
    hash_ = (hash_ ^ word) * 0x9E3779B97F4A7C15u;
    hash_ ^= hash_ >> 29;
  }
  // bytes: 1, 2, 4, 8 or 16.
  void absorb_element(const void* element, uint64_t bytes) {
    uint64_t words[2] = {0, 0};
    std::memcpy(words, element, bytes);
    absorb(words[0]);
    if (bytes == 16) absorb(words[1]);
  }
  uint64_t value() const { return splitmix(hash_); }

 private:
  uint64_t hash_;
};

// What a scan or reduce carries from row to row. slots are a long memory: a value put there comes back many rows later.
struct Carry {
  uint64_t hash = 0;
  uint64_t* slots = nullptr;
  uint64_t slot_count = 0;
};

inline void carry_first(Carry& carry, uint64_t seed, uint64_t row_hash) { carry.hash = splitmix(seed ^ row_hash); }

// Takes row t in and returns the hash its output row is written from.
inline uint64_t carry_row(Carry& carry, uint64_t t, uint64_t row_hash) {
  Mixer mixer(carry.hash);
  mixer.absorb(row_hash);
  if (carry.slot_count > 0) {
    uint64_t& slot = carry.slots[t % carry.slot_count];
    mixer.absorb(slot);
    slot = mixer.value() ^ t;
  }
  carry.hash = mixer.value();
  return splitmix(carry.hash);
}

// What a reduce's one row is written from. An all-zero state, as of a reduce without rows, gives the same for any slot_count.
inline uint64_t carry_end(const Carry& carry, uint64_t seed) {
  Mixer mixer(carry.hash ^ seed);
  for (uint64_t i = 0; i < carry.slot_count; ++i) {
    if (carry.slots[i] != 0) mixer.absorb(carry.slots[i] ^ i);
  }
  return mixer.value();
}

// Writes `elements` contiguous elements. Floats are finite with a full random mantissa; with specials now and then a NaN with
// a payload, an infinity, a negative zero or a denormal.
void write_elements(int32_t dtype, uint64_t elements, uint64_t hash, bool specials, void* out);

}  // namespace eq
