#include "random_graph.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "geometry.hpp"
#include "mix.hpp"
#include "rng.hpp"

namespace eq {
namespace {

struct NodeInfo {
  int32_t dtype;
  std::vector<int64_t> shape;

  uint64_t row_bytes() const { return element_count(shape) * sqs_dtype_bytes(dtype); }
};

class Generator {
 public:
  Generator(uint64_t seed, const GraphLimits& limits)
      : rng_(seed), limits_(limits), looks_back_(rng_.chance(limits.looking_back)) {
    graph_.seed = seed;
  }

  GraphSpec make() {
    make_format();
    make_samples();
    geometries_.emplace(graph_);
    GraphSpec longer = graph_;
    longer.frames += 4 * graph_.window + 1009;
    longer_.emplace(longer);
    note("frames", {graph_.dtype, {static_cast<int64_t>(graph_.channels)}});
    note("input", {graph_.dtype, {static_cast<int64_t>(graph_.window), static_cast<int64_t>(graph_.channels)}});
    const bool chain = looks_back_ && rng_.chance(40);
    const uint64_t before_chain = chain ? rng_.below(4) : 0;
    while (graph_.stages.size() < before_chain) add_stage(random_kind());
    if (chain) add_chain();
    const uint64_t stages = chain ? graph_.stages.size() + rng_.below(4) : rng_.between(1, limits_.stages);
    while (graph_.stages.size() < stages) add_stage(random_kind());
    while (looks_back_ && stages_that_look_back(graph_).empty()) add_scan(SQS_BACKWARD, {});
    pick_targets();
    return graph_;
  }

 private:
  enum class Kind { Windows, Map, Scan, Reduce };

  void make_format();
  void make_samples();
  Kind random_kind();
  bool add_stage(Kind kind);
  bool add_after(const std::string& node, Kind kind);
  bool add_scan(int32_t direction, const std::string& node);
  void add_chain();
  void pick_targets();
  bool fill_windows(StageSpec& stage);
  bool fill_map(StageSpec& stage);
  bool fill_scan(StageSpec& stage);
  bool fill_reduce(StageSpec& stage);
  bool fill_inputs(StageSpec& stage, uint64_t most);
  void fill_output(StageSpec& stage);
  void fill_state(StageSpec& stage);
  void fill_extension(StageSpec& stage);
  void fill_crop(StageSpec& stage);
  std::optional<AccessSpec> random_access(const std::string& node);
  bool aligned(const StageSpec& stage) const;
  bool odd_edges_fit(const StageSpec& stage) const;
  const std::string& random_node();
  const std::string& first_node() { return wanted_node_.empty() ? random_node() : wanted_node_; }
  int32_t random_dtype() { return static_cast<int32_t>(rng_.between(SQS_U8, SQS_C128)); }
  int32_t random_direction();
  int32_t random_edge(const std::string& node, int32_t first);
  bool constant(const std::string& node) const { return geometries_->at(node).constant; }

  void note(const std::string& name, NodeInfo info) {
    names_.push_back(name);
    nodes_[name] = std::move(info);
  }

