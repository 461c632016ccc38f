#include "exec/pipeline.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/dtype.hpp"
#include "exec/state.hpp"
#include "exec/told_plan.hpp"
#include "os/file.hpp"
#include "source/memory_source.hpp"
#include "source/reader_source.hpp"

namespace sqs {
namespace {

Error run_is_open(const std::string& what) {
  return Error{SQS_E_STATE, what + " can't be changed while a run is open: destroy the run first"};
}

}  // namespace

// ---------------------------------------------------------------- state

void Pipeline::State::forget() {
  checkpoints.reset();
  cache.reset();
  cached.clear();
  forget_known();
  arena = {};
  ledger->release(arena_charged);
  arena_charged = 0;
}

void Pipeline::State::forget_known() {
  known_rows.clear();
  ledger->release(known_bytes);
  known_bytes = 0;
}

Status Pipeline::State::open(const std::string& what) {
  const std::lock_guard lock(mutex);
  if (run_open) return Error{SQS_E_STATE, "a run of this pipeline is open: destroy it before " + what};
  run_open = true;
  cancelled.store(false, std::memory_order_relaxed);
  return ok();
}

// The former source goes when the mutex is free again, for its destroy function is user code.
void Pipeline::State::replace_source(std::shared_ptr<Source> by, double rate) {
  std::shared_ptr<PushSource> former;
  change([&] {
    source.swap(by);
    pushed.swap(former);
    sample_rate = rate;
  });
}

std::shared_ptr<Source> Pipeline::State::current_source() const {
  const std::lock_guard lock(mutex);
  return source;
}

uint64_t Pipeline::State::budget() const {
  return settings.memory_budget != 0 ? settings.memory_budget : default_budget;
}

// What states may take on disk; a directory that can't be asked is tried, so that its error is told.
uint64_t Pipeline::State::disk_bytes() const {
  if (settings.spill_dir.empty()) return 0;
  const Result<os::DiskSpace> space = os::disk_space(settings.spill_dir);
  const uint64_t free = space.ok() ? space->free_bytes : UINT64_MAX >> 2;
  return settings.disk_bytes == 0 ? free : std::min(settings.disk_bytes, free);
}

Result<InputState> Pipeline::State::input_state() const {
  const std::shared_ptr<Source> now = current_source();
  if (now == nullptr)
    return Error{SQS_E_STATE, "the pipeline has no input: set memory or a reader, or push samples, first"};
  InputState input;
  input.ended = now->ended();  // before the count: frames that come in between are not missed, only not final
  input.frames = now->frame_count();
  // Read in place only where elements lie as their type asks.
  const uint64_t element = std::min<uint64_t>(8, dtype_bytes(graph->format().dtype));
  input.in_memory = now->in_memory() != nullptr && reinterpret_cast<uintptr_t>(now->in_memory()) % element == 0;
  input.threading = now->threading();
  input.retained_bytes = now->retained_bytes();
  return input;
}

Request Pipeline::State::request(std::vector<TargetRequest> targets, uint64_t t0, uint64_t t1, const InputState& input) const {
  Request request;
  request.graph = graph;
  request.targets = std::move(targets);
  request.t0 = t0;
  request.t1 = t1;
  request.input = input;
  request.settings = settings;
  request.budget_bytes = budget();
  request.disk_bytes = disk_bytes();
  request.costs = costs;
  request.held.result_bytes = result_bytes->load(std::memory_order_relaxed);
  request.held.global_known.resize(graph->size(), false);
  return request;
}

void Pipeline::State::count_held(Request& request) const {
  const std::lock_guard lock(mutex);
  request.held.known_bytes = known_bytes;
  request.held.checkpoint_bytes = checkpoints.has_value() ? checkpoints->bytes() : 0;
  request.held.cache_bytes = cache.has_value() ? cache->bytes() : 0;
  if (settings.mode != SQS_CLASSIC)
    for (size_t id = 0; id < known_rows.size(); ++id) request.held.global_known[id] = !known_rows[id].empty();
}

void Pipeline::State::say(int32_t level, const std::string& message) const {
  LogSink now;
  {
    const std::lock_guard lock(mutex);
    now = log;
  }
  if (now.fn != nullptr) now.fn(now.user.get(), level, message.c_str());
}

// The arena is charged for what the run at hand uses of it; pages behind that go back.
Status Pipeline::State::ensure_arena(uint64_t bytes, uint32_t threads) {
  ledger->release(arena_charged);
  arena_charged = 0;
  if (arena.bytes() < bytes) {
    arena = {};
    SQS_TRY_ASSIGN(arena, os::Mapping::reserve(bytes, threads > 1 ? os::Mapping::Use::Parts : os::Mapping::Use::All));
  } else if (arena.bytes() > bytes) {
    arena.release(bytes, arena.bytes() - bytes);
  }
  ledger->charge(bytes);
  arena_charged = bytes;
  return ok();
}

// ---------------------------------------------------------------- graph

Pipeline::Pipeline(std::unique_ptr<State> state) : state_(std::move(state)) {}
Pipeline::~Pipeline() = default;

Result<std::shared_ptr<Pipeline>> Pipeline::create(const Format& format) {
  auto state = std::make_unique<State>();
  SQS_TRY_ASSIGN(state->graph, Graph::create(format));
  state->sample_rate = format.sample_rate;
  return std::shared_ptr<Pipeline>(new Pipeline(std::move(state)));
}

Status Pipeline::add_stage(StageDecl decl) {
  if (state_->run_open) return run_is_open("the graph");
  SQS_TRY_ASSIGN(std::shared_ptr<const Graph> graph, state_->graph->with_stage(std::move(decl)));
  state_->change([&] { state_->graph.swap(graph); });
  return ok();
}

Status Pipeline::add_windows(const std::string& name, Access access) {
  if (state_->run_open) return run_is_open("the graph");
  SQS_TRY_ASSIGN(std::shared_ptr<const Graph> graph, state_->graph->with_windows(name, access));
  state_->change([&] { state_->graph.swap(graph); });
  return ok();
}

Result<sqs_stage_info> Pipeline::describe(const std::string& stage) const {
  const Graph& graph = *state_->graph;
  SQS_TRY_ASSIGN(const NodeId id, graph.find(stage));
  const Node& node = graph.node(id);
  sqs_stage_info info{};
  info.struct_size = sizeof info;
  const Node& real = node.is_crop ? graph.node(node.inputs[0].of) : node;
  info.kind = real.decl.kind == Kind::Frames || real.decl.kind == Kind::Windows ? 0 : static_cast<int32_t>(real.decl.kind);
  info.dtype = node.decl.dtype;
  info.ndim = static_cast<int32_t>(node.decl.shape.size());
  for (size_t d = 0; d < node.decl.shape.size(); ++d) info.shape[d] = static_cast<int64_t>(node.decl.shape[d]);
  info.row_bytes = node.row_bytes;
  info.origin = node.origin;
  info.step = node.step;
  if (state_->current_source() == nullptr) return info;
  SQS_TRY_ASSIGN(const InputState input, state_->input_state());
  SQS_TRY_ASSIGN(const std::vector<NodeRows> rows, graph.rows(input.frames, input.ended, graph.ancestors({id})));
  const bool unknown = node.global() && rows[id].out.open;
  info.rows = unknown ? 0 : rows[id].out.count;
  return info;
}

// ---------------------------------------------------------------- input

Status Pipeline::set_memory(const void* frames, uint64_t frame_count, User user) {
  if (state_->run_open) return run_is_open("the input");
  if (frames == nullptr && frame_count > 0)
    return Error{SQS_E_NULL, "frames is NULL, but frame_count is " + std::to_string(frame_count)};
  SQS_TRY(state_->graph->rows(frame_count, true, state_->graph->ancestors({kFramesNode})));
  const uint64_t bytes = state_->graph->node(kFramesNode).row_bytes;
  state_->replace_source(std::make_shared<MemorySource>(frames, frame_count, bytes, std::move(user)),
                         state_->graph->format().sample_rate);
  return ok();
}

Status Pipeline::set_reader(ReaderDecl reader) {
  if (state_->run_open) return run_is_open("the input");
  const Format& format = state_->graph->format();
  if (reader.read == nullptr) return Error{SQS_E_NULL, "the reader has no read callback"};
  if (reader.dtype != 0 && reader.dtype != format.dtype)
    return Error{SQS_E_INVALID, std::string("the reader gives ") + dtype_name(reader.dtype) + " samples, the pipeline takes " +
                                dtype_name(format.dtype) + ": create the pipeline with the reader's dtype"};
  if (reader.channels != 0 && reader.channels != format.channels)
    return Error{SQS_E_INVALID, "the reader gives " + std::to_string(reader.channels) + " channels, the pipeline takes " +
                                std::to_string(format.channels) + ": create the pipeline with the reader's channels"};
  if (!std::isfinite(reader.sample_rate) || reader.sample_rate < 0)
    return Error{SQS_E_INVALID, "the reader's sample_rate must be 0 (the pipeline's) or positive"};
  SQS_TRY(state_->graph->rows(reader.frame_count, true, state_->graph->ancestors({kFramesNode})));
  const double rate = reader.sample_rate > 0 ? reader.sample_rate : format.sample_rate;
  state_->replace_source(std::make_shared<ReaderSource>(std::move(reader)), rate);
  return ok();
}

Status Pipeline::expect_push() { return state_->current_source() == nullptr ? push(nullptr, 0) : ok(); }

Status Pipeline::push(const void* frames, uint64_t frame_count) {
  if (frames == nullptr && frame_count > 0)
    return Error{SQS_E_NULL, "frames is NULL, but frame_count is " + std::to_string(frame_count)};
  std::shared_ptr<PushSource> pushed;
  std::shared_ptr<Source> former;  // goes when the mutex is free again, for its destroy function is user code
  uint64_t budget_bytes = 0;
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->pushed == nullptr) {
      if (state_->run_open) return run_is_open("the input");
      state_->pushed = std::make_shared<PushSource>(state_->ledger, state_->graph->node(kFramesNode).row_bytes);
      former = std::exchange(state_->source, state_->pushed);
      state_->sample_rate = state_->graph->format().sample_rate;
      state_->forget();
    }
    pushed = state_->pushed;
    budget_bytes = state_->budget();
  }
  return pushed->push(frames, frame_count, budget_bytes);
}

