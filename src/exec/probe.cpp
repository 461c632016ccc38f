// Measures what stages cost: a real run over the beginning of the stream, delivered to nobody.
#include <algorithm>
#include <cstring>

#include "exec/state.hpp"
#include "os/clock.hpp"
#include "os/file.hpp"
#include "os/fpenv.hpp"

namespace sqs {
namespace {

constexpr uint64_t kProbeNs = 60'000'000;                  // about as long as the stages are run for
constexpr uint64_t kStretchNs = 4'000'000;                 // long enough to measure
constexpr uint64_t kMemoryNs = 20'000'000;                 // about as long as either kind of memory is touched for
constexpr uint64_t kSmallBytes = uint64_t{1} << 20;        // a mapping of small pages
constexpr uint64_t kLargeBytes = uint64_t{32} << 20;       // one of large pages, larger than caches
constexpr uint64_t kLeastLargeBytes = uint64_t{16} << 20;  // fewer would be read back from caches
constexpr uint64_t kCachedBytes = uint64_t{256} << 10;
constexpr uint64_t kDiskNs = 30'000'000;                   // about as long as the spill directory is written to
constexpr uint64_t kMostDiskBytes = uint64_t{64} << 20;
static_assert(kSmallBytes < kLargeMappingBytes && kLargeMappingBytes <= kLeastLargeBytes);

class NoSink final : public Sink {
 public:
  Status write(const sqs_view&) override { return ok(); }
};

double ns_per_byte_since(uint64_t start, uint64_t bytes) {
  return static_cast<double>(os::monotonic_ns() - start) / static_cast<double>(bytes);
}

// What memory costs that the system has just given out: taking it and writing to all of it. Small mappings get their pages at
// once.
class FreshPrice {
 public:
  Result<ChargedMemory> take(const std::shared_ptr<Ledger>& ledger, uint64_t bytes) {
    const uint64_t start = os::monotonic_ns();
    SQS_TRY_ASSIGN(ChargedMemory memory, ChargedMemory::take(ledger, bytes));
    std::memset(memory.data(), 1, bytes);
    ns_ += os::monotonic_ns() - start;
    bytes_ += bytes;
    return memory;
  }
  // The mean: a run gets its pages as they come, cheap or dear.
  double ns_per_byte() const { return static_cast<double>(ns_) / static_cast<double>(bytes_); }

 private:
  uint64_t ns_ = 0, bytes_ = 0;
};

double price_of_reading(const ChargedMemory& memory, uint64_t bytes) {
  const auto* words = reinterpret_cast<const uint64_t*>(memory.data());
  uint64_t sums[4] = {};  // four, so that the loop waits for memory rather than for its own additions
  const uint64_t start = os::monotonic_ns();
  for (uint64_t i = 0; i + 4 <= bytes / 8; i += 4)
    for (uint64_t k = 0; k < 4; ++k) sums[k] += words[i + k];
  const double price = ns_per_byte_since(start, bytes);
  const volatile uint64_t kept = sums[0] + sums[1] + sums[2] + sums[3];  // the reading must not be optimised away
  (void)kept;
  return price;
}

// What memory costs that the system has not given out yet, and reading back what the caches have forgotten: the least of some
// tries. Where there is no room to measure a price, it keeps its usual value.
Status price_memory(const std::shared_ptr<Ledger>& ledger, uint64_t room, Costs& costs) {
  const uint64_t large_bytes = std::min(kLargeBytes, room);
  if (large_bytes >= kLeastLargeBytes) {
    FreshPrice fresh;
    double far = 1e9, near = 1e9;
    const uint64_t start = os::monotonic_ns();
    do {
      SQS_TRY_ASSIGN(const ChargedMemory memory, fresh.take(ledger, large_bytes));
      far = std::min(far, price_of_reading(memory, large_bytes));
      for (int attempt = 0; attempt < 4; ++attempt) near = std::min(near, price_of_reading(memory, kCachedBytes));
    } while (os::monotonic_ns() - start < kMemoryNs);
    costs.large_fresh_ns_per_byte = fresh.ns_per_byte();
    costs.reread_ns_per_byte = std::max(0.0, far - near);
  }
  if (room >= kSmallBytes) {
    FreshPrice fresh;
    const uint64_t start = os::monotonic_ns();
    do {
      SQS_TRY_ASSIGN(const ChargedMemory memory, fresh.take(ledger, kSmallBytes));
    } while (os::monotonic_ns() - start < kMemoryNs / 2);
    costs.small_fresh_ns_per_byte = fresh.ns_per_byte();
  }
  return ok();
}

// What it costs to write to the spill directory, to the device itself, and to read back. A directory that can't be used, or no
// room for a piece, leaves the usual price: runs will tell.
Status price_disk(const std::string& directory, uint64_t disk, const std::shared_ptr<Ledger>& ledger, uint64_t room,
                  Costs& costs) {
  if (directory.empty() || room < kSmallBytes) return ok();
  SQS_TRY_ASSIGN(const ChargedMemory piece, ChargedMemory::take(ledger, kSmallBytes));
  std::memset(piece.data(), 1, piece.bytes());
  Result<os::File> file = os::File::create_unnamed(directory);
  if (!file.ok()) return ok();
  uint64_t bytes = 0;
  const uint64_t start = os::monotonic_ns();
  while (bytes + kSmallBytes <= std::min(disk, kMostDiskBytes) && os::monotonic_ns() - start < kDiskNs) {
    if (!file->write(bytes, piece.data(), kSmallBytes).ok()) return ok();
    bytes += kSmallBytes;
  }
  if (bytes == 0 || !file->sync().ok()) return ok();
  for (uint64_t at = 0; at < bytes; at += kSmallBytes)
    if (!file->read(at, piece.data(), kSmallBytes).ok()) return ok();
  costs.disk_ns_per_byte = ns_per_byte_since(start, bytes);
  costs.disk_probed = true;
  return ok();
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
  SQS_TRY_ASSIGN(std::shared_ptr<const Plan> plan, make_plan(request));
  Result<std::vector<SpillFile>> spill = open_spill_files(*plan);
  if (!spill.ok()) {
    request.disk_bytes = 0;
    Result<std::shared_ptr<const Plan>> other = make_plan(request);
    if (!other.ok()) return std::move(spill).error();
    plan = std::move(other).value();
  }
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
  context.spill = spill.ok() ? &*spill : nullptr;
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
  // What earlier runs have left makes room, so that the budget holds; a probe leaves nothing either.
  struct Closing {
    State& s;
    ~Closing() {
      s.change([] {});
      s.run_open = false;
    }
  } closing{s};
  s.change([] {});

  // Memory first: it empties the caches, which the stages fill again for the run that follows.
  Costs costs;
  const uint64_t held = s.ledger->held();
  const uint64_t room = s.budget() > held ? s.budget() - held : 0;
  SQS_TRY(price_memory(s.ledger, room, costs));
  SQS_TRY(price_disk(s.settings.spill_dir, s.disk_bytes(), s.ledger, room, costs));

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
  costs.ns_per_row = std::move(ns_per_row);
  costs.rows_probed = true;
  s.costs = std::move(costs);
  s.say(SQS_LOG_INFO, "probed " + std::to_string(targets.size()) + " targets");
  return ok();
}

}  // namespace sqs
