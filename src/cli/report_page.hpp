// A run drawn as a page: HTML that stands for itself, without scripts or anything to fetch. Thread safety: none needed.
#pragma once

#include <string>

#include "session.hpp"

namespace sqs::cli {

// Memory against the budget, why rows were evaluated, and rows, time and buffers by stage. `title` is what was run.
std::string report_page(const std::string& title, const std::string& input, const Outcome& outcome);

// Failure if the file can't be written.
void write_page(const std::string& path, const std::string& page);

}  // namespace sqs::cli
