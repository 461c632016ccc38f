// The C++ wrapper of the stage library: a tone read from a file, the bin it is in, and what a parameter out of range throws.
#include <sqrtspace/dsp.hpp>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace sq = sqrtspace;

namespace {

constexpr int kFrames = 8192, kWindow = 1024, kHop = 512, kWindows = 1 + (kFrames - kWindow) / kHop, kBin = 100;

void write_tone(const std::string& path) {
  std::vector<float> frames(kFrames);
  for (int i = 0; i < kFrames; ++i)
    frames[static_cast<std::size_t>(i)] = static_cast<float>(std::sin(2 * 3.14159265358979323846 * kBin * i / kWindow));
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return;
  std::fwrite(frames.data(), sizeof(float), frames.size(), file);
  std::fclose(file);
}

std::vector<std::int32_t> peaks_of(const std::string& path) {
  const sq::dsp::Params options = {{"dtype", "f32"}, {"rate", 48000}};
  const sq::dsp::FileInfo file = sq::dsp::file_info(path, options);
  sq::Format format;
  format.dtype = file.dtype;
  format.channels = file.channels;
  format.window = kWindow;
  format.hop = kHop;
  sq::Pipeline pipeline(format);
  sq::dsp::add(pipeline, "rfft", "spectrum", "input", {{"window", "kaiser"}, {"beta", 8.6}, {"output", "magnitude"}});
  sq::dsp::add(pipeline, "argmax", "peak", "spectrum");
  sq::dsp::set_file(pipeline, path, options);
  return pipeline.evaluate("peak").to_vector<std::int32_t>();
}

bool throws_of_the_range(sq::Pipeline pipeline) {
  try {
    sq::dsp::add(pipeline, "rfft", "spectrum", "input", {{"beta", -1}});
  } catch (const sq::Error& error) {
    return error.code() == SQS_E_INVALID && error.stage() == "spectrum";
  }
  return false;
}

}  // namespace

int main() {
  const std::string path = "tone_levels.raw";
  write_tone(path);
  const bool right = peaks_of(path) == std::vector<std::int32_t>(kWindows, kBin) &&
                     throws_of_the_range(sq::Pipeline(sq::Format{sq::Dtype::f32, 1, kWindow, kHop}));
  std::remove(path.c_str());
  std::printf("tone in bin %d of %d windows of a file, of %zu types: %s\n", kBin, kWindows, sq::dsp::types().size(),
              right ? "right" : "WRONG");
  return right ? 0 : 1;
}
