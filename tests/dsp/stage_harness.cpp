#include "stage_harness.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>

#include "allocations.hpp"
#include "guard.hpp"
#include "lanes.hpp"

namespace sqs::dsp::test {
namespace {

constexpr std::byte kGuard{0xA5};

struct FreeAligned {
  void operator()(std::byte* memory) const { std::free(memory); }
};
using AlignedBytes = std::unique_ptr<std::byte, FreeAligned>;

AlignedBytes aligned_bytes(uint64_t bytes, int fill) {
  const uint64_t room = align_bytes(std::max<uint64_t>(bytes, 1));
  AlignedBytes memory(static_cast<std::byte*>(std::aligned_alloc(64, room)));
  std::memset(memory.get(), fill, room);
  return memory;
}

// An input laid out in memory, and the view of all its rows.
struct LaidOut {
  std::vector<std::byte> memory;
  sqs_view view{};
};

void set_shape(sqs_view& view, const std::vector<uint64_t>& shape) {
  view.struct_size = sizeof view;
  view.ndim = static_cast<int32_t>(shape.size());
  for (size_t i = 0; i < shape.size(); ++i) view.shape[i] = static_cast<int64_t>(shape[i]);
}

// Gaps between the elements of every axis; the gaps hold a pattern that is NaN as a float.
LaidOut scatter(const Array& array) {
  LaidOut out;
  const uint64_t element = sqs_dtype_bytes(array.dtype);
  set_shape(out.view, array.shape);
  out.view.dtype = array.dtype;
  uint64_t stride = element * 2;
  for (size_t axis = array.shape.size(); axis-- > 0;) {
    out.view.strides[axis] = static_cast<int64_t>(stride);
    stride = stride * array.shape[axis] + element * (axis + 1);
  }
  out.memory.assign(stride + element, std::byte{0xFF});
  for (uint64_t i = 0; i < array.count(); ++i) {
    uint64_t rest = i, offset = 0;
    for (size_t axis = array.shape.size(); axis-- > 0; rest /= array.shape[axis])
      offset += rest % array.shape[axis] * static_cast<uint64_t>(out.view.strides[axis]);
    std::memcpy(out.memory.data() + offset, array.bytes.data() + i * element, element);
  }
  return out;
}

LaidOut pack(const Array& array) {
  LaidOut out;
  out.memory = array.bytes;
  set_shape(out.view, array.shape);
  out.view.dtype = array.dtype;
  auto stride = static_cast<int64_t>(sqs_dtype_bytes(array.dtype));
  for (size_t axis = array.shape.size(); axis-- > 0;) {
    out.view.strides[axis] = stride;
    stride *= static_cast<int64_t>(array.shape[axis]);
  }
  return out;
}

LaidOut lay_out(const Input& input, Layout layout) {
  LaidOut out = layout == Layout::Packed ? pack(input.array) : scatter(input.array);
  if (input.window != 0) {
    sqs_view frames = out.view;
    out.view.ndim = frames.ndim + 1;
    out.view.shape[0] = static_cast<int64_t>(input.rows());
    out.view.strides[0] = frames.strides[0] * static_cast<int64_t>(input.hop);
    out.view.shape[1] = static_cast<int64_t>(input.window);
    out.view.strides[1] = frames.strides[0];
    for (int32_t axis = 1; axis < frames.ndim; ++axis) {
      out.view.shape[axis + 1] = frames.shape[axis];
      out.view.strides[axis + 1] = frames.strides[axis];
    }
  }
  if (input.is_reduce) out.view.strides[0] = 0;
  out.view.data = out.memory.data();
  return out;
}

// Rows [first, first + rows) of a view.
sqs_view tile(const sqs_view& whole, uint64_t first, uint64_t rows) {
  sqs_view view = whole;
  view.data = static_cast<std::byte*>(whole.data) + static_cast<int64_t>(first) * whole.strides[0];
  view.shape[0] = static_cast<int64_t>(rows);
  view.first_row = static_cast<int64_t>(first);
  return view;
}

// The row that stands at place `at` of rows 0 .. n - 1 extended by an edge rule, as numpy.pad has it (modes constant with 0, edge,
// reflect, and reflect with reflect_type odd).
template <class T>
T extended_element(const Array& rows, int64_t at, uint64_t element, int32_t edge) {
  const auto n = static_cast<int64_t>(rows.shape[0]);
  const uint64_t elements = rows.count() / rows.shape[0];
  const auto value = [&](int64_t row) { return rows.at<T>(static_cast<uint64_t>(row) * elements + element); };
  if (at >= 0 && at < n) return value(at);
  const int64_t end = at < 0 ? 0 : n - 1;
  switch (edge) {
    case SQS_ZERO: return T{0};
    case SQS_CLAMP: return value(end);
    case SQS_REFLECT:
      while (at < 0 || at >= n) at = n == 1 ? 0 : at < 0 ? -at : 2 * (n - 1) - at;
      return value(at);
    default: {
      const int64_t mirrored = 2 * end - at;
      if (mirrored < 0 || mirrored >= n) throw std::runtime_error("too few rows for the odd edge");
      return static_cast<T>(T{2} * value(end) - value(mirrored));
    }
  }
}

Input extended(const Input& input, const Recipe& recipe) {
  if (recipe.lead + recipe.tail == 0 || input.rows() == 0) return input;
  Input out;
  std::vector<uint64_t> shape = input.array.shape;
  const uint64_t elements = input.array.count() / shape[0];
  shape[0] += recipe.lead + recipe.tail;
  out.array = Array(input.array.dtype, shape);
  visit_real(input.array.dtype, [&](auto chosen) {
    using T = typename decltype(chosen)::type;
    for (uint64_t i = 0; i < out.array.count(); ++i)
      out.array.set<T>(i, extended_element<T>(input.array, static_cast<int64_t>(i / elements) - static_cast<int64_t>(recipe.lead),
                                              i % elements, recipe.extend_edge));
  });
  return out;
}

// One run of a stage: the memory it works on, and its callbacks.
class Execution {
 public:
  Execution(const Recipe& recipe, const sqs_stage& stage, const std::vector<Input>& inputs, const Setting& setting)
      : recipe_(recipe), stage_(stage), setting_(setting), views_(inputs.size()) {
    for (const Input& input : inputs) inputs_.push_back(lay_out(extended(input, recipe), setting.layout));
    element_bytes_ = sqs_dtype_bytes(recipe.dtype);
    row_bytes_ = element_bytes_;
    for (const uint64_t extent : recipe.shape) row_bytes_ *= extent;
    // Rows with room between them, which must stay as it is.
    pitch_ = row_bytes_ + (setting.layout == Layout::Scattered ? 3 * element_bytes_ : 0);
    rows_ = inputs[0].rows();
    if (rows_ > 0) rows_ += recipe.lead + recipe.tail;
    output_.assign(pitch_ * out_rows() + 64, kGuard);
    state_ = aligned_bytes(recipe.state_bytes, 0);
    scratch_ = aligned_bytes(recipe.scratch_bytes, 0xFF);
  }

