// sqrtspace/stage.hpp - what stages are made of in C++: names, errors, typed arrays, the call a callback gets, and the
// declaration of a stage. Included by sqrtspace.hpp, where the objects are; header-only. SPDX-License-Identifier: MIT
//
// Thread safety: values. A Stage's callbacks run where its `threading` says; what they throw is caught before it reaches C.
#ifndef SQRTSPACE_STAGE_HPP
#define SQRTSPACE_STAGE_HPP

#include <algorithm>
#include <complex>
#include <cstdint>
#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#if __cplusplus >= 202002L
#include <span>
#endif

#include "sqrtspace/sqrtspace.h"

namespace sqrtspace {

// ---------------------------------------------------------------- names

enum class Dtype : std::int32_t {
  u8 = SQS_U8, i8 = SQS_I8, u16 = SQS_U16, i16 = SQS_I16, u32 = SQS_U32, i32 = SQS_I32, u64 = SQS_U64, i64 = SQS_I64,
  f32 = SQS_F32, f64 = SQS_F64, c64 = SQS_C64, c128 = SQS_C128
};
enum class Kind : std::int32_t { windows = 0, map = SQS_MAP, scan = SQS_SCAN, reduce = SQS_REDUCE };
enum class Direction : std::int32_t { forward = SQS_FORWARD, backward = SQS_BACKWARD };
enum class Threading : std::int32_t {
  caller_thread = SQS_CALLER_THREAD, any_thread = SQS_ANY_THREAD, concurrent = SQS_CONCURRENT
};
enum class Purity : std::int32_t { pure = SQS_PURE, once = SQS_ONCE };
enum class Edge : std::int32_t { valid = SQS_VALID, zero = SQS_ZERO, clamp = SQS_CLAMP, reflect = SQS_REFLECT, odd = SQS_ODD };
enum class Mode : std::int32_t { automatic = SQS_AUTO, classic = SQS_CLASSIC, sqrt = SQS_SQRT };
enum class LogLevel : std::int32_t {
  debug = SQS_LOG_DEBUG, info = SQS_LOG_INFO, warning = SQS_LOG_WARNING, error = SQS_LOG_ERROR
};

inline constexpr std::uint64_t to_end = SQS_END;     // as the end of a range of rows
inline constexpr std::uint64_t no_cache = SQS_NONE;  // as Settings::lru_bytes
inline constexpr std::uint32_t any_target = SQS_ANY_TARGET;

inline const char* version() { return sqs_version(); }
inline std::uint32_t abi_version() { return sqs_abi_version(); }
inline const char* status_name(std::int32_t status) { return sqs_status_name(status); }
inline const char* name(Dtype dtype) { return sqs_dtype_name(static_cast<std::int32_t>(dtype)); }
inline std::uint64_t bytes_of(Dtype dtype) { return sqs_dtype_bytes(static_cast<std::int32_t>(dtype)); }

namespace detail {
template <class T> struct DtypeOf;
template <> struct DtypeOf<std::uint8_t> { static constexpr Dtype value = Dtype::u8; };
template <> struct DtypeOf<std::int8_t> { static constexpr Dtype value = Dtype::i8; };
template <> struct DtypeOf<std::uint16_t> { static constexpr Dtype value = Dtype::u16; };
template <> struct DtypeOf<std::int16_t> { static constexpr Dtype value = Dtype::i16; };
template <> struct DtypeOf<std::uint32_t> { static constexpr Dtype value = Dtype::u32; };
template <> struct DtypeOf<std::int32_t> { static constexpr Dtype value = Dtype::i32; };
template <> struct DtypeOf<std::uint64_t> { static constexpr Dtype value = Dtype::u64; };
template <> struct DtypeOf<std::int64_t> { static constexpr Dtype value = Dtype::i64; };
template <> struct DtypeOf<float> { static constexpr Dtype value = Dtype::f32; };
template <> struct DtypeOf<double> { static constexpr Dtype value = Dtype::f64; };
template <> struct DtypeOf<std::complex<float>> { static constexpr Dtype value = Dtype::c64; };
template <> struct DtypeOf<std::complex<double>> { static constexpr Dtype value = Dtype::c128; };
}  // namespace detail

// The dtype of a C++ element type.
template <class T>
inline constexpr Dtype dtype_of = detail::DtypeOf<std::remove_const_t<T>>::value;

// ---------------------------------------------------------------- errors

class Error : public std::runtime_error {
 public:
  Error(std::int32_t code, const std::string& message, std::string stage = {}, std::uint64_t row = SQS_NONE)
      : std::runtime_error(message), code_(code), stage_(std::move(stage)), row_(row) {}

