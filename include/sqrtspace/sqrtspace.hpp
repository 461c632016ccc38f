// sqrtspace/sqrtspace.hpp - sqrtspace.h for C++17 and later: objects that own their handles, lambdas as stages, exceptions
// instead of codes. Header-only: everything here goes through the C ABI, and nothing is compiled into a program but this.
// SPDX-License-Identifier: MIT
//
//   namespace sq = sqrtspace;
//   sq::Format format;
//   format.dtype = sq::Dtype::f32;  format.window = 4096;  format.hop = 1024;
//   sq::Pipeline pipeline(format);
//   pipeline.add("peak", sq::map<float>({}, [](sq::Call& call) {
//     const auto windows = call.input<float>();               // shape (rows, window, channels)
//     const auto peaks = call.output<float>();                // shape (rows)
//     for (std::int64_t t = 0; t < windows.rows(); ++t)
//       peaks(t) = *std::max_element(windows.row(t), windows.row(t) + windows.row_elements());
//   }), {"input"});
//   pipeline.push(samples.data(), samples.size());
//   pipeline.end_input();
//   sq::Result result = pipeline.evaluate("peak");
//   for (float peak : result.to_vector<float>()) ...
//
// Errors   A failing call throws Error, which carries the code, the stage and the row. What a lambda throws ends the run with
//          SQS_E_STAGE, SQS_E_SOURCE or SQS_E_SINK and the text of what(); it never crosses the C ABI.
// Owning   Objects are moved, not copied; destroying them in any order is fine. What an object lends (text, views) lives as
//          long as the object.
// Threads  const member functions may overlap on one object, others may not, as in the C ABI; cancel() always may.
// Spans    With C++20 there are std::span overloads beside pointer and count.
#ifndef SQRTSPACE_SQRTSPACE_HPP
#define SQRTSPACE_SQRTSPACE_HPP

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sqrtspace/sqrtspace.h"
#include "sqrtspace/stage.hpp"

namespace sqrtspace {

// ---------------------------------------------------------------- results, plans

using Digest = std::array<std::uint8_t, 16>;

// An array of rows.
class Result : public detail::Owner<sqs_result, sqs_result_destroy> {
 public:
  using Owner::Owner;

  View view() const { return View(detail::fill<sqs_view>(sqs_result_view, get())); }
  std::int64_t rows() const { return view().rows(); }
  template <class T>
  Array<const T> as() const { return view().as<T>(); }
  // All elements, row after row, copied.
  template <class T>
  std::vector<T> to_vector() const {
    const Array<const T> array = as<T>();
    const std::size_t count = static_cast<std::size_t>(array.rows()) * array.row_elements();
    return count == 0 ? std::vector<T>() : std::vector<T>(array.row(0), array.row(0) + count);
  }
#if __cplusplus >= 202002L
  // The same in place.
  template <class T>
  std::span<const T> elements() const {
    const Array<const T> array = as<T>();
    const std::size_t count = static_cast<std::size_t>(array.rows()) * array.row_elements();
    return count == 0 ? std::span<const T>() : std::span<const T>(array.row(0), count);
  }
#endif
  // Seconds from frame 0 to the start of a row; frames if the sample rate is unknown.
  double row_time(std::uint64_t row) const { return detail::get<double>(sqs_result_row_time, get(), row); }
  Digest digest() const {
    Digest bytes = {};
    detail::call(sqs_result_digest, get(), bytes.data());
    return bytes;
  }
  sqs_stats stats() const { return detail::fill<sqs_stats>(sqs_result_stats, get()); }
  const char* report_text() const { return sqs_result_report_text(get()); }
  const char* report_json() const { return sqs_result_report_json(get()); }
};

// What a run will do.
class Plan : public detail::Owner<sqs_plan, sqs_plan_destroy> {
 public:
  using Owner::Owner;

