#include "handles.hpp"

#include <sched.h>

#include <bit>
#include <new>

#include "os/fork_guard.hpp"
#include "sqrtspace/sqrtspace.h"

namespace sqs::capi {
namespace {

// Fields of HandleSlot::word.
constexpr uint64_t kSharedOne = 1;
constexpr uint64_t kSharedMask = 0xFFFF;
constexpr uint64_t kPinOne = uint64_t{1} << 16;
constexpr uint64_t kPinMask = uint64_t{0xFFFF} << 16;
constexpr uint64_t kExclusive = uint64_t{1} << 32;
constexpr uint64_t kDead = uint64_t{1} << 33;
constexpr uint32_t kTypeShift = 34;
constexpr uint32_t kGenerationShift = 40;
constexpr uint64_t kLastGeneration = (uint64_t{1} << 24) - 1;

// Fields of a token. The tag makes it an address no processor accepts, so that code which dereferences a handle fails at once.
constexpr uint64_t kTag = 0xA0;
constexpr uint32_t kTokenTypeShift = 56;
constexpr uint32_t kTokenGenerationShift = 32;

constexpr uint64_t identity(uint64_t generation, HandleType type) {
  return (generation << kGenerationShift) | (static_cast<uint64_t>(type) << kTypeShift);
}
constexpr uint64_t generation_of_token(Token token) { return (token >> kTokenGenerationShift) & kLastGeneration; }
constexpr uint64_t identity_of_word(uint64_t word) { return word >> kTypeShift << kTypeShift; }
constexpr bool has_users(uint64_t word) { return (word & (kExclusive | kSharedMask)) != 0; }

// The word of a live object that the token names.
constexpr bool names(Token token, HandleType type, uint64_t word) {
  return identity_of_word(word) == identity(generation_of_token(token), type) && (word & kDead) == 0;
}

// The slots this thread is inside of, which tells a re-entrant call from a busy one. Fixed in size and placed at load time:
// thread-local storage that is allocated at first use aborts the process when memory is short.
struct ThreadCalls {
  static constexpr uint32_t kDepth = 15;
  uint32_t depth = 0;
  uint32_t index[kDepth] = {};

