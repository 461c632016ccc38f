#include "sink/npy_sink.hpp"

#include <cstring>

#include "core/dtype.hpp"
#include "core/strided.hpp"
#include "sink/file_buffer.hpp"

namespace sqs {
namespace {

// NumPy's name of a dtype, little endian.
const char* descr(int32_t dtype) {
  constexpr const char* kDescr[] = {"", "|u1", "|i1", "<u2", "<i2", "<u4", "<i4", "<u8", "<i8", "<f4", "<f8", "<c8", "<c16"};
  return dtype_known(dtype) ? kDescr[dtype] : "";
}

}  // namespace

NpySink::NpySink(std::string target, std::string path, int32_t dtype, std::vector<uint64_t> row_shape, uint64_t rows)
    : target_(std::move(target)), path_(std::move(path)), header_(header(dtype, row_shape, rows)) {}

std::string NpySink::header(int32_t dtype, const std::vector<uint64_t>& row_shape, uint64_t rows) {
  std::string shape = "(" + std::to_string(rows) + ",";
  for (const uint64_t extent : row_shape) shape += " " + std::to_string(extent) + ",";
  if (!row_shape.empty()) shape.pop_back();
  std::string text = std::string("{'descr': '") + descr(dtype) + "', 'fortran_order': False, 'shape': " + shape + "), }";
  constexpr size_t kPreamble = 10;  // magic, version, and the length of what follows
  while ((kPreamble + text.size() + 1) % 64 != 0) text += ' ';
  text += '\n';
  std::string bytes = "\x93NUMPY";
  bytes += '\x01';
  bytes += '\x00';
  bytes += static_cast<char>(text.size() & 0xff);
  bytes += static_cast<char>(text.size() >> 8);
  return bytes + text;
}

Error NpySink::blamed(Error error) const {
  error.code = SQS_E_SINK;
  error.stage = target_;
  error.message = "the output of target '" + target_ + "' can't be written: " + error.message;
  return error;
}

Status NpySink::start(std::byte* buffer) {
  buffer_ = buffer;
  Result<os::ReplacementFile> file = os::ReplacementFile::create(path_);
  if (!file.ok()) return blamed(std::move(file).error());
  file_.emplace(std::move(file).value());
  return put(reinterpret_cast<const std::byte*>(header_.data()), header_.size());
}

Status NpySink::put(const std::byte* from, uint64_t bytes) {
  if (bytes > kFileBufferBytes - used_) {
    SQS_TRY(flush());
    if (bytes >= kFileBufferBytes) {
      Status written = file_->file().write(offset_, from, bytes);
      if (!written.ok()) return blamed(std::move(written).error());
      offset_ += bytes;
      return ok();
    }
  }
  std::memcpy(buffer_ + used_, from, bytes);
  used_ += bytes;
  return ok();
}

Status NpySink::flush() {
  Status written = file_->file().write(offset_, buffer_, used_);
  if (!written.ok()) return blamed(std::move(written).error());
  offset_ += used_;
  used_ = 0;
  return ok();
}

Status NpySink::write(const sqs_view& rows) {
  Status status = ok();
  for_each_run(rows, [&](const std::byte* from, size_t bytes) {
    if (status.ok()) status = put(from, bytes);
  });
  return status;
}

Status NpySink::finish() {
  SQS_TRY(flush());
  Status committed = file_->commit();
  return committed.ok() ? ok() : Status(blamed(std::move(committed).error()));
}

}  // namespace sqs