  // All rows, in tiles of as many as the grouping says.
  void run_all() {
    init();
    uint64_t done = 0;
    for (size_t turn = 0; done < rows_; ++turn) {
      const uint64_t count = std::min(rows_ - done, setting_.grouping[turn % setting_.grouping.size()]);
      process(backward() ? rows_ - done - count : done, count);
      done += count;
    }
    finish();
  }
  void init() {
    if (stage_.init == nullptr || rows_ == 0) return;
    sqs_call call = prepare(backward() ? rows_ - 1 : 0, 1);
    run(1, [&] { return stage_.init(kernel(), &call); });
  }
  void process(uint64_t first, uint64_t count) {
    move_state();
    sqs_call call = prepare(first, count);
    if (!reduces()) give_output(call, first, count);
    run(static_cast<int64_t>(count), [&] { return stage_.process(kernel(), &call); });
  }
  void finish() {
    if (stage_.finish == nullptr) return;
    sqs_call call = prepare(0, 0);
    give_output(call, 0, 1);
    run(1, [&] { return stage_.finish(kernel(), &call); });
  }

  uint64_t allocations_inside() const { return allocations_inside_; }

  Array output() const {
    std::vector<uint64_t> shape = recipe_.shape;
    if (!reduces()) shape.insert(shape.begin(), rows_);
    Array out(recipe_.dtype, shape);
    for (uint64_t row = 0; row < out_rows(); ++row)
      std::memcpy(out.bytes.data() + row * row_bytes_, output_.data() + row * pitch_, row_bytes_);
    for (uint64_t at = 0; at < output_.size(); ++at) {
      const bool in_a_row = at < pitch_ * out_rows() && at % pitch_ < row_bytes_;
      if (!in_a_row && output_[at] != kGuard) ADD_FAILURE() << "written outside the rows, at byte " << at;
    }
    return out;
  }

