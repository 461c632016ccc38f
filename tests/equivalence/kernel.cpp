#include "kernel.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace eq {
namespace {

bool aligned(const void* pointer, uintptr_t to) { return reinterpret_cast<uintptr_t>(pointer) % to == 0; }

// Visits the elements of one row of a view in C order.
template <class Visit>
void for_each_element(const sqs_view& view, int32_t axis, const uint8_t* at, const Visit& visit) {
  if (axis == view.ndim) return visit(at);
  for (int64_t i = 0; i < view.shape[axis]; ++i) for_each_element(view, axis + 1, at + i * view.strides[axis], visit);
}

uint64_t last_byte(const sqs_view& view) {
  uint64_t reach = sqs_dtype_bytes(view.dtype);
  for (int32_t axis = 0; axis < view.ndim; ++axis) {
    reach += static_cast<uint64_t>((view.shape[axis] - 1) * view.strides[axis]);
  }
  return reach;
}

}  // namespace

// What every state starts with; in a plain state the slots follow.
struct Kernel::StateHead {
  uint64_t hash;
  uint64_t rows_taken;  // the next one is nth_row(rows_taken)
};

// What a state of the saved form points to.
struct Kernel::SavedState {
  StateHead head{};
  std::vector<uint64_t> slots;
};

Kernel::Kernel(const StageSpec& spec, const Geometry& geometry, std::vector<KernelInput> inputs, double sample_rate,
               Findings& findings)
    : spec_(spec),
      geometry_(geometry),
      inputs_(std::move(inputs)),
      sample_rate_(sample_rate),
      findings_(findings),
      rules_("stage " + spec.name, spec.threading, findings),
      seen_(geometry.computed_rows) {}

sqs_stage Kernel::declaration() const {
  sqs_stage stage;
  sqs_stage_init(&stage, sizeof stage);
  stage.kind = spec_.kind;
  stage.direction = spec_.direction;
  stage.threading = spec_.threading;
  stage.purity = spec_.purity;
  stage.dtype = spec_.dtype;
  stage.ndim = static_cast<int32_t>(spec_.shape.size());
  std::copy(spec_.shape.begin(), spec_.shape.end(), stage.shape);
  stage.extend_edge = spec_.extend_edge;
  stage.lead = spec_.lead;
  stage.tail = spec_.tail;
  stage.crop = spec_.crop.empty() ? nullptr : spec_.crop.c_str();
  stage.scratch_bytes = spec_.scratch_bytes;
  stage.cost_ns_per_row = spec_.cost_ns_per_row;
  stage.process = process;
  if (spec_.kind == SQS_MAP) return stage;
  stage.state_bytes = state_bytes();
  if (spec_.has_init) stage.init = init;
  if (spec_.kind == SQS_REDUCE) stage.finish = finish;
  if (spec_.state == StateForm::Saved) {
    stage.fini = fini;
    stage.save = save;
    stage.restore = restore;
    stage.saved_bytes = sizeof(StateHead) + spec_.state_extra_bytes;
  }
  return stage;
}

void Kernel::destroy(void* user) { static_cast<Kernel*>(user)->destroy_count_.fetch_add(1); }

void Kernel::begin_run() {
  rules_.begin_run();
  rows_ = 0;
  calls_ = 0;
  for (std::atomic<uint32_t>& count : seen_) count = 0;
}

uint64_t Kernel::most_often_seen() const {
  uint64_t most = 0;
  for (const std::atomic<uint32_t>& count : seen_) most = std::max<uint64_t>(most, count);
  return most;
}

uint64_t Kernel::distinct_rows_seen() const {
  return static_cast<uint64_t>(std::count_if(seen_.begin(), seen_.end(), [](const auto& count) { return count > 0; }));
}

void Kernel::expect(bool holds, const char* what, int64_t got, int64_t wanted) {
  if (holds) return;
  findings_.add("stage " + spec_.name + ": " + what + ": got " + std::to_string(got) + ", wanted " + std::to_string(wanted));
}

// ---- what a call must look like

