#include "reference/spin.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "digest.hpp"
#include "stopwatch.hpp"

namespace sqs::bench {
namespace {

namespace sq = sqrtspace;

constexpr double kTileSeconds = 1e-4;

uint64_t spin(uint64_t value, uint64_t steps) {
  for (uint64_t i = 0; i < steps; ++i) value = (value ^ (value >> 29)) * 0xBF58476D1CE4E5B9u;
  return value;
}

void spin_rows(const uint64_t* in, uint64_t rows, uint64_t steps, uint64_t* out) {
  for (uint64_t i = 0; i < rows; ++i) out[i] = spin(in[i], steps);
}

// Through the C interface, as a C program would have it.
int64_t process(void* user, sqs_call* call) {
  spin_rows(static_cast<const uint64_t*>(call->inputs[0].data), call->rows, *static_cast<const uint64_t*>(user),
            static_cast<uint64_t*>(call->output.data));
  return static_cast<int64_t>(call->rows);
}

void add_spin(sq::Pipeline& pipeline, const char* name, const char* input, uint64_t steps) {
  sqs_stage stage;
  sqs_stage_init(&stage, sizeof stage);
  stage.kind = SQS_MAP;
  stage.dtype = SQS_U64;
  stage.process = process;
  sq::detail::call(sqs_pipeline_add_stage_on, pipeline.get(), name, static_cast<const sqs_stage*>(&stage), &input, 1u,
                   static_cast<void*>(new uint64_t(steps)), [](void* user) { delete static_cast<uint64_t*>(user); });
}

class BareSpin final : public Contender {
 public:
  BareSpin(uint64_t rows, uint64_t steps) : Contender("bare loop"), rows_(rows), steps_(steps) {}

  Figures run() override {
    std::vector<uint64_t> frames(rows_);
    for (uint64_t i = 0; i < rows_; ++i) frames[i] = spin_frame(i);
    Figures figures;
    const Stopwatch stopwatch;
    std::vector<uint64_t> third(rows_);
    std::array<uint64_t, kSpinTileRows> first, second;
    for (uint64_t t = 0; t < rows_; t += kSpinTileRows) {
      const uint64_t count = std::min(kSpinTileRows, rows_ - t);
      spin_rows(frames.data() + t, count, steps_, first.data());
      spin_rows(first.data(), count, steps_, second.data());
      spin_rows(second.data(), count, steps_, third.data() + t);
    }
    stopwatch.add_to(figures);
    figures.digests = {digest_of(third.data(), third.size() * sizeof(uint64_t))};
    return figures;
  }

 private:
  uint64_t rows_, steps_;
};

}  // namespace

uint64_t spin_steps() {
  static const uint64_t steps = [] {
    constexpr uint64_t kProbe = 2'000'000;
    double least = 1;
    uint64_t value = 1;
    for (int i = 0; i < 5; ++i) {
      const double start = clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
      value = spin(value | 1, kProbe);
      least = std::min(least, clock_seconds(CLOCK_PROCESS_CPUTIME_ID) - start);
    }
    const double per_row = kTileSeconds / static_cast<double>(kSpinTileRows * kSpinStages);
    return std::max<uint64_t>(1, static_cast<uint64_t>(per_row / least * kProbe)) + (value == 0 ? 1 : 0);
  }();
  return steps;
}

Job spin_job(uint64_t steps) {
  Job job;
  job.format.dtype = sq::Dtype::u64;
  job.format.window = 1;
  job.format.hop = 1;
  job.build = [steps](sq::Pipeline& pipeline) {
    add_spin(pipeline, "first", "frames", steps);
    add_spin(pipeline, "second", "first", steps);
    add_spin(pipeline, "third", "second", steps);
  };
  job.targets = {"third"};
  return job;
}

std::unique_ptr<Contender> bare_spin(uint64_t rows, uint64_t steps) { return std::make_unique<BareSpin>(rows, steps); }

}  // namespace sqs::bench
