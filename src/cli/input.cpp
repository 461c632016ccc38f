#include "input.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <utility>

namespace sqs::cli {
namespace {

std::string suffix_of(const std::string& path) {
  std::string suffix = std::filesystem::path(path).extension().string();
  for (char& c : suffix)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return suffix;
}

bool has_header(const std::string& suffix) {
  static const char* const kKnown[] = {".wav", ".flac", ".rf64", ".w64", ".npy"};
  return std::find(std::begin(kKnown), std::end(kKnown), suffix) != std::end(kKnown);
}

// True for bare samples of a type that was not told. Any bytes can be taken for samples, so something must say that these are.
bool needs_dtype(const Options& options) {
  if (!options.dtype.empty()) return false;
  const std::string suffix = suffix_of(options.input);
  if (options.container == "raw" || suffix == ".raw") return true;
  if (has_header(suffix)) return false;
  const std::string what = suffix.empty() ? options.input + " has no suffix that is known"
                                          : "the suffix " + suffix + " of " + options.input + " is not known";
  throw Failure(Exit::kUsage, what + " (.wav .flac .rf64 .w64 .npy .raw are): for bare samples give --dtype");
}

// Whatever goes wrong while an input is opened makes it an input that can't be read, but for options that make no sense.
template <class Body>
auto opening(Body&& body) {
  try {
    return body();
  } catch (const sqrtspace::Error& error) {
    throw Failure(exit_of(error.code()) == Exit::kUsage ? Exit::kUsage : Exit::kInput, error.what());
  }
}

uint64_t synthetic_frames(const InputFormat& format, const Options& options) {
  if (options.frames) return *options.frames;
  if (!options.minutes) return format.frames;
  const double frames = *options.minutes * 60.0 * format.sample_rate;
  if (frames > 0x1p62)
    throw Failure(Exit::kUsage, fmt::format("{:g} minutes at {:g} Hz are more than 2^62 frames: give less --minutes or --rate",
                                            *options.minutes, format.sample_rate));
  return static_cast<uint64_t>(std::llround(frames));
}

void refuse_file_options(const Options& options) {
  const std::pair<const char*, bool> given[] = {{"--dtype", !options.dtype.empty()},
                                                {"--container", !options.container.empty()},
                                                {"--channels", options.channels.has_value()},
                                                {"--skip", options.skip.has_value()}};
  for (const auto& [option, is_given] : given)
    if (is_given) throw Failure(Exit::kUsage, fmt::format("{} is for files, and this stream is synthetic: name a file", option));
}

}  // namespace

void Input::attach(sqrtspace::Pipeline& pipeline) const {
  if (!source) return opening([&] { sqrtspace::dsp::set_file(pipeline, path, file_options); });
  sqrtspace::Reader reader;
  reader.frame_count = format.frames;
  reader.sample_rate = format.sample_rate;
  reader.dtype = format.dtype;
  reader.channels = format.channels;
  reader.read = [from = source](uint64_t first, uint64_t frames, void* out) { from->read(first, frames, out); };
  reader.threading = sqrtspace::Threading::concurrent;
  pipeline.set_reader(std::move(reader));
}

std::string file_options(const Options& options, std::optional<sqrtspace::Dtype> fallback) {
  std::string text;
  const auto add = [&text](const std::string& key, const std::string& value) {
    text += (text.empty() ? "" : " ") + key + "=" + value;
  };
  if (!options.container.empty()) add("container", options.container);
  if (!options.dtype.empty()) add("dtype", options.dtype);
  else if (fallback && needs_dtype(options)) add("dtype", sqrtspace::name(*fallback));
  if (options.channels) add("channels", std::to_string(*options.channels));
  if (options.skip) add("skip", std::to_string(*options.skip));
  if (options.rate) {
    char rate[32];
    std::snprintf(rate, sizeof rate, "%.17g", *options.rate);
    add("rate", rate);
  }
  return text;
}

sqrtspace::dsp::FileInfo read_file_info(const std::string& path, const std::string& options) {
  return opening([&] { return sqrtspace::dsp::file_info(path, options); });
}

Input open_file(const Options& options, sqrtspace::Dtype fallback) {
  if (options.minutes || options.frames || options.seed)
    throw Failure(Exit::kUsage, "--minutes, --frames and --seed make a synthetic stream; a file has its own length and samples");
  Input input;
  input.path = options.input;
  input.description = options.input;
  input.file_options = file_options(options, fallback);
  const sqrtspace::dsp::FileInfo info = read_file_info(input.path, input.file_options);
  input.format = {info.dtype, info.channels, info.sample_rate, info.frame_count};
  return input;
}

Input make_synthetic(std::unique_ptr<Source> source, const std::string& description, InputFormat format,
                     const Options& options) {
  refuse_file_options(options);
  Input input;
  input.source = std::move(source);
  input.description = description;
  if (options.rate) format.sample_rate = *options.rate;
  format.frames = synthetic_frames(format, options);
  input.format = format;
  return input;
}

}  // namespace sqs::cli