  Rng rng_;
  GraphLimits limits_;
  bool looks_back_;
  std::string wanted_node_;                 // what the next stage shall read first; empty: any
  std::optional<int32_t> wanted_direction_;  // of the next scan; empty: any
  GraphSpec graph_;
  std::optional<Geometries> geometries_;
  // Of a longer stream: the engine refuses stages whose inputs have equally many rows by accident of the length only.
  std::optional<Geometries> longer_;
  std::vector<std::string> names_;
  std::map<std::string, NodeInfo> nodes_;
  std::set<std::string> windows_ = {"input"};
};

void Generator::make_format() {
  graph_.dtype = rng_.chance(50) ? rng_.pick<int32_t>({SQS_F32, SQS_F64}) : random_dtype();
  graph_.channels = rng_.chance(60) ? 1 : rng_.pick<uint64_t>({2, 3, 5});
  graph_.window = rng_.pick<uint64_t>({1, 2, 3, 5, 8, 16, 31});
  graph_.hop = rng_.chance(15) ? graph_.window + rng_.between(1, 9) : rng_.between(1, graph_.window);
  graph_.pad_end = rng_.chance(25);
  graph_.sample_rate = rng_.pick<double>({0, 100, 48000});
  const uint64_t size = rng_.below(20);
  if (size == 0) {
    graph_.frames = rng_.below(3);
  } else if (size == 1) {
    graph_.frames = rng_.below(graph_.window + 1);
  } else if (size == 2) {
    graph_.frames = rng_.between(limits_.frames, limits_.long_streams * limits_.frames);
  } else {
    graph_.frames = rng_.between(1, limits_.frames);
  }
}

void Generator::make_samples() {
  const uint64_t elements = graph_.frames * graph_.channels;
  graph_.samples.reserve(16);  // so that an empty stream has an address too
  graph_.samples.resize(elements * sqs_dtype_bytes(graph_.dtype));
  if (elements > 0) write_elements(graph_.dtype, elements, rng_.next(), rng_.chance(30), graph_.samples.data());
}

bool Generator::aligned(const StageSpec& stage) const {
  return Geometries(*geometries_).add(stage) && Geometries(*longer_).add(stage);
}

// An odd edge must not mirror further than the input is long.
bool Generator::odd_edges_fit(const StageSpec& stage) const {
  const Geometry whole = Geometries(*geometries_).add(stage).value();
  for (const AccessSpec& access : stage.inputs) {
    const int32_t edge = stage.lead + stage.tail > 0 ? stage.extend_edge : access.edge;
    if (edge != SQS_ODD || whole.computed_rows == 0) continue;
    const auto last = static_cast<int64_t>(geometries_->at(access.stage).rows) - 1;
    const auto lead = static_cast<int64_t>(stage.lead);
    const int64_t low = centre(access, 0) - static_cast<int64_t>(access.before) - lead;
    const int64_t high = centre(access, whole.computed_rows - 1) + static_cast<int64_t>(access.after) - lead;
    if (-low > last || high - last > last) return false;
  }
  return true;
}

// Prefers late nodes, so that graphs grow deep as well as wide.
const std::string& Generator::random_node() {
  const uint64_t a = rng_.below(names_.size());
  const uint64_t b = rng_.below(names_.size());
  return names_[rng_.chance(60) ? std::max(a, b) : a];
}

// An odd edge needs float arithmetic, and is for what windows are over, not for windows.
int32_t Generator::random_edge(const std::string& node, int32_t first) {
  const bool odd = is_floating(nodes_.at(node).dtype) && !windows_.contains(node);
  return static_cast<int32_t>(rng_.between(static_cast<uint64_t>(first), odd ? SQS_ODD : SQS_REFLECT));
}

// Empty if the node is too wide to be read in context.
std::optional<AccessSpec> Generator::random_access(const std::string& node) {
  AccessSpec access;
  access.stage = node;
  const NodeInfo& info = nodes_.at(node);
  if (constant(node)) return access;
  if (node == wanted_node_ && rng_.chance(60)) return access;  // so that chains don't run out of rows
  access.edge = random_edge(node, SQS_VALID);
  if (rng_.chance(60)) {
    const uint64_t reach = rng_.chance(10) ? 24 : 4;
    access.before = rng_.below(reach + 1);
    access.after = rng_.below(reach + 1);
  }
  if (rng_.chance(25)) access.stride = rng_.between(2, 5);
  if (rng_.chance(20)) {
    access.has_offset = true;
    access.offset = static_cast<int64_t>(rng_.below(12));
    if (access.edge != SQS_VALID && rng_.chance(50)) access.offset = -access.offset;
  }
  const bool too_many_axes = info.shape.size() + 2 > SQS_MAX_VIEW_DIMS;
  if (too_many_axes || access.context() * info.row_bytes() > limits_.context_bytes) access.before = access.after = 0;
  if (access.context() * info.row_bytes() > 2 * limits_.context_bytes) return std::nullopt;
  return access;
}

// One to `most` aligned inputs. Later ones are tried a few times and given up if none fits.
bool Generator::fill_inputs(StageSpec& stage, uint64_t most) {
  const std::optional<AccessSpec> first = random_access(first_node());
  if (!first) return false;
  stage.inputs = {*first};
  const uint64_t wanted = rng_.chance(50) ? 1 : rng_.between(1, most);
  for (int tries = 0; stage.inputs.size() < wanted && tries < 24; ++tries) {
    std::optional<AccessSpec> next = random_access(random_node());
    if (!next) continue;
    const bool mixed_rates = !constant(next->stage) && !constant(first->stage);
    if (mixed_rates && rng_.chance(60)) next->stride = first->stride;
    if (mixed_rates && rng_.chance(30)) {
      next->has_offset = true;
      next->offset = static_cast<int64_t>(rng_.below(6));
    }
    stage.inputs.push_back(*next);
    if (!aligned(stage)) stage.inputs.pop_back();
  }
  // A stage that reads nothing but constants has one row: rare, so that graphs do not die out.
  const bool all_constant = std::all_of(stage.inputs.begin(), stage.inputs.end(),
                                        [&](const AccessSpec& access) { return constant(access.stage); });
  return !all_constant || (stage.kind == SQS_MAP && rng_.chance(10));
}

void Generator::fill_output(StageSpec& stage) {
  stage.dtype = random_dtype();
  const uint64_t dims = rng_.chance(70) ? rng_.below(3) : rng_.below(SQS_MAX_DIMS + 1);
  uint64_t elements = 1;
  for (uint64_t i = 0; i < dims; ++i) {
    const uint64_t extent = elements > 8 ? 1 : rng_.between(1, 4);
    stage.shape.push_back(static_cast<int64_t>(extent));
    elements *= extent;
  }
  stage.seed = rng_.next();
  stage.specials = rng_.chance(25);
  stage.threading = static_cast<int32_t>(rng_.below(3));
  if (rng_.chance(12)) stage.purity = SQS_ONCE;
  if (rng_.chance(30)) stage.scratch_bytes = rng_.between(1, 600);
  if (rng_.chance(30)) stage.cost_ns_per_row = static_cast<double>(rng_.between(1, 2000));
}

void Generator::fill_state(StageSpec& stage) {
  stage.state = rng_.chance(50) ? StateForm::Saved : StateForm::Plain;
  stage.state_extra_bytes = 8 * (rng_.chance(50) ? rng_.below(4) : rng_.below(40));
  stage.has_init = stage.state == StateForm::Saved || rng_.chance(70);
}

int32_t Generator::random_direction() {
  if (wanted_direction_) return *wanted_direction_;
  return looks_back_ && rng_.chance(50) ? SQS_BACKWARD : SQS_FORWARD;
}

bool Generator::fill_windows(StageSpec& stage) {
  stage.windows = true;
  const std::string& node = first_node();
  if (constant(node) || nodes_.at(node).shape.size() > SQS_MAX_DIMS) return false;
  std::optional<AccessSpec> access = random_access(node);
  if (!access) return false;
  if (rng_.chance(60)) {
    access->before = 0;
    access->edge = SQS_VALID;
    access->offset = std::max<int64_t>(access->offset, 0);
  }
  stage.inputs = {*access};
  return true;
}

bool Generator::fill_map(StageSpec& stage) {
  stage.kind = SQS_MAP;
  if (!fill_inputs(stage, 3)) return false;
  fill_output(stage);
  if (rng_.chance(6)) fill_crop(stage);
  return true;
}

void Generator::fill_extension(StageSpec& stage) {
  AccessSpec plain;
  plain.stage = stage.inputs.front().stage;
  stage.inputs = {plain};
  stage.extend_edge = random_edge(plain.stage, SQS_ZERO);
  stage.lead = rng_.below(8);
  stage.tail = rng_.below(8);
  if (stage.lead + stage.tail == 0) stage.lead = 1;
  if (rng_.chance(50)) stage.crop = plain.stage;
}

void Generator::fill_crop(StageSpec& stage) {
  stage.crop = random_node();
  if (!constant(stage.crop) && aligned(stage)) {
    const Geometry& grid = geometries_->at(stage.crop);
    const Geometry cropped = Geometries(*geometries_).add(stage).value();
    if (cropped.crop_stride == 1 && cropped.rows == grid.rows) return;
  }
  stage.crop.clear();
}

bool Generator::fill_scan(StageSpec& stage) {
  stage.kind = SQS_SCAN;
  if (!fill_inputs(stage, 2)) return false;
  stage.direction = random_direction();
  fill_output(stage);
  fill_state(stage);
  if (stage.inputs.size() == 1 && !constant(stage.inputs.front().stage) && rng_.chance(35)) {
    fill_extension(stage);
  } else if (rng_.chance(8)) {
    fill_crop(stage);
  }
  return true;
}

bool Generator::fill_reduce(StageSpec& stage) {
  stage.kind = SQS_REDUCE;
  if (!fill_inputs(stage, 2)) return false;
  stage.direction = random_direction();
  fill_output(stage);
  fill_state(stage);
  return true;
}

Generator::Kind Generator::random_kind() {
  const uint64_t kind = rng_.below(100);
  if (kind < 12) return Kind::Windows;
  if (kind < (looks_back_ ? 48U : 64U)) return Kind::Map;
  return kind < 86 ? Kind::Scan : Kind::Reduce;
}

// Whether a stage could be added; not every one that is thought up is aligned.
bool Generator::add_stage(Kind kind) {
  StageSpec stage;
  stage.name = "s" + std::to_string(graph_.stages.size());
  const bool filled = kind == Kind::Windows ? fill_windows(stage)
                      : kind == Kind::Map   ? fill_map(stage)
                      : kind == Kind::Scan  ? fill_scan(stage)
                                            : fill_reduce(stage);
  if (!filled || !aligned(stage) || (!odd_edges_fit(stage) && !rng_.chance(3))) return false;
  geometries_->add(stage);
  longer_->add(stage);
  if (stage.windows) {
    windows_.insert(stage.name);
    NodeInfo info = nodes_.at(stage.inputs.front().stage);
    info.shape.insert(info.shape.begin(), static_cast<int64_t>(stage.inputs.front().context()));
    note(stage.name, std::move(info));
  } else {
    note(stage.name, {stage.dtype, stage.shape});
  }
  graph_.stages.push_back(std::move(stage));
  return true;
}

// A stage that reads `node` first, in a few attempts.
bool Generator::add_after(const std::string& node, Kind kind) {
  wanted_node_ = node;
  bool added = false;
  for (int tries = 0; !added && tries < 20; ++tries) added = add_stage(kind);
  wanted_node_.clear();
  return added;
}

bool Generator::add_scan(int32_t direction, const std::string& node) {
  wanted_direction_ = direction;
  const bool added = add_after(node, Kind::Scan);
  wanted_direction_.reset();
  return added;
}

// Two to five scans, each over the one before it and against its direction, some with a map or windows between them.
void Generator::add_chain() {
  const uint64_t depth = rng_.between(2, limits_.turns);
  int32_t direction = rng_.pick<int32_t>({SQS_FORWARD, SQS_BACKWARD});
  std::string node;
  for (uint64_t i = 0; i < depth; ++i) {
    const bool between = i > 0 && rng_.chance(35);
    if (between && add_after(node, rng_.chance(75) ? Kind::Map : Kind::Windows)) node = graph_.stages.back().name;
    if (!add_scan(direction, node)) return;
    node = graph_.stages.back().name;
    direction = direction == SQS_FORWARD ? SQS_BACKWARD : SQS_FORWARD;
  }
}

// Up to three different computed stages, late ones first; windows are targets too, if rarely. If the graph looks back, so
// does one of them.
void Generator::pick_targets() {
  const uint64_t wanted = rng_.between(1, 3);
  const std::set<std::string> looking_back = stages_that_look_back(graph_);
  for (const StageSpec& stage : graph_.stages) {
    const bool first = graph_.targets.empty();
    if (looking_back.contains(stage.name) && (first || rng_.chance(50))) graph_.targets = {stage.name};
  }
  for (int tries = 0; graph_.targets.size() < wanted && tries < 20; ++tries) {
    const uint64_t back = rng_.chance(50) ? 0 : rng_.below(graph_.stages.size());
    const StageSpec& stage = graph_.stages[graph_.stages.size() - 1 - back];
    const bool chosen = std::find(graph_.targets.begin(), graph_.targets.end(), stage.name) != graph_.targets.end();
    if (chosen || (stage.windows && !rng_.chance(25))) continue;
    graph_.targets.push_back(stage.name);
  }
  if (graph_.targets.empty()) graph_.targets.push_back(graph_.stages.back().name);
}

}  // namespace

GraphSpec random_graph(uint64_t seed, const GraphLimits& limits) { return Generator(seed, limits).make(); }

}  // namespace eq
