// A borrowed array of frames. Thread-safe: read only.
#pragma once

#include <cstring>

#include "graph/stage.hpp"
#include "source/source.hpp"

namespace sqs {

class MemorySource final : public Source {
 public:
  MemorySource(const void* frames, uint64_t frame_count, uint64_t frame_bytes, User owner)
      : frames_(static_cast<const std::byte*>(frames)), count_(frame_count), frame_bytes_(frame_bytes), owner_(std::move(owner)) {}

  uint64_t frame_count() const override { return count_; }
  Status read(uint64_t first, uint64_t count, std::byte* dst) override {
    std::memcpy(dst, frames_ + first * frame_bytes_, count * frame_bytes_);
    return ok();
  }
  const std::byte* in_memory() const override { return frames_; }

 private:
  const std::byte* frames_;
  uint64_t count_;
  uint64_t frame_bytes_;
  User owner_;
};

}  // namespace sqs
