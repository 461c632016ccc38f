#include <iostream>
#include <nlohmann/json.hpp>
#include <spdlog/fmt/fmt.h>

#include "commands.hpp"
#include "document.hpp"
#include "input.hpp"

namespace sqs::cli {

Exit info(const Options& options) {
  const sqrtspace::dsp::FileInfo file = read_file_info(options.input, file_options(options, {}));
  const double seconds = file.sample_rate > 0 ? static_cast<double>(file.frame_count) / file.sample_rate : 0;
  const uint64_t bytes = file.frame_count * file.channels * sqs_dtype_bytes(static_cast<int32_t>(file.dtype));
  if (options.json) {
    const nlohmann::json document = {{"command", "info"},
                                     {"path", options.input},
                                     {"container", file.container},
                                     {"dtype", sqrtspace::name(file.dtype)},
                                     {"channels", file.channels},
                                     {"frames", file.frame_count},
                                     {"sample_rate", file.sample_rate},
                                     {"seconds", seconds},
                                     {"bytes", bytes}};
    print_document(document);
    return Exit::kOk;
  }
  std::cout << fmt::format("{}: {}, {} frames of {} x {}", options.input, file.container, format_count(file.frame_count),
                           sqrtspace::name(file.dtype), file.channels);
  if (file.sample_rate > 0) std::cout << fmt::format(" at {:.10g} Hz, {}", file.sample_rate, format_seconds(seconds));
  std::cout << ", " << format_bytes(bytes) << " as frames\n";
  return Exit::kOk;
}

}  // namespace sqs::cli
