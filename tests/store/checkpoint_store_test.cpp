#include "store/checkpoint_store.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace sqs {
namespace {

int64_t never_called(void*, sqs_call*) { return 0; }

constexpr NodeId kScan = 2;

std::shared_ptr<const Graph> graph_with_scan(uint64_t state_bytes) {
  Format f;
  f.dtype = SQS_F32;
  f.window = f.hop = 1;
  StageDecl decl;
  decl.name = "scan";
  decl.kind = Kind::Scan;
  decl.dtype = SQS_F32;
  decl.state_bytes = state_bytes;
  decl.process = never_called;
  Access a;
  a.stage = "frames";
  decl.inputs = {a};
  return *(*Graph::create(f))->with_stage(std::move(decl));
}

CheckpointStore store_of(uint64_t slots) {
  return std::move(*CheckpointStore::make(*graph_with_scan(64), std::make_shared<Ledger>(), slots * 64));
}

void save(CheckpointStore& store, uint64_t row, int64_t tile) {
  if (CheckpointStore::Saved* slot = store.slot_for(kScan, row, tile, 1)) {
    slot->used = 8;
    std::memcpy(slot->bytes, &row, 8);
  }
}

TEST(CheckpointStore, GivesTheLastStateAtOrBeforeARow) {
  CheckpointStore store = store_of(8);
  EXPECT_EQ(store.nearest(kScan, 100), nullptr);
  for (uint64_t row : {30u, 10u, 20u}) save(store, row, static_cast<int64_t>(row));
  EXPECT_EQ(store.nearest(kScan, 9), nullptr);
  EXPECT_EQ(store.nearest(kScan, 10)->row, 10u);
  EXPECT_EQ(store.nearest(kScan, 29)->row, 20u);
  EXPECT_EQ(store.nearest(kScan, 1000)->row, 30u);
  for (uint64_t row : {10u, 20u, 30u}) {
    uint64_t stored = 0;
    std::memcpy(&stored, store.nearest(kScan, row)->bytes, 8);
    EXPECT_EQ(stored, row);  // bytes move with their row
  }
}

TEST(CheckpointStore, ARowIsSavedOnce) {
  CheckpointStore store = store_of(8);
  save(store, 10, 1);
  EXPECT_EQ(store.slot_for(kScan, 10, 1, 1), nullptr);
}

TEST(CheckpointStore, WhenFullEverySecondIsDroppedAndTheDistanceDoubles) {
  CheckpointStore store = store_of(4);
  for (int64_t tile = 1; tile <= 100; ++tile) save(store, static_cast<uint64_t>(tile) * 10, tile);
  uint64_t held = 0;
  for (uint64_t row = 10, last = 0; row <= 1000; row += 10) {
    const CheckpointStore::Saved* saved = store.nearest(kScan, row);
    if (saved == nullptr || saved->row == last) continue;
    last = saved->row;
    ++held;
    uint64_t stored = 0;
    std::memcpy(&stored, saved->bytes, 8);
    EXPECT_EQ(stored, last);
  }
  EXPECT_GE(held, 2u);
  EXPECT_LE(held, 4u);
}

TEST(CheckpointStore, AForgottenSlotIsFreeAgain) {
  CheckpointStore store = store_of(2);
  save(store, 10, 1);
  CheckpointStore::Saved* slot = store.slot_for(kScan, 20, 2, 1);
  ASSERT_NE(slot, nullptr);
  store.forget(kScan, slot);
  EXPECT_EQ(store.nearest(kScan, 25)->row, 10u);
}

TEST(CheckpointStore, IsChargedUntilItIsGone) {
  auto ledger = std::make_shared<Ledger>();
  {
    const auto store = CheckpointStore::make(*graph_with_scan(64), ledger, 4096);
    EXPECT_EQ(ledger->held(), 4096u);
  }
  EXPECT_EQ(ledger->held(), 0u);
}

}  // namespace
}  // namespace sqs
