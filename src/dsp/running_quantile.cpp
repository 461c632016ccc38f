// running_quantile: the values of `quantile`, by keeping from row to row what overlapping windows share. Two forms of state,
// by the size of the hop, per lane:
//
//   blocks (hop > 64)     a ring of window/hop sorted blocks of one hop each; a row sorts the hop of frames that is new and
//                         selects across the blocks. What is left over if the window is no multiple of the hop is sorted anew.
//   window (hop <= 64)    the window in order of time and the same in sorted order; a row replaces hop entries one by one.
//
// Measured at window 32768, hop 4096: see tests/dsp/README.md.
#include <algorithm>
#include <bit>
#include <cmath>

#include "lanes.hpp"
#include "quantile_rank.hpp"
#include "sort_keys.hpp"
#include "sorted_runs.hpp"
#include "types.hpp"

namespace sqs::dsp {
namespace {

constexpr uint64_t kReplaceUpToHop = 64;

constexpr ParamSpec kParams[] = {
    SQS_DSP_QUANTILE_PARAM,
    {"hop", ParamType::Int, "rows", "0", "0..2^40",
     "entries by which a window lies after the one before; 0: as the input's windows are cut"},
};

// What a lane's state begins with.
struct LaneState {
  uint64_t rows_seen;
  uint64_t oldest;  // block or entry that leaves next
};
constexpr uint64_t kHeaderBytes = 64;
static_assert(sizeof(LaneState) <= kHeaderBytes);

// A lane's window at one row.
struct WindowLane {
  const std::byte* from;
  int64_t stride;
  const std::byte* at(uint64_t entry) const { return from + static_cast<int64_t>(entry) * stride; }
};

template <class T>
class BlockRing {
 public:
  using Key = KeyOf<T>;
  BlockRing(uint64_t window, uint64_t hop) : window_(window), hop_(hop), blocks_(window / hop), rest_(window % hop) {}

  uint64_t state_bytes() const { return kHeaderBytes + align_bytes(checked_bytes(blocks_ * hop_, sizeof(Key))); }
  uint64_t scratch_bytes() const {
    return scratch_buffer_bytes(checked_bytes(std::min(hop_, window_), sizeof(Key))) +
           scratch_buffer_bytes(rest_ * sizeof(Key)) +
           2 * scratch_buffer_bytes(checked_bytes(blocks_ + 1, sizeof(SortedRun<Key>)));
  }

  // Takes a row's window in; then rank() answers for it, as long as scratch is left alone.
  class Row {
   public:
    Row(const BlockRing& ring, std::byte* state, void* scratch, const WindowLane& window) : ring_(ring) {
      ScratchCutter cutter(scratch);
      Key* spare = cutter.take<Key>(std::min(ring.hop_, ring.window_));
      Key* rest = cutter.take<Key>(ring.rest_);
      runs_ = cutter.take<SortedRun<Key>>(ring.blocks_ + 1);
      narrowed_ = cutter.take<SortedRun<Key>>(ring.blocks_ + 1);
      Key* blocks = reinterpret_cast<Key*>(state + kHeaderBytes);
      take_blocks(*reinterpret_cast<LaneState*>(state), blocks, spare, window);
      for (uint64_t i = 0; i < ring.blocks_; ++i) runs_[i] = {blocks + i * ring.hop_, blocks + (i + 1) * ring.hop_, nullptr};
      sort_block(rest, window, ring.blocks_ * ring.hop_, ring.rest_, spare);
      runs_[ring.blocks_] = {rest, rest + ring.rest_, nullptr};
    }

    Key at_rank(uint64_t rank) {
      std::copy(runs_, runs_ + ring_.blocks_ + 1, narrowed_);
      return select_from_runs(narrowed_, ring_.blocks_ + 1, rank);
    }

   private:
    void take_blocks(LaneState& lane, Key* blocks, Key* spare, const WindowLane& window) {
      const uint64_t hop = ring_.hop_, count = ring_.blocks_;
      if (count == 0) return;
      if (lane.rows_seen++ == 0) {
        for (uint64_t i = 0; i < count; ++i) sort_block(blocks + i * hop, window, i * hop, hop, spare);
        return;
      }
      sort_block(blocks + lane.oldest * hop, window, (count - 1) * hop, hop, spare);
      lane.oldest = (lane.oldest + 1) % count;
    }

    static void sort_block(Key* keys, const WindowLane& window, uint64_t first, uint64_t count, Key* spare) {
      load_keys<T>(window.at(first), window.stride, count, keys);
      sort_keys(keys, count, spare);
    }

    const BlockRing& ring_;
    SortedRun<Key>* runs_;
    SortedRun<Key>* narrowed_;
  };

 private:
  uint64_t window_, hop_, blocks_, rest_;
};

template <class T>
class SortedWindow {
 public:
  using Key = KeyOf<T>;
  SortedWindow(uint64_t window, uint64_t hop) : window_(window), hop_(hop) {}

  uint64_t state_bytes() const { return kHeaderBytes + 2 * scratch_buffer_bytes(checked_bytes(window_, sizeof(Key))); }
  uint64_t scratch_bytes() const { return checked_bytes(window_, sizeof(Key)); }

  class Row {
   public:
    Row(const SortedWindow& shape, std::byte* state, void* scratch, const WindowLane& window) : shape_(shape) {
      LaneState& lane = *reinterpret_cast<LaneState*>(state);
      ScratchCutter cutter(state + kHeaderBytes);
      Key* in_time = cutter.take<Key>(shape.window_);
      sorted_ = cutter.take<Key>(shape.window_);
      if (lane.rows_seen++ == 0) fill(in_time, static_cast<Key*>(scratch), window);
      else advance(lane, in_time, window);
    }