  std::int32_t code() const noexcept { return code_; }           // sqs_status_code
  const std::string& stage() const noexcept { return stage_; }   // "" if no stage is to blame
  std::uint64_t row() const noexcept { return row_; }            // SQS_NONE if no row is known

  // For libraries built on this one that have a C interface of their own: makes an error object of it; returns the code.
  std::int32_t hand_over(sqs_error** out) const noexcept {
    return sqs_error_create(code_, stage_.c_str(), row_, what(), out);
  }

 private:
  std::int32_t code_;
  std::string stage_;
  std::uint64_t row_;
};

// Thrown by a stage's process to say at which row of the tile it failed, counted as Call::first_row() is; that row is then the
// error's. Of anything else that is thrown the error has the tile's first row.
class RowError : public std::runtime_error {
 public:
  RowError(std::uint64_t row, const std::string& message) : std::runtime_error(message), row_(row) {}
  std::uint64_t row() const noexcept { return row_; }

 private:
  std::uint64_t row_;
};

namespace detail {

// Owns a handle: what every object here is.
template <class Handle, void (*destroy)(Handle*)>
class Owner {
 public:
  explicit Owner(Handle* adopted) noexcept : handle_(adopted) {}
  Handle* get() const noexcept { return handle_.get(); }
  Handle* release() noexcept { return handle_.release(); }

 private:
  struct Destroy {
    void operator()(Handle* handle) const noexcept { destroy(handle); }
  };
  std::unique_ptr<Handle, Destroy> handle_;
};

// Calls a function of the C ABI whose last parameter is the error, which is left out here; throws what went wrong.
template <class... Parameters, class... Arguments>
std::int32_t call(std::int32_t (*function)(Parameters...), Arguments... arguments) {
  sqs_error* raw = nullptr;
  const std::int32_t status = function(arguments..., &raw);
  if (status >= 0) return status;
  const Owner<sqs_error, sqs_error_destroy> error(raw);
  throw Error(status, sqs_error_message(raw), sqs_error_stage(raw), sqs_error_row(raw));
}

// The same where the last parameter but one receives a handle or a number.
template <class Out, class... Parameters, class... Arguments>
Out get(std::int32_t (*function)(Parameters...), Arguments... arguments) {
  Out out = {};
  call(function, arguments..., &out);
  return out;
}

// The same where it is a struct that the library fills.
template <class Struct, class... Parameters, class... Arguments>
Struct fill(std::int32_t (*function)(Parameters...), Arguments... arguments) {
  Struct out = {};
  out.struct_size = sizeof out;
  call(function, arguments..., &out);
  return out;
}

inline void copy_message(char* to, const char* text) noexcept {
  if (to == nullptr) return;
  const std::size_t bytes = std::min<std::size_t>(std::strlen(text), SQS_MESSAGE_BYTES - 1);
  std::memcpy(to, text, bytes);
  to[bytes] = '\0';
}

// Runs a callback; what it throws becomes its message and false.
template <class Body>
bool survives(char* message, Body&& body) noexcept {
  try {
    std::forward<Body>(body)();
    return true;
  } catch (const std::exception& thrown) {
    copy_message(message, thrown.what());
  } catch (...) {
    copy_message(message, "something that is not a std::exception was thrown");
  }
  return false;
}

template <class Held>
void destroy_held(void* user) {
  delete static_cast<Held*>(user);
}

inline std::vector<const char*> c_strings(const std::vector<std::string>& strings) {
  std::vector<const char*> pointers;
  for (const std::string& string : strings) pointers.push_back(string.c_str());
  return pointers;
}

}  // namespace detail

// ---------------------------------------------------------------- arrays

// A typed view of strided rows: array(t, i, j) is an element. Axis 0 is rows; of an input read with context axis 1 is the
// context; the axes of a row follow. Lent: valid as long as the view it was made of.
template <class T>
class Array {
 public:
  explicit Array(const sqs_view& view) : view_(view) {
    if (view.dtype == static_cast<std::int32_t>(dtype_of<T>)) return;
    throw Error(SQS_E_INVALID, std::string("an array of ") + sqs_dtype_name(view.dtype) + " was asked for as " +
                                   name(dtype_of<T>));
  }

