// Rows into a .npy file (version 1.0, C order), written beside its path, which it takes when it is shown. Rows may come in order
// or from the end; small pieces are gathered in a buffer as long as each adjoins those before it. Not thread-safe.
//
//   buffer | free | gathered bytes [begin, end) | free |   of the file from offset on
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "os/replacement_file.hpp"
#include "sink/sink.hpp"

namespace sqs {

class NpySink final : public Sink {
 public:
  NpySink(std::string target, std::string path, int32_t dtype, std::vector<uint64_t> row_shape, uint64_t first, uint64_t rows);

  Status start(std::byte* buffer) override;
  Status write(const sqs_view& rows) override;
  Result<bool> read_back(const Visit& visit) override;
  Status finish() override;
  Status show() override;
  Status take_back() override;
  void settle() override { file_->settle(); }

  // The file's first bytes, padded so that data begins on a multiple of 64.
  static std::string header(int32_t dtype, const std::vector<uint64_t>& row_shape, uint64_t rows);

 private:
  Status put(uint64_t offset, const std::byte* from, uint64_t bytes);
  bool gather(uint64_t offset, const std::byte* from, uint64_t bytes);
  Status flush();
  Error blamed(Error error) const;
  Status blamed(Status status) const;

  std::string target_;
  std::string path_;
  std::string header_;
  std::optional<os::ReplacementFile> file_;
  std::byte* buffer_ = nullptr;
  uint64_t begin_ = 0;   // of what is gathered in the buffer
  uint64_t end_ = 0;
  uint64_t offset_ = 0;  // of that in the file
  uint64_t first_;       // row at the start of the data
  uint64_t rows_;
  uint64_t row_bytes_;
};

}  // namespace sqs
