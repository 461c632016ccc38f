// The engine as a contender: a job run over a stream with given settings into arrays.
#pragma once

#include <memory>
#include <string>

#include "contender.hpp"
#include "jobs.hpp"
#include "reference/buffer.hpp"
#include "sqrtspace/sqrtspace.hpp"
#include "stream.hpp"

namespace sqs::bench {

class Engine final : public Contender {
 public:
  struct Options {
    sqrtspace::Settings settings;
    bool probe = false;  // first, untimed
    bool warm = false;   // keeps one pipeline, and with it the arena, from run to run
    bool caller_buffers = false;  // targets go to buffers outside the budget, not to arrays of the engine
  };
  // The stream must outlive it.
  Engine(std::string name, Job job, const Stream& stream, const Options& options);
  Figures run() override;
  // What a run will do.
  sqs_plan_info plan() const;

 private:
  sqrtspace::Pipeline make_pipeline() const;
  void set_input(sqrtspace::Pipeline& pipeline) const;
  Figures run_on(sqrtspace::Pipeline& pipeline) const;
  std::vector<Buffer<std::byte>> add_sinks(const sqrtspace::Pipeline& pipeline, sqrtspace::Run& run) const;

  Job job_;
  const Stream& stream_;
  Options options_;
  std::unique_ptr<sqrtspace::Pipeline> kept_;
};

}  // namespace sqs::bench
