// Where and when callbacks come, against what their threading allows; and what went wrong in them.
#pragma once

#include <sqrtspace/sqrtspace.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace eq {

// What went wrong inside callbacks; the first few sentences. Thread-safe.
class Findings {
 public:
  void add(const std::string& sentence);
  std::string text() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> sentences_;
};

// Of one object's callbacks. Thread-safe but for begin_run().
class CallRules {
 public:
  CallRules(std::string who, int32_t threading, Findings& findings)
      : who_(std::move(who)), threading_(threading), findings_(findings), driver_(std::this_thread::get_id()) {}

  // The calling thread is the one that will drive the next run.
  void begin_run() { driver_ = std::this_thread::get_id(); }

  // Counts a call in and out.
  class Guard {
   public:
    explicit Guard(CallRules& rules) : rules_(rules) {
      const int32_t others = rules.inside_.fetch_add(1);
      if (rules.threading_ != SQS_CONCURRENT && others != 0)
        rules.findings_.add(rules.who_ + ": " + std::to_string(others + 1) + " calls at once");
      if (rules.threading_ == SQS_CALLER_THREAD && std::this_thread::get_id() != rules.driver_)
        rules.findings_.add(rules.who_ + ": a call on a foreign thread");
    }
    ~Guard() { rules_.inside_.fetch_sub(1); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    CallRules& rules_;
  };

 private:
  const std::string who_;
  const int32_t threading_;
  Findings& findings_;
  std::thread::id driver_;
  std::atomic<int32_t> inside_{0};
};

}  // namespace eq
