// Rows into a user's callback, as the views they are. Not thread-safe.
#pragma once

#include <string>

#include "graph/stage.hpp"
#include "sink/sink.hpp"

namespace sqs {

class CallbackSink final : public Sink {
 public:
  CallbackSink(std::string target, sqs_rows_fn fn, User user) : target_(std::move(target)), fn_(fn), user_(std::move(user)) {}

  Status write(const sqs_view& rows) override;

 private:
  std::string target_;
  sqs_rows_fn fn_;
  User user_;
  char message_[SQS_MESSAGE_BYTES] = {};
};

}  // namespace sqs
