// What a run does with its outputs when it is going: it lends rows that are pulled, and at the end puts files in their places.
#include <algorithm>

#include "exec/run_state.hpp"
#include "os/fpenv.hpp"

namespace sqs {

// ---------------------------------------------------------------- pulling

bool Run::State::pulls() const {
  return std::any_of(wanted.begin(), wanted.end(), [](const Wanted& w) { return w.kind == SinkKind::Pull; });
}

Status Run::State::check_pulled(uint32_t index) const {
  if (index == SQS_ANY_TARGET) {
    if (pulls()) return ok();
    return Error{SQS_E_STATE, "the run has no target to pull from: add one by sqs_run_add_pull() before it begins"};
  }
  if (index >= wanted.size())
    return Error{SQS_E_RANGE, "target " + std::to_string(index) + " was pulled, but the run has " +
                              std::to_string(wanted.size())};
  const Wanted& target = wanted[index];
  if (target.kind == SinkKind::Pull) return ok();
  return Error{SQS_E_STATE, "target '" + target.name + "' can't be pulled: its rows go into another sink", target.name};
}

std::optional<uint32_t> Run::State::waiting_target(uint32_t index) const {
  if (index != SQS_ANY_TARGET && index < outputs.size() && outputs[index]->rows_wait()) return index;
  for (uint32_t t = 0; t < outputs.size(); ++t)
    if (outputs[t]->rows_wait()) return t;
  return std::nullopt;
}

// A tile's: what classic has of a stage, or several threads have made in a batch, is lent in pieces like those of other runs.
uint64_t Run::State::rows_per_piece(NodeId node) const {
  return std::max<uint64_t>(1, plan->tile_frames / std::max<uint64_t>(1, plan->rows[node].out.step));
}

Result<Pulled> Run::State::pull(uint32_t index) {
  for (;;) {
    if (phase == Phase::Done) return Pulled{Pulled::What::End, index, {}};
    if (phase == Phase::Running && shared->cancelled.load(std::memory_order_relaxed)) return cancelled_error();
    const std::optional<uint32_t> target = waiting_target(index);
    if (target.has_value() && index != SQS_ANY_TARGET && *target != index) return Pulled{Pulled::What::WouldBlock, *target, {}};
    if (target.has_value()) {
      const os::PinnedFp pinned;  // edges of odd extension are computed here
      SQS_TRY_ASSIGN(const sqs_view rows, outputs[*target]->lend(rows_per_piece(wanted[*target].node)));
      return Pulled{Pulled::What::Rows, *target, rows};
    }
    SQS_TRY(drive(UINT64_MAX));
  }
}

Result<Pulled> Run::pull(uint32_t index) {
  SQS_TRY(state_->check_pulled(index));
  return state_->or_fail([&] { return state_->pull(index); });
}

// ---------------------------------------------------------------- the end

// All have finished. What was shown already is taken back if one can't be, so that a run that fails has replaced no file.
Status Run::State::show_outputs() {
  for (size_t t = 0; t < outputs.size(); ++t) {
    Status shown = outputs[t]->sink().show();
    if (shown.ok()) continue;
    Error error = std::move(shown).error();
    while (t-- > 0) {
      const Status back = outputs[t]->sink().take_back();
      if (!back.ok()) error.message += "; " + back.error().message;
    }
    return error;
  }
  for (const auto& output : outputs) output->sink().settle();
  return ok();
}

}  // namespace sqs
