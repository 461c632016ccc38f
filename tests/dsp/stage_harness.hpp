// Runs one stage, and the helpers it is built with, as the engine would, but harder on it: any grouping of rows into tiles (of a
// backward stage from the last row to the first), rows scattered in memory, scratch full of NaN, guarded output, a state that is
// saved and restored elsewhere between any two calls. Not thread-safe.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "array.hpp"
#include "stage.hpp"

namespace sqs::dsp::test {

// An input: rows of an array, where they lie, and the context a row is seen with.
struct Input {
  Array array;              // (rows, [context,] row shape)
  uint64_t before = 0;
  bool has_context = false;
  uint64_t hop = 0;
  bool is_reduce = false;   // one row, seen at every t

  // Windows of a stream: frames (n, channels) seen as (rows, window, channels) that share memory.
  static Input windows(const Array& frames, uint64_t window, uint64_t hop);
  // Copies of them, each by itself.
  Input materialised() const;
  uint64_t rows() const;
  std::vector<uint64_t> row_shape() const;

  uint64_t window = 0;      // not 0: array holds frames
};

enum class Layout { Packed, Scattered };

// Row counts of the calls, in turn and again from the start.
using Grouping = std::vector<uint64_t>;
inline const Grouping kAtOnce = {UINT64_MAX};
inline const Grouping kOneByOne = {1};

struct Setting {
  Grouping grouping = kAtOnce;
  Layout layout = Layout::Packed;
  double sample_rate = 0;
};

class StageUnderTest {
 public:
  // Throws Failure as sqs_dsp_add answers.
  StageUnderTest(const char* type, const std::string& params, std::vector<Input> inputs);

  // All rows of the output, (rows, row shape); of a reduce the one row, (row shape). Throws std::runtime_error with the
  // callback's sentence if one fails.
  Array run(const Setting& setting = {}) const;
  uint64_t rows() const;

 private:
  std::vector<Input> inputs_;
  const TypeSpec& type_;
  Recipe recipe_;
};

// run() of a stage in one line.
Array run_stage(const char* type, const std::string& params, const Array& input, const Setting& setting = {});
Array run_stage(const char* type, const std::string& params, const std::vector<Array>& inputs, const Setting& setting = {});
// The sentence that a callback of it fails with; empty if none does.
std::string failure(const char* type, const std::string& params, const std::vector<Array>& inputs, const Setting& setting = {});
// The sentence that a stage over these inputs is refused with; empty if it is not.
std::string refusal(const char* type, const std::string& params, const std::vector<Array>& arrays);
inline std::string refusal(const char* type, const std::string& params, const Array& rows) {
  return refusal(type, params, std::vector{rows});
}

}  // namespace sqs::dsp::test
