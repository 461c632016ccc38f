// audio: the loudest bin of every window, against the same loop by hand.
#include "engine.hpp"
#include "reference/audio.hpp"
#include "workload.hpp"

namespace sqs::bench {
namespace {

namespace sq = sqrtspace;

constexpr uint64_t kRate = 48000;
constexpr uint64_t kSmokeFrames = 60000;

std::unique_ptr<Contender> engine(const std::string& name, const Stream& stream, sq::Mode mode, uint32_t threads = 1,
                                  uint64_t tile_windows = 0) {
  Engine::Options options;
  options.settings.mode = mode;
  options.settings.threads = threads;
  options.settings.tile_frames = tile_windows * kAudioHop;
  return std::make_unique<Engine>(name, audio_job(), stream, options);
}

Contest begin_contest(uint64_t frames) {
  Contest contest;
  contest.stream = std::make_unique<Stream>(sound(frames));
  return contest;
}

Contest against_references(uint64_t frames) {
  Contest contest = begin_contest(frames);
  const Stream& stream = *contest.stream;
  contest.contenders.push_back(tiled_audio(stream));
  contest.contenders.push_back(engine("sqrt", stream, sq::Mode::sqrt));
  contest.contenders.push_back(fused_audio(stream));
  contest.goals = {{"sqrt against the tiled loop", {"sqrt"}, {"tiled"}, 1.05}};
  return contest;
}

Contest against_stagewise(uint64_t frames) {
  Contest contest = begin_contest(frames);
  const Stream& stream = *contest.stream;
  contest.contenders.push_back(engine("classic", stream, sq::Mode::classic));
  contest.contenders.push_back(engine("sqrt", stream, sq::Mode::sqrt));
  contest.contenders.push_back(stagewise_audio(stream));
  contest.contenders.push_back(tiled_audio(stream));
  contest.goals = {{"sqrt against classic", {"sqrt"}, {"classic"}, 1.02}};
  return contest;
}

// The same pipeline again and again, its memory touched before.
Contest warm(uint64_t frames) {
  Contest contest = begin_contest(frames);
  for (const auto& [name, mode] : {std::pair{"classic", sq::Mode::classic}, std::pair{"sqrt", sq::Mode::sqrt}}) {
    Engine::Options options;
    options.settings.mode = mode;
    options.warm = true;
    contest.contenders.push_back(std::make_unique<Engine>(name, audio_job(), *contest.stream, options));
  }
  contest.goals = {{"sqrt against classic", {"sqrt"}, {"classic"}, 1.02}};
  return contest;
}

Contest by_tile(uint64_t frames) {
  Contest contest = begin_contest(frames);
  const Stream& stream = *contest.stream;
  contest.contenders.push_back(engine("chosen", stream, sq::Mode::sqrt));
  for (const uint64_t windows : {1, 4, 16, 32, 64, 128, 256, 1024, 4096})
    contest.contenders.push_back(engine(std::to_string(windows) + " windows", stream, sq::Mode::sqrt, 1, windows));
  return contest;
}

Contest on_two_threads(uint64_t frames) {
  Contest contest = begin_contest(frames);
  const Stream& stream = *contest.stream;
  contest.contenders.push_back(engine("sqrt", stream, sq::Mode::sqrt));
  contest.contenders.push_back(engine("sqrt, 2 threads", stream, sq::Mode::sqrt, 2));
  contest.contenders.push_back(tiled_audio(stream));
  contest.contenders.push_back(threaded_audio(stream, 2));
  contest.goals = {{"speed-up, of that of threads by hand", {"sqrt", "tiled, 2 threads"}, {"sqrt, 2 threads", "tiled"}, 0.95, true, false, true}};
  return contest;
}

}  // namespace

std::vector<Workload> audio_workloads() {
  const uint64_t minute = 60 * kRate;
  const auto smoke = [](uint64_t frames) { return frames < kSmokeFrames ? frames : kSmokeFrames; };
  std::vector<Workload> all;
  const auto add = [&](const char* name, const char* what, uint64_t frames, Contest (*make)(uint64_t)) {
    all.push_back({name, what, frames, smoke(frames), make});
  };
  add("reference/audio/1min", "sqrt against hand-written loops", minute, against_references);
  add("reference/audio/10min", "sqrt against hand-written loops", 10 * minute, against_references);
  add("reference/audio/10h", "sqrt against hand-written loops, frames by a reader", 600 * minute, against_references);
  add("classic/audio/1s", "sqrt against classic", kRate, against_stagewise);
  add("classic/audio/10s", "sqrt against classic", 10 * kRate, against_stagewise);
  add("classic/audio/1min", "sqrt against classic", minute, against_stagewise);
  add("classic/audio/10min", "sqrt against classic", 10 * minute, against_stagewise);
  add("warm/audio/1s", "sqrt against classic, runs after the first", kRate, warm);
  add("warm/audio/10s", "sqrt against classic, runs after the first", 10 * kRate, warm);
  add("warm/audio/1min", "sqrt against classic, runs after the first", minute, warm);
  add("warm/audio/10min", "sqrt against classic, runs after the first", 10 * minute, warm);
  add("tiles/audio/1min", "sqrt by tile span", minute, by_tile);
  add("threads/audio/1min", "two threads against two threads by hand", minute, on_two_threads);
  add("threads/audio/10min", "two threads against two threads by hand", 10 * minute, on_two_threads);
  return all;
}

}  // namespace sqs::bench
