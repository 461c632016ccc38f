#include "npy_header.hpp"

#include <array>
#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include "dtypes.hpp"
#include "frame_source.hpp"

namespace sqs::dsp {
namespace {

constexpr uint64_t kMaxHeaderBytes = 64 * 1024;
constexpr std::string_view kMagic = "\x93NUMPY";

struct DtypeName {
  std::string_view descr;
  int32_t dtype;
};
constexpr DtypeName kDtypes[] = {
    {"|u1", SQS_U8},  {"|i1", SQS_I8},  {"<u2", SQS_U16}, {"<i2", SQS_I16}, {"<u4", SQS_U32}, {"<i4", SQS_I32},
    {"<u8", SQS_U64}, {"<i8", SQS_I64}, {"<f4", SQS_F32}, {"<f8", SQS_F64}, {"<c8", SQS_C64}, {"<c16", SQS_C128},
};

// Reads the dict literal from left to right; offsets are those of the file.
class DictReader {
 public:
  DictReader(const std::string& path, std::string_view dict, uint64_t offset) : path_(path), rest_(dict), offset_(offset) {}

  void read() {
    expect('{');
    while (!accept('}')) {
      const uint64_t key_offset = offset_after_spaces();
      const std::string_view key = string();
      expect(':');
      read_value(key, key_offset);
      if (accept('}')) break;
      expect(',');
    }
    skip_spaces();
    if (!rest_.empty()) refuse("there is text behind the dict");
    if (!has_descr_ || !has_order_ || !has_shape_) refuse("the dict ends without all of descr, fortran_order and shape");
  }

  int32_t dtype = 0;
  std::vector<uint64_t> shape;
  uint64_t shape_offset = 0;

 private:
  [[noreturn]] void refuse(const std::string& what) const { fail_format(path_, offset_, what); }

  void advance(size_t count) {
    rest_.remove_prefix(count);
    offset_ += count;
  }
  void skip_spaces() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\n' || rest_[0] == '\t' || rest_[0] == '\r')) advance(1);
  }
  uint64_t offset_after_spaces() {
    skip_spaces();
    return offset_;
  }
  bool accept(char wanted) {
    skip_spaces();
    if (rest_.empty() || rest_[0] != wanted) return false;
    advance(1);
    return true;
  }
  void expect(char wanted) {
    if (!accept(wanted)) refuse(text("the header should have '", wanted, "'"));
  }

  std::string_view string() {
    skip_spaces();
    if (rest_.empty() || (rest_[0] != '\'' && rest_[0] != '"')) refuse("the header should have a string");
    const size_t end = rest_.find(rest_[0], 1);
    if (end == std::string_view::npos) refuse("a string has no end");
    const std::string_view value = rest_.substr(1, end - 1);
    advance(end + 1);
    return value;
  }

  void read_value(std::string_view key, uint64_t key_offset) {
    bool& seen = key == "descr" ? has_descr_ : key == "fortran_order" ? has_order_ : has_shape_;
    if (key != "descr" && key != "fortran_order" && key != "shape")
      fail_format(path_, key_offset, text("unknown key '", key, "'"));
    if (seen) fail_format(path_, key_offset, text("key '", key, "' comes twice"));
    seen = true;
    if (key == "descr") read_descr();
    else if (key == "fortran_order") read_order();
    else read_shape();
  }

  void read_descr() {
    skip_spaces();
    if (!rest_.empty() && rest_[0] == '[') refuse("descr is a structured dtype, which has no one element type");
    const uint64_t descr_offset = offset_;
    const std::string_view descr = string();
    for (const DtypeName& known : kDtypes)
      if (descr == known.descr || (descr.size() == 3 && descr.substr(1) == known.descr.substr(1) && known.descr[0] == '|'))
        dtype = known.dtype;
    if (dtype == 0)
      fail_format(path_, descr_offset, text("dtype '", descr,
                                            "' is not a little-endian number of 1 to 16 bytes that is known here"));
  }