  std::int64_t rows() const { return view_.shape[0]; }
  std::int64_t first_row() const { return view_.first_row; }
  int dims() const { return view_.ndim; }
  std::int64_t extent(int axis) const { return view_.shape[axis]; }

  template <class... Index>
  T& operator()(Index... index) const {
    static_assert(sizeof...(Index) >= 1 && sizeof...(Index) <= SQS_MAX_VIEW_DIMS);
    std::int64_t offset = 0;
    int axis = 0;
    ((offset += static_cast<std::int64_t>(index) * view_.strides[axis++]), ...);
    return *reinterpret_cast<T*>(static_cast<char*>(view_.data) + offset);
  }

  // Elements of one row, context included, and where row t starts. They lie one after the other unless the row itself is
  // strided, which only happens to context over rows that are views themselves: row_is_contiguous() tells.
  std::uint64_t row_elements() const {
    std::uint64_t elements = 1;
    for (int axis = 1; axis < view_.ndim; ++axis) elements *= static_cast<std::uint64_t>(view_.shape[axis]);
    return elements;
  }
  T* row(std::int64_t t) const { return &(*this)(t); }
  bool row_is_contiguous() const {
    auto expected = static_cast<std::int64_t>(sizeof(T));
    for (int axis = view_.ndim - 1; axis >= 1; --axis) {
      if (view_.shape[axis] != 1 && view_.strides[axis] != expected) return false;
      expected *= view_.shape[axis];
    }
    return true;
  }
  const sqs_view& raw() const { return view_; }

#if __cplusplus >= 202002L
  // The same as a span; the row must be contiguous.
  std::span<T> row_span(std::int64_t t) const {
    if (!row_is_contiguous()) throw Error(SQS_E_INVALID, "the row is strided: it is no span");
    return {row(t), static_cast<std::size_t>(row_elements())};
  }
#endif

 private:
  sqs_view view_;
};

// A view whose element type is not known to the compiler.
class View {
 public:
  explicit View(const sqs_view& view) : view_(view) {}
  Dtype dtype() const { return static_cast<Dtype>(view_.dtype); }
  std::int64_t rows() const { return view_.shape[0]; }
  std::int64_t first_row() const { return view_.first_row; }
  std::vector<std::int64_t> shape() const { return {view_.shape, view_.shape + view_.ndim}; }
  template <class T>
  Array<const T> as() const { return Array<const T>(view_); }
  const sqs_view& raw() const { return view_; }

 private:
  sqs_view view_;
};

// ---------------------------------------------------------------- stages

// What a stage callback is given; lent for the call.
class Call {
 public:
  explicit Call(sqs_call& call) : call_(call) {}

  std::uint32_t input_count() const { return call_.input_count; }
  template <class T>
  Array<const T> input(std::uint32_t index = 0) const {
    if (index >= call_.input_count) throw Error(SQS_E_RANGE, "the stage has no input " + std::to_string(index));
    return Array<const T>(call_.inputs[index]);
  }
  template <class T>
  Array<T> output() const { return Array<T>(call_.output); }
  std::uint64_t rows() const { return call_.rows; }
  std::uint64_t first_row() const { return call_.first_row; }
  std::int64_t first_frame() const { return call_.first_frame; }
  std::uint64_t frames_per_row() const { return call_.frames_per_row; }
  double sample_rate() const { return call_.sample_rate; }
  // Ends the run with this text for that row, which is one of first_row() .. first_row() + rows() - 1.
  [[noreturn]] void fail_at(std::uint64_t row, const std::string& message) const { throw RowError(row, message); }
  template <class State>
  State& state() const {
    static_assert(alignof(State) <= 64, "states are aligned to 64 bytes");
    return *static_cast<State*>(call_.state);
  }
  template <class T>
  T* scratch() const {
    static_assert(alignof(T) <= 64, "scratch is aligned to 64 bytes");
    return static_cast<T*>(call_.scratch);
  }
  sqs_call& raw() const { return call_; }

