// One execution: plans, reserves everything, and drives the executor in slices.
#include <algorithm>
#include <cstring>

#include "core/size.hpp"
#include "core/words.hpp"
#include "exec/run_state.hpp"
#include "exec/told_plan.hpp"
#include "os/call_out.hpp"
#include "os/clock.hpp"
#include "sink/callback_sink.hpp"
#include "sink/memory_sink.hpp"
#include "sink/npy_sink.hpp"
#include "sink/pull_sink.hpp"

namespace sqs {
namespace {

constexpr uint64_t kSliceNs = 50'000'000;                // between progress reports
constexpr uint64_t kKeptArenaBytes = uint64_t{64} << 20; // larger ones go back to the system when the run ends
constexpr uint64_t kKnownRowBytes = 4096;                // whole-stream rows up to this are kept for later runs

}  // namespace

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

Result<uint32_t> Run::add_callback(const std::string& target, bool any_order, sqs_rows_fn fn, User user) {
  if (fn == nullptr) return Error{SQS_E_NULL, "the row callback of target '" + target + "' is NULL", target};
  Wanted w;
  w.name = target;
  SQS_TRY_ASSIGN(w.node, state_->shared->graph->find(target));
  w.kind = SinkKind::Callback;
  w.any_order = any_order;
  w.fn = fn;
  w.user = std::move(user);
  return state_->add(std::move(w));
}

Result<uint32_t> Run::add_pull(const std::string& target, bool any_order) {
  Wanted w;
  w.name = target;
  SQS_TRY_ASSIGN(w.node, state_->shared->graph->find(target));
  w.kind = SinkKind::Pull;
  w.any_order = any_order;
  return state_->add(std::move(w));
}

Result<uint32_t> Run::add_npy(const std::string& target, const std::string& path) {
  Wanted w;
  w.name = target;
  SQS_TRY_ASSIGN(w.node, state_->shared->graph->find(target));
  w.kind = SinkKind::File;
  w.path = path;
  if (path.empty()) return Error{SQS_E_INVALID, "the path for target '" + target + "' is empty: give the path of a file", target};
  for (const Wanted& other : state_->wanted)
    if (other.kind == SinkKind::File && os::same_path(other.path, path))
      return Error{SQS_E_INVALID, "targets '" + other.name + "' and '" + target + "' would both be written to '" + path +
                                  "': give each a file of its own", target};
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

Result<Request> Run::State::run_request() const {
  if (wanted.empty()) return Error{SQS_E_STATE, "the run has no target: add one first"};
  SQS_TRY_ASSIGN(const InputState input, shared->input_state());
  std::vector<TargetRequest> targets;
  for (const Wanted& w : wanted) {
    const bool aligned_buffer = w.kind != SinkKind::Buffer || reinterpret_cast<uintptr_t>(w.data) % kAlign == 0;
    const bool streamed = w.kind == SinkKind::Callback || w.kind == SinkKind::Pull;
    targets.push_back({w.node, w.kind, aligned_buffer, !streamed || w.any_order});
  }
  Request made = shared->request(std::move(targets), t0, t1, input);
  shared->count_held(made);
  if (without_disk) made.disk_bytes = 0;
  return made;
}

// Leaves the plan there is if it can't be made.
Status Run::State::make_run_plan() {
  SQS_TRY_ASSIGN(Request now, run_request());
  SQS_TRY_ASSIGN(std::shared_ptr<const Plan> made, make_plan(now));
  planned_for = std::move(now);
  plan = std::move(made);
  return ok();
}

Result<std::shared_ptr<const ToldPlan>> Run::plan() {
  if (state_->plan != nullptr) return std::make_shared<const ToldPlan>(state_->plan, state_->planned_for);
  SQS_TRY_ASSIGN(Request request, state_->run_request());
  SQS_TRY_ASSIGN(std::shared_ptr<const Plan> made, make_plan(request));
  return std::make_shared<const ToldPlan>(std::move(made), std::move(request));
}

Status Run::State::begin() {
  began_ns = os::monotonic_ns();
  faults = os::page_faults();
  io = os::io_counters();
  source = shared->current_source();
  SQS_TRY(make_run_plan());
  SQS_TRY(reserve());
  SQS_TRY(make_outputs());
  return prepare();
}

// Makes the executor of a plan whose memory and outputs are there.
Status Run::State::prepare() {
  attempt_began_ns = os::monotonic_ns();
  context = {};
  context.plan = plan.get();
  context.source = source.get();
  context.arena = shared->arena.data();
  context.sample_rate = shared->sample_rate;
  context.outputs = &outputs;
  context.spill = &spill;
  context.checkpoints = plan->checkpoint_bytes > 0 ? &*shared->checkpoints : nullptr;
  context.cache = plan->cache_bytes > 0 ? &*shared->cache : nullptr;
  context.known_rows = plan->mode == SQS_SQRT ? &shared->known_rows : nullptr;
  context.cancelled = &shared->cancelled;
  counters = std::vector<StageCounters>(plan->graph->size());
  context.counters = &counters;
  context.wanted = plan->targets[0].rows;
  SQS_TRY(serve_from_cache());
  SQS_TRY_ASSIGN(after_cache, rows_without_cache());
  if (plan->mode == SQS_CLASSIC) {
    executor = make_classic_executor(context);
  } else {
    SQS_TRY_ASSIGN(executor, make_tiled_executor(context));
  }
  phase = Phase::Running;
  shared->say(SQS_LOG_INFO, mode_name(plan->mode) + ": " + plan->why);
  if (context.threads_missing > 0)
    shared->say(SQS_LOG_WARNING, "the system did not start " + std::to_string(context.threads_missing) + " of " +
                                     std::to_string(plan->threads) + " threads; the run does without");
  return report_progress(false);
}

Result<std::vector<SpillFile>> open_spill_files(const Plan& plan) {
  std::vector<SpillFile> files;
  files.reserve(plan.turn.disk.size());
  for (const DiskFile& file : plan.turn.disk) {
    SQS_TRY_ASSIGN(SpillFile opened, SpillFile::open(plan.settings.spill_dir, {file.block_bytes, file.blocks}));
    files.push_back(std::move(opened));
  }
  return files;
}

// Takes all memory the plan names before the first stage runs.
Status Run::State::reserve() {
  spill.clear();
  Result<std::vector<SpillFile>> opened = open_spill_files(*plan);
  if (opened.ok()) {
    spill = std::move(opened).value();
  } else {
    disk_failure.cause = opened.error().message;
    SQS_TRY(plan_without_disk());
    shared->say(SQS_LOG_WARNING, disk_failure.cause + "; the run does without");
  }
  if (!plan->uses_known) shared->forget_known();
  if (plan->drop_held_checkpoints) shared->checkpoints.reset();
  if (plan->drop_held_cache) shared->cache.reset();
  SQS_TRY(shared->ensure_arena(plan->arena_bytes, plan->turn.replays_ahead ? 1 : plan->threads));
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
  outputs.resize(wanted.size());
  for (size_t t = 0; t < wanted.size(); ++t) SQS_TRY(make_output(t));
  return ok();
}

Status Run::State::make_output(size_t t) {
  const TargetPlan& target = plan->targets[t];
  SQS_TRY_ASSIGN(std::unique_ptr<Sink> sink, make_sink(t));
  outputs[t] = std::make_unique<Output>(std::move(sink), target.node, target.row_bytes);
  set_direction(t);
  return ok();
}

void Run::State::set_direction(size_t t) {
  const TargetPlan& target = plan->targets[t];
  const bool global = plan->graph->node(target.node).global();
  if (plan->mode == SQS_SQRT && !global && plan->sweeps[target.sweep].backward) outputs[t]->set_from_last();
}

Result<std::unique_ptr<Sink>> Run::State::make_sink(size_t t) {
  const Wanted& w = wanted[t];
  const TargetPlan& target = plan->targets[t];
  std::unique_ptr<Sink> sink;
  std::byte* file_buffer = nullptr;
  switch (w.kind) {
    case SinkKind::Array: {
      if (arrays[t].bytes() == 0) {
        SQS_TRY_ASSIGN(arrays[t], ChargedMemory::take(shared->ledger, target.output_bytes, os::Mapping::Use::All,
                                                      Ledger::Account::Work, kBesideResult));
      }
      sink = std::make_unique<MemorySink>(arrays[t].data(), target.rows.first, target.rows.count(), target.row_bytes);
      break;
    }
    case SinkKind::Buffer: {
      const uint64_t needed = target.rows.count() * target.row_bytes;
      if (w.bytes < needed)
        return Error{SQS_E_INVALID, "the buffer for target '" + w.name + "' has " + std::to_string(w.bytes) + " bytes; its " +
                                    std::to_string(target.rows.count()) + " rows need " + std::to_string(needed), w.name};
      sink = std::make_unique<MemorySink>(w.data, target.rows.first, target.rows.count(), target.row_bytes);
      break;
    }
    case SinkKind::Callback:
      sink = std::make_unique<CallbackSink>(w.name, w.fn, w.user);
      break;
    case SinkKind::File: {
      const auto files_before = std::count_if(wanted.begin(), wanted.begin() + static_cast<std::ptrdiff_t>(t),
                                              [](const Wanted& other) { return other.kind == SinkKind::File; });
      file_buffer = shared->arena.data() + plan->file_buffer_offset + static_cast<uint64_t>(files_before) * kFileBufferBytes;
      sink = std::make_unique<NpySink>(w.name, w.path, plan->graph->node(w.node).decl.dtype,
                                       plan->graph->node(w.node).decl.shape, target.rows.first, target.rows.count());
      break;
    }
    case SinkKind::Pull:
      sink = std::make_unique<PullSink>();
      break;
  }
  SQS_TRY(sink->start(file_buffer));
  return sink;
}

// ---------------------------------------------------------------- running

Result<Run::Stepped> Run::State::drive(uint64_t deadline_ns) {
  if (phase == Phase::Done) return Error{SQS_E_STATE, "the run has ended already: make a new one"};
  if (phase == Phase::Failed) return Error{SQS_E_STATE, "the run has failed: make a new one"};
  const os::PinnedFp pinned;
  if (phase == Phase::Building) SQS_TRY(begin());
  for (;;) {
    if (context.rows_wait()) {
      if (shared->cancelled.load(std::memory_order_relaxed)) return cancelled_error();
      return Stepped::RowsWait;
    }
    const uint64_t slice = std::min(deadline_ns, os::monotonic_ns() + kSliceNs);
    SQS_TRY_ASSIGN(const bool done, go_on(slice));
    if (done) break;
    SQS_TRY(report_progress(false));
    if (os::monotonic_ns() >= deadline_ns) return context.rows_wait() ? Stepped::RowsWait : Stepped::Pending;
  }
  SQS_TRY(finish());
  return Stepped::Done;
}

// The rows the cache has before those that are computed, these, and those the cache has behind; true when all are delivered.
Result<bool> Run::State::go_on(uint64_t deadline_ns) {
  SQS_TRY(deliver_cached(from_cache_front));
  if (context.rows_wait()) return false;
  if (!executed) {
    SQS_TRY_ASSIGN(executed, advance(deadline_ns));
  }
  if (!executed || context.rows_wait()) return false;
  SQS_TRY(deliver_cached(from_cache_tail));
  return !context.rows_wait();
}

Result<bool> Run::State::advance(uint64_t deadline_ns) {
  Result<bool> done = executor->advance(deadline_ns);
  if (done.ok() || !context.disk_failed || done.error().code != SQS_E_IO) return done;
  return go_on_without_disk(std::move(done).error());
}

double Run::State::attempt_fraction() const {
  const uint64_t total = executor->total();
  return total == 0 ? 0.0 : std::min(1.0, static_cast<double>(executor->done()) / static_cast<double>(total));
}

// One that starts again has what is left to share among all its work.
double Run::State::fraction() const { return given_up.fraction + (1 - given_up.fraction) * attempt_fraction(); }

Status Run::State::report_progress(bool last) {
  const uint64_t now = os::monotonic_ns();
  if (progress == nullptr || (reported_ns != 0 && !last && now - reported_ns < kSliceNs)) return ok();
  reported_ns = now;
  sqs_progress p{};
  p.struct_size = sizeof p;
  p.sweep = executor->sweep();
  p.sweeps = plan->info.sweeps;
  p.fraction = last ? 1.0 : fraction();
  p.seconds = static_cast<double>(now - began_ns) * 1e-9;
  const double part = last ? 1.0 : attempt_fraction();
  p.eta_seconds = part > 0 ? static_cast<double>(now - attempt_began_ns) * 1e-9 * (1 - part) / part : 0;
  p.rows_done = std::max(given_up.rows_done, outputs[0]->rows());
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
  if (shared->cache.has_value()) shared->cache->unpin();
  for (const auto& output : outputs) SQS_TRY(output->finish());
  count();
  count_causes();
  for (size_t i = 0; i < counters.size(); ++i)
    if (counters[i].rows() + counters[i].from_cache() != executor->stages()[i].rows_predicted)
      return Error{SQS_E_INTERNAL, "stage '" + plan->graph->node(static_cast<NodeId>(i)).name() + "' was evaluated for " +
                                       std::to_string(counters[i].rows()) + " rows where the plan has " +
                                       std::to_string(executor->stages()[i].rows_predicted) + "; this is a defect of the library"};
  if (stats.measured_bytes > stats.predicted_bytes)
    shared->say(SQS_LOG_WARNING, "more memory was held than predicted: " + std::to_string(stats.measured_bytes) + " bytes");
  keep_known_rows();
  SQS_TRY(report_progress(true));
  executor.reset();
  spill.clear();
  if (plan->arena_bytes > kKeptArenaBytes) SQS_TRY(shared->ensure_arena(0));
  write_report();
  SQS_TRY(show_outputs());
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

// Nothing partial stays: states are released, files removed; the pipeline can be used again.
void Run::State::fail() {
  if (shared->cache.has_value()) shared->cache->unpin();
  executor.reset();
  spill.clear();
  outputs.clear();
  arrays.clear();
  report.reset();
  phase = Phase::Failed;
}

Status Run::execute() {
  if (state_->pulls())
    return Error{SQS_E_STATE, "the run has targets that are pulled: it goes on by sqs_run_pull(), and by sqs_run_step() until "
                              "rows wait"};
  SQS_TRY(step(UINT64_MAX));
  return ok();
}

Result<Run::Stepped> Run::step(uint64_t max_ns) {
  const uint64_t now = os::monotonic_ns();
  const uint64_t deadline = max_ns > UINT64_MAX - now ? UINT64_MAX : now + max_ns;
  return state_->or_fail([&] { return state_->drive(deadline); });
}

void Run::cancel() { state_->shared->cancelled.store(true, std::memory_order_relaxed); }

}  // namespace sqs
