#include "core/words.hpp"

#include <charconv>
#include <cmath>

#include "sqrtspace/sqrtspace.h"

namespace sqs {

std::string mode_name(int32_t mode) { return mode == SQS_CLASSIC ? "classic" : mode == SQS_SQRT ? "sqrt" : "auto"; }

std::string padded(std::string text, size_t width) {
  text.resize(text.size() < width ? width : text.size(), ' ');
  return text;
}

std::string padded_left(const std::string& text, size_t width) {
  return (text.size() < width ? std::string(width - text.size(), ' ') : std::string()) + text;
}

std::string fixed(double value, int digits) {
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, digits);
  return std::string(text, end.ptr);
}

std::string bytes_in_words(uint64_t bytes) {
  constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return std::to_string(bytes) + " B";
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  for (; value >= 1024 && unit < 5; ++unit) value /= 1024;
  return fixed(value, value < 10 ? 2 : 1) + " " + kUnits[unit];
}

std::string exact_bytes(uint64_t bytes) {
  return std::to_string(bytes) + " bytes" + (bytes < 1024 ? "" : " (" + bytes_in_words(bytes) + ")");
}

std::string seconds_in_words(double seconds) {
  if (seconds >= 1) return fixed(seconds, 3) + " s";
  if (seconds >= 1e-3) return fixed(seconds * 1e3, 2) + " ms";
  return fixed(seconds * 1e6, 1) + " us";
}

std::string count_in_words(uint64_t count) {
  std::string digits = std::to_string(count);
  for (size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, " ");
  return digits;
}

void Json::separate() {
  if (!first_ && !after_key_) out_ += ',';
  first_ = after_key_ = false;
}

Json& Json::open(char bracket) {
  separate();
  out_ += bracket;
  first_ = true;
  return *this;
}

Json& Json::close(char bracket) {
  out_ += bracket;
  first_ = false;
  return *this;
}

Json& Json::key(const std::string& name) {
  text(name);
  out_ += ':';
  after_key_ = true;
  return *this;
}

Json& Json::text(const std::string& value) {
  separate();
  out_ += '"';
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out_ += '\\';
      out_ += c;
    } else if (byte < 0x20) {
      constexpr const char* kHex = "0123456789abcdef";
      out_ += "\\u00";
      out_ += kHex[byte >> 4];
      out_ += kHex[byte & 15];
    } else {
      out_ += c;
    }
  }
  out_ += '"';
  return *this;
}

Json& Json::number(uint64_t value) {
  separate();
  out_ += std::to_string(value);
  return *this;
}

Json& Json::integer(int64_t value) {
  separate();
  out_ += std::to_string(value);
  return *this;
}

Json& Json::number(double value) {
  separate();
  if (!std::isfinite(value)) {
    out_ += "null";
    return *this;
  }
  char digits[64];
  const auto end = std::to_chars(digits, digits + sizeof digits, value);
  out_.append(digits, end.ptr);
  return *this;
}

Json& Json::boolean(bool value) {
  separate();
  out_ += value ? "true" : "false";
  return *this;
}

}  // namespace sqs
