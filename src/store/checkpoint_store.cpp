#include "store/checkpoint_store.hpp"

#include <algorithm>

#include "core/size.hpp"

namespace sqs {
namespace {

bool kept(const Node& node) { return node.decl.kind == Kind::Scan && !node.decl.once && !node.global(); }

uint64_t slot_bytes(const Node& node) {
  const StageDecl& decl = node.decl;
  return aligned(Size(std::max<uint64_t>(1, decl.save != nullptr ? decl.saved_bytes : decl.state_bytes))).saturated();
}

}  // namespace

Result<CheckpointStore> CheckpointStore::make(const Graph& graph, std::shared_ptr<Ledger> ledger, uint64_t bytes) {
  CheckpointStore store;
  SQS_TRY_ASSIGN(store.memory_, ChargedMemory::take(std::move(ledger), bytes, os::Mapping::Use::Some));
  store.scans_.resize(graph.size());
  Size record;
  for (NodeId id = 0; id < graph.size(); ++id)
    if (kept(graph.node(id))) record += slot_bytes(graph.node(id));
  const uint64_t slots = record.saturated() == 0 ? 0 : bytes / record.saturated();
  std::byte* at = store.memory_.data();
  for (NodeId id = 0; id < graph.size(); ++id) {
    if (!kept(graph.node(id))) continue;
    for (uint64_t s = 0; s < slots; ++s) {
      store.scans_[id].slots.push_back({0, at, 0});
      at += slot_bytes(graph.node(id));
    }
  }
  return store;
}

const CheckpointStore::Saved* CheckpointStore::nearest(NodeId scan, uint64_t row) const {
  if (scan >= scans_.size()) return nullptr;
  const Scan& s = scans_[scan];
  const auto end = s.slots.begin() + static_cast<std::ptrdiff_t>(s.held);
  const auto after = std::upper_bound(s.slots.begin(), end, row, [](uint64_t r, const Saved& slot) { return r < slot.row; });
  return after == s.slots.begin() ? nullptr : &*(after - 1);
}

CheckpointStore::Saved* CheckpointStore::slot_for(NodeId scan, uint64_t row, int64_t tile, uint64_t tiles_between) {
  if (scan >= scans_.size()) return nullptr;
  Scan& s = scans_[scan];
  if (s.slots.empty() || (tile + 1) % static_cast<int64_t>(tiles_between * s.spread) != 0) return nullptr;
  const Saved* before = nearest(scan, row);
  if (before != nullptr && before->row == row) return nullptr;
  if (s.held == s.slots.size()) {
    if (s.held < 2) return nullptr;
    thin(s);
    if ((tile + 1) % static_cast<int64_t>(tiles_between * s.spread) != 0) return nullptr;
  }
  const auto begin = s.slots.begin();
  const auto end = begin + static_cast<std::ptrdiff_t>(s.held);
  const auto place = std::upper_bound(begin, end, row, [](uint64_t r, const Saved& slot) { return r < slot.row; });
  std::rotate(place, end, end + 1);  // the first unused slot comes into its place
  ++s.held;
  place->row = row;
  place->used = 0;
  return &*place;
}

void CheckpointStore::forget(NodeId scan, Saved* slot) {
  Scan& s = scans_[scan];
  const auto place = s.slots.begin() + (slot - s.slots.data());
  std::rotate(place, place + 1, s.slots.begin() + static_cast<std::ptrdiff_t>(s.held));
  --s.held;
}

// Keeps the second, fourth, sixth... state.
void CheckpointStore::thin(Scan& scan) {
  size_t to = 0;
  for (size_t from = 1; from < scan.held; from += 2) std::swap(scan.slots[to++], scan.slots[from]);
  scan.held = to;
  scan.spread *= 2;
}

}  // namespace sqs
