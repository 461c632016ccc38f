// Where the frames come from: a file that the dsp library reads, or a synthetic stream. Invariant: `format` says what
// attach() will deliver. Thread safety: none needed, one command uses one input.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "failure.hpp"
#include "options.hpp"
#include "synthetic.hpp"
#include "sqrtspace/dsp.hpp"

namespace sqs::cli {

struct InputFormat {
  sqrtspace::Dtype dtype = sqrtspace::Dtype::f32;
  uint64_t channels = 1;
  double sample_rate = 0;
  uint64_t frames = 0;
};

struct Input {
  InputFormat format;
  std::string description;                // "440 Hz sine", or the path
  std::string path;                       // empty: synthetic
  std::string file_options;
  std::shared_ptr<const Source> source;   // null: a file

  // Makes it the input of a pipeline, which keeps what it needs of it.
  void attach(sqrtspace::Pipeline& pipeline) const;
};

// The "key=value" pairs that say how to read options.input; fallback is the dtype of a raw file without --dtype. With it,
// Failure (usage) if nothing says that the file is a raw one.
std::string file_options(const Options& options, std::optional<sqrtspace::Dtype> fallback);
// Failure (input) if it can't be read.
sqrtspace::dsp::FileInfo read_file_info(const std::string& path, const std::string& options);
Input open_file(const Options& options, sqrtspace::Dtype fallback);

// For when the user named no file; the length comes from --minutes or --frames, else from format. Failure (usage) for options
// that are for files.
Input make_synthetic(std::unique_ptr<Source> source, const std::string& description, InputFormat format,
                     const Options& options);

}  // namespace sqs::cli