  const char* text() const { return sqs_plan_text(get()); }
  const char* json() const { return sqs_plan_json(get()); }
  sqs_plan_info info() const { return detail::fill<sqs_plan_info>(sqs_plan_info_get, get()); }
  // index below info().frontier_count.
  sqs_frontier_point frontier(std::uint32_t index) const {
    return detail::fill<sqs_frontier_point>(sqs_plan_frontier, get(), index);
  }
  std::vector<std::string> advice() const {
    std::vector<std::string> all;
    for (std::uint32_t i = 0; *sqs_plan_lint(get(), i) != '\0'; ++i) all.emplace_back(sqs_plan_lint(get(), i));
    return all;
  }
};

// ---------------------------------------------------------------- runs

// In which a callback or a pull gets rows: `any` spares a sweep where stages look back.
enum class Order : std::int32_t { rows = SQS_ROW_ORDER, any = SQS_ANY_ORDER };

// Rows that were pulled, and the number of the target they are of.
struct Piece {
  std::uint32_t target;
  View rows;
};

class PulledRows;

// One execution of several targets into any sinks. Borrows its pipeline until it is destroyed.
class Run : public detail::Owner<sqs_run, sqs_run_destroy> {
 public:
  using Owner::Owner;

  using Rows = std::function<void(const View&)>;               // what it throws ends the run with SQS_E_SINK
  using Progress = std::function<bool(const sqs_progress&)>;   // false, or what it throws, cancels

  // Each returns the number of the target.
  std::uint32_t add_array(const std::string& target) {
    return detail::get<std::uint32_t>(sqs_run_add_array, get(), target.c_str());
  }
  std::uint32_t add_buffer(const std::string& target, void* data, std::uint64_t bytes) {
    return detail::get<std::uint32_t>(sqs_run_add_buffer, get(), target.c_str(), data, bytes);
  }
#if __cplusplus >= 202002L
  template <class T, std::size_t N>
  std::uint32_t add_buffer(const std::string& target, std::span<T, N> elements) {
    return add_buffer(target, elements.data(), elements.size_bytes());
  }
#endif
  std::uint32_t add_callback(const std::string& target, Rows callback, Order order = Order::rows) {
    auto held = std::make_unique<Rows>(std::move(callback));
    return detail::get<std::uint32_t>(sqs_run_add_callback_in, get(), target.c_str(), static_cast<std::int32_t>(order),
                                      &Run::on_rows, held.release(), detail::destroy_held<Rows>);
  }
  std::uint32_t add_npy(const std::string& target, const std::string& path) {
    return detail::get<std::uint32_t>(sqs_run_add_npy, get(), target.c_str(), path.c_str());
  }
  // Its rows wait to be pulled.
  std::uint32_t add_pull(const std::string& target, Order order = Order::rows) {
    return detail::get<std::uint32_t>(sqs_run_add_pull, get(), target.c_str(), static_cast<std::int32_t>(order));
  }
  void set_range(std::uint64_t t0, std::uint64_t t1 = to_end) { detail::call(sqs_run_set_range, get(), t0, t1); }
  void set_progress(Progress callback) {
    auto held = std::make_unique<Progress>(std::move(callback));
    detail::call(sqs_run_set_progress, get(), &Run::on_progress, held.release(), detail::destroy_held<Progress>);
  }

  Plan plan() { return Plan(detail::get<sqs_plan*>(sqs_run_plan, get())); }
  void execute() { detail::call(sqs_run_execute, get()); }
  // Runs for about that long; true when done. False too, and no further, where rows wait to be pulled.
  bool step(std::chrono::nanoseconds about) {
    const auto max_ns = static_cast<std::uint64_t>(about.count() < 0 ? 0 : about.count());
    return detail::call(sqs_run_step, get(), max_ns) == SQS_OK;
  }
  // The next rows of whichever target has some; nothing when all have been pulled and the run is done. They are lent until the
  // next pull or step.
  std::optional<Piece> pull() { return pull_of(any_target); }
  // The same of one target. Throws an Error of SQS_E_STATE if rows of another have to be pulled first.
  std::optional<View> pull(std::uint32_t index) {
    std::optional<Piece> piece = pull_of(index);
    return piece ? std::optional<View>(piece->rows) : std::nullopt;
  }
  // All rows of one target that are still to come, piece by piece: for (const View& rows : run.pulled(index)) ...
  PulledRows pulled(std::uint32_t index);
  // Any thread, signal handlers too.
  std::int32_t cancel() const noexcept { return sqs_run_cancel(get()); }

