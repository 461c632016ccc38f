// Rows that wait where they lie until they are pulled. The output lends them, piece by piece; here is nothing to do.
#pragma once

#include "sink/sink.hpp"

namespace sqs {

class PullSink final : public Sink {
 public:
  bool pulled() const override { return true; }
  Status write(const sqs_view&) override { return ok(); }
};

}  // namespace sqs
