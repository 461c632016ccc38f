// Where files are, and where they may be written. Thread safety: free functions that only look at the file system.
#pragma once

#include <string>

namespace sqs::cli {

// Looked at before anything is computed: Failure if the path is a directory, or exists and `force` is off.
void check_output_path(const std::string& path, bool force);

// Failure (usage) if both are one file, under whatever names: with --force the result would take the place of the recording.
void check_output_is_not(const std::string& input, const std::string& output);

// A file that is installed with the program: in the data directory of the prefix the program was found in, or beside the
// program in a build tree. Failure if it is in neither.
std::string find_data_file(const std::string& name);

}  // namespace sqs::cli
