// Files as input: what is read, and what headers that lie or end too early get for an answer. Through the C functions.
#include <gtest/gtest.h>
#include <sndfile.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "sqrtspace/dsp.h"
#include "temporary_directory.hpp"

namespace {

namespace fs = std::filesystem;

// A file that is gone with its scope.
class TempFile {
 public:
  explicit TempFile(const std::string& suffix, const std::string& bytes = "") : path_(directory_.file("file" + suffix)) {
    sqs::test::write_text(path_, bytes);
  }

  std::string path() const { return path_; }
  std::string bytes() const { return sqs::test::text_of(path_); }
  void truncate(uint64_t size) const { fs::resize_file(path_, size); }

 private:
  const sqs::test::TemporaryDirectory directory_;
  const std::string path_;
};

struct Answer {
  int32_t code;
  std::string message;
  sqs_file_info info;
};

Answer info_of(const std::string& path, const std::string& options = "") {
  Answer answer = {};
  answer.info.struct_size = sizeof answer.info;
  sqs_error* error = nullptr;
  answer.code = sqs_dsp_file_info(path.c_str(), options.c_str(), &answer.info, &error);
  answer.message = sqs_error_message(error);
  EXPECT_EQ(answer.code == SQS_OK, error == nullptr);
  sqs_error_destroy(error);
  return answer;
}

void expect_info(const Answer& got, const char* container, int32_t dtype, uint64_t channels, uint64_t frames, double rate) {
  ASSERT_EQ(got.code, SQS_OK) << got.message;
  EXPECT_STREQ(got.info.container, container);
  EXPECT_EQ(got.info.dtype, dtype);
  EXPECT_EQ(got.info.channels, channels);
  EXPECT_EQ(got.info.frame_count, frames);
  EXPECT_EQ(got.info.sample_rate, rate);
}

// ---- building headers

std::string le(uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i) & 255));
  return out;
}
std::string chunk(const std::string& id, const std::string& contents) {
  return id + le(contents.size(), 4) + contents + std::string(contents.size() % 2, '\0');
}
// PCM of 16 bits in `channels` channels at 8 kHz.
std::string fmt_of(uint64_t channels, uint64_t tag = 1, uint64_t bits = 16) {
  const uint64_t frame = channels * bits / 8;
  return le(tag, 2) + le(channels, 2) + le(8000, 4) + le(8000 * frame, 4) + le(frame, 2) + le(bits, 2);
}
std::string riff(const std::string& chunks) { return "RIFF" + le(4 + chunks.size(), 4) + "WAVE" + chunks; }
// A WAV whose data chunk says `size`, whatever it holds.
std::string wav_saying(uint64_t size, const std::string& data, const std::string& fmt = fmt_of(2)) {
  return riff(chunk("fmt ", fmt) + "data" + le(size, 4) + data);
}
const std::string kFourFrames = le(1, 2) + le(2, 2) + le(0xFFFF, 2) + le(0x8000, 2) + le(5, 2) + le(6, 2) + le(7, 2) + le(8, 2);

std::string npy(const std::string& dict, const std::string& data, int version = 1) {
  const std::string length = le(dict.size(), version == 1 ? 2 : 4);
  return std::string("\x93NUMPY") + static_cast<char>(version) + '\0' + length + dict + data;
}
std::string npy_dict(const std::string& descr, const std::string& shape) {
  return "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }\n";
}

// ---- what can be read

TEST(FileInfo, ReadsRawFilesByTheirOptions) {
  const TempFile file(".iq", std::string(50, 'x'));
  expect_info(info_of(file.path(), "dtype=c64 skip=2 rate=1e6"), "raw", SQS_C64, 1, 6, 1e6);
  expect_info(info_of(file.path(), "dtype=i16 channels=5"), "raw", SQS_I16, 5, 5, 0);
  expect_info(info_of(file.path(), "dtype=u8 skip=50"), "raw", SQS_U8, 1, 0, 0);
  const TempFile wav(".wav", wav_saying(16, kFourFrames));
  expect_info(info_of(wav.path(), "container=raw dtype=u8 skip=44"), "raw", SQS_U8, 1, 16, 0);
}

