// One way of doing a workload: the engine with certain settings, or a loop written by hand. A run sets everything up afresh,
// does the work between two readings of the clocks, and tells what it cost. Not thread-safe.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "figures.hpp"

namespace sqs::bench {

class Contender {
 public:
  explicit Contender(std::string name) : name_(std::move(name)) {}
  virtual ~Contender() = default;
  const std::string& name() const { return name_; }
  virtual Figures run() = 0;

 private:
  std::string name_;
};

}  // namespace sqs::bench