void Kernel::check_call(const sqs_call& call, uint64_t rows, bool writes) {
  expect(call.struct_size == sizeof(sqs_call), "call size", call.struct_size, sizeof(sqs_call));
  expect(call.input_count == inputs_.size(), "inputs", call.input_count, static_cast<int64_t>(inputs_.size()));
  expect(call.rows == rows && rows >= 1, "rows", static_cast<int64_t>(call.rows), static_cast<int64_t>(rows));
  expect(call.first_row + rows <= geometry_.computed_rows, "last row", static_cast<int64_t>(call.first_row + rows),
         static_cast<int64_t>(geometry_.computed_rows));
  expect(call.frames_per_row == geometry_.computed_step, "frames per row", static_cast<int64_t>(call.frames_per_row),
         static_cast<int64_t>(geometry_.computed_step));
  const int64_t frame = geometry_.computed_origin + static_cast<int64_t>(call.first_row * geometry_.computed_step);
  expect(call.first_frame == frame, "first frame", call.first_frame, frame);
  expect(!(call.sample_rate < sample_rate_) && !(call.sample_rate > sample_rate_), "sample rate", 0, 0);
  expect((call.state != nullptr) == (spec_.kind != SQS_MAP), "state given", call.state != nullptr, spec_.kind != SQS_MAP);
  expect(aligned(call.state, 64), "state alignment", 0, 64);
  expect((call.scratch != nullptr) == (spec_.scratch_bytes > 0), "scratch given", call.scratch != nullptr,
         spec_.scratch_bytes > 0);
  expect(aligned(call.scratch, 64), "scratch alignment", 0, 64);
  expect(call.message != nullptr, "message buffer", 0, 1);
  for (uint32_t i = 0; i < call.input_count && i < inputs_.size(); ++i) check_input(call, i, rows);
  if (writes) {
    check_output(call.output, rows);
  } else {
    expect(call.output.data == nullptr, "output data in init or of a reduce", 1, 0);
  }
}

void Kernel::check_input(const sqs_call& call, uint32_t index, uint64_t rows) {
  const sqs_view& view = call.inputs[index];
  const KernelInput& input = inputs_[index];
  std::vector<int64_t> shape = {static_cast<int64_t>(rows)};
  if (input.access.before + input.access.after > 0) shape.push_back(static_cast<int64_t>(input.access.context()));
  shape.insert(shape.end(), input.shape.begin(), input.shape.end());
  expect(view.struct_size == sizeof(sqs_view), "view size", view.struct_size, sizeof(sqs_view));
  expect(view.dtype == input.dtype, "view dtype", view.dtype, input.dtype);
  expect(view.ndim == static_cast<int32_t>(shape.size()), "view dimensions", view.ndim, static_cast<int64_t>(shape.size()));
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    expect(view.shape[axis] == shape[axis], "view shape", view.shape[axis], shape[axis]);
    expect(view.strides[axis] >= 0, "view stride", view.strides[axis], 0);
  }
  if (input.geometry.constant) {
    expect(rows == 1 || view.strides[0] == 0, "row stride of a constant", view.strides[0], 0);
    expect(view.first_row == 0, "first row of a constant", view.first_row, 0);
  } else {
    const int64_t first = centre(input.access, call.first_row) - static_cast<int64_t>(spec_.lead);
    expect(view.first_row == first, "first row of an input", view.first_row, first);
  }
  expect(view.data != nullptr, "input data", 0, 1);
  expect(last_byte(view) <= view.base_rows * view.base_row_bytes, "bytes beyond the base rows",
         static_cast<int64_t>(last_byte(view)), static_cast<int64_t>(view.base_rows * view.base_row_bytes));
}

void Kernel::check_output(const sqs_view& output, uint64_t rows) {
  expect(output.dtype == spec_.dtype, "output dtype", output.dtype, spec_.dtype);
  expect(output.ndim == static_cast<int32_t>(1 + spec_.shape.size()), "output dimensions", output.ndim,
         static_cast<int64_t>(1 + spec_.shape.size()));
  expect(output.shape[0] == static_cast<int64_t>(rows), "output rows", output.shape[0], static_cast<int64_t>(rows));
  auto stride = static_cast<int64_t>(sqs_dtype_bytes(spec_.dtype));
  for (size_t axis = spec_.shape.size(); axis > 0; --axis) {
    const int64_t extent = spec_.shape[axis - 1];
    expect(output.shape[axis] == extent, "output shape", output.shape[axis], extent);
    expect(extent == 1 || output.strides[axis] == stride, "output stride", output.strides[axis], stride);
    stride *= extent;
  }
  expect(rows == 1 || output.strides[0] >= stride, "output row stride", output.strides[0], stride);
  expect(output.data != nullptr && aligned(output.data, sqs_dtype_bytes(spec_.dtype) > 8 ? 8 : sqs_dtype_bytes(spec_.dtype)),
         "output alignment", 0, 0);
}

// ---- rows