 private:
  sqs_call& call_;
};

using Callback = std::function<void(Call&)>;

// What a stage declares; see sqs_stage. map(), scan() and reduce() make the usual ones.
struct Stage {
  Kind kind = Kind::map;
  Dtype dtype = Dtype::f32;
  std::vector<std::int64_t> shape = {};  // of one output row; empty: a scalar
  Direction direction = Direction::forward;
  Threading threading = Threading::caller_thread;
  Purity purity = Purity::pure;
  std::uint64_t state_bytes = 0, saved_bytes = 0, scratch_bytes = 0, fixed_bytes = 0;
  std::uint64_t lead = 0, tail = 0;
  Edge extend_edge = Edge::valid;
  std::string crop = {}, version = {};
  double cost_ns_per_row = 0;
  Callback process = {}, init = {}, finish = {};
  std::function<void(void* state)> fini = {};
  std::function<std::uint64_t(const void* state, void* bytes, std::uint64_t capacity)> save = {};  // returns the bytes it used
  std::function<void(void* state, const void* bytes, std::uint64_t used)> restore = {};
};

// A map whose rows are arrays of T. A process callback that returns has done all its rows; to fail, it throws, or
// calls Call::fail_at().
template <class T>
Stage map(std::vector<std::int64_t> shape, Callback process) {
  Stage stage;
  stage.dtype = dtype_of<T>;
  stage.shape = std::move(shape);
  stage.process = std::move(process);
  return stage;
}

// A scan with rows of T and a state of plain bytes, which is zero before init.
template <class T, class State>
Stage scan(std::vector<std::int64_t> shape, std::function<void(Call&, State&)> process,
           std::function<void(Call&, State&)> init = {}) {
  static_assert(std::is_trivially_copyable_v<State>, "states are copied as bytes");
  Stage stage = map<T>(std::move(shape), [process = std::move(process)](Call& call) { process(call, call.state<State>()); });
  stage.kind = Kind::scan;
  stage.state_bytes = sizeof(State);
  if (init) stage.init = [init = std::move(init)](Call& call) { init(call, call.state<State>()); };
  return stage;
}

// A reduce whose one row is of T: process takes rows in, finish writes the row.
template <class T, class State>
Stage reduce(std::vector<std::int64_t> shape, std::function<void(Call&, State&)> process,
             std::function<void(Call&, State&)> finish, std::function<void(Call&, State&)> init = {}) {
  Stage stage = scan<T, State>(std::move(shape), std::move(process), std::move(init));
  stage.kind = Kind::reduce;
  stage.finish = [finish = std::move(finish)](Call& call) { finish(call, call.state<State>()); };
  return stage;
}

// How a stage reads another: see sqs_access. Made of a name: row by row.
struct Access {
  Access(const char* of) : stage(of) {}
  Access(std::string of) : stage(std::move(of)) {}
  // Context of `rows_before` and `rows_after` rows round row t * `rows_apart`.
  Access(std::string of, std::uint64_t rows_before, std::uint64_t rows_after, std::uint64_t rows_apart = 1,
         Edge edge_rule = Edge::valid)
      : stage(std::move(of)), edge(edge_rule), before(rows_before), after(rows_after), stride(rows_apart) {}

