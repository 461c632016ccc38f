// A file that takes the place of another only when it is complete: written beside it under a temporary name, then synced and
// renamed. The former file is kept until the new one is settled, so that several files can be replaced together or not at all:
// complete() all of them, put_in_place() one after the other, and then settle() all, or undo() those that were put in place.
// Destroyed before it is settled, it leaves nothing behind and the former file as it was. Not thread-safe.
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

  ReplacementFile(ReplacementFile&& other) noexcept;
  ReplacementFile& operator=(ReplacementFile&&) = delete;
  ~ReplacementFile();

  File& file() { return file_; }  // until it is complete
  // All that can fail while the former file is untouched: the new one is on the device, and can still be renamed.
  Status complete();
  // The new file is at its path, and will be after a power cut. If that fails the former file is at it.
  Status put_in_place();
  // The former file is at its path again, or none if there was none. Where the file system can neither exchange two names nor
  // give a file a second one, the former file is gone: an error that says so.
  Status undo();
  // The former file is not needed any more.
  void settle();

 private:
  enum class Phase { Writing, InPlace, Over };
  // What has become of the former file when the new one is in place: there was none, it has the new one's temporary name, or one
  // of its own, or none at all.
  enum class Former { None, Exchanged, Linked, Gone };

  explicit ReplacementFile(std::string path) : path_(std::move(path)) {}
  Status rename_into_place();
  Status keep_and_rename();
  const std::string& former_name() const { return former_ == Former::Linked ? link_ : file_.path(); }

  // Nothing is allocated between a change of names and the note of it here, so that a lack of memory can't leave files behind.
  File file_;         // open until complete; its path is the temporary name
  std::string path_;
  std::string link_;  // the former file's second name
  Former former_ = Former::None;
  Phase phase_ = Phase::Over;
};

}  // namespace sqs::os