// A recording without frames is one as long as no bytes follow; with them, its length was never written.
TEST(FileInfo, ReadsAWavOfNoFrames) {
  const TempFile file(".wav", wav_saying(0, ""));
  expect_info(info_of(file.path()), "wav", SQS_F32, 2, 0, 8000);
}

TEST(FileInfo, ReadsNpyOfEveryVersion) {
  for (const int version : {1, 2, 3}) {
    const TempFile file(".npy", npy(npy_dict("<f4", "(3, 2)"), std::string(24, 'x'), version));
    expect_info(info_of(file.path(), "rate=360"), "npy", SQS_F32, 2, 3, 360);
  }
  const TempFile flat(".NPY", npy(npy_dict("<c16", "(2,)"), std::string(32, 'x')));
  expect_info(info_of(flat.path()), "npy", SQS_C128, 1, 2, 0);
  const TempFile empty(".npy", npy(npy_dict("|u1", "(0, 7)"), ""));
  expect_info(info_of(empty.path()), "npy", SQS_U8, 7, 0, 0);
  const TempFile other(".npy", npy("{\"shape\":(2,1),\"fortran_order\":False,\"descr\":\"<i2\"}", "abcd"));
  expect_info(info_of(other.path()), "npy", SQS_I16, 1, 2, 0);
}

TEST(FileInfo, ReadsWavWithOtherChunksAround) {
  const TempFile plain(".wav", wav_saying(16, kFourFrames));
  expect_info(info_of(plain.path()), "wav", SQS_F32, 2, 4, 8000);
  expect_info(info_of(plain.path(), "dtype=i16 rate=100"), "wav", SQS_I16, 2, 4, 100);
  const TempFile odd(".wav", riff(chunk("JUNK", "odd") + chunk("fmt ", fmt_of(2)) + chunk("data", kFourFrames) + chunk("LIST", "end!")));
  expect_info(info_of(odd.path()), "wav", SQS_F32, 2, 4, 8000);
}

// Files as libsndfile writes them.
TempFile& written(TempFile& file, int format, int channels, int frames) {
  SF_INFO info = {};
  info.samplerate = 44100;
  info.channels = channels;
  info.format = format;
  SNDFILE* out = sf_open(file.path().c_str(), SFM_WRITE, &info);
  EXPECT_NE(out, nullptr) << sf_strerror(nullptr);
  std::vector<int16_t> samples(static_cast<size_t>(channels) * static_cast<size_t>(frames));
  for (size_t i = 0; i < samples.size(); ++i) samples[i] = static_cast<int16_t>(i * 2654435761u >> 7);
  EXPECT_EQ(sf_writef_short(out, samples.data(), frames), frames);
  sf_close(out);
  return file;
}

TEST(FileInfo, ReadsRf64W64AndFlac) {
  TempFile rf64(".rf64"), w64(".w64"), flac(".flac"), wide(".wav"), floats(".wav");
  expect_info(info_of(written(rf64, SF_FORMAT_RF64 | SF_FORMAT_PCM_24, 3, 100).path()), "rf64", SQS_F32, 3, 100, 44100);
  expect_info(info_of(written(w64, SF_FORMAT_W64 | SF_FORMAT_PCM_16, 2, 77).path()), "w64", SQS_F32, 2, 77, 44100);
  expect_info(info_of(written(flac, SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 2, 9000).path()), "flac", SQS_F32, 2, 9000, 44100);
  expect_info(info_of(written(wide, SF_FORMAT_WAVEX | SF_FORMAT_PCM_32, 6, 10).path(), "dtype=i32"), "wav", SQS_I32, 6, 10, 44100);
  expect_info(info_of(written(floats, SF_FORMAT_WAV | SF_FORMAT_FLOAT, 1, 10).path(), "dtype=f64"), "wav", SQS_F64, 1, 10, 44100);
}

// ---- what can't

struct Refusal {
  const char* what;
  const char* suffix;
  std::string bytes;
  const char* options;
  int32_t code;
  const char* sentence;  // of the message, behind the path
};

std::string with_bytes(std::string file, size_t at, const std::string& bytes) { return file.replace(at, bytes.size(), bytes); }

