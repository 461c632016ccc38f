// The four demos in the three modes at three lengths: what a user sees, without a reference.
#include <array>

#include "engine.hpp"
#include "workload.hpp"

namespace sqs::bench {
namespace {

namespace sq = sqrtspace;

Contest in_all_modes(const Job& job, Stream stream) {
  Contest contest;
  contest.stream = std::make_unique<Stream>(std::move(stream));
  constexpr std::array modes = {std::pair{"classic", sq::Mode::classic}, std::pair{"sqrt", sq::Mode::sqrt},
                                std::pair{"auto", sq::Mode::automatic}};
  for (const auto& [name, mode] : modes) {
    Engine::Options options;
    options.settings.mode = mode;
    contest.contenders.push_back(std::make_unique<Engine>(name, job, *contest.stream, options));
  }
  return contest;
}

struct Demo {
  const char* name;
  double rate;
  uint64_t smoke_frames;
  Job (*job)();
  Stream (*stream)(uint64_t frames);
};

}  // namespace

std::vector<Workload> demo_workloads() {
  constexpr std::array demos = {Demo{"audio", 48000, 60'000, audio_job, sound}, Demo{"logs", 1000, 120'000, [] { return logs_job(); }, latencies},
                                Demo{"satcom", 48000, 20'000, satcom_job, radio}, Demo{"ecg", 360, 4000, ecg_job, heart}};
  constexpr std::array lengths = {std::pair{"1min", 60.0}, std::pair{"10min", 600.0}, std::pair{"10h", 36000.0}};
  std::vector<Workload> all;
  for (const Demo& demo : demos)
    for (const auto& [length, seconds] : lengths)
      all.push_back({std::string("demo/") + demo.name + "/" + length, "in all modes", static_cast<uint64_t>(demo.rate * seconds),
                     demo.smoke_frames, [demo](uint64_t frames) { return in_all_modes(demo.job(), demo.stream(frames)); }});
  return all;
}

}  // namespace sqs::bench
