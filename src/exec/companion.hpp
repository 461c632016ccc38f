// A second thread of a run, which works through a piece of work step by step beside the thread that drives the run, can be held
// up between two steps, and waits where it has come upon something that the driving thread is still to do. All but the steps
// belongs to the driving thread.
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
  enum class Done {
    Step,     // there are more
    Piece,    // that was the last one
    Nothing   // before nudge() nothing can be done; never where the driving thread has nothing left to do but wait()
  };
  // One step on the second thread.
  using Step = std::function<Result<Done>()>;

  // Where the system starts no thread, wait() makes the steps itself.
  explicit Companion(Step step);
  ~Companion();  // waits for the step at hand
  Companion(const Companion&) = delete;
  Companion& operator=(const Companion&) = delete;

  // Begins a piece. What was written before is seen by its steps, and what they write by the caller after wait().
  void begin();
  // A step that could do nothing is made again.
  void nudge();
  // Until the piece is done, or `deadline_ns` of the monotonic clock has passed: false. The failure of a step ends the piece.
  Result<bool> wait(uint64_t deadline_ns);
  // No step runs from its return until resume().
  void pause();
  void resume();
  bool has_thread() const { return thread_.joinable(); }

 private:
  Result<bool> step_here(uint64_t deadline_ns);
  void serve();
  void note_step(Result<Done> done);

  const Step step_;
  std::mutex mutex_;  // guards all below
  Changes changes_;
  bool working_ = false;  // there is a piece that is not done
  bool stepping_ = false;
  bool stuck_ = false;    // the last step could do nothing
  bool paused_ = false;
  bool nudged_ = false;   // since the last step began
  bool stopping_ = false;
  std::optional<Error> failure_;
  std::thread thread_;
};

}  // namespace sqs
