#include "fftw_plan.hpp"

namespace sqs::dsp {

std::mutex& fftw_planner_lock() {
  static std::mutex lock;
  return lock;
}

}  // namespace sqs::dsp
