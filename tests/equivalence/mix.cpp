#include "mix.hpp"

#include <array>

#include "sqrtspace/sqrtspace.h"

namespace eq {
namespace {

uint64_t float64_bits(uint64_t random, bool specials) {
  constexpr std::array<uint64_t, 6> kSpecial = {0x7FF8000000012345u, 0xFFF8000000054321u, 0x7FF0000000000000u,
                                                0xFFF0000000000000u, 0x8000000000000000u, 0x000000000000BEEFu};
  if (specials && random % 37 == 0) return kSpecial.at((random >> 32) % kSpecial.size());
  const uint64_t exponent = 1023 - 8 + (random >> 52) % 17;
  return (random & 0x800FFFFFFFFFFFFFu) | (exponent << 52);
}

uint32_t float32_bits(uint64_t random, bool specials) {
  constexpr std::array<uint32_t, 6> kSpecial = {0x7FC12345u, 0xFFC54321u, 0x7F800000u, 0xFF800000u, 0x80000000u, 0x0000BEEFu};
  if (specials && random % 37 == 0) return kSpecial.at((random >> 32) % kSpecial.size());
  const auto exponent = static_cast<uint32_t>(127 - 8 + (random >> 52) % 17);
  return (static_cast<uint32_t>(random) & 0x807FFFFFu) | (exponent << 23);
}

template <class Word>
void store(uint8_t*& out, Word word) {
  std::memcpy(out, &word, sizeof word);
  out += sizeof word;
}

}  // namespace

void write_elements(int32_t dtype, uint64_t elements, uint64_t hash, bool specials, void* out) {
  auto* bytes = static_cast<uint8_t*>(out);
  const bool complex = dtype == SQS_C64 || dtype == SQS_C128;
  const bool single = dtype == SQS_F32 || dtype == SQS_C64;
  const uint64_t size = complex ? sqs_dtype_bytes(dtype) / 2 : sqs_dtype_bytes(dtype);
  const uint64_t parts = complex ? 2 * elements : elements;
  for (uint64_t i = 0; i < parts; ++i) {
    const uint64_t random = splitmix(hash + i);
    if (dtype >= SQS_F32 && single) {
      store(bytes, float32_bits(random, specials));
    } else if (dtype >= SQS_F32) {
      store(bytes, float64_bits(random, specials));
    } else {
      std::memcpy(bytes, &random, size);
      bytes += size;
    }
  }
}

}  // namespace eq
