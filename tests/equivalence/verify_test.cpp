// sqs_pipeline_verify: passes what is honest, and names the stage that is not, for each way to break the contract.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "c_api.hpp"
#include "naive.hpp"
#include "random_graph.hpp"
#include "session.hpp"

namespace {

const float* row_of(const sqs_view& view, uint64_t row) {
  return static_cast<const float*>(static_cast<const void*>(static_cast<const uint8_t*>(view.data) +
                                                            static_cast<int64_t>(row) * view.strides[0]));
}

float* out_row(const sqs_call* call, uint64_t row) {
  return static_cast<float*>(static_cast<void*>(static_cast<uint8_t*>(call->output.data) +
                                                static_cast<int64_t>(row) * call->output.strides[0]));
}

template <class Row>
int64_t each_row(sqs_call* call, Row row) {
  for (uint64_t r = 0; r < call->rows; ++r) *out_row(call, r) = row(r);
  return static_cast<int64_t>(call->rows);
}

int64_t halve(void*, sqs_call* call) {
  return each_row(call, [&](uint64_t r) { return 0.5F * *row_of(call->inputs[0], r); });
}

int64_t running_sum(void*, sqs_call* call) {
  auto& sum = *static_cast<float*>(call->state);
  return each_row(call, [&](uint64_t r) { return sum += *row_of(call->inputs[0], r); });
}

int64_t add_up(void*, sqs_call* call) {
  auto& sum = *static_cast<float*>(call->state);
  for (uint64_t r = 0; r < call->rows; ++r) sum += *row_of(call->inputs[0], r);
  return static_cast<int64_t>(call->rows);
}

int64_t running_sum_from_the_end(void*, sqs_call* call) {
  auto& sum = *static_cast<float*>(call->state);
  for (uint64_t r = call->rows; r-- > 0;) *out_row(call, r) = sum += *row_of(call->inputs[0], r);
  return static_cast<int64_t>(call->rows);
}

int64_t add_up_from_the_end(void*, sqs_call* call) {
  auto& sum = *static_cast<float*>(call->state);
  for (uint64_t r = call->rows; r-- > 0;) sum += *row_of(call->inputs[0], r);
  return static_cast<int64_t>(call->rows);
}

int32_t write_sum(void*, sqs_call* call) {
  *out_row(call, 0) = *static_cast<float*>(call->state);
  return 1;
}

// The ways to break the contract.
int64_t tile_mean(void*, sqs_call* call) {
  float sum = 0;
  for (uint64_t r = 0; r < call->rows; ++r) sum += *row_of(call->inputs[0], r);
  return each_row(call, [&](uint64_t) { return sum / static_cast<float>(call->rows); });
}

int64_t row_in_tile(void*, sqs_call* call) {
  return each_row(call, [&](uint64_t r) { return *row_of(call->inputs[0], r) + static_cast<float>(r); });
}

int64_t difference_by_hidden_state(void* user, sqs_call* call) {
  auto& last = *static_cast<float*>(user);
  return each_row(call, [&](uint64_t r) {
    const float now = *row_of(call->inputs[0], r);
    return now - std::exchange(last, now);
  });
}

int64_t counts_its_calls(void* user, sqs_call* call) {
  auto& calls = *static_cast<float*>(user);
  calls += 1;
  return each_row(call, [&](uint64_t r) { return *row_of(call->inputs[0], r) + calls; });
}

int64_t peeks_ahead(void*, sqs_call* call) {
  return each_row(call, [&](uint64_t r) {
    const bool last_frame = call->first_row + r == 199;
    return *row_of(call->inputs[0], r) + (last_frame ? 0 : *row_of(call->inputs[0], r + 1));
  });
}

int64_t peeks_behind(void*, sqs_call* call) {
  return each_row(call, [&](uint64_t r) {
    const float* here = row_of(call->inputs[0], r);
    return *here + (call->first_row + r == 0 ? 0 : here[-1]);
  });
}

int64_t adds_its_address(void*, sqs_call* call) {
  return each_row(call, [&](uint64_t r) {
    const auto address = reinterpret_cast<uintptr_t>(row_of(call->inputs[0], r));
    return *row_of(call->inputs[0], r) + static_cast<float>(address / 4 % 1024);
  });
}

int64_t leaves_odd_rows_out(void*, sqs_call* call) {
  for (uint64_t r = 0; r < call->rows; ++r) {
    if ((call->first_row + r) % 2 == 0) *out_row(call, r) = *row_of(call->inputs[0], r);
  }
  return static_cast<int64_t>(call->rows);
}

int64_t sums_outside_its_state(void* user, sqs_call* call) {
  auto& sum = *static_cast<float*>(user);
  if (call->first_row == 0) sum = 0;
  return each_row(call, [&](uint64_t r) { return sum += *row_of(call->inputs[0], r); });
}

int64_t sums_from_the_end_outside_its_state(void* user, sqs_call* call) {
  auto& sum = *static_cast<float*>(user);
  if (call->first_row + call->rows == 200) sum = 0;
  for (uint64_t r = call->rows; r-- > 0;) *out_row(call, r) = sum += *row_of(call->inputs[0], r);
  return static_cast<int64_t>(call->rows);
}

class Verify : public ::testing::Test {
 protected:
  void SetUp() override {
    std::iota(frames_.begin(), frames_.end(), 1.0F);
    pipeline_ = api::pipeline(api::format(SQS_F32, 1, 4, 2));
    ASSERT_EQ(sqs_pipeline_set_memory(p(), frames_.data(), frames_.size(), nullptr, nullptr, nullptr), SQS_OK);
  }