uint64_t Kernel::row_hash(const sqs_call& call, uint64_t row) const {
  Mixer mixer(spec_.seed);
  mixer.absorb(call.first_row + row);
  for (uint32_t i = 0; i < call.input_count; ++i) {
    const sqs_view& view = call.inputs[i];
    const uint64_t bytes = sqs_dtype_bytes(view.dtype);
    const auto* at = static_cast<const uint8_t*>(view.data) + static_cast<int64_t>(row) * view.strides[0];
    for_each_element(view, 1, at, [&](const uint8_t* element) { mixer.absorb_element(element, bytes); });
  }
  return mixer.value();
}

void Kernel::write_row(const sqs_call& call, uint64_t row, uint64_t hash) const {
  const uint64_t elements = element_count(spec_.shape);
  const uint64_t bytes = elements * sqs_dtype_bytes(spec_.dtype);
  auto* out = static_cast<uint8_t*>(call.output.data) + static_cast<int64_t>(row) * call.output.strides[0];
  // By way of scratch if it is large enough, so that scratch shared by two threads would show.
  void* staging = spec_.scratch_bytes >= bytes ? call.scratch : out;
  write_elements(spec_.dtype, elements, hash, spec_.specials, staging);
  if (staging != out) std::memcpy(out, staging, bytes);
}

uint64_t Kernel::nth_row(uint64_t n) const { return spec_.backward() ? geometry_.computed_rows - 1 - n : n; }

// Whether the state stands where the call begins; moves it to where the call ends.
bool Kernel::take_in(const sqs_call& call) {
  StateHead* start = head(call.state);
  expect(start != nullptr, "state initialised or restored before process", 0, 1);
  if (start == nullptr) return false;
  const uint64_t begins = spec_.backward() ? call.first_row + call.rows - 1 : call.first_row;
  expect(begins == nth_row(start->rows_taken), "next row of a state", static_cast<int64_t>(begins),
         static_cast<int64_t>(nth_row(start->rows_taken)));
  start->rows_taken += call.rows;
  return true;
}

int64_t Kernel::process(void* user, sqs_call* call) {
  Kernel& kernel = *static_cast<Kernel*>(user);
  const CallRules::Guard guard(kernel.rules_);
  kernel.check_call(*call, call->rows, kernel.spec_.kind != SQS_REDUCE);
  const bool carries = kernel.spec_.carries();
  if (carries && !kernel.take_in(*call)) return 0;
  for (uint64_t i = 0; i < call->rows; ++i) {
    const uint64_t row = kernel.spec_.backward() ? call->rows - 1 - i : i;
    const uint64_t t = call->first_row + row;
    uint64_t hash = kernel.row_hash(*call, row);
    if (carries) {
      Carry carry = kernel.carry(call->state);
      hash = carry_row(carry, t, hash);
      kernel.head(call->state)->hash = carry.hash;
    }
    if (kernel.spec_.kind != SQS_REDUCE) kernel.write_row(*call, row, hash);
    if (t < kernel.seen_.size()) kernel.seen_[t].fetch_add(1, std::memory_order_relaxed);
  }
  kernel.rows_ += call->rows;
  kernel.calls_ += 1;
  return static_cast<int64_t>(call->rows);
}

// ---- states

uint64_t Kernel::state_bytes() const {
  return spec_.state == StateForm::Saved ? sizeof(SavedState*) : sizeof(StateHead) + spec_.state_extra_bytes;
}

// Null if the state was never initialised.
Kernel::StateHead* Kernel::head(void* state) const {
  if (spec_.state == StateForm::Plain) return static_cast<StateHead*>(state);
  SavedState* saved = *static_cast<SavedState**>(state);
  return saved == nullptr ? nullptr : &saved->head;
}

Carry Kernel::carry(void* state) const {
  const StateHead* start = head(state);
  if (start == nullptr) return {};
  if (spec_.state == StateForm::Saved) {
    std::vector<uint64_t>& slots = (*static_cast<SavedState**>(state))->slots;
    return {start->hash, slots.data(), slots.size()};
  }
  auto* slots = reinterpret_cast<uint64_t*>(static_cast<uint8_t*>(state) + sizeof(StateHead));
  return {start->hash, slots, spec_.state_extra_bytes / 8};
}

