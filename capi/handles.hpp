// The table behind the opaque pointers of the C ABI. A handle is a token {tag and type, generation, index}, cast to a pointer
// and never dereferenced; the table says what it stands for, who is inside a call on it, and when its object can go.
//
// Invariant: an object is released exactly once, after destroy() and after the last call inside it has left, by whoever comes
// last. A token names at most one object for ever: a slot whose generations are used up is never used again.
// Thread safety: all of it, without locks. pin() and unpin() may be called from signal handlers.
#pragma once

#include <atomic>
#include <cstdint>

namespace sqs::capi {

enum class HandleType : uint8_t { Pipeline = 1, Input = 2, Plan = 3, Run = 4, Result = 5, Error = 6 };

using Token = uint64_t;
static_assert(sizeof(void*) == sizeof(Token), "a token needs all bits of a pointer");

// Shared calls overlap on one object; an exclusive call is alone.
enum class Use : uint8_t { Shared, Exclusive };

using ReleaseFn = void (*)(void* object);

// One entry of the table. All of its state is one word, so that entering, leaving and destroying are one exchange each:
//
//   63        40 39   34  33    32        31       16 15        0
//   generation   type     dead  exclusive  pins        shared
struct alignas(64) HandleSlot {
  std::atomic<uint64_t> word{0};
  std::atomic<void*> object{nullptr};
  std::atomic<ReleaseFn> release{nullptr};
  std::atomic<uint64_t> made_in{0};    // the process it was made in: os::fork_generation()
  std::atomic<uint32_t> next_free{0};  // free list, as index + 1
  uint32_t index = 0;
};

class HandleTable {
 public:
  // Sets a slot aside, so that publish() cannot fail; nullptr if there is no memory. Ends with publish() or abandon().
  HandleSlot* reserve();
  void abandon(HandleSlot* slot);
  Token publish(HandleSlot* slot, HandleType type, void* object, ReleaseFn release);

  // Enters a call on the object, or answers SQS_E_HANDLE, SQS_E_FORKED, SQS_E_BUSY (another thread is inside) or
  // SQS_E_REENTRANT (this thread is). SQS_OK: *slot must be left.
  int32_t enter(Token token, HandleType type, Use use, HandleSlot** slot);
  void leave(HandleSlot* slot, Use use);

  // Keeps the object for a moment, whoever is inside: for cancel. SQS_OK, SQS_E_HANDLE or SQS_E_FORKED.
  int32_t pin(Token token, HandleType type, HandleSlot** slot);
  void unpin(HandleSlot* slot);

  // Makes the token invalid at once and releases the object as soon as nobody is inside. In a forked child the object is
  // only forgotten. SQS_OK, or SQS_E_HANDLE if the token was not valid.
  int32_t destroy(Token token, HandleType type);

 private:
  HandleSlot* find(Token token, HandleType type) const;
  HandleSlot* slot_at(uint32_t index) const;
  HandleSlot* fresh_slot();
  bool ensure_chunk(uint32_t chunk);
  HandleSlot* pop_free();
  void push_free(HandleSlot* slot);
  void retire(HandleSlot* slot);

  // Chunk c holds kFirstChunk << c slots and is never given back, so that a stale index stays readable.
  static constexpr uint32_t kFirstChunk = 64;
  static constexpr uint32_t kChunks = 24;
  std::atomic<HandleSlot*> chunks_[kChunks] = {};
  std::atomic<uint32_t> fresh_{0};      // slots ever handed out
  std::atomic<uint64_t> free_head_{0};  // {counter against ABA, index + 1}
};

// The one table of the library, and its only global state.
HandleTable& handles();

}  // namespace sqs::capi