std::vector<Refusal> refusals() {
  const std::string good = wav_saying(16, kFourFrames);
  const std::string ds64 = chunk("ds64", le(100, 8) + le(1 << 20, 8) + le(4, 8) + le(0, 4));
  const std::string rf64 = "RF64" + le(0xFFFFFFFF, 4) + "WAVE" + ds64 + chunk("fmt ", fmt_of(2)) + "data" + le(0xFFFFFFFF, 4) + kFourFrames;
  const std::string rf64_without = "RF64" + le(0xFFFFFFFF, 4) + "WAVE" + chunk("fmt ", fmt_of(2)) + "data" + le(0xFFFFFFFF, 4) + kFourFrames;
  const std::string w64_guid = std::string("riff") + "\x2E\x91\xCF\x11\xA5\xD6\x28\xDB\x04\xC1" + std::string(2, '\0');
  const std::string tail = std::string("\xF3\xAC\xD3\x11\x8C\xD1") + '\0' + "\xC0\x4F\x8E\xDB\x8A";
  const std::string w64_head = w64_guid + le(1000, 8) + "wave" + tail + "fmt " + tail + le(40, 8) + fmt_of(2);
  const std::string flac = "fLaC" + std::string(1, '\0') + std::string("\0\0\x22", 3) + std::string(34, '\0') + std::string(100, 'x');
  const std::string f4 = npy_dict("<f4", "(3, 2)");
  const std::string data = std::string(24, 'x');
  return {
      {"an empty file", ".wav", "", "", SQS_E_FORMAT, "at byte 0, the file ends within the header"},
      {"half a header", ".wav", good.substr(0, 11), "", SQS_E_FORMAT, "at byte 11, the file ends within the header"},
      {"no magic", ".wav", std::string(60, 'x'), "", SQS_E_FORMAT,
       "at byte 0, there is none of RIFF, RF64, W64 and fLaC: not an audio file that is known here"},
      {"a RIFF of another kind", ".wav", with_bytes(good, 8, "AVI "), "", SQS_E_FORMAT, "at byte 8, there is no WAVE: a RIFF file of another kind"},
      {"no data chunk", ".wav", riff(chunk("fmt ", fmt_of(2))), "", SQS_E_FORMAT, "at byte 36, the file ends without a data chunk"},
      {"data before fmt", ".wav", riff(chunk("data", kFourFrames)), "", SQS_E_FORMAT, "at byte 12, the data chunk comes before the fmt chunk"},
      {"data of size 0", ".wav", wav_saying(0, kFourFrames), "", SQS_E_FORMAT,
       "at byte 40, the data chunk says it has 0 bytes, as a recorder leaves it that was stopped; 16 bytes follow"},
      {"data of size 0xFFFFFFFF", ".wav", wav_saying(0xFFFFFFFF, kFourFrames), "", SQS_E_FORMAT,
       "at byte 40, the data chunk says it has 4294967295 bytes, as a recorder leaves it that was stopped; 16 bytes follow"},
      {"data longer than the file", ".wav", wav_saying(4096, kFourFrames), "", SQS_E_FORMAT,
       "at byte 40, the data chunk says it has 4096 bytes, but the file ends after 16 of them"},
      {"data cut by one byte", ".wav", good.substr(0, good.size() - 1), "", SQS_E_FORMAT,
       "at byte 40, the data chunk says it has 16 bytes, but the file ends after 15 of them"},
      {"data of no whole frames", ".wav", wav_saying(15, kFourFrames), "", SQS_E_FORMAT,
       "at byte 40, the data chunk says it has 15 bytes, which is no whole number of frames of 4"},
      {"a chunk longer than the file", ".wav", riff("JUNK" + le(0xFFFFFFF0, 4) + good.substr(12)), "", SQS_E_FORMAT,
       "at byte 16, chunk 'JUNK' says it has 4294967280 bytes, but the file ends after 48 of them"},
      {"a short fmt chunk", ".wav", riff(chunk("fmt ", "short!") + chunk("data", kFourFrames)), "", SQS_E_FORMAT,
       "at byte 16, the fmt chunk says it has 6 bytes; 16 are the least"},
      {"no channels", ".wav", wav_saying(16, kFourFrames, fmt_of(0)), "", SQS_E_FORMAT, "at byte 22, the file has no channels"},
      {"a frame of a wrong length", ".wav", with_bytes(good, 32, le(7, 2)), "", SQS_E_FORMAT,
       "at byte 32, a frame of 2 channels of 16 bits can't have 7 bytes"},
      {"ADPCM", ".wav", wav_saying(16, kFourFrames, fmt_of(2, 17)), "", SQS_E_FORMAT,
       "at byte 20, encoding 17 can't be read at any frame; PCM, float, A-law and mu-law can"},
      {"RF64 longer than the file", ".rf64", rf64, "", SQS_E_FORMAT,
       "at byte 28, the data chunk says it has 1048576 bytes, but the file ends after 16 of them"},
      {"RF64 without ds64", ".rf64", rf64_without, "", SQS_E_FORMAT,
       "at byte 40, the data chunk says it has 4294967295 bytes, as a recorder leaves it that was stopped; 16 bytes follow"},
      {"W64 longer than the file", ".w64", w64_head + "data" + tail + le(24 + 4096, 8) + kFourFrames, "", SQS_E_FORMAT,
       "at byte 96, the data chunk says it has 4096 bytes, but the file ends after 16 of them"},
      {"W64 with a chunk of nothing", ".w64", w64_head + "data" + tail + le(3, 8) + kFourFrames, "", SQS_E_FORMAT,
       "at byte 96, chunk 'data' says it has 3 bytes; its own header has 24"},
      {"W64 with a chunk of 2^64 bytes", ".w64", w64_head + "junk" + tail + le(UINT64_MAX, 8) + kFourFrames, "", SQS_E_FORMAT,
       "at byte 96, chunk 'junk' says it has 18446744073709551615 bytes"},
      {"FLAC of unknown length", ".flac", flac, "", SQS_E_FORMAT,
       "at byte 21, the file says it has 0 frames, as an encoder leaves it that was stopped"},
      {"FLAC header cut", ".flac", flac.substr(0, 30), "", SQS_E_FORMAT, "at byte 30, the file ends within the header"},
      {"FLAC that libsndfile refuses", ".flac", with_bytes(flac, 25, "\x09"), "", SQS_E_FORMAT, "at byte 0, libsndfile refuses the header: "},

      {"an empty .npy", ".npy", "", "", SQS_E_FORMAT, "at byte 0, there is no \"\\x93NUMPY\": not a .npy file"},
      {"no .npy", ".npy", std::string(100, 'x'), "", SQS_E_FORMAT, "at byte 0, there is no \"\\x93NUMPY\": not a .npy file"},
      {"only the magic", ".npy", npy(f4, data).substr(0, 8), "", SQS_E_FORMAT, "at byte 8, the file ends within the header"},
      {"version 4", ".npy", npy(f4, data, 4), "", SQS_E_FORMAT, "at byte 6, format version 4 is none of 1, 2, 3"},
      {"a header of 4 GiB", ".npy", with_bytes(npy(f4, data, 2), 8, le(0xFFFFFFFF, 4)), "", SQS_E_FORMAT,
       "at byte 8, the header says it has 4294967295 bytes; at most 65536 are read"},
      {"a header longer than the file", ".npy", with_bytes(npy(f4, ""), 8, le(500, 2)), "", SQS_E_FORMAT,
       "at byte 70, the file ends within the header, which says it has 500 bytes"},
      {"data cut", ".npy", npy(f4, data.substr(1)), "", SQS_E_FORMAT, "at byte 93, the file ends: of 24 bytes of data 23 are there"},
      {"data longer than the header tells", ".npy", npy(f4, data + data.substr(8)), "", SQS_E_FORMAT,
       "at byte 94, the array the header tells of ends, but 16 bytes follow: frames were added behind it, or a second array was; "
       "save one array in a file"},
      {"Fortran order", ".npy", npy("{'descr': '<f4', 'fortran_order': True, 'shape': (3, 2)}", data), "", SQS_E_FORMAT,
       "at byte 44, the array is in Fortran order: save it with numpy.ascontiguousarray"},
      {"objects", ".npy", npy(npy_dict("|O", "(3,)"), data), "", SQS_E_FORMAT,
       "at byte 20, dtype '|O' is not a little-endian number of 1 to 16 bytes that is known here"},
      {"big-endian", ".npy", npy(npy_dict(">f4", "(3,)"), data), "", SQS_E_FORMAT,
       "at byte 20, dtype '>f4' is not a little-endian number of 1 to 16 bytes that is known here"},
      {"a structured dtype", ".npy", npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,)}", data), "", SQS_E_FORMAT,
       "at byte 20, descr is a structured dtype, which has no one element type"},
      {"a negative extent", ".npy", npy(npy_dict("<f4", "(-3, 2)"), data), "", SQS_E_FORMAT,
       "at byte 61, an extent of the shape is not a number from 0 to 2^64 - 1"},
      {"an extent past 64 bits", ".npy", npy(npy_dict("<f4", "(99999999999999999999,)"), data), "", SQS_E_FORMAT,
       "at byte 61, an extent of the shape is not a number from 0 to 2^64 - 1"},
      {"a product past 64 bits", ".npy", npy(npy_dict("<f4", "(4611686018427387904, 2)"), data), "", SQS_E_FORMAT,
       "at byte 60, an array of 4611686018427387904 by 2 does not fit 64 bits"},
      {"bytes past 64 bits", ".npy", npy(npy_dict("<f8", "(4611686018427387904,)"), data), "", SQS_E_FORMAT,
       "at byte 60, an array of 4611686018427387904 by 1 does not fit 64 bits"},
      {"three axes", ".npy", npy(npy_dict("<f4", "(1, 3, 2)"), data), "", SQS_E_FORMAT, "at byte 60, the array has more than two axes"},
      {"no axis", ".npy", npy(npy_dict("<f4", "()"), data), "", SQS_E_FORMAT, "at byte 60, the array has no axis"},
      {"no channels in .npy", ".npy", npy(npy_dict("<f4", "(3, 0)"), data), "", SQS_E_FORMAT, "at byte 60, frames have no channels"},
      {"a missing key", ".npy", npy("{'descr': '<f4', 'shape': (3, 2)}", data), "", SQS_E_FORMAT,
       "at byte 43, the dict ends without all of descr, fortran_order and shape"},
      {"an unknown key", ".npy", npy("{'descr': '<f4', 'order': 'C'}", data), "", SQS_E_FORMAT, "at byte 27, unknown key 'order'"},
      {"a key twice", ".npy", npy("{'descr': '<f4', 'descr': '<f8'}", data), "", SQS_E_FORMAT, "at byte 27, key 'descr' comes twice"},
      {"a dict without end", ".npy", npy("{'descr': '<f4'", data), "", SQS_E_FORMAT, "at byte 25, the header should have ','"},
      {"a string without end", ".npy", npy("{'descr': '<f4", data), "", SQS_E_FORMAT, "at byte 20, a string has no end"},
      {"no dict", ".npy", npy("__import__('os')", data), "", SQS_E_FORMAT, "at byte 10, the header should have '{'"},
      {"text behind the dict", ".npy", npy(f4 + "x", data), "", SQS_E_FORMAT, "at byte 70, there is text behind the dict"},

      {"raw with half a frame", ".bin", std::string(10, 'x'), "dtype=f32", SQS_E_FORMAT,
       "at byte 8, the last frame begins, but the file ends 2 bytes later: a frame is 4 bytes"},
      {"raw shorter than skip", ".bin", std::string(10, 'x'), "dtype=u8 skip=11", SQS_E_FORMAT, "at byte 10, the file ends, before skip=11 bytes"},
      {"raw without dtype", ".bin", std::string(10, 'x'), "", SQS_E_INVALID,
       "is read as raw samples, so dtype must be given; known suffixes are .wav .flac .rf64 .w64 .npy"},
      {"integers of a float file", ".wav", wav_saying(16, kFourFrames, fmt_of(1, 3, 32)), "dtype=i16", SQS_E_INVALID,
       "has float samples, which have no scale as i16: use f32 or f64"},
      {"unsigned of an audio file", ".wav", good, "dtype=u16", SQS_E_INVALID, "file: dtype=u16 is none of f32, f64, i16, i32, which audio is read as"},
      {"channels of an audio file", ".wav", good, "channels=2", SQS_E_INVALID,
       "file: channels is for raw files; this one is read as audio, whose header says it"},
      {"dtype of a .npy file", ".npy", npy(f4, data), "dtype=f32", SQS_E_INVALID,
       "file: dtype is for raw files; this one is read as npy, whose header says it"},
      {"an unknown option", ".wav", good, "speed=2", SQS_E_INVALID, "file: no parameter \"speed\"; known are container rate dtype channels skip"},
      {"an unknown dtype", ".bin", "", "dtype=f16", SQS_E_INVALID, "file: dtype=f16 is none of u8|i8|u16|i16|u32|i32|u64|i64|f32|f64|c64|c128"},
  };
}

