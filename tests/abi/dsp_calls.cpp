#include "dsp_calls.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "fixture.hpp"
#include "sqrtspace/dsp.h"
#include "temporary_directory.hpp"

namespace border {
namespace {

using Status = int32_t (*)(sqs_pipeline* p, sqs_error** err);

int32_t add(sqs_pipeline* p, sqs_error** err) {
  sqs_access access;
  sqs_access_init(&access, sizeof access);
  access.stage = "input";
  return sqs_dsp_add(p, "argmax", "added", &access, 1, nullptr, err);
}

// A type of several stages, where the engine is asked several times.
int32_t add_chain(sqs_pipeline* p, sqs_error** err) {
  sqs_access access;
  sqs_access_init(&access, sizeof access);
  access.stage = "frames";
  return sqs_dsp_add(p, "filtfilt", "chain", &access, 1, "b=1,1", err);
}

int32_t add_on(sqs_pipeline* p, sqs_error** err) { return sqs_dsp_add_on(p, "argmax", "added on", "input", nullptr, err); }

int32_t set_file(sqs_pipeline* p, sqs_error** err) { return sqs_dsp_set_file(p, ramp_file().c_str(), kRampOptions, err); }

HandleCall row(const char* name, Status call) {
  return {name, HandleKind::Pipeline, Answer::Status, true, false,
          [call](void* handle, void**, void*, sqs_error** err) { return call(static_cast<sqs_pipeline*>(handle), err); }, {}};
}

}  // namespace

const std::string& ramp_file() {
  static const sqs::test::TemporaryDirectory directory;
  static const std::string path = [] {
    std::string made = directory.file("ramp.raw");
    const std::vector<double> frames = ramp();
    std::ofstream(made, std::ios::binary)
        .write(reinterpret_cast<const char*>(frames.data()), static_cast<std::streamsize>(frames.size() * sizeof(double)));
    return made;
  }();
  return path;
}

const std::vector<HandleCall>& dsp_handle_calls() {
  static const std::vector<HandleCall> rows = {row("sqs_dsp_add", add), row("sqs_dsp_add", add_chain),
                                               row("sqs_dsp_add_on", add_on), row("sqs_dsp_set_file", set_file)};
  return rows;
}

const std::vector<std::string>& dsp_calls_without_handle() {
  static const std::vector<std::string> names = {"sqs_dsp_file_info", "sqs_dsp_param_get", "sqs_dsp_type_count",
                                                 "sqs_dsp_type_get"};
  return names;
}

std::size_t open_files() {
  const std::filesystem::directory_iterator files("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

}  // namespace border
