// A regular file open for reading at any offset. Failures are thrown with SQS_E_IO and name the path. Thread safety: read_at()
// may overlap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace sqs::dsp {

class ReadOnlyFile {
 public:
  explicit ReadOnlyFile(std::string path);
  ~ReadOnlyFile();
  ReadOnlyFile(const ReadOnlyFile&) = delete;
  ReadOnlyFile& operator=(const ReadOnlyFile&) = delete;

  const std::string& path() const { return path_; }
  uint64_t bytes() const { return bytes_; }  // when it was opened
  int descriptor() const { return descriptor_; }

  // Returns how many bytes there were: fewer than asked for only at the end of the file.
  uint64_t read_at(uint64_t offset, uint64_t bytes, void* to) const;

 private:
  std::string path_;
  int descriptor_ = -1;
  uint64_t bytes_ = 0;
};

}  // namespace sqs::dsp
