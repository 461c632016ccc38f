#include "sink/callback_sink.hpp"

#include "os/call_out.hpp"

namespace sqs {

Status CallbackSink::write(const sqs_view& rows) {
  message_[0] = '\0';
  int32_t got = 0;
  call_out(message_, [&] { got = fn_(user_.get(), &rows, message_); });
  message_[SQS_MESSAGE_BYTES - 1] = '\0';
  const auto row = static_cast<uint64_t>(rows.first_row);
  if (got != 1)
    return Error{SQS_E_SINK, "the row callback of target '" + target_ + "' failed at row " + std::to_string(row) + ": " +
                                 (message_[0] != '\0' ? message_ : "it returned " + std::to_string(got) + " instead of 1"),
                 target_, row};
  return ok();
}

}  // namespace sqs
