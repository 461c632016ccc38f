#include "source/reader_source.hpp"

#include "os/call_out.hpp"

namespace sqs {

Status ReaderSource::read(uint64_t first, uint64_t count, std::byte* dst) {
  char message[SQS_MESSAGE_BYTES] = {};
  int64_t got = 0;
  call_out(message, [&] { got = reader_.read(reader_.user.get(), first, count, dst, message); });
  message[SQS_MESSAGE_BYTES - 1] = '\0';
  if (got == static_cast<int64_t>(count)) return ok();
  std::string what = "the source gave " + std::to_string(got) + " of " + std::to_string(count) + " frames from frame " +
                     std::to_string(first);
  if (message[0] != '\0') what += ": " + std::string(message);
  return Error{SQS_E_SOURCE, what + "; it must return the number it was asked for", "frames", first};
}

}  // namespace sqs
