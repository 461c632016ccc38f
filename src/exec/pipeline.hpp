// The engine behind one sqs_pipeline: graph, input, settings, and what runs leave behind (arena, cache, checkpoints).
// Not thread-safe but for cancel() and push(): the C border lets one call in at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "graph/stage.hpp"
#include "plan/settings.hpp"
#include "source/reader.hpp"
#include "sqrtspace/sqrtspace.h"

namespace sqs {

class Run;
class ToldPlan;
class ResultArray;
class Graph;
class Verifier;

struct LogSink {
  sqs_log_fn fn = nullptr;
  User user;
};

class Pipeline : public std::enable_shared_from_this<Pipeline> {
 public:
  static Result<std::shared_ptr<Pipeline>> create(const Format& format);
  ~Pipeline();

  Status add_stage(StageDecl decl);
  Status add_windows(const std::string& name, Access access);
  Result<sqs_stage_info> describe(const std::string& stage) const;

  Status set_memory(const void* frames, uint64_t frame_count, User user);
  Status set_reader(ReaderDecl reader);
  // A pipeline without input has an empty one from now on, so that the first push does not come in the way of a run.
  Status expect_push();
  Status push(const void* frames, uint64_t frame_count);  // thread-safe
  Status end_input();                                     // thread-safe

  Status configure(const Settings& settings);
  const Settings& settings() const;
  void set_log(LogSink sink);
  Status trim();

  Result<std::shared_ptr<ResultArray>> evaluate(const std::string& target, uint64_t t0, uint64_t t1);
  void cancel();  // async-signal-safe
  Status probe(const std::vector<std::string>& targets);
  Status verify(const std::string& target, uint64_t t0, uint64_t t1);
  Result<std::shared_ptr<const ToldPlan>> plan(const std::vector<std::string>& targets, uint64_t t0, uint64_t t1,
                                           bool streamed, bool any_order) const;
  Result<std::unique_ptr<Run>> open_run();

 private:
  friend class Run;
  friend class Verifier;
  struct State;
  Result<std::shared_ptr<ResultArray>> evaluate_node(uint32_t node, uint64_t t0, uint64_t t1);
  Status probe_stretch(const std::vector<uint32_t>& targets, uint64_t frames, std::vector<double>& ns_per_row);
  explicit Pipeline(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// What a pull has met. Of rows, whose they are; where it would block, whose rows have to be pulled first.
struct Pulled {
  enum class What { Rows, End, WouldBlock };
  What what = What::End;
  uint32_t target = 0;
  sqs_view rows = {};  // lent until the run is called again
};

// One execution; keeps its pipeline alive and borrows it until it is gone. Thread-safe: cancel() only.
class Run {
 public:
  ~Run();
  Result<uint32_t> add_array(const std::string& target);
  Result<uint32_t> add_buffer(const std::string& target, void* data, uint64_t bytes);
  Result<uint32_t> add_callback(const std::string& target, bool any_order, sqs_rows_fn fn, User user);
  Result<uint32_t> add_npy(const std::string& target, const std::string& path);
  Result<uint32_t> add_pull(const std::string& target, bool any_order);
  Status set_range(uint64_t t0, uint64_t t1);
  Status set_progress(sqs_progress_fn fn, User user);
  Result<std::shared_ptr<const ToldPlan>> plan();
  Status execute();
  enum class Stepped { Done, Pending, RowsWait };  // to be pulled before it goes on
  Result<Stepped> step(uint64_t max_ns);
  // Goes on until rows of the target, or of any (SQS_ANY_TARGET), are there, or to the end.
  Result<Pulled> pull(uint32_t index);
  void cancel();                       // async-signal-safe

  // SQS_E_STATE before the run has begun.
  Result<sqs_stats> stats() const;
  Result<sqs_stage_stats> stage_stats(uint32_t stage) const;
  // SQS_E_STATE before the end; SQS_E_RANGE for an unknown target.
  Status digest(uint32_t index, uint8_t out[16]) const;
  const char* report_text() const;  // "" before the end
  const char* report_json() const;
  Result<std::shared_ptr<ResultArray>> take_result(uint32_t index);

 private:
  friend class Pipeline;
  struct State;
  Result<uint32_t> add_array_of(uint32_t node);
  explicit Run(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Rows of one target in memory of their own, charged to the pipeline's ledger until gone. Immutable.
sqs_view result_view(const ResultArray& result);
double result_row_time(const ResultArray& result, uint64_t row);
void result_digest(const ResultArray& result, uint8_t out[16]);
const sqs_stats& result_stats(const ResultArray& result);
const char* result_report_text(const ResultArray& result);
const char* result_report_json(const ResultArray& result);
uint64_t result_rows(const ResultArray& result);

}  // namespace sqs