  sqs_stats stats() const { return detail::fill<sqs_stats>(sqs_run_stats, get()); }
  sqs_stage_stats stage_stats(std::uint32_t stage) const {
    return detail::fill<sqs_stage_stats>(sqs_run_stage_stats, get(), stage);
  }
  Digest digest(std::uint32_t index) const {
    Digest bytes = {};
    detail::call(sqs_run_digest, get(), index, bytes.data());
    return bytes;
  }
  const char* report_text() const { return sqs_run_report_text(get()); }
  const char* report_json() const { return sqs_run_report_json(get()); }
  Result take_result(std::uint32_t index) { return Result(detail::get<sqs_result*>(sqs_run_take_result, get(), index)); }

 private:
  std::optional<Piece> pull_of(std::uint32_t index) {
    sqs_view rows = {};
    rows.struct_size = sizeof rows;
    std::uint32_t whose = any_target;
    const std::int32_t status = detail::call(sqs_run_pull, get(), index, &rows, &whose);
    if (status == SQS_OK) return Piece{whose, View(rows)};
    if (status == SQS_END_OF_STREAM) return std::nullopt;
    throw Error(SQS_E_STATE, "rows of target " + std::to_string(whose) + " wait: pull them before those of target " +
                                 std::to_string(index));
  }
  static std::int32_t on_rows(void* user, const sqs_view* rows, char* message) {
    return detail::survives(message, [&] { (*static_cast<Rows*>(user))(View(*rows)); }) ? 1 : 0;
  }
  static std::int32_t on_progress(void* user, const sqs_progress* progress) {
    bool go_on = false;
    detail::survives(nullptr, [&] { go_on = (*static_cast<Progress*>(user))(*progress); });
    return go_on ? 1 : 0;
  }
};

// What Run::pulled() gives: a range that can be gone over once. Lent by the run.
class PulledRows {
 public:
  struct End {};
  class Iterator {
   public:
    Iterator(Run* run, std::uint32_t index) : run_(run), index_(index), rows_(run->pull(index)) {}
    const View& operator*() const { return *rows_; }
    const View* operator->() const { return &*rows_; }
    Iterator& operator++() {
      rows_ = run_->pull(index_);
      return *this;
    }
    bool operator!=(End) const { return rows_.has_value(); }

   private:
    Run* run_;
    std::uint32_t index_;
    std::optional<View> rows_;
  };

  PulledRows(Run* run, std::uint32_t index) : run_(run), index_(index) {}
  Iterator begin() const { return {run_, index_}; }
  End end() const { return {}; }

 private:
  Run* run_;
  std::uint32_t index_;
};

inline PulledRows Run::pulled(std::uint32_t index) { return {this, index}; }

// ---------------------------------------------------------------- pipelines

struct Format {
  Dtype dtype = Dtype::f32;
  std::uint64_t channels = 1, window = 0, hop = 0;
  double sample_rate = 0;
  bool pad_end = false;
};

struct Settings {
  Mode mode = Mode::automatic;
  std::uint64_t memory_budget = 0, checkpoint_every = 0, lru_bytes = 0;
  std::uint32_t threads = 0;
  std::uint64_t tile_frames = 0;
  std::string spill_dir = {};       // "": no disk
  std::uint64_t disk_bytes = 0;
  std::uint32_t max_ratio = 0;
};

struct StageInfo {
  Kind kind = Kind::windows;
  Dtype dtype = Dtype::f32;
  std::vector<std::int64_t> shape = {};
  std::uint64_t row_bytes = 0, rows = 0;
  std::int64_t origin = 0;
  std::uint64_t step = 0;
};

// Random access by frame: read fills dst with `frames` frames from `first`, or throws.
struct Reader {
  std::uint64_t frame_count = 0;
  std::function<void(std::uint64_t first, std::uint64_t frames, void* dst)> read = {};
  double sample_rate = 0;           // 0: the pipeline's
  std::optional<Dtype> dtype = {};  // checked against the pipeline's
  std::uint64_t channels = 0;       // likewise; 0: taken as equal
  Threading threading = Threading::caller_thread;
};

// The push side of a pipeline, which another thread may use while the pipeline is in use.
class Input : public detail::Owner<sqs_input, sqs_input_destroy> {
 public:
  using Owner::Owner;

