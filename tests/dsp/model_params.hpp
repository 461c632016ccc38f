// The models of vectors/kalman.txt and vectors/hmm.txt as parameters of stages. Values.
#pragma once

#include <array>
#include <charconv>
#include <string>
#include <vector>

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

// Models of which there is a variant "NAME-missing" too.
inline constexpr const char* kKalmanCases[] = {"1-1", "2-1", "4-2", "3-3", "6-2", "7-5", "16-16"};

inline std::string dynamics_of(const Vectors& vectors, const std::string& name) {
  return list_param("F", vectors[name + "-F"]) + list_param("Q", vectors[name + "-Q"]);
}
inline std::string model_of(const Vectors& vectors, const std::string& name) {
  return dynamics_of(vectors, name) + list_param("H", vectors[name + "-H"]) + list_param("R", vectors[name + "-R"]) +
         list_param("m0", vectors[name + "-m0"]) + list_param("P0", vectors[name + "-P0"]);
}

struct HmmCase {
  std::string name, params;
};

inline std::vector<HmmCase> hmm_cases(const Vectors& vectors) {
  std::vector<HmmCase> out;
  for (const int states : {1, 2, 5, 17}) {
    const std::string name = "dense-" + std::to_string(states);
    out.push_back({name, list_param("transitions", vectors[name + "-transitions"]) +
                             list_param("initial", vectors[name + "-initial"])});
  }
  for (const char* shape : {"1-0", "1-3", "4-6", "9-2", "40-5", "300-3", "300-130"}) {
    for (const char* border : {"renormalise", "keep"}) {
      const std::string name = std::string("band-") + shape + "-" + border;
      out.push_back({name, list_param("band", vectors[name + "-band"]) + "border=" + border + " "});
    }
  }
  out.push_back({"contradiction", list_param("transitions", vectors["contradiction-transitions"])});
  return out;
}

}  // namespace sqs::dsp::test