TEST(FileInfo, TellsWhereAFileIsWrong) {
  for (const Refusal& refusal : refusals()) {
    const TempFile file(refusal.suffix, refusal.bytes);
    const Answer answer = info_of(file.path(), refusal.options);
    EXPECT_EQ(answer.code, refusal.code) << refusal.what << ": " << answer.message;
    EXPECT_NE(answer.message.find(refusal.sentence), std::string::npos) << refusal.what << ": " << answer.message;
    const std::string named = "\"" + file.path() + "\": ";
    EXPECT_TRUE(refusal.code != SQS_E_FORMAT || answer.message.rfind(named, 0) == 0) << answer.message;
  }
}

// Every file of the table is refused by set_file too, and the pipeline can be used after.
TEST(SetFile, RefusesWhatFileInfoRefuses) {
  sqs_format format;
  sqs_format_init(&format, sizeof format);
  format.dtype = SQS_F32;
  format.window = format.hop = 1;
  sqs_pipeline* pipeline = nullptr;
  ASSERT_EQ(sqs_pipeline_create(&format, &pipeline, nullptr), SQS_OK);
  for (const Refusal& refusal : refusals()) {
    const TempFile file(refusal.suffix, refusal.bytes);
    EXPECT_EQ(sqs_dsp_set_file(pipeline, file.path().c_str(), refusal.options, nullptr), refusal.code) << refusal.what;
  }
  const TempFile good(".raw", std::string(8, '\0'));
  EXPECT_EQ(sqs_dsp_set_file(pipeline, good.path().c_str(), "dtype=f32", nullptr), SQS_OK);
  sqs_pipeline_destroy(pipeline);
}

