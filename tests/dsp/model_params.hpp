// Arrays as parameters of stages. Values.
#pragma once

#include <array>
#include <charconv>
#include <string>

#include "array.hpp"

namespace sqs::dsp::test {

// "NAME=1,2.5,-inf ", as short as the numbers can be read back.
inline std::string list_param(const std::string& name, const Array& values) {
  std::string out = name;
  for (uint64_t i = 0; i < values.count(); ++i) {
    std::array<char, 40> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), values.real(i)).ptr;
    out += i == 0 ? '=' : ',';
    out.append(digits.data(), end);
  }
  return out + " ";
}

}  // namespace sqs::dsp::test
