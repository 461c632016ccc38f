#include "params.hpp"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "guard.hpp"
#include "text.hpp"

namespace sqs::dsp {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";
constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Interval {
  double low = -kInfinity;
  double high = kInfinity;
  bool open_low = false;
  bool takes_minus_infinity = false;  // by "-inf.."

  bool contains(double value) const {
    if (value == -kInfinity) return takes_minus_infinity;
    return std::isfinite(value) && (open_low ? value > low : value >= low) && value <= high;
  }
};

std::optional<double> read_number(std::string_view digits) {
  double value = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (problem != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

// A number of a range: plain or a power ("2^20").
double read_bound(std::string_view bound) {
  const size_t caret = bound.find('^');
  if (caret == std::string_view::npos) return read_number(bound).value();
  return std::pow(read_number(bound.substr(0, caret)).value(), read_number(bound.substr(caret + 1)).value());
}

Interval read_interval(std::string_view range) {
  Interval interval;
  interval.open_low = range.starts_with('>');
  if (interval.open_low) range.remove_prefix(1);
  const size_t dots = range.find("..");
  if (dots == std::string_view::npos) {
    assert(interval.open_low);
    interval.low = read_bound(range);
    return interval;
  }
  const std::string_view low = range.substr(0, dots), high = range.substr(dots + 2);
  if (!low.empty()) interval.low = read_bound(low);
  interval.takes_minus_infinity = !low.empty() && interval.low == -kInfinity;
  if (!high.empty()) interval.high = read_bound(high);
  return interval;
}

// Takes the part before the separator off the front of `rest`.
std::string_view take_until(std::string_view& rest, char separator) {
  const size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

bool names_choice(std::string_view range, std::string_view value) {
  while (!range.empty())
    if (take_until(range, '|') == value) return true;
  return false;
}

constexpr std::string_view kAnyFinite = "..";

// The two halves of a list's range, "0..1; 1..64 values".
struct ListRange {
  std::string_view each, count;
};

ListRange split_list_range(std::string_view range) {
  const size_t semicolon = range.find("; ");
  std::string_view count = range.substr(semicolon + 2);
  return {range.substr(0, semicolon), take_until(count, ' ')};
}

// What a value of this range is, as words behind "each".
std::string interval_words(std::string_view range) {
  if (range == kAnyFinite) return "a finite number";
  if (range == "-inf..") return "a finite number or -inf";
  const bool open_low = range.starts_with('>');
  if (open_low) range.remove_prefix(1);
  const size_t dots = std::min(range.find(".."), range.size());
  const std::string_view low = range.substr(0, dots), high = range.substr(std::min(dots + 2, range.size()));
  if (low.empty()) return text("at most ", high);
  if (high.empty()) return text(open_low ? "above " : "at least ", low);
  return open_low ? text("above ", low, " and at most ", high) : text("from ", low, " to ", high);
}

// "1 to 64 values, each from 0 to 1".
std::string list_words(std::string_view range) {
  const auto [each, count] = split_list_range(range);
  const std::string_view low = count.substr(0, count.find("..")), high = count.substr(count.find("..") + 2);
  return text(low, " to ", high, " values, each ", interval_words(each));
}

struct Reader {
  std::string_view owner;
  const ParamSpec& spec;

  [[noreturn]] void refuse(std::string_view value, std::string_view why) const {
    const std::string_view range = spec.range == kAnyFinite ? "of finite numbers" : spec.range;
    fail(SQS_E_INVALID, text(owner, ": ", spec.name, "=", value, " ", why, " ", range));
  }
  [[noreturn]] void refuse_list(std::string_view why) const {
    fail(SQS_E_INVALID, text(owner, ": ", spec.name, " takes ", list_words(spec.range), "; ", why));
  }

  double number(std::string_view digits, const Interval& interval) const {
    const auto value = read_number(digits);
    if (!value) refuse(digits, "is not a number; the range is");
    if (!interval.contains(*value)) refuse(digits, "is outside the range");
    if (spec.type == ParamType::Int && (*value != std::trunc(*value) || std::abs(*value) > 9007199254740992.0))
      refuse(digits, "is not a whole number; the range is");
    return *value;
  }

  double list_number(std::string_view digits, size_t index, const Interval& interval) const {
    const auto value = read_number(digits);
    if (!value) refuse_list(text("value ", index, " is \"", digits, "\", which is no number"));
    if (!interval.contains(*value)) refuse_list(text("value ", index, " is ", digits));
    return *value;
  }

  std::vector<double> list(std::string_view values) const {
    const ListRange range = split_list_range(spec.range);
    const Interval each = read_interval(range.each), count = read_interval(range.count);
    std::vector<double> numbers;
    std::string_view rest = values;
    // A comma at the end stands before an empty number, which is refused as one.
    bool more = !values.empty();
    while (more) {
      more = rest.find(',') != std::string_view::npos;
      numbers.push_back(list_number(take_until(rest, ','), numbers.size(), each));
    }
    if (!count.contains(static_cast<double>(numbers.size())))
      refuse_list(text(numbers.size() == 1 ? "there is " : "there are ", numbers.size()));
    return numbers;
  }

  ParamValue value(std::string_view digits) const {
    ParamValue out;
    switch (spec.type) {
      case ParamType::Choice:
        if (!names_choice(spec.range, digits)) refuse(digits, "is none of");
        out.choice = digits;
        break;
      case ParamType::FloatList:
        out.numbers = list(digits);
        break;
      case ParamType::Int:
      case ParamType::Float:
        out.numbers = {number(digits, read_interval(spec.range))};
        break;
    }
    return out;
  }
};

// Behind "must be given".
std::string what_is_taken(const ParamSpec& spec) {
  if (spec.type == ParamType::FloatList) return text(": ", list_words(spec.range));
  if (spec.range == kAnyFinite) return ": any finite number";
  return text("; the range is ", spec.range);
}

std::string known_names(std::span<const ParamSpec> specs) {
  if (specs.empty()) return "it has none";
  std::string names = "known are";
  for (const ParamSpec& spec : specs) names += text(' ', spec.name);
  return names;
}

void parse_pair(std::string_view owner, std::span<const ParamSpec> specs, std::string_view pair,
                std::vector<ParamValue>& values) {
  const size_t equals = pair.find('=');
  if (equals == std::string_view::npos)
    fail(SQS_E_INVALID, text(owner, ": \"", pair, "\" is not of the form key=value"));
  const std::string_view key = pair.substr(0, equals);
  for (size_t i = 0; i < specs.size(); ++i) {
    if (key != specs[i].name) continue;
    if (values[i].given) fail(SQS_E_INVALID, text(owner, ": ", key, " is given twice"));
    values[i] = Reader{owner, specs[i]}.value(pair.substr(equals + 1));
    values[i].given = true;
    return;
  }
  fail(SQS_E_INVALID, text(owner, ": no parameter \"", key, "\"; ", known_names(specs)));
}

}  // namespace

const char* param_type_name(ParamType type) {
  switch (type) {
    case ParamType::Int: return "int";
    case ParamType::Float: return "float";
    case ParamType::FloatList: return "float list";
    case ParamType::Choice: return "choice";
  }
  return "";
}

const ParamValue& Params::find(std::string_view name) const {
  for (size_t i = 0; i < specs_.size(); ++i)
    if (name == specs_[i].name) return values_[i];
  assert(false && "a parameter that is not in the table");
  return values_.front();
}

double Params::number(std::string_view name) const { return find(name).numbers.front(); }
int64_t Params::signed_integer(std::string_view name) const { return static_cast<int64_t>(number(name)); }
uint64_t Params::integer(std::string_view name) const { return static_cast<uint64_t>(number(name)); }

Params parse_params(std::string_view owner, std::span<const ParamSpec> specs, const char* text_or_null) {
  std::vector<ParamValue> values(specs.size());
  std::string_view rest = text_or_null == nullptr ? "" : text_or_null;
  while (!(rest = rest.substr(std::min(rest.find_first_not_of(kSpaces), rest.size()))).empty()) {
    const std::string_view pair = rest.substr(0, rest.find_first_of(kSpaces));
    parse_pair(owner, specs, pair, values);
    rest.remove_prefix(pair.size());
  }
  for (size_t i = 0; i < specs.size(); ++i) {
    if (values[i].given) continue;
    if (specs[i].required) fail(SQS_E_INVALID, text(owner, ": ", specs[i].name, " must be given", what_is_taken(specs[i])));
    if (*specs[i].default_value != '\0') values[i] = Reader{owner, specs[i]}.value(specs[i].default_value);
  }
  return Params(specs, std::move(values));
}

}  // namespace sqs::dsp
