#include "jobs.hpp"

#include <cstdio>

#include "reference/audio.hpp"
#include "reference/logs.hpp"
#include "sqrtspace/dsp.h"
#include "stream.hpp"

namespace sqs::bench {
namespace {

namespace sq = sqrtspace;

constexpr uint64_t kIqWindow = 1024;
constexpr uint64_t kIqBands = 8;

void add(sq::Pipeline& pipeline, const char* type, const char* name, const std::vector<sq::Access>& inputs,
         const std::string& params) {
  std::vector<sqs_access> accesses;
  for (const sq::Access& input : inputs) accesses.push_back(sq::detail::to_c(input));
  sq::detail::call(sqs_dsp_add, pipeline.get(), type, name, static_cast<const sqs_access*>(accesses.data()),
                   static_cast<uint32_t>(accesses.size()), params.c_str());
}

sq::Format format_of(sq::Dtype dtype, uint64_t window, uint64_t hop, double rate) {
  sq::Format format;
  format.dtype = dtype;
  format.window = window;
  format.hop = hop;
  format.sample_rate = rate;
  return format;
}

std::string equal_bands() {
  std::string edges;
  for (uint64_t band = 0; band < kIqBands; ++band)
    edges += (band == 0 ? "" : ",") + std::to_string(band * kIqWindow / kIqBands) + "," + std::to_string((band + 1) * kIqWindow / kIqBands);
  return edges;
}

}  // namespace

Job audio_job() {
  Job job;
  job.format = format_of(sq::Dtype::f32, kAudioWindow, kAudioHop, 48000);
  job.build = [](sq::Pipeline& pipeline) {
    add(pipeline, "rfft", "spectrum", {"input"}, "output=magnitude");
    add(pipeline, "argmax", "peak_bin", {"spectrum"}, "");
  };
  job.targets = {"peak_bin"};
  return job;
}

Job logs_job(const std::string& quantile_type) {
  Job job;
  job.format = format_of(sq::Dtype::f32, kLogsWindow, kLogsHop, 1000);
  job.build = [quantile_type](sq::Pipeline& pipeline) {
    add(pipeline, quantile_type.c_str(), "quantiles", {"input"}, "p=0.5,0.95");
    add(pipeline, "band_sums", "p95", {"quantiles"}, "unit=bins bands=1,2");
    add(pipeline, "threshold", "alert", {"p95"}, "limit=" + std::to_string(kLogsLimit));
  };
  job.targets = {"quantiles", "alert"};
  return job;
}

Job satcom_job() {
  Job job;
  job.format = format_of(sq::Dtype::c64, kIqWindow, kIqWindow / 2, 48000);
  job.build = [](sq::Pipeline& pipeline) {
    // By Parseval the bins of a carrier of amplitude 1 add up to window * (sum of the squared Hann window).
    const double energy = static_cast<double>(kIqWindow) * static_cast<double>(kIqWindow) * 3.0 / 8.0;
    char factor[64];
    std::snprintf(factor, sizeof factor, "factor=%.17g", 1.0 / energy);
    add(pipeline, "fft", "spectrum", {"input"}, "window=hann shift=true");
    add(pipeline, "band_sums", "band_energy", {"spectrum"}, "layout=shifted unit=bins bands=" + equal_bands());
    add(pipeline, "scale", "band_power", {"band_energy"}, factor);
    add(pipeline, "log", "band_db", {"band_power"}, "base=10 factor=10 floor=1e-30");
    add(pipeline, "threshold", "alert", {"band_db"}, "limit=3");
  };
  job.targets = {"band_db", "alert"};
  return job;
}

Job ecg_job() {
  constexpr uint64_t kReach = 108;  // 0.3 s
  Job job;
  job.format = format_of(sq::Dtype::f32, 2 * kReach + 1, 1, 360);
  job.build = [](sq::Pipeline& pipeline) {
    add(pipeline, "sosfiltfilt", "band", {"frames"}, "butter=bandpass order=1 low=5 high=15");
    add(pipeline, "mean_var", "stats", {"band"}, "direction=backward");
    add(pipeline, "normalise", "z", {"band", "stats"}, "");
    add(pipeline, "local_max", "beats", {sq::Access("z", kReach, kReach, 1, sq::Edge::zero)}, "height=1");
  };
  job.targets = {"beats"};
  return job;
}

Job normalise_job() {
  Job job;
  job.format = format_of(sq::Dtype::f32, kAudioWindow, kAudioHop, 48000);
  job.build = [](sq::Pipeline& pipeline) {
    add(pipeline, "rfft", "spectrum", {"input"}, "output=magnitude");
    add(pipeline, "mean_var", "stats", {"spectrum"}, "");
    add(pipeline, "normalise", "z", {"spectrum", "stats"}, "");
    add(pipeline, "argmax", "peak_bin", {"z"}, "");
  };
  job.targets = {"peak_bin"};
  return job;
}

std::string zero_phase_params() { return "butter=bandpass order=2 low=300 high=3400"; }

Job zero_phase_job() {
  Job job;
  job.format = format_of(sq::Dtype::f32, 1, 1, 48000);
  job.build = [](sq::Pipeline& pipeline) { add(pipeline, "sosfiltfilt", "filtered", {"frames"}, zero_phase_params()); };
  job.targets = {"filtered"};
  return job;
}

Job there_and_back_and_there_job() {
  Job job;
  job.format = format_of(sq::Dtype::f32, 1, 1, 48000);
  job.build = [](sq::Pipeline& pipeline) {
    add(pipeline, "sosfiltfilt", "filtered", {"frames"}, zero_phase_params());
    add(pipeline, "sosfilt", "envelope", {"filtered"}, "butter=lowpass order=2 high=20");
  };
  job.targets = {"envelope"};
  return job;
}

Job alternating_job(int scans) {
  Job job;
  job.format = format_of(sq::Dtype::f32, 1, 1, 48000);
  job.build = [scans](sq::Pipeline& pipeline) {
    std::string last = "frames";
    for (int i = 0; i < scans; ++i) {
      const std::string name = "smooth" + std::to_string(i);
      add(pipeline, "exp_smooth", name.c_str(), {sq::Access(last)}, i % 2 == 0 ? "alpha=0.1" : "alpha=0.1 direction=backward");
      last = name;
    }
  };
  job.targets = {"smooth" + std::to_string(scans - 1)};
  return job;
}

std::string viterbi_params() { return "band=-9,-7,-5,-3,-2,-0.5,-2,-3,-5,-7,-9"; }

Job viterbi_job() {
  Job job;
  job.format = format_of(sq::Dtype::f32, 1, 1, 100);
  job.format.channels = kPitches;
  job.build = [](sq::Pipeline& pipeline) { add(pipeline, "viterbi", "path", {"frames"}, viterbi_params()); };
  job.targets = {"path"};
  return job;
}

}  // namespace sqs::bench
