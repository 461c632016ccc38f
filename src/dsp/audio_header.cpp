#include "audio_header.hpp"

#include <array>
#include <cstring>
#include <optional>
#include <string_view>

#include "frame_source.hpp"
#include "text.hpp"

namespace sqs::dsp {
namespace {

constexpr int kMostChunks = 4096;
constexpr uint64_t kUnknownSize = 0xFFFFFFFF;

// Little-endian numbers of a few bytes at an offset.
template <size_t kBytes>
class Bytes {
 public:
  Bytes(const ReadOnlyFile& file, uint64_t offset) : got_(file.read_at(offset, kBytes, bytes_.data())), end_(offset + got_) {
    if (got_ < kBytes) fail_format(file.path(), end_, "the file ends within the header");
  }
  uint64_t number(size_t at, size_t size) const {
    uint64_t value = 0;
    for (size_t i = size; i-- > 0;) value = value << 8 | bytes_[at + i];
    return value;
  }
  std::string_view word(size_t at) const { return {reinterpret_cast<const char*>(bytes_.data()) + at, 4}; }
  unsigned byte(size_t at) const { return bytes_[at]; }

 private:
  std::array<unsigned char, kBytes> bytes_{};
  uint64_t got_;
  uint64_t end_;
};

struct Chunk {
  std::array<char, 4> id;
  uint64_t size_offset;  // where its size is written
  uint64_t offset;       // of what is in it
  uint64_t bytes;
  uint64_t next;

