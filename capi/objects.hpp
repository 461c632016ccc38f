// What the handles stand for, and how a function of the C ABI gets at it: create() for a new object, enter() for a call on
// one, cancel() for stopping one whoever is inside, destroy() for the end. `const T *` handles enter shared and see a const
// object, `T *` handles enter alone.
// Thread safety: by the handle table; nothing here holds a lock while user code runs.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

#include "core/result.hpp"
#include "exec/pipeline.hpp"
#include "exec/told_plan.hpp"
#include "handles.hpp"

namespace sqs::capi {

// ---------------------------------------------------------------- objects

class PipelineObject {
 public:
  void hold(std::shared_ptr<Pipeline> engine) { engine_ = std::move(engine); }
  Pipeline& engine() { return *engine_; }
  const Pipeline& engine() const { return *engine_; }
  const std::shared_ptr<Pipeline>& shared_engine() const { return engine_; }
  const std::shared_ptr<std::atomic<bool>>& has_input() const { return has_input_; }

 private:
  std::shared_ptr<Pipeline> engine_;
  std::shared_ptr<std::atomic<bool>> has_input_ = std::make_shared<std::atomic<bool>>(false);
};

// The push side. Keeps its pipeline alive and is the only one of it.
class InputObject {
 public:
  InputObject() = default;
  InputObject(const InputObject&) = delete;
  InputObject& operator=(const InputObject&) = delete;
  ~InputObject() {
    if (claim_ != nullptr) claim_->store(false);
  }
  // False if the pipeline has an input already.
  bool claim(const PipelineObject& pipeline) {
    if (pipeline.has_input()->exchange(true)) return false;
    claim_ = pipeline.has_input();
    engine_ = pipeline.shared_engine();
    return true;
  }
  Pipeline& engine() { return *engine_; }

 private:
  std::shared_ptr<Pipeline> engine_;
  std::shared_ptr<std::atomic<bool>> claim_;
};

class RunObject {
 public:
  void hold(std::unique_ptr<Run> engine) { engine_ = std::move(engine); }
  Run& engine() { return *engine_; }
  const Run& engine() const { return *engine_; }

 private:
  std::unique_ptr<Run> engine_;
};

struct PlanObject {
  std::shared_ptr<const ToldPlan> plan;
};

struct ResultObject {
  std::shared_ptr<const ResultArray> array;
};

using ErrorObject = Error;

// ---------------------------------------------------------------- handle types

template <class Handle>
struct HandleTraits;
template <>
struct HandleTraits<sqs_pipeline> {
  using Object = PipelineObject;
  static constexpr HandleType kType = HandleType::Pipeline;
  static constexpr const char* kName = "sqs_pipeline";
};
template <>
struct HandleTraits<sqs_input> {
  using Object = InputObject;
  static constexpr HandleType kType = HandleType::Input;
  static constexpr const char* kName = "sqs_input";
};
template <>
struct HandleTraits<sqs_plan> {
  using Object = PlanObject;
  static constexpr HandleType kType = HandleType::Plan;
  static constexpr const char* kName = "sqs_plan";
};
template <>
struct HandleTraits<sqs_run> {
  using Object = RunObject;
  static constexpr HandleType kType = HandleType::Run;
  static constexpr const char* kName = "sqs_run";
};
template <>
struct HandleTraits<sqs_result> {
  using Object = ResultObject;
  static constexpr HandleType kType = HandleType::Result;
  static constexpr const char* kName = "sqs_result";
};
template <>
struct HandleTraits<sqs_error> {
  using Object = ErrorObject;
  static constexpr HandleType kType = HandleType::Error;
  static constexpr const char* kName = "sqs_error";
};

template <class Handle>
using ObjectOf = typename HandleTraits<std::remove_const_t<Handle>>::Object;
template <class Handle>
constexpr HandleType kTypeOf = HandleTraits<std::remove_const_t<Handle>>::kType;

template <class Handle>
Token token_of(const Handle* handle) {
  return reinterpret_cast<Token>(handle);
}
template <class Handle>
Handle* handle_of(Token token) {
  return reinterpret_cast<Handle*>(token);
}

// The sentence for a handle that could not be entered.
Error refused_handle(int32_t code, const char* type_name);

// ---------------------------------------------------------------- a call on an object

// Being inside a call on an object; leaves when it goes out of scope, and then releases the object if it was destroyed
// meanwhile.
template <class Object>
class Entered {
 public:
  Entered(HandleSlot* slot, Use use) : slot_(slot), use_(use) {}
  Entered(Entered&& other) noexcept : slot_(std::exchange(other.slot_, nullptr)), use_(other.use_) {}
  Entered& operator=(Entered&&) = delete;
  ~Entered() {
    if (slot_ != nullptr) handles().leave(slot_, use_);
  }
  Object* operator->() const { return static_cast<Object*>(slot_->object.load()); }
  Object& operator*() const { return *operator->(); }

