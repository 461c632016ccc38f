// What the engine itself costs: bookkeeping per tile, planning, and choosing the mode.
#include <array>
#include <cstring>
#include <filesystem>

#include "engine.hpp"
#include "reference/audio.hpp"
#include "reference/spin.hpp"
#include "stopwatch.hpp"
#include "workload.hpp"

namespace sqs::bench {
namespace {

namespace sq = sqrtspace;

Stream spin_stream(uint64_t frames) {
  std::vector<std::byte> bytes(frames * sizeof(uint64_t));
  for (uint64_t i = 0; i < frames; ++i) {
    const uint64_t frame = spin_frame(i);
    std::memcpy(bytes.data() + i * sizeof frame, &frame, sizeof frame);
  }
  return Stream(sq::Dtype::u64, 0, frames, std::move(bytes));
}

Contest of_bookkeeping(uint64_t frames) {
  Contest contest;
  contest.stream = std::make_unique<Stream>(spin_stream(frames));
  const uint64_t steps = spin_steps();
  Engine::Options options;
  options.settings.mode = sq::Mode::sqrt;
  options.settings.tile_frames = kSpinTileRows;
  options.warm = true;  // what a run costs once is not what a tile costs
  contest.contenders.push_back(bare_spin(frames, steps));
  contest.contenders.push_back(std::make_unique<Engine>("sqrt", spin_job(steps), *contest.stream, options));
  contest.goals = {{"sqrt against a bare loop, 0.1 ms per tile", {"sqrt"}, {"bare loop"}, 1.01}};
  return contest;
}

// Tiles with next to no work in them, so that bookkeeping is all there is to see.
Contest of_empty_tiles(uint64_t frames) {
  Contest contest;
  contest.stream = std::make_unique<Stream>(spin_stream(frames));
  Engine::Options options;
  options.settings.mode = sq::Mode::sqrt;
  options.settings.tile_frames = kSpinTileRows;
  options.warm = true;
  contest.contenders.push_back(bare_spin(frames, 1));
  contest.contenders.push_back(std::make_unique<Engine>("sqrt", spin_job(1), *contest.stream, options));
  const double tiles = static_cast<double>(frames) / kSpinTileRows;
  contest.goals = {{"bookkeeping, ms (1 % of 0.1 ms per tile)", {"sqrt"}, {}, tiles * 1e-3}};
  return contest;
}

// Planning alone, over a stream that is never read.
class Planning final : public Contender {
 public:
  struct Room {
    uint64_t memory_budget = 0;  // in sqrt mode; 0: auto, in whatever memory there is
    uint64_t disk_bytes = 0;
    sq::Order order = sq::Order::rows;
  };
  Planning(std::string name, const Job& job, uint64_t windows, const Room& room)
      : Contender(std::move(name)), job_(job), order_(room.order), pipeline_(job.format) {
    job_.build(pipeline_);
    sq::Settings settings;
    settings.memory_budget = room.memory_budget;
    if (room.memory_budget > 0) settings.mode = sq::Mode::sqrt;
    if (room.disk_bytes > 0) settings.spill_dir = std::filesystem::temp_directory_path().string();
    settings.disk_bytes = room.disk_bytes;
    pipeline_.configure(settings);
    sq::Reader reader;
    reader.frame_count = (windows - 1) * job.format.hop + job.format.window;
    reader.read = [](uint64_t, uint64_t, void*) { throw sq::Error(SQS_E_SOURCE, "a plan reads nothing"); };
    pipeline_.set_reader(std::move(reader));
  }

  Figures run() override {
    Figures figures;
    const Stopwatch stopwatch;
    const sq::Plan plan = pipeline_.plan(job_.targets, 0, sq::to_end, true, order_);
    stopwatch.add_to(figures);
    figures.mode = plan.info().mode == SQS_CLASSIC ? "classic" : "sqrt";
    return figures;
  }

 private:
  Job job_;
  sq::Order order_;
  sq::Pipeline pipeline_;
};

Contest of_planning(uint64_t windows) {
  Contest contest;
  constexpr uint64_t kMiB = uint64_t{1} << 20;
  const auto contend = [&](const char* name, const Job& job, const Planning::Room& room) {
    contest.contenders.push_back(std::make_unique<Planning>(name, job, windows, room));
    contest.goals.push_back({std::string("planning ") + name + ", ms", {name}, {}, 1});
  };
  constexpr sq::Order kAny = sq::Order::any;
  contend("one sweep", audio_job(), {});
  contend("two sweeps", normalise_job(), {});
  contend("zero phase", zero_phase_job(), {4 * kMiB});
  contend("viterbi", viterbi_job(), {64 * kMiB});
  contend("five turns", alternating_job(5), {4 * kMiB});
  // In any order, which is one turn less.
  contend("states", viterbi_job(), {64 * kMiB, 0, kAny});
  contend("inner, rows", zero_phase_job(), {kMiB / 8 * 3, 0, kAny});
  contend("inner, states", viterbi_job(), {10 * kMiB, 0, kAny});
  contend("states on disk", viterbi_job(), {10 * kMiB, kMiB << 7, kAny});
  return contest;
}

// All probe, so that the caches are alike before every run and the choice alone makes the difference.
Contest of_choice(const Job& job, uint64_t frames) {
  Contest contest;
  contest.stream = std::make_unique<Stream>(sound(frames));
  constexpr std::array modes = {std::pair{"classic", sq::Mode::classic}, std::pair{"sqrt", sq::Mode::sqrt},
                                std::pair{"auto", sq::Mode::automatic}};
  for (const auto& [name, mode] : modes) {
    Engine::Options options;
    options.settings.mode = mode;
    options.probe = true;
    contest.contenders.push_back(std::make_unique<Engine>(name, job, *contest.stream, options));
  }
  contest.goals = {{"auto against the better mode", {"auto"}, {"classic", "sqrt"}, 1.05, false, true}};
  return contest;
}

}  // namespace

std::vector<Workload> engine_workloads() {
  constexpr uint64_t kSecond = 48000;
  constexpr uint64_t kSmoke = 60'000;
  const auto one_sweep = [](uint64_t frames) { return of_choice(audio_job(), frames); };
  const auto two_sweeps = [](uint64_t frames) { return of_choice(normalise_job(), frames); };
  return {
      {"bookkeeping/empty", "three stages of one step, 100 thousand tiles of 16 rows", 100'000 * kSpinTileRows, 5 * kSpinTileRows, of_empty_tiles},
      {"bookkeeping/spin", "three stages that spin, 16 rows and 0.1 ms per tile", 1000 * kSpinTileRows, 5 * kSpinTileRows, of_bookkeeping},
      {"planning", "100 million windows: sweeps, chains, ways back with inner checkpoints and with a disk", 100'000'000, 1000, of_planning},
      {"auto/one_sweep/1s", "auto after a probe, spectra and argmax", kSecond, kSmoke, one_sweep},
      {"auto/one_sweep/10s", "auto after a probe, spectra and argmax", 10 * kSecond, kSmoke, one_sweep},
      {"auto/one_sweep/10min", "auto after a probe, spectra and argmax", 600 * kSecond, kSmoke, one_sweep},
      {"auto/two_sweeps/1s", "auto after a probe, normalised spectra", kSecond, kSmoke, two_sweeps},
      {"auto/two_sweeps/10s", "auto after a probe, normalised spectra", 10 * kSecond, kSmoke, two_sweeps},
      {"auto/two_sweeps/10min", "auto after a probe, normalised spectra", 600 * kSecond, kSmoke, two_sweeps},
  };
}

}  // namespace sqs::bench
