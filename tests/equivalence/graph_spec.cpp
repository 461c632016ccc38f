#include "graph_spec.hpp"

#include <algorithm>
#include <array>
#include <sstream>

namespace eq {
namespace {

const char* edge_name(int32_t edge) {
  constexpr std::array<const char*, 5> kNames = {"valid", "zero", "clamp", "reflect", "odd"};
  return kNames.at(static_cast<size_t>(edge));
}

const char* kind_name(const StageSpec& stage) {
  if (stage.windows) return "windows";
  return stage.kind == SQS_MAP ? "map" : stage.kind == SQS_SCAN ? "scan" : "reduce";
}

const char* threading_name(int32_t threading) {
  return threading == SQS_CALLER_THREAD ? "caller" : threading == SQS_ANY_THREAD ? "any" : "concurrent";
}

void dump_access(std::ostringstream& out, const AccessSpec& access) {
  out << " " << access.stage << "{" << edge_name(access.edge) << " -" << access.before << "+" << access.after;
  if (access.stride != 1) out << " stride " << access.stride;
  if (access.has_offset) out << " offset " << access.offset;
  out << "}";
}

void dump_stage(std::ostringstream& out, const StageSpec& stage) {
  out << "  " << stage.name << " = " << kind_name(stage) << "(";
  for (const AccessSpec& access : stage.inputs) dump_access(out, access);
  out << " )";
  if (!stage.windows) {
    out << " " << sqs_dtype_name(stage.dtype) << "[";
    for (int64_t extent : stage.shape) out << " " << extent;
    out << " ] " << threading_name(stage.threading);
  }
  if (stage.backward()) out << " backward";
  if (stage.purity == SQS_ONCE) out << " once";
  if (stage.lead + stage.tail > 0) {
    out << " lead " << stage.lead << " tail " << stage.tail << " " << edge_name(stage.extend_edge);
  }
  if (!stage.crop.empty()) out << " crop " << stage.crop;
  if (stage.carries()) {
    out << (stage.state == StateForm::Saved ? " saved-state" : " plain-state") << (stage.has_init ? "" : " no-init");
  }
  out << "\n";
}

}  // namespace

uint64_t element_count(const std::vector<int64_t>& shape) {
  uint64_t count = 1;
  for (int64_t extent : shape) count *= static_cast<uint64_t>(extent);
  return count;
}

bool is_floating(int32_t dtype) {
  return dtype == SQS_F32 || dtype == SQS_F64 || dtype == SQS_C64 || dtype == SQS_C128;
}

std::set<std::string> stages_that_look_back(const GraphSpec& graph) {
  std::set<std::string> found;
  for (const StageSpec& stage : graph.stages) {  // inputs come before their readers
    const bool reads_one = std::any_of(stage.inputs.begin(), stage.inputs.end(),
                                       [&](const AccessSpec& access) { return found.contains(access.stage); });
    if (reads_one || (stage.backward() && stage.kind == SQS_SCAN)) found.insert(stage.name);
  }
  return found;
}

std::string dump(const GraphSpec& graph) {
  std::ostringstream out;
  out << "graph " << graph.seed << ": " << graph.frames << " frames of " << sqs_dtype_name(graph.dtype) << " x "
      << graph.channels << ", window " << graph.window << " hop " << graph.hop << (graph.pad_end ? " pad_end" : "")
      << " rate " << graph.sample_rate << ", a reader on " << threading_name(graph.reading) << "\n";
  for (const StageSpec& stage : graph.stages) dump_stage(out, stage);
  out << "  targets:";
  for (const std::string& target : graph.targets) out << " " << target;
  out << "\n";
  return out.str();
}

}  // namespace eq
