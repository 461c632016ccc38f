#include "naive.hpp"

#include <algorithm>
#include <cstring>

#include "mix.hpp"

namespace eq {
namespace {

template <class Real>
void mirror_odd(uint8_t* out, const uint8_t* end, const uint8_t* mirror, uint64_t bytes) {
  for (uint64_t at = 0; at < bytes; at += sizeof(Real)) {
    Real e;
    Real m;
    std::memcpy(&e, end + at, sizeof e);
    std::memcpy(&m, mirror + at, sizeof m);
    const Real value = Real{2} * e - m;
    std::memcpy(out + at, &value, sizeof value);
  }
}

// 2 * end - mirror, where the mirror may itself lie beyond the other end.
void odd_row(const Rows& in, int64_t i, uint8_t* out) {
  const auto last = static_cast<int64_t>(in.rows) - 1;
  if (last == 0) return static_cast<void>(std::memcpy(out, in.row(0), in.row_bytes));
  const int64_t end = i < 0 ? 0 : last;
  std::vector<uint8_t> mirror(in.row_bytes);
  extended_row(in, 2 * end - i, SQS_ODD, mirror.data());
  const bool single = in.dtype == SQS_F32 || in.dtype == SQS_C64;
  const uint8_t* end_row = in.row(static_cast<uint64_t>(end));
  if (single) {
    mirror_odd<float>(out, end_row, mirror.data(), in.row_bytes);
  } else {
    mirror_odd<double>(out, end_row, mirror.data(), in.row_bytes);
  }
}

// One row of input of a scan that is extended by lead and tail rows.
AccessSpec extended_access(const StageSpec& stage) {
  AccessSpec access = stage.inputs.front();
  access.edge = stage.extend_edge;
  access.has_offset = true;
  access.offset -= static_cast<int64_t>(stage.lead);
  return access;
}

}  // namespace

void extended_row(const Rows& in, int64_t i, int32_t edge, uint8_t* out) {
  const auto rows = static_cast<int64_t>(in.rows);
  int64_t from = i;
  if (in.constant) {
    from = 0;
  } else if (i < 0 || i >= rows) {
    if (edge == SQS_ZERO) return static_cast<void>(std::memset(out, 0, in.row_bytes));
    if (edge == SQS_ODD) return odd_row(in, i, out);
    from = edge == SQS_REFLECT ? static_cast<int64_t>(reflected(i, in.rows)) : std::clamp<int64_t>(i, 0, rows - 1);
  }
  std::memcpy(out, in.row(static_cast<uint64_t>(from)), in.row_bytes);
}

Naive::Naive(const GraphSpec& graph) : geometries_(graph) {
  add_frames(graph);
  add_input(graph);
  for (const StageSpec& stage : graph.stages) {
    geometries_.add(stage).value();
    stage.windows ? add_windows(stage) : add_stage(stage);
  }
}

void Naive::add_frames(const GraphSpec& graph) {
  Rows& frames = nodes_["frames"];
  frames.dtype = graph.dtype;
  frames.shape = {static_cast<int64_t>(graph.channels)};
  frames.row_bytes = graph.channels * sqs_dtype_bytes(graph.dtype);
  frames.rows = graph.frames;
  frames.bytes = graph.samples;
}

void Naive::add_input(const GraphSpec& graph) {
  const Rows& frames = rows("frames");
  Rows input;
  input.dtype = graph.dtype;
  input.shape = {static_cast<int64_t>(graph.window), static_cast<int64_t>(graph.channels)};
  input.row_bytes = graph.window * frames.row_bytes;
  input.rows = geometry("input").rows;
  input.bytes.resize(input.rows * input.row_bytes);
  for (uint64_t t = 0; t < input.rows; ++t) {
    for (uint64_t k = 0; k < graph.window; ++k) {
      extended_row(frames, static_cast<int64_t>(t * graph.hop + k), SQS_ZERO,
                   input.bytes.data() + t * input.row_bytes + k * frames.row_bytes);
    }
  }
  nodes_["input"] = std::move(input);
}

// The context of reader row t, dense.
void Naive::gather(const AccessSpec& access, uint64_t t, std::vector<uint8_t>& out) const {
  const Rows& in = rows(access.stage);
  out.resize(access.context() * in.row_bytes);
  const int64_t first = centre(access, t) - static_cast<int64_t>(access.before);
  for (uint64_t k = 0; k < access.context(); ++k) {
    extended_row(in, first + static_cast<int64_t>(k), access.edge, out.data() + k * in.row_bytes);
  }
}

void Naive::add_windows(const StageSpec& stage) {
  const AccessSpec& access = stage.inputs.front();
  const Rows& in = rows(access.stage);
  Rows windows;
  windows.dtype = in.dtype;
  windows.shape = {static_cast<int64_t>(access.context())};
  windows.shape.insert(windows.shape.end(), in.shape.begin(), in.shape.end());
  windows.row_bytes = access.context() * in.row_bytes;
  windows.rows = geometry(stage.name).rows;
  windows.constant = geometry(stage.name).constant;
  std::vector<uint8_t> context;
  for (uint64_t t = 0; t < windows.rows; ++t) {
    gather(access, t, context);
    windows.bytes.insert(windows.bytes.end(), context.begin(), context.end());
  }
  nodes_[stage.name] = std::move(windows);
}

// The hash of everything computed row t may see.
uint64_t Naive::row_hash(const StageSpec& stage, uint64_t t) const {
  Mixer mixer(stage.seed);
  mixer.absorb(t);
  std::vector<uint8_t> context;
  for (const AccessSpec& declared : stage.inputs) {
    const Rows& in = rows(declared.stage);
    gather(stage.lead + stage.tail > 0 ? extended_access(stage) : declared, t, context);
    const uint64_t element = sqs_dtype_bytes(in.dtype);
    for (uint64_t at = 0; at < context.size(); at += element) mixer.absorb_element(context.data() + at, element);
  }
  return mixer.value();
}

void Naive::add_stage(const StageSpec& stage) {
  const Geometry& geometry = this->geometry(stage.name);
  Rows out;
  out.dtype = stage.dtype;
  out.shape = stage.shape;
  out.row_bytes = element_count(stage.shape) * sqs_dtype_bytes(stage.dtype);
  out.constant = geometry.constant;
  std::vector<uint64_t> slots(stage.state_extra_bytes / 8, 0);
  Carry carry{0, slots.data(), slots.size()};
  const uint64_t last = geometry.computed_rows - 1;
  out.bytes.resize((stage.kind == SQS_REDUCE ? 1 : geometry.computed_rows) * out.row_bytes);
  const auto write = [&](uint64_t t, uint64_t hash) {
    write_elements(out.dtype, element_count(out.shape), hash, stage.specials, out.bytes.data() + t * out.row_bytes);
  };
  for (uint64_t i = 0; i < geometry.computed_rows; ++i) {
    const uint64_t t = stage.backward() ? last - i : i;
    const uint64_t inputs_hash = row_hash(stage, t);
    if (stage.kind == SQS_MAP) {
      write(t, inputs_hash);
      continue;
    }
    if (i == 0 && stage.has_init) carry_first(carry, stage.seed, inputs_hash);
    const uint64_t row = carry_row(carry, t, inputs_hash);
    if (stage.kind == SQS_SCAN) write(t, row);
  }
  if (stage.kind == SQS_REDUCE) write(0, carry_end(carry, stage.seed));
  // Keep the rows that survive a crop.
  std::vector<uint8_t> kept;
  for (uint64_t t = 0; t < geometry.rows; ++t) {
    const uint8_t* row = out.row(geometry.crop_first + t * geometry.crop_stride);
    kept.insert(kept.end(), row, row + out.row_bytes);
  }
  out.bytes = std::move(kept);
  out.rows = geometry.rows;
  nodes_[stage.name] = std::move(out);
}

}  // namespace eq