  void read_order() {
    skip_spaces();
    const std::string_view no = "False", yes = "True";
    if (rest_.substr(0, yes.size()) == yes) refuse("the array is in Fortran order: save it with numpy.ascontiguousarray");
    if (rest_.substr(0, no.size()) != no) refuse("fortran_order is neither True nor False");
    advance(no.size());
  }

  void read_shape() {
    shape_offset = offset_after_spaces();
    expect('(');
    while (!accept(')')) {
      shape.push_back(extent());
      if (shape.size() > 2) fail_format(path_, shape_offset, "the array has more than two axes");
      if (accept(')')) break;
      expect(',');
    }
    if (shape.empty()) fail_format(path_, shape_offset, "the array has no axis");
  }

  uint64_t extent() {
    skip_spaces();
    uint64_t value = 0;
    const auto [end, problem] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (problem != std::errc()) refuse("an extent of the shape is not a number from 0 to 2^64 - 1");
    advance(static_cast<size_t>(end - rest_.data()));
    return value;
  }

  const std::string& path_;
  std::string_view rest_;
  uint64_t offset_;
  bool has_descr_ = false, has_order_ = false, has_shape_ = false;
};

// Where the dict lies.
struct DictPlace {
  uint64_t offset;
  uint64_t bytes;
};

DictPlace read_preamble(const ReadOnlyFile& file) {
  std::array<unsigned char, 12> head{};
  const uint64_t got = file.read_at(0, head.size(), head.data());
  const std::string_view magic(reinterpret_cast<const char*>(head.data()), kMagic.size());
  if (got < kMagic.size() || magic != kMagic) fail_format(file.path(), 0, "there is no \"\\x93NUMPY\": not a .npy file");
  if (got < 10) fail_format(file.path(), got, "the file ends within the header");
  const unsigned major = head[6];
  if (major < 1 || major > 3) fail_format(file.path(), 6, text("format version ", major, " is none of 1, 2, 3"));
  const uint64_t offset = major == 1 ? 10 : 12;
  if (got < offset) fail_format(file.path(), got, "the file ends within the header");
  uint64_t bytes = head[8] | uint64_t{head[9]} << 8;
  if (major > 1) bytes |= uint64_t{head[10]} << 16 | uint64_t{head[11]} << 24;
  if (bytes > kMaxHeaderBytes)
    fail_format(file.path(), 8, text("the header says it has ", bytes, " bytes; at most ", kMaxHeaderBytes, " are read"));
  return {offset, bytes};
}

}  // namespace

NpyHeader read_npy_header(const ReadOnlyFile& file) {
  const DictPlace place = read_preamble(file);
  std::string dict(place.bytes, '\0');
  const uint64_t got = file.read_at(place.offset, place.bytes, dict.data());
  if (got < place.bytes)
    fail_format(file.path(), place.offset + got, text("the file ends within the header, which says it has ", place.bytes,
                                                      " bytes"));
  DictReader reader(file.path(), dict, place.offset);
  reader.read();
  NpyHeader header;
  header.dtype = reader.dtype;
  header.frames = reader.shape[0];
  header.channels = reader.shape.size() == 2 ? reader.shape[1] : 1;
  header.data_offset = place.offset + place.bytes;
  if (header.channels == 0) fail_format(file.path(), reader.shape_offset, "frames have no channels");
  uint64_t bytes = 0;
  if (__builtin_mul_overflow(header.frames, header.channels, &bytes) ||
      __builtin_mul_overflow(bytes, sqs_dtype_bytes(header.dtype), &bytes))
    fail_format(file.path(), reader.shape_offset, text("an array of ", header.frames, " by ", header.channels,
                                                       " does not fit 64 bits"));
  const uint64_t there = file.bytes() - header.data_offset;
  if (bytes > there)
    fail_format(file.path(), file.bytes(), text("the file ends: of ", bytes, " bytes of data ", there, " are there"));
  if (bytes < there)
    fail_format(file.path(), header.data_offset + bytes,
                text("the array the header tells of ends, but ", there - bytes, " bytes follow: frames were added behind it, or a "
                     "second array was; save one array in a file"));
  return header;
}

}  // namespace sqs::dsp
