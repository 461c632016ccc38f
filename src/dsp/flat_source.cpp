// Raw files and .npy arrays: frames one after the other from some byte on, read with pread.
#include "dtypes.hpp"
#include "frame_source.hpp"
#include "npy_header.hpp"

namespace sqs::dsp {
namespace {

class FlatSource final : public FrameSource {
 public:
  FlatSource(std::unique_ptr<ReadOnlyFile> file, const sqs_file_info& info, uint64_t first_byte)
      : file_(std::move(file)), first_byte_(first_byte), frame_bytes_(info.channels * sqs_dtype_bytes(info.dtype)) {
    info_ = info;
  }

  void read(uint64_t first, uint64_t frames, std::byte* to) override {
    const uint64_t offset = first_byte_ + first * frame_bytes_, bytes = frames * frame_bytes_;
    const uint64_t got = file_->read_at(offset, bytes, to);
    if (got != bytes)
      fail(SQS_E_SOURCE, text("\"", file_->path(), "\" ends at byte ", offset + got, " now; it was longer when it was opened"));
  }
  int32_t threading() const override { return SQS_CONCURRENT; }

 private:
  std::unique_ptr<ReadOnlyFile> file_;
  uint64_t first_byte_;
  uint64_t frame_bytes_;
};

}  // namespace

std::unique_ptr<FrameSource> open_raw(std::unique_ptr<ReadOnlyFile> file, const Params& params) {
  sqs_file_info info = {};
  info.dtype = dtype_named(params.choice("dtype"));
  info.channels = params.integer("channels");
  info.sample_rate = params.number("rate");
  set_container(info, "raw");
  const uint64_t skip = params.integer("skip"), frame_bytes = checked_bytes(info.channels, sqs_dtype_bytes(info.dtype));
  if (skip > file->bytes()) fail_format(file->path(), file->bytes(), text("the file ends, before skip=", skip, " bytes"));
  const uint64_t rest = (file->bytes() - skip) % frame_bytes;
  if (rest != 0)
    fail_format(file->path(), file->bytes() - rest,
                text("the last frame begins, but the file ends ", rest, " bytes later: a frame is ", frame_bytes, " bytes"));
  info.frame_count = (file->bytes() - skip) / frame_bytes;
  return std::make_unique<FlatSource>(std::move(file), info, skip);
}

std::unique_ptr<FrameSource> open_npy(std::unique_ptr<ReadOnlyFile> file, const Params& params) {
  const NpyHeader header = read_npy_header(*file);
  sqs_file_info info = {};
  info.dtype = header.dtype;
  info.channels = header.channels;
  info.frame_count = header.frames;
  info.sample_rate = params.number("rate");
  set_container(info, "npy");
  return std::make_unique<FlatSource>(std::move(file), info, header.data_offset);
}

}  // namespace sqs::dsp
