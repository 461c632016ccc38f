// Rows into memory: a result's own or a caller's buffer. Not thread-safe.
#pragma once

#include <cstring>

#include "core/strided.hpp"
#include "sink/sink.hpp"

namespace sqs {

class MemorySink final : public Sink {
 public:
  // `to` begins with row `first` and holds `rows`.
  MemorySink(void* to, uint64_t first, uint64_t rows, uint64_t row_bytes)
      : to_(static_cast<std::byte*>(to)), first_(first), rows_(rows), row_bytes_(row_bytes) {}

  std::byte* memory() override { return to_; }
  Status write(const sqs_view& rows) override {
    std::byte* at = to_ + (static_cast<uint64_t>(rows.first_row) - first_) * row_bytes_;
    for_each_run(rows, [&](const std::byte* from, size_t bytes) {
      std::memcpy(at, from, bytes);
      at += bytes;
    });
    return ok();
  }
  Result<bool> read_back(const Visit& visit) override {
    visit(to_, rows_ * row_bytes_);
    return true;
  }

 private:
  std::byte* to_;
  uint64_t first_;
  uint64_t rows_;
  uint64_t row_bytes_;
};

}  // namespace sqs
