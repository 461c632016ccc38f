// 128-bit integers, for sums and products of positions that are proven to fit.
#pragma once

namespace sqs {

__extension__ typedef __int128 Wide;

inline constexpr Wide floor_div(Wide a, Wide b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }
inline constexpr Wide ceil_div(Wide a, Wide b) { return -floor_div(-a, b); }

}  // namespace sqs
