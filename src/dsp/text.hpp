// Sentences out of words and numbers: text("band ", i, " ends at ", hz, " Hz"). Numbers are printed as short as they can be
// read back, whatever the locale. Thread safety: no state.
#pragma once

#include <array>
#include <charconv>
#include <string>
#include <string_view>
#include <type_traits>

namespace sqs::dsp {

template <class Part>
void append_text(std::string& out, const Part& part) {
  if constexpr (std::is_arithmetic_v<Part> && !std::is_same_v<Part, char>) {
    std::array<char, 40> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), part).ptr;
    out.append(digits.data(), end);
  } else if constexpr (std::is_same_v<Part, char>) {
    out.push_back(part);
  } else {
    out.append(std::string_view(part));
  }
}

template <class... Parts>
std::string text(const Parts&... parts) {
  std::string out;
  (append_text(out, parts), ...);
  return out;
}

}  // namespace sqs::dsp