  sqs_pipeline* p() const { return pipeline_.get(); }
  api::Answer verify(const char* target) {
    return api::answer([&](sqs_error** e) { return sqs_pipeline_verify(p(), target, 0, SQS_END, e); });
  }
  void add(const char* name, const char* input, int32_t kind, sqs_process_fn process, int32_t purity = SQS_PURE,
           int32_t direction = SQS_FORWARD) {
    sqs_stage stage = api::stage(kind, SQS_F32, {}, process);
    stage.purity = purity;
    stage.direction = direction;
    if (kind != SQS_MAP) stage.state_bytes = sizeof(float);
    if (kind == SQS_REDUCE) stage.finish = write_sum;
    const api::Answer added = api::add(p(), name, stage, {api::access(input, SQS_VALID, 0, 0)}, &hidden_);
    ASSERT_TRUE(added.ok()) << added.message;
  }
  // Between two honest stages verify names the broken one, and a row that exists.
  void expect_caught(sqs_process_fn process, int32_t kind = SQS_MAP, int32_t direction = SQS_FORWARD) {
    add("before", "frames", SQS_MAP, halve);
    add("broken", "before", kind, process, SQS_PURE, direction);
    add("behind", "broken", SQS_SCAN, running_sum);
    const api::Answer caught = verify("behind");
    EXPECT_EQ(caught.code, SQS_E_CONTRACT) << caught.message;
    EXPECT_EQ(caught.stage, "broken");
    EXPECT_NE(caught.message.find("broken"), std::string::npos) << caught.message;
    EXPECT_LT(caught.row, frames_.size());
    const api::Answer passed = verify("before");
    EXPECT_EQ(passed.code, SQS_OK) << "a target that does not need it: " << passed.message;
  }

