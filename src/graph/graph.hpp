// The DAG of stages: immutable; adding a stage gives a new graph that shares the old nodes. Nodes are in topological order,
// because a stage can only name stages that are there. Safe to share between threads.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "graph/geometry.hpp"
#include "graph/stage.hpp"

namespace sqs {

using NodeId = uint32_t;
inline constexpr NodeId kFramesNode = 0;
inline constexpr NodeId kInputNode = 1;

// A read of one node by another.
struct Link {
  NodeId of = 0;
  Reach reach;
  bool has_offset = false;
};

// A stage, the frames, or a named access rule ("windows": no buffer, no callback; a view of the node it is over).
struct Node {
  StageDecl decl;             // decl.kind Frames and Windows: only name, dtype and shape are used
  std::vector<Link> inputs;
  uint64_t row_bytes = 0;
  int64_t origin = 0;         // of the rows it puts out; known without the frame count
  uint64_t step = 1;          // 0: one row for the whole stream
  bool context_axis = false;  // Windows: the row shape starts with the context
  int64_t crop_base = 0;      // a Windows node made by a crop: its rows are those of crop_to
  NodeId crop_to = 0;
  bool is_crop = false;
  bool listed = true;         // found by its name; the uncropped half of a cropped stage is not

  bool is_virtual() const { return decl.kind == Kind::Windows; }
  bool global() const { return step == 0; }
  const std::string& name() const { return decl.name; }
};

// The rows of a node for a given input length. domain is what it computes over: a reduce's consumed rows, else equal to out.
struct NodeRows {
  Rows domain;
  Rows out;
};

class Graph {
 public:
  static Result<std::shared_ptr<const Graph>> create(const Format& format);

  Result<std::shared_ptr<const Graph>> with_stage(StageDecl decl) const;
  Result<std::shared_ptr<const Graph>> with_windows(const std::string& name, const Access& access) const;

  const Format& format() const { return format_; }
  uint32_t size() const { return static_cast<uint32_t>(nodes_.size()); }
  const Node& node(NodeId id) const { return *nodes_[id]; }
  Result<NodeId> find(const std::string& name) const;

  // The nodes that the rows of `targets` depend on, themselves included.
  std::vector<bool> ancestors(const std::vector<NodeId>& targets) const;

  // The rows of the nodes marked in `wanted` (empty: of all) when the source has `frame_count` frames, or at least so many if
  // it is not ended. SQS_E_GRAPH if the inputs of a stage differ in length, or an odd edge reaches past the whole input.
  Result<std::vector<NodeRows>> rows(uint64_t frame_count, bool ended, const std::vector<bool>& wanted = {}) const;

 private:
  explicit Graph(Format format) : format_(format) {}
  Result<NodeRows> rows_of(NodeId id, const std::vector<NodeRows>& before) const;
  Result<Link> link_to(const std::string& reader, const Access& access) const;
  Status link_all(Node& node) const;
  Status align(Node& node) const;
  Status add_crop(Graph& graph, Node node) const;
  Status check_name(const std::string& name) const;
  Status check_lengths() const;

  Format format_;
  std::vector<std::shared_ptr<const Node>> nodes_;
};

// The shape of one row as a reader sees it, context axis included.
std::vector<uint64_t> seen_shape(const Node& input, const Reach& reach);

}  // namespace sqs
