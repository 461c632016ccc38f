#include "options.hpp"

namespace sqs::cli {

const char* mode_name(sqrtspace::Mode mode) {
  if (mode == sqrtspace::Mode::classic) return "classic";
  return mode == sqrtspace::Mode::sqrt ? "sqrt" : "auto";
}

}  // namespace sqs::cli
