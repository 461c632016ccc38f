#include "store/spill_file.hpp"

#include <xxhash.h>

#include <array>
#include <utility>

#include "core/size.hpp"
#include "os/clock.hpp"

namespace sqs {
namespace {

constexpr const char* kMoreRoom =
    "give a spill directory with more room, or a larger memory_budget so that no disk is needed";
constexpr const char* kOtherDisk =
    "give a spill directory on another disk, or a larger memory_budget so that no disk is needed";

Size stride_of(const SpillFile::Shape& shape) { return aligned(Size(shape.block_bytes) + SpillFile::kHeaderBytes); }

std::string hexadecimal(uint64_t number) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text(16, '0');
  for (size_t i = text.size(); i-- > 0; number >>= 4) text[i] = kDigits[number & 15];
  return text;
}

// The error of a file call, with the object and the remedy around it.
Error spill_error(const std::string& what, const Error& cause, const std::string& remedy) {
  return Error{cause.code, what + ": " + cause.message + "; " + remedy};
}

std::string free_space_of(const std::string& directory) {
  const Result<os::DiskSpace> space = os::disk_space(directory);
  return space.ok() ? std::to_string(space->free_bytes) + " bytes are free there; " : "";
}

std::string block_text(uint64_t block, uint64_t bytes) {
  return "block " + std::to_string(block) + " (" + std::to_string(bytes) + " bytes)";
}

}  // namespace

Result<uint64_t> SpillFile::file_bytes(const Shape& shape) {
  return (stride_of(shape) * shape.blocks)
      .take("a spill file of " + std::to_string(shape.blocks) + " blocks of " + std::to_string(shape.block_bytes) + " bytes");
}

Result<SpillFile> SpillFile::open(const std::string& directory, const Shape& shape) {
  SQS_TRY_ASSIGN(const uint64_t bytes, file_bytes(shape));
  Result<os::File> made = os::File::create_unnamed(directory);
  if (!made.ok())
    return spill_error("no spill file", made.error(), "give a spill directory that exists, can be written and has room");
  os::File file = std::move(made).value();
  const Result<bool> reserved = file.reserve(bytes);
  if (!reserved.ok()) return spill_error("no spill file", reserved.error(), free_space_of(directory) + kMoreRoom);
  const Result<os::File::Identity> id = file.identity();
  if (!id.ok()) return spill_error("no spill file", id.error(), kOtherDisk);
  const std::array<uint64_t, 3> identity = {id->device, id->number, os::monotonic_ns()};
  return SpillFile(std::move(file), shape, stride_of(shape).saturated(), XXH3_64bits(identity.data(), sizeof identity),
                   reserved.value());
}

Status SpillFile::check_use(uint64_t block, uint64_t bytes) const {
  if (guard_.forked())
    return Error{SQS_E_FORKED, "the spill file in '" + directory() + "' was made before fork() and belongs to the parent"};
  if (block < shape_.blocks && bytes <= shape_.block_bytes) return ok();
  return Error{SQS_E_INTERNAL, block_text(block, bytes) + " is outside a spill file of " + std::to_string(shape_.blocks) +
                                   " blocks of " + std::to_string(shape_.block_bytes) + " bytes"};
}

SpillFile::Header SpillFile::header_of(uint64_t block, uint64_t key, const void* data, uint64_t bytes) const {
  const std::array<uint64_t, 4> place = {identity_, block, key, bytes};
  const uint64_t seed = XXH3_64bits(place.data(), sizeof place);
  return {XXH3_64bits_withSeed(data, bytes, seed), block, key, bytes};
}

Status SpillFile::write(uint64_t block, uint64_t key, const void* data, uint64_t bytes) {
  SQS_TRY(check_use(block, bytes));
  const Header header = header_of(block, key, data, bytes);
  const uint64_t offset = block * stride_;
  Status written = file_.write(offset, &header, sizeof header);
  if (written.ok()) written = file_.write(offset + sizeof header, data, bytes);
  if (!written.ok()) return spill_error("cannot spill " + block_text(block, bytes), written.error(), kMoreRoom);
  bytes_written_.add(sizeof header + bytes);
  return ok();
}

Status SpillFile::read(uint64_t block, uint64_t key, void* data, uint64_t bytes) {
  SQS_TRY(check_use(block, bytes));
  Header found;
  const uint64_t offset = block * stride_;
  Status read = file_.read(offset, &found, sizeof found);
  if (read.ok()) read = file_.read(offset + sizeof found, data, bytes);
  if (!read.ok()) return spill_error("cannot read back " + block_text(block, bytes), read.error(), kOtherDisk);
  const Header wanted = header_of(block, key, data, bytes);
  if (found != wanted)
    return Error{SQS_E_IO, block_text(block, bytes) + " of the spill file in '" + directory() + "' at offset " +
                               std::to_string(offset) + " is not what was written: its bytes have checksum " +
                               hexadecimal(wanted.checksum) + " as block " + std::to_string(block) + " with key " +
                               std::to_string(key) + ", its header says checksum " + hexadecimal(found.checksum) + ", block " +
                               std::to_string(found.block) + ", key " + std::to_string(found.key) + ", " +
                               std::to_string(found.bytes) + " bytes; " + kOtherDisk};
  bytes_read_.add(sizeof found + bytes);
  return ok();
}

}  // namespace sqs