 private:
  bool reduces() const { return recipe_.kind == SQS_REDUCE; }
  bool backward() const { return stage_.direction == SQS_BACKWARD; }

  // A state without save and restore is its bytes, wherever they lie.
  void move_state() {
    AlignedBytes elsewhere = aligned_bytes(recipe_.state_bytes, 0);
    std::memcpy(elsewhere.get(), state_.get(), recipe_.state_bytes);
    std::memset(state_.get(), 0xFF, recipe_.state_bytes);
    state_ = std::move(elsewhere);
  }

  uint64_t out_rows() const { return reduces() ? 1 : rows_; }
  void* kernel() const { return const_cast<Kernel*>(recipe_.kernel.get()); }

  sqs_call prepare(uint64_t first, uint64_t count) {
    std::memset(scratch_.get(), 0xFF, align_bytes(recipe_.scratch_bytes));
    for (size_t i = 0; i < inputs_.size(); ++i) {
      views_[i] = tile(inputs_[i].view, first, count);
      views_[i].first_row -= static_cast<int64_t>(recipe_.lead);
    }
    sqs_call call{};
    call.struct_size = sizeof call;
    call.input_count = static_cast<uint32_t>(views_.size());
    call.inputs = views_.data();
    call.first_row = first;
    call.rows = count;
    call.state = recipe_.state_bytes != 0 ? state_.get() : nullptr;
    call.scratch = recipe_.scratch_bytes != 0 ? scratch_.get() : nullptr;
    call.sample_rate = setting_.sample_rate;
    call.frames_per_row = 1;
    call.message = message_;
    return call;
  }

  void give_output(sqs_call& call, uint64_t first, uint64_t count) {
    std::vector<uint64_t> shape = recipe_.shape;
    shape.insert(shape.begin(), count);
    set_shape(call.output, shape);
    call.output.dtype = recipe_.dtype;
    auto stride = static_cast<int64_t>(element_bytes_);
    for (size_t axis = shape.size(); axis-- > 1; stride *= static_cast<int64_t>(shape[axis])) call.output.strides[axis] = stride;
    call.output.strides[0] = static_cast<int64_t>(pitch_);
    call.output.data = output_.data() + first * pitch_;
  }

  template <class Callback>
  void run(int64_t success, Callback callback) {
    const uint64_t before = allocations_made();
    const int64_t got = callback();
    allocations_inside_ += allocations_made() - before;
    if (got != success) throw std::runtime_error(message_);
  }

