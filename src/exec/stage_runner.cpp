#include "exec/stage_runner.hpp"

#include <algorithm>
#include <cstring>

#include "core/size.hpp"
#include "exec/dense_view.hpp"
#include "os/call_out.hpp"
#include "plan/memory.hpp"

namespace sqs {
namespace {

std::string at_row(uint64_t row) { return "at row " + std::to_string(row); }

}  // namespace

StageRunner::StageRunner(const Node& node, const Rows& domain, double sample_rate, std::byte* state, RowBuffer* output,
                         StageCounters* counters)
    : node_(node), domain_(domain), sample_rate_(sample_rate), state_(state), output_(output), counters_(counters),
      output_proto_(dense_view(node, 0, 0, nullptr)) {}

StageRunner::~StageRunner() { drop_state(); }

void StageRunner::add_port(Port port) {
  if (!port.path().global) {
    interior_begin_ = std::max(interior_begin_, port.path().interior_begin);
    interior_end_ = std::min(interior_end_, port.path().interior_end);
    edge_rows_ = std::min(edge_rows_, staging_rows(port.seen_bytes()));
  }
  ports_.push_back(std::move(port));
}

bool StageRunner::interior(uint64_t row, uint64_t count) const {
  return row >= interior_begin_ && row + count <= interior_end_;
}

// Builds the input views: strided where all rows lie inside, dense copies by the edge rule elsewhere.
void StageRunner::look(Worker& worker, uint64_t row, uint64_t count) const {
  std::byte* staging = worker.staging;
  for (size_t i = 0; i < ports_.size(); ++i) {
    const Port& port = ports_[i];
    if (port.interior(row, count)) {
      worker.views[i] = port.view(row, count);
      continue;
    }
    worker.views[i] = port.copy(row, count, staging);
    staging += aligned(Size(port.seen_bytes()) * staging_rows(port.seen_bytes())).saturated();
  }
}

sqs_view StageRunner::output_view(uint64_t row, uint64_t count) const {
  sqs_view v = output_proto_;
  v.data = output_->row(row);
  v.first_row = static_cast<int64_t>(row);
  v.shape[0] = static_cast<int64_t>(count);
  v.base_rows = count;
  return v;
}

sqs_call StageRunner::frame(Worker& worker, uint64_t row, uint64_t count) const {
  sqs_call c{};
  c.struct_size = sizeof c;
  c.input_count = static_cast<uint32_t>(ports_.size());
  c.inputs = worker.views.data();
  c.first_row = row;
  c.rows = count;
  c.state = state_;
  c.scratch = node_.decl.scratch_bytes > 0 ? worker.scratch : nullptr;
  c.sample_rate = sample_rate_;
  c.first_frame = domain_.origin + static_cast<int64_t>(row * domain_.step);
  c.frames_per_row = domain_.step;
  c.message = worker.message;
  worker.message[0] = '\0';
  return c;
}

Error StageRunner::failed(const Worker& worker, const std::string& callback, const std::string& where, uint64_t row, int64_t got,
                          int64_t wanted) const {
  const char* end = static_cast<const char*>(std::memchr(worker.message, '\0', SQS_MESSAGE_BYTES));
  const std::string said(worker.message, end != nullptr ? end : worker.message + SQS_MESSAGE_BYTES);
  std::string what = "stage '" + node_.name() + "' failed in " + callback + " " + where + ": ";
  what += said.empty() ? "it returned " + std::to_string(got) + " instead of " + std::to_string(wanted) : said;
  return Error{SQS_E_STAGE, what, node_.name(), row};
}

// Who has done fewer rows has failed at the next; any other number tells no more than the rows of the tile.
Error StageRunner::failed_in_tile(const Worker& worker, uint64_t row, uint64_t count, int64_t got) const {
  const auto wanted = static_cast<int64_t>(count);
  if (got < 0 || got >= wanted) {
    const std::string rows = "in rows [" + std::to_string(row) + ", " + std::to_string(row + count) + ")";
    return failed(worker, "process", rows, row, got, wanted);
  }
  const auto done = static_cast<uint64_t>(got);
  const uint64_t at = node_.decl.backward ? row + count - 1 - done : row + done;
  return failed(worker, "process", at_row(at), at, got, wanted);
}

// As many rows as can be called for at once from one end of [row, row + count): what lies inside is one view, what reaches past
// an end is copied in pieces.
uint64_t StageRunner::piece_from(uint64_t row, uint64_t count, bool backward) const {
  if (interior(row, count)) return count;
  const uint64_t end = row + count;
  const uint64_t begin_inside = std::clamp(interior_begin_, row, end);
  const uint64_t end_inside = std::clamp(std::max(interior_begin_, interior_end_), begin_inside, end);
  if (backward) {
    if (end > end_inside) return std::min(end - end_inside, edge_rows_);
    return end > begin_inside ? end - begin_inside : std::min(begin_inside - row, edge_rows_);
  }
  if (row < begin_inside) return std::min(begin_inside - row, edge_rows_);
  return row < end_inside ? end_inside - row : std::min(end - row, edge_rows_);
}

Status StageRunner::process(Worker& worker, uint64_t row, uint64_t count) {
  const bool backward = node_.decl.backward;
  while (count > 0) {
    const uint64_t piece = piece_from(row, count, backward);
    SQS_TRY(call(worker, backward ? row + count - piece : row, piece));
    if (!backward) row += piece;
    count -= piece;
  }
  return ok();
}

Status StageRunner::call(Worker& worker, uint64_t row, uint64_t count) {
  look(worker, row, count);
  sqs_call c = frame(worker, row, count);
  if (node_.decl.kind != Kind::Reduce) c.output = output_view(row, count);
  int64_t got = 0;
  call_out(worker.message, [&] { got = node_.decl.process(node_.decl.user.get(), &c); });
  if (got != static_cast<int64_t>(count)) return failed_in_tile(worker, row, count, got);
  counters_->add(count, 1);
  return ok();
}

Status StageRunner::init(Worker& worker, uint64_t row) {
  drop_state();
  std::memset(state_, 0, node_.decl.state_bytes);
  alive_ = true;
  if (node_.decl.init == nullptr) return ok();
  look(worker, row, 1);
  sqs_call c = frame(worker, row, 1);
  int32_t got = 0;
  call_out(worker.message, [&] { got = node_.decl.init(node_.decl.user.get(), &c); });
  return got == 1 ? ok() : Status(failed(worker, "init", at_row(row), row, got, 1));
}

Status StageRunner::finish(Worker& worker) {
  if (!alive_) std::memset(state_, 0, node_.decl.state_bytes);
  sqs_call c = frame(worker, domain_.count, 0);
  c.input_count = 0;
  c.output = output_view(0, 1);
  int32_t got = 0;
  call_out(worker.message, [&] { got = node_.decl.finish(node_.decl.user.get(), &c); });
  if (got != 1) return failed(worker, "finish", at_row(domain_.count), domain_.count, got, 1);
  return ok();
}

Result<uint64_t> StageRunner::save(std::byte* to) const {
  if (node_.decl.save == nullptr) {
    std::memcpy(to, state_, node_.decl.state_bytes);
    return node_.decl.state_bytes;
  }
  uint64_t used = 0;
  int32_t got = 0;
  char message[SQS_MESSAGE_BYTES] = {};
  call_out(message, [&] { got = node_.decl.save(node_.decl.user.get(), state_, to, node_.decl.saved_bytes, &used); });
  if (got == 1 && used <= node_.decl.saved_bytes) return used;
  return Error{SQS_E_STAGE, "stage '" + node_.name() + "' failed in save: " +
                                (message[0] != '\0' ? message : got == 1 ? "it wrote " + std::to_string(used) + " of at most " +
                                std::to_string(node_.decl.saved_bytes) + " bytes" : "it returned " + std::to_string(got) + " instead of 1"),
               node_.name()};
}

Status StageRunner::restore(const std::byte* from, uint64_t used) {
  drop_state();
  std::memset(state_, 0, node_.decl.state_bytes);
  alive_ = true;
  if (node_.decl.restore == nullptr) {
    std::memcpy(state_, from, used);
    return ok();
  }
  int32_t got = 0;
  char message[SQS_MESSAGE_BYTES] = {};
  call_out(message, [&] { got = node_.decl.restore(node_.decl.user.get(), state_, from, used); });
  if (got == 1) return ok();
  return Error{SQS_E_STAGE, "stage '" + node_.name() + "' failed in restore: " +
                                (message[0] != '\0' ? message : "it returned " + std::to_string(got) + " instead of 1"),
               node_.name()};
}

void StageRunner::drop_state() {
  if (!alive_) return;
  alive_ = false;
  if (node_.decl.fini == nullptr) return;
  char message[SQS_MESSAGE_BYTES] = {};
  call_out(message, [&] { node_.decl.fini(node_.decl.user.get(), state_); });
}

}  // namespace sqs
