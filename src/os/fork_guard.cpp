#include "os/fork_guard.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <new>

namespace sqs::os {
namespace {

using Generation = std::atomic<uint64_t>;

// Mapped at first use and never unmapped: a static constructor or destructor would run at odd moments of dlopen and exit.
std::atomic<Generation*> wiped_page{nullptr};
// Ordinary memory, which a child inherits: the generation of this process or, until the child asks, of its parent.
Generation last_generation{0};
std::atomic<bool> wipe_refused{false};

Generation* map_wiped_page() {
  const auto bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  void* page = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return nullptr;
#ifdef MADV_WIPEONFORK
  if (madvise(page, bytes, MADV_WIPEONFORK) == 0) {
    auto* fresh = new (page) Generation{0};
    Generation* first = nullptr;
    if (wiped_page.compare_exchange_strong(first, fresh)) return fresh;
    munmap(page, bytes);
    return first;
  }
#endif
  munmap(page, bytes);
  return nullptr;
}

Generation* find_wiped_page() {
  if (Generation* page = wiped_page.load(std::memory_order_acquire)) return page;
  if (wipe_refused.load(std::memory_order_relaxed)) return nullptr;
  Generation* page = map_wiped_page();
  if (!page) wipe_refused.store(true, std::memory_order_relaxed);
  return page;
}

// The page reads zero: this process has just been forked, or is asking for the first time. Of threads that get here
// together one wins. The upper half counts forks, which tells apart processes of one id (ids are reused, and start again in
// a namespace); the lower half is the id, in case of a fork before the winner has stored last_generation.
uint64_t begin_generation(Generation& page) {
  uint64_t seen = 0;
  const uint64_t forks = (last_generation.load() >> 32) + 1;
  const uint64_t next = forks << 32 | static_cast<uint32_t>(getpid());
  if (!page.compare_exchange_strong(seen, next)) return seen;
  last_generation.store(next);
  return next;
}

}  // namespace

uint64_t fork_generation() {
  Generation* page = find_wiped_page();
  if (!page) return static_cast<uint64_t>(getpid());
  const uint64_t generation = page->load(std::memory_order_acquire);
  return generation != 0 ? generation : begin_generation(*page);
}

}  // namespace sqs::os
