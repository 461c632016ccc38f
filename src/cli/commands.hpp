// The commands, one file each. Each prints its data on stdout and returns what the program exits with; a Failure says why
// it could not. Thread safety: none, one command runs.
#pragma once

#include "failure.hpp"
#include "options.hpp"

namespace sqs::cli {

Exit demo(const Options& options);     // a workload on its default input, told in words
Exit compare(const Options& options);  // demo in all three modes, side by side
Exit run(const Options& options);      // a workload on a file, into a file
Exit plan(const Options& options);
Exit verify(const Options& options);
Exit info(const Options& options);
Exit stages(const Options& options);
Exit bench(const Options& options);

}  // namespace sqs::cli
