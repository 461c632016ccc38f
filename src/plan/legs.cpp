#include "plan/legs.hpp"

#include <algorithm>

namespace sqs {
namespace {

bool is_first_sweep_over(const Action& action) { return action.what == Action::What::Reverse || action.what == Action::What::End; }

}  // namespace

TileSpan segment_tiles(const TurnPlan& turn, uint64_t segment) {
  const int64_t first = turn.first_tile + static_cast<int64_t>(segment * turn.spacing);
  return {first, std::min(turn.tile_end, first + static_cast<int64_t>(turn.spacing))};
}

// Of a reversal, whose tiles are counted in the direction of what is replayed.
TileSpan grid_tiles(const TurnPlan& turn, uint64_t first, uint64_t last) {
  if (turn.from_last) return {turn.tile_end - static_cast<int64_t>(last), turn.tile_end - static_cast<int64_t>(first)};
  return {turn.first_tile + static_cast<int64_t>(first), turn.first_tile + static_cast<int64_t>(last)};
}

std::vector<bool> layers_in_first_segment(const Sweep& sweep) {
  std::vector<bool> at_work(sweep.replays.size() + 1, true);
  if (!sweep.recorded) return at_work;
  at_work[1] = false;
  for (size_t d = 2; d < at_work.size(); ++d) {
    at_work[d] = false;
    for (const Unit& unit : sweep.replays[d - 1].units)
      for (const Reader& reader : unit.outside) at_work[d] = at_work[d] || at_work[reader.depth];
  }
  return at_work;
}

Legs::Legs(const Plan& plan, uint32_t sweep) : plan_(&plan), sweep_(&plan.sweeps[sweep]) {
  if (plan.turn.kind == TurnPlan::Kind::Reversal) {
    actions_.emplace(*plan.turn.schedule);
    do ahead_ = next_action();
    while (!is_first_sweep_over(*ahead_));
    return;
  }
  depth_ = static_cast<uint32_t>(sweep_->replays.size());
  in_first_ = layers_in_first_segment(*sweep_);
}

std::optional<Leg> Legs::next() {
  if (plan_->turn.tile_end == plan_->turn.first_tile) return std::nullopt;
  return actions_.has_value() ? next_of_reversal() : next_of_chain();
}

// States are a stack.
Action Legs::next_action() {
  const Action action = actions_->next();
  if (action.what == Action::What::Save && !action.to_disk) states_ = action.state + 1;
  if (action.what == Action::What::Drop && !action.to_disk) states_ = action.state;
  return action;
}

std::optional<Leg> Legs::next_of_reversal() {
  for (;;) {
    const Action action = ahead_.has_value() ? *ahead_ : next_action();
    const TileSpan tiles = grid_tiles(plan_->turn, action.first, action.last);
    Leg leg;
    leg.first = tiles.first;
    leg.last = tiles.last;
    if (ahead_.has_value() && action.what == Action::What::Reverse && !told_) {
      told_ = true;  // the rows of the first segment are there, but where must be said
      leg.what = Leg::What::Replay;
      leg.depth = 1;
      leg.begins = leg.recorded = true;
      return leg;
    }
    ahead_.reset();
    switch (action.what) {
      case Action::What::End:
        return std::nullopt;
      case Action::What::Load:
        load_ = action;
        continue;
      case Action::What::Drop:
      case Action::What::Write:  // in the first sweep alone
        continue;
      case Action::What::Read:
        leg.what = Leg::What::Read;
        leg.record = action.state;
        return leg;
      case Action::What::Save:
        leg.what = Leg::What::Save;
        leg.record = action.state;
        leg.on_disk = action.to_disk;
        return leg;
      case Action::What::Advance:
        leg.what = Leg::What::Replay;
        leg.depth = 1;
        leg.begins = true;
        leg.keep = action.keep;
        leg.record = !load_.has_value() ? Leg::kPassing : load_->first == 0 ? Leg::kStart : load_->state;
        leg.on_disk = load_.has_value() && load_->first != 0 && load_->to_disk;
        leg.states = states_;
        load_.reset();
        return leg;
      case Action::What::Reverse:
        return leg;
    }
  }
}

std::optional<Leg> Legs::next_of_chain() {
  const TurnPlan& turn = plan_->turn;
  const uint64_t count = turn.segments();
  if (segment_ == count) return std::nullopt;
  const uint64_t number = sweep_->backward ? count - 1 - segment_ : segment_;
  const TileSpan tiles = segment_tiles(turn, number);
  Leg leg;
  leg.first = tiles.first;
  leg.last = tiles.last;
  leg.depth = depth_;
  leg.begins = depth_ == sweep_->replays.size();
  if (depth_ == 0) {
    ++segment_;
    depth_ = static_cast<uint32_t>(sweep_->replays.size());
    return leg;
  }
  --depth_;
  leg.what = Leg::What::Replay;
  leg.recorded = segment_ == 0 && !in_first_[leg.depth];
  const bool at_start = sweep_->replays[leg.depth - 1].backward ? number == count - 1 : number == 0;
  leg.record = at_start ? Leg::kStart : sweep_->replays[leg.depth - 1].backward ? number : number - 1;
  return leg;
}

Saves::Saves(const Plan& plan, bool backward) : plan_(&plan), backward_(backward) {
  start_given_ = plan.turn.extra_bytes == 0 || plan.turn.spills();
  if (plan.turn.kind == TurnPlan::Kind::Reversal && !plan.turn.spills()) actions_.emplace(*plan.turn.schedule);
}

std::optional<Saves::Save> Saves::next() {
  const TurnPlan& turn = plan_->turn;
  if (!start_given_) {
    start_given_ = true;
    return Save{false, Leg::kStart, backward_ ? turn.tile_end : turn.first_tile};
  }
  if (actions_.has_value()) {
    for (;;) {
      const Action action = actions_->next();
      if (is_first_sweep_over(action)) {
        actions_.reset();
        return std::nullopt;
      }
      if (action.what != Action::What::Save) continue;
      const TileSpan at = grid_tiles(turn, action.first, action.first);
      return Save{action.to_disk, action.state, at.first};
    }
  }
  if (turn.kind != TurnPlan::Kind::Chain || turn.segments() == 0 || given_ + 1 >= turn.segments()) return std::nullopt;
  ++given_;
  const uint64_t number = backward_ ? turn.segments() - given_ : given_;  // of the boundary, which ends segment number - 1
  return Save{false, number - 1, segment_tiles(turn, number).first};
}

TileSpan recorded_tiles(const Plan& plan, uint32_t sweep) {
  const TurnPlan& turn = plan.turn;
  if (turn.tile_end == turn.first_tile) return {turn.first_tile, turn.first_tile};
  if (turn.kind == TurnPlan::Kind::Chain) return segment_tiles(turn, plan.sweeps[sweep].backward ? turn.segments() - 1 : 0);
  if (turn.spills()) return grid_tiles(turn, turn.tiles() - turn.schedule->tail_tiles(), turn.tiles());
  Actions actions(*turn.schedule);
  for (Action action = actions.next(); !is_first_sweep_over(action); action = actions.next())
    if (action.what == Action::What::Advance && action.keep) return grid_tiles(turn, action.first, action.last);
  return {turn.first_tile, turn.first_tile};
}

}  // namespace sqs
