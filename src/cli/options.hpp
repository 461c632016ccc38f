// What the user asked for. Invariant: an Options that parse_command_line() filled is in range; whether it suits the workload
// is the workload's to say. Thread safety: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sqrtspace/sqrtspace.hpp"
#include "units.hpp"

namespace sqs::cli {

inline constexpr uint64_t kDefaultSeed = 1;

struct Options {
  std::string workload;

  // Input: a file, or a synthetic stream of some length.
  std::string input;
  std::string output;
  std::string report;
  std::string dtype, container;
  std::optional<uint64_t> channels, skip;
  std::optional<double> rate;
  std::optional<double> minutes;
  std::optional<uint64_t> frames;
  std::optional<uint64_t> seed;

  // The pipeline.
  std::optional<uint64_t> window, hop;
  std::optional<double> limit;
  bool deep = false;
  std::string target;

  // The engine.
  sqrtspace::Mode mode = sqrtspace::Mode::automatic;
  uint64_t budget = 0;
  uint64_t lru = 0;  // SQS_NONE: off
  uint64_t checkpoint_every = 0;
  uint64_t tile_frames = 0;
  std::string spill_dir;
  uint64_t disk = 0;
  uint32_t max_ratio = 0;
  uint32_t threads = 1;
  bool probe = false;
  std::optional<RowRange> rows;

  // What is shown.
  bool json = false, quiet = false, verbose = false;
  bool compare = false, force = false;
  uint64_t head = 5;

  // bench and stages.
  std::string preset = "fits";
  std::string csv;
  uint32_t repeats = 5;
  std::string stage_type;
};

// As --mode takes it.
const char* mode_name(sqrtspace::Mode mode);

// In the order in which they are compared.
inline constexpr sqrtspace::Mode kModes[] = {sqrtspace::Mode::classic, sqrtspace::Mode::sqrt, sqrtspace::Mode::automatic};

}  // namespace sqs::cli
