#include "graph/check.hpp"

#include <algorithm>
#include <cmath>

#include "core/dtype.hpp"
#include "core/size.hpp"
#include "core/wide.hpp"

namespace sqs {
namespace {

// Positions are sums of a few reaches; with each below 2^40 rows they stay far inside 62 bits.
constexpr uint64_t kLongestReach = uint64_t{1} << 40;

Error invalid(const std::string& stage, const std::string& what) {
  return Error{SQS_E_INVALID, "stage '" + stage + "': " + what, stage};
}

Error impossible(const std::string& stage, const std::string& what) {
  return Error{SQS_E_GRAPH, "stage '" + stage + "': " + what, stage};
}

Status check_shape(const StageDecl& decl) {
  if (!dtype_known(decl.dtype))
    return impossible(decl.name, "dtype " + std::to_string(decl.dtype) + " is unknown; use SQS_U8 .. SQS_C128");
  if (decl.shape.size() > SQS_MAX_DIMS)
    return impossible(decl.name, "a row has " + std::to_string(decl.shape.size()) + " dimensions; at most " +
                                  std::to_string(SQS_MAX_DIMS) + " are possible");
  for (size_t d = 0; d < decl.shape.size(); ++d)
    if (decl.shape[d] == 0 || decl.shape[d] >= uint64_t{1} << 62)
      return impossible(decl.name, "shape[" + std::to_string(d) + "] is " + std::to_string(decl.shape[d]) + "; it must be >= 1");
  return ok();
}

Status check_state(const StageDecl& decl) {
  const bool stateful = decl.kind != Kind::Map;
  if (!stateful && (decl.state_bytes > 0 || decl.init || decl.fini || decl.save || decl.restore))
    return invalid(decl.name, "a map has no state: declare a scan, or leave state_bytes and its callbacks out");
  if ((decl.save == nullptr) != (decl.restore == nullptr))
    return invalid(decl.name, "save and restore come together: give both or neither");
  if ((decl.save != nullptr) != (decl.saved_bytes > 0))
    return invalid(decl.name, "saved_bytes is the bound of save(): give both or neither");
  if ((decl.kind == Kind::Reduce) != (decl.finish != nullptr))
    return invalid(decl.name, "finish writes the row of a reduce: required there, and nowhere else");
  if (decl.kind == Kind::Scan && decl.fini && !decl.save)
    return invalid(decl.name, "a scan whose state needs fini is not plain bytes: it needs save and restore too");
  return ok();
}

Status check_reach(const std::string& stage, const std::string& what, uint64_t rows) {
  if (rows < kLongestReach) return ok();
  return Error{SQS_E_OVERFLOW, "stage '" + stage + "': " + what + " is " + std::to_string(rows) + " rows; it must be below 2^40",
               stage};
}

Status check_bytes(const std::string& stage, const char* what, uint64_t bytes) {
  if (bytes < uint64_t{1} << 48) return ok();
  return Error{SQS_E_OVERFLOW, "stage '" + stage + "': " + what + " is " + std::to_string(bytes) + "; it must be below 2^48",
               stage};
}

Status check_extension(const StageDecl& decl) {
  if (decl.lead + decl.tail == 0) {
    if (decl.extend_edge != Edge::Valid)
      return invalid(decl.name, "extend_edge is set but lead and tail are 0");
    return ok();
  }
  if (decl.kind != Kind::Scan) return invalid(decl.name, "only a scan can have lead and tail");
  SQS_TRY(check_reach(decl.name, "lead", decl.lead));
  SQS_TRY(check_reach(decl.name, "tail", decl.tail));
  if (decl.extend_edge == Edge::Valid)
    return invalid(decl.name, "lead and tail need extend_edge to say what fills them: zero, clamp, reflect or odd");
  const bool plain = decl.inputs.size() == 1 && decl.inputs[0].before == 0 && decl.inputs[0].after == 0 &&
                     decl.inputs[0].stride == 1 && !decl.inputs[0].has_offset;
  if (!plain) return impossible(decl.name, "lead and tail extend one plain input (before 0, after 0, stride 1)");
  return ok();
}

}  // namespace

Status check_format(const Format& format) {
  if (!dtype_known(format.dtype))
    return Error{SQS_E_INVALID, "dtype " + std::to_string(format.dtype) + " of the samples is unknown; use SQS_U8 .. SQS_C128"};
  if (format.channels == 0) return Error{SQS_E_INVALID, "channels is 0; it must be >= 1"};
  if (format.window == 0) return Error{SQS_E_INVALID, "window is 0 frames; it must be >= 1"};
  if (format.hop == 0) return Error{SQS_E_INVALID, "hop is 0 frames; it must be >= 1"};
  if (format.window >= kLongestReach || format.hop >= kLongestReach)
    return Error{SQS_E_OVERFLOW, "window " + std::to_string(format.window) + " or hop " + std::to_string(format.hop) +
                                 " is 2^40 frames or more; both must be smaller"};
  const std::string frame = std::to_string(format.channels) + " channels of " + dtype_name(format.dtype);
  const Size frame_bytes = Size(format.channels) * dtype_bytes(format.dtype);
  SQS_TRY(frame_bytes.take("a frame of " + frame, "channels"));
  const std::string window = "a window of " + std::to_string(format.window) + " frames of " + frame;
  SQS_TRY((frame_bytes * format.window).take(window, "window or channels"));
  if (!std::isfinite(format.sample_rate) || format.sample_rate < 0)
    return Error{SQS_E_INVALID, "sample_rate must be 0 (unknown) or a positive number of frames per second"};
  return ok();
}

Status check_decl(const StageDecl& decl) {
  if (decl.kind != Kind::Map && decl.kind != Kind::Scan && decl.kind != Kind::Reduce)
    return invalid(decl.name, "kind must be SQS_MAP, SQS_SCAN or SQS_REDUCE");
  SQS_TRY(check_shape(decl));
  if (decl.process == nullptr) return Error{SQS_E_NULL, "stage '" + decl.name + "' has no process callback", decl.name};
  if (decl.inputs.empty()) return invalid(decl.name, "it names no input; a stage reads at least one");
  if (decl.kind == Kind::Map && decl.backward) return invalid(decl.name, "a map has no direction");
  if (!std::isfinite(decl.cost_ns_per_row) || decl.cost_ns_per_row < 0)
    return invalid(decl.name, "cost_ns_per_row must be 0 (unknown) or positive");
  SQS_TRY(check_bytes(decl.name, "state_bytes", decl.state_bytes));
  SQS_TRY(check_bytes(decl.name, "saved_bytes", decl.saved_bytes));
  SQS_TRY(check_bytes(decl.name, "scratch_bytes", decl.scratch_bytes));
  SQS_TRY(check_bytes(decl.name, "fixed_bytes", decl.fixed_bytes));
  SQS_TRY(check_state(decl));
  return check_extension(decl);
}

Status check_access(const std::string& reader, const Access& access, const Node& input) {
  const std::string from = "input '" + access.stage + "': ";
  if (access.stride == 0) return invalid(reader, from + "stride is 0; it must be >= 1");
  SQS_TRY(check_reach(reader, from + "before", access.before));
  SQS_TRY(check_reach(reader, from + "after", access.after));
  SQS_TRY(check_reach(reader, from + "stride", access.stride));
  const auto offset = static_cast<uint64_t>(access.offset);
  SQS_TRY(check_reach(reader, from + "offset, without its sign,", access.offset < 0 ? 0 - offset : offset));
  if (access.has_offset && access.edge == Edge::Valid && access.offset < 0)
    return invalid(reader, from + "offset is " + std::to_string(access.offset) + "; with the valid edge it must be >= 0");
  const bool plain = access.before == 0 && access.after == 0 && access.stride == 1 && !access.has_offset;
  if (input.global() && !plain)
    return impossible(reader, from + "it has one row for the whole stream, which is read without context, stride or offset");
  if (access.edge == Edge::Odd && !dtype_is_real_or_complex_float(input.decl.dtype))
    return impossible(reader, from + "the odd edge needs a float or complex dtype, not " + dtype_name(input.decl.dtype));
  if (access.edge == Edge::Odd && input.is_virtual() && input.context_axis)
    return impossible(reader, from + "the odd edge can't be put on windows; put it on what the windows are over");
  const size_t seen = input.decl.shape.size() + (access.before + access.after > 0 ? 1 : 0);
  if (seen + 1 > SQS_MAX_VIEW_DIMS)
    return impossible(reader, from + "its view would have " + std::to_string(seen + 1) + " dimensions; at most " +
                                  std::to_string(SQS_MAX_VIEW_DIMS) + " are possible");
  return ok();
}

Status check_odd_reach(const Node& reader, const Node& input, const Reach& reach, const Rows& in) {
  if (reach.edge != Edge::Odd || in.count == 0) return ok();
  const Wide n = in.count;
  const Wide low = static_cast<Wide>(reach.before) - reach.base;
  const Wide rows = ceil_div(n - reach.base, static_cast<Wide>(reach.stride)) + static_cast<Wide>(reader.decl.tail);
  const Wide last = rows > 0 ? (rows - 1) * static_cast<Wide>(reach.stride) + reach.base + static_cast<Wide>(reach.after) : 0;
  const Wide high = in.open ? 0 : last - (n - 1);
  const Wide pad = std::max(low, high);
  if (pad <= n - 1 || (in.open && low > n - 1)) return ok();
  return impossible(reader.name(), "the odd edge of input '" + input.name() + "' mirrors " +
                                       std::to_string(static_cast<int64_t>(pad)) + " rows, but there are only " +
                                       std::to_string(in.count) + "; it needs at least one more than it mirrors");
}

Error misaligned(const std::string& stage, const std::string& a, const Rows& rows_a, const std::string& b,
                 const Rows& rows_b) {
  const auto place = [](const Rows& r) {
    return "frame " + std::to_string(r.origin) + ", every " + std::to_string(r.step) + " frames";
  };
  return Error{SQS_E_GRAPH, "stage '" + stage + "': rows of '" + a + "' start at " + place(rows_a) + ", rows of '" + b +
                            "' at " + place(rows_b) + ": align them by before, stride and edge, or state an offset", stage};
}

}  // namespace sqs
