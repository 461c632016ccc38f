// Checks that pure stages keep their contract: row t depends on its declared inputs (and, for a scan, its state) alone, not on
// tiles, order, addresses, or on what lies beside the rows it may read. Stage by stage from the source on, so that the first
// one found is the culprit.
#include <algorithm>
#include <cstring>

#include "core/size.hpp"
#include "exec/state.hpp"
#include "os/fpenv.hpp"
#include "plan/memory.hpp"
#include "plan/ranges.hpp"

namespace sqs {
namespace {

struct StageRows {  // rows of a stage, from row `first`
  std::shared_ptr<ResultArray> array;
  Range range;
  const std::byte* row(uint64_t r, uint64_t row_bytes) const {
    return static_cast<const std::byte*>(array->view.data) + (r - range.first) * row_bytes;
  }
};

Error broken(const Node& node, uint64_t row, const std::string& how) {
  return Error{SQS_E_CONTRACT, "stage '" + node.name() + "' is not pure: row " + std::to_string(row) + " differs " + how +
                                   "; a row may depend on nothing but its declared inputs and its state, or declare the stage SQS_ONCE",
               node.name(), row};
}

}  // namespace

// One stage under test, its reference rows, and pipelines that share graph and source but not memory or settings.
class Verifier {
 public:
  explicit Verifier(Pipeline::State& state) : state_(state) {}

  Status check(const std::string& target, uint64_t t0, uint64_t t1) {
    SQS_TRY_ASSIGN(const NodeId id, state_.graph->find(target));
    SQS_TRY_ASSIGN(const InputState input, state_.input_state());
    Request request = state_.request({{id, SinkKind::Callback, false}}, t0, t1, input);
    request.settings = settings(SQS_SQRT, 0);
    request.held = {};
    SQS_TRY_ASSIGN(plan_, make_plan(request));
    find_tainted();
    for (NodeId stage = 0; stage < state_.graph->size(); ++stage)
      if (testable(stage)) SQS_TRY(check_stage(stage));
    return ok();
  }

 private:
  Settings settings(int32_t mode, uint64_t tile_frames) const {
    Settings s = state_.settings;
    s.mode = mode;
    s.threads = 1;
    s.lru_bytes = SQS_NONE;
    s.tile_frames = tile_frames;
    return s;
  }

  // Once stages and everything that reads them would differ for a good reason.
  void find_tainted() {
    tainted_.assign(state_.graph->size(), false);
    for (NodeId id = 0; id < state_.graph->size(); ++id) {
      const Node& node = state_.graph->node(id);
      tainted_[id] = node.decl.once;
      for (const Link& link : node.inputs) tainted_[id] = tainted_[id] || tainted_[link.of];
    }
  }

  bool testable(NodeId id) const {
    const Node& node = state_.graph->node(id);
    return plan_->stages[id].sweeps > 0 && !tainted_[id] && node.decl.kind != Kind::Frames && !node.is_virtual();
  }

  Result<std::shared_ptr<Pipeline>> twin(const Settings& with) {
    auto state = std::make_unique<Pipeline::State>();
    state->graph = state_.graph;
    state->source = state_.source;
    state->sample_rate = state_.sample_rate;
    state->settings = with;
    return std::shared_ptr<Pipeline>(new Pipeline(std::move(state)));
  }

  // A run of one stage, by node: also of the uncropped half of a cropped stage, which has no name to be asked for.
  Result<StageRows> rows_of(NodeId id, Range range, int32_t mode, uint64_t tile_frames) {
    SQS_TRY_ASSIGN(const std::shared_ptr<Pipeline> fresh, twin(settings(mode, tile_frames)));
    SQS_TRY_ASSIGN(std::shared_ptr<ResultArray> array, fresh->evaluate_node(id, range.first, range.last));
    return StageRows{std::move(array), range};
  }

  Range range_of(NodeId id) const {
    if (state_.graph->node(id).global()) return {0, 1};
    Range range;
    for (const Sweep& sweep : plan_->sweeps)
      for (uint32_t d = 0; d <= sweep.replays.size(); ++d)
        for (const Unit& unit : sweep.layer(d).units)
          if (!unit.is_sink() && unit.node == id) widen(range, unit.range);
    return range;
  }

  Status compare(const Node& node, const StageRows& a, const StageRows& b, const std::string& how) const {
    for (uint64_t r = b.range.first; r < b.range.last; ++r)
      if (std::memcmp(a.row(r, node.row_bytes), b.row(r, node.row_bytes), node.row_bytes) != 0) return broken(node, r, how);
    return ok();
  }

