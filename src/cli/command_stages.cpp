#include <iostream>
#include <nlohmann/json.hpp>
#include <vector>

#include "commands.hpp"
#include "document.hpp"
#include "dsp.hpp"
#include "table.hpp"

namespace sqs::cli {
namespace {

struct StageType {
  uint32_t index;
  sqs_dsp_type type;
};

std::vector<StageType> stage_types() {
  std::vector<StageType> entries;
  for (const sqs_dsp_type& type : dsp_types()) entries.push_back({static_cast<uint32_t>(entries.size()), type});
  return entries;
}

const char* kind_name(int32_t kind) { return kind == SQS_MAP ? "map" : kind == SQS_SCAN ? "scan" : "reduce"; }

// Up to a full stop that a capital letter follows: ranges are written 0 .. n.
std::string first_sentence(const std::string& doc) {
  for (size_t stop = doc.find(". "); stop != std::string::npos; stop = doc.find(". ", stop + 1))
    if (stop + 2 < doc.size() && doc[stop + 2] >= 'A' && doc[stop + 2] <= 'Z') return doc.substr(0, stop + 1);
  return doc;
}

nlohmann::json to_json(const StageType& entry) {
  nlohmann::json params = nlohmann::json::array();
  for (const sqs_dsp_param& param : dsp_params(entry.index))
    params.push_back({{"name", param.name},
                      {"type", param.type},
                      {"unit", param.unit},
                      {"required", param.required == 1},
                      {"default", param.default_value},
                      {"range", param.range},
                      {"doc", param.doc}});
  return {{"name", entry.type.name},
          {"kind", kind_name(entry.type.kind)},
          {"inputs", entry.type.input_count},
          {"doc", entry.type.doc},
          {"params", params}};
}

void print_list(const std::vector<StageType>& types) {
  using enum Table::Align;
  Table table({{"stage", kLeft}, {"kind", kLeft}, {"inputs", kRight}, {"what it computes", kLeft}});
  for (const StageType& entry : types)
    table.add({entry.type.name, kind_name(entry.type.kind), std::to_string(entry.type.input_count),
               first_sentence(entry.type.doc)});
  table.print(std::cout);
}

void print_one(const StageType& entry) {
  using enum Table::Align;
  std::cout << entry.type.name << ": " << kind_name(entry.type.kind) << ", inputs: " << entry.type.input_count << "\n"
            << entry.type.doc << "\n";
  if (entry.type.param_count == 0) return;
  std::cout << '\n';
  Table table({{"parameter", kLeft}, {"type", kLeft}, {"unit", kLeft}, {"default", kLeft}, {"range", kLeft}, {"what", kLeft}});
  for (const sqs_dsp_param& param : dsp_params(entry.index))
    table.add({param.name, param.type, param.unit, param.required == 1 ? "required" : param.default_value, param.range,
               param.doc});
  table.print(std::cout);
}

}  // namespace

Exit stages(const Options& options) {
  const auto types = stage_types();
  if (options.stage_type.empty()) {
    nlohmann::json list = nlohmann::json::array();
    for (const StageType& entry : types) list.push_back(to_json(entry));
    if (options.json) print_document(list);
    else print_list(types);
    return Exit::kOk;
  }
  for (const StageType& entry : types) {
    if (options.stage_type != entry.type.name) continue;
    if (options.json) print_document(to_json(entry));
    else print_one(entry);
    return Exit::kOk;
  }
  throw Failure(Exit::kUsage, "there is no stage '" + options.stage_type + "'; `sqrtspace stages` lists them");
}

}  // namespace sqs::cli