TEST(FileInfo, RefusesATruncatedFlac) {
  TempFile flac(".flac");
  written(flac, SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 1, 50000);
  const uint64_t half = flac.bytes().size() / 2;
  flac.truncate(half);
  const Answer answer = info_of(flac.path());
  EXPECT_EQ(answer.code, SQS_E_FORMAT);
  EXPECT_NE(answer.message.find("at byte " + std::to_string(half) + ", the file ends before the last of the 50000 frames that its header has"),
            std::string::npos)
      << answer.message;
}

// No prefix of a good file crashes the readers or is taken for the whole.
TEST(FileInfo, RefusesEveryPrefixOfAGoodFile) {
  TempFile rf64(".rf64"), w64(".w64"), flac(".flac"), wav(".wav", wav_saying(16, kFourFrames));
  written(rf64, SF_FORMAT_RF64 | SF_FORMAT_PCM_16, 1, 40);
  written(w64, SF_FORMAT_W64 | SF_FORMAT_PCM_16, 1, 40);
  written(flac, SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 1, 40);
  const TempFile array(".npy", npy(npy_dict("<f4", "(3, 2)"), std::string(24, 'x')));
  for (const TempFile* file : std::vector<const TempFile*>{&wav, &rf64, &w64, &flac, &array}) {
    const std::string whole = file->bytes();
    ASSERT_EQ(info_of(file->path()).code, SQS_OK) << file->path();
    for (size_t size = whole.size(); size-- > 0;) {
      file->truncate(size);
      const Answer answer = info_of(file->path());
      // The padding of a W64 and the checksum of a FLAC may go without a frame being lost.
      const bool spare = answer.code == SQS_OK && size + 8 > whole.size() && answer.info.frame_count == 40;
      EXPECT_TRUE(answer.code == SQS_E_FORMAT || spare) << file->path() << " cut to " << size << ": " << answer.message;
    }
  }
}

