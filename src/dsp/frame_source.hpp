// A file as a random-access source of frames. Opening checks the header against the file itself; failures are thrown, with
// SQS_E_FORMAT and the byte offset for what a header says wrongly.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "params.hpp"
#include "read_only_file.hpp"
#include "sqrtspace/dsp.h"

namespace sqs::dsp {

class FrameSource {
 public:
  virtual ~FrameSource() = default;
  // struct_size is left 0.
  const sqs_file_info& info() const { return info_; }
  // Reads all of the frames, or throws.
  virtual void read(uint64_t first, uint64_t frames, std::byte* to) = 0;
  // sqs_threading_code of read().
  virtual int32_t threading() const { return SQS_ANY_THREAD; }

 protected:
  sqs_file_info info_ = {};
};

// Picks the container by suffix and options.
std::unique_ptr<FrameSource> open_source(const char* path, const char* options);

// What open_source() picks from. `params` are those of the table in frame_source.cpp.
std::unique_ptr<FrameSource> open_raw(std::unique_ptr<ReadOnlyFile> file, const Params& params);
std::unique_ptr<FrameSource> open_npy(std::unique_ptr<ReadOnlyFile> file, const Params& params);
std::unique_ptr<FrameSource> open_audio(std::unique_ptr<ReadOnlyFile> file, const Params& params);

// Sets info.container, which has room for 15 characters.
void set_container(sqs_file_info& info, const char* name);

// Throws SQS_E_FORMAT: "PATH": at byte OFFSET, WHAT.
[[noreturn]] void fail_format(const std::string& path, uint64_t offset, const std::string& what);

}  // namespace sqs::dsp
