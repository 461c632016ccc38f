// Parameters of stage types and files: a table of ParamSpec is what the introspection shows, what the text is parsed with
// and what values are checked against. Values are immutable after parse_params().
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sqs::dsp {

enum class ParamType { Int, Float, FloatList, Choice };

const char* param_type_name(ParamType type);

// range is the rule itself, in one of these forms; numbers may be written 2^k.
//   choice      "a|b|c"
//   int, float  "lo..hi", "lo..", "..hi", ".." (any finite number), ">lo", ">lo..hi", "-inf.." (minus infinity too)
//   float list  a number's range, then "; lo..hi values"
// A parameter that is not required and has the default "" may be absent: its list is then empty.
struct ParamSpec {
  const char* name;
  ParamType type;
  const char* unit;
  const char* default_value;
  const char* range;
  const char* doc;
  bool required = false;
};

struct ParamValue {
  bool given = false;           // in the text, not by default
  std::vector<double> numbers;  // one, or a list; an int is exact up to 2^53
  std::string choice;
};

class Params {
 public:
  Params(std::span<const ParamSpec> specs, std::vector<ParamValue> values) : specs_(specs), values_(std::move(values)) {}

  // The name must be in the table.
  bool given(std::string_view name) const { return find(name).given; }
  uint64_t integer(std::string_view name) const;
  int64_t signed_integer(std::string_view name) const;
  double number(std::string_view name) const;
  const std::vector<double>& list(std::string_view name) const { return find(name).numbers; }
  const std::string& choice(std::string_view name) const { return find(name).choice; }
  bool is(std::string_view name, std::string_view value) const { return choice(name) == value; }

 private:
  const ParamValue& find(std::string_view name) const;

  std::span<const ParamSpec> specs_;
  std::vector<ParamValue> values_;
};

// Parses "key=value key=value,value"; absent keys take their defaults. text may be NULL. owner is what the parameters belong
// to ("rfft"), for the sentence. Throws Failure with SQS_E_INVALID.
Params parse_params(std::string_view owner, std::span<const ParamSpec> specs, const char* text);

}  // namespace sqs::dsp
