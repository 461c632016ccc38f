// The pipelines that are timed: the four demos of the command line, and some that need several sweeps. Pure.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sqrtspace/sqrtspace.hpp"

namespace sqs::bench {

// A graph and what is wanted of it.
struct Job {
  sqrtspace::Format format;
  std::function<void(sqrtspace::Pipeline&)> build;
  std::vector<std::string> targets;
};

// |rfft| of 4096 frames every 1024, and the loudest bin.
Job audio_job();
// p50 and p95 of 32768 frames every 4096, and whether p95 is above 100. quantile_type: "running_quantile" or "quantile", which give
// the same values.
Job logs_job(const std::string& quantile_type = "running_quantile");
// Complex spectra of 1024 frames every 512, the power of eight bands in dB, and whether it is above 3.
Job satcom_job();
// Band-pass without phase, z-score over the whole recording (its statistics are taken in the sweep back), and the peaks of that.
Job ecg_job();
// Spectra normalised by the mean and variance of every bin over the whole recording, and the bin that stands out most: two sweeps
// in sqrt, and dear to evaluate twice.
Job normalise_job();
// A Butterworth band-pass of order 2, forward and backward over 48 kHz.
Job zero_phase_job();
std::string zero_phase_params();
// The same, and the output of a low-pass over it: forward, backward, forward.
Job there_and_back_and_there_job();
// So many smoothings, forward, backward, forward, ...
Job alternating_job(int scans);
// The most probable path through 360 states that moves by at most five at a time.
Job viterbi_job();
std::string viterbi_params();

}  // namespace sqs::bench
