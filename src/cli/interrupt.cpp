#include "interrupt.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>

#include "failure.hpp"

namespace sqs::cli {
namespace {

std::atomic<bool> g_interrupted = false;
std::atomic<const sqs_run*> g_run = nullptr;
std::atomic<const sqs_pipeline*> g_pipeline = nullptr;
std::atomic<pid_t> g_child = 0;

void on_signal(int signal) {
  const int saved = errno;
  g_interrupted = true;
  if (const sqs_run* run = g_run) sqs_run_cancel(run);
  if (const sqs_pipeline* pipeline = g_pipeline) sqs_pipeline_cancel(pipeline);
  if (const pid_t child = g_child) kill(child, signal);
  errno = saved;
}

}  // namespace

void install_interrupt_handler() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() { return g_interrupted; }

void throw_if_interrupted() {
  if (interrupted()) throw Failure(Exit::kCancelled, "cancelled");
}

// Registered before the flag is looked at: a signal in between cancels the object, one before is seen here.
CancelOnInterrupt::CancelOnInterrupt(const sqs_run* run) {
  g_run = run;
  if (interrupted()) sqs_run_cancel(run);
}
CancelOnInterrupt::CancelOnInterrupt(const sqs_pipeline* pipeline) {
  g_pipeline = pipeline;
  if (interrupted()) sqs_pipeline_cancel(pipeline);
}
CancelOnInterrupt::CancelOnInterrupt(pid_t child) {
  g_child = child;
  if (interrupted()) kill(child, SIGINT);
}
CancelOnInterrupt::~CancelOnInterrupt() {
  g_run = nullptr;
  g_pipeline = nullptr;
  g_child = 0;
}

}  // namespace sqs::cli
