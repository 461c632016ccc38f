#include "input.hpp"

#include <cmath>
#include <cstdio>
#include <filesystem>

namespace sqs::cli {
namespace {

bool is_raw(const Options& options) {
  static const char* const kKnown[] = {".wav", ".flac", ".rf64", ".w64", ".npy"};
  if (options.container == "raw") return true;
  std::string suffix = std::filesystem::path(options.input).extension().string();
  for (char& c : suffix)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  for (const char* known : kKnown)
    if (suffix == known) return false;
  return true;
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
  return static_cast<uint64_t>(std::llround(*options.minutes * 60.0 * format.sample_rate));
}

}  // namespace

void Input::attach(sqrtspace::Pipeline& pipeline) const {
  if (!source) return opening([&] { set_file(pipeline, path, file_options); });
  sqrtspace::Reader reader;
  reader.frame_count = format.frames;
  reader.sample_rate = format.sample_rate;
  reader.dtype = format.dtype;
  reader.channels = format.channels;
  reader.read = [from = source](uint64_t first, uint64_t frames, void* out) { from->read(first, frames, out); };
  pipeline.set_reader(std::move(reader));
}

std::string file_options(const Options& options, std::optional<sqrtspace::Dtype> fallback) {
  std::string text;
  const auto add = [&text](const std::string& key, const std::string& value) {
    text += (text.empty() ? "" : " ") + key + "=" + value;
  };
  if (!options.container.empty()) add("container", options.container);
  if (!options.dtype.empty()) add("dtype", options.dtype);
  else if (is_raw(options) && fallback) add("dtype", sqrtspace::name(*fallback));
  if (options.channels) add("channels", std::to_string(*options.channels));
  if (options.skip) add("skip", std::to_string(*options.skip));
  if (options.rate) {
    char rate[32];
    std::snprintf(rate, sizeof rate, "%.17g", *options.rate);
    add("rate", rate);
  }
  return text;
}

sqs_file_info read_file_info(const std::string& path, const std::string& options) {
  return opening([&] { return file_info(path, options); });
}

Input open_file(const Options& options, sqrtspace::Dtype fallback) {
  if (options.minutes || options.frames)
    throw Failure(Exit::kUsage, "--minutes and --frames set the length of a synthetic stream; a file has its own");
  Input input;
  input.path = options.input;
  input.description = options.input;
  input.file_options = file_options(options, fallback);
  const sqs_file_info info = read_file_info(input.path, input.file_options);
  input.format = {static_cast<sqrtspace::Dtype>(info.dtype), info.channels, info.sample_rate, info.frame_count};
  return input;
}

Input make_synthetic(std::unique_ptr<Source> source, const std::string& description, InputFormat format,
                     const Options& options) {
  Input input;
  input.source = std::move(source);
  input.description = description;
  if (options.rate) format.sample_rate = *options.rate;
  format.frames = synthetic_frames(format, options);
  input.format = format;
  return input;
}

}  // namespace sqs::cli
