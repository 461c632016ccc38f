#include "workload.hpp"

#include <nlohmann/json.hpp>

namespace sqs::cli {

std::string RowClock::text(uint64_t row) const {
  return sample_rate > 0 ? format_seconds(seconds(row)) : "frame " + std::to_string(frame(row));
}

nlohmann::json RowClock::value(uint64_t row) const {
  if (sample_rate > 0) return seconds(row);
  return frame(row);
}

std::string Workload::channels_told(const InputFormat& input) const {
  return input.channels == 1 ? "" : "the first of " + std::to_string(input.channels) + " channels";
}

const Workload& find_workload(const std::string& name) {
  for (const Workload* workload : {&audio_workload(), &logs_workload(), &satcom_workload(), &ecg_workload(), &pitch_workload()})
    if (workload->name() == name) return *workload;
  throw Failure(Exit::kUsage, "there is no workload '" + name + "'");
}

}  // namespace sqs::cli
