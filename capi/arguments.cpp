#include "arguments.hpp"

#include <cmath>
#include <memory>
#include <string_view>

#include "guard.hpp"

namespace sqs::capi {
namespace {

Error invalid(std::string message) { return {.code = SQS_E_INVALID, .message = std::move(message)}; }

// The bytes of the well-formed UTF-8 sequence at the start of `text` (Unicode 15, table 3-7), or 0.
std::size_t sequence_bytes(std::string_view text) {
  const auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto tail = [&](std::size_t i) { return (at(i) & 0xC0u) == 0x80u; };
  const unsigned first = at(0);
  if (first < 0x80u) return 1;
  if (first >= 0xC2u && first <= 0xDFu) return tail(1) ? 2 : 0;
  if (first >= 0xE0u && first <= 0xEFu) {
    const bool overlong = first == 0xE0u && at(1) < 0xA0u;
    const bool surrogate = first == 0xEDu && at(1) > 0x9Fu;
    return tail(1) && tail(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0u && first <= 0xF4u) {
    const bool overlong = first == 0xF0u && at(1) < 0x90u;
    const bool beyond = first == 0xF4u && at(1) > 0x8Fu;
    return tail(1) && tail(2) && tail(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t bytes = sequence_bytes(text);
    if (bytes == 0) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

bool has_control_character(std::string_view text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return true;
  return false;
}

}  // namespace

User own(void* user, sqs_destroy_fn destroy) {
  if (destroy == nullptr) return User(User(), user);  // owns nothing and allocates nothing
  return User(user, [destroy](void* held) { call_destroy(destroy, held); });
}

Status require(const void* pointer, const char* what) {
  if (pointer == nullptr) return Error{.code = SQS_E_NULL, .message = std::string(what) + " is NULL"};
  return ok();
}

Status require_if_any(const void* pointer, uint64_t count, const char* what) {
  if (pointer == nullptr && count > 0)
    return Error{.code = SQS_E_NULL, .message = std::string(what) + " is NULL, but their number is " + std::to_string(count)};
  return ok();
}

Status in_enum(int32_t value, int32_t first, int32_t last, const std::string& what, const char* names) {
  if (value >= first && value <= last) return ok();
  return invalid(what + " is " + std::to_string(value) + ", which is no " + names + " (" + std::to_string(first) + ".." +
                 std::to_string(last) + ")");
}

Status is_flag(int32_t value, const std::string& what) {
  if (value == 0 || value == 1) return ok();
  return invalid(what + " is " + std::to_string(value) + "; it can be 0 or 1");
}

Status is_dtype(int32_t value, const std::string& what) { return in_enum(value, SQS_U8, SQS_C128, what, "sqs_dtype_code"); }

Status is_zero(uint64_t value, const std::string& what) {
  if (value == 0) return ok();
  return invalid(what + " is " + std::to_string(value) + "; it is reserved and must be 0");
}

Status is_positive_or_zero(double value, const std::string& what) {
  if (std::isfinite(value) && value >= 0) return ok();
  return invalid(what + " is " + std::to_string(value) + "; it must be finite and not negative");
}

Result<std::string> stage_name(const char* name, const std::string& what) {
  SQS_TRY(require(name, what.c_str()));
  const std::string_view text = name;
  if (text.empty()) return Error{.code = SQS_E_NAME, .message = what + " is empty: a stage needs a name"};
  if (!is_utf8(text)) return Error{.code = SQS_E_NAME, .message = what + " is not UTF-8"};
  if (has_control_character(text)) return Error{.code = SQS_E_NAME, .message = what + " contains a control character"};
  return std::string(text);
}

Result<std::vector<std::string>> stage_names(const char* const* names, uint32_t count, const std::string& what) {
  SQS_TRY(require(names, what.c_str()));
  if (count == 0) return invalid(what + " is empty: name one stage at least");
  std::vector<std::string> taken;
  taken.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    SQS_TRY_ASSIGN(std::string name, stage_name(names[i], what + "[" + std::to_string(i) + "]"));
    taken.push_back(std::move(name));
  }
  return taken;
}

std::string text_or_empty(const char* text) { return text != nullptr ? text : ""; }

}  // namespace sqs::capi
