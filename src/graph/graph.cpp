#include "graph/graph.hpp"

#include <algorithm>

#include "core/dtype.hpp"
#include "core/size.hpp"
#include "graph/check.hpp"

namespace sqs {
namespace {

Result<uint64_t> bytes_of_row(const std::string& name, int32_t dtype, const std::vector<uint64_t>& shape) {
  Size bytes = dtype_bytes(dtype);
  for (const uint64_t extent : shape) bytes = bytes * extent;
  Result<uint64_t> taken = bytes.take("a row of stage '" + name + "'");
  if (!taken.ok()) taken.error().stage = name;
  return taken;
}

// A frame count at which stages of unequal length show it when they are added, not only when they are run.
uint64_t trial_frames(const Format& format) { return 4 * format.window + (uint64_t{1} << 42) + 1; }

}  // namespace

std::vector<uint64_t> seen_shape(const Node& input, const Reach& reach) {
  std::vector<uint64_t> shape = input.decl.shape;
  if (reach.has_context()) shape.insert(shape.begin(), reach.context());
  return shape;
}

Result<std::shared_ptr<const Graph>> Graph::create(const Format& format) {
  SQS_TRY(check_format(format));
  auto graph = std::shared_ptr<Graph>(new Graph(format));

  auto frames = std::make_shared<Node>();
  frames->decl.name = "frames";
  frames->decl.kind = Kind::Frames;
  frames->decl.dtype = format.dtype;
  frames->decl.shape = {format.channels};
  SQS_TRY_ASSIGN(frames->row_bytes, bytes_of_row("frames", format.dtype, frames->decl.shape));

  auto input = std::make_shared<Node>();
  input->decl = frames->decl;
  input->decl.name = "input";
  input->decl.kind = Kind::Windows;
  input->decl.shape = {format.window, format.channels};
  input->context_axis = true;
  input->step = format.hop;
  SQS_TRY_ASSIGN(input->row_bytes, bytes_of_row("input", format.dtype, input->decl.shape));
  Link link;
  link.reach.stride = format.hop;
  link.reach.after = format.window - 1;
  link.reach.edge = Edge::Zero;  // only pad_end reads past the end
  input->inputs = {link};

  graph->nodes_ = {frames, input};
  SQS_TRY(graph->check_lengths());
  return std::shared_ptr<const Graph>(graph);
}

Result<NodeId> Graph::find(const std::string& name) const {
  for (NodeId id = 0; id < size(); ++id)
    if (nodes_[id]->listed && nodes_[id]->name() == name) return id;
  std::string known;
  for (const auto& node : nodes_)
    if (node->listed) known += (known.empty() ? "" : ", ") + node->name();
  return Error{SQS_E_NAME, "there is no stage '" + name + "'; there are: " + known, name};
}

Status Graph::check_name(const std::string& name) const {
  if (name == "frames" || name == "input")
    return Error{SQS_E_NAME, "the name '" + name + "' is reserved for the stream itself: choose another", name};
  for (const auto& node : nodes_)
    if (node->name() == name)
      return Error{SQS_E_NAME, "there is already a stage '" + name + "': choose another name", name};
  return ok();
}

Result<Link> Graph::link_to(const std::string& reader, const Access& access) const {
  if (access.stage == reader)
    return Error{SQS_E_GRAPH, "stage '" + reader + "' names itself as an input: that is a cycle; a stage can only read stages "
                             "added before it", reader};
  Result<NodeId> of = find(access.stage);
  if (!of.ok()) {
    Error error = std::move(of).error();
    error.message = "stage '" + reader + "': " + error.message + "; a stage can only read stages added before it";
    error.stage = reader;
    return error;
  }
  const Node& input = node(*of);
  Link link{*of, reach_of(access), access.has_offset};
  SQS_TRY(check_access(reader, access, input));
  return link;
}

Status Graph::link_all(Node& node) const {
  for (const Access& access : node.decl.inputs) {
    SQS_TRY_ASSIGN(Link link, link_to(node.name(), access));
    node.inputs.push_back(link);
  }
  if (node.decl.lead + node.decl.tail == 0) return ok();
  const Node& input = this->node(node.inputs[0].of);
  if (input.global())
    return Error{SQS_E_GRAPH, "stage '" + node.name() + "' extends '" + input.name() + "', which has one row for the whole stream",
                 node.name()};
  Access extended = node.decl.inputs[0];
  extended.edge = node.decl.extend_edge;
  SQS_TRY(check_access(node.name(), extended, input));
  Reach& reach = node.inputs[0].reach;
  reach.base = -static_cast<int64_t>(node.decl.lead);
  reach.edge = node.decl.extend_edge;
  return ok();
}

// Finds where the rows of a stage lie, and refuses inputs that lie elsewhere.
Status Graph::align(Node& node) const {
  const Link* leader = nullptr;
  for (const Link& link : node.inputs) {
    if (this->node(link.of).global()) continue;
    if (leader == nullptr || (leader->has_offset && !link.has_offset)) leader = &link;
  }
  if (leader == nullptr) {  // reads nothing but whole-stream rows, so it is one
    node.step = 0;
    return ok();
  }
  auto place = [&](const Link& link) {
    const Node& in = this->node(link.of);
    return rows_through(link.reach, Rows{0, in.origin, in.step, false});
  };
  SQS_TRY_ASSIGN(const Rows lead_rows, place(*leader));
  node.origin = lead_rows.origin;
  node.step = lead_rows.step;
  for (const Link& link : node.inputs) {
    if (this->node(link.of).global()) continue;
    SQS_TRY_ASSIGN(const Rows rows, place(link));
    if (rows.step != node.step || (rows.origin != node.origin && !link.has_offset))
      return misaligned(node.name(), this->node(leader->of).name(), lead_rows, this->node(link.of).name(), rows);
  }
  return ok();
}

Result<std::shared_ptr<const Graph>> Graph::with_stage(StageDecl decl) const {
  SQS_TRY(check_name(decl.name));
  SQS_TRY(check_decl(decl));
  Node node;
  node.decl = std::move(decl);
  SQS_TRY_ASSIGN(node.row_bytes, bytes_of_row(node.name(), node.decl.dtype, node.decl.shape));
  SQS_TRY(link_all(node));
  SQS_TRY(align(node));
  if (node.decl.kind == Kind::Reduce) {
    node.step = 0;
    node.origin = 0;
  }
  auto graph = std::shared_ptr<Graph>(new Graph(*this));
  if (!node.decl.crop.empty()) {
    SQS_TRY(add_crop(*graph, std::move(node)));
  } else {
    graph->nodes_.push_back(std::make_shared<const Node>(std::move(node)));
  }
  SQS_TRY(graph->check_lengths());
  return std::shared_ptr<const Graph>(graph);
}

// A cropped stage is the whole stage, unlisted, and a view of the rows that lie on those of another.
Status Graph::add_crop(Graph& graph, Node node) const {
  const std::string name = node.name();
  Result<NodeId> to = find(node.decl.crop);
  if (!to.ok()) {
    Error error = std::move(to).error();
    error.message = "stage '" + name + "' is cropped to a stage that is not there: " + error.message;
    error.stage = name;
    return error;
  }
  const Node& target = this->node(*to);
  if (node.global() || target.global() || node.decl.kind == Kind::Reduce)
    return Error{SQS_E_GRAPH, "stage '" + name + "' or its crop '" + node.decl.crop + "' has one row for the whole stream: "
                              "there is nothing to crop", name};
  const int64_t ahead = target.origin - node.origin;
  const auto step = static_cast<int64_t>(node.step);
  if (target.step != node.step || ahead % step != 0 || ahead < 0)
    return misaligned(name, name, Rows{0, node.origin, node.step, false}, node.decl.crop,
                      Rows{0, target.origin, target.step, false});
  Node view;
  view.decl.name = name;
  view.decl.kind = Kind::Windows;
  view.decl.dtype = node.decl.dtype;
  view.decl.shape = node.decl.shape;
  view.row_bytes = node.row_bytes;
  view.origin = target.origin;
  view.step = target.step;
  view.is_crop = true;
  view.crop_to = *to;
  view.crop_base = ahead / step;
  Link link;
  link.of = static_cast<NodeId>(graph.nodes_.size());
  link.reach.base = view.crop_base;
  view.inputs = {link};
  node.listed = false;
  graph.nodes_.push_back(std::make_shared<const Node>(std::move(node)));
  graph.nodes_.push_back(std::make_shared<const Node>(std::move(view)));
  return ok();
}

Result<std::shared_ptr<const Graph>> Graph::with_windows(const std::string& name, const Access& access) const {
  SQS_TRY(check_name(name));
  SQS_TRY_ASSIGN(Link link, link_to(name, access));
  const Node& of = node(link.of);
  if (of.global())
    return Error{SQS_E_GRAPH, "windows '" + name + "' are over '" + access.stage + "', which has one row for the whole stream",
                 name};
  if (of.decl.shape.size() + 1 > SQS_MAX_DIMS + 1)
    return Error{SQS_E_GRAPH, "rows of windows '" + name + "' would have more than " + std::to_string(SQS_MAX_DIMS + 1) +
                              " dimensions", name};
  Node view;
  view.decl.name = name;
  view.decl.kind = Kind::Windows;
  view.decl.dtype = of.decl.dtype;
  view.decl.shape = of.decl.shape;
  view.decl.shape.insert(view.decl.shape.begin(), link.reach.context());
  view.context_axis = true;
  view.inputs = {link};
  SQS_TRY_ASSIGN(view.row_bytes, bytes_of_row(name, view.decl.dtype, view.decl.shape));
  SQS_TRY(align(view));
  auto graph = std::shared_ptr<Graph>(new Graph(*this));
  graph->nodes_.push_back(std::make_shared<const Node>(std::move(view)));
  SQS_TRY(graph->check_lengths());
  return std::shared_ptr<const Graph>(graph);
}

Status Graph::check_lengths() const {
  Result<std::vector<NodeRows>> trial = rows(trial_frames(format_), true);
  if (!trial.ok()) return std::move(trial).error();
  return ok();
}

Result<NodeRows> Graph::rows_of(NodeId id, const std::vector<NodeRows>& before) const {
  const Node& node = *nodes_[id];
  if (id == kInputNode) {
    SQS_TRY_ASSIGN(const Rows rows, window_rows(format_, before[kFramesNode].out));
    return NodeRows{rows, rows};
  }
  Rows domain{1, 0, 0, false};
  bool first = true;
  const Link* plain = nullptr;  // the first input that states no offset: the others of that kind have its length
  uint64_t plain_count = 0;
  for (const Link& link : node.inputs) {
    const Rows& in = before[link.of].out;
    if (this->node(link.of).global()) {
      domain.open = domain.open || in.open;
      continue;
    }
    SQS_TRY(check_odd_reach(node, this->node(link.of), link.reach, in));
    SQS_TRY_ASSIGN(Rows rows, rows_through(link.reach, in));
    if (!in.open && in.count > 0) rows.count += node.decl.tail;
    // Before the end the rows known so far differ by how far each access reaches ahead; only whole lengths can be compared.
    if (!rows.open && !link.has_offset && plain != nullptr && rows.count != plain_count)
      return Error{SQS_E_GRAPH, "the inputs of stage '" + node.name() + "' have " + std::to_string(plain_count) + " rows ('" +
                                this->node(plain->of).name() + "') and " + std::to_string(rows.count) + " rows ('" +
                                this->node(link.of).name() + "'): crop one to the other, or state an offset", node.name()};
    if (!link.has_offset && plain == nullptr) {
      plain = &link;
      plain_count = rows.count;
    }
    domain.count = first ? rows.count : std::min(domain.count, rows.count);
    domain.open = domain.open || rows.open;
    first = false;
  }
  domain.origin = node.decl.kind == Kind::Reduce ? 0 : node.origin;
  domain.step = node.step;
  if (node.is_crop) {
    const Rows& to = before[node.crop_to].out;
    const Rows& whole = before[node.inputs[0].of].out;
    const uint64_t room = whole.count > static_cast<uint64_t>(node.crop_base)
                              ? whole.count - static_cast<uint64_t>(node.crop_base) : 0;
    if (!whole.open && to.count > room)
      return Error{SQS_E_GRAPH, "stage '" + node.name() + "' has too few rows to be cropped to '" +
                                this->node(node.crop_to).name() + "': " + std::to_string(room) + " of " +
                                std::to_string(to.count), node.name()};
    domain.count = std::min(to.count, room);
    domain.open = whole.open || to.open;
  }
  if (node.decl.kind != Kind::Reduce) return NodeRows{domain, domain};
  // Where the consumed rows lie follows from the input that leads the others, as in align().
  const Link* leader = nullptr;
  for (const Link& link : node.inputs) {
    if (this->node(link.of).global()) continue;
    if (leader == nullptr || (leader->has_offset && !link.has_offset)) leader = &link;
  }
  if (leader != nullptr) {
    SQS_TRY_ASSIGN(const Rows place, rows_through(leader->reach, before[leader->of].out));
    domain.origin = place.origin;
    domain.step = place.step;
  }
  return NodeRows{domain, Rows{1, 0, 0, domain.open}};
}

std::vector<bool> Graph::ancestors(const std::vector<NodeId>& targets) const {
  std::vector<bool> marked(size(), false);
  std::vector<NodeId> open = targets;
  while (!open.empty()) {
    const NodeId id = open.back();
    open.pop_back();
    if (marked[id]) continue;
    marked[id] = true;
    for (const Link& link : node(id).inputs) open.push_back(link.of);
    if (node(id).is_crop) open.push_back(node(id).crop_to);
  }
  return marked;
}

Result<std::vector<NodeRows>> Graph::rows(uint64_t frame_count, bool ended, const std::vector<bool>& wanted) const {
  if (frame_count >= uint64_t{1} << 61)
    return Error{SQS_E_OVERFLOW, "a stream of " + std::to_string(frame_count) + " frames does not fit 61 bits"};
  std::vector<NodeRows> all;
  all.reserve(nodes_.size());
  const Rows frames{frame_count, 0, 1, !ended};
  all.push_back({frames, frames});
  for (NodeId id = 1; id < size(); ++id) {
    if (!wanted.empty() && !wanted[id]) {
      all.push_back({});
      continue;
    }
    Result<NodeRows> rows = rows_of(id, all);
    if (!rows.ok()) {
      Error error = std::move(rows).error();
      if (error.stage.empty()) {
        error.stage = nodes_[id]->name();
        error.message = "stage '" + error.stage + "': " + error.message;
      }
      return error;
    }
    all.push_back(*rows);
  }
  return all;
}

}  // namespace sqs
