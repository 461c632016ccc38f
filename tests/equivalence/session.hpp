// A random graph inside the engine: builds the pipeline from a spec, feeds it, runs it in any way the header offers and
// returns what came out next to what the callbacks counted. One thread at a time, but for the input it hands out.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "graph_spec.hpp"
#include "kernel.hpp"
#include "naive.hpp"
#include "rng.hpp"
#include "row_collector.hpp"

namespace eq {

enum class Feed { Memory, Reader, Push };
enum class Sink { Array, Buffer, UnalignedBuffer, Callback, CallbackInAnyOrder, Pull, PullInAnyOrder };
enum class Drive { Execute, Step };

// What a caller's buffer holds before a run.
inline constexpr uint8_t kUnwritten = 0xEE;

struct StageCount {
  std::string name;
  sqs_stage_stats stats{};
};

// What one run returned. The stats are those of a run that succeeded.
struct Outcome {
  int32_t status = SQS_OK;
  std::string message;
  std::string stage;
  uint64_t row = SQS_NONE;
  std::vector<Delivered> delivered;
  sqs_stats stats{};
  std::vector<StageCount> stages;  // empty after evaluate()

  bool ok() const { return status == SQS_OK; }
};

struct RowRange {
  uint64_t t0 = 0;
  uint64_t t1 = SQS_END;

  bool all() const { return t0 == 0 && t1 == SQS_END; }
};

class Session {
 public:
  // naive holds the graph's geometry; both must outlive the session.
  Session(const GraphSpec& graph, const Naive& naive);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Adds the stages; the status of the first that is refused, else SQS_OK.
  int32_t build();
  // Gives it all frames; the status of the engine if it finds that the graph does not fit the stream's length.
  int32_t feed(Feed how, Rng& rng);
  void push(uint64_t frames);  // the next so many
  void end_input();
  uint64_t pushed() const { return pushed_; }
  void configure(const sqs_settings& settings);

  Outcome evaluate(const std::string& target, RowRange range);
  // One sink for each target.
  Outcome run(const std::vector<std::string>& targets, const std::vector<Sink>& sinks, RowRange range, Drive drive, Rng& rng);
  // Status of planning; info is filled on success.
  int32_t plan(const std::vector<std::string>& targets, RowRange range, bool streamed, sqs_plan_info& info);
  // The same for what run() would do.
  int32_t plan_run(const std::vector<std::string>& targets, const std::vector<Sink>& sinks, RowRange range,
                   sqs_plan_info& info);
  const std::string& plan_text() const { return plan_text_; }  // of the last plan
  uint64_t rows_now(const std::string& stage) const;  // by sqs_pipeline_describe

  sqs_pipeline* pipeline() const { return pipeline_; }
  const std::string& refusal() const { return refusal_; }  // the sentence of the last call that failed
  const std::vector<std::unique_ptr<Kernel>>& kernels() const { return kernels_; }
  uint64_t rows_seen() const;
  std::string findings() const { return findings_.text(); }
  // Destroys the pipeline; a sentence if user pointers were not destroyed once each or states were left alive.
  std::string close();

 private:
  struct Target;
  struct OpenRun;
  int32_t note(int32_t status, sqs_error* error);
  Outcome fail(int32_t status, sqs_error* error);
  int32_t open(const std::vector<std::string>& targets, const std::vector<Sink>& sinks, RowRange range, OpenRun& out,
               sqs_error** error);
  int32_t add_sink(sqs_run* run, Target& target, sqs_error** error);
  int32_t pull_all(OpenRun& opened, Drive drive, Rng& rng, sqs_error** error);
  int32_t take_plan(sqs_plan* plan, sqs_plan_info& info);
  void collect(sqs_run* run, const std::vector<std::unique_ptr<Target>>& targets, Outcome& outcome);
  void begin_run();

  const GraphSpec& graph_;
  const Naive& naive_;
  Findings findings_;
  CallRules reading_;
  std::vector<std::unique_ptr<Kernel>> kernels_;
  sqs_pipeline* pipeline_ = nullptr;
  std::string refusal_;
  std::string plan_text_;
  uint64_t pushed_ = 0;
  uint32_t source_destroys_ = 0;
  uint32_t sources_set_ = 0;
};

}  // namespace eq
