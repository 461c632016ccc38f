#include <iostream>
#include <nlohmann/json.hpp>
#include <vector>

#include "commands.hpp"
#include "document.hpp"
#include "sqrtspace/dsp.hpp"
#include "table.hpp"

namespace sqs::cli {
namespace {

namespace sq = sqrtspace;

const char* kind_name(sq::Kind kind) {
  return kind == sq::Kind::map ? "map" : kind == sq::Kind::scan ? "scan" : "reduce";
}

// "1", or "1 to 3".
std::string inputs_of(const sq::dsp::TypeInfo& type) {
  const std::string least = std::to_string(type.input_count);
  return type.optional_input_count == 0 ? least : least + " to " + std::to_string(type.input_count + type.optional_input_count);
}

// Up to a full stop that a capital letter follows: ranges are written 0 .. n.
std::string first_sentence(const std::string& doc) {
  for (size_t stop = doc.find(". "); stop != std::string::npos; stop = doc.find(". ", stop + 1))
    if (stop + 2 < doc.size() && doc[stop + 2] >= 'A' && doc[stop + 2] <= 'Z') return doc.substr(0, stop + 1);
  return doc;
}

nlohmann::json to_json(const sq::dsp::TypeInfo& type) {
  nlohmann::json params = nlohmann::json::array();
  for (const sq::dsp::ParamInfo& param : type.params)
    params.push_back({{"name", param.name},
                      {"type", param.type},
                      {"unit", param.unit},
                      {"required", param.required},
                      {"default", param.default_value},
                      {"range", param.range},
                      {"doc", param.doc}});
  return {{"name", type.name},
          {"kind", kind_name(type.kind)},
          {"inputs", type.input_count},
          {"optional_inputs", type.optional_input_count},
          {"doc", type.doc},
          {"params", params}};
}

void print_list(const std::vector<sq::dsp::TypeInfo>& types) {
  using enum Table::Align;
  Table table({{"stage", kLeft}, {"kind", kLeft}, {"inputs", kRight}, {"what it computes", kLeft}});
  for (const sq::dsp::TypeInfo& type : types)
    table.add({type.name, kind_name(type.kind), inputs_of(type), first_sentence(type.doc)});
  table.print(std::cout);
}

void print_one(const sq::dsp::TypeInfo& type) {
  using enum Table::Align;
  std::cout << type.name << ": " << kind_name(type.kind) << ", inputs: " << inputs_of(type) << "\n" << type.doc << "\n";
  if (type.params.empty()) return;
  std::cout << '\n';
  Table table({{"parameter", kLeft}, {"type", kLeft}, {"unit", kLeft}, {"default", kLeft}, {"range", kLeft}, {"what", kLeft}});
  for (const sq::dsp::ParamInfo& param : type.params)
    table.add({param.name, param.type, param.unit, param.required ? "required" : param.default_value, param.range, param.doc});
  table.print(std::cout);
}

}  // namespace

Exit stages(const Options& options) {
  const std::vector<sq::dsp::TypeInfo> types = sq::dsp::types();
  if (options.stage_type.empty()) {
    nlohmann::json list = nlohmann::json::array();
    for (const sq::dsp::TypeInfo& type : types) list.push_back(to_json(type));
    if (options.json) print_document(list);
    else print_list(types);
    return Exit::kOk;
  }
  for (const sq::dsp::TypeInfo& type : types) {
    if (options.stage_type != type.name) continue;
    if (options.json) print_document(to_json(type));
    else print_one(type);
    return Exit::kOk;
  }
  throw Failure(Exit::kUsage, "there is no stage '" + options.stage_type + "'; `sqrtspace stages` lists them");
}

}  // namespace sqs::cli
