// sqrtspace/dsp.hpp - dsp.h for C++17 and later: the ready-made stages and file sources on a sqrtspace::Pipeline. Header-only, on
// top of sqrtspace.hpp; link libsqrtspace-dsp. SPDX-License-Identifier: MIT
//
//   namespace sq = sqrtspace;
//   const sq::dsp::FileInfo file = sq::dsp::file_info("sound.wav");
//   sq::Format format;
//   format.dtype = file.dtype;  format.channels = file.channels;  format.window = 4096;  format.hop = 1024;
//   sq::Pipeline pipeline(format);
//   sq::dsp::add(pipeline, "rfft", "spectrum", "input", {{"window", "hann"}, {"output", "magnitude"}});
//   sq::dsp::add(pipeline, "quantile", "levels", "spectrum", {{"p", {0.5, 0.95}}});
//   sq::dsp::set_file(pipeline, "sound.wav");
//   sq::Result levels = pipeline.evaluate("levels");
//
// Errors   A failing call throws Error, as those of sqrtspace.hpp do.
// Threads  Values and functions without state; a Pipeline is used as its own calls use it.
#ifndef SQRTSPACE_DSP_HPP
#define SQRTSPACE_DSP_HPP

#include <charconv>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "sqrtspace/dsp.h"
#include "sqrtspace/sqrtspace.hpp"

namespace sqrtspace::dsp {

// ---------------------------------------------------------------- parameters

namespace detail {

template <class T>
inline constexpr bool is_number =
    (std::is_integral_v<T> || std::is_same_v<T, float> || std::is_same_v<T, double>) && !std::is_same_v<T, bool> &&
    !std::is_same_v<T, char> && !std::is_same_v<T, wchar_t> && !std::is_same_v<T, char16_t> && !std::is_same_v<T, char32_t>;

// As short as it is read back to the last bit, whatever the locale: to_chars knows none. A float is the double it stands for.
template <class T>
void append_number(std::string& text, T value) {
  static_assert(is_number<T>, "parameters are integers, floats and doubles; a long double would be rounded");
  char digits[32];
  const auto begin = digits, end = digits + sizeof digits;
  if constexpr (std::is_integral_v<T>) text.append(begin, std::to_chars(begin, end, value).ptr);
  else text.append(begin, std::to_chars(begin, end, static_cast<double>(value)).ptr);
}

template <class Numbers>
std::string list_text(const Numbers& numbers) {
  std::string text;
  bool first = true;
  for (const auto& number : numbers) {
    if (!first) text += ',';
    first = false;
    append_number(text, number);
  }
  return text;
}

// "key=value": blanks end a value, so there is no way to write one that holds them.
inline void require_word(const std::string& key, std::string_view what, std::string_view word, const char* forbidden) {
  if (word.find_first_of(forbidden) == std::string_view::npos) return;
  throw Error(SQS_E_INVALID, "parameter \"" + key + "\": its " + std::string(what) + " \"" + std::string(word) +
                                 "\" can't be written as key=value");
}

}  // namespace detail

// A parameter as key and value: a number, a list of numbers, a word or a truth value.
class Param {
 public:
  template <class T>
  Param(std::string key, const T& value) : key_(std::move(key)), value_(text_of(value)) { check(); }
  Param(std::string key, std::initializer_list<double> numbers)
      : key_(std::move(key)), value_(detail::list_text(numbers)) { check(); }

  const std::string& key() const { return key_; }
  const std::string& value() const { return value_; }  // as text

 private:
  template <class T>
  static std::string text_of(const T& value) {
    std::string text;
    if constexpr (std::is_same_v<T, bool>) text = value ? "true" : "false";
    else if constexpr (std::is_convertible_v<const T&, std::string_view>) text = std::string_view(value);
    else if constexpr (std::is_arithmetic_v<T>) detail::append_number(text, value);
    else text = detail::list_text(value);
    return text;
  }
  void check() const {
    detail::require_word(key_, "name", key_, "= \t\r\n");
    detail::require_word(key_, "value", value_, " \t\r\n");
  }

  std::string key_, value_;
};

// Parameters of a stage or options of a file: typed ones, or their text ("window=hann n=1024").
class Params {
 public:
  Params() = default;
  Params(std::initializer_list<Param> params) {
    for (const Param& param : params) set(param);
  }
  Params(const char* text) : text_(text == nullptr ? "" : text) {}
  Params(std::string text) : text_(std::move(text)) {}

