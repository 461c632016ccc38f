// A successful run allocates nothing between its first and its last callback, whatever the mode, threads, sinks and drive.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "allocation_counter.hpp"
#include "temporary_directory.hpp"
#include "workload.hpp"

namespace memory_test {
namespace {

constexpr uint64_t kFrames = 300'000;

int32_t count_rows(void* user, const sqs_view* rows, char*) {
  watch().callback();
  *static_cast<uint64_t*>(user) += static_cast<uint64_t>(rows->shape[0]);
  return 1;
}

// The sinks of one run over all targets of a workload: by turns an array, a buffer and a callback.
struct Sinks {
  std::vector<uint8_t> buffer = std::vector<uint8_t>(16 << 20);
  uint64_t rows = 0;

  void add(sqs_run* run, const Workload& workload) {
    for (size_t i = 0; i < workload.targets.size(); ++i) {
      const char* target = workload.targets[i];
      const int32_t status =
          i % 3 == 0   ? sqs_run_add_callback(run, target, count_rows, &rows, nullptr, nullptr, nullptr)
          : i % 3 == 1 ? sqs_run_add_array(run, target, nullptr, nullptr)
                       : sqs_run_add_buffer(run, target, buffer.data(), buffer.size(), nullptr, nullptr);
      ASSERT_EQ(status, SQS_OK) << target;
    }
  }
};

class Allocations : public ::testing::TestWithParam<std::tuple<size_t, int32_t, uint32_t>> {
 protected:
  const Workload& workload() const { return workloads()[std::get<0>(GetParam())]; }
  sqs_settings settings() const {
    sqs_settings s = api::settings(std::get<1>(GetParam()));
    s.threads = std::get<2>(GetParam());
    return s;
  }
  void expect_none_in_a_run(bool stepwise) const;
};

void Allocations::expect_none_in_a_run(bool stepwise) const {
  const api::Pipeline p = make(workload(), kFrames);
  ASSERT_TRUE(api::configure(p.get(), settings()).ok());
  Sinks sinks;
  sqs_run* made = nullptr;
  ASSERT_EQ(sqs_run_create(p.get(), &made, nullptr), SQS_OK);
  const api::Run run(made);
  sinks.add(made, workload());
  watch().begin(false);
  const api::Answer done = api::answer([&](sqs_error** e) {
    if (!stepwise) return sqs_run_execute(made, e);
    int32_t status = SQS_PENDING;
    while (status == SQS_PENDING) status = sqs_run_step(made, 50'000, e);
    return status;
  });
  ASSERT_TRUE(done.ok()) << done.message;
  ASSERT_GT(watch().callbacks(), 10U);
  EXPECT_GT(sinks.rows, 0U);
  EXPECT_EQ(watch().allocations(), 0U);
}

TEST_P(Allocations, NoneBetweenTheFirstAndTheLastCallback) { expect_none_in_a_run(false); }

TEST_P(Allocations, NoneBetweenTheFirstAndTheLastCallbackStepByStep) { expect_none_in_a_run(true); }

TEST_P(Allocations, NoneWhileRowsArePulled) {
  const api::Pipeline p = make(workload(), kFrames);
  ASSERT_TRUE(api::configure(p.get(), settings()).ok());
  sqs_run* made = nullptr;
  ASSERT_EQ(sqs_run_create(p.get(), &made, nullptr), SQS_OK);
  const api::Run run(made);
  for (const char* target : workload().targets) ASSERT_EQ(sqs_run_add_pull(made, target, SQS_ANY_ORDER, nullptr, nullptr), SQS_OK);
  watch().begin(false);
  uint64_t pieces = 0;
  auto rows = api::sized<sqs_view>();
  int32_t status = SQS_OK;
  for (; status == SQS_OK; ++pieces) {
    status = sqs_run_pull(made, SQS_ANY_TARGET, &rows, nullptr, nullptr);
    if (status == SQS_OK) watch().callback();
  }
  EXPECT_EQ(status, SQS_END_OF_STREAM);
  ASSERT_GT(watch().callbacks(), 10U);
  EXPECT_GT(pieces, 1U);
  EXPECT_EQ(watch().allocations(), 0U);
}

TEST_P(Allocations, NoneInLaterRangesThatFindCacheAndCheckpoints) {
  const api::Pipeline p = make(workload(), kFrames);
  ASSERT_TRUE(api::configure(p.get(), settings()).ok());
  for (const uint64_t t0 : {100U, 60U, 110U, 0U}) {
    api::ResultHandle result;
    watch().begin(false);
    const api::Answer done = api::evaluate(p.get(), workload().targets.front(), result, t0, t0 + 90);
    ASSERT_TRUE(done.ok()) << done.message;
    EXPECT_EQ(watch().allocations(), 0U) << "range from " << t0;
  }
}

INSTANTIATE_TEST_SUITE_P(Runs, Allocations,
                         ::testing::Combine(::testing::Range<size_t>(0, 4), ::testing::Values(SQS_CLASSIC, SQS_SQRT),
                                            ::testing::Values(1U, 3U)),
                         [](const ::testing::TestParamInfo<Allocations::ParamType>& tested) {
                           return workloads()[std::get<0>(tested.param)].name +
                                  (std::get<1>(tested.param) == SQS_CLASSIC ? "_classic_" : "_sqrt_") +
                                  std::to_string(std::get<2>(tested.param)) + "_threads";
                         });

TEST(AllocationsOfAFile, NoneWhileANpyFileIsWritten) {
  const api::Pipeline p = make(workloads().front(), kFrames);
  sqs_settings settings = api::settings(SQS_SQRT);
  settings.tile_frames = 1024;
  ASSERT_TRUE(api::configure(p.get(), settings).ok());
  sqs_run* made = nullptr;
  ASSERT_EQ(sqs_run_create(p.get(), &made, nullptr), SQS_OK);
  const api::Run run(made);
  const sqs::test::TemporaryDirectory directory;
  const std::string path = directory.file("bands.npy");
  ASSERT_EQ(sqs_run_add_npy(made, "bands", path.c_str(), nullptr, nullptr), SQS_OK);
  watch().begin(false);
  const api::Answer done = api::answer([&](sqs_error** e) { return sqs_run_execute(made, e); });
  ASSERT_TRUE(done.ok()) << done.message;
  ASSERT_GT(watch().callbacks(), 5U);
  EXPECT_EQ(watch().allocations(), 0U);
}

// The counter itself: it must see what C++ and C allocate, or the tests above would pass for nothing.
TEST(AllocationCounter, SeesNewAndMalloc) {
  const uint64_t before = allocation_count();
  std::free(std::malloc(100));
  std::string(1000, 'x').append("y");
  EXPECT_GE(allocation_count(), before + 2);
}

}  // namespace
}  // namespace memory_test
