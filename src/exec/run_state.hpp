// A run between its opening and its end. Belongs to the thread that drives it; `counting` guards what others may ask meanwhile.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "exec/state.hpp"
#include "os/metrics.hpp"

namespace sqs {

// A target as it was asked for.
struct Wanted {
  std::string name;
  NodeId node = 0;
  SinkKind kind = SinkKind::Array;
  void* data = nullptr;
  uint64_t bytes = 0;
  bool any_order = false;
  sqs_rows_fn fn = nullptr;
  User user;
  std::string path;
};

// What the attempt of a run did that a failing disk has ended. Its work counts, beside that of the attempt which succeeds, and so
// do the most bytes that either held.
struct GivenUp {
  std::vector<StageCounters> counters;  // by node; empty: there was none
  uint64_t sink_bytes = 0;              // of memory and files that are filled again
  uint64_t disk_written_bytes = 0;
  uint64_t disk_read_bytes = 0;
  uint64_t checkpoints_saved = 0;
  uint64_t checkpoints_loaded = 0;
  uint64_t predicted_bytes = 0;
  uint64_t reserved_bytes = 0;
  uint64_t measured_bytes = 0;
  double fraction = 0;                  // of the run, as last told
  uint64_t rows_done = 0;

  struct Work {
    uint64_t rows = 0;
    uint64_t calls = 0;
    uint64_t ns = 0;
  };
  Work of(NodeId id) const {
    if (counters.empty()) return {};
    return {counters[id].rows(), counters[id].calls(), counters[id].ns()};
  }
};

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
  Request planned_for;                // what the plan was made from
  std::shared_ptr<const Plan> plan;
  std::shared_ptr<Source> source;
  std::vector<std::unique_ptr<Output>> outputs;
  std::vector<ChargedMemory> arrays;  // by target; empty for other sinks and when taken
  std::vector<bool> taken;
  std::vector<StageCounters> counters;
  std::vector<StagePlan> after_cache; // rows per stage when what the cache has is left out
  std::vector<SpillFile> spill;       // states or rows on disk
  bool without_disk = false;          // the disk has failed, and a plan without it is followed
  DiskFailure disk_failure;
  GivenUp given_up;
  RunContext context;
  std::unique_ptr<Executor> executor;
  Range from_cache_front;             // of the first target: rows before context.wanted that have not been delivered
  Range from_cache_tail;              // likewise after it
  bool executed = false;              // the executor has come to its end
  Range never_cached;                 // of the first target: what would be computed if the cache still had all it was given

  uint64_t began_ns = 0;
  uint64_t attempt_began_ns = 0;
  uint64_t reported_ns = 0;
  os::PageFaults faults;
  os::IoCounters io;
  std::mutex counting;                // two threads may ask for statistics at once
  sqs_stats stats{};
  std::vector<sqs_stage_stats> stage_stats;
  std::shared_ptr<const Report> report;  // when it is over

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
  Result<Request> run_request() const;
  Status make_run_plan();
  Status begin();
  Status prepare();
  Result<bool> advance(uint64_t deadline_ns);
  Result<bool> go_on_without_disk(Error error);
  Status plan_without_disk();
  void give_up(const Plan& followed);
  uint64_t cache_slot_bytes() const;
  Status reserve();
  Status make_outputs();
  Status make_output(size_t target);
  void set_direction(size_t target);
  Result<std::unique_ptr<Sink>> make_sink(size_t target);
  Status renew_outputs();
  Status serve_from_cache();
  Range without_cached(Range rows) const;
  Result<std::vector<StagePlan>> rows_without_cache() const;
  Status deliver_cached(Range& rest);
  double attempt_fraction() const;
  double fraction() const;
  Status report_progress(bool last);
  Result<Stepped> drive(uint64_t deadline_ns);
  Result<bool> go_on(uint64_t deadline_ns);
  // Does a piece of a run's work. Whatever ends a run that has begun, a lack of memory included, ends it for good; what was
  // refused before can be mended and tried again.
  template <class Work>
  auto or_fail(Work&& work) {
    struct Failing {
      State& s;
      bool armed;
      ~Failing() {
        if (armed && s.plan != nullptr) s.fail();
      }
    } failing{*this, phase == Phase::Building || phase == Phase::Running};
    auto worked = work();
    if (worked.ok()) failing.armed = false;
    return worked;
  }
  bool pulls() const;
  Status check_pulled(uint32_t index) const;
  std::optional<uint32_t> waiting_target(uint32_t index) const;
  uint64_t rows_per_piece(NodeId node) const;
  Result<Pulled> pull(uint32_t index);
  Status finish();
  Status show_outputs();
  void keep_known_rows();
  void count();
  void count_stages();
  void count_causes();
  void write_report();
  void fail();
};

}  // namespace sqs
