#include "resident.hpp"

#include <fstream>
#include <string>

namespace sqs::bench {
namespace {

uint64_t status_bytes(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind(key, 0) == 0) return std::stoull(line.substr(key.size())) * 1024;
  return 0;
}

}  // namespace

uint64_t resident_bytes() { return status_bytes("VmRSS:"); }
uint64_t resident_peak_bytes() { return status_bytes("VmHWM:"); }
void reset_resident_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

}  // namespace sqs::bench
