// A workload on its input, ready to plan, verify or run: from options to a pipeline, and from a finished run to what can
// be told about it. Thread safety: none.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine.hpp"
#include "input.hpp"
#include "options.hpp"
#include "workload.hpp"

namespace sqs::cli {

class Session {
 public:
  explicit Session(const Options& options);

  const Workload& workload() const { return workload_; }
  const Input& input() const { return input_; }
  const std::vector<std::string>& targets() const { return targets_; }
  sqs_pipeline* pipeline() const { return pipeline_.get(); }
  RowRange rows() const { return rows_; }
  RowClock clock(const std::string& target) const;
  std::unique_ptr<Summary> summary() const;

  // Measures a few tiles if --probe was given.
  void probe_if_asked() const;

 private:
  void configure() const;

  Options options_;
  const Workload& workload_;
  Input input_;
  PipelineHandle pipeline_;
  std::vector<std::string> targets_;
  RowRange rows_;
};

struct TargetOutcome {
  std::string name;
  std::string dtype;
  std::vector<uint64_t> shape;  // rows first
  std::string digest;           // hexadecimal
};

struct Outcome {
  sqs_stats stats{};
  std::vector<TargetOutcome> targets;
  std::string report_text;
  nlohmann::json report;
};

// Runs all targets past a summary.
Outcome run_past(const Session& session, Summary& summary, bool show_progress);
// Runs one target into a .npy file.
Outcome run_to_file(const Session& session, const std::string& target, const std::string& path, bool show_progress);

// The fields that every command prints alike.
nlohmann::json to_json(const Input& input);
nlohmann::json to_json(const sqs_stats& stats);
nlohmann::json to_json(const TargetOutcome& target);
std::string describe_input(const Input& input);         // "440 Hz sine: 96 000 frames of f32 at 48000 Hz (2 s)"
std::string describe_target(const TargetOutcome& target);  // "peak_bin: i32, shape (90, 1), digest 0123.."

}  // namespace sqs::cli
