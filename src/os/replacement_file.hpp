// A file that takes the place of another only when it is complete: written beside it under a temporary name, then synced
// and renamed. Destroyed before commit(), it leaves nothing behind and the former file untouched. Not thread-safe.
#pragma once

#include <string>

#include "os/file.hpp"

namespace sqs::os {

// Whether two paths name the same file, there or not yet.
bool same_path(const std::string& a, const std::string& b);

class ReplacementFile {
 public:
  // Refuses a path at which there is something else than a regular file: a device or a directory must not be replaced.
  static Result<ReplacementFile> create(const std::string& path);

  ReplacementFile(ReplacementFile&& other) noexcept = default;
  ReplacementFile& operator=(ReplacementFile&& other) noexcept = default;
  ~ReplacementFile();

  File& file() { return file_; }
  // The new file is at its path, and will be after a power cut. If it fails before the rename, the former file stands and
  // the new one is gone; if syncing the directory fails, only the promise about power cuts is not kept.
  Status commit();

 private:
  ReplacementFile(File file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}

  File file_;  // under its temporary name; open until committed or abandoned
  std::string path_;
};

}  // namespace sqs::os