TEST(FileInfo, TellsWhyAFileCantBeOpened) {
  const Answer missing = info_of("/nonexistent/a.wav");
  EXPECT_EQ(missing.code, SQS_E_IO);
  EXPECT_EQ(missing.message, "\"/nonexistent/a.wav\" can't be opened: No such file or directory");
  const Answer directory = info_of(testing::TempDir(), "dtype=u8");
  EXPECT_EQ(directory.code, SQS_E_IO);
  EXPECT_NE(directory.message.find("it is not a regular file"), std::string::npos);
}

TEST(FileInfo, AnswersNullAndWrongStructsWithCodes) {
  sqs_file_info info = {};
  EXPECT_EQ(sqs_dsp_file_info("x.wav", nullptr, &info, nullptr), SQS_E_ABI);
  EXPECT_EQ(sqs_dsp_file_info(nullptr, nullptr, &info, nullptr), SQS_E_NULL);
  EXPECT_EQ(sqs_dsp_file_info("x.wav", nullptr, nullptr, nullptr), SQS_E_NULL);
  EXPECT_EQ(sqs_dsp_set_file(nullptr, "x.wav", nullptr, nullptr), SQS_E_NULL);
}

// ---- through the engine

class FileInput : public ::testing::Test {
 protected:
  void TearDown() override { sqs_pipeline_destroy(pipeline_); }

