// Numbers, modes and columns as people and as JSON read them.
#pragma once

#include <cstdint>
#include <string>

namespace sqs {

std::string bytes_in_words(uint64_t bytes);      // "12.3 MiB"
std::string exact_bytes(uint64_t bytes);         // "12897485 bytes (12.3 MiB)": to be typed, and to be read
std::string seconds_in_words(double seconds);    // "1.234 s", "12.3 ms"
std::string count_in_words(uint64_t count);      // "1 234 567"
std::string fixed(double value, int digits);
std::string mode_name(int32_t mode);             // "classic", "sqrt", "auto"

// At least `width` characters, the text at its left or at its right.
std::string padded(std::string text, size_t width);
std::string padded_left(const std::string& text, size_t width);

// A flat builder of JSON text: objects and arrays in the order they are written.
class Json {
 public:
  Json& open(char bracket);
  Json& close(char bracket);
  Json& key(const std::string& name);
  Json& text(const std::string& value);
  Json& number(uint64_t value);
  Json& number(double value);
  Json& integer(int64_t value);
  Json& boolean(bool value);
  const std::string& str() const { return out_; }

 private:
  void separate();
  std::string out_;
  bool first_ = true;
  bool after_key_ = false;
};

}  // namespace sqs
