// WAV, RF64, W64 and FLAC files by libsndfile.
#include <sndfile.h>

#include "audio_header.hpp"
#include "dtypes.hpp"
#include "frame_source.hpp"

namespace sqs::dsp {
namespace {

struct CloseSndfile {
  void operator()(SNDFILE* file) const { sf_close(file); }
};

class AudioSource final : public FrameSource {
 public:
  AudioSource(std::unique_ptr<ReadOnlyFile> file, const Params& params) : file_(std::move(file)) {
    const AudioHeader header = read_audio_header(*file_);
    SF_INFO sound = {};
    sndfile_.reset(sf_open_fd(file_->descriptor(), SFM_READ, &sound, SF_FALSE));
    if (!sndfile_) fail_format(file_->path(), 0, text("libsndfile refuses the header: ", sf_strerror(nullptr)));
    if (static_cast<uint64_t>(sound.frames) != header.frames)
      fail_format(file_->path(), 0, text("the header has ", header.frames, " frames, but libsndfile finds ", sound.frames));
    info_.dtype = params.given("dtype") ? dtype_named(params.choice("dtype")) : SQS_F32;
    info_.channels = static_cast<uint64_t>(sound.channels);
    info_.frame_count = header.frames;
    info_.sample_rate = params.number("rate") > 0 ? params.number("rate") : sound.samplerate;
    set_container(info_, header.container);
    check_dtype(sound.format & SF_FORMAT_SUBMASK);
    if (info_.frame_count > 0) check_last_frame();
  }

  void read(uint64_t first, uint64_t frames, std::byte* to) override {
    const uint64_t got = read_some(first, frames, to);
    if (got != frames)
      fail(SQS_E_SOURCE, text("\"", file_->path(), "\" gave no frame ", first + got, " of ", info_.frame_count, ": ",
                              sf_strerror(sndfile_.get())));
  }

 private:
  void check_dtype(int encoding) const {
    const bool integer = info_.dtype == SQS_I16 || info_.dtype == SQS_I32;
    if (!integer && !is_float(info_.dtype))
      fail(SQS_E_INVALID, text("file: dtype=", sqs_dtype_name(info_.dtype),
                               " is none of f32, f64, i16, i32, which audio is read as"));
    if (integer && (encoding == SF_FORMAT_FLOAT || encoding == SF_FORMAT_DOUBLE))
      fail(SQS_E_INVALID, text("file: \"", file_->path(), "\" has float samples, which have no scale as ",
                               sqs_dtype_name(info_.dtype), ": use f32 or f64"));
  }

  // Compressed files may be cut short with nothing in the header to tell.
  void check_last_frame() {
    std::vector<std::byte> frame(info_.channels * sqs_dtype_bytes(info_.dtype));
    if (read_some(info_.frame_count - 1, 1, frame.data()) != 1)
      fail_format(file_->path(), file_->bytes(), text("the file ends before the last of the ", info_.frame_count,
                                                      " frames that its header has"));
  }

  uint64_t read_some(uint64_t first, uint64_t frames, std::byte* to) {
    const auto wanted = static_cast<sf_count_t>(first);
    if (next_ != wanted) {
      next_ = -1;
      if (sf_seek(sndfile_.get(), wanted, SF_SEEK_SET) != wanted) return 0;
    }
    const sf_count_t got = read_here(static_cast<sf_count_t>(frames), to);
    next_ = got == static_cast<sf_count_t>(frames) ? wanted + got : -1;
    return got > 0 ? static_cast<uint64_t>(got) : 0;
  }

  sf_count_t read_here(sf_count_t frames, std::byte* to) {
    switch (info_.dtype) {
      case SQS_I16: return sf_readf_short(sndfile_.get(), reinterpret_cast<int16_t*>(to), frames);
      case SQS_I32: return sf_readf_int(sndfile_.get(), reinterpret_cast<int32_t*>(to), frames);
      case SQS_F64: return sf_readf_double(sndfile_.get(), reinterpret_cast<double*>(to), frames);
      default: return sf_readf_float(sndfile_.get(), reinterpret_cast<float*>(to), frames);
    }
  }

  std::unique_ptr<ReadOnlyFile> file_;
  std::unique_ptr<SNDFILE, CloseSndfile> sndfile_;
  sf_count_t next_ = -1;  // the frame that comes without seeking; -1: unknown
};

}  // namespace

std::unique_ptr<FrameSource> open_audio(std::unique_ptr<ReadOnlyFile> file, const Params& params) {
  return std::make_unique<AudioSource>(std::move(file), params);
}

}  // namespace sqs::dsp
