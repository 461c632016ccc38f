// A second thread of a run, which works through a piece of work step by step beside the thread that drives the run, and can be
// held up between two steps. All but the steps belongs to the driving thread.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "core/result.hpp"
#include "exec/changes.hpp"

namespace sqs {

class Companion {
 public:
  // One step on the second thread; true when it was the last of the piece.
  using Step = std::function<Result<bool>()>;

  // Where the system starts no thread, wait() makes the steps itself.
  explicit Companion(Step step);
  ~Companion();  // waits for the step at hand
  Companion(const Companion&) = delete;
  Companion& operator=(const Companion&) = delete;

  // Begins a piece. What was written before is seen by its steps, and what they write by the caller after wait().
  void begin();
  // Until the piece is done, or `deadline_ns` of the monotonic clock has passed: false. The failure of a step ends the piece.
  Result<bool> wait(uint64_t deadline_ns);
  // No step runs from its return until resume().
  void pause();
  void resume();
  bool has_thread() const { return thread_.joinable(); }

 private:
  Result<bool> step_here(uint64_t deadline_ns);
  void serve();

  const Step step_;
  std::mutex mutex_;  // guards all below
  Changes changes_;
  bool working_ = false;  // there is a piece that is not done
  bool stepping_ = false;
  bool paused_ = false;
  bool stopping_ = false;
  std::optional<Error> failure_;
  std::thread thread_;
};

}  // namespace sqs
