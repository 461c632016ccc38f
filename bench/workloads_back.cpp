// Looking back: a forward scan read by a backward one, in the memory that is given; against the same by hand, and over a ladder of
// budgets from the least to one that keeps everything.
#include <algorithm>
#include <cmath>

#include "engine.hpp"
#include "reference/look_back.hpp"
#include "workload.hpp"

namespace sqs::bench {
namespace {

namespace sq = sqrtspace;

constexpr uint64_t kBudgets = 10;
// A probe delivers through a buffer of its own, a line at least, which a run into the caller's memory has no need of.
constexpr uint64_t kProbeBytes = 64;

struct Subject {
  Job (*job)();
  TwoScans scans;
  Stream (*stream)(uint64_t frames);
};

Subject zero_phase() { return {zero_phase_job, {"sosfiltfilt", zero_phase_params()}, sound}; }
Subject viterbi() { return {viterbi_job, {"viterbi", viterbi_params()}, pitches}; }

std::unique_ptr<Engine> engine(const std::string& name, const Subject& subject, const Stream& stream, uint64_t budget,
                               bool probe = false, uint32_t threads = 1) {
  Engine::Options options;
  options.settings.mode = sq::Mode::sqrt;
  options.settings.threads = threads;
  options.settings.memory_budget = budget;
  options.caller_buffers = true;
  options.probe = probe;
  return std::make_unique<Engine>(name, subject.job(), stream, options);
}

std::string name_of(uint64_t bytes) { return "sqrt, " + std::to_string((bytes + 1023) / 1024) + " KiB"; }

// The output is the caller's for all of them, so that `bytes` is what may lie between the scans (and all the engine has).
Contest in_memory_of(const Subject& subject, uint64_t frames, uint64_t bytes) {
  Contest contest;
  contest.stream = std::make_unique<Stream>(subject.stream(frames));
  const Stream& stream = *contest.stream;
  contest.contenders.push_back(checkpointed_look_back(subject.scans, stream, bytes));
  contest.contenders.push_back(engine(name_of(bytes), subject, stream, bytes));
  contest.goals = {{"sqrt against checkpoints by hand", {name_of(bytes)}, {"checkpointed"}, 1.10}};
  return contest;
}

Contest storing_all(const Subject& subject, uint64_t frames) {
  Contest contest;
  contest.stream = std::make_unique<Stream>(subject.stream(frames));
  const Stream& stream = *contest.stream;
  contest.contenders.push_back(stored_look_back(subject.scans, stream));
  contest.contenders.push_back(engine("sqrt", subject, stream, 0));
  contest.goals = {{"sqrt against everything in memory by hand", {"sqrt"}, {"stored"}, 1.10}};
  return contest;
}

// A second thread replays what the first one is to look back on: storing everything spares hardly any time then.
Contest replaying_ahead(const Subject& subject, uint64_t frames, uint64_t bytes) {
  Contest contest;
  contest.stream = std::make_unique<Stream>(subject.stream(frames));
  const Stream& stream = *contest.stream;
  contest.contenders.push_back(stored_look_back(subject.scans, stream));
  contest.contenders.push_back(engine("sqrt, all", subject, stream, 0));
  contest.contenders.push_back(engine(name_of(bytes), subject, stream, bytes));
  contest.contenders.push_back(engine("2 threads", subject, stream, bytes, false, 2));
  contest.goals = {{"replay hidden: against everything in memory by hand", {"2 threads"}, {"stored"}, 1.15, false, false, true},
                   {"replay hidden: against sqrt with everything in memory", {"2 threads"}, {"sqrt, all"}, 1.15, false, false, true}};
  return contest;
}

// Three scans, each against the one before: the second thread replays two of them while the first one is at the third.
Contest replaying_chains_ahead(uint64_t frames, uint64_t bytes) {
  Contest contest;
  contest.stream = std::make_unique<Stream>(sound(frames));
  const Subject subject = {there_and_back_and_there_job, {}, sound};
  contest.contenders.push_back(engine("1 thread", subject, *contest.stream, bytes));
  contest.contenders.push_back(engine("2 threads", subject, *contest.stream, bytes, false, 2));
  contest.goals = {{"two threads against one", {"2 threads"}, {"1 thread"}, 0.80, false, false, true}};
  return contest;
}

// Budgets in equal ratios, the most first.
Contest frontier(const Subject& subject, uint64_t frames) {
  Contest contest;
  contest.stream = std::make_unique<Stream>(subject.stream(frames));
  const Stream& stream = *contest.stream;
  const sqs_plan_info all = engine("all", subject, stream, 0)->plan();
  const uint64_t least_bytes = all.least_budget_bytes + kProbeBytes;
  const auto most = static_cast<double>(all.predicted_bytes), least = static_cast<double>(least_bytes);
  for (uint64_t i = 0; i < kBudgets; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(kBudgets - 1);
    const auto between = static_cast<uint64_t>(std::ceil(most * std::pow(least / most, share)));
    const uint64_t budget = i == 0 ? all.predicted_bytes : std::max(between, least_bytes);
    contest.contenders.push_back(engine(name_of(budget), subject, stream, budget, true));
  }
  return contest;
}

}  // namespace

std::vector<Workload> back_workloads() {
  constexpr uint64_t kSamples = 200 * 48000, kFewSamples = 400'000;  // 73 MiB, 3 MiB between the scans
  constexpr uint64_t kRows = 100'000, kFewRows = 10'000;             // 35 MiB, 3.5 MiB
  constexpr uint64_t kMiB = uint64_t{1} << 20;
  return {
      {"back/zero_phase/1MiB", "forward and backward filter, 73 MiB between them: in 1 MiB, against checkpoints by hand", kSamples,
       kFewSamples,
       [](uint64_t frames) { return in_memory_of(zero_phase(), frames, kMiB); }},
      {"back/zero_phase/all", "the same with all 73 MiB", kSamples, kFewSamples,
       [](uint64_t frames) { return storing_all(zero_phase(), frames); }},
      {"back/zero_phase/threads", "the same in 16 MiB on two threads, against everything in memory on one", kSamples, kFewSamples,
       [](uint64_t frames) { return replaying_ahead(zero_phase(), frames, 16 * kMiB); }},
      {"back/chain/threads", "a forward filter behind it, in 16 MiB on two threads, against one", kSamples, kFewSamples,
       [](uint64_t frames) { return replaying_chains_ahead(frames, 16 * kMiB); }},
      {"back/viterbi/2MiB", "most probable path of 360 states, 35 MiB of pointers: in 2 MiB, against checkpoints by hand", kRows,
       kFewRows,
       [](uint64_t frames) { return in_memory_of(viterbi(), frames, 2 * kMiB); }},
      {"back/viterbi/all", "the same with all 35 MiB", kRows, kFewRows,
       [](uint64_t frames) { return storing_all(viterbi(), frames); }},
      {"back/frontier/zero_phase", "from all in memory to the least budget", kSamples, kFewSamples,
       [](uint64_t frames) { return frontier(zero_phase(), frames); }},
      {"back/frontier/viterbi", "from all in memory to the least budget", kRows, kFewRows,
       [](uint64_t frames) { return frontier(viterbi(), frames); }},
  };
}

}  // namespace sqs::bench