  void push(const void* frames, std::uint64_t frame_count) { detail::call(sqs_input_push_samples, get(), frames, frame_count); }
  void end() { detail::call(sqs_input_end, get()); }
};

// A graph of stages, its input and its settings.
class Pipeline : public detail::Owner<sqs_pipeline, sqs_pipeline_destroy> {
 public:
  using Owner::Owner;

  using Log = std::function<void(LogLevel, std::string_view)>;

  explicit Pipeline(const Format& format) : Owner(create(format)) {}

  // ---- graph

  // Adds a stage that reads `inputs`, in order. Its callbacks live as long as the pipeline and all that was made from it.
  void add(const std::string& name, Stage stage, const std::vector<Access>& inputs) {
    std::vector<sqs_access> accesses;
    for (const Access& access : inputs) accesses.push_back(detail::to_c(access));
    auto held = std::make_unique<Stage>(std::move(stage));
    const sqs_stage declared = detail::to_c(*held);
    detail::call(sqs_pipeline_add_stage, get(), name.c_str(), &declared, accesses.data(),
                 static_cast<std::uint32_t>(accesses.size()), held.release(), detail::destroy_held<Stage>);
  }
  // Names an access rule over a stage.
  void add_windows(const std::string& name, const Access& access) {
    const sqs_access rule = detail::to_c(access);
    detail::call(sqs_pipeline_add_windows, get(), name.c_str(), &rule);
  }
  StageInfo describe(const std::string& stage) const {
    const auto from = detail::fill<sqs_stage_info>(sqs_pipeline_describe, get(), stage.c_str());
    return {static_cast<Kind>(from.kind), static_cast<Dtype>(from.dtype), {from.shape, from.shape + from.ndim},
            from.row_bytes, from.rows, from.origin, from.step};
  }

  // ---- input

  // Borrows memory, which must stay unchanged; `keep`, if given, is held until the library needs the memory no more.
  void set_memory(const void* frames, std::uint64_t frame_count, std::shared_ptr<const void> keep = nullptr) {
    using Keep = std::shared_ptr<const void>;
    auto held = std::make_unique<Keep>(std::move(keep));
    detail::call(sqs_pipeline_set_memory, get(), frames, frame_count, held.release(), detail::destroy_held<Keep>);
  }
  void set_reader(Reader reader) {
    auto held = std::make_unique<Reader>(std::move(reader));
    sqs_reader to;
    sqs_reader_init(&to, sizeof to);
    to.dtype = held->dtype ? static_cast<std::int32_t>(*held->dtype) : 0;
    to.channels = held->channels;
    to.frame_count = held->frame_count;
    to.sample_rate = held->sample_rate;
    to.read = held->read ? &Pipeline::on_read : nullptr;
    to.threading = static_cast<std::int32_t>(held->threading);
    detail::call(sqs_pipeline_set_reader, get(), &to, held.release(), detail::destroy_held<Reader>);
  }
  void push(const void* frames, std::uint64_t frame_count) {
    detail::call(sqs_pipeline_push_samples, get(), frames, frame_count);
  }
  void end_input() { detail::call(sqs_pipeline_end_input, get()); }
  Input make_input() { return Input(detail::get<sqs_input*>(sqs_input_create, get())); }
#if __cplusplus >= 202002L
  // Samples, channels interleaved: dtype and channels are checked.
  template <class T, std::size_t N>
  void push(std::span<T, N> samples) { push(samples.data(), frames_in<T>(samples.size())); }
  template <class T, std::size_t N>
  void set_memory(std::span<T, N> samples, std::shared_ptr<const void> keep = nullptr) {
    set_memory(samples.data(), frames_in<T>(samples.size()), std::move(keep));
  }
#endif

  // ---- settings