  // Adds one; a key that is there already is refused by the call that is given both.
  Params& set(const Param& param) {
    if (!text_.empty()) text_ += ' ';
    text_ += param.key() + "=" + param.value();
    return *this;
  }
  template <class T>
  Params& set(std::string key, const T& value) { return set(Param(std::move(key), value)); }
  Params& set(std::string key, std::initializer_list<double> numbers) { return set(Param(std::move(key), numbers)); }

  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// ---------------------------------------------------------------- stages

// What a stage reads: a name, an access rule, or several of them in order.
class Inputs {
 public:
  Inputs(const char* stage) : accesses_{Access(stage)} {}
  Inputs(std::string stage) : accesses_{Access(std::move(stage))} {}
  Inputs(Access access) : accesses_{std::move(access)} {}
  Inputs(std::initializer_list<Access> accesses) : accesses_(accesses) {}
  Inputs(std::vector<Access> accesses) : accesses_(std::move(accesses)) {}

  const std::vector<Access>& accesses() const { return accesses_; }

 private:
  std::vector<Access> accesses_;
};

// Adds a stage of a named type; see sqs_dsp_add.
inline void add(Pipeline& pipeline, const std::string& type, const std::string& name, const Inputs& inputs,
                const Params& params = {}) {
  std::vector<sqs_access> accesses;
  for (const Access& access : inputs.accesses()) accesses.push_back(sqrtspace::detail::to_c(access));
  sqrtspace::detail::call(sqs_dsp_add, pipeline.get(), type.c_str(), name.c_str(), accesses.data(),
                          static_cast<std::uint32_t>(accesses.size()), params.text().c_str());
}

// ---------------------------------------------------------------- what there is

struct ParamInfo {
  std::string name, type, unit, default_value, range, doc;
  bool required = false;
};

struct TypeInfo {
  std::string name, doc;
  Kind kind = Kind::map;
  std::uint32_t input_count = 0, optional_input_count = 0;
  std::vector<ParamInfo> params;
};

namespace detail {

// The same for functions that answer with a code alone.
template <class Struct, class... Parameters, class... Index>
Struct entry(std::int32_t (*function)(Parameters...), Index... index) {
  Struct out = {};
  out.struct_size = sizeof out;
  const std::int32_t status = function(index..., &out);
  if (status < 0) throw Error(status, std::string("the table of stage types can't be read: ") + status_name(status));
  return out;
}

inline ParamInfo param_at(std::uint32_t type, std::uint32_t index) {
  const auto from = entry<sqs_dsp_param>(sqs_dsp_param_get, type, index);
  return {from.name, from.type, from.unit, from.default_value, from.range, from.doc, from.required == 1};
}

}  // namespace detail

// Every type that add() knows, with its parameters.
inline std::vector<TypeInfo> types() {
  std::vector<TypeInfo> all;
  for (std::uint32_t index = 0; index < sqs_dsp_type_count(); ++index) {
    const auto from = detail::entry<sqs_dsp_type>(sqs_dsp_type_get, index);
    TypeInfo& type = all.emplace_back();
    type.name = from.name;
    type.doc = from.doc;
    type.kind = static_cast<Kind>(from.kind);
    type.input_count = from.input_count;
    type.optional_input_count = from.optional_input_count;
    for (std::uint32_t param = 0; param < from.param_count; ++param) type.params.push_back(detail::param_at(index, param));
  }
  return all;
}

// ---------------------------------------------------------------- files as input

struct FileInfo {
  Dtype dtype = Dtype::f32;
  std::uint64_t channels = 0, frame_count = 0;
  double sample_rate = 0;         // 0: the file does not say
  std::string container;          // "wav", "flac", "rf64", "npy", "raw"
};

// Looks at a file; for options see sqs_dsp_file_info.
inline FileInfo file_info(const std::string& path, const Params& options = {}) {
  const auto from = sqrtspace::detail::fill<sqs_file_info>(sqs_dsp_file_info, path.c_str(), options.text().c_str());
  return {static_cast<Dtype>(from.dtype), from.channels, from.frame_count, from.sample_rate, from.container};
}

// Makes a file the pipeline's input; dtype and channels must be those of its format.
inline void set_file(Pipeline& pipeline, const std::string& path, const Params& options = {}) {
  sqrtspace::detail::call(sqs_dsp_set_file, pipeline.get(), path.c_str(), options.text().c_str());
}

}  // namespace sqrtspace::dsp

#endif
