// The C++ wrapper: a scan over frames and what a failing call throws.
#include <sqrtspace/sqrtspace.hpp>

#include <cstdint>
#include <cstdio>
#include <numeric>
#include <stdexcept>
#include <vector>

namespace sq = sqrtspace;

namespace {

std::vector<std::int64_t> run(sq::Mode mode, const std::vector<std::int64_t>& samples) {
  sq::Format format;
  format.dtype = sq::Dtype::i64;
  format.window = 8;
  format.hop = 8;
  sq::Pipeline pipeline(format);
  pipeline.add("total", sq::scan<std::int64_t, std::int64_t>({}, [](sq::Call& call, std::int64_t& total) {
                 const auto frames = call.input<std::int64_t>();
                 const auto totals = call.output<std::int64_t>();
                 for (std::int64_t t = 0; t < frames.rows(); ++t) totals(t) = total += frames(t, 0);
               }), {"frames"});
  sq::Settings settings;
  settings.mode = mode;
  pipeline.configure(settings);
  pipeline.push(samples.data(), samples.size());
  pipeline.end_input();
  return pipeline.evaluate("total").to_vector<std::int64_t>();
}

bool throws_with_the_stage() {
  sq::Format format;
  format.dtype = sq::Dtype::i64;
  format.window = 4;
  format.hop = 4;
  sq::Pipeline pipeline(format);
  pipeline.add("broken", sq::map<float>({}, [](sq::Call&) { throw std::runtime_error("no value today"); }), {"input"});
  const std::vector<std::int64_t> samples(64);
  pipeline.push(samples.data(), samples.size());
  pipeline.end_input();
  try {
    pipeline.evaluate("broken");
  } catch (const sq::Error& error) {
    return error.code() == SQS_E_STAGE && error.stage() == "broken";
  }
  return false;
}

}  // namespace

int main() {
  std::vector<std::int64_t> samples(10'000);
  std::iota(samples.begin(), samples.end(), 1);
  std::vector<std::int64_t> expected(samples.size());
  std::partial_sum(samples.begin(), samples.end(), expected.begin());

  const bool right =
      run(sq::Mode::classic, samples) == expected && run(sq::Mode::sqrt, samples) == expected && throws_with_the_stage();
  std::printf("running sum of %zu frames: %s\n", samples.size(), right ? "right" : "WRONG");
  return right ? 0 : 1;
}
