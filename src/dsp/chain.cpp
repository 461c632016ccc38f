#include "chain.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "guard.hpp"
#include "text.hpp"

namespace sqs::dsp {
namespace {

struct Part {
  std::string name;
  Recipe recipe;
  sqs_stage stage;
};

std::vector<Part> parts_of(const TypeSpec& type, const char* name, const char* input, Recipe recipe) {
  std::vector<Part> parts;
  std::vector<Recipe> helpers = std::move(recipe.helpers);
  for (Recipe& helper : helpers) parts.push_back({text(name, '.', helper.suffix), std::move(helper), {}});
  parts.push_back({name, std::move(recipe), {}});
  for (Part& part : parts) {
    part.stage = declare(type, part.recipe);
    if (part.recipe.crops_to_input) part.stage.crop = input;
  }
  return parts;
}

// What the engine would only say of a later stage, when those before it are there already.
void require_free_names(const sqs_pipeline* p, std::span<const Part> parts) {
  if (parts.back().name.empty()) fail(SQS_E_NAME, "the name is empty: a stage needs a name");
  for (const Part& part : parts) {
    sqs_stage_info info = {};
    info.struct_size = sizeof info;
    if (sqs_pipeline_describe(p, part.name.c_str(), &info, nullptr) == SQS_OK)
      fail(SQS_E_NAME, text("there is already a stage \"", part.name, "\": choose another name"));
  }
}

int32_t add_part(sqs_pipeline* p, Part& part, const sqs_access* accesses, uint32_t access_count, sqs_error** err) {
  auto* kernel = const_cast<Kernel*>(part.recipe.kernel.release());
  return sqs_pipeline_add_stage(p, part.name.c_str(), &part.stage, accesses, access_count, kernel, destroy_kernel, err);
}

sqs_access access_to(const Part& part) {
  sqs_access access;
  sqs_access_init(&access, sizeof access);
  access.stage = part.name.c_str();
  return access;
}

// The caller's accesses, which lie accesses[0].struct_size apart; the engine has taken them once, for the first helper.
void append(const sqs_access* accesses, uint32_t count, std::vector<sqs_access>& to) {
  const uint32_t bytes = accesses->struct_size;
  for (uint32_t i = 0; i < count; ++i) {
    sqs_access& access = to.emplace_back();
    sqs_access_init(&access, sizeof access);
    const auto* from = reinterpret_cast<const std::byte*>(accesses) + size_t{i} * bytes;
    std::memcpy(&access, from, std::min<size_t>(bytes, sizeof access));
    access.struct_size = sizeof access;
  }
}

// The engine's error, with what stays of the chain.
int32_t tell_what_stays(std::span<const Part> added, sqs_error* cause, sqs_error** err) {
  const std::unique_ptr<sqs_error, void (*)(sqs_error*)> owned(cause, sqs_error_destroy);
  std::string names;
  for (const Part& part : added) names += text(names.empty() ? "\"" : ", \"", part.name, "\"");
  const std::string message = text(sqs_error_message(cause), "; what was added for it before stays and is not read: ", names,
                                   "; to try again choose another name");
  return sqs_error_create(sqs_error_code(cause), sqs_error_stage(cause), sqs_error_row(cause), message.c_str(), err);
}

}  // namespace

int32_t add_chain(sqs_pipeline* p, const TypeSpec& type, const char* name, const sqs_access* accesses, uint32_t access_count,
                  Recipe recipe, sqs_error** err) {
  std::vector<Part> parts = parts_of(type, name, accesses->stage, std::move(recipe));
  if (parts.size() == 1) return add_part(p, parts.front(), accesses, access_count, err);
  require_free_names(p, parts);
  if (const int32_t code = add_part(p, parts.front(), accesses, access_count, err); code != SQS_OK) return code;
  for (size_t i = 1; i < parts.size(); ++i) {
    std::vector<sqs_access> reads = {access_to(parts[i - 1])};
    if (parts[i].recipe.also_reads_input) append(accesses, access_count, reads);
    sqs_error* cause = nullptr;
    if (add_part(p, parts[i], reads.data(), static_cast<uint32_t>(reads.size()), &cause) != SQS_OK)
      return tell_what_stays(std::span(parts).first(i), cause, err);
  }
  return SQS_OK;
}

}  // namespace sqs::dsp
