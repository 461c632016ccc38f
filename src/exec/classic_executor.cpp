// classic: stage by stage over all rows, each stage once, its rows kept until their last reader has read them. Short and
// obviously correct: what sqrt is tested against.
#include <algorithm>

#include "exec/executor.hpp"
#include "exec/machinery.hpp"
#include "os/clock.hpp"
#include "plan/memory.hpp"
#include "plan/ranges.hpp"

namespace sqs {
namespace {

class ClassicExecutor final : public Executor {
 public:
  explicit ClassicExecutor(RunContext& context)
      : context_(context), plan_(*context.plan), machinery_(context, plan_), order_(classic_order(plan_)) {
    for (const NodeId id : order_) steps_.push_back(step_of(id));
    for (const Step& step : steps_) total_ += step.range.count();
  }

  Result<bool> advance(uint64_t deadline_ns) override {
    while (at_ < steps_.size()) {
      if (context_.cancelled->load(std::memory_order_relaxed)) return cancelled_error();
      const uint64_t start = os::monotonic_ns();
      SQS_TRY(work(steps_[at_]));
      const uint64_t now = os::monotonic_ns();
      (*context_.counters)[order_[std::min(at_, order_.size() - 1)]].add_ns(now - start);
      if (over(steps_[at_])) SQS_TRY(end_step(steps_[at_]));
      if ((now >= deadline_ns || context_.rows_wait()) && at_ < steps_.size()) return false;
    }
    SQS_TRY(machinery_.deliver_globals());
    return true;
  }

  uint64_t done() const override { return done_; }
  uint64_t total() const override { return total_; }
  uint32_t sweep() const override { return 0; }
  const RowBuffer& buffer(NodeId id) const override { return machinery_.buffer(id); }
  const std::vector<StagePlan>& stages() const override { return plan_.stages; }

 private:
  struct SinkPort {
    uint32_t target;
    Port port;
    const Unit* unit;
  };
  struct Step {
    NodeId node = 0;
    const Unit* unit = nullptr;      // NULL: a map of whole-stream rows
    StageRunner* runner = nullptr;   // NULL: the frames
    Range range;
    std::vector<SinkPort> sinks;
  };

  Step step_of(NodeId id) {
    Step step;
    step.node = id;
    const auto look_at = [&](const Unit& unit) {
      if (unit.is_sink() && plan_.paths[unit.paths[0]].real == id)
        step.sinks.push_back({unit.target, machinery_.port(unit.paths[0]), &unit});
      if (unit.is_sink() || unit.kept || unit.node != id) return;
      if (step.unit == nullptr) step.unit = &unit;
      widen(step.range, unit.range);
    };
    for (const Sweep& sweep : plan_.sweeps)
      for (uint32_t d = 0; d <= sweep.replays.size(); ++d)
        for (const Unit& unit : sweep.layer(d).units) look_at(unit);
    if (step.unit == nullptr) {
      step.range = {0, 1};
      step.runner = machinery_.global_runner(id);
    } else if (id != kFramesNode) {
      step.runner = machinery_.add_runner(id, step.unit->domain, step.unit->paths);
    }
    return step;
  }

  // One tile of the stage at hand; a backward stage takes them from the last to the first.
  Status work(Step& step) {
    if (step.unit == nullptr) {
      row_ = step.range.last;
      return machinery_.run_global(step.node);
    }
    RowBuffer& buffer = machinery_.buffer(step.node);
    const bool backward = plan_.graph->node(step.node).decl.backward;
    if (!begun_) {
      begun_ = true;
      row_ = backward ? step.range.last : step.range.first;
      tile_ = tile_of(step, backward && step.range.count() > 0 ? step.range.last - 1 : step.range.first);
      buffer.start_at(step.range.first);
      if (step.runner != nullptr && step.runner->has_state() && step.range.count() > 0)
        SQS_TRY(step.runner->init(machinery_.worker(0), backward ? row_ - 1 : row_));
    }
    const uint64_t to = backward ? std::clamp(first_row_from(step, tile_), step.range.first, row_)
                                 : std::clamp(first_row_from(step, tile_ + 1), row_, step.range.last);
    tile_ += backward ? -1 : 1;
    const Range rows = backward ? Range{to, row_} : Range{row_, to};
    if (rows.count() == 0) return ok();
    if (step.runner != nullptr) {
      SQS_TRY(step.runner->process(machinery_.worker(0), rows.first, rows.count()));
    } else {
      SQS_TRY(read_frames(buffer, to));
    }
    done_ += rows.count();
    row_ = to;
    return ok();
  }

  bool over(const Step& step) const {
    const bool backward = step.unit != nullptr && plan_.graph->node(step.node).decl.backward;
    return backward ? row_ <= step.range.first : row_ >= step.range.last;
  }

  // The first row that starts in a tile or behind it.
  uint64_t first_row_from(const Step& step, int64_t tile) const {
    Unit unit;
    unit.domain = step.unit->domain;
    unit.range = step.range;
    return unit.row_at(tile * static_cast<int64_t>(plan_.tile_frames));
  }
  int64_t tile_of(const Step& step, uint64_t row) const {
    const int64_t position = static_cast<int64_t>(row * step.unit->domain.step) + step.unit->domain.origin;
    const auto span = static_cast<int64_t>(plan_.tile_frames);
    return position >= 0 ? position / span : -((-position + span - 1) / span);
  }

  Status read_frames(RowBuffer& buffer, uint64_t end) {
    if (plan_.buffers[kFramesNode].where == BufferPlan::Where::Source) {
      buffer.first = 0;  // the whole array is there
      (*context_.counters)[kFramesNode].add(end - row_, 0);
      return ok();
    }
    SQS_TRY(context_.source->read(row_, end - row_, buffer.row(row_)));
    (*context_.counters)[kFramesNode].add(end - row_, 1);
    return ok();
  }

  Status end_step(Step& step) {
    if (step.runner != nullptr && step.unit != nullptr) {
      if (step.runner->node().decl.kind == Kind::Reduce) SQS_TRY(machinery_.finish_reduce(*step.runner));
      step.runner->drop_state();
    }
    for (SinkPort& sink : step.sinks) SQS_TRY(deliver(sink));
    ++at_;
    begun_ = false;
    return ok();
  }

  Status deliver(SinkPort& sink) {
    const Range rows = sink.unit->range;
    const uint64_t per_tile = std::max<uint64_t>(1, plan_.tile_frames / std::max<uint64_t>(1, sink.unit->domain.step));
    for (uint64_t row = rows.first; row < rows.last; row += per_tile) {
      if (context_.cancelled->load(std::memory_order_relaxed)) return cancelled_error();
      const uint64_t count = std::min(per_tile, rows.last - row);
      SQS_TRY((*context_.outputs)[sink.target]->deliver(machinery_.worker(0), sink.port, row, count));
    }
    return ok();
  }

  RunContext& context_;
  const Plan& plan_;
  Machinery machinery_;
  std::vector<NodeId> order_;
  std::vector<Step> steps_;
  size_t at_ = 0;       // the stage at hand
  bool begun_ = false;
  uint64_t row_ = 0;    // its next row
  int64_t tile_ = 0;
  uint64_t done_ = 0;
  uint64_t total_ = 0;
};

}  // namespace

std::unique_ptr<Executor> make_classic_executor(RunContext& context) { return std::make_unique<ClassicExecutor>(context); }

Error cancelled_error() { return Error{SQS_E_CANCELLED, "the run was cancelled; the pipeline can be used again"}; }

}  // namespace sqs
