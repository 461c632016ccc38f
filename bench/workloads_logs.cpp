// logs: quantiles of overlapping windows and an alarm, against the same loop by hand; and what sharing the overlap is worth.
#include "engine.hpp"
#include "reference/logs.hpp"
#include "workload.hpp"

namespace sqs::bench {
namespace {

namespace sq = sqrtspace;

constexpr uint64_t kSmokeFrames = 120'000;

std::unique_ptr<Contender> engine(const std::string& name, const Stream& stream, sq::Mode mode,
                                  const std::string& quantile_type = "running_quantile") {
  Engine::Options options;
  options.settings.mode = mode;
  return std::make_unique<Engine>(name, logs_job(quantile_type), stream, options);
}

Contest against_reference(uint64_t frames) {
  Contest contest;
  contest.stream = std::make_unique<Stream>(latencies(frames));
  contest.contenders.push_back(tiled_logs(*contest.stream));
  contest.contenders.push_back(engine("sqrt", *contest.stream, sq::Mode::sqrt));
  contest.contenders.push_back(engine("classic", *contest.stream, sq::Mode::classic));
  contest.goals = {{"sqrt against the tiled loop", {"sqrt"}, {"tiled"}, 1.05},
                   {"sqrt against classic", {"sqrt"}, {"classic"}, 1.02}};
  return contest;
}

Contest by_tile(uint64_t frames) {
  Contest contest;
  contest.stream = std::make_unique<Stream>(latencies(frames));
  contest.contenders.push_back(tiled_logs(*contest.stream));
  contest.contenders.push_back(engine("chosen", *contest.stream, sq::Mode::sqrt));
  for (const uint64_t windows : {1, 2, 4, 8, 16, 32, 64}) {
    Engine::Options options;
    options.settings.mode = sq::Mode::sqrt;
    options.settings.tile_frames = windows * kLogsHop;
    contest.contenders.push_back(std::make_unique<Engine>(std::to_string(windows) + " windows", logs_job(), *contest.stream, options));
  }
  return contest;
}

Contest of_overlap(uint64_t frames) {
  Contest contest;
  contest.stream = std::make_unique<Stream>(latencies(frames));
  contest.contenders.push_back(engine("quantile", *contest.stream, sq::Mode::sqrt, "quantile"));
  contest.contenders.push_back(engine("running_quantile", *contest.stream, sq::Mode::sqrt));
  contest.goals = {{"quantile against running_quantile", {"quantile"}, {"running_quantile"}, 5, true}};
  return contest;
}

}  // namespace

std::vector<Workload> logs_workloads() {
  return {
      {"reference/logs/2M", "sqrt against a hand-written loop, 2 million frames", 2'000'000, kSmokeFrames, against_reference},
      {"reference/logs/20M", "sqrt against a hand-written loop, 20 million frames", 20'000'000, kSmokeFrames, against_reference},
      {"tiles/logs/20M", "sqrt by tile span", 20'000'000, kSmokeFrames, by_tile},
      {"overlap/logs/2M", "window 32768, hop 4096: each window by itself, and by what windows share", 2'000'000, kSmokeFrames, of_overlap},
  };
}

}  // namespace sqs::bench
