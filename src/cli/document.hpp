// The JSON documents that commands print with --json. Thread safety: none.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace sqs::cli {

// On stdout. Bytes that are no UTF-8, as paths may have, come out as U+FFFD: JSON has no other way to write them.
void print_document(const nlohmann::json& document);

}  // namespace sqs::cli