  void push(uint32_t slot_index) {
    if (depth < kDepth) index[depth] = slot_index;
    ++depth;
  }
  void pop() { --depth; }
  bool contains(uint32_t slot_index) const {
    for (uint32_t i = 0; i < depth && i < kDepth; ++i)
      if (index[i] == slot_index) return true;
    return false;
  }
};
__attribute__((tls_model("initial-exec"))) constinit thread_local ThreadCalls calls;

constinit HandleTable table;

// True in a forked child, of what its parent made.
bool forked(const HandleSlot& slot) { return slot.made_in.load() != os::fork_generation(); }

}  // namespace

HandleTable& handles() { return table; }

// ---- slots

HandleSlot* HandleTable::reserve() {
  (void)os::fork_generation();  // the first call of a process is no business of a signal handler
  HandleSlot* slot = pop_free();
  return slot != nullptr ? slot : fresh_slot();
}

void HandleTable::abandon(HandleSlot* slot) { push_free(slot); }

Token HandleTable::publish(HandleSlot* slot, HandleType type, void* object, ReleaseFn release) {
  slot->object.store(object);
  slot->release.store(release);
  slot->made_in.store(os::fork_generation());
  const uint64_t generation = slot->word.load() >> kGenerationShift;
  slot->word.store(identity(generation, type));
  return ((kTag | static_cast<uint64_t>(type)) << kTokenTypeShift) | (generation << kTokenGenerationShift) | slot->index;
}

HandleSlot* HandleTable::slot_at(uint32_t index) const {
  const uint64_t position = uint64_t{index} + kFirstChunk;  // chunk c starts at kFirstChunk * (2^c - 1)
  const auto chunk = static_cast<uint32_t>(std::bit_width(position / kFirstChunk) - 1);
  if (chunk >= kChunks) return nullptr;
  HandleSlot* const slots = chunks_[chunk].load();
  return slots == nullptr ? nullptr : slots + (position - (uint64_t{kFirstChunk} << chunk));
}

bool HandleTable::ensure_chunk(uint32_t chunk) {
  if (chunk >= kChunks) return false;
  if (chunks_[chunk].load() != nullptr) return true;
  const uint32_t count = kFirstChunk << chunk;
  auto* const slots = new (std::nothrow) HandleSlot[count];
  if (slots == nullptr) return false;
  for (uint32_t i = 0; i < count; ++i) slots[i].index = kFirstChunk * ((uint32_t{1} << chunk) - 1) + i;
  HandleSlot* expected = nullptr;
  if (!chunks_[chunk].compare_exchange_strong(expected, slots)) delete[] slots;
  return true;
}

HandleSlot* HandleTable::fresh_slot() {
  uint32_t index = fresh_.load();
  do {
    const auto chunk = static_cast<uint32_t>(std::bit_width(uint64_t{index} / kFirstChunk + 1) - 1);
    if (!ensure_chunk(chunk)) return nullptr;
  } while (!fresh_.compare_exchange_weak(index, index + 1));
  return slot_at(index);
}

HandleSlot* HandleTable::pop_free() {
  uint64_t head = free_head_.load();
  for (;;) {
    const auto first = static_cast<uint32_t>(head);
    if (first == 0) return nullptr;
    HandleSlot* const slot = slot_at(first - 1);
    const uint64_t next = ((head >> 32) + 1) << 32 | slot->next_free.load();
    if (free_head_.compare_exchange_weak(head, next)) return slot;
  }
}

void HandleTable::push_free(HandleSlot* slot) {
  uint64_t head = free_head_.load();
  uint64_t next = 0;
  do {
    slot->next_free.store(static_cast<uint32_t>(head));
    next = ((head >> 32) + 1) << 32 | (slot->index + 1);
  } while (!free_head_.compare_exchange_weak(head, next));
}

// ---- calls

HandleSlot* HandleTable::find(Token token, HandleType type) const {
  if (token >> kTokenTypeShift != (kTag | static_cast<uint64_t>(type))) return nullptr;
  HandleSlot* const slot = slot_at(static_cast<uint32_t>(token));
  return slot != nullptr && names(token, type, slot->word.load()) ? slot : nullptr;
}

int32_t HandleTable::enter(Token token, HandleType type, Use use, HandleSlot** slot) {
  HandleSlot* const found = find(token, type);
  if (found == nullptr) return SQS_E_HANDLE;
  const bool exclusive = use == Use::Exclusive;
  uint64_t word = found->word.load();
  for (;;) {
    const bool orphaned = forked(*found);
    if (!names(token, type, word)) return SQS_E_HANDLE;
    const bool taken = exclusive ? has_users(word) : (word & kExclusive) != 0;
    const bool full = !exclusive && (word & kSharedMask) == kSharedMask;
    if (orphaned || taken || full) {
      // The process and the word were read apart: what was seen counts only if the word is still the same.
      const uint64_t again = found->word.load();
      if (again != word) {
        word = again;
        continue;
      }
      if (orphaned) return SQS_E_FORKED;
      return calls.contains(found->index) ? SQS_E_REENTRANT : SQS_E_BUSY;
    }
    if (found->word.compare_exchange_weak(word, exclusive ? word | kExclusive : word + kSharedOne)) break;
  }
  calls.push(found->index);
  *slot = found;
  return SQS_OK;
}

void HandleTable::leave(HandleSlot* slot, Use use) {
  calls.pop();
  uint64_t word = slot->word.load();
  uint64_t left = 0;
  do {
    left = use == Use::Exclusive ? word & ~kExclusive : word - kSharedOne;
  } while (!slot->word.compare_exchange_weak(word, left));
  const bool last = (left & kDead) != 0 && !has_users(left);
  if (last && !forked(*slot)) retire(slot);
}

int32_t HandleTable::pin(Token token, HandleType type, HandleSlot** slot) {
  HandleSlot* const found = find(token, type);
  if (found == nullptr) return SQS_E_HANDLE;
  uint64_t word = found->word.load();
  do {
    if (!names(token, type, word)) return SQS_E_HANDLE;
    if ((word & kPinMask) == kPinMask) return SQS_E_BUSY;
  } while (!found->word.compare_exchange_weak(word, word + kPinOne));
  if (forked(*found)) {
    unpin(found);
    return SQS_E_FORKED;
  }
  *slot = found;
  return SQS_OK;
}

void HandleTable::unpin(HandleSlot* slot) { slot->word.fetch_sub(kPinOne); }

// ---- the end

int32_t HandleTable::destroy(Token token, HandleType type) {
  HandleSlot* const slot = find(token, type);
  if (slot == nullptr) return SQS_E_HANDLE;
  const bool orphaned = forked(*slot);
  uint64_t word = slot->word.load();
  do {
    if (!names(token, type, word)) return SQS_E_HANDLE;
  } while (!slot->word.compare_exchange_weak(word, word | kDead));
  // A slot that came through a fork is never used again: a parent's call may be inside it for ever.
  if (!orphaned && !has_users(word)) retire(slot);
  return SQS_OK;
}

// The slot is dead and nobody is inside, so that the only other parties are pins, which last a few instructions: a signal
// handler or a thread in cancel. They cannot release the object (a destructor is not async-signal-safe), so wait them out.
void HandleTable::retire(HandleSlot* slot) {
  while ((slot->word.load() & kPinMask) != 0) sched_yield();
  void* const object = slot->object.load();
  const ReleaseFn release = slot->release.load();
  const uint64_t generation = slot->word.load() >> kGenerationShift;
  if (generation < kLastGeneration) {
    slot->word.store((generation + 1) << kGenerationShift);
    push_free(slot);
  } else {
    slot->word.store(0);
  }
  release(object);
}

}  // namespace sqs::capi
