#include "workload.hpp"

#include <cassert>

namespace sqs::cli {

const Workload& find_workload(const std::string& name) {
  for (const Workload* workload : {&audio_workload(), &logs_workload(), &satcom_workload(), &ecg_workload(), &pitch_workload()})
    if (workload->name() == name) return *workload;
  throw Failure(Exit::kUsage, "there is no workload '" + name + "'");
}

}  // namespace sqs::cli
