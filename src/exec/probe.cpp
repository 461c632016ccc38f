// Measures what stages cost: a real run over the beginning of the stream, delivered to nobody.
#include <algorithm>
#include <cstring>

#include "exec/state.hpp"
#include "os/clock.hpp"
#include "os/fpenv.hpp"

namespace sqs {
namespace {

constexpr uint64_t kProbeNs = 30'000'000;
constexpr uint64_t kFreshBytes = uint64_t{8} << 20;

class NoSink final : public Sink {
 public:
  Status write(const sqs_view&) override { return ok(); }
};

// Nanoseconds per byte of writing memory the system has not given out yet.
Result<double> price_of_fresh_memory(uint64_t room) {
  const uint64_t bytes = std::min(kFreshBytes, room);
  if (bytes < uint64_t{1} << 20) return 0.5;
  SQS_TRY_ASSIGN(const os::Mapping fresh, os::Mapping::reserve(bytes));
  const uint64_t start = os::monotonic_ns();
  std::memset(fresh.data(), 1, bytes);
  const uint64_t first = os::monotonic_ns();
  std::memset(fresh.data(), 2, bytes);
  const uint64_t second = os::monotonic_ns();
  const uint64_t touch = first - start;
  const uint64_t write = second - first;
  return static_cast<double>(touch > write ? touch - write : 0) / static_cast<double>(bytes);
}

}  // namespace

Status Pipeline::probe(const std::vector<std::string>& targets) {
  State& s = *state_;
  if (targets.empty()) return Error{SQS_E_INVALID, "a probe needs at least one target"};
  const os::PinnedFp pinned;
  SQS_TRY_ASSIGN(InputState input, s.input_state());
  std::vector<TargetRequest> wanted;
  for (const std::string& name : targets) {
    SQS_TRY_ASSIGN(const NodeId id, s.graph->find(name));
    wanted.push_back({id, SinkKind::Callback, false});
  }
  SQS_TRY(s.open("probing"));
  struct Closing {
    State& s;
    ~Closing() { s.run_open = false; }
  } closing{s};

  std::vector<uint64_t> rows(s.graph->size(), 0);
  std::vector<uint64_t> ns(s.graph->size(), 0);
  const uint64_t all = input.frames;
  uint64_t frames = 0;
  for (const uint64_t start = os::monotonic_ns(); os::monotonic_ns() - start < kProbeNs;) {
    Request request = s.request(wanted, 0, SQS_END, input);
    s.count_held(request);
    request.settings.mode = SQS_SQRT;
    request.settings.threads = 1;
    request.settings.lru_bytes = SQS_NONE;
    request.held.global_known.clear();
    if (frames == 0) {  // a stretch of some tiles, four times as long each time until it takes long enough to measure
      SQS_TRY_ASSIGN(const std::shared_ptr<const Plan> whole, make_plan(request));
      frames = std::max<uint64_t>(8 * whole->tile_frames, 4 * s.graph->format().window);
    }
    request.input.frames = std::min(all, frames);
    request.input.ended = true;
    SQS_TRY_ASSIGN(const std::shared_ptr<const Plan> plan, make_plan(request));
    SQS_TRY(s.ensure_arena(plan->arena_bytes));
    std::vector<std::unique_ptr<Output>> outputs;
    for (const TargetPlan& t : plan->targets)
      outputs.push_back(std::make_unique<Output>(std::make_unique<NoSink>(), t.node, t.row_bytes));
    std::vector<StageCounters> counters(s.graph->size());
    RunContext context;
    context.plan = plan.get();
    context.source = s.source.get();
    context.arena = s.arena.data();
    context.sample_rate = s.sample_rate;
    context.outputs = &outputs;
    context.cancelled = &s.cancelled;
    context.counters = &counters;
    context.wanted = plan->targets[0].rows;
    const std::unique_ptr<Executor> executor = make_tiled_executor(context);
    SQS_TRY_ASSIGN(const bool done, executor->advance(UINT64_MAX));
    (void)done;
    const bool first = frames == request.input.frames && rows[kFramesNode] == 0 && frames < all;
    for (NodeId id = 0; id < s.graph->size() && !first; ++id) {  // the first stretch warms caches and code up
      rows[id] += counters[id].rows.load();
      ns[id] += counters[id].ns.load();
    }
    if (first) rows[kFramesNode] = 1;
    if (frames < all) frames = std::min(all, frames * 4);
    else if (all == 0) break;
  }
  s.costs.ns_per_row.assign(s.graph->size(), 0);
  for (NodeId id = 0; id < s.graph->size(); ++id)
    if (rows[id] > 0) s.costs.ns_per_row[id] = static_cast<double>(ns[id]) / static_cast<double>(rows[id]);
  const uint64_t held = s.ledger->held();
  SQS_TRY_ASSIGN(s.costs.fresh_ns_per_byte, price_of_fresh_memory(s.budget() > held ? s.budget() - held : 0));
  s.say(SQS_LOG_INFO, "probed " + std::to_string(targets.size()) + " targets");
  return ok();
}

}  // namespace sqs