  const Recipe& recipe_;
  const sqs_stage& stage_;
  const Setting& setting_;
  std::vector<LaidOut> inputs_;
  std::vector<sqs_view> views_;
  std::vector<std::byte> output_;
  AlignedBytes state_, scratch_;
  uint64_t element_bytes_ = 0, row_bytes_ = 0, pitch_ = 0, rows_ = 0, allocations_inside_ = 0;
  char message_[SQS_MESSAGE_BYTES] = {};
};

}  // namespace

Input Input::windows(const Array& frames, uint64_t window, uint64_t hop) {
  Input input;
  input.array = frames;
  input.window = window;
  input.hop = hop;
  return input;
}

uint64_t Input::rows() const {
  const uint64_t n = array.shape[0];
  if (window == 0) return n;
  return n < window ? 0 : 1 + (n - window) / hop;
}

std::vector<uint64_t> Input::row_shape() const {
  std::vector<uint64_t> shape(array.shape.begin() + 1, array.shape.end());
  if (window != 0) shape.insert(shape.begin(), window);
  return shape;
}

Input Input::materialised() const {
  std::vector<uint64_t> shape = row_shape();
  shape.insert(shape.begin(), rows());
  Input input;
  input.hop = hop;
  input.array = Array(array.dtype, shape);
  const uint64_t frame = array.bytes.size() / array.shape[0];
  for (uint64_t row = 0; row < rows(); ++row)
    std::memcpy(input.array.bytes.data() + row * window * frame, array.bytes.data() + row * hop * frame, window * frame);
  return input;
}

StageUnderTest::StageUnderTest(const char* type, const std::string& params, std::vector<Input> inputs)
    : inputs_(std::move(inputs)), type_(*find_type(type)) {
  std::vector<Operand> operands;
  for (const Input& input : inputs_)
    operands.push_back({"an input", input.array.dtype, input.row_shape(), input.before, input.has_context, input.hop});
  recipe_ = type_.build(parse_params(type, type_.params, params.c_str()), operands);
}

uint64_t StageUnderTest::rows() const { return inputs_[0].rows(); }

Array StageUnderTest::run(const Setting& setting) const {
  const auto run_one = [&](const Recipe& recipe, const std::vector<Input>& inputs) {
    const sqs_stage stage = declare(type_, recipe);
    Execution execution(recipe, stage, inputs, setting);
    execution.run_all();
    EXPECT_EQ(execution.allocations_inside(), 0u) << "a callback allocated";
    return execution.output();
  };
  std::vector<Input> inputs = inputs_;
  uint64_t lead = 0;
  for (const Recipe& helper : recipe_.helpers) {
    Input read;
    read.array = run_one(helper, inputs);
    inputs.clear();
    inputs.push_back(std::move(read));
    lead += helper.lead;
  }
  if (recipe_.also_reads_input) inputs.insert(inputs.end(), inputs_.begin(), inputs_.end());
  Array out = run_one(recipe_, inputs);
  return recipe_.crops_to_input && rows() > 0 ? out.rows(lead, rows()) : out;
}

namespace {

std::vector<Input> plain_inputs(const std::vector<Array>& arrays) {
  std::vector<Input> inputs(arrays.size());
  for (size_t i = 0; i < arrays.size(); ++i) inputs[i].array = arrays[i];
  return inputs;
}

}  // namespace

Array run_stage(const char* type, const std::string& params, const Array& input, const Setting& setting) {
  return run_stage(type, params, std::vector{input}, setting);
}

Array run_stage(const char* type, const std::string& params, const std::vector<Array>& inputs, const Setting& setting) {
  return StageUnderTest(type, params, plain_inputs(inputs)).run(setting);
}

std::string failure(const char* type, const std::string& params, const std::vector<Array>& inputs, const Setting& setting) {
  try {
    run_stage(type, params, inputs, setting);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

std::string refusal(const char* type, const std::string& params, const std::vector<Array>& arrays) {
  try {
    const StageUnderTest stage(type, params, plain_inputs(arrays));
  } catch (const Failure& failure) {
    return failure.message;
  }
  return "";
}

}  // namespace sqs::dsp::test