int32_t Kernel::init(void* user, sqs_call* call) {
  Kernel& kernel = *static_cast<Kernel*>(user);
  const CallRules::Guard guard(kernel.rules_);
  kernel.check_call(*call, 1, false);
  const uint64_t begins = kernel.nth_row(0);
  kernel.expect(call->first_row == begins, "first row in init", static_cast<int64_t>(call->first_row),
                static_cast<int64_t>(begins));
  const auto* bytes = static_cast<const uint8_t*>(call->state);
  const bool zero = std::all_of(bytes, bytes + kernel.state_bytes(), [](uint8_t byte) { return byte == 0; });
  kernel.expect(zero, "state zero-filled before init", zero, 1);
  if (kernel.spec_.state == StateForm::Saved) {
    auto* saved = new SavedState;
    saved->slots.resize(kernel.spec_.state_extra_bytes / 8);
    *static_cast<SavedState**>(call->state) = saved;
    kernel.live_states_ += 1;
  }
  Carry carry = kernel.carry(call->state);
  carry_first(carry, kernel.spec_.seed, kernel.row_hash(*call, 0));
  kernel.head(call->state)->hash = carry.hash;
  return 1;
}

int32_t Kernel::finish(void* user, sqs_call* call) {
  Kernel& kernel = *static_cast<Kernel*>(user);
  const CallRules::Guard guard(kernel.rules_);
  kernel.expect(call->rows == 0, "rows in finish", static_cast<int64_t>(call->rows), 0);
  const StateHead* end = kernel.head(call->state);
  const uint64_t taken = end == nullptr ? 0 : end->rows_taken;
  kernel.expect(taken == kernel.geometry_.computed_rows, "rows taken in before finish", static_cast<int64_t>(taken),
                static_cast<int64_t>(kernel.geometry_.computed_rows));
  kernel.check_output(call->output, 1);
  kernel.write_row(*call, 0, carry_end(kernel.carry(call->state), kernel.spec_.seed));
  return 1;
}

void Kernel::fini(void* user, void* state) {
  Kernel& kernel = *static_cast<Kernel*>(user);
  SavedState*& saved = *static_cast<SavedState**>(state);
  if (saved == nullptr) return;
  delete saved;
  saved = nullptr;
  kernel.live_states_ -= 1;
}

// Writes only the slots in use, in the order in which they came into use, so that the length differs from save to save.
int32_t Kernel::save(void* user, const void* state, void* bytes, uint64_t capacity, uint64_t* used) {
  Kernel& kernel = *static_cast<Kernel*>(user);
  const SavedState& saved = **static_cast<SavedState* const*>(state);
  const uint64_t slots = std::min<uint64_t>(saved.slots.size(), saved.head.rows_taken);
  *used = sizeof(StateHead) + slots * sizeof(uint64_t);
  kernel.expect(capacity == sizeof(StateHead) + kernel.spec_.state_extra_bytes, "capacity in save",
                static_cast<int64_t>(capacity), static_cast<int64_t>(*used));
  if (*used > capacity) return 0;
  std::memcpy(bytes, &saved.head, sizeof saved.head);
  for (uint64_t n = 0; n < slots; ++n) {
    const uint64_t slot = saved.slots[kernel.nth_row(n) % saved.slots.size()];
    std::memcpy(static_cast<uint8_t*>(bytes) + sizeof saved.head + n * sizeof slot, &slot, sizeof slot);
  }
  return 1;
}

int32_t Kernel::restore(void* user, void* state, const void* bytes, uint64_t used) {
  Kernel& kernel = *static_cast<Kernel*>(user);
  SavedState*& target = *static_cast<SavedState**>(state);
  kernel.expect(target == nullptr, "state zero-filled before restore", 1, 0);
  kernel.expect(used >= sizeof(StateHead), "bytes in restore", static_cast<int64_t>(used), sizeof(StateHead));
  if (used < sizeof(StateHead)) return 0;
  auto* saved = new SavedState;
  saved->slots.resize(kernel.spec_.state_extra_bytes / 8);
  std::memcpy(&saved->head, bytes, sizeof saved->head);
  const uint64_t slots = (used - sizeof saved->head) / sizeof(uint64_t);
  kernel.expect(slots == std::min<uint64_t>(saved->slots.size(), saved->head.rows_taken), "slots in restore",
                static_cast<int64_t>(slots), static_cast<int64_t>(saved->head.rows_taken));
  for (uint64_t n = 0; n < slots && n < saved->slots.size(); ++n) {
    std::memcpy(&saved->slots[kernel.nth_row(n) % saved->slots.size()],
                static_cast<const uint8_t*>(bytes) + sizeof saved->head + n * sizeof(uint64_t), sizeof(uint64_t));
  }
  target = saved;
  kernel.live_states_ += 1;
  return 1;
}

}  // namespace eq