 private:
  HandleSlot* slot_;
  Use use_;
};

template <class Handle>
using EnteredBy = Entered<std::conditional_t<std::is_const_v<Handle>, const ObjectOf<Handle>, ObjectOf<Handle>>>;

template <class Handle>
Result<EnteredBy<Handle>> enter(Handle* handle) {
  constexpr const char* kName = HandleTraits<std::remove_const_t<Handle>>::kName;
  if (handle == nullptr) return refused_handle(SQS_E_NULL, kName);
  constexpr Use kUse = std::is_const_v<Handle> ? Use::Shared : Use::Exclusive;
  HandleSlot* slot = nullptr;
  const int32_t code = handles().enter(token_of(handle), kTypeOf<Handle>, kUse, &slot);
  if (code != SQS_OK) return refused_handle(code, kName);
  return EnteredBy<Handle>(slot, kUse);
}

// Stops what goes on in the object, whoever is inside. Async-signal-safe: atomics only.
template <class Handle>
int32_t cancel(const Handle* handle) {
  if (handle == nullptr) return SQS_E_NULL;
  HandleSlot* slot = nullptr;
  const int32_t code = handles().pin(token_of(handle), kTypeOf<Handle>, &slot);
  if (code != SQS_OK) return code;
  static_cast<ObjectOf<Handle>*>(slot->object.load())->engine().cancel();
  handles().unpin(slot);
  return SQS_OK;
}

// ---------------------------------------------------------------- a new object, and its end

// A slot set aside for an object that is still being made.
class ReservedSlot {
 public:
  ReservedSlot() : slot_(handles().reserve()) {}
  ReservedSlot(const ReservedSlot&) = delete;
  ReservedSlot& operator=(const ReservedSlot&) = delete;
  ~ReservedSlot() {
    if (slot_ != nullptr) handles().abandon(slot_);
  }
  explicit operator bool() const { return slot_ != nullptr; }
  Token publish(HandleType type, void* object, ReleaseFn release) {
    return handles().publish(std::exchange(slot_, nullptr), type, object, release);
  }

 private:
  HandleSlot* slot_;
};

template <class Handle>
Handle* publish(ReservedSlot& slot, std::unique_ptr<ObjectOf<Handle>> object) {
  constexpr ReleaseFn kRelease = [](void* held) { delete static_cast<ObjectOf<Handle>*>(held); };
  return handle_of<Handle>(slot.publish(kTypeOf<Handle>, object.release(), kRelease));
}

// Makes an object by make(Object&), which returns a Status, and its handle. Everything a handle needs is allocated before make
// runs, so that the result of a long run is not lost for want of sixty bytes.
template <class Handle, class Make>
Status create(Handle** out, Make&& make) {
  ReservedSlot slot;
  if (!slot) throw std::bad_alloc();
  auto object = std::make_unique<ObjectOf<Handle>>();
  SQS_TRY(std::forward<Make>(make)(*object));
  *out = publish<Handle>(slot, std::move(object));
  return ok();
}

// Accepts NULL and anything else.
template <class Handle>
void destroy(Handle* handle) {
  if (handle != nullptr) (void)handles().destroy(token_of(handle), kTypeOf<Handle>);
}

}  // namespace sqs::capi