  Status check_stage(NodeId id) {
    const Node& node = state_.graph->node(id);
    const Range range = range_of(id);
    if (range.count() == 0) return ok();
    SQS_TRY_ASSIGN(const StageRows reference, rows_of(id, range, SQS_CLASSIC, 0));
    SQS_TRY_ASSIGN(const StageRows again, rows_of(id, range, SQS_CLASSIC, 0));
    SQS_TRY(compare(node, reference, again, "when it is evaluated twice"));
    const uint64_t step = std::max<uint64_t>(1, plan_->rows[id].domain.step);
    for (const uint64_t tile : {step, 3 * step + 1, 16 * step})
      for (const int32_t mode : {SQS_CLASSIC, SQS_SQRT}) {
        SQS_TRY_ASSIGN(const StageRows other, rows_of(id, range, mode, tile));
        SQS_TRY(compare(node, reference, other, "with tiles of " + std::to_string(tile) + " frames"));
      }
    if (!node.global()) SQS_TRY(out_of_order(id, node, range, reference));
    return poisoned(id, node, range, reference);
  }

  Status out_of_order(NodeId id, const Node& node, Range range, const StageRows& reference) {
    const uint64_t third = range.count() / 3 + 1;
    for (uint64_t last = range.last; last > range.first;) {
      const uint64_t first = last - range.first > third ? last - third : range.first;
      SQS_TRY_ASSIGN(const StageRows part, rows_of(id, {first, last}, SQS_SQRT, 0));
      SQS_TRY(compare(node, reference, part, "when rows are asked for out of order"));
      last = first;
    }
    return ok();
  }

  // Row by row, with nothing but NaN beside the rows it may read.
  Status poisoned(NodeId id, const Node& node, Range range, const StageRows& reference);

  Pipeline::State& state_;
  std::shared_ptr<const Plan> plan_;
  std::vector<bool> tainted_;
};

namespace {

// The rows of one input, of which only those a call may read are shown; the rest is all ones, which is NaN in every float.
class PoisonedInput {
 public:
  PoisonedInput(const Graph& graph, const Path& path, StageRows rows, uint64_t total_rows, std::vector<std::byte>& memory)
      : path_(path), rows_(std::move(rows)), total_(total_rows) {
    const Node& real = graph.node(path.real);
    const auto reach = static_cast<uint64_t>(path.back + path.ahead) + 2;
    guard_ = std::min<uint64_t>(reach + 8, 4096);
    buffer_.row_bytes = real.row_bytes;
    buffer_.capacity = std::min(total_rows, 2 * reach) + 2 * guard_;
    memory.assign(buffer_.capacity * real.row_bytes, std::byte{0xff});
    buffer_.data = memory.data();
    memory_ = &memory;
  }

  const RowBuffer& buffer() const { return buffer_; }

  void show(uint64_t row) {
    if (path_.global) {
      buffer_.first = 0;
      std::memcpy(buffer_.data, rows_.row(0, buffer_.row_bytes), buffer_.row_bytes);
      return;
    }
    const auto centre = static_cast<int64_t>(row * path_.stride) + path_.base;
    const auto n = static_cast<int64_t>(total_);
    const bool inside = row >= path_.interior_begin && row < path_.interior_end;
    const int64_t first = std::clamp<int64_t>(inside ? static_cast<int64_t>(row * path_.stride) + path_.low : centre - path_.back, 0, n);
    const int64_t last = std::clamp<int64_t>((inside ? static_cast<int64_t>(row * path_.stride) + path_.high : centre + path_.ahead) + 1, 0, n);
    std::fill(memory_->begin(), memory_->end(), std::byte{0xff});
    // Row `first` lies behind a guard; a buffer may begin before row 0, which wraps in RowBuffer::row and comes out right.
    buffer_.first = static_cast<uint64_t>(first) - guard_;
    for (int64_t r = first; r < last; ++r)
      std::memcpy(buffer_.row(static_cast<uint64_t>(r)), rows_.row(static_cast<uint64_t>(r), buffer_.row_bytes), buffer_.row_bytes);
  }