  void configure(const Settings& settings) {
    sqs_settings to;
    sqs_settings_init(&to, sizeof to);
    to.mode = static_cast<std::int32_t>(settings.mode);
    to.memory_budget = settings.memory_budget;
    to.checkpoint_every = settings.checkpoint_every;
    to.lru_bytes = settings.lru_bytes;
    to.threads = settings.threads;
    to.tile_frames = settings.tile_frames;
    to.spill_dir = settings.spill_dir.c_str();
    to.disk_bytes = settings.disk_bytes;
    to.max_ratio = settings.max_ratio;
    detail::call(sqs_pipeline_configure, get(), &to);
  }
  Settings settings() const {
    const auto from = detail::fill<sqs_settings>(sqs_pipeline_settings, get());
    return {static_cast<Mode>(from.mode), from.memory_budget, from.checkpoint_every, from.lru_bytes, from.threads,
            from.tile_frames, from.spill_dir == nullptr ? "" : from.spill_dir, from.disk_bytes, from.max_ratio};
  }
  // An empty function: silence. What it throws is dropped.
  void set_log(Log log) {
    const sqs_log_fn fn = log ? &Pipeline::on_log : nullptr;
    auto held = std::make_unique<Log>(std::move(log));
    detail::call(sqs_pipeline_set_log, get(), fn, held.release(), detail::destroy_held<Log>);
  }
  void trim() { detail::call(sqs_pipeline_trim, get()); }

  // ---- running

  Result evaluate(const std::string& target, std::uint64_t t0 = 0, std::uint64_t t1 = to_end) {
    return Result(detail::get<sqs_result*>(sqs_pipeline_evaluate, get(), target.c_str(), t0, t1));
  }
  // Stops what goes on; any thread, signal handlers too.
  std::int32_t cancel() const noexcept { return sqs_pipeline_cancel(get()); }
  void probe(const std::vector<std::string>& targets) {
    const std::vector<const char*> names = detail::c_strings(targets);
    detail::call(sqs_pipeline_probe, get(), names.data(), static_cast<std::uint32_t>(names.size()));
  }
  void verify(const std::string& target, std::uint64_t t0 = 0, std::uint64_t t1 = to_end) {
    detail::call(sqs_pipeline_verify, get(), target.c_str(), t0, t1);
  }
  // `streamed`: into sinks that hold nothing, which take rows in this order; else into arrays.
  Plan plan(const std::vector<std::string>& targets, std::uint64_t t0 = 0, std::uint64_t t1 = to_end, bool streamed = false,
            Order order = Order::rows) const {
    const std::vector<const char*> names = detail::c_strings(targets);
    const std::int32_t sinks = !streamed ? 0 : order == Order::rows ? 1 : 2;
    return Plan(detail::get<sqs_plan*>(sqs_pipeline_plan, get(), names.data(), static_cast<std::uint32_t>(names.size()), t0, t1,
                                       sinks));
  }
  Run open_run() { return Run(detail::get<sqs_run*>(sqs_run_create, get())); }

 private:
  static sqs_pipeline* create(const Format& format) {
    sqs_format to;
    sqs_format_init(&to, sizeof to);
    to.dtype = static_cast<std::int32_t>(format.dtype);
    to.channels = format.channels;
    to.window = format.window;
    to.hop = format.hop;
    to.sample_rate = format.sample_rate;
    to.pad_end = format.pad_end ? 1 : 0;
    return detail::get<sqs_pipeline*>(sqs_pipeline_create, &to);
  }
#if __cplusplus >= 202002L
  template <class T>
  std::uint64_t frames_in(std::size_t samples) const {
    const StageInfo frames = describe("frames");
    const auto channels = static_cast<std::uint64_t>(frames.shape.at(0));
    if (frames.dtype != dtype_of<T>)
      throw Error(SQS_E_INVALID, std::string("samples of ") + name(dtype_of<T>) + " for a pipeline of " + name(frames.dtype));
    if (samples % channels != 0)
      throw Error(SQS_E_INVALID, std::to_string(samples) + " samples are no whole number of frames of " +
                                     std::to_string(channels) + " channels");
    return samples / channels;
  }
#endif
  static std::int64_t on_read(void* user, std::uint64_t first, std::uint64_t frames, void* dst, char* message) {
    const bool read = detail::survives(message, [&] { static_cast<Reader*>(user)->read(first, frames, dst); });
    return read ? static_cast<std::int64_t>(frames) : -1;
  }
  static void on_log(void* user, std::int32_t level, const char* message) {
    detail::survives(nullptr, [&] { (*static_cast<Log*>(user))(static_cast<LogLevel>(level), message); });
  }
};

}  // namespace sqrtspace

#endif