  void create(int32_t dtype, uint64_t channels, uint64_t window) {
    sqs_pipeline_destroy(pipeline_);
    sqs_format format;
    sqs_format_init(&format, sizeof format);
    format.dtype = dtype;
    format.channels = channels;
    format.window = window;
    format.hop = window;
    ASSERT_EQ(sqs_pipeline_create(&format, &pipeline_, nullptr), SQS_OK);
  }

  // Rows [t0, t1) of the frames, as floats.
  std::vector<double> frames(uint64_t t0, uint64_t t1) {
    sqs_result* result = nullptr;
    sqs_error* error = nullptr;
    EXPECT_EQ(sqs_pipeline_evaluate(pipeline_, "all", t0, t1, &result, &error), SQS_OK) << sqs_error_message(error);
    sqs_error_destroy(error);
    std::vector<double> values;
    sqs_view view = {};
    view.struct_size = sizeof view;
    if (sqs_result_view(result, &view, nullptr) == SQS_OK)
      for (int64_t i = 0; i < view.shape[0] * view.shape[1]; ++i) values.push_back(static_cast<const double*>(view.data)[i]);
    sqs_result_destroy(result);
    return values;
  }

  void set_file(const std::string& path, const char* options) {
    sqs_error* error = nullptr;
    ASSERT_EQ(sqs_dsp_set_file(pipeline_, path.c_str(), options, &error), SQS_OK) << sqs_error_message(error);
    ASSERT_EQ(sqs_dsp_add_on(pipeline_, "convert", "all", "frames", "dtype=f64", &error), SQS_OK) << sqs_error_message(error);
  }

  void expect_refused(const std::string& path, int32_t code, const std::vector<std::string>& words) {
    sqs_error* error = nullptr;
    EXPECT_EQ(sqs_dsp_set_file(pipeline_, path.c_str(), "", &error), code);
    const std::string message = sqs_error_message(error);
    for (const std::string& word : words)
      EXPECT_NE(message.find(word), std::string::npos) << "no '" << word << "' in: " << message;
    sqs_error_destroy(error);
  }

  sqs_pipeline* pipeline_ = nullptr;
};

