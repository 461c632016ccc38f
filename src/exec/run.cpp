// One execution: plans, reserves everything, drives the executor in slices, and counts.
#include <algorithm>
#include <cstring>

#include "core/size.hpp"
#include "core/trampoline.hpp"
#include "exec/state.hpp"
#include "os/clock.hpp"
#include "os/metrics.hpp"
#include "plan/explain.hpp"
#include "plan/sweeps.hpp"
#include "sink/callback_sink.hpp"
#include "sink/memory_sink.hpp"
#include "sink/npy_sink.hpp"

namespace sqs {
namespace {

constexpr uint64_t kSliceNs = 50'000'000;                // between progress reports
constexpr uint64_t kKeptArenaBytes = uint64_t{64} << 20; // larger ones go back to the system when the run ends
constexpr uint64_t kKnownRowBytes = 4096;                // whole-stream rows up to this are kept for later runs

struct Wanted {
  std::string name;
  NodeId node = 0;
  SinkKind kind = SinkKind::Array;
  void* data = nullptr;
  uint64_t bytes = 0;
  sqs_rows_fn fn = nullptr;
  User user;
  std::string path;
};

// Rows that lie one after the other.
sqs_view dense_view(const Node& node, uint64_t first, uint64_t count, std::byte* data) {
  sqs_view v{};
  v.struct_size = sizeof v;
  v.dtype = node.decl.dtype;
  v.ndim = static_cast<int32_t>(node.decl.shape.size()) + 1;
  v.data = count == 0 ? nullptr : data;
  v.first_row = static_cast<int64_t>(first);
  v.shape[0] = static_cast<int64_t>(count);
  auto stride = static_cast<int64_t>(node.row_bytes);
  v.strides[0] = stride;
  for (size_t d = 0; d < node.decl.shape.size(); ++d) {
    stride /= static_cast<int64_t>(node.decl.shape[d]);
    v.shape[d + 1] = static_cast<int64_t>(node.decl.shape[d]);
    v.strides[d + 1] = stride;
  }
  v.base_rows = count;
  v.base_row_bytes = node.row_bytes;
  return v;
}

}  // namespace

struct Run::State {
  enum class Phase { Building, Running, Done, Failed };

  std::shared_ptr<Pipeline> pipeline;
  Pipeline::State* shared = nullptr;
  std::vector<Wanted> wanted;
  uint64_t t0 = 0;
  uint64_t t1 = SQS_END;
  sqs_progress_fn progress = nullptr;
  User progress_user;

  Phase phase = Phase::Building;
  std::shared_ptr<const Plan> plan;
  std::shared_ptr<Source> source;
  std::vector<std::unique_ptr<Output>> outputs;
  std::vector<ChargedMemory> arrays;  // by target; empty for other sinks and when taken
  std::vector<bool> taken;
  std::vector<StageCounters> counters;
  std::vector<StagePlan> after_cache; // rows per stage when what the cache has is left out
  RunContext context;
  std::unique_ptr<Executor> executor;
  Range from_cache_tail;              // of the first target: rows after context.wanted

  uint64_t began_ns = 0;
  uint64_t reported_ns = 0;
  os::PageFaults faults;
  os::IoCounters io;
  std::mutex counting;                // two threads may ask for statistics at once
  sqs_stats stats{};
  std::vector<sqs_stage_stats> stage_stats;
  std::string text;
  std::string json;

  explicit State(std::shared_ptr<Pipeline> p) : pipeline(std::move(p)) {}
  ~State() {
    executor.reset();  // releases states while the arena is there
    if (shared != nullptr) shared->run_open = false;
  }

