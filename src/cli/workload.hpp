// A workload: a pipeline with a name, its default input and what it tells about its results. The commands know workloads
// only through this header. Thread safety: const and stateless; a Summary belongs to one run.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "failure.hpp"
#include "input.hpp"
#include "options.hpp"

namespace sqs::cli {

// When a row of a target begins: at frame origin + row * step, which is a time only if the rate is known.
struct RowClock {
  int64_t origin = 0;
  uint64_t step = 1;
  double sample_rate = 0;  // 0: unknown

  int64_t frame(uint64_t row) const { return origin + static_cast<int64_t>(row * step); }
  double seconds(uint64_t row) const { return static_cast<double>(frame(row)) / sample_rate; }

  std::string text(uint64_t row) const;  // "1.5 s", without a rate "frame 1024"
  const char* key() const { return sample_rate > 0 ? "seconds" : "frame"; }
  nlohmann::json value(uint64_t row) const;  // what belongs to the key
};

// Watches the rows of the targets go by and keeps a few numbers: its size does not grow with the stream. Targets are
// numbered as Workload::targets() lists them; rows of one target come in order, targets in any interleaving.
class Summary {
 public:
  virtual ~Summary() = default;
  virtual void rows(size_t target, const sqrtspace::View& view) = 0;
  virtual void print(std::ostream& out) const = 0;
  virtual nlohmann::json json() const = 0;
};

class Workload {
 public:
  virtual ~Workload() = default;

  virtual const char* name() const = 0;
  virtual sqrtspace::Dtype dtype() const = 0;  // of its frames, where a file leaves that open
  virtual uint64_t default_window(const InputFormat& input) const = 0;
  virtual uint64_t default_hop(const InputFormat& input) const = 0;
  virtual uint64_t bench_frames() const = 0;

  // The stream it runs on when the user names no file.
  virtual Input default_input(const Options& options) const = 0;
  // Adds the stages; Failure (usage) for an option that makes no sense here.
  virtual void build(sqrtspace::Pipeline& pipeline, const InputFormat& input, const Options& options) const = 0;
  // Names of the stages whose rows are the result; the first is the one that is written to a file.
  virtual std::vector<std::string> targets(const Options& options) const = 0;
  virtual std::unique_ptr<Summary> summary(const InputFormat& input, const Options& options, const RowClock& clock) const = 0;
  // Which channels the summary is about, where there are several; "" for one.
  virtual std::string channels_told(const InputFormat& input) const;
};

// By the names that the command line accepts.
const Workload& find_workload(const std::string& name);

const Workload& audio_workload();
const Workload& logs_workload();
const Workload& satcom_workload();
const Workload& ecg_workload();
const Workload& pitch_workload();

}  // namespace sqs::cli
