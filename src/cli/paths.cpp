#include "paths.hpp"

#include <filesystem>
#include <system_error>

#include "failure.hpp"

namespace sqs::cli {

namespace fs = std::filesystem;

void check_output_path(const std::string& path, bool force) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) return;
  if (fs::is_directory(status)) throw Failure(Exit::kFailed, path + " is a directory");
  if (!force) throw Failure(Exit::kFailed, path + " exists; --force replaces it");
}

void check_output_is_not(const std::string& input, const std::string& output) {
  std::error_code error;  // if one of them is not there, they are two
  if (fs::equivalent(input, output, error))
    throw Failure(Exit::kUsage, "the output " + output + " is the same file as the input " + input + ": write to another one");
}

std::string find_data_file(const std::string& name) {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  const fs::path places[] = {program.parent_path() / SQRTSPACE_DATA_FROM_BIN / name, program.parent_path() / "data" / name};
  for (const fs::path& place : places)
    if (fs::is_regular_file(place, error)) return place.lexically_normal().string();
  throw Failure(Exit::kInput, "the recording " + name + " that belongs to this program is not in " +
                                  places[0].lexically_normal().parent_path().string() + "; name a file with --input");
}

}  // namespace sqs::cli
