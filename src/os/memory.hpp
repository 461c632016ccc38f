// Memory taken from the system in whole mappings, and how much of it there is. A Mapping's address is stable until it is
// destroyed; its pages are zero until written and cost nothing until touched.
// Thread-safe, except that one Mapping is moved and destroyed by one thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/result.hpp"

namespace sqs::os {

uint64_t page_bytes();

class Mapping {
 public:
  enum class Use { All, Parts, Some };
  // Rounded up to whole pages. Memory that will all be written starts on a huge page's boundary from 4 MiB on and asks for
  // huge pages, with which first touch is several times faster; below that it is touched at once, but where each of several
  // threads can touch() its own part. Where only some will be written, both would clear pages in vain.
  // SQS_E_NO_MEMORY if the system refuses.
  static Result<Mapping> reserve(uint64_t bytes, Use use = Use::All);

  Mapping() = default;
  Mapping(Mapping&& other) noexcept;
  Mapping& operator=(Mapping&& other) noexcept;
  ~Mapping();

  std::byte* data() const { return data_; }
  uint64_t bytes() const { return bytes_; }

  // Gives the whole pages inside [offset, offset + bytes) back to the system; they read zero afterwards.
  void release(uint64_t offset, uint64_t bytes);

 private:
  Mapping(std::byte* data, uint64_t bytes) : data_(data), bytes_(bytes) {}

  std::byte* data_ = nullptr;
  uint64_t bytes_ = 0;
};

// Takes the whole pages inside [data, data + bytes) from the system, at one request, which costs less than a fault for each: a
// hint, from Linux 5.14 on. What is there already stays.
void touch(std::byte* data, uint64_t bytes);

// RAM of the machine.
uint64_t total_ram_bytes();

// Half of the smallest of RAM and the memory limits of the control groups this process is in.
uint64_t default_budget();

}  // namespace sqs::os