  std::string_view name() const { return {id.data(), id.size()}; }
};

// RIFF and RF64: a name, 32 bits of size, contents padded to an even length.
Chunk riff_chunk(const ReadOnlyFile& file, uint64_t offset) {
  const Bytes<8> head(file, offset);
  Chunk chunk{{}, offset + 4, offset + 8, head.number(4, 4), 0};
  std::memcpy(chunk.id.data(), head.word(0).data(), 4);
  chunk.next = chunk.offset + chunk.bytes + chunk.bytes % 2;
  return chunk;
}

// W64: a name of 16 bytes, 64 bits of size that count the 24 bytes of both, contents padded to a multiple of eight.
Chunk w64_chunk(const ReadOnlyFile& file, uint64_t offset) {
  const Bytes<24> head(file, offset);
  Chunk chunk{{}, offset + 16, offset + 24, 0, 0};
  std::memcpy(chunk.id.data(), head.word(0).data(), 4);
  const uint64_t size = head.number(16, 8);
  if (size < 24)
    fail_format(file.path(), chunk.size_offset, text("chunk '", chunk.name(), "' says it has ", size,
                                                     " bytes; its own header has 24"));
  if (size > UINT64_MAX - offset - 7)
    fail_format(file.path(), chunk.size_offset, text("chunk '", chunk.name(), "' says it has ", size, " bytes"));
  chunk.bytes = size - 24;
  chunk.next = offset + (size + 7) / 8 * 8;
  return chunk;
}

// From the fmt chunk: how long a frame is, if frames can be found by their number.
uint64_t read_frame_bytes(const ReadOnlyFile& file, const Chunk& chunk) {
  if (chunk.bytes < 16)
    fail_format(file.path(), chunk.size_offset, text("the fmt chunk says it has ", chunk.bytes, " bytes; 16 are the least"));
  const Bytes<16> format(file, chunk.offset);
  constexpr uint64_t kPcm = 1, kFloat = 3, kALaw = 6, kMuLaw = 7, kExtensible = 0xFFFE;
  uint64_t tag = format.number(0, 2), tag_offset = chunk.offset;
  if (tag == kExtensible && chunk.bytes >= 40) {
    tag_offset = chunk.offset + 24;
    tag = Bytes<2>(file, tag_offset).number(0, 2);
  }
  if (tag != kPcm && tag != kFloat && tag != kALaw && tag != kMuLaw)
    fail_format(file.path(), tag_offset, text("encoding ", tag, " can't be read at any frame; PCM, float, A-law and mu-law can"));
  const uint64_t channels = format.number(2, 2), frame_bytes = format.number(12, 2), bits = format.number(14, 2);
  if (channels == 0) fail_format(file.path(), chunk.offset + 2, "the file has no channels");
  if (bits == 0 || frame_bytes != channels * ((bits + 7) / 8))
    fail_format(file.path(), chunk.offset + 12, text("a frame of ", channels, " channels of ", bits, " bits can't have ",
                                                     frame_bytes, " bytes"));
  return frame_bytes;
}

// `bytes`: of the data chunk, from wherever the container has it written.
uint64_t count_frames(const ReadOnlyFile& file, const Chunk& data, uint64_t bytes, uint64_t size_offset, uint64_t frame_bytes) {
  const uint64_t left = file.bytes() - data.offset;
  if ((bytes == 0 && left > 0) || bytes == kUnknownSize)  // 0 bytes of nothing is a recording without frames
    fail_format(file.path(), size_offset, text("the data chunk says it has ", bytes,
                                               " bytes, as a recorder leaves it that was stopped; ", left, " bytes follow"));
  if (bytes > left)
    fail_format(file.path(), size_offset, text("the data chunk says it has ", bytes, " bytes, but the file ends after ", left,
                                               " of them"));
  if (bytes % frame_bytes != 0)
    fail_format(file.path(), size_offset, text("the data chunk says it has ", bytes,
                                               " bytes, which is no whole number of frames of ", frame_bytes));
  return bytes / frame_bytes;
}

// Where RF64 has the sizes that do not fit 32 bits.
struct Ds64 {
  uint64_t data_bytes;
  uint64_t offset;
};

Ds64 read_ds64(const ReadOnlyFile& file, const Chunk& chunk) {
  if (chunk.bytes < 24)
    fail_format(file.path(), chunk.size_offset, text("the ds64 chunk says it has ", chunk.bytes, " bytes; 24 are the least"));
  return {Bytes<16>(file, chunk.offset).number(8, 8), chunk.offset + 8};
}

// Walks from chunk to chunk until the data.
template <class NextChunk>
uint64_t walk_to_data(const ReadOnlyFile& file, uint64_t offset, bool is_rf64, NextChunk next_chunk) {
  std::optional<uint64_t> frame_bytes;
  std::optional<Ds64> ds64;
  for (int i = 0; i < kMostChunks; ++i) {
    if (offset >= file.bytes()) fail_format(file.path(), file.bytes(), "the file ends without a data chunk");
    const Chunk chunk = next_chunk(file, offset);
    if (chunk.name() == "fmt ") frame_bytes = read_frame_bytes(file, chunk);
    if (chunk.name() == "ds64") ds64 = read_ds64(file, chunk);
    if (chunk.name() == "data") {
      if (!frame_bytes) fail_format(file.path(), chunk.offset - 8, "the data chunk comes before the fmt chunk");
      if (is_rf64 && chunk.bytes == kUnknownSize && ds64)
        return count_frames(file, chunk, ds64->data_bytes, ds64->offset, *frame_bytes);
      return count_frames(file, chunk, chunk.bytes, chunk.size_offset, *frame_bytes);
    }
    if (chunk.next > file.bytes())
      fail_format(file.path(), chunk.size_offset,
                  text("chunk '", chunk.name(), "' says it has ", chunk.bytes, " bytes, but the file ends after ",
                       file.bytes() - chunk.offset, " of them"));
    offset = chunk.next;
  }
  fail_format(file.path(), offset, text("there is no data chunk among the first ", kMostChunks));
}

AudioHeader read_flac(const ReadOnlyFile& file) {
  const Bytes<42> head(file, 0);
  if ((head.byte(4) & 0x7F) != 0) fail_format(file.path(), 4, "the first block is not STREAMINFO");
  // 36 bits, big-endian, in the middle of STREAMINFO.
  uint64_t frames = head.byte(21) & 0x0F;
  for (size_t at = 22; at < 26; ++at) frames = frames << 8 | head.byte(at);
  if (frames == 0) fail_format(file.path(), 21, "the file says it has 0 frames, as an encoder leaves it that was stopped");
  return {"flac", frames};
}

}  // namespace

AudioHeader read_audio_header(const ReadOnlyFile& file) {
  const Bytes<12> head(file, 0);
  const std::string_view magic = head.word(0);
  if (magic == "fLaC") return read_flac(file);
  const bool is_rf64 = magic == "RF64" || magic == "BW64";
  if (magic == "riff") return {"w64", walk_to_data(file, 40, false, w64_chunk)};
  if (magic != "RIFF" && !is_rf64)
    fail_format(file.path(), 0, "there is none of RIFF, RF64, W64 and fLaC: not an audio file that is known here");
  if (head.word(8) != "WAVE") fail_format(file.path(), 8, "there is no WAVE: a RIFF file of another kind");
  return {is_rf64 ? "rf64" : "wav", walk_to_data(file, 12, is_rf64, riff_chunk)};
}

}  // namespace sqs::dsp
