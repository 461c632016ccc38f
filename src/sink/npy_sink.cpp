#include "sink/npy_sink.hpp"

#include <algorithm>
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

NpySink::NpySink(std::string target, std::string path, int32_t dtype, std::vector<uint64_t> row_shape, uint64_t first,
                 uint64_t rows)
    : target_(std::move(target)), path_(std::move(path)), header_(header(dtype, row_shape, rows)), first_(first), rows_(rows),
      row_bytes_(dtype_bytes(dtype)) {
  for (const uint64_t extent : row_shape) row_bytes_ *= extent;
}

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

Status NpySink::blamed(Status status) const { return status.ok() ? ok() : Status(blamed(std::move(status).error())); }

Status NpySink::start(std::byte* buffer) {
  buffer_ = buffer;
  Result<os::ReplacementFile> file = os::ReplacementFile::create(path_);
  if (!file.ok()) return blamed(std::move(file).error());
  file_.emplace(std::move(file).value());
  return put(0, reinterpret_cast<const std::byte*>(header_.data()), header_.size());
}

Status NpySink::put(uint64_t offset, const std::byte* from, uint64_t bytes) {
  if (gather(offset, from, bytes)) return ok();
  SQS_TRY(flush());
  if (gather(offset, from, bytes)) return ok();
  return blamed(file_->file().write(offset, from, bytes));
}

// Behind what is gathered, or before it; false if it does not adjoin or there is no room.
bool NpySink::gather(uint64_t offset, const std::byte* from, uint64_t bytes) {
  if (bytes > kFileBufferBytes) return false;
  if (begin_ == end_) {
    const bool descending = offset + bytes == offset_ && offset_ != 0;
    begin_ = end_ = descending ? kFileBufferBytes : 0;
    offset_ = descending ? offset + bytes : offset;
  }
  if (offset == offset_ + (end_ - begin_)) {
    if (bytes > kFileBufferBytes - end_) return false;
    std::memcpy(buffer_ + end_, from, bytes);
    end_ += bytes;
    return true;
  }
  if (offset + bytes != offset_ || bytes > begin_) return false;
  begin_ -= bytes;
  offset_ = offset;
  std::memcpy(buffer_ + begin_, from, bytes);
  return true;
}

// Then the buffer is empty, and knows where in the file it left off.
Status NpySink::flush() {
  SQS_TRY(blamed(file_->file().write(offset_, buffer_ + begin_, end_ - begin_)));
  begin_ = end_ = 0;
  return ok();
}

Status NpySink::write(const sqs_view& rows) {
  Status status = ok();
  uint64_t offset = header_.size() + (static_cast<uint64_t>(rows.first_row) - first_) * row_bytes_;
  for_each_run(rows, [&](const std::byte* from, size_t bytes) {
    if (status.ok()) status = put(offset, from, bytes);
    offset += bytes;
  });
  return status;
}

Result<bool> NpySink::read_back(const Visit& visit) {
  SQS_TRY(flush());
  const uint64_t end = header_.size() + rows_ * row_bytes_;
  for (uint64_t offset = header_.size(); offset < end;) {
    const uint64_t piece = std::min(kFileBufferBytes, end - offset);
    SQS_TRY(blamed(file_->file().read(offset, buffer_, piece)));
    visit(buffer_, piece);
    offset += piece;
  }
  return true;
}

Status NpySink::finish() {
  SQS_TRY(flush());
  return blamed(file_->complete());
}

Status NpySink::show() { return blamed(file_->put_in_place()); }

Status NpySink::take_back() { return file_->undo(); }

}  // namespace sqs