Status Pipeline::end_input() {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->pushed == nullptr && state_->source != nullptr)
      return Error{SQS_E_STATE, "the input is memory, a reader or a file, which has its end: only pushed input is ended"};
  }
  SQS_TRY(push(nullptr, 0));
  std::shared_ptr<PushSource> pushed;
  {
    const std::lock_guard lock(state_->mutex);
    pushed = state_->pushed;
  }
  return pushed->end();
}

// ---------------------------------------------------------------- settings

Status Pipeline::configure(const Settings& settings) {
  if (state_->run_open) return run_is_open("the settings");
  if (settings.mode < SQS_AUTO || settings.mode > SQS_SQRT)
    return Error{SQS_E_INVALID, "mode is " + std::to_string(settings.mode) + "; use SQS_AUTO, SQS_CLASSIC or SQS_SQRT"};
  if (settings.threads > 1024)
    return Error{SQS_E_INVALID, "threads is " + std::to_string(settings.threads) + "; at most 1024 are possible"};
  if (settings.tile_frames > uint64_t{1} << 40)
    return Error{SQS_E_INVALID, "tile_frames is " + std::to_string(settings.tile_frames) + "; at most 2^40 are possible"};
  if (settings.max_ratio > 64)
    return Error{SQS_E_INVALID, "max_ratio is " + std::to_string(settings.max_ratio) + "; at most 64 are possible"};
  if (settings.checkpoint_every > uint64_t{1} << 60)
    return Error{SQS_E_INVALID, "checkpoint_every is " + std::to_string(settings.checkpoint_every) + " windows; at most 2^60 are possible"};
  state_->change([&] {
    if (settings.spill_dir != state_->settings.spill_dir) state_->costs.forget_disk();
    state_->settings = settings;
    if (state_->settings.threads == 0) state_->settings.threads = 1;
  });
  return ok();
}