  Status building(const char* what) const {
    if (phase == Phase::Building) return ok();
    return Error{SQS_E_STATE, std::string(what) + " after the run has begun: make a new run"};
  }
  Result<uint32_t> add(Wanted w);
  Result<std::shared_ptr<const Plan>> make_run_plan();
  Status begin();
  uint64_t cache_slot_bytes() const;
  Status reserve();
  Status make_outputs();
  Status serve_from_cache();
  std::vector<StagePlan> rows_without_cache() const;
  Status deliver_cached(uint64_t row, uint64_t end);
  Status report_progress(bool last);
  Result<bool> drive(uint64_t deadline_ns);
  Status finish();
  void keep_known_rows();
  void count();
  void count_stages();
  void write_report();
  void fail();
};

// ---------------------------------------------------------------- building

Result<std::unique_ptr<Run>> Pipeline::open_run() {
  auto state = std::make_unique<Run::State>(shared_from_this());
  SQS_TRY(state_->open("opening another"));
  state->shared = state_.get();
  return std::unique_ptr<Run>(new Run(std::move(state)));
}

Run::Run(std::unique_ptr<State> state) : state_(std::move(state)) {}
Run::~Run() = default;

Result<uint32_t> Run::State::add(Wanted w) {
  SQS_TRY(building("a target can't be added"));
  wanted.push_back(std::move(w));
  return static_cast<uint32_t>(wanted.size() - 1);
}

Result<uint32_t> Run::add_array_of(NodeId node) {
  Wanted w;
  w.name = state_->shared->graph->node(node).name();
  w.node = node;
  return state_->add(std::move(w));
}

Result<uint32_t> Run::add_array(const std::string& target) {
  SQS_TRY_ASSIGN(const NodeId node, state_->shared->graph->find(target));
  return add_array_of(node);
}

Result<uint32_t> Run::add_buffer(const std::string& target, void* data, uint64_t bytes) {
  if (data == nullptr && bytes > 0) return Error{SQS_E_NULL, "the buffer for target '" + target + "' is NULL", target};
  Wanted w;
  w.name = target;
  SQS_TRY_ASSIGN(w.node, state_->shared->graph->find(target));
  w.kind = SinkKind::Buffer;
  w.data = data;
  w.bytes = bytes;
  return state_->add(std::move(w));
}

Result<uint32_t> Run::add_callback(const std::string& target, sqs_rows_fn fn, User user) {
  if (fn == nullptr) return Error{SQS_E_NULL, "the row callback of target '" + target + "' is NULL", target};
  Wanted w;
  w.name = target;
  SQS_TRY_ASSIGN(w.node, state_->shared->graph->find(target));
  w.kind = SinkKind::Callback;
  w.fn = fn;
  w.user = std::move(user);
  return state_->add(std::move(w));
}

Result<uint32_t> Run::add_npy(const std::string& target, const std::string& path) {
  Wanted w;
  w.name = target;
  SQS_TRY_ASSIGN(w.node, state_->shared->graph->find(target));
  w.kind = SinkKind::File;
  w.path = path;
  return state_->add(std::move(w));
}

Status Run::set_range(uint64_t t0, uint64_t t1) {
  SQS_TRY(state_->building("the range can't be set"));
  if (t0 > t1)
    return Error{SQS_E_RANGE, "the range [" + std::to_string(t0) + ", " + std::to_string(t1) + ") ends before it begins"};
  state_->t0 = t0;
  state_->t1 = t1;
  return ok();
}

Status Run::set_progress(sqs_progress_fn fn, User user) {
  SQS_TRY(state_->building("the progress callback can't be set"));
  state_->progress = fn;
  state_->progress_user = std::move(user);
  return ok();
}

// ---------------------------------------------------------------- beginning

Result<std::shared_ptr<const Plan>> Run::State::make_run_plan() {
  if (wanted.empty()) return Error{SQS_E_STATE, "the run has no target: add one first"};
  SQS_TRY_ASSIGN(const InputState input, shared->input_state());
  std::vector<TargetRequest> targets;
  for (const Wanted& w : wanted) {
    const bool aligned_buffer = w.kind != SinkKind::Buffer || reinterpret_cast<uintptr_t>(w.data) % kAlign == 0;
    targets.push_back({w.node, w.kind, aligned_buffer});
  }
  Request request = shared->request(std::move(targets), t0, t1, input);
  shared->count_held(request);
  return make_plan(request);
}

Result<std::shared_ptr<const Plan>> Run::plan() {
  if (state_->plan != nullptr) return state_->plan;
  return state_->make_run_plan();
}

Status Run::State::begin() {
  began_ns = os::monotonic_ns();
  faults = os::page_faults();
  io = os::io_counters();
  source = shared->current_source();
  SQS_TRY_ASSIGN(plan, make_run_plan());
  SQS_TRY(reserve());
  SQS_TRY(make_outputs());
  context.plan = plan.get();
  context.source = source.get();
  context.arena = shared->arena.data();
  context.sample_rate = shared->sample_rate;
  context.outputs = &outputs;
  context.checkpoints = plan->checkpoint_bytes > 0 ? &*shared->checkpoints : nullptr;
  context.known_rows = plan->mode == SQS_SQRT ? &shared->known_rows : nullptr;
  context.cancelled = &shared->cancelled;
  counters = std::vector<StageCounters>(plan->graph->size());
  context.counters = &counters;
  context.wanted = plan->targets[0].rows;
  SQS_TRY(serve_from_cache());
  after_cache = rows_without_cache();
  executor = plan->mode == SQS_CLASSIC ? make_classic_executor(context) : make_tiled_executor(context);
  phase = Phase::Running;
  shared->say(SQS_LOG_INFO, plan->why);
  return report_progress(false);
}

// A tile of the target's rows, but neither more than 64 KiB nor less than a row.
uint64_t Run::State::cache_slot_bytes() const {
  const TargetPlan& target = plan->targets[0];
  const uint64_t step = std::max<uint64_t>(1, plan->rows[target.node].out.step);
  const Size tile = Size(std::max<uint64_t>(1, plan->tile_frames / step)) * target.row_bytes;
  constexpr uint64_t kLargestSlot = 64 * 1024;
  constexpr uint64_t kSmallestSlot = 256;
  return std::max(target.row_bytes, std::clamp(tile.saturated(), kSmallestSlot, kLargestSlot));
}

// Takes all memory the plan names before the first stage runs.
Status Run::State::reserve() {
  if (!plan->uses_known) shared->forget_known();
  if (plan->drop_held_checkpoints) shared->checkpoints.reset();
  if (plan->drop_held_cache) shared->cache.reset();
  SQS_TRY(shared->ensure_arena(plan->arena_bytes));
  shared->ledger->restart_peak();
  if (plan->checkpoint_bytes > 0 && !shared->checkpoints.has_value()) {
    SQS_TRY_ASSIGN(shared->checkpoints, CheckpointStore::make(*plan->graph, shared->ledger, plan->checkpoint_bytes));
  }
  if (plan->cache_bytes > 0 && !shared->cache.has_value()) {
    SQS_TRY_ASSIGN(shared->cache, RowCache::make(shared->ledger, plan->cache_bytes, cache_slot_bytes()));
  }
  return ok();
}

Status Run::State::make_outputs() {
  arrays.resize(wanted.size());
  taken.assign(wanted.size(), false);
  uint64_t file = 0;
  for (size_t t = 0; t < wanted.size(); ++t) {
    const Wanted& w = wanted[t];
    const TargetPlan& target = plan->targets[t];
    std::unique_ptr<Sink> sink;
    std::byte* file_buffer = nullptr;
    switch (w.kind) {
      case SinkKind::Array: {
        SQS_TRY_ASSIGN(arrays[t], ChargedMemory::take(shared->ledger, target.output_bytes));
        sink = std::make_unique<MemorySink>(arrays[t].data(), target.rows.first, target.row_bytes);
        break;
      }
      case SinkKind::Buffer: {
        const uint64_t needed = target.rows.count() * target.row_bytes;
        if (w.bytes < needed)
          return Error{SQS_E_INVALID, "the buffer for target '" + w.name + "' has " + std::to_string(w.bytes) + " bytes; its " +
                                      std::to_string(target.rows.count()) + " rows need " + std::to_string(needed), w.name};
        sink = std::make_unique<MemorySink>(w.data, target.rows.first, target.row_bytes);
        break;
      }
      case SinkKind::Callback:
        sink = std::make_unique<CallbackSink>(w.name, w.fn, w.user);
        break;
      case SinkKind::File:
        file_buffer = shared->arena.data() + plan->file_buffer_offset + file++ * kFileBufferBytes;
        sink = std::make_unique<NpySink>(w.name, w.path, plan->graph->node(w.node).decl.dtype,
                                         plan->graph->node(w.node).decl.shape, target.rows.count());
        break;
    }
    SQS_TRY(sink->start(file_buffer));
    outputs.push_back(std::make_unique<Output>(std::move(sink), w.node, target.row_bytes));
  }
  return ok();
}

// Delivers the cached rows at the front of the request and leaves out those at its end; what is between is evaluated.
Status Run::State::serve_from_cache() {
  if (plan->cache_bytes == 0 || wanted.size() != 1 || plan->graph->node(wanted[0].node).global()) return ok();
  const TargetPlan& target = plan->targets[0];
  if (plan->graph->node(target.node).decl.once) return ok();
  RowCache& cache = *shared->cache;
  Range& rest = context.wanted;
  const auto stretch_with = [&](uint64_t row) {
    const RowCache::Stretch stretch = cache.find(target.node, row, target.row_bytes);
    ++(stretch.rows != nullptr ? stats.cache_hits : stats.cache_misses);
    return stretch;
  };
  while (rest.count() > 0) {
    const RowCache::Stretch stretch = stretch_with(rest.first);
    if (stretch.rows == nullptr) break;
    rest.first = std::min(rest.last, stretch.end);
  }
  const uint64_t front_end = rest.first;
  cache.pin();  // what waits there for its turn must not be pushed out by the rows before it
  while (rest.count() > 0) {
    const RowCache::Stretch stretch = stretch_with(rest.last - 1);
    if (stretch.rows == nullptr) break;
    rest.last = std::max(rest.first, stretch.first);
  }
  context.cached_rows = front_end - target.rows.first;
  from_cache_tail = {rest.last, target.rows.last};
  SQS_TRY(deliver_cached(target.rows.first, front_end));
  outputs[0]->set_cache(&cache);
  return ok();
}

// What each stage would evaluate if nothing but the cache helped.
std::vector<StagePlan> Run::State::rows_without_cache() const {
  const Range& all = plan->targets[0].rows;
  if (context.wanted.first == all.first && context.wanted.last == all.last) return plan->stages;
  Plan rest = *plan;
  rest.targets[0].rows = context.wanted;
  set_ranges(rest, [](NodeId, uint64_t) { return uint64_t{0}; });
  count_rows(rest);
  return rest.stages;
}

Status Run::State::deliver_cached(uint64_t row, uint64_t end) {
  const TargetPlan& target = plan->targets[0];
  const Node& node = plan->graph->node(target.node);
  while (row < end) {
    const RowCache::Stretch stretch = shared->cache->find(target.node, row, target.row_bytes);
    const uint64_t next = std::min(end, stretch.end);
    std::byte* data = const_cast<std::byte*>(stretch.rows) + (row - stretch.first) * target.row_bytes;
    SQS_TRY(outputs[0]->deliver_known(dense_view(node, row, next - row, data)));
    row = next;
  }
  return ok();
}

// ---------------------------------------------------------------- running

Result<bool> Run::State::drive(uint64_t deadline_ns) {
  if (phase == Phase::Done) return Error{SQS_E_STATE, "the run has ended already: make a new one"};
  if (phase == Phase::Failed) return Error{SQS_E_STATE, "the run has failed: make a new one"};
  const os::PinnedFp pinned;
  if (phase == Phase::Building) SQS_TRY(begin());
  for (;;) {
    const uint64_t slice = std::min(deadline_ns, os::monotonic_ns() + kSliceNs);
    SQS_TRY_ASSIGN(const bool done, executor->advance(slice));
    if (done) break;
    SQS_TRY(report_progress(false));
    if (os::monotonic_ns() >= deadline_ns) return false;
  }
  SQS_TRY(finish());
  return true;
}

Status Run::State::report_progress(bool last) {
  const uint64_t now = os::monotonic_ns();
  if (progress == nullptr || (reported_ns != 0 && !last && now - reported_ns < kSliceNs)) return ok();
  reported_ns = now;
  sqs_progress p{};
  p.struct_size = sizeof p;
  p.sweep = executor->sweep();
  p.sweeps = plan->info.sweeps;
  p.fraction = last ? 1.0 : executor->total() == 0 ? 0.0 : std::min(1.0, static_cast<double>(executor->done()) / static_cast<double>(executor->total()));
  p.seconds = static_cast<double>(now - began_ns) * 1e-9;
  p.eta_seconds = p.fraction > 0 ? p.seconds * (1 - p.fraction) / p.fraction : 0;
  p.rows_done = outputs[0]->rows();
  p.rows_total = plan->targets[0].rows.count();
  char message[SQS_MESSAGE_BYTES] = {};
  int32_t go_on = 0;
  call_out(message, [&] { go_on = progress(progress_user.get(), &p); });
  if (go_on != 1 && !last) {
    return Error{SQS_E_CANCELLED, "the run was cancelled: the progress callback " +
                                      (message[0] != '\0' ? "failed: " + std::string(message) : "returned " + std::to_string(go_on) + ", not 1") +
                                      "; the pipeline can be used again"};
  }
  return ok();
}

Status Run::State::finish() {
  SQS_TRY(deliver_cached(from_cache_tail.first, from_cache_tail.last));
  if (shared->cache.has_value()) shared->cache->unpin();
  for (const auto& output : outputs) SQS_TRY(output->sink().finish());
  count();
  for (size_t i = 0; i < counters.size(); ++i)
    if (counters[i].rows() != executor->stages()[i].rows_predicted)
      return Error{SQS_E_INTERNAL, "stage '" + plan->graph->node(static_cast<NodeId>(i)).name() + "' was evaluated for " +
                                       std::to_string(counters[i].rows()) + " rows where the plan has " +
                                       std::to_string(executor->stages()[i].rows_predicted) + "; this is a defect of the library"};
  if (stats.measured_bytes > stats.predicted_bytes)
    shared->say(SQS_LOG_WARNING, "more memory was held than predicted: " + std::to_string(stats.measured_bytes) + " bytes");
  keep_known_rows();
  SQS_TRY(report_progress(true));
  executor.reset();
  if (plan->arena_bytes > kKeptArenaBytes) SQS_TRY(shared->ensure_arena(0));
  phase = Phase::Done;
  return ok();
}

// Small whole-stream rows spare later runs a sweep, for as long as the input stays what it is.
void Run::State::keep_known_rows() {
  if (plan->mode != SQS_SQRT || !plan->input.ended) return;
  shared->known_rows.resize(plan->graph->size());
  for (NodeId id = 0; id < plan->graph->size(); ++id) {
    const Node& node = plan->graph->node(id);
    if (node.decl.kind != Kind::Reduce || node.decl.once || plan->stages[id].sweeps == 0 || node.row_bytes > kKnownRowBytes) continue;
    if (!shared->known_rows[id].empty() || shared->ledger->held() + node.row_bytes > plan->budget_bytes) continue;
    const std::byte* row = executor->buffer(id).data;
    shared->known_rows[id].assign(row, row + node.row_bytes);
    shared->known_bytes += node.row_bytes;
    shared->ledger->charge(node.row_bytes);
  }
}

void Run::State::count() {
  const os::MemoryUse use = os::memory_use();
  const os::PageFaults faults_now = os::page_faults();
  const os::IoCounters io_now = os::io_counters();
  stats.struct_size = sizeof stats;
  stats.mode = plan->mode;
  stats.sweeps = plan->info.sweeps;
  stats.tiles = plan->tiles;
  stats.budget_bytes = plan->budget_bytes;
  stats.predicted_bytes = plan->predicted_bytes;
  stats.reserved_bytes = shared->ledger->held();
  // Frames that another thread has pushed meanwhile are not the run's.
  const uint64_t retained = source->retained_bytes();
  const uint64_t pushed = retained - std::min(retained, plan->input.retained_bytes);
  stats.measured_bytes = shared->ledger->peak() - std::min(shared->ledger->peak(), pushed);
  stats.untracked_bytes = plan->untracked_bytes;
  stats.checkpoints_saved = context.checkpoints_saved;
  stats.checkpoints_loaded = context.checkpoints_loaded;
  stats.checkpoint_bytes = plan->checkpoint_bytes;
  stats.seconds = static_cast<double>(os::monotonic_ns() - began_ns) * 1e-9;
  stats.rss_bytes = use.rss_bytes;
  stats.rss_peak_bytes = use.rss_peak_bytes;
  stats.minor_faults = faults_now.minor - faults.minor;
  stats.major_faults = faults_now.major - faults.major;
  stats.io_read_bytes = io_now.read_bytes - io.read_bytes;
  stats.io_write_bytes = io_now.written_bytes - io.written_bytes;
  stats.source_frames = counters[kFramesNode].rows();
  stats.source_bytes = stats.source_frames * plan->graph->node(kFramesNode).row_bytes;
  stats.sink_bytes = 0;
  for (size_t t = 0; t < outputs.size(); ++t) stats.sink_bytes += outputs[t]->rows() * plan->targets[t].row_bytes;
  count_stages();
}

// predicted = evaluated + from cache + skipped, for each stage and in sum. The frames are listed but not summed.
void Run::State::count_stages() {
  stage_stats.clear();
  stats.callbacks = stats.rows_predicted = stats.rows_evaluated = stats.rows_from_cache = stats.rows_skipped = 0;
  for (NodeId id = 0; id < plan->graph->size(); ++id) {
    if (plan->stages[id].sweeps == 0) continue;
    const Node& node = plan->graph->node(id);
    sqs_stage_stats s{};
    s.struct_size = sizeof s;
    s.kind = node.decl.kind == Kind::Frames ? 0 : static_cast<int32_t>(node.decl.kind);
    s.name = node.name().c_str();
    s.rows_predicted = plan->stages[id].rows_predicted;
    s.rows_evaluated = counters[id].rows();
    s.rows_from_cache = plan->stages[id].rows_predicted - after_cache[id].rows_predicted;
    s.rows_skipped = after_cache[id].rows_predicted - executor->stages()[id].rows_predicted;
    s.calls = counters[id].calls();
    s.buffer_bytes = plan->buffers[id].bytes;
    s.seconds = static_cast<double>(counters[id].ns()) * 1e-9;
    const uint64_t distinct = executor->stages()[id].rows_distinct;
    s.recompute_ratio = distinct == 0 ? 1.0 : static_cast<double>(s.rows_evaluated) / static_cast<double>(distinct);
    stage_stats.push_back(s);
    if (id == kFramesNode) continue;
    stats.callbacks += s.calls;
    stats.rows_predicted += s.rows_predicted;
    stats.rows_evaluated += s.rows_evaluated;
    stats.rows_from_cache += s.rows_from_cache;
    stats.rows_skipped += s.rows_skipped;
  }
  stats.stage_count = static_cast<uint32_t>(stage_stats.size());
}

void Run::State::write_report() {
  std::vector<TargetReport> targets;
  for (size_t t = 0; t < outputs.size(); ++t) {
    TargetReport report{wanted[t].name, outputs[t]->rows(), outputs[t]->rows() * plan->targets[t].row_bytes, {}};
    outputs[t]->digest().value(report.digest);
    targets.push_back(std::move(report));
  }
  text = sqs::report_text(*plan, stats, stage_stats, targets);
  json = sqs::report_json(*plan, stats, stage_stats, targets);
}

// Nothing partial stays: states are released, files removed; the pipeline can be used again.
void Run::State::fail() {
  if (shared->cache.has_value()) shared->cache->unpin();
  executor.reset();
  outputs.clear();
  arrays.clear();
  phase = Phase::Failed;
}

Status Run::execute() {
  SQS_TRY_ASSIGN(const bool done, step(UINT64_MAX));
  (void)done;
  return ok();
}

Result<bool> Run::step(uint64_t max_ns) {
  // Whatever ends a run that has begun, a lack of memory included, ends it for good; what was refused before can be mended and
  // tried again.
  struct Failing {
    State& s;
    bool armed;
    ~Failing() {
      if (armed && s.plan != nullptr) s.fail();
    }
  } failing{*state_, state_->phase == State::Phase::Building || state_->phase == State::Phase::Running};
  const uint64_t now = os::monotonic_ns();
  const uint64_t deadline = max_ns > UINT64_MAX - now ? UINT64_MAX : now + max_ns;
  Result<bool> done = state_->drive(deadline);
  if (!done.ok()) return done;
  if (*done) state_->write_report();
  failing.armed = false;
  return done;
}

void Run::cancel() { state_->shared->cancelled.store(true, std::memory_order_relaxed); }

// ---------------------------------------------------------------- report and result

Result<sqs_stats> Run::stats() const {
  if (state_->phase == State::Phase::Building) return Error{SQS_E_STATE, "the run has not begun: there are no statistics yet"};
  if (state_->phase == State::Phase::Failed) return Error{SQS_E_STATE, "the run has failed: there are no statistics"};
  const std::lock_guard lock(state_->counting);
  if (state_->phase == State::Phase::Running) state_->count();
  return state_->stats;
}

Result<sqs_stage_stats> Run::stage_stats(uint32_t stage) const {
  SQS_TRY(stats());
  const std::lock_guard lock(state_->counting);
  if (stage >= state_->stage_stats.size())
    return Error{SQS_E_RANGE, "stage " + std::to_string(stage) + " was asked for, but the run has " +
                              std::to_string(state_->stage_stats.size()) + " stages"};
  return state_->stage_stats[stage];
}

Status Run::digest(uint32_t index, uint8_t out[16]) const {
  if (state_->phase != State::Phase::Done) return Error{SQS_E_STATE, "the digest is there when the run has succeeded"};
  if (index >= state_->outputs.size())
    return Error{SQS_E_RANGE, "target " + std::to_string(index) + " was asked for, but the run has " +
                              std::to_string(state_->outputs.size())};
  state_->outputs[index]->digest().value(out);
  return ok();
}

const char* Run::report_text() const { return state_->text.c_str(); }
const char* Run::report_json() const { return state_->json.c_str(); }

Result<std::shared_ptr<ResultArray>> Run::take_result(uint32_t index) {
  State& s = *state_;
  if (s.phase != State::Phase::Done) return Error{SQS_E_STATE, "results can be taken when the run has succeeded"};
  if (index >= s.wanted.size())
    return Error{SQS_E_RANGE, "target " + std::to_string(index) + " was asked for, but the run has " + std::to_string(s.wanted.size())};
  if (s.wanted[index].kind != SinkKind::Array)
    return Error{SQS_E_STATE, "target '" + s.wanted[index].name + "' has no array: it went into another sink", s.wanted[index].name};
  if (s.taken[index]) return Error{SQS_E_STATE, "the result of target '" + s.wanted[index].name + "' has been taken already", s.wanted[index].name};
  const TargetPlan& target = s.plan->targets[index];
  const Node& node = s.plan->graph->node(target.node);
  auto result = std::make_shared<ResultArray>();
  result->held = s.shared->result_bytes;
  result->held->fetch_add(s.arrays[index].bytes(), std::memory_order_relaxed);
  result->memory = std::move(s.arrays[index]);
  s.taken[index] = true;
  result->view = dense_view(node, target.rows.first, target.rows.count(), result->memory.data());
  const Rows& rows = s.plan->rows[target.node].out;
  result->origin = rows.origin + static_cast<int64_t>(target.rows.first * rows.step);
  result->step = rows.step;
  result->sample_rate = s.shared->sample_rate;
  s.outputs[index]->digest().value(result->digest);
  result->stats = s.stats;
  result->text = s.text;
  result->json = s.json;
  return result;
}

}  // namespace sqs
