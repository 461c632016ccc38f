// A disk that fails when it is told to: takes the place of the system calls by which a library in this process reads, writes and
// reserves files that have no name any more; all others pass. One fault at a time, armed and disarmed between runs.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "rng.hpp"

namespace eq {

class FailingDisk {
 public:
  // After some calls one fails in some way, and in half of all cases those after it too.
  static void arm(Rng& rng);
  // True if a fault was met since.
  static bool disarm();
  // What was armed last.
  static std::string describe();
};

}  // namespace eq
