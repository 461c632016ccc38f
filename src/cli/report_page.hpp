// A run drawn as a page: HTML that stands for itself, without scripts or anything to fetch. Thread safety: none needed.
#pragma once

#include "session.hpp"

namespace sqs::cli {

// The page that --report asks for, if it does: memory against the budget, why rows were evaluated, and rows, time and buffers by
// stage. `command` is what was run. Failure if the file can't be written.
void draw_report(const Options& options, const char* command, const Session& session, const Outcome& outcome);

}  // namespace sqs::cli
