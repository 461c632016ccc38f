// Measures what stages cost: a real run over the beginning of the stream, delivered to nobody.
#include <algorithm>
#include <cstring>

#include "exec/state.hpp"
#include "os/clock.hpp"
#include "os/fpenv.hpp"

namespace sqs {
namespace {

constexpr uint64_t kProbeNs = 60'000'000;                  // about as long as a probe takes
constexpr uint64_t kStretchNs = 4'000'000;                 // long enough to measure
constexpr uint64_t kFreshBytes = uint64_t{64} << 20;       // larger than caches
constexpr uint64_t kLeastFreshBytes = uint64_t{16} << 20;
constexpr double kUsualFreshPrice = 0.7;                   // ns per byte

class NoSink final : public Sink {
 public:
  Status write(const sqs_view&) override { return ok(); }
};

// Nanoseconds per byte of what classic does with its intermediates and sqrt does not: writing memory the system has not given
// out yet, and reading it back when the caches have forgotten it. The least of some tries.
Result<double> price_of_fresh_memory(uint64_t room) {
  const uint64_t bytes = std::min(kFreshBytes, room);
  if (bytes < kLeastFreshBytes) return kUsualFreshPrice;
  uint64_t least_ns = UINT64_MAX;
  for (int attempt = 0; attempt < 3; ++attempt) {
    SQS_TRY_ASSIGN(const os::Mapping fresh, os::Mapping::reserve(bytes));
    const uint64_t start = os::monotonic_ns();
    std::memset(fresh.data(), 1, bytes);
    const auto* words = reinterpret_cast<const uint64_t*>(fresh.data());
    uint64_t sum = 0;
    for (uint64_t i = 0; i < bytes / 8; ++i) sum += words[i];
    const volatile uint64_t kept = sum;  // the reading must not be optimised away
    (void)kept;
    least_ns = std::min(least_ns, os::monotonic_ns() - start);
  }
  return static_cast<double>(least_ns) / static_cast<double>(bytes);
}

}  // namespace

// One run over the first `frames` frames, as if there were no more.
Status Pipeline::probe_stretch(const std::vector<uint32_t>& targets, uint64_t frames, std::vector<double>& ns_per_row) {
  State& s = *state_;
  SQS_TRY_ASSIGN(InputState input, s.input_state());
  input.frames = std::min(input.frames, frames);
  input.ended = true;
  std::vector<TargetRequest> wanted;
  for (const NodeId id : targets) wanted.push_back({id, SinkKind::Callback, false});
  Request request = s.request(std::move(wanted), 0, SQS_END, input);
  request.settings.mode = SQS_SQRT;
  request.settings.threads = 1;
  request.settings.lru_bytes = SQS_NONE;
  SQS_TRY_ASSIGN(const std::shared_ptr<const Plan> plan, make_plan(request));
  SQS_TRY(s.ensure_arena(plan->arena_bytes));
  std::vector<std::unique_ptr<Output>> outputs;
  for (const TargetPlan& t : plan->targets)
    outputs.push_back(std::make_unique<Output>(std::make_unique<NoSink>(), t.node, t.row_bytes));
  std::vector<StageCounters> counters(s.graph->size());
  const std::shared_ptr<Source> source = s.current_source();
  RunContext context;
  context.plan = plan.get();
  context.source = source.get();
  context.arena = s.arena.data();
  context.sample_rate = s.sample_rate;
  context.outputs = &outputs;
  context.cancelled = &s.cancelled;
  context.counters = &counters;
  context.wanted = plan->targets[0].rows;
  SQS_TRY_ASSIGN(const std::unique_ptr<Executor> executor, make_tiled_executor(context));
  SQS_TRY_ASSIGN(const bool done, executor->advance(UINT64_MAX));
  (void)done;
  for (NodeId id = 0; id < s.graph->size(); ++id) {
    const uint64_t rows = counters[id].rows();
    if (rows == 0) continue;
    const double ns = static_cast<double>(counters[id].ns()) / static_cast<double>(rows);
    ns_per_row[id] = ns_per_row[id] == 0 ? ns : std::min(ns_per_row[id], ns);
  }
  return ok();
}

Status Pipeline::probe(const std::vector<std::string>& targets) {
  State& s = *state_;
  if (targets.empty()) return Error{SQS_E_INVALID, "a probe needs at least one target"};
  const os::PinnedFp pinned;
  SQS_TRY_ASSIGN(const InputState input, s.input_state());
  std::vector<uint32_t> nodes;
  for (const std::string& name : targets) {
    SQS_TRY_ASSIGN(const NodeId id, s.graph->find(name));
    nodes.push_back(id);
  }
  SQS_TRY(s.open("probing"));
  struct Closing {
    State& s;
    ~Closing() { s.run_open = false; }
  } closing{s};

  // Longer stretches until one takes long enough to measure, then that one again: the least is the stage's own cost.
  std::vector<double> ns_per_row(s.graph->size(), 0);
  uint64_t frames = std::max<uint64_t>(4 * s.graph->format().window, 1 << 14);
  for (const uint64_t start = os::monotonic_ns(); os::monotonic_ns() - start < kProbeNs;) {
    const uint64_t began = os::monotonic_ns();
    SQS_TRY(probe_stretch(nodes, frames, ns_per_row));
    if (frames >= input.frames) {
      if (input.frames == 0) break;
      continue;
    }
    if (os::monotonic_ns() - began < kStretchNs) frames *= 4;
  }
  s.costs.ns_per_row = std::move(ns_per_row);
  const uint64_t held = s.ledger->held();
  SQS_TRY_ASSIGN(s.costs.fresh_ns_per_byte, price_of_fresh_memory(s.budget() > held ? s.budget() - held : 0));
  s.say(SQS_LOG_INFO, "probed " + std::to_string(targets.size()) + " targets");
  return ok();
}

}  // namespace sqs