  std::vector<float> frames_ = std::vector<float>(200);
  float hidden_ = 0;
  api::Pipeline pipeline_;
};

TEST_F(Verify, PassesHonestStages) {
  add("half", "frames", SQS_MAP, halve);
  add("sum", "half", SQS_SCAN, running_sum);
  add("total", "sum", SQS_REDUCE, add_up);
  for (const char* target : {"half", "sum", "total"}) {
    const api::Answer passed = verify(target);
    EXPECT_EQ(passed.code, SQS_OK) << target << ": " << passed.message;
  }
}

TEST_F(Verify, CatchesAMeanOverTheTile) { expect_caught(tile_mean); }
TEST_F(Verify, CatchesARowNumberCountedFromTheTile) { expect_caught(row_in_tile); }
TEST_F(Verify, CatchesHiddenState) { expect_caught(difference_by_hidden_state); }
TEST_F(Verify, CatchesOtherBytesOnASecondCall) { expect_caught(counts_its_calls); }
TEST_F(Verify, CatchesAReadPastTheView) { expect_caught(peeks_ahead); }
TEST_F(Verify, CatchesAReadBeforeTheView) { expect_caught(peeks_behind); }
TEST_F(Verify, CatchesAnAddressInTheBytes) { expect_caught(adds_its_address); }
TEST_F(Verify, CatchesRowsThatAreNotWritten) { expect_caught(leaves_odd_rows_out); }
TEST_F(Verify, CatchesAScanThatKeepsItsStateElsewhere) { expect_caught(sums_outside_its_state, SQS_SCAN); }

TEST_F(Verify, CatchesABackwardScanThatKeepsItsStateElsewhere) {
  expect_caught(sums_from_the_end_outside_its_state, SQS_SCAN, SQS_BACKWARD);
}
TEST_F(Verify, CatchesABackwardScanThatWalksUpwards) { expect_caught(running_sum, SQS_SCAN, SQS_BACKWARD); }

TEST_F(Verify, PassesHonestStagesThatLookBack) {
  add("half", "frames", SQS_MAP, halve);
  add("forth", "half", SQS_SCAN, running_sum);
  add("back", "forth", SQS_SCAN, running_sum_from_the_end, SQS_PURE, SQS_BACKWARD);
  add("again", "back", SQS_SCAN, running_sum);
  add("total", "again", SQS_REDUCE, add_up_from_the_end, SQS_PURE, SQS_BACKWARD);
  for (const char* target : {"back", "again", "total"}) {
    const api::Answer passed = verify(target);
    EXPECT_EQ(passed.code, SQS_OK) << target << ": " << passed.message;
  }
}

TEST_F(Verify, LeavesOnceStagesAndTheirReadersOut) {
  add("count", "frames", SQS_MAP, counts_its_calls, SQS_ONCE);
  add("half", "count", SQS_MAP, halve);
  const api::Answer passed = verify("half");
  EXPECT_EQ(passed.code, SQS_OK) << passed.message;
}

TEST_F(Verify, NamesTheFirstRowThatDiffers) {
  // A hidden count that changes row 150 and nothing before it.
  const auto from_row_150 = [](void* user, sqs_call* call) -> int64_t {
    auto& calls = *static_cast<float*>(user);
    calls += 1;
    return each_row(call, [&](uint64_t r) {
      return *row_of(call->inputs[0], r) + (call->first_row + r >= 150 ? calls : 0);
    });
  };
  add("late", "frames", SQS_MAP, from_row_150);
  const api::Answer caught = verify("late");
  EXPECT_EQ(caught.code, SQS_E_CONTRACT) << caught.message;
  EXPECT_EQ(caught.row, 150U);
}

TEST(VerifyRandom, PassesHonestGraphs) {
  eq::GraphLimits limits;
  limits.looking_back = 40;
  for (uint64_t seed = 900; seed < 960; ++seed) {
    const eq::GraphSpec graph = eq::random_graph(seed, limits);
    const eq::Naive naive(graph);
    eq::Session session(graph, naive);
    if (session.build() != SQS_OK) continue;
    eq::Rng rng(seed);
    if (session.feed(eq::Feed::Memory, rng) != SQS_OK) continue;
    for (const std::string& target : graph.targets) {
      sqs_plan_info info;
      if (session.plan({target}, {}, false, info) != SQS_OK) continue;
      const api::Answer passed = api::answer(
          [&](sqs_error** e) { return sqs_pipeline_verify(session.pipeline(), target.c_str(), 0, SQS_END, e); });
      ASSERT_EQ(passed.code, SQS_OK) << passed.message << "\n" << eq::dump(graph);
    }
    ASSERT_EQ(session.close() + session.findings(), "") << eq::dump(graph);
  }
}

}  // namespace
