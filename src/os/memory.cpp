#include "os/memory.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <limits>
#include <string>
#include <utility>

#include "os/cgroup.hpp"
#include "os/file.hpp"

namespace sqs::os {
namespace {

constexpr uint64_t kHugePageBytes = uint64_t{2} << 20;
constexpr uint64_t kLeastHugeBytes = uint64_t{4} << 20;
// No system maps as much; below it the roundings here can't overflow.
constexpr uint64_t kMostBytes = uint64_t{1} << 62;

uint64_t round_up(uint64_t bytes, uint64_t unit) { return (bytes + unit - 1) / unit * unit; }

std::byte* map_pages(uint64_t bytes) {
  void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return data == MAP_FAILED ? nullptr : static_cast<std::byte*>(data);
}

// Maps one huge page more than asked for and cuts both ends off, because mmap knows no alignment.
std::byte* map_huge_aligned(uint64_t bytes) {
  std::byte* wide = map_pages(bytes + kHugePageBytes);
  if (!wide) return nullptr;
  const uint64_t address = reinterpret_cast<uintptr_t>(wide);
  const uint64_t head = round_up(address, kHugePageBytes) - address;
  const uint64_t tail = kHugePageBytes - head;
  if (head > 0) munmap(wide, head);
  if (tail > 0) munmap(wide + head + bytes, tail);
#ifdef MADV_HUGEPAGE
  // A hint: without huge pages everything works, only slower.
  static_cast<void>(madvise(wide + head, bytes, MADV_HUGEPAGE));
#endif
  return wide + head;
}

}  // namespace

uint64_t page_bytes() { return static_cast<uint64_t>(sysconf(_SC_PAGESIZE)); }

Result<Mapping> Mapping::reserve(uint64_t bytes, Use use) {
  std::byte* data = nullptr;
  uint64_t mapped = 0;
  if (bytes > 0 && bytes <= kMostBytes) {
    mapped = round_up(bytes, page_bytes());
    data = use != Use::Some && mapped >= kLeastHugeBytes ? map_huge_aligned(mapped) : map_pages(mapped);
    if (use == Use::All && mapped < kLeastHugeBytes && data != nullptr) touch(data, mapped);
  }
  if (data || bytes == 0) return Mapping(data, mapped);
  return Error{SQS_E_NO_MEMORY,
               "the system refused " + std::to_string(bytes) + " bytes of memory; set a smaller memory_budget"};
}

Mapping::Mapping(Mapping&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

Mapping::~Mapping() {
  if (data_) munmap(data_, bytes_);
}

void Mapping::release(uint64_t offset, uint64_t bytes) {
  assert(offset <= bytes_ && bytes <= bytes_ - offset);
  const uint64_t page = page_bytes();
  const uint64_t first = round_up(offset, page);
  const uint64_t end = (offset + bytes) / page * page;
  if (first < end) madvise(data_ + first, end - first, MADV_DONTNEED);
}

void touch(std::byte* data, uint64_t bytes) {
#ifdef MADV_POPULATE_WRITE
  const uint64_t page = page_bytes();
  const uint64_t at = reinterpret_cast<uintptr_t>(data);
  const uint64_t first = round_up(at, page) - at;
  if (bytes < first + page) return;
  static_cast<void>(madvise(data + first, (bytes - first) / page * page, MADV_POPULATE_WRITE));
#else
  static_cast<void>(data);
  static_cast<void>(bytes);
#endif
}

uint64_t total_ram_bytes() {
  const long pages = sysconf(_SC_PHYS_PAGES);
  return pages > 0 ? static_cast<uint64_t>(pages) * page_bytes() : 0;
}

uint64_t default_budget() {
  const auto read = [](const std::string& path) -> std::optional<std::string> {
    Result<std::string> text = read_text(path);
    if (!text.ok()) return std::nullopt;
    return std::move(text).value();
  };
  uint64_t smallest = total_ram_bytes();
  if (const std::optional<uint64_t> limit = cgroup_memory_limit(read)) smallest = std::min(smallest, *limit);
  return smallest / 2;
}

}  // namespace sqs::os