const Settings& Pipeline::settings() const { return state_->settings; }

void Pipeline::set_log(LogSink sink) {
  LogSink former = std::move(sink);  // changes places with the present one, which goes when the mutex is free again
  const std::lock_guard lock(state_->mutex);
  std::swap(state_->log, former);
}

Status Pipeline::trim() {
  if (state_->run_open) return run_is_open("what runs keep");
  state_->change([] {});
  return ok();
}

void Pipeline::cancel() { state_->cancelled.store(true, std::memory_order_relaxed); }

// ---------------------------------------------------------------- plans and runs

Result<std::shared_ptr<const ToldPlan>> Pipeline::plan(const std::vector<std::string>& targets, uint64_t t0, uint64_t t1,
                                                       bool streamed, bool any_order) const {
  if (targets.empty()) return Error{SQS_E_INVALID, "a plan needs at least one target"};
  SQS_TRY_ASSIGN(const InputState input, state_->input_state());
  std::vector<TargetRequest> wanted;
  for (const std::string& name : targets) {
    SQS_TRY_ASSIGN(const NodeId id, state_->graph->find(name));
    wanted.push_back({id, streamed ? SinkKind::Callback : SinkKind::Array, true, any_order});
  }
  Request request = state_->request(std::move(wanted), t0, t1, input);
  if (!state_->run_open) state_->count_held(request);
  SQS_TRY_ASSIGN(std::shared_ptr<const Plan> made, make_plan(request));
  return std::make_shared<const ToldPlan>(std::move(made), std::move(request));
}

Result<std::shared_ptr<ResultArray>> Pipeline::evaluate(const std::string& target, uint64_t t0, uint64_t t1) {
  SQS_TRY_ASSIGN(const std::unique_ptr<Run> run, open_run());
  SQS_TRY(run->add_array(target));
  SQS_TRY(run->set_range(t0, t1));
  SQS_TRY(run->execute());
  return run->take_result(0);
}

}  // namespace sqs
