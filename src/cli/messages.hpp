// What the program says about itself: single lines on stderr, never on stdout. Thread safety: that of spdlog's _mt loggers.
#pragma once

#include <string>

#include "sqrtspace/sqrtspace.hpp"

namespace sqs::cli {

enum class Loudness { kQuiet, kNormal, kVerbose };

void set_loudness(Loudness loudness);
void say_error(const std::string& sentence);    // "sqrtspace: <sentence>"
void say_warning(const std::string& sentence);  // "sqrtspace: warning: <sentence>"

// A sentence of the library, with what it calls a setting as the command line has it: "raise --budget".
std::string in_options(std::string sentence);

// Sends the library's log messages of a pipeline to the same place.
void forward_log(sqrtspace::Pipeline& pipeline);

}  // namespace sqs::cli