  std::string stage;
  Edge edge = Edge::valid;
  std::uint64_t before = 0, after = 0, stride = 1;
  std::optional<std::int64_t> offset = {};
};

namespace detail {

inline sqs_access to_c(const Access& access) {
  sqs_access to;
  sqs_access_init(&to, sizeof to);
  to.stage = access.stage.c_str();
  to.edge = static_cast<std::int32_t>(access.edge);
  to.before = access.before;
  to.after = access.after;
  to.stride = access.stride;
  to.offset = access.offset.value_or(0);
  to.has_offset = access.offset.has_value() ? 1 : 0;
  return to;
}

// The C callbacks of a stage; user is the Stage.
struct StageCallbacks {
  static std::int32_t run(const Callback& callback, sqs_call* call) noexcept {
    Call wrapped(*call);
    return survives(call->message, [&] { callback(wrapped); }) ? 1 : 0;
  }
  static std::int64_t process(void* user, sqs_call* call) {
    const Stage& stage = *static_cast<Stage*>(user);
    std::int64_t done = -1;  // if it fails nobody knows where
    const auto body = [&] {
      Call wrapped(*call);
      try {
        stage.process(wrapped);
      } catch (const RowError& failure) {
        done = rows_done(*call, failure.row(), stage.direction);
        throw;
      }
    };
    return survives(call->message, body) ? static_cast<std::int64_t>(call->rows) : done;
  }
  // By a callback that has failed at a row: a backward one begins with the last.
  static std::int64_t rows_done(const sqs_call& call, std::uint64_t failed_row, Direction direction) noexcept {
    if (failed_row < call.first_row || failed_row - call.first_row >= call.rows) return -1;
    const std::uint64_t below = failed_row - call.first_row;
    return static_cast<std::int64_t>(direction == Direction::backward ? call.rows - 1 - below : below);
  }
  static std::int32_t init(void* user, sqs_call* call) { return run(static_cast<Stage*>(user)->init, call); }
  static std::int32_t finish(void* user, sqs_call* call) { return run(static_cast<Stage*>(user)->finish, call); }
  static void fini(void* user, void* state) {
    survives(nullptr, [&] { static_cast<Stage*>(user)->fini(state); });
  }
  static std::int32_t save(void* user, const void* state, void* bytes, std::uint64_t capacity, std::uint64_t* used) {
    return survives(nullptr, [&] { *used = static_cast<Stage*>(user)->save(state, bytes, capacity); }) ? 1 : 0;
  }
  static std::int32_t restore(void* user, void* state, const void* bytes, std::uint64_t used) {
    return survives(nullptr, [&] { static_cast<Stage*>(user)->restore(state, bytes, used); }) ? 1 : 0;
  }
};

inline sqs_stage to_c(const Stage& stage) {
  if (stage.shape.size() > SQS_MAX_DIMS)
    throw Error(SQS_E_INVALID, "a row has " + std::to_string(stage.shape.size()) + " dimensions; at most 6 are possible");
  sqs_stage to;
  sqs_stage_init(&to, sizeof to);
  to.kind = static_cast<std::int32_t>(stage.kind);
  to.direction = static_cast<std::int32_t>(stage.direction);
  to.threading = static_cast<std::int32_t>(stage.threading);
  to.purity = static_cast<std::int32_t>(stage.purity);
  to.dtype = static_cast<std::int32_t>(stage.dtype);
  to.ndim = static_cast<std::int32_t>(stage.shape.size());
  for (std::size_t i = 0; i < stage.shape.size(); ++i) to.shape[i] = stage.shape[i];
  to.extend_edge = static_cast<std::int32_t>(stage.extend_edge);
  to.state_bytes = stage.state_bytes;
  to.saved_bytes = stage.saved_bytes;
  to.scratch_bytes = stage.scratch_bytes;
  to.fixed_bytes = stage.fixed_bytes;
  to.lead = stage.lead;
  to.tail = stage.tail;
  to.crop = stage.crop.empty() ? nullptr : stage.crop.c_str();
  to.version = stage.version.empty() ? nullptr : stage.version.c_str();
  to.cost_ns_per_row = stage.cost_ns_per_row;
  to.process = stage.process ? StageCallbacks::process : nullptr;
  to.init = stage.init ? StageCallbacks::init : nullptr;
  to.finish = stage.finish ? StageCallbacks::finish : nullptr;
  to.fini = stage.fini ? StageCallbacks::fini : nullptr;
  to.save = stage.save ? StageCallbacks::save : nullptr;
  to.restore = stage.restore ? StageCallbacks::restore : nullptr;
  return to;
}

}  // namespace detail
}  // namespace sqrtspace

#endif
