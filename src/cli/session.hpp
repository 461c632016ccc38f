// A workload on its input, ready to plan, verify or run: from options to a pipeline, and from a finished run to what can
// be told about it. Thread safety: none.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "input.hpp"
#include "options.hpp"
#include "workload.hpp"

namespace sqs::cli {

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

class Session {
 public:
  explicit Session(const Options& options);

  const Workload& workload() const { return workload_; }
  const Input& input() const { return input_; }
  const std::vector<std::string>& targets() const { return targets_; }
  sqrtspace::Pipeline& pipeline() { return pipeline_; }
  RowRange rows() const { return rows_; }
  std::unique_ptr<Summary> summary() const;

  // Of what run_to_file() would do if there is an --output, else of run_past(); after a probe if --probe was given. Writes no
  // file.
  sqrtspace::Plan plan();

  // Runs all targets past a summary, which gets rows in their order.
  Outcome run_past(Summary& summary);
  // Runs one target, that of --target or the main one, into the .npy file --output, which is filled in any order.
  Outcome run_to_file();

 private:
  void configure();
  void probe_if_asked();
  bool to_file() const { return !options_.output.empty(); }
  const std::string& file_target() const;
  void execute(sqrtspace::Run& run);
  TargetOutcome target_outcome(const sqrtspace::Run& run, uint32_t index, const std::string& name, uint64_t rows) const;

  Options options_;
  const Workload& workload_;
  Input input_;
  sqrtspace::Pipeline pipeline_;
  std::vector<std::string> targets_;
  RowRange rows_;
};

// The fields that every command prints alike.
nlohmann::json to_json(const Input& input);
nlohmann::json to_json(const sqs_stats& stats);
nlohmann::json to_json(const TargetOutcome& target);
std::string describe_input(const Input& input);            // "440 Hz sine, 96 000 frames of f32 at 48000 Hz (2 s)"
std::string describe_target(const TargetOutcome& target);  // "peak_bin: i32, shape (90, 1), digest 0123.."

}  // namespace sqs::cli
