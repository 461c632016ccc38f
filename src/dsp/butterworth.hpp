// Butterworth filters as second-order sections, with the sections, their order and their gain as scipy.signal.butter(...,
// output="sos") has them. Allocates nothing. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sqs::dsp {

inline constexpr uint32_t kMaxButterOrder = 24;
inline constexpr uint32_t kMaxSections = 64;

// y = b0 x + z0;  z0 = b1 x - a1 y + z1;  z1 = b2 x - a2 y.
struct Section {
  double b0, b1, b2, a1, a2;
};

struct Sections {
  std::array<Section, kMaxSections> at{};
  uint32_t count = 0;
};

enum class Band { LowPass, HighPass, BandPass, BandStop };

// How many sections a design has.
uint32_t butter_sections(Band band, uint32_t order);

// Corners as fractions of half the sample rate, 0 < low < high < 1: LowPass uses high, HighPass low, the others both.
Sections butter(Band band, uint32_t order, double low, double high);

}  // namespace sqs::dsp
