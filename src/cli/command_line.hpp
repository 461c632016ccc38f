// From the words on the command line to a command and its options. Thread safety: none.
#pragma once

#include <string>

#include "commands.hpp"
#include "options.hpp"

namespace sqs::cli {

struct CommandLine {
  Exit (*command)(const Options&) = nullptr;  // null: help or the version was asked for and printed
  Options options;
};

// Failure (usage) if the words make no sense.
CommandLine parse_command_line(int argc, char** argv);

}  // namespace sqs::cli
