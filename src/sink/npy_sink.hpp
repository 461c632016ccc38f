// Rows into a .npy file (version 1.0, C order), written beside its path and renamed at the end. Not thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "os/replacement_file.hpp"
#include "sink/sink.hpp"

namespace sqs {

class NpySink final : public Sink {
 public:
  NpySink(std::string target, std::string path, int32_t dtype, std::vector<uint64_t> row_shape, uint64_t rows);

  Status start(std::byte* buffer) override;
  Status write(const sqs_view& rows) override;
  Status finish() override;

  // The file's first bytes, padded so that data begins on a multiple of 64.
  static std::string header(int32_t dtype, const std::vector<uint64_t>& row_shape, uint64_t rows);

 private:
  Status put(const std::byte* from, uint64_t bytes);
  Status flush();
  Error blamed(Error error) const;

  std::string target_;
  std::string path_;
  std::string header_;
  std::optional<os::ReplacementFile> file_;
  std::byte* buffer_ = nullptr;
  uint64_t used_ = 0;    // of the buffer
  uint64_t offset_ = 0;  // of the file
};

}  // namespace sqs
