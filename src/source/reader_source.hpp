// Frames from a user's random-access callback. As thread-safe as that.
#pragma once

#include "source/reader.hpp"
#include "source/source.hpp"

namespace sqs {

class ReaderSource final : public Source {
 public:
  explicit ReaderSource(ReaderDecl reader) : reader_(std::move(reader)) {}

  uint64_t frame_count() const override { return reader_.frame_count; }
  Status read(uint64_t first, uint64_t count, std::byte* dst) override;
  Threading threading() const override { return reader_.threading; }

 private:
  ReaderDecl reader_;
};

}  // namespace sqs
