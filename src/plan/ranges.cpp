#include "plan/ranges.hpp"

#include <algorithm>
#include <limits>

#include "core/wide.hpp"

namespace sqs {
namespace {

bool is_scan(const Plan& plan, const Unit& unit) {
  return !unit.is_sink() && plan.graph->node(unit.node).decl.kind == Kind::Scan;
}

// A scan works from the end where it begins; what else a unit computes is what its readers touch.
void extend_scan(const Plan& plan, Unit& unit, const ScanStart& scan_start) {
  if (!is_scan(plan, unit) || unit.range.count() == 0) return;
  if (unit.backward) unit.range.last = unit.domain.count;
  else unit.range.first = plan.graph->node(unit.node).decl.once ? 0 : scan_start(unit.node, unit.range.first);
}

void ask_of_feeds(Plan& plan, Sweep& sweep, const Unit& unit) {
  for (size_t i = 0; i < unit.paths.size(); ++i) {
    const Path& path = plan.paths[unit.paths[i]];
    if (path.global) continue;
    Unit& feed = sweep.layer(unit.feeds[i].depth).units[unit.feeds[i].unit];
    widen(feed.range, touched(path, unit.range, plan.rows[path.real].out.count));
  }
}

// Positions of rows relative to the tile's far edge, and leads, are counted in the layer's own direction.
int64_t lead_for(const Plan& plan, const Unit& unit, const Unit& reader, const Path& path, uint64_t tile_frames) {
  const auto step = static_cast<int64_t>(unit.domain.step);
  const Slack slack = slack_of(reader, tile_frames);
  (void)plan;
  if (unit.backward) return reader.z - slack.low + path.delta + path.back * step;
  return reader.z + slack.high - static_cast<int64_t>(reader.domain.step) - path.delta + path.ahead * step + 1;
}

void set_layer_leads(const Plan& plan, Layer& layer, uint64_t tile_frames) {
  for (size_t u = layer.units.size(); u-- > 0;) {
    Unit& unit = layer.units[u];
    unit.z = unit.readers.empty() ? 0 : std::numeric_limits<int64_t>::min();
    for (const Reader& reader : unit.readers)
      unit.z = std::max(unit.z, lead_for(plan, unit, layer.units[reader.unit], plan.paths[reader.path], tile_frames));
  }
}

}  // namespace

void widen(Range& range, Range by) {
  if (by.count() == 0) return;
  range = range.count() == 0 ? by : Range{std::min(range.first, by.first), std::max(range.last, by.last)};
}

// Rows inside reach as far as they are said to; only those near an end may be thrown back by its edge rule.
Range touched(const Path& path, Range range, uint64_t n) {
  if (n == 0) return {};
  Range all;
  const auto add = [&](Range rows, Wide before, Wide after) {
    if (rows.count() == 0) return;
    const Wide low = static_cast<Wide>(rows.first) * static_cast<Wide>(path.stride) + before;
    const Wide end = static_cast<Wide>(rows.last - 1) * static_cast<Wide>(path.stride) + after + 1;
    const Wide from = std::clamp<Wide>(low, 0, n);
    widen(all, {static_cast<uint64_t>(from), static_cast<uint64_t>(std::clamp<Wide>(end, from, n))});
  };
  const uint64_t begin = std::clamp(path.interior_begin, range.first, std::max(range.first, range.last));
  const uint64_t end = std::clamp(path.interior_end, begin, std::max(begin, range.last));
  const Wide base = path.base;
  add({range.first, begin}, base - path.back, base + path.ahead);
  add({begin, end}, path.low, path.high);
  add({end, range.last}, base - path.back, base + path.ahead);
  return all;
}

Slack slack_of(const Unit& unit, uint64_t tile_frames) {
  const auto step = static_cast<int64_t>(unit.domain.step);
  if (step <= 1) return {};
  if (tile_frames % unit.domain.step != 0) return {0, step - 1};
  const int64_t ahead = unit.backward ? -unit.z : unit.z;
  const int64_t over = (((unit.domain.origin - ahead) % step) + step) % step;
  return {over, over};
}

uint64_t Unit::row_at(int64_t frame) const {
  const int64_t position = frame + (backward ? -z : z) - domain.origin;
  if (position <= 0) return range.first;
  const uint64_t step = domain.step == 0 ? 1 : domain.step;
  const uint64_t row = (static_cast<uint64_t>(position) + step - 1) / step;
  return std::clamp(row, range.first, std::max(range.first, range.last));
}

namespace {

// extend(unit, depth): a unit that its readers have asked asks for what it needs itself to get there.
template <class Extend>
void ask_from_targets(Plan& plan, Extend&& extend) {
  std::vector<Range> later(plan.graph->size());  // what later sweeps need of stages that are kept or whose states are saved
  for (size_t s = plan.sweeps.size(); s-- > 0;) {
    Sweep& sweep = plan.sweeps[s];
    for (uint32_t d = 0; d <= sweep.replays.size(); ++d)
      for (Unit& unit : sweep.layer(d).units) unit.range = {};
    for (uint32_t d = 0; d <= sweep.replays.size(); ++d) {
      std::vector<Unit>& units = sweep.layer(d).units;
      for (size_t u = units.size(); u-- > 0;) {
        Unit& unit = units[u];
        if (unit.is_sink()) {
          unit.range = plan.targets[unit.target].rows;
        } else if (plan.graph->node(unit.node).decl.kind == Kind::Reduce) {
          unit.range = {0, unit.domain.count};
        } else if (unit.kept) {
          widen(later[unit.node], unit.range);
          continue;
        } else if (d > 0) {
          if (is_scan(plan, unit) || unit.is_tape()) widen(later[unit.node], unit.range);  // a sweep before this comes as far
        } else if (unit.saves || unit.records || plan.keeps(unit.node)) {
          widen(unit.range, later[unit.node]);
        }
        extend(unit, d);
        ask_of_feeds(plan, sweep, unit);
      }
    }
  }
}

}  // namespace

void set_ranges(Plan& plan, const ScanStart& scan_start) {
  const ScanStart from_first = [](NodeId, uint64_t) { return uint64_t{0}; };
  ask_from_targets(plan, [&](Unit& unit, uint32_t depth) {
    extend_scan(plan, unit, depth == 0 && !unit.saves ? scan_start : from_first);
  });
}

uint64_t rows_asked_for(const Plan& plan, Range rows) {
  Plan asked = plan;
  asked.targets[0].rows = rows;
  ask_from_targets(asked, [&](Unit& unit, uint32_t) {
    if (!unit.is_sink() && asked.graph->node(unit.node).decl.once) extend_scan(asked, unit, [](NodeId, uint64_t) { return uint64_t{0}; });
  });
  count_rows(asked);
  return distinct_rows(asked.stages, plan.mode);
}

void find_tiles(Layer& layer, uint64_t tile_frames) {
  layer.first_tile = std::numeric_limits<int64_t>::max();
  layer.tile_end = std::numeric_limits<int64_t>::min();
  for (const Unit& unit : layer.units) {
    if (unit.range.count() == 0 || unit.kept) continue;
    const auto place = [&](uint64_t row) {
      const Wide position = static_cast<Wide>(row) * static_cast<Wide>(unit.domain.step) + unit.domain.origin;
      return static_cast<int64_t>(floor_div(position + (unit.backward ? unit.z : -unit.z), static_cast<Wide>(tile_frames)));
    };
    layer.first_tile = std::min(layer.first_tile, place(unit.range.first));
    layer.tile_end = std::max(layer.tile_end, place(unit.range.last - 1) + 1);
  }
  if (layer.first_tile > layer.tile_end) layer.first_tile = layer.tile_end = 0;
}

void set_leads(Plan& plan, uint64_t tile_frames) {
  plan.tile_frames = tile_frames;
  plan.tiles = 0;
  for (Sweep& sweep : plan.sweeps) {
    for (uint32_t d = 0; d <= sweep.replays.size(); ++d) set_layer_leads(plan, sweep.layer(d), tile_frames);
    find_tiles(sweep, tile_frames);
    plan.tiles += static_cast<uint64_t>(sweep.tile_end - sweep.first_tile);
  }
}

// Rows between the newest that a batch makes and the oldest that a reader still needs when it begins; "old" is what the
// direction has passed.
uint64_t row_capacity(const Plan& plan, const Layer& layer, const Unit& unit, uint64_t tile_frames, uint64_t batch) {
  if (unit.range.count() == 0) return 0;
  const auto step = static_cast<Wide>(std::max<uint64_t>(1, unit.domain.step));
  const Slack own = slack_of(unit, tile_frames);
  const Wide span = static_cast<Wide>(tile_frames) * static_cast<Wide>(batch);
  Wide rows = 0;
  if (unit.backward) {
    Wide highest = span - unit.z + own.high - step;
    for (const Reader& reader : unit.readers) {
      const Unit& r = layer.units[reader.unit];
      const Path& path = plan.paths[reader.path];
      highest = std::max(highest, span - r.z + slack_of(r, tile_frames).high - static_cast<Wide>(r.domain.step) - path.delta +
                                      path.ahead * step);
    }
    rows = floor_div(highest - (own.low - unit.z), step) + 1;
  } else {
    Wide oldest = static_cast<Wide>(unit.z) + own.low;
    for (const Reader& reader : unit.readers) {
      const Unit& r = layer.units[reader.unit];
      const Path& path = plan.paths[reader.path];
      oldest = std::min(oldest, static_cast<Wide>(r.z) + slack_of(r, tile_frames).low - path.delta - path.back * step);
    }
    rows = (span + unit.z + own.high - oldest) / step;
  }
  return static_cast<uint64_t>(std::max<Wide>(1, std::min<Wide>(rows, static_cast<Wide>(unit.range.count()))));
}

void count_rows(Plan& plan) {
  for (StagePlan& stage : plan.stages) stage = {.needed = stage.needed};
  std::vector<std::vector<Range>> ranges(plan.stages.size());
  for (const Sweep& sweep : plan.sweeps) {
    std::vector<bool> here(plan.stages.size(), false);
    for (uint32_t d = 0; d <= sweep.replays.size(); ++d)
      for (const Unit& unit : sweep.layer(d).units) {
        if (unit.is_sink() || unit.kept || unit.range.count() == 0) continue;
        if (d == 0) plan.stages[unit.node].rows_predicted += unit.range.count();
        if (!here[unit.node]) plan.stages[unit.node].sweeps += 1;
        here[unit.node] = true;
        ranges[unit.node].push_back(unit.range);
      }
    for (const NodeId id : sweep.globals) {
      plan.stages[id].rows_predicted = 1;
      plan.stages[id].sweeps = 1;
      ranges[id] = {{0, 1}};
    }
  }
  for (NodeId id = 0; id < plan.stages.size(); ++id) {
    std::sort(ranges[id].begin(), ranges[id].end(), [](Range a, Range b) { return a.first < b.first; });
    Range span;
    plan.stages[id].rows_distinct = 0;
    for (const Range& range : ranges[id]) {
      const uint64_t seen = span.count() == 0 ? range.first : std::max(range.first, std::min(span.last, range.last));
      plan.stages[id].rows_distinct += range.last - seen;
      widen(span, range);
    }
    plan.stages[id].rows_spanned = span.count();
  }
}

uint64_t distinct_rows(const std::vector<StagePlan>& stages, int32_t mode) {
  uint64_t rows = 0;
  for (NodeId id = kFramesNode + 1; id < stages.size(); ++id)
    rows += mode == SQS_CLASSIC ? stages[id].rows_spanned : stages[id].rows_distinct;
  return rows;
}

}  // namespace sqs
