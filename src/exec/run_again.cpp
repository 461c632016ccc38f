// A run whose disk has failed starts again by a plan without one, if it may. What has come of the attempt before stays, and
// counts.
#include <algorithm>

#include "exec/run_state.hpp"

namespace sqs {
namespace {

// Whether rows may come twice, each time as the same bytes; those of a callback or a pull have gone where nobody knows.
bool filled_again(SinkKind kind) {
  switch (kind) {
    case SinkKind::Array:
    case SinkKind::Buffer:
    case SinkKind::File:
      return true;
    case SinkKind::Callback:
    case SinkKind::Pull:
      break;
  }
  return false;
}

}  // namespace

// The disk has failed. Most of what it held can be made again only from the first frame on, and what is on it next will be
// lost as likely: so the run starts again by a plan that needs no disk. What it evaluates anew is what such a plan costs at most.
Result<bool> Run::State::go_on_without_disk(Error error) {
  const std::shared_ptr<const Plan> followed = plan;
  disk_failure = {error.message, true};
  if (Status planned = plan_without_disk(); !planned.ok()) {
    error.message = std::move(planned).error().message;
    return error;
  }
  shared->say(SQS_LOG_WARNING, disk_failure.cause + "; the run starts again without the disk");
  give_up(*followed);
  SQS_TRY(reserve());
  SQS_TRY(renew_outputs());
  SQS_TRY(prepare());
  return false;
}

// The plan of a run that has lost its disk. SQS_E_IO, with the cause first, if there is none, or if what has happened forbids it.
Status Run::State::plan_without_disk() {
  const auto impossible = [&](const std::string& why) {
    return Error{SQS_E_IO, disk_failure.cause + "; the run can't do without the disk: " + why};
  };
  for (NodeId id = 0; id < counters.size(); ++id)
    if (counters[id].rows() > 0 && plan->graph->node(id).decl.once)
      return impossible("stage '" + plan->graph->node(id).name() + "' has run, and must not run twice (SQS_ONCE)");
  without_disk = true;
  const Status planned = make_run_plan();
  return planned.ok() ? ok() : Status(impossible(planned.error().message));
}

// Ends the attempt at hand, by the plan that was followed; what it did goes on record.
void Run::State::give_up(const Plan& followed) {
  given_up.fraction = fraction();
  given_up.rows_done = outputs[0]->rows();
  executor.reset();
  for (size_t t = 0; t < outputs.size(); ++t)
    if (filled_again(wanted[t].kind)) given_up.sink_bytes += outputs[t]->rows() * followed.targets[t].row_bytes;
  for (const SpillFile& file : spill) {
    given_up.disk_written_bytes += file.bytes_written();
    given_up.disk_read_bytes += file.bytes_read();
  }
  given_up.checkpoints_saved = context.checkpoints_saved;
  given_up.checkpoints_loaded = context.checkpoints_loaded;
  given_up.predicted_bytes = followed.predicted_bytes;
  given_up.reserved_bytes = shared->ledger->held();
  given_up.measured_bytes = followed.input.retained_bytes + shared->ledger->work_peak();
  given_up.counters = std::move(counters);
  if (shared->cache.has_value()) shared->cache->unpin();
}

// Memory and files are filled again, callbacks and pulls get what they have not got.
Status Run::State::renew_outputs() {
  for (size_t t = 0; t < wanted.size(); ++t) {
    if (filled_again(wanted[t].kind)) {
      outputs[t].reset();  // with its file, whose name the next one takes
      SQS_TRY(make_output(t));
      continue;
    }
    outputs[t]->start_again();
    set_direction(t);
  }
  return ok();
}

}  // namespace sqs