    Key at_rank(uint64_t rank) { return sorted_[rank]; }

   private:
    void fill(Key* in_time, Key* spare, const WindowLane& window) {
      load_keys<T>(window.from, window.stride, shape_.window_, in_time);
      std::copy(in_time, in_time + shape_.window_, sorted_);
      sort_keys(sorted_, shape_.window_, spare);
    }

    void advance(LaneState& lane, Key* in_time, const WindowLane& window) {
      for (uint64_t i = 0; i < shape_.hop_; ++i) {
        const Key entering = to_key(load_element<T>(window.at(shape_.window_ - shape_.hop_ + i)));
        replace(in_time[lane.oldest], entering);
        in_time[lane.oldest] = entering;
        lane.oldest = (lane.oldest + 1) % shape_.window_;
      }
    }

    // Moves what lies between the places of the two by one entry.
    void replace(Key leaving, Key entering) {
      Key* end = sorted_ + shape_.window_;
      Key* old_place = std::lower_bound(sorted_, end, leaving);
      if (entering > leaving) {
        Key* place = std::lower_bound(old_place + 1, end, entering);
        std::copy(old_place + 1, place, old_place);
        place[-1] = entering;
      } else {
        Key* place = std::lower_bound(sorted_, old_place, entering);
        std::copy_backward(place, old_place, old_place + 1);
        *place = entering;
      }
    }

    const SortedWindow& shape_;
    Key* sorted_;
  };

 private:
  uint64_t window_, hop_;
};

template <class T, class Shape>
class RunningQuantile final : public Kernel {
 public:
  RunningQuantile(const Params& params, const Operand& input, uint64_t hop)
      : window_(input.shape.front()), hop_(hop), lanes_(product(input.shape, 1)), shape_(window_, hop) {
    for (const double p : params.list("p")) ranks_.push_back(nearest_rank(p, window_));
  }

  uint64_t state_bytes() const { return checked_bytes(lanes_, shape_.state_bytes()); }
  uint64_t scratch_bytes() const { return shape_.scratch_bytes(); }

  void process(sqs_call& call) const override {
    const sqs_view& input = call.inputs[0];
    check_hop(input);
    for (uint64_t row = 0; row < call.rows; ++row) {
      std::byte* to = output_row_at(call.output, row);
      for (uint64_t lane = 0; lane < lanes_; ++lane) {
        const WindowLane window{row_at(input, row) + lane_offset(input, lane), input.strides[1]};
        auto* state = static_cast<std::byte*>(call.state) + lane * shape_.state_bytes();
        typename Shape::Row taken(shape_, state, call.scratch, window);
        for (size_t i = 0; i < ranks_.size(); ++i)
          store_element(to + (i * lanes_ + lane) * sizeof(T), from_key<T>(taken.at_rank(ranks_[i])));
      }
    }
  }

 private:
  // Windows that share memory show their hop; a wrong one would give wrong values, silently.
  void check_hop(const sqs_view& input) const {
    const int64_t between = input.strides[0], entry = input.strides[1];
    const bool overlap = entry > 0 && between > 0 && between < entry * static_cast<int64_t>(window_);
    if (overlap && between != entry * static_cast<int64_t>(hop_))
      fail(SQS_E_STAGE, text("running_quantile: the windows lie ", static_cast<double>(between) / static_cast<double>(entry),
                             " entries apart, but hop is ", hop_));
  }

  uint64_t window_, hop_, lanes_;
  Shape shape_;
  std::vector<uint64_t> ranks_;
};

template <class T, class Shape>
void put_kernel(const Params& params, const Operand& input, uint64_t hop, Recipe& recipe) {
  auto kernel = std::make_unique<const RunningQuantile<T, Shape>>(params, input, hop);
  recipe.state_bytes = kernel->state_bytes();
  recipe.scratch_bytes = kernel->scratch_bytes();
  recipe.kernel = std::move(kernel);
}

Recipe build(const Params& params, std::span<const Operand> inputs) {
  const Operand& input = inputs[0];
  require_axis("running_quantile", input);
  require_real("running_quantile", input);
  const uint64_t window = input.shape.front();
  const uint64_t hop = params.integer("hop") != 0 ? params.integer("hop") : input.hop;
  if (hop == 0)
    fail(SQS_E_GRAPH, text("running_quantile: rows of \"", input.stage,
                           "\" are not windows, so it does not know how they overlap: give hop, or read with before or after"));
  Recipe recipe;
  recipe.kind = SQS_SCAN;
  recipe.threading = SQS_ANY_THREAD;
  recipe.dtype = input.dtype;
  recipe.shape = with_axis(params.list("p").size(), input);
  const double fresh = static_cast<double>(std::min(hop, window));
  const bool replaces = hop <= kReplaceUpToHop && hop < window;
  recipe.cost_ns_per_row = static_cast<double>(product(input.shape, 1)) *
                           (replaces ? fresh * (40 + 0.03 * static_cast<double>(window)) : fresh * 6 + 2000);
  visit_real(input.dtype, [&](auto chosen) {
    using T = typename decltype(chosen)::type;
    if (replaces) put_kernel<T, SortedWindow<T>>(params, input, hop, recipe);
    else put_kernel<T, BlockRing<T>>(params, input, hop, recipe);
  });
  return recipe;
}

}  // namespace

const TypeSpec kRunningQuantile = {
    "running_quantile", SQS_SCAN,
    "The values of `quantile`, for windows that overlap: what they share stays sorted from row to row, so a row costs what its "
    "new hop costs. Rows of the input must be windows `hop` entries apart, as those of \"input\" are. Shapes, dtypes, NaN: as "
    "`quantile`. The state is one to two windows of keys per channel.",
    kParams, 1, build};

}  // namespace sqs::dsp
