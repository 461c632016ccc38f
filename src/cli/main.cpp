// sqrtspace, the command line: parses, dispatches, and turns what went wrong into one line on stderr and an exit code.
#include <csignal>
#include <exception>
#include <iostream>
#include <new>

#include "command_line.hpp"
#include "interrupt.hpp"
#include "messages.hpp"

namespace {

using namespace sqs::cli;

Loudness loudness_of(const Options& options) {
  if (options.quiet) return Loudness::kQuiet;
  return options.verbose ? Loudness::kVerbose : Loudness::kNormal;
}

Exit dispatch(int argc, char** argv) {
  const CommandLine line = parse_command_line(argc, argv);
  Exit exit = Exit::kOk;
  if (line.command) {
    set_loudness(loudness_of(line.options));
    exit = line.command(line.options);
  }
  if (!std::cout.flush()) throw Failure(Exit::kFailed, "standard output could not be written");
  return exit;
}

int fail(Exit exit, const std::string& sentence) {
  say_error(sentence);
  return static_cast<int>(exit);
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that went away is a failed write, told like any other
  install_interrupt_handler();
  try {
    return static_cast<int>(dispatch(argc, argv));
  } catch (const Failure& failure) {
    return fail(failure.exit(), failure.what());
  } catch (const sqrtspace::Error& error) {
    const char* const sentence = *error.what() != '\0' ? error.what() : sqrtspace::status_name(error.code());
    return fail(exit_of(error.code()), in_options(sentence));
  } catch (const std::bad_alloc&) {
    return fail(Exit::kFailed, "out of memory");
  } catch (const std::exception& error) {
    return fail(Exit::kFailed, error.what());
  }
}
