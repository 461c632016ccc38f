#include "frame_source.hpp"

#include <algorithm>
#include <cctype>
#include <cstring>

#include "guard.hpp"
#include "text.hpp"

namespace sqs::dsp {
namespace {

constexpr ParamSpec kParams[] = {
    {"container", ParamType::Choice, "", "auto", "auto|raw", "auto: by the suffix of the path"},
    {"rate", ParamType::Float, "Hz", "0", "0..", "frames per second; 0: as the file says, if it does"},
    {"dtype", ParamType::Choice, "", "", "u8|i8|u16|i16|u32|i32|u64|i64|f32|f64|c64|c128",
     "raw: of the samples in the file; audio: f32 (default), f64, i16 or i32, which samples are converted to"},
    {"channels", ParamType::Int, "", "1", "1..2^32", "raw: samples per frame"},
    {"skip", ParamType::Int, "bytes", "0", "0..2^62", "raw: bytes before the first frame"},
};

// In lower case, with its dot; "" if there is none.
std::string suffix_of(const std::string& path) {
  const size_t dot = path.find_last_of("./");
  if (dot == std::string::npos || path[dot] != '.') return "";
  std::string suffix = path.substr(dot);
  std::transform(suffix.begin(), suffix.end(), suffix.begin(),
                 [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  return suffix;
}

std::string container_of(const std::string& path, const Params& params) {
  if (params.is("container", "raw")) return "raw";
  const std::string suffix = suffix_of(path);
  if (suffix == ".npy") return "npy";
  if (suffix == ".wav" || suffix == ".flac" || suffix == ".rf64" || suffix == ".w64") return "audio";
  return "raw";
}

// Options that say nothing about this container would be ignored silently.
void refuse_options(const Params& params, std::string_view container) {
  for (const char* name : {"channels", "skip", "dtype"}) {
    const bool of_audio = container == "audio" && std::strcmp(name, "dtype") == 0;
    if (params.given(name) && !of_audio)
      fail(SQS_E_INVALID, text("file: ", name, " is for raw files; this one is read as ", container, ", whose header says it"));
  }
}

}  // namespace

std::unique_ptr<FrameSource> open_source(const char* path, const char* options) {
  const Params params = parse_params("file", kParams, options);
  const std::string container = container_of(path, params);
  if (container != "raw") refuse_options(params, container);
  if (container == "raw" && !params.given("dtype"))
    fail(SQS_E_INVALID, text("\"", path,
                             "\" is read as raw samples, so dtype must be given; known suffixes are .wav .flac .rf64 .w64 .npy"));
  auto file = std::make_unique<ReadOnlyFile>(path);
  if (container == "npy") return open_npy(std::move(file), params);
  if (container == "audio") return open_audio(std::move(file), params);
  return open_raw(std::move(file), params);
}

void set_container(sqs_file_info& info, const char* name) {
  std::memset(info.container, 0, sizeof info.container);
  std::memcpy(info.container, name, std::min(std::strlen(name), sizeof info.container - 1));
}

void fail_format(const std::string& path, uint64_t offset, const std::string& what) {
  fail(SQS_E_FORMAT, text("\"", path, "\": at byte ", offset, ", ", what));
}

}  // namespace sqs::dsp
