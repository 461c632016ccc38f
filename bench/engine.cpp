#include "engine.hpp"

#include "digest.hpp"
#include "stopwatch.hpp"

namespace sqs::bench {

namespace sq = sqrtspace;

Engine::Engine(std::string name, Job job, const Stream& stream, const Options& options)
    : Contender(std::move(name)), job_(std::move(job)), stream_(stream), options_(options) {}

Figures Engine::run() {
  if (!options_.warm) {
    sq::Pipeline pipeline = make_pipeline();
    return run_on(pipeline);
  }
  if (kept_ == nullptr) {
    kept_ = std::make_unique<sq::Pipeline>(make_pipeline());
    run_on(*kept_);
  }
  return run_on(*kept_);
}

sq::Pipeline Engine::make_pipeline() const {
  sq::Pipeline pipeline(job_.format);
  job_.build(pipeline);
  pipeline.configure(options_.settings);
  set_input(pipeline);
  if (options_.probe) pipeline.probe(job_.targets);
  return pipeline;
}

void Engine::set_input(sq::Pipeline& pipeline) const {
  if (stream_.in_memory()) {
    pipeline.set_memory(stream_.memory(), stream_.frames());
    return;
  }
  sq::Reader reader;
  reader.frame_count = stream_.frames();
  reader.read = [this](uint64_t first, uint64_t frames, void* to) { stream_.read(first, frames, to); };
  pipeline.set_reader(std::move(reader));
}

// The buffers, which the run writes to and so must outlive.
std::vector<Buffer<std::byte>> Engine::add_sinks(const sq::Pipeline& pipeline, sq::Run& run) const {
  std::vector<Buffer<std::byte>> buffers;
  for (const std::string& target : job_.targets) {
    if (!options_.caller_buffers) {
      run.add_array(target);
      continue;
    }
    const sq::StageInfo info = pipeline.describe(target);
    const Buffer<std::byte>& buffer = buffers.emplace_back(info.rows * info.row_bytes);
    run.add_buffer(target, buffer.data(), buffer.bytes());
  }
  return buffers;
}

sqs_plan_info Engine::plan() const {
  sq::Pipeline pipeline = make_pipeline();
  sq::Run run = pipeline.open_run();
  const auto buffers = add_sinks(pipeline, run);
  return run.plan().info();
}

Figures Engine::run_on(sq::Pipeline& pipeline) const {
  Figures figures;
  figures.budget_bytes = options_.settings.memory_budget;
  try {
    if (options_.probe) {
      sq::Run run = pipeline.open_run();
      const auto buffers = add_sinks(pipeline, run);
      figures.predicted_seconds = run.plan().info().predicted_seconds;
    }
    const Stopwatch stopwatch;
    sq::Run run = pipeline.open_run();
    const auto buffers = add_sinks(pipeline, run);
    run.execute();
    for (uint32_t i = 0; i < job_.targets.size(); ++i)
      figures.digests.push_back(hex(run.digest(i)));
    stopwatch.add_to(figures);
    const sqs_stats stats = run.stats();
    figures.engine_bytes = stats.measured_bytes;
    figures.rows = stats.rows_evaluated;
    figures.mode = stats.mode == SQS_CLASSIC ? "classic" : "sqrt";
  } catch (const sq::Error& error) {
    if (error.code() != SQS_E_BUDGET) throw;
    figures.refusal = error.what();
  }
  return figures;
}

}  // namespace sqs::bench