TEST_F(FileInput, GivesTheSamplesOfAWavAsNumbersOfEachDtype) {
  const TempFile wav(".wav", wav_saying(16, kFourFrames));
  create(SQS_I16, 2, 2);
  set_file(wav.path(), "dtype=i16");
  EXPECT_EQ(frames(0, SQS_END), (std::vector<double>{1, 2, -1, -32768, 5, 6, 7, 8}));
  EXPECT_EQ(frames(1, 3), (std::vector<double>{-1, -32768, 5, 6}));
  create(SQS_F32, 2, 2);
  set_file(wav.path(), "");
  EXPECT_EQ(frames(1, 2), (std::vector<double>{-1 / 32768.0, -1}));
  create(SQS_I32, 2, 2);
  set_file(wav.path(), "dtype=i32");
  EXPECT_EQ(frames(2, 3), (std::vector<double>{5 * 65536.0, 6 * 65536.0}));
}

TEST_F(FileInput, GivesAnyRangeOfAFlac) {
  TempFile flac(".flac");
  written(flac, SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 1, 20000);
  create(SQS_I16, 1, 10);
  set_file(flac.path(), "dtype=i16");
  const std::vector<double> whole = frames(0, SQS_END);
  ASSERT_EQ(whole.size(), 20000u);
  for (size_t i = 0; i < whole.size(); ++i) ASSERT_EQ(whole[i], static_cast<int16_t>(i * 2654435761u >> 7)) << i;
  for (const uint64_t first : {19999, 0, 7001, 7000}) EXPECT_EQ(frames(first, first + 1), std::vector<double>{whole[first]});
}

TEST_F(FileInput, GivesRawAndNpyFromTheirFirstFrame) {
  const TempFile raw(".dat", "header" + kFourFrames);
  create(SQS_I16, 1, 2);
  set_file(raw.path(), "dtype=i16 skip=6");
  EXPECT_EQ(frames(0, SQS_END), (std::vector<double>{1, 2, -1, -32768, 5, 6, 7, 8}));
  const TempFile array(".npy", npy(npy_dict("<i2", "(4, 2)"), kFourFrames));
  create(SQS_I16, 2, 2);
  set_file(array.path(), nullptr);
  EXPECT_EQ(frames(3, 4), (std::vector<double>{7, 8}));
}

TEST_F(FileInput, CarriesTheSampleRateToRowTimes) {
  const TempFile wav(".wav", wav_saying(16, kFourFrames));
  create(SQS_F32, 2, 1);
  set_file(wav.path(), "");
  sqs_result* result = nullptr;
  ASSERT_EQ(sqs_pipeline_evaluate(pipeline_, "all", 0, SQS_END, &result, nullptr), SQS_OK);
  double seconds = 0;
  EXPECT_EQ(sqs_result_row_time(result, 2, &seconds, nullptr), SQS_OK);
  EXPECT_EQ(seconds, 2 / 8000.0);
  sqs_result_destroy(result);
}

TEST_F(FileInput, MustHaveThePipelinesFormat) {
  const TempFile wav(".wav", wav_saying(16, kFourFrames));
  create(SQS_F32, 1, 1);
  expect_refused(wav.path(), SQS_E_INVALID, {"2 channels", "the pipeline takes 1"});
  create(SQS_F64, 2, 1);
  expect_refused(wav.path(), SQS_E_INVALID, {"f32", "the pipeline takes f64"});
  create(SQS_F32, 2, 1);
  set_file(wav.path(), "");
  EXPECT_EQ(frames(3, 4), (std::vector<double>{7 / 32768.0, 8 / 32768.0}));
}

TEST_F(FileInput, FailsAtTheFrameWhereAFileThatShrankEnds) {
  const TempFile raw(".dat", std::string(4000, '\1'));
  create(SQS_I16, 1, 1);
  set_file(raw.path(), "dtype=i16");
  raw.truncate(1000);
  sqs_result* result = nullptr;
  sqs_error* error = nullptr;
  ASSERT_EQ(sqs_pipeline_evaluate(pipeline_, "all", 0, SQS_END, &result, &error), SQS_E_SOURCE);
  EXPECT_NE(std::string(sqs_error_message(error)).find("ends at byte 1000 now; it was longer when it was opened"), std::string::npos)
      << sqs_error_message(error);
  sqs_error_destroy(error);
}

}  // namespace