 private:
  const Path& path_;
  StageRows rows_;
  uint64_t total_;
  uint64_t guard_ = 0;
  RowBuffer buffer_;
  std::vector<std::byte>* memory_ = nullptr;
};

}  // namespace

Status Verifier::poisoned(NodeId id, const Node& node, Range range, const StageRows& reference) {
  const Rows domain = plan_->rows[id].domain;
  const bool stateful = node.decl.kind != Kind::Map;
  const bool backward = node.decl.backward;
  const bool reduce = node.decl.kind == Kind::Reduce;
  const uint64_t first = stateful && !backward ? 0 : reduce ? 0 : range.first;
  const uint64_t last = reduce || (stateful && backward) ? domain.count : range.last;
  std::vector<Path> paths;
  for (const Link& link : node.inputs) paths.push_back(resolve(*state_.graph, plan_->rows, link, domain));
  std::vector<std::vector<std::byte>> memories(paths.size());
  std::vector<PoisonedInput> inputs;
  inputs.reserve(paths.size());
  uint64_t staging = 0;
  for (size_t i = 0; i < paths.size(); ++i) {
    const NodeId real = paths[i].real;
    SQS_TRY_ASSIGN(StageRows rows, rows_of(real, range_of(real), SQS_CLASSIC, 0));
    inputs.emplace_back(*state_.graph, paths[i], std::move(rows), plan_->rows[real].out.count, memories[i]);
  }
  std::vector<std::byte> row_memory(node.row_bytes);
  std::vector<std::byte> state_memory(node.decl.state_bytes + 2 * kAlign);
  std::vector<std::byte> scratch(node.decl.scratch_bytes + 2 * kAlign);
  const auto align = [](std::vector<std::byte>& v) {
    return reinterpret_cast<std::byte*>((reinterpret_cast<uintptr_t>(v.data()) + kAlign - 1) / kAlign * kAlign);
  };
  RowBuffer output{row_memory.data(), node.row_bytes, 1, 0};
  StageCounters counters;
  StageRunner runner(node, domain, state_.sample_rate, stateful ? align(state_memory) : nullptr, &output, &counters);
  for (size_t i = 0; i < paths.size(); ++i) {
    Port port(*state_.graph, paths[i], inputs[i].buffer());
    staging += aligned(Size(port.seen_bytes()) * staging_rows(port.seen_bytes())).saturated();
    runner.add_port(std::move(port));
  }
  std::vector<std::byte> staging_memory(staging + kAlign);
  Worker worker{align(scratch), align(staging_memory), std::vector<sqs_view>(std::max<size_t>(1, paths.size())), {}};
  // Steps [from, to) from the end where the stage begins.
  const uint64_t steps = last - first;
  const auto run_rows = [&](uint64_t from, uint64_t to, const std::string& how) -> Status {
    for (uint64_t step = from; step < to; ++step) {
      const uint64_t row = backward ? last - 1 - step : first + step;
      for (PoisonedInput& input : inputs) input.show(row);
      if (stateful && step == 0) SQS_TRY(runner.init(worker, row));
      if (!reduce) output.first = row;
      std::fill(scratch.begin(), scratch.end(), std::byte{0xff});
      SQS_TRY(runner.process(worker, row, 1));
      if (reduce || row < range.first || row >= range.last) continue;
      if (std::memcmp(row_memory.data(), reference.row(row, node.row_bytes), node.row_bytes) != 0) return broken(node, row, how);
    }
    return ok();
  };
  const std::string alone = "when everything outside its declared reach is overwritten by NaN";
  if (node.decl.kind != Kind::Scan) {
    SQS_TRY(run_rows(0, steps, alone));
  } else {  // a state saved half way must be all there is to go on from
    const uint64_t half = steps / 2;
    SQS_TRY(run_rows(0, half, alone));
    std::vector<std::byte> saved(std::max<uint64_t>(1, runner.saved_bytes()));
    uint64_t used = 0;
    if (half > 0) {
      SQS_TRY_ASSIGN(used, runner.save(saved.data()));
    }
    SQS_TRY(run_rows(half, steps, alone));
    if (half > 0) {
      SQS_TRY(runner.restore(saved.data(), used));
      SQS_TRY(run_rows(half, steps, "when it goes on from a saved state"));
    }
  }
  if (node.decl.kind != Kind::Reduce) return ok();
  SQS_TRY(runner.finish(worker));
  if (std::memcmp(row_memory.data(), reference.row(0, node.row_bytes), node.row_bytes) != 0)
    return broken(node, 0, "when its input comes row by row and everything else is overwritten by NaN");
  return ok();
}

Result<std::shared_ptr<ResultArray>> Pipeline::evaluate_node(NodeId node, uint64_t t0, uint64_t t1) {
  SQS_TRY_ASSIGN(const std::unique_ptr<Run> run, open_run());
  SQS_TRY(run->add_array_of(node));
  SQS_TRY(run->set_range(t0, t1));
  SQS_TRY(run->execute());
  return run->take_result(0);
}

Status Pipeline::verify(const std::string& target, uint64_t t0, uint64_t t1) {
  State& s = *state_;
  SQS_TRY(s.open("verifying"));
  struct Closing {
    State& s;
    ~Closing() { s.run_open = false; }
  } closing{s};
  const os::PinnedFp pinned;
  return Verifier(s).check(target, t0, t1);
}

}  // namespace sqs
