#include "session.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

#include <gtest/gtest.h>

namespace eq {
namespace {

std::vector<KernelInput> inputs_of(const StageSpec& stage, const Naive& naive) {
  std::vector<KernelInput> inputs;
  for (const AccessSpec& access : stage.inputs) {
    const Rows& rows = naive.rows(access.stage);
    inputs.push_back({access, naive.geometry(access.stage), rows.dtype, rows.shape});
  }
  return inputs;
}

sqs_access engine_access(const AccessSpec& spec) {
  sqs_access access;
  sqs_access_init(&access, sizeof access);
  access.stage = spec.stage.c_str();
  access.edge = spec.edge;
  access.before = spec.before;
  access.after = spec.after;
  access.stride = spec.stride;
  access.offset = spec.offset;
  access.has_offset = spec.has_offset ? 1 : 0;
  return access;
}

bool pulled_by_caller(Sink sink) { return sink == Sink::Pull || sink == Sink::PullInAnyOrder; }

// The user pointer of a source: the samples, and where to count its destruction.
struct Source {
  const GraphSpec* graph;
  CallRules* rules;
  Findings* findings;
  uint32_t* destroys;

  static void destroy(void* user) {
    ++*static_cast<Source*>(user)->destroys;
    delete static_cast<Source*>(user);
  }
  static int64_t read(void* user, uint64_t first, uint64_t frames, void* dst, char*) {
    const Source& source = *static_cast<Source*>(user);
    const GraphSpec& graph = *source.graph;
    const CallRules::Guard guard(*source.rules);
    if (frames == 0 || first + frames > graph.frames) {
      source.findings->add("reader asked for frames " + std::to_string(first) + " + " + std::to_string(frames));
      return -1;
    }
    const uint64_t frame_bytes = graph.channels * sqs_dtype_bytes(graph.dtype);
    std::memcpy(dst, graph.samples.data() + first * frame_bytes, frames * frame_bytes);
    return static_cast<int64_t>(frames);
  }
};

// Moves the rows of a result out and destroys it.
Delivered take_apart(sqs_result* result, const std::string& target, const Naive& naive, double rate, sqs_stats* stats) {
  sqs_view view;
  std::memset(&view, 0, sizeof view);
  view.struct_size = sizeof view;
  EXPECT_EQ(sqs_result_view(result, &view, nullptr), SQS_OK);
  EXPECT_EQ(shape_difference(view, naive.rows(target)), "") << "result of " << target;
  Delivered delivered;
  delivered.target = target;
  delivered.first_row = static_cast<uint64_t>(view.first_row);
  delivered.rows = static_cast<uint64_t>(view.shape[0]);
  append_rows(view, delivered.bytes);
  EXPECT_EQ(sqs_result_digest(result, delivered.digest.data(), nullptr), SQS_OK);
  const Geometry& geometry = naive.geometry(target);
  if (delivered.rows > 0 && !geometry.constant) {
    const uint64_t last = delivered.rows - 1;
    const double frame = static_cast<double>(geometry.origin + static_cast<int64_t>((delivered.first_row + last) * geometry.step));
    double seconds = -1;
    EXPECT_EQ(sqs_result_row_time(result, last, &seconds, nullptr), SQS_OK);
    EXPECT_DOUBLE_EQ(seconds, rate > 0 ? frame / rate : frame);
  }
  if (stats != nullptr) {
    std::memset(stats, 0, sizeof *stats);
    stats->struct_size = sizeof *stats;
    EXPECT_EQ(sqs_result_stats(result, stats, nullptr), SQS_OK);
  }
  sqs_result_destroy(result);
  return delivered;
}

}  // namespace

constexpr uint64_t kAlignment = 64;

// One target of a run: where its rows go.
struct Session::Target {
  std::string name;
  Sink sink = Sink::Array;
  uint32_t index = 0;
  std::vector<uint8_t> buffer;
  uint8_t* rows = nullptr;  // in buffer, at a place that a plan sees again in the run: it counts how memory is aligned
  uint64_t bytes = 0;       // there; one more behind them must stay as it is
  std::optional<RowCollector> collector;
};

// A run and what it delivers to, which outlives it.
struct Session::OpenRun {
  std::vector<std::unique_ptr<Target>> targets;
  std::unique_ptr<sqs_run, decltype(&sqs_run_destroy)> run{nullptr, sqs_run_destroy};
};

Session::Session(const GraphSpec& graph, const Naive& naive)
    : graph_(graph), naive_(naive), reading_("reader", graph.reading, findings_) {}

Session::~Session() { sqs_pipeline_destroy(pipeline_); }

// Keeps the sentence of a failed call.
int32_t Session::note(int32_t status, sqs_error* error) {
  EXPECT_EQ(sqs_error_code(error), status == SQS_OK ? SQS_E_HANDLE : status);
  if (status != SQS_OK) refusal_ = sqs_error_message(error);
  sqs_error_destroy(error);
  return status;
}

int32_t Session::build() {
  sqs_format format;
  sqs_format_init(&format, sizeof format);
  format.dtype = graph_.dtype;
  format.channels = graph_.channels;
  format.window = graph_.window;
  format.hop = graph_.hop;
  format.sample_rate = graph_.sample_rate;
  format.pad_end = graph_.pad_end ? 1 : 0;
  sqs_error* error = nullptr;
  int32_t status = sqs_pipeline_create(&format, &pipeline_, &error);
  for (size_t i = 0; i < graph_.stages.size() && status == SQS_OK; ++i) {
    const StageSpec& spec = graph_.stages[i];
    std::vector<sqs_access> accesses;
    for (const AccessSpec& access : spec.inputs) accesses.push_back(engine_access(access));
    if (spec.windows) {
      status = sqs_pipeline_add_windows(pipeline_, spec.name.c_str(), accesses.data(), &error);
      continue;
    }
    kernels_.push_back(std::make_unique<Kernel>(spec, naive_.geometry(spec.name), inputs_of(spec, naive_), graph_.sample_rate,
                                                findings_));
    const sqs_stage stage = kernels_.back()->declaration();
    status = sqs_pipeline_add_stage(pipeline_, spec.name.c_str(), &stage, accesses.data(),
                                    static_cast<uint32_t>(accesses.size()), kernels_.back().get(), Kernel::destroy, &error);
  }
  return note(status, error);
}

int32_t Session::feed(Feed how, Rng& rng) {
  if (how == Feed::Push) {
    while (pushed_ < graph_.frames) push(std::min(graph_.frames - pushed_, rng.chance(30) ? 1 : rng.between(1, 90)));
    end_input();
    return SQS_OK;
  }
  auto* source = new Source{&graph_, &reading_, &findings_, &source_destroys_};
  ++sources_set_;
  sqs_error* error = nullptr;
  int32_t status = SQS_OK;
  if (how == Feed::Memory) {
    status = sqs_pipeline_set_memory(pipeline_, graph_.samples.data(), graph_.frames, source, Source::destroy, &error);
  } else {
    sqs_reader reader;
    sqs_reader_init(&reader, sizeof reader);
    reader.frame_count = graph_.frames;
    reader.read = Source::read;
    reader.threading = graph_.reading;
    status = sqs_pipeline_set_reader(pipeline_, &reader, source, Source::destroy, &error);
  }
  EXPECT_TRUE(status == SQS_OK || status == SQS_E_GRAPH) << sqs_error_message(error);
  pushed_ = graph_.frames;
  return note(status, error);
}

void Session::push(uint64_t frames) {
  sqs_error* error = nullptr;
  const uint64_t frame_bytes = graph_.channels * sqs_dtype_bytes(graph_.dtype);
  EXPECT_EQ(sqs_pipeline_push_samples(pipeline_, graph_.samples.data() + pushed_ * frame_bytes, frames, &error), SQS_OK)
      << sqs_error_message(error);
  sqs_error_destroy(error);
  pushed_ += frames;
}

void Session::end_input() {
  sqs_error* error = nullptr;
  EXPECT_EQ(sqs_pipeline_end_input(pipeline_, &error), SQS_OK) << sqs_error_message(error);
  sqs_error_destroy(error);
}

void Session::configure(const sqs_settings& settings) {
  sqs_error* error = nullptr;
  EXPECT_EQ(sqs_pipeline_configure(pipeline_, &settings, &error), SQS_OK) << sqs_error_message(error);
  sqs_error_destroy(error);
}

void Session::begin_run() {
  reading_.begin_run();
  for (const std::unique_ptr<Kernel>& kernel : kernels_) kernel->begin_run();
}

uint64_t Session::rows_seen() const {
  uint64_t rows = 0;
  for (const std::unique_ptr<Kernel>& kernel : kernels_) rows += kernel->rows_seen();
  return rows;
}

Outcome Session::fail(int32_t status, sqs_error* error) {
  Outcome outcome;
  outcome.status = status;
  outcome.stage = sqs_error_stage(error);
  outcome.row = sqs_error_row(error);
  note(status, error);
  outcome.message = refusal_;
  return outcome;
}

Outcome Session::evaluate(const std::string& target, RowRange range) {
  begin_run();
  sqs_result* result = nullptr;
  sqs_error* error = nullptr;
  const int32_t status = sqs_pipeline_evaluate(pipeline_, target.c_str(), range.t0, range.t1, &result, &error);
  EXPECT_EQ(result == nullptr, status != SQS_OK);
  if (status != SQS_OK) return fail(status, error);
  Outcome outcome;
  outcome.delivered.push_back(take_apart(result, target, naive_, graph_.sample_rate, &outcome.stats));
  return outcome;
}

int32_t Session::plan(const std::vector<std::string>& targets, RowRange range, bool streamed, sqs_plan_info& info) {
  std::vector<const char*> names;
  for (const std::string& target : targets) names.push_back(target.c_str());
  sqs_plan* plan = nullptr;
  sqs_error* error = nullptr;
  const int32_t status = sqs_pipeline_plan(pipeline_, names.data(), static_cast<uint32_t>(names.size()), range.t0, range.t1,
                                           streamed ? 1 : 0, &plan, &error);
  return status == SQS_OK ? take_plan(plan, info) : note(status, error);
}

int32_t Session::plan_run(const std::vector<std::string>& targets, const std::vector<Sink>& sinks, RowRange range,
                          sqs_plan_info& info) {
  OpenRun opened;
  sqs_plan* plan = nullptr;
  sqs_error* error = nullptr;
  int32_t status = open(targets, sinks, range, opened, &error);
  if (status == SQS_OK) status = sqs_run_plan(opened.run.get(), &plan, &error);
  return status == SQS_OK ? take_plan(plan, info) : note(status, error);
}

// Reads a plan and destroys it.
int32_t Session::take_plan(sqs_plan* plan, sqs_plan_info& info) {
  std::memset(&info, 0, sizeof info);
  info.struct_size = sizeof info;
  EXPECT_EQ(sqs_plan_info_get(plan, &info, nullptr), SQS_OK);
  plan_text_ = sqs_plan_text(plan);
  EXPECT_NE(plan_text_, "");
  EXPECT_EQ(sqs_plan_json(plan)[0], '{');
  sqs_plan_destroy(plan);
  return SQS_OK;
}

uint64_t Session::rows_now(const std::string& stage) const {
  sqs_stage_info info;
  std::memset(&info, 0, sizeof info);
  info.struct_size = sizeof info;
  EXPECT_EQ(sqs_pipeline_describe(pipeline_, stage.c_str(), &info, nullptr), SQS_OK);
  return info.rows;
}

// Gives a target the sink it is to have.
int32_t Session::add_sink(sqs_run* run, Target& target, sqs_error** error) {
  const char* name = target.name.c_str();
  const Rows& rows = naive_.rows(target.name);
  switch (target.sink) {
    case Sink::Array:
      return sqs_run_add_array(run, name, &target.index, error);
    case Sink::Buffer:
    case Sink::UnalignedBuffer: {
      target.bytes = rows.rows * rows.row_bytes;
      target.buffer.assign(target.bytes + 2 * kAlignment, kUnwritten);
      const uint64_t past = reinterpret_cast<uintptr_t>(target.buffer.data()) % kAlignment;
      target.rows = target.buffer.data() + (kAlignment - past) + (target.sink == Sink::Buffer ? 0 : 1);
      return sqs_run_add_buffer(run, name, target.rows, target.bytes, &target.index, error);
    }
    case Sink::Callback:
      target.collector.emplace(target.name, rows, Order::Row, findings_);
      return sqs_run_add_callback(run, name, RowCollector::take, &*target.collector, nullptr, &target.index, error);
    case Sink::CallbackInAnyOrder:
      target.collector.emplace(target.name, rows, Order::Any, findings_);
      return sqs_run_add_callback_in(run, name, SQS_ANY_ORDER, RowCollector::take, &*target.collector, nullptr, &target.index,
                                     error);
    case Sink::Pull:
      target.collector.emplace(target.name, rows, Order::Row, findings_);
      return sqs_run_add_pull(run, name, SQS_ROW_ORDER, &target.index, error);
    case Sink::PullInAnyOrder:
      target.collector.emplace(target.name, rows, Order::Any, findings_);
      return sqs_run_add_pull(run, name, SQS_ANY_ORDER, &target.index, error);
  }
  return SQS_E_INTERNAL;
}

// Drives a run by pulling: whichever target has rows, or one of them until another has to be pulled first, with steps in between.
int32_t Session::pull_all(OpenRun& opened, Drive drive, Rng& rng, sqs_error** error) {
  std::vector<Target*> pulled;
  for (const std::unique_ptr<Target>& target : opened.targets)
    if (pulled_by_caller(target->sink)) pulled.push_back(target.get());
  bool done = false;
  for (uint32_t next = SQS_ANY_TARGET;;) {
    if (drive == Drive::Step && !done && rng.chance(50)) {
      const int32_t stepped = sqs_run_step(opened.run.get(), rng.below(20000), error);
      if (stepped < 0) return stepped;
      done = stepped == SQS_OK;
      continue;
    }
    const bool owed = next != SQS_ANY_TARGET;  // the last pull told that this one has rows
    const uint32_t index = owed ? next : rng.chance(50) ? SQS_ANY_TARGET : pulled[rng.below(pulled.size())]->index;
    sqs_view rows{};
    rows.struct_size = sizeof rows;
    uint32_t whose = SQS_ANY_TARGET;
    const int32_t status = sqs_run_pull(opened.run.get(), index, &rows, &whose, error);
    if (status < 0) return status;
    EXPECT_TRUE(!owed || status == SQS_OK) << sqs_status_name(status);
    EXPECT_TRUE(!done || status == SQS_END_OF_STREAM) << sqs_status_name(status);
    EXPECT_EQ(rows.shape[0] > 0, status == SQS_OK);
    if (status == SQS_END_OF_STREAM) return SQS_OK;
    next = status == SQS_WOULD_BLOCK ? whose : SQS_ANY_TARGET;
    if (status == SQS_WOULD_BLOCK) {
      EXPECT_TRUE(index != SQS_ANY_TARGET && whose != index && whose < opened.targets.size());
      continue;
    }
    EXPECT_TRUE(index == SQS_ANY_TARGET || whose == index);
    RowCollector::take(&*opened.targets.at(whose)->collector, &rows, nullptr);
  }
}

// Takes rows, digests and counts of a run that has succeeded.
void Session::collect(sqs_run* run, const std::vector<std::unique_ptr<Target>>& targets, Outcome& outcome) {
  for (const std::unique_ptr<Target>& target : targets) {
    Delivered delivered;
    std::array<uint8_t, 16> digest{};
    const int32_t digested = sqs_run_digest(run, target->index, digest.data(), nullptr);
    // Rows that are handed out from the last to the first can't be digested.
    const bool any_order = target->sink == Sink::CallbackInAnyOrder || target->sink == Sink::PullInAnyOrder;
    EXPECT_TRUE(digested == SQS_OK || (digested == SQS_E_STATE && any_order)) << digested;
    if (target->sink == Sink::Array) {
      sqs_result* result = nullptr;
      EXPECT_EQ(sqs_run_take_result(run, target->index, &result, nullptr), SQS_OK);
      delivered = take_apart(result, target->name, naive_, graph_.sample_rate, nullptr);
      EXPECT_EQ(delivered.digest, digest);
    } else if (!target->collector) {
      EXPECT_EQ(target->rows[target->bytes], kUnwritten) << "byte behind the buffer";
      EXPECT_EQ(target->rows[-1], kUnwritten) << "byte before the buffer";
      delivered.target = target->name;
      delivered.bytes.assign(target->rows, target->rows + target->bytes);
      delivered.rows = SQS_NONE;
    } else {
      delivered = target->collector->delivered();
    }
    delivered.digest = digest;
    delivered.has_digest = digested == SQS_OK;
    outcome.delivered.push_back(std::move(delivered));
  }
  std::memset(&outcome.stats, 0, sizeof outcome.stats);
  outcome.stats.struct_size = sizeof outcome.stats;
  EXPECT_EQ(sqs_run_stats(run, &outcome.stats, nullptr), SQS_OK);
  EXPECT_NE(std::string(sqs_run_report_text(run)), "");
  EXPECT_EQ(sqs_run_report_json(run)[0], '{');
  for (uint32_t i = 0; i < outcome.stats.stage_count; ++i) {
    StageCount count;
    count.stats.struct_size = sizeof count.stats;
    EXPECT_EQ(sqs_run_stage_stats(run, i, &count.stats, nullptr), SQS_OK);
    count.name = count.stats.name;
    count.stats.name = nullptr;
    outcome.stages.push_back(std::move(count));
  }
}

int32_t Session::open(const std::vector<std::string>& targets, const std::vector<Sink>& sinks, RowRange range, OpenRun& out,
                      sqs_error** error) {
  sqs_run* run = nullptr;
  int32_t status = sqs_run_create(pipeline_, &run, error);
  out.run.reset(run);
  for (size_t i = 0; i < targets.size() && status == SQS_OK; ++i) {
    out.targets.push_back(std::make_unique<Target>());
    out.targets.back()->name = targets[i];
    out.targets.back()->sink = sinks[i];
    status = add_sink(run, *out.targets.back(), error);
  }
  if (status == SQS_OK && !range.all()) status = sqs_run_set_range(run, range.t0, range.t1, error);
  return status;
}

Outcome Session::run(const std::vector<std::string>& targets, const std::vector<Sink>& sinks, RowRange range, Drive drive,
                     Rng& rng) {
  begin_run();
  OpenRun opened;
  sqs_error* error = nullptr;
  int32_t status = open(targets, sinks, range, opened, &error);
  const bool pulled = std::any_of(sinks.begin(), sinks.end(), pulled_by_caller);
  if (status == SQS_OK && pulled) status = pull_all(opened, drive, rng, &error);
  if (status == SQS_OK && !pulled && drive == Drive::Execute) status = sqs_run_execute(opened.run.get(), &error);
  if (status == SQS_OK && !pulled && drive == Drive::Step) {
    do status = sqs_run_step(opened.run.get(), rng.below(20000), &error);
    while (status == SQS_PENDING);
  }
  if (status != SQS_OK) return fail(status, error);
  Outcome outcome;
  collect(opened.run.get(), opened.targets, outcome);
  return outcome;
}

std::string Session::close() {
  sqs_pipeline_destroy(pipeline_);
  pipeline_ = nullptr;
  for (const std::unique_ptr<Kernel>& kernel : kernels_) {
    if (kernel->destroy_count() != 1) {
      return "stage " + kernel->spec().name + " was destroyed " + std::to_string(kernel->destroy_count()) + " times";
    }
    if (kernel->live_states() != 0) {
      return "stage " + kernel->spec().name + " has " + std::to_string(kernel->live_states()) + " states alive";
    }
  }
  if (source_destroys_ != sources_set_) return "the source was destroyed " + std::to_string(source_destroys_) + " times";
  return "";
}

}  // namespace eq
